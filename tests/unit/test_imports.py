"""What a run of the program imports: what it does not need costs it time, since imports are most of a short run.

Matrix: a plain `template` and a plain `build`, and `template` with each thing that needs one library more.
Judge: `sys.modules` at the end of a process of its own. Left out: `vendor`, which is about the network; how
long imports take, which `tox -e bench` measures.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "01-simple-kmod"
PROGRAM = """
import sys
from sro_render.cli.main import run
code = run(sys.argv[1:])
sys.stderr.write("\\n".join(["", "modules:", *sys.modules]))
sys.exit(code)
"""
ALWAYS = {
    "click": "the command line",
    "msgspec": "records",
    "yaml": "charts, values and specs are YAML; libyaml parses it",
}
BUILD = {"jsonschema_rs": "the schemas of SpecialResource and NodeInventory"}
# What a template has beside plain text -> what it needs for it.
MORE: dict[str, dict[str, str]] = {
    '{{ include "x" . | default "a" | quote | nindent 2 | trunc 63 }}{{ define "x" }}b{{ end }}': {},
    '{{ toYaml (dict "a" (list 1 2.5 "b")) | nindent 2 }}{{ toJson .Values }}{{ printf "%5d" 3 }}': {},
    '{{ toToml (dict "a" 1) | trim }}{{ "aGk=" | b64dec }}{{ sha256sum "a" }}{{ semverCompare ">=1" "1.2" }}': {},
    '{{ fromYaml "a: 1" }}{{ (urlParse "https://a/b").host }}{{ now | date "2006" }}': {},
    '{{ regexMatch "a+" "aa" }}': {"re2": "Go's regular expressions"},
    '{{ dateInZone "15" now "Europe/Berlin" }}': {"tzdata": "the rules of time zones"},
    '{{ encryptAES "a" "b" | len }}': {"cryptography": "AES", "_cffi_backend": "comes with cryptography"},
    '{{ bcrypt "a" | len }}': {"bcrypt": "hashes of passwords"},
}
# Parts of our own, or of Python, that most runs have no use for.
NOT_PLAIN = {
    "sro_render.api": "for other programs",
    "sro_render.charts.archive": "with tarfile and gzip: for charts that come in archives, or hold one",
    "sro_render.charts.jinja_chart": "for templates in Jinja's syntax",
    "sro_render.charts.schemas": "for charts with a values.schema.json",
    "sro_render.charts.toml": "for charts that call toToml",
    "sro_render.edges.web": "vendor alone reaches the network",
    "sro_render.sprig.dates": "one of the families of functions: none is imported before a template calls it",
    "sro_render.sprig.lists": "likewise",
    "tarfile": "see archive",
    "zoneinfo": "for times in a zone",
}


def modules_of(arguments: Sequence[str | Path]) -> set[str]:
    """The modules that a run of the program has imported at its end."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, check=False, text=True
    )
    said, _, modules = done.stderr.partition("\nmodules:\n")
    assert done.returncode == 0, said
    return set(modules.split())


def third_party(modules: set[str]) -> set[str]:
    """The packages among them that neither Python nor we ship, nor what measures the tests.

    typing_extensions is there with other packages only; msgspec asks for it and works without it.
    """
    installed = (
        packages_distributions().keys()
        - {"sro_render", "coverage", "typing_extensions"}
        - sys.stdlib_module_names
    )
    return {name.partition(".")[0] for name in modules} & installed - {"_distutils_hack", "a1_coverage"}


def chart_with(template: str, folder: Path, name: str = "a.yaml") -> Path:
    (folder / "templates").mkdir()
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: c\nversion: 0.1.0\n", encoding="utf-8")
    (folder / "templates" / name).write_text(f"a: |-\n  {template}\n", encoding="utf-8")
    return folder


def build_arguments(tmp_path: Path) -> list[str | Path]:
    files: list[str | Path] = [
        "--inventory",
        EXAMPLE / "cluster.yaml",
        "--inventory",
        EXAMPLE / "driver-toolkits.yaml",
    ]
    folders: list[str | Path] = ["--charts", EXAMPLE / "charts", "--out", tmp_path / "out"]
    return ["build", EXAMPLE / "specialresource.yaml", *files, *folders]


def test_a_plain_template_imports_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    modules = modules_of(["template", chart_with("{{ .Release.Name }}", tmp_path)])
    assert third_party(modules) == ALWAYS.keys()
    assert modules & {*NOT_PLAIN, "sro_render.model.lock", "sro_render.kernels.grouping"} == set()


def test_a_plain_build_imports_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    modules = modules_of(build_arguments(tmp_path))
    assert third_party(modules) == ALWAYS.keys() | BUILD.keys()
    assert modules & NOT_PLAIN.keys() == set()


@pytest.mark.parametrize("template", MORE)
def test_a_library_is_imported_when_a_template_calls_for_it(template: str, tmp_path: Path) -> None:
    seed = tmp_path / "seed"
    seed.write_bytes(b"for those that need chance, at least 16 bytes")
    ambient: list[str | Path] = ["--now", "2024-01-31T12:00:00Z", "--seed-file", seed]
    (tmp_path / "chart").mkdir()
    modules = modules_of(["template", chart_with(template, tmp_path / "chart"), *ambient])
    assert third_party(modules) == ALWAYS.keys() | MORE[template].keys()


def test_jinja_is_imported_for_templates_in_its_syntax(tmp_path: Path) -> None:
    modules = modules_of(["template", chart_with("{{ Release.Name }}", tmp_path, "a.yaml.j2")])
    assert third_party(modules) == {*ALWAYS, "jinja2", "markupsafe"}


def test_a_schema_is_read_by_what_checks_it(tmp_path: Path) -> None:
    chart = chart_with("b", tmp_path)
    (chart / "values.schema.json").write_text('{"type": "object"}', encoding="utf-8")
    assert third_party(modules_of(["template", chart])) == {*ALWAYS, "jsonschema_rs"}
