"""Looks at an applied object with all that it takes to judge it: its pods, its builds, its nodes.

Fetches; what is found is judged in `planning`.
"""

from __future__ import annotations

from sro_apply.kube.interface import Reading
from sro_apply.planning.parts import BundleObject, RenderedBundle
from sro_apply.planning.placement import expected_nodes, read_node
from sro_apply.planning.readiness import (
    Surroundings,
    Verdict,
    judge,
    waits_for_builds,
    waits_for_pods,
)
from sro_render.model.objects import JsonObject, mapping_of, text_of


class Looker:
    """Judges objects of one bundle."""

    def __init__(self, view: Reading, bundle: RenderedBundle) -> None:
        self._view, self._bundle = view, bundle

    def judge(self, each: BundleObject, live: JsonObject) -> Verdict:
        """What a live object is found to be.

        Raises: TransientError, PermanentError: what it takes could not be read.
        """
        namespace = text_of(mapping_of(live.get("metadata")).get("namespace"))
        group, kind = each.id.group, each.id.kind
        around = Surroundings(
            pods=self._view.pods(namespace) if waits_for_pods(group, kind) else (),
            builds=self._view.builds(namespace) if waits_for_builds(group, kind) else (),
            expected=self.expected(each),
        )
        return judge(live, around)

    def expected(self, each: BundleObject) -> tuple[str, ...]:
        """The nodes that a DaemonSet must run on, A-Z; none of any other kind."""
        if (each.id.group, each.id.kind) != ("apps", "DaemonSet"):
            return ()
        kernels = self._bundle.kernels
        locked = (
            kernels.get(each.kernel, ())
            if each.kernel
            else tuple(node for nodes in kernels.values() for node in nodes)
        )
        return expected_nodes(each.manifest, map(read_node, self._view.nodes()), locked)
