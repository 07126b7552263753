"""What the README shows is what happens.

Each of its commands runs here as it stands, or its effect is tried; its tables name what exists.
Left out: the command that installs packages, which is what runs this test.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from sro_apply.cli import main as applier
from sro_apply.planning import live_diff, live_prune
from sro_render.diff import marks
from sro_render.kernels.affinity import Step
from sro_render.lint.rules import RENDER_FINDINGS, RULES
from sro_render.pipeline.accounts import OUR_NAMESPACE, PROVENANCE
from sro_render.targets.options import FINDING_CODES

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
EXAMPLE = ROOT / "examples" / "01-simple-kmod"


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A command of the README that starts with sro-render, with this Python's sro-render."""
    _, *arguments = shlex.split(command)
    return subprocess.run(
        [sys.executable, "-m", "sro_render", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def example(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLE, tmp_path / "example"))


def test_the_example_prints_what_the_readme_shows(example: Path) -> None:
    shown = re.search(r"```console\n\$ (sro-render build .*?)\n(.*?)```", README, re.DOTALL)
    assert shown is not None
    done = run(shown[1], example)
    assert done.returncode == 0
    assert done.stderr + done.stdout == shown[2]


def test_the_coverage_of_the_example_is_what_the_readme_shows(example: Path) -> None:
    shown = re.search(r"```console\n\$ (sro-render -q coverage .*?)\n(.*?)```", README, re.DOTALL)
    assert shown is not None
    done = run(shown[1], example)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", shown[2])


def test_the_diff_is_what_the_readme_shows(example: Path) -> None:
    section = README.split("## Review a change")[1]
    first = re.search(r"\$ (sro-render build .*)", README)
    script = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    shown = re.search(r"```console\n\$ (sro-render diff .*?)\n(.*?)```", section, re.DOTALL)
    assert first is not None
    assert script is not None
    assert shown is not None
    run(first[1], example)
    *edits, build = script[1].strip().split("\n")
    for edit in edits:
        subprocess.run(edit, shell=True, cwd=example, check=True)
    assert run(build, example).returncode == 0
    done = run(shown[1], example)
    assert (done.returncode, done.stderr, done.stdout) == (1, "", shown[2])


def test_every_mark_of_a_diff_is_in_the_readme() -> None:
    section = README.split("## Review a change")[1].split("\n## ")[0]
    listed = set(re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE))
    assert listed == {marks.IMMUTABLE, marks.WIDENS, marks.PRIVILEGE, marks.UNLOADS, marks.DELETES}


def test_the_explanation_is_what_the_readme_shows(example: Path) -> None:
    shown = re.search(r"```console\n\$ (sro-render explain .*?)\n(.*?)```", README, re.DOTALL)
    assert shown is not None
    done = run(shown[1], example)
    assert (done.returncode, done.stdout) == (0, shown[2])


def test_what_a_repository_with_a_config_prints_is_what_the_readme_shows(tmp_path: Path) -> None:
    folder = shutil.copytree(ROOT / "examples" / "03-accelerator-stack", tmp_path / "repository")
    shown = re.search(r"```console\n(\$ sro-render init\n.*?)```", README, re.DOTALL)
    assert shown is not None
    printed = ""
    for command in re.findall(r"^\$ (.*)$", shown[1], re.MULTILINE):
        if command.startswith("sed "):
            done = subprocess.run(command, cwd=folder, shell=True, check=True, capture_output=True, text=True)
        else:
            done = run(command, folder)
        printed += f"$ {command}\n{done.stderr}{done.stdout}"
    assert printed == shown[1]


@pytest.mark.parametrize("target", ["argocd", "flux"])
def test_a_target_writes_what_the_readme_shows(example: Path, target: str) -> None:
    shown = re.search(
        rf"```console\n\$ (sro-render [^\n]* --target {target} [^\n]*)\n\$ (find|cat) (\S+)[^\n]*\n(.*?)```",
        README,
        re.DOTALL,
    )
    assert shown is not None
    done = run(shown[1], example)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")
    if shown[2] == "cat":
        assert (example / shown[3]).read_text("utf-8") == shown[4]
        return
    found = sorted(
        path.relative_to(example).as_posix() for path in (example / shown[3]).rglob("application*")
    )
    assert found == shown[4].split()


def test_the_first_command_builds_the_example(tmp_path: Path) -> None:
    command = re.search(r"\.venv/bin/(sro-render build .*) --out out\n", README)
    assert command is not None
    done = run(f"{command[1]} --out {shlex.quote(str(tmp_path))}", ROOT)
    assert (done.returncode, (tmp_path / "cluster" / "sro.lock.yaml").is_file()) == (0, True)


def test_the_tree_of_the_example_is_what_the_readme_shows(example: Path) -> None:
    shown = re.search(r"```console\n\$ find (\S+) -type f \| sort\n(.*?)```", README, re.DOTALL)
    assert shown is not None
    command = re.search(r"\$ (sro-render build .*)", README)
    assert command is not None
    run(command[1], example)
    files = sorted(path.relative_to(example).as_posix() for path in (example / shown[1]).rglob("*.yaml"))
    assert files == shown[2].split()


