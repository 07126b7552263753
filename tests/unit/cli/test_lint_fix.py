"""`sro-render lint --fix` and `--diff`: one word changes, and not a byte around it.

Matrix: each kind of mend (a key of a spec, a value's name in a template, a code in lint-ignore, an API
version, a field) in files of odd layouts: comments, CRLF, no line break at the end, byte order mark, flow
style, JSON, anchors, quotes, lists, several documents. `@` stands for the word.
Left out: which words can be meant (test_errors.py), unused values (test_unused_values.py).
"""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

TEMPLATE = "charts/kmod/templates/0000-state.yaml"
HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: kmod\n"
SPEC = """\
apiVersion: sro.openshift.io/v1beta1
kind: SpecialResource
metadata:
  name: kmod
spec:
  # The @ is what matters.{blanks}
  @:   # trailing   blanks{blanks}
      name:    kmod
      version: "1.0.0"

      repository: {name: r,   url: 'file:///charts'}
""".replace("{blanks}", "   ")
JSON_SPEC = json.dumps(
    {
        "apiVersion": "sro.openshift.io/v1beta1",
        "kind": "SpecialResource",
        "metadata": {"name": "kmod"},
        "spec": {"@": {"name": "kmod", "version": "1.0.0", "repository": {"name": "r", "url": "file:///c"}}},
    }
)
ANCHORED = """\
apiVersion: sro.openshift.io/v1beta1
kind: SpecialResource
metadata: {name: kmod}
spec:
  dependencies:
  - chart: &c {@: kmod, version: 1.0.0, repository: {name: r, url: 'file:///c'}}  # nmae
  chart: *c
"""
KEYS = {
    "comments and blanks": SPEC.replace("The @", "The chrt"),
    "no line break at the end": SPEC.replace("The @", "The chrt").rstrip("\n"),
    "carriage returns": SPEC.replace("The @", "The chrt").replace("\n", "\r\n"),
    "a byte order mark": "\ufeff" + SPEC.replace("The @", "The chrt"),
    "quotes": SPEC.replace("The @", "").replace("  @:", "  '@':"),
    "double quotes": SPEC.replace("The @", "").replace("  @:", '  "@":'),
    "JSON": JSON_SPEC,
    "JSON on lines": json.dumps(json.loads(JSON_SPEC), indent=4),
    "a list": "apiVersion: v1\nkind: List\nitems:\n- "
    + SPEC.replace("The @", "").rstrip("\n").replace("\n", "\n  ")
    + "\n",
    "a second document": f"# chrt\n---\n# chrt\n---\n{SPEC.replace('The @', '')}...\n",
    "characters beyond ASCII": SPEC.replace("The @ is", "The chrt \N{GRINNING FACE} is"),
}
VALUES = {
    "an action": HEAD + "data:\n  a: '{{ .Values.@ }}' # KernelFullVersion\n",
    "trim markers": HEAD + "data:\n  a: '{{- .Values.@ -}}'\n{{/* .Values.KernelFullVersion */}}\n",
    "no line break at the end": HEAD + 'data: {a: "{{.Values.@}}"}',
    "carriage returns": (HEAD + "data:\n  a: '{{ .Values.@ }}'\n").replace("\n", "\r\n"),
    "a byte order mark": "\ufeff" + HEAD + "data:\n  a: '{{ .Values.@ }}'\n",
    "several on one line": HEAD + 'data:\n  a: \'{{ .Values.@ }}/{{ .Values.@ | quote | trimAll "\\"" }}\'\n',
    "the root": HEAD + "data:\n  a: {{ range tuple 1 }}{{ $.Values.@ }}{{ end }}\n",
    "an argument": HEAD + 'data:\n  a: {{ printf "%s-%s" .Values.@ (quote .Values.@) }}\n',
    "lines": HEAD + 'data:\n  a: {{ printf\n    "%v"\n    .Values.@\n  }}\n',
    "characters beyond ASCII": HEAD + "data:\n  \u00e9\N{GRINNING FACE}: '{{ .Values.@ }}'\n",
    "a partial": HEAD + '{{ define "p" }}{{ .Values.@ }}{{ end }}data:\n  a: {{ include "p" . }}\n',
}
VERSIONS = {
    "a comment": "apiVersion: @ # batch/v1beta1\nkind: CronJob\nmetadata: {name: c}\n",
    "quotes": "apiVersion: '@'\nkind: \"CronJob\"\nmetadata: {name: c}\n",
    "double quotes": 'metadata: {name: c}\n"apiVersion": "@"\nkind: CronJob\n',
    "no line break at the end": "metadata: {name: c}\nkind: CronJob\napiVersion: @",
    "carriage returns": "apiVersion: @\r\nkind: CronJob\r\nmetadata: {name: c}\r\n",
    "flow style": "{apiVersion: @, kind: CronJob, metadata: {name: c}}\n",
    "JSON": '{"apiVersion":"@","kind":"CronJob","metadata":{"name":"c"}}',
    "an anchor": "apiVersion: &v @\nkind: CronJob\nmetadata: {name: c}\n",
    "a list": "apiVersion: v1\nkind: List\nitems:\n- apiVersion: @\n  kind: CronJob\n  metadata: {name: c}\n",
    "behind other documents": "# a\n---\n"
    + HEAD
    + "---\napiVersion: @\nkind: CronJob\nmetadata: {name: c}\n",
    "a loop": "{{ range tuple 1 2 }}\n---\napiVersion: @\nkind: CronJob\nmetadata: {name: c{{ . }}}\n{{ end }}",
    "a partial": '{{ define "v" }}@{{ end }}apiVersion: {{ template "v" . }}\nkind: CronJob\nmetadata: {name: c}\n',
}


