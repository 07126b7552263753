"""The command lines of `sro-apply snapshot` and `diff`, where no cluster is needed.

Matrix: exit codes of wrong specs, bundles, rules and usage, and of a server that is not there. Left out: what a
cluster answers, which tests/cluster has.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from sro_apply.cli.main import run

GOLDEN = Path(__file__).parents[2] / "golden" / "01-simple-kmod" / "cluster"
NOBODY = """\
apiVersion: v1
kind: Config
current-context: c
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: u, user: {token: t}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
"""


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    """Of a server that is not there."""
    file = tmp_path / "config"
    file.write_text(NOBODY, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("command", "asked"), [(["snapshot"], "read "), (["diff", str(GOLDEN)], "list ConfigMap in default: ")]
)
def test_a_server_that_is_not_there_is_not_waited_for(
    kubeconfig: Path, capsys: pytest.CaptureFixture[str], command: list[str], asked: str
) -> None:
    assert run([*command, "--kubeconfig", str(kubeconfig)]) == 4
    assert capsys.readouterr().err.startswith(f"error[server-unreachable]: {asked}")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["snapshot", "gone.yaml"], "error[no-such-file]: there is no file or folder gone.yaml\n"),
        (
            ["snapshot", str(GOLDEN / "sro.lock.yml")],
            (
                f"error[no-such-file]: there is no file or folder {GOLDEN}/sro.lock.yml\n"
                f"  help: did you mean {GOLDEN}/sro.lock.yaml?\n"
            ),
        ),
        (["snapshot", str(GOLDEN / "sro.lock.yaml")], "error[spec-empty]: no SpecialResource in "),
        (["diff", "gone"], "error[no-bundle]: "),
        (["diff", str(GOLDEN), "--ignore", "a:"], "error[ignore-rule]: 'a:' is no rule of what to ignore\n"),
        (["diff"], "Usage: sro-apply diff [OPTIONS] SOURCE\n"),
    ],
)
def test_wrong_input_is_told_before_the_first_request(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert run([*arguments, "--kubeconfig", "/nowhere"]) == 2
    assert capsys.readouterr().err.startswith(said)
