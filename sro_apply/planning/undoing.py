"""In which order objects are deleted: the reverse of that in which they were applied.

Decides the place of what no lock lists any more, too: its state's name says where it was. Namespaces come
last of all, for with them goes whatever is in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from sro_apply.planning.order import FIRST_STATES
from sro_apply.planning.parts import RenderedBundle
from sro_apply.planning.sets import Member
from sro_render.model.install_order import install_rank

Place: TypeAlias = tuple[int, int, str, int, int, str]
"""Where in the order of application a state of an SR stands."""

_OWN = ("namespace", "crds", "pre-install")
_WITH_PODS = frozenset(
    {
        ("apps", "DaemonSet"),
        ("apps", "Deployment"),
        ("apps", "ReplicaSet"),
        ("apps", "StatefulSet"),
        ("batch", "CronJob"),
        ("batch", "Job"),
    }
)
_LAST = ("stateless", "post-install")


def deletion_order(members: Iterable[Member], bundle: RenderedBundle) -> list[Member]:
    """Members of any sets: what was applied last comes first."""
    return sorted(members, key=lambda each: (place_of(each, bundle), _inner(each)), reverse=True)


def place_of(member: Member, bundle: RenderedBundle) -> Place:
    """Sorts states as they are applied; those of SRs that the bundle does not know come after all others."""
    names = [each.name for each in bundle.resources]
    index = names.index(member.resource) if member.resource in names else len(names)
    known = [state.name for state in bundle.resources[index].states] if index < len(names) else []
    level = 0 if is_namespace(member) else 1 if member.state in FIRST_STATES else 2
    return level, index, member.resource, *_state_rank(member.state, known)


def has_pods(member: Member) -> bool:
    """Whether pods go with it, which takes them a while."""
    return (member.id.group, member.id.kind) in _WITH_PODS


def is_namespace(member: Member) -> bool:
    """Whether it takes along what is in it."""
    return (member.id.group, member.id.kind) == ("", "Namespace")


def _state_rank(state: str, known: Sequence[str]) -> tuple[int, int, str]:
    """A state's place among those of the lock; one that it does not list goes where its name puts it."""
    if state in known:
        return 2 * known.index(state) + 1, 0, ""
    usual = _usual_rank(state)
    return 2 * sum(_usual_rank(each) < usual for each in known), *usual


def _usual_rank(state: str) -> tuple[int, str]:
    """Namespace, CRDs, pre-install hooks, numbered states, stateless, post-install hooks."""
    if state in _OWN:
        return _OWN.index(state), ""
    if state in _LAST:
        return len(_OWN) + 1 + _LAST.index(state), ""
    return len(_OWN), state


def _inner(member: Member) -> tuple[tuple[int, str], str, str, str, str]:
    identity = member.id
    return install_rank(identity.kind), identity.group, member.kernel, identity.namespace, identity.name