def lint(project: Any, *more: str) -> Any:
    arguments = ("spec.yaml", "--inventory", "nodes.json", "--charts", "charts", "--kube-version", "v1.31.0")
    return project.run("lint", *arguments, *more)


def codes(project: Any) -> list[str]:
    return [each["code"] for each in json.loads(lint(project, "-o", "json").out)["problems"]]


def check_mended(project: Any, file: str, text: str, wrong: str, right: str, code: str) -> None:
    """Fixing replaces the word, and nothing else; lint is clean of it then, and has nothing more to mend."""
    path = project.write(file, text.replace("@", wrong))
    assert code in codes(project)
    shown = lint(project, "--diff")
    assert path.read_bytes() == text.replace("@", wrong).encode()
    outcome = lint(project, "--fix")
    assert outcome.err == ""
    assert path.read_bytes() == text.replace("@", right).encode()
    assert outcome.out.startswith(f"--- a/{file}\n+++ b/{file}\n@@ ")
    assert shown.out.startswith(outcome.out[: outcome.out.index("@@ ")])
    assert code not in codes(project)
    assert "--- a/" not in lint(project, "--fix").out


@pytest.mark.parametrize("layout", KEYS)
def test_a_misspelt_key_of_a_spec_is_mended(project: Any, layout: str) -> None:
    check_mended(project, "spec.yaml", KEYS[layout], "chrt", "chart", "unknown-key")


def test_a_key_that_an_anchor_repeats_is_mended_where_it_stands(project: Any) -> None:
    check_mended(project, "spec.yaml", ANCHORED, "nmae", "name", "unknown-key")


@pytest.mark.parametrize("layout", VALUES)
def test_a_misspelt_value_of_a_template_is_mended(project: Any, layout: str) -> None:
    check_mended(project, TEMPLATE, VALUES[layout], "KernelFullVersion", "kernelFullVersion", "missing-value")


def test_a_misspelt_value_of_a_jinja_template_is_mended(project: Any) -> None:
    (project.root / TEMPLATE).unlink()
    text = HEAD + "data:\n  a: '{{ Values.@ }}' {# Values.KernelFullVersion #}\n"
    check_mended(project, f"{TEMPLATE}.j2", text, "KernelFullVersion", "kernelFullVersion", "missing-value")


