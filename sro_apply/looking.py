"""Looks at an applied object with all that it takes to judge it: its pods, its builds, its nodes.

Fetches; what is found is judged in `planning`. A log that had what is waited for is not read again.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from sro_apply.kube.errors import PermanentError, TransientError
from sro_apply.kube.interface import Kube, Reading
from sro_apply.planning.parts import BundleObject, RenderedBundle
from sro_apply.planning.placement import LiveNode, expected_nodes, fitting_nodes, read_node
from sro_apply.planning.readiness import (
    Surroundings,
    judge,
    waits_for_builds,
    waits_for_pods,
)
from sro_apply.planning.reading import mappings_of, name_of, status_of, uid_of
from sro_apply.planning.running import is_driver
from sro_apply.planning.verdict import Readiness, Verdict
from sro_apply.planning.waits import MOST_LOG_LINES, has_match, pattern_of, pods_to_read
from sro_render.model.objects import JsonObject, ObjectId, mapping_of, object_id, text_of


class Looker:
    """Judges objects of one bundle."""

    def __init__(self, view: Reading, bundle: RenderedBundle, kube: Kube) -> None:
        self._view, self._bundle, self._kube = view, bundle, kube
        self._matched: dict[tuple[ObjectId, str], frozenset[str]] = {}
        self._nodes: tuple[Sequence[JsonObject], tuple[LiveNode, ...]] = ((), ())

    def judge(self, each: BundleObject, live: JsonObject) -> Verdict:
        """What a live object is found to be.

        Raises: TransientError, PermanentError: what it takes could not be read.
        """
        namespace = text_of(mapping_of(live.get("metadata")).get("namespace"))
        group, kind = each.id.group, each.id.kind
        pods = self._view.pods(namespace) if waits_for_pods(group, kind) else ()
        around = Surroundings(
            pods=pods,
            builds=self._view.builds(namespace) if waits_for_builds(group, kind) else (),
            nodes=self._view.nodes() if is_driver(each.id) else (),
            expected=self.expected(each),
        )
        found = judge(live, around)
        pattern = pattern_of(live)
        if not pattern or found.readiness is Readiness.FAILED:
            return found
        return judge(live, structs.replace(around, matched=self._matching(pattern, live, pods)))

    def _matching(self, pattern: str, live: JsonObject, pods: Sequence[JsonObject]) -> frozenset[str]:
        """The uids of the pods whose logs have a match."""
        key = object_id(live), pattern
        known = self._matched.get(key, frozenset())
        # Of pods that have gone nothing is kept: a loop sees thousands of them.
        self._matched[key] = frozenset(
            uid_of(pod)
            for pod in pods_to_read(live, pods)
            if uid_of(pod) in known or self._has_match(pattern, pod)
        )
        return self._matched[key]

    def _has_match(self, pattern: str, pod: JsonObject) -> bool:
        """Whether one of its containers has printed it; no, where a log cannot be read yet.

        Raises: PermanentError: we may not read it.
        """
        namespace = text_of(mapping_of(pod.get("metadata")).get("namespace"))
        identity = ObjectId("v1", "Pod", namespace, name_of(pod))
        for container in mappings_of(status_of(pod).get("containerStatuses")):
            try:
                log = self._kube.log(identity, text_of(container.get("name")), tail_lines=MOST_LOG_LINES)
            except TransientError:
                continue
            except PermanentError as error:
                if error.rule:
                    raise  # nothing would ever match
                continue
            if has_match(pattern, log):
                return True
        return False

    def expected(self, each: BundleObject) -> tuple[str, ...]:
        """The nodes that a DaemonSet must run on, A-Z; none of any other kind."""
        if not is_driver(each.id):
            return ()
        kernels = self._bundle.kernels
        locked = (
            kernels.get(each.kernel, ())
            if each.kernel
            else tuple(node for nodes in kernels.values() for node in nodes)
        )
        return expected_nodes(each.manifest, self._live_nodes(), locked, is_affine=bool(each.kernel))

    def fitting(self, each: BundleObject) -> tuple[str, ...]:
        """The live nodes that a DaemonSet should run on, A-Z; none of any other kind."""
        if not is_driver(each.id):
            return ()
        return fitting_nodes(each.manifest, self._live_nodes(), each.kernel)

    def _live_nodes(self) -> tuple[LiveNode, ...]:
        """All nodes, read once: each of a hundred DaemonSets asks for thousands of them."""
        nodes = self._view.nodes()
        if nodes is not self._nodes[0]:
            self._nodes = nodes, tuple(map(read_node, nodes))
        return self._nodes[1]
