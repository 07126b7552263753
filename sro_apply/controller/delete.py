"""What `delete` does from its first to its last step: connect, plan, ask, and remove."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from sro_apply.clock import SystemClock
from sro_apply.controller.connecting import Target, connect
from sro_apply.events import Event
from sro_apply.insisting import insisting
from sro_apply.labelling import Labeller
from sro_apply.leading import Leader
from sro_apply.planning.prune import PrunePlan
from sro_apply.pruning.remover import RemoveOutcome, Remover


class DeleteRequest(Struct, frozen=True, kw_only=True):
    """What the user asked of `delete`; see its options."""

    resource: str
    target: Target
    timeout_s: float
    is_dry_run: bool


def delete(
    request: DeleteRequest, tell: Callable[[Event], None], confirm: Callable[[PrunePlan], bool] | None
) -> RemoveOutcome | None:
    """Remove an SR with all that was applied of it; None where that was not confirmed.

    Args: confirm: None where nobody need be asked.

    Raises:
        InputError: there is nothing of it.
        ServerError: there is no server to talk to, or another one works in its cluster.
    """
    kube, namespace = connect(request.target)
    clock = SystemClock()
    remover = Remover(kube, namespace, tell, clock)
    if request.is_dry_run:
        return remover.rehearse(remover.plan(request.resource))
    if confirm is None:
        # A plan reads every kind that there is, and is made anew below: here nobody would look at it.
        remover.find(request.resource)
    elif not confirm(remover.plan(request.resource)):
        return None
    end_s = clock.now() + request.timeout_s
    with Leader(kube, namespace, tell).leading(request.timeout_s) as fenced:
        made = Remover(fenced, namespace, tell, clock)
        return insisting(
            lambda: made.remove(
                request.resource,
                end_s - clock.now(),
                lambda name: Labeller(fenced).unlabel(name).findings,
            ),
            tell,
            clock,
            end_s,
        )