@pytest.mark.parametrize("layout", VERSIONS)
def test_an_outdated_api_version_is_mended(project: Any, layout: str) -> None:
    check_mended(project, TEMPLATE, VERSIONS[layout], "batch/v1beta1", "batch/v1", "api-removed")


def test_an_outdated_api_version_of_a_crd_folder_is_mended(project: Any) -> None:
    text = "apiVersion: @\nkind: PriorityClass\nmetadata: {name: p}\nvalue: 1\n"
    wrong, right = "scheduling.k8s.io/v1beta1", "scheduling.k8s.io/v1"
    check_mended(project, "charts/kmod/crds/p.yaml", text, wrong, right, "api-removed")


def test_a_misspelt_field_is_mended(project: Any) -> None:
    text = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  @: []\n  hostPID: true\n"
    check_mended(project, TEMPLATE, text, "contianers", "containers", "unknown-field")


def test_a_misspelt_code_of_lint_ignore_is_mended(project: Any) -> None:
    spec = (project.root / "spec.yaml").read_text("utf-8")
    ignore = 'metadata:\n  annotations: {sro.openshift.io/lint-ignore: "missing-value,@"}'
    text = spec.replace("metadata:", ignore)
    check_mended(project, "spec.yaml", text, "host_path", "host-path", "unknown-lint-code")


def test_what_a_mend_brings_to_light_is_mended_too(project: Any) -> None:
    project.write("spec.yaml", SPEC.replace("The @", "").replace("@", "chrt"))
    project.write(TEMPLATE, VALUES["an action"].replace("@", "KernelFullVersion"))
    outcome = lint(project, "--fix")
    assert (outcome.code, outcome.out.splitlines()[-1]) == (0, "0 errors, 0 warnings, 0 remarks")
    assert [line for line in outcome.out.splitlines() if line.startswith("--- ")] == [
        f"--- a/{TEMPLATE}",
        "--- a/spec.yaml",
    ]


def test_the_diff_is_one_that_patch_takes(project: Any) -> None:
    project.write(TEMPLATE, "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: c}\n# é\nspec: {}")
    assert lint(project, "--diff").out.split("@@\n")[1].split("error[")[0] == (
        "-apiVersion: batch/v1beta1\n+apiVersion: batch/v1\n kind: CronJob\n metadata: {name: c}\n # é\n"
    )
    project.write(TEMPLATE, "metadata: {name: c}\nkind: CronJob\napiVersion: batch/v1beta1")
    assert lint(project, "--diff").out.split("@@\n")[1].split("error[")[0] == (
        " metadata: {name: c}\n kind: CronJob\n-apiVersion: batch/v1beta1\n\\ No newline at end of file\n"
        "+apiVersion: batch/v1\n\\ No newline at end of file\n"
    )


def test_the_diff_is_talk_beside_a_report_for_programs(project: Any) -> None:
    project.write(TEMPLATE, VERSIONS["a comment"].replace("@", "batch/v1beta1"))
    outcome = lint(project, "--fix", "-o", "json")
    assert outcome.err.startswith(f"--- a/{TEMPLATE}\n")
    codes = [each["code"] for each in json.loads(outcome.out)["problems"]]
    assert codes == []


# What is not mended


