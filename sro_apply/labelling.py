"""Writes the labels of states on nodes: a patch for each node where something differs, and for no other.

Whoever changes them back, or refuses them, is answered at growing intervals only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec import Struct

from sro_apply.kube.errors import NotFoundError, PermanentError, TransientError
from sro_apply.kube.interface import Kind, Kube
from sro_apply.planning.backoff import LONGEST_S, delay_s
from sro_apply.planning.labels import NodeChange, label_changes, label_findings, without_labels
from sro_apply.planning.picture import Picture, SeenNode
from sro_apply.planning.placement import read_node
from sro_render.errors import Finding
from sro_render.model.objects import ObjectId


class Labelled(Struct, frozen=True, kw_only=True):
    """What labelling came to. changes: those that were made; findings: what people should know.

    is_behind: whether some were not made that may be if it is tried again.
    """

    changes: tuple[NodeChange, ...] = ()
    findings: tuple[Finding, ...] = ()
    is_behind: bool = False


class _Try(Struct):
    """How often a change was written to a node, and when it is again. error: why it could not be."""

    change: NodeChange
    attempts: int = 0
    next_at: float = 0.0
    error: PermanentError | TransientError | None = None


class Labeller:
    """Labels the nodes of one cluster. A node that fails hides no other."""

    def __init__(self, kube: Kube, now: Callable[[], float] = time.monotonic) -> None:
        self._kube, self._now = kube, now
        self._tries: dict[str, _Try] = {}

    def label(self, picture: Picture) -> Labelled:
        """Give each node the labels that are true of it, and take those that are not."""
        changes = {each.node: each for each in label_changes(picture)}
        self._forget(changes)
        done = self._write([each for each in changes.values() if self._is_due(each)])
        known = _each_rule_once(self._tries[name].error for name in changes)
        left = changes.keys() - {each.node for each in done.changes}
        return Labelled(
            changes=done.changes,
            findings=(*label_findings(picture), *known),
            is_behind=any(not isinstance(self._tries[name].error, PermanentError) for name in left),
        )

    def unlabel(self, resource: str) -> Labelled:
        """Take the labels of an SR from all nodes.

        Raises: TransientError, PermanentError: the nodes cannot be listed.
        """
        nodes = map(read_node, self._kube.list(Kind("v1", "Node")))
        seen = tuple(SeenNode(name=node.name, kernel="", labels=node.labels) for node in nodes)
        return self._write(without_labels(seen, resource))

    def _is_due(self, change: NodeChange) -> bool:
        tried = self._tries.setdefault(change.node, _Try(change))
        if tried.change != change:
            tried = self._tries[change.node] = _Try(change)
        return tried.next_at <= self._now()

    def _note(self, change: NodeChange, error: PermanentError | TransientError | None) -> None:
        tried = self._tries.setdefault(change.node, _Try(change))
        tried.attempts += 1
        tried.next_at, tried.error = self._now() + delay_s(tried.attempts), error

    def _forget(self, changes: Mapping[str, NodeChange]) -> None:
        """What has been as it should be for a while was no quarrel."""
        since = self._now() - LONGEST_S
        for name in [name for name, each in self._tries.items() if each.next_at < since]:
            if name not in changes:
                del self._tries[name]

    def _write(self, changes: Iterable[NodeChange]) -> Labelled:
        written: list[NodeChange] = []
        findings: list[Finding] = []
        for change in changes:
            identity = ObjectId("v1", "Node", "", change.node)
            try:
                self._kube.patch(identity, {"metadata": {"labels": dict(change.labels)}})
            except NotFoundError:
                self._note(change, None)
                continue  # it has left the cluster
            except (PermanentError, TransientError) as error:
                findings.append(error.finding)
                self._note(change, error)
                if error.finding.code == "server-unreachable":
                    break  # no other node fares better
            else:
                written.append(change)
                self._note(change, None)
        return Labelled(changes=tuple(written), findings=tuple(findings))


def _each_rule_once(errors: Iterable[PermanentError | TransientError | None]) -> Iterator[Finding]:
    """What went wrong; a rule that is missing is so for every node, and said of the first."""
    rules: set[str] = set()
    for error in errors:
        rule = error.rule if isinstance(error, PermanentError) else ""
        if error is not None and rule not in rules:
            yield error.finding
        rules |= {rule} - {""}
