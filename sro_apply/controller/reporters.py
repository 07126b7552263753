"""Takes the picture of each round to all who tell of it: labels of nodes, status and Events, the web."""

from __future__ import annotations

from collections.abc import Callable

from sro_apply.events import Event, Labelled, warned
from sro_apply.kube.errors import PermanentError, TransientError
from sro_apply.kube.interface import Kube
from sro_apply.labelling import Labeller
from sro_apply.planning.labels import state_changes
from sro_apply.planning.picture import Picture
from sro_apply.planning.stale import stale_findings, stale_nodes
from sro_apply.recording import Recorder
from sro_apply.web.board import Board
from sro_render.errors import Finding


class Reporters:
    """Reports the rounds of one bundle. What cannot be reported stops nothing, and is said once.

    Args:
        board:       what the web server shows, if there is one.
        tells_stale: whether nodes that the bundle is stale for are said here.
    """

    def __init__(
        self,
        kube: Kube,
        tell: Callable[[Event], None],
        *,
        board: Board | None = None,
        tells_stale: bool = True,
    ) -> None:
        self._labeller, self._recorder = Labeller(kube), Recorder(kube)
        self._tell, self._board, self._tells_stale = tell, board, tells_stale
        self._told: frozenset[Finding] = frozenset()

    def report_on(self, look: Callable[[], Picture]) -> bool:
        """Report how the cluster stands, where it lets itself be looked at. Returns: as below."""
        try:
            picture = look()
        except (PermanentError, TransientError) as error:
            self._warn((error.finding,))
            return isinstance(error, PermanentError)
        return self.report(picture)

    def report(self, picture: Picture, took_s: float | None = None) -> bool:
        """Report how the cluster stands after a round.

        Args:    took_s: how long the round took.
        Returns: False where nodes lack labels that they may get if it is reported again.
        """
        if self._board is not None:
            self._board.show(picture, took_s)
        labelled = self._labeller.label(picture)
        for each in state_changes(picture, labelled.changes):
            self._tell(
                Labelled(
                    nodes=each.nodes,
                    specialresource=each.resource,
                    state=each.state,
                    is_ready=each.is_ready,
                )
            )
        recorded = self._recorder.record(picture)
        self._warn((*self._stale(picture), *picture.faults, *labelled.findings, *recorded))
        return not labelled.is_behind

    def _stale(self, picture: Picture) -> tuple[Finding, ...]:
        if not self._tells_stale:
            return ()
        return stale_findings(stale_nodes(picture.resources, picture.nodes, picture.kernels))

    def _warn(self, findings: tuple[Finding, ...]) -> None:
        """Say what was not said of the last round."""
        for each in dict.fromkeys(findings):
            if each not in self._told:
                self._tell(warned(each))
        self._told = frozenset(findings)
