"""What is asked of a cluster before the first write: whether the operator works in it, what its nodes run."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from sro_apply.config import OnStale
from sro_apply.errors import BundleError
from sro_apply.kube.errors import PermanentError
from sro_apply.kube.interface import Kind, Kube, Reading
from sro_apply.planning.members import seen_resources
from sro_apply.planning.parts import RenderedBundle
from sro_apply.planning.placement import read_node, seen_node
from sro_apply.planning.reading import number_of, spec_of
from sro_apply.planning.rights import OPERATOR
from sro_apply.planning.stale import stale_findings, stale_nodes
from sro_render.errors import Faults, Finding
from sro_render.model.objects import object_id

_FORBIDDEN: Final = 403


def check_operator(kube: Kube, *, adopts: bool) -> tuple[Finding, ...]:
    """See that no operator works on the same SpecialResources; who adopts, or may not look, is only warned.

    Raises: BundleError: one does; TransientError, PermanentError: nobody answers.
    """
    try:
        found = kube.list(Kind("apps/v1", "Deployment"), fields=f"metadata.name={OPERATOR}")
    except PermanentError as error:
        if error.status == _FORBIDDEN:
            # Who may not look is stopped by what the operator owns, object by object.
            return (_unseen(error.finding),)
        raise
    running = [str(object_id(each)) for each in found if number_of(spec_of(each), "replicas", default=1) > 0]
    if not running:
        return ()
    if not adopts:
        raise BundleError(
            "operator-running",
            f"the Special Resource Operator runs in this cluster ({', '.join(running)}), and would "
            "change back what is applied",
            hint="scale it to 0, then sync once with --adopt, which takes its objects over",
        )
    return (
        Finding(
            code="operator-running",
            message="the Special Resource Operator still runs, and takes back what is adopted",
            subject=", ".join(running),
            hint="scale it to 0",
        ),
    )


def _unseen(finding: Finding) -> Finding:
    return replace(
        finding,
        code="operator-unseen",
        message=f"whether the Special Resource Operator works here cannot be seen: {finding.message}",
    )


def check_nodes(view: Reading, bundle: RenderedBundle, on_stale: OnStale) -> tuple[Finding, ...]:
    """See that nodes run the kernels that the bundle was rendered for.

    Raises: BundleError, or a group: they do not, and that is to be a failure.
    """
    if on_stale is OnStale.IGNORE:
        return ()
    nodes = view.nodes()
    resources = seen_resources(bundle, [*map(read_node, nodes)])
    findings = stale_findings(stale_nodes(resources, [*map(seen_node, nodes)], bundle.kernels))
    if on_stale is OnStale.FAIL:
        faults = Faults()
        for each in findings:
            faults.add(
                BundleError(each.code, each.message, subject=each.subject, notes=each.notes, hint=each.hint)
            )
        faults.raise_if_any()
    return findings
