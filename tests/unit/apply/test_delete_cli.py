"""`sro-apply delete` and who runs it: what is asked, and what an answer becomes.

Matrix: yes, no, and nobody to ask; each outcome's exit code. Left out: what is deleted, which tests/cluster has.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from io import StringIO

import pytest

from sro_apply.cli import delete as cli
from sro_apply.cli.main import run
from sro_apply.controller.delete import DeleteRequest
from sro_apply.events import Cleared, Event, Kept
from sro_apply.planning.prune import Doomed, PrunePlan
from sro_apply.planning.sets import Member
from sro_apply.pruning.remover import RemoveOutcome

MAP = Member(
    resource="sr",
    live={"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b", "namespace": "a"}},
)
PLAN = PrunePlan(
    doomed=(Doomed(member=MAP, reason="sr is removed"),),
    kept=(Kept(specialresource="sr", object="CustomResourceDefinition/x", reason="why"),),
)
ASKED = "goes:  ConfigMap/a/b\nstays: CustomResourceDefinition/x: why\nDelete 1 object of sr? [y/N]: "


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def performing(outcome: RemoveOutcome) -> Callable[..., RemoveOutcome | None]:
    def delete(
        request: DeleteRequest, tell: Callable[[Event], None], confirm: Callable[[PrunePlan], bool] | None
    ) -> RemoveOutcome | None:
        assert request.resource == "sr"
        if confirm is not None and not confirm(PLAN):
            return None
        tell(outcome.cleared)
        return outcome

    return delete


def outcome(*, is_complete: bool = True, was_refused: bool = False) -> RemoveOutcome:
    cleared = Cleared(pruned=1, kept=1, leaving=0)
    return RemoveOutcome(cleared=cleared, is_complete=is_complete, was_refused=was_refused)


@pytest.mark.parametrize(
    ("answer", "code", "out", "err"),
    [
        ("y\n", 0, "objects: 1 deleted, 1 kept\n", ASKED),
        ("n\n", 1, "", f"{ASKED}nothing was deleted\n"),
        ("\n", 1, "", f"{ASKED}nothing was deleted\n"),
    ],
)
def test_who_is_at_a_terminal_sees_what_goes_and_what_stays_and_is_asked(
    answer: str,
    code: int,
    out: str,
    err: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(cli, "perform_delete", performing(outcome()))
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    assert run(["delete", "sr"]) == code
    printed = capsys.readouterr()
    assert (printed.out.strip(), printed.err.replace("\r", "")) == (out.strip(), err)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (outcome(), 0),
        (outcome(is_complete=False), 1),
        (outcome(is_complete=False, was_refused=True), 4),
    ],
)
def test_who_is_sure_is_not_asked(given: RemoveOutcome, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "perform_delete", performing(given))
    monkeypatch.setattr(sys, "stdin", StringIO(""))
    assert run(["delete", "sr", "--yes"]) == code


def test_where_nobody_can_be_asked_it_must_be_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", StringIO("y\n"))
    assert run(["delete", "sr"]) == 2
    assert (
        "nobody can be asked here: see with --dry-run what would go, and say --yes" in capsys.readouterr().err
    )