def test_ci_runs_the_test_command_of_the_readme() -> None:
    command = re.search(r"## Test it\n\n```sh\n(.*?)\n```", README, re.DOTALL)
    assert command is not None
    assert command[1] in (ROOT / ".ci" / "run").read_text("utf-8")


def test_every_finding_of_the_table_exists_and_every_finding_is_in_the_table() -> None:
    section = README.split("## What it finds")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    listed = {code for row in rows for code in re.findall(r"`([a-z-]+)`", row)}
    source = "".join(path.read_text("utf-8") for path in (ROOT / "sro_render").rglob("*.py"))
    made = set(re.findall(r'(?:Finding\(|_report\(\s*run,|Rule\()\s*(?:code=)?"([a-z-]+)"', source))
    assert listed == made


def test_lint_knows_every_finding_of_a_render_and_every_rule_with_its_severity() -> None:
    section = README.split("## What it finds")[1].split("\n## ")[0]
    of_render, of_lint = section.split("### What the targets find")[0].split("### What lint adds")
    codes = {
        code
        for row in re.findall(r"^\| (`.*?) \|", of_render, re.MULTILINE)
        for code in re.findall(r"`([a-z-]+)`", row)
    }
    assert codes == set(RENDER_FINDINGS)
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (\w+) \|", of_lint, re.MULTILINE))
    assert rows == {rule.code: rule.severity.value for rule in RULES}


def test_what_the_targets_find_can_be_accepted() -> None:
    section = README.split("### What the targets find")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE)) == set(FINDING_CODES)


def test_every_step_of_explain_is_in_the_readme() -> None:
    section = README.split("- *steps*: ")[1].split("\n\n")[0]
    assert set(re.findall(r"`([a-z-]+)`", section)) == {*Step, PROVENANCE, OUR_NAMESPACE}


def test_the_layer_picture_is_that_of_the_contracts() -> None:
    contracts = (ROOT / "pyproject.toml").read_text("utf-8").split('name = "sro_render is layered"')[1]
    layers = re.findall(r'^  "(.*)",$', contracts.split("layers = [")[1].split("\n]")[0], re.MULTILINE)
    there = {path.stem for path in (ROOT / "sro_render").iterdir()}
    expected = [name for layer in layers for name in re.findall(r"\w+", layer) if name in there]
    picture = README.split("## How it is built")[1].split("```")[1]
    named = [
        name for line in picture.strip().splitlines() for name in re.findall(r"\w+", line.split("  ")[0])
    ]
    assert named == expected


def test_the_operators_rule_puts_the_right_selector_over_the_misspelt_one(example: Path) -> None:
    command = re.search(r"\$ (sro-render build .*)", README)
    assert command is not None
    assert run(command[1], example).returncode == 0
    drivers = [path.read_text("utf-8") for path in example.rglob("daemonset-*.yaml")]
    selectors = re.findall(r"feature\.node\.kubernetes\.io/kernel-version\.full: (.*)", "".join(drivers))
    assert sorted(selectors) == ["4.18.0-305.19.1.el8_4.x86_64", "4.18.0-305.45.1.el8_4.x86_64"]


def test_a_word_changed_in_a_chart_updates_every_object_of_it(example: Path) -> None:
    command = re.search(r"\$ (sro-render build .*)", README)
    assert command is not None
    assert run(command[1], example).returncode == 0
    template = example / "charts/simple-kmod/templates/1000-driver-container.yaml"
    template.write_text(template.read_text("utf-8") + "# one word\n", "utf-8")
    objects = [path for path in (example / "out").rglob("*-*.yaml") if path.name != "kustomization.yaml"]
    done = run(command[1], example)
    # The lock is updated too.
    assert f"0 created, {len(objects) + 1} updated, 0 removed" in done.stdout


def test_every_command_of_the_applier_is_in_the_readme_and_reads_as_it_is_shown() -> None:
    section = README.split("## Into a cluster")[1].split("\n## ")[0]
    context = click.Context(applier.cli)
    table = section.split("- *In order.*")[0]
    assert re.findall(r"^\| `([a-z]+)` \|", table, re.MULTILINE) == applier.cli.list_commands(context)
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    shown = [shlex.split(line.partition("|")[0])[1:] for line in lines if line.startswith("sro-apply ")]
    assert {each[0] for each in shown} >= {"snapshot", "diff", "sync", "status", "manifests"}
    for name, *arguments in shown:
        command = applier.cli.get_command(context, name)
        assert command is not None
        command.make_context(name, arguments)


def test_every_mark_of_a_diff_against_a_cluster_is_in_the_readme() -> None:
    section = README.split("### What the applier finds")[1].split("\n## ")[0]
    marks_of_prune = {live_prune.PRUNED, live_prune.KEPT}
    marks_of_diff = {live_diff.REFUSED, live_diff.UNCHECKED, live_diff.RUNS_AGAIN, live_diff.OWNED}
    listed = set(re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE))
    assert listed >= marks_of_prune | marks_of_diff
