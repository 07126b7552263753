"""Writes the labels of states on nodes: a patch for each node where something differs, and for no other."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from sro_apply.kube.errors import NotFoundError, PermanentError, TransientError
from sro_apply.kube.interface import Kind, Kube
from sro_apply.planning.labels import NodeChange, label_changes, label_findings, without_labels
from sro_apply.planning.picture import Picture, SeenNode
from sro_apply.planning.placement import read_node
from sro_render.errors import Finding
from sro_render.model.objects import ObjectId


class Labelled(Struct, frozen=True, kw_only=True):
    """What labelling came to. nodes: those that were changed; findings: what people should know."""

    nodes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


class Labeller:
    """Labels the nodes of one cluster. A node that fails hides no other."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube

    def label(self, picture: Picture) -> Labelled:
        """Give each node the labels that are true of it, and take those that are not."""
        done = self._write(label_changes(picture))
        return Labelled(nodes=done.nodes, findings=(*label_findings(picture), *done.findings))

    def unlabel(self, resource: str) -> Labelled:
        """Take the labels of an SR from all nodes.

        Raises: TransientError, PermanentError: the nodes cannot be listed.
        """
        nodes = map(read_node, self._kube.list(Kind("v1", "Node")))
        seen = tuple(SeenNode(name=node.name, kernel="", labels=node.labels) for node in nodes)
        return self._write(without_labels(seen, resource))

    def _write(self, changes: Iterable[NodeChange]) -> Labelled:
        written: list[str] = []
        findings: list[Finding] = []
        for change in changes:
            identity = ObjectId("v1", "Node", "", change.node)
            try:
                self._kube.patch(identity, {"metadata": {"labels": dict(change.labels)}})
            except NotFoundError:
                continue  # it has left the cluster
            except (PermanentError, TransientError) as error:
                findings.append(error.finding)
                if error.finding.code == "server-unreachable":
                    break  # no other node fares better
            else:
                written.append(change.node)
        return Labelled(nodes=tuple(written), findings=tuple(findings))