NOT_MENDED = {
    "two names may be meant": (
        TEMPLATE,
        HEAD + 'data:\n  a: {{ $d := dict "abcd1" 1 "abcd2" 2 }}{{ $d.abcd3 | quote }}\n',
    ),
    "a partial's result": (
        TEMPLATE,
        (
            '{{ define "v" }}batch/v1beta1{{ end }}apiVersion: {{ include "v" . }}\nkind: CronJob\n'
            "metadata: {name: c}\n"
        ),
    ),
    "the right key is there too": ("spec.yaml", SPEC.replace("@", "chart") + "  chrt: 1\n"),
    "an escaped key": ("spec.yaml", JSON_SPEC.replace('"@"', '"ch\\u0072t"')),
    "a name like none": (TEMPLATE, VALUES["an action"].replace("@", "somethingElse")),
    "a replacement of another shape": (
        TEMPLATE,
        "apiVersion: networking.k8s.io/v1beta1\nkind: Ingress\nmetadata: {name: i}\n",
    ),
    "a template that asks the cluster": (
        TEMPLATE,
        (
            '{{ if .Capabilities.APIVersions.Has "batch/v9" }}\napiVersion: batch/v1\n{{ else }}\n'
            "apiVersion: batch/v1beta1\n{{ end }}\nkind: CronJob\nmetadata: {name: c}\n"
        ),
    ),
    "an API version that is put together": (
        TEMPLATE,
        'apiVersion: {{ printf "batch/%s" "v1beta1" }}\nkind: CronJob\nmetadata: {name: c}\n',
    ),
    "one text for kinds of other shapes": (
        TEMPLATE,
        (
            '{{ range tuple "Ingress" "IngressClass" }}\n---\napiVersion: networking.k8s.io/v1beta1\n'
            "kind: {{ . }}\nmetadata: {name: i}\n{{ end }}"
        ),
    ),
}


@pytest.mark.parametrize("case", NOT_MENDED)
def test_what_has_no_one_right_answer_stays(project: Any, case: str) -> None:
    file, text = NOT_MENDED[case]
    path = project.write(file, text)
    outcome = lint(project, "--fix")
    assert path.read_bytes() == text.encode()
    assert "--- a/" not in outcome.out
    assert "--fix mends" not in outcome.out


def test_what_is_silenced_stays(project: Any) -> None:
    text = (project.root / "spec.yaml").read_text("utf-8")
    project.write(
        "spec.yaml",
        text.replace(
            "  name: kmod\nspec",
            "  name: kmod\n  annotations: {sro.openshift.io/lint-ignore: api-removed}\nspec",
        ),
    )
    path = project.write(TEMPLATE, VERSIONS["a comment"].replace("@", "batch/v1beta1"))
    before = path.read_bytes()
    lint(project, "--fix")
    assert path.read_bytes() == before


def test_archives_are_left_alone_and_that_is_said(project: Any) -> None:
    project.write(TEMPLATE, VALUES["an action"].replace("@", "KernelFullVersion"))
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.add(project.root / "charts" / "kmod", arcname="kmod")
    path = project.write("archives/kmod-1.0.0.tgz", buffer.getvalue())
    outcome = project.run("lint", "spec.yaml", "--charts", "archives", "--fix")
    assert path.read_bytes() == buffer.getvalue()
    assert outcome.out.splitlines()[-2:] == [
        (
            "note: not mended, since archives, ConfigMaps and standard input are left alone: "
            "archives/kmod-1.0.0.tgz!kmod/templates/0000-state.yaml"
        ),
        "0 errors, 1 warning, 0 remarks",
    ]


def test_a_link_stays_a_link_and_the_right_to_read_stays(project: Any) -> None:
    path = Path(project.root / "spec.yaml")
    real = project.write("elsewhere/real.yaml", SPEC.replace("The @", "").replace("@", "chrt"))
    real.chmod(0o640)
    path.unlink()
    path.symlink_to(real)
    lint(project, "--fix")
    assert path.is_symlink()
    assert real.read_text("utf-8") == SPEC.replace("The @", "").replace("@", "chart")
    assert real.stat().st_mode & 0o777 == 0o640


def test_a_file_in_another_encoding_is_left_alone_and_nothing_else_is_written(project: Any) -> None:
    data = SPEC.replace("The @", "").replace("@", "chrt").encode("utf-16")
    path = project.write("spec.yaml", data)
    other = project.write(TEMPLATE, VALUES["an action"].replace("@", "KernelFullVersion"))
    before = other.read_bytes()
    outcome = lint(project, "--fix")
    assert (outcome.code, outcome.err) == (
        2,
        (
            "error[mend-changed]: spec.yaml is not mended: it was changed meanwhile, or is not UTF-8\n"
            "  help: run the command again; save the file as UTF-8\n"
        ),
    )
    assert (path.read_bytes(), other.read_bytes()) == (data, before)
