"""Asks the server what applying a bundle would make of each object, and what there is of its sets.

Sends dry runs and reads; nothing is written. What the answers mean is decided in `planning.live_diff`. What
is there is read by kind and namespace; only what differs is asked for one by one, several at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from sro_apply.applying import Applier
from sro_apply.config import MANAGER
from sro_apply.kube.errors import NotFoundError, PermanentError
from sro_apply.kube.interface import Kind, Kube
from sro_apply.kube.patience import Sleep, patiently
from sro_apply.planning.applyset import PART_OF, group_kind, parent_id, set_id
from sro_apply.planning.live_diff import Checked, stale_members
from sro_apply.planning.parts import RenderedBundle
from sro_apply.planning.sameness import is_same
from sro_apply.planning.sets import Key, Member, Span, key_of, span_of
from sro_render.errors import some
from sro_render.model.objects import JsonObject, ObjectId, mapping_of, object_id, text_of

_G = TypeVar("_G")
_M = TypeVar("_M")
_Place = tuple[Kind, str]
"""A kind, and a namespace; none for what lies in none."""


class Answers(Struct, frozen=True, kw_only=True):
    """What a server says of a bundle. stale: objects of its sets that it does not have; nodes: live ones."""

    checked: tuple[Checked, ...]
    stale: tuple[Member, ...]
    nodes: tuple[JsonObject, ...]


class Asker:
    """Asks about one bundle. namespace: the applier's own; takes_over: see `SyncSettings`."""

    def __init__(
        self,
        kube: Kube,
        applier: Applier,
        bundle: RenderedBundle,
        *,
        namespace: str,
        takes_over: bool,
        concurrency: int,
        sleep: Sleep,
    ) -> None:
        self._kube, self._applier, self._bundle = kube, applier, bundle
        self._namespace, self._takes_over = namespace, takes_over
        self._concurrency, self._sleep = concurrency, sleep
        self._refused: list[str] = []

    def ask(self) -> Answers:
        """All of it.

        Raises: TransientError, PermanentError: `diff-forbidden` says what may not be read.
        """
        names = dict.fromkeys((*(each.name for each in self._bundle.resources), *self._bundle.removed))
        # The first question is asked once: a server that is not there is not waited for.
        found = {name: self._kube.get(parent_id(name, self._namespace)) for name in names}
        parents = {name: parent for name, parent in found.items() if parent is not None}
        nodes = self._list(Kind("v1", "Node"))
        wanted = self._wanted()
        there = self._there(wanted, parents.values())
        if self._refused:
            raise _forbidden(self._refused)
        live = {key_of(object_id(each)): each for each in there}
        sets = {set_id(parent_id(name, self._namespace)): name for name in parents}
        members = [
            Member(resource=sets[part_of], live=each) for each in there if (part_of := _part_of(each)) in sets
        ]
        return Answers(
            checked=tuple(self._at_once(lambda each: self._check(each, live.get(_key(each.wanted))), wanted)),
            stale=tuple(stale_members(members, frozenset(_key(each.wanted) for each in wanted))),
            nodes=tuple(nodes),
        )

    def _wanted(self) -> list[Checked]:
        """Each object of the bundle as it is applied; one whose kind is not there as it stands."""
        return [
            self._as_applied(
                Checked(resource=resource.name, state=state.name, object=each, wanted=each.manifest)
            )
            for resource in self._bundle.resources
            for state in resource.states
            for each in state.objects
        ]

    def _as_applied(self, each: Checked) -> Checked:
        try:
            wanted = patiently(lambda: self._applier.wanted(each.resource, each.object), self._sleep)
        except NotFoundError:
            return replace(each, is_unchecked=True)
        return replace(each, wanted=wanted)

    def _there(self, wanted: Iterable[Checked], parents: Iterable[JsonObject]) -> list[JsonObject]:
        """What the cluster has of any sets, wherever the bundle or its sets may have something."""
        places = {_place(each.wanted) for each in wanted if not each.is_unchecked}
        spans = [span_of(each) for each in parents]
        places.update(self._places_of_sets(spans, {kind for kind, _ in places}))
        lists = self._at_once(lambda place: self._list(*place, labels=PART_OF), sorted(places))
        return [live for found in lists for live in found]

    def _places_of_sets(self, spans: Sequence[Span], known: Iterable[Kind]) -> Iterator[_Place]:
        """Where members may be that the bundle does not have any more."""
        kinds = {group_kind(ObjectId(each.api_version, each.name, "", "")): each for each in known}
        if any(name not in kinds for span in spans for name in span.kinds):
            served = patiently(self._kube.api_versions, self._sleep).served
            kinds = _by_group(served) | kinds
        for span in spans:
            for kind in (kinds[name] for name in span.kinds if name in kinds):
                is_namespaced = self._kube.is_namespaced(kind)
                for namespace in (self._namespace, *span.namespaces) if is_namespaced else ("",):
                    yield kind, namespace

    def _list(self, kind: Kind, namespace: str = "", *, labels: str = "") -> list[JsonObject]:
        """Objects of a kind; of one that has gone there are none."""
        try:
            return patiently(lambda: self._kube.list(kind, namespace, labels=labels), self._sleep)
        except NotFoundError:
            return []
        except PermanentError as error:
            if error.status != 403:
                raise
            self._refused.append(error.finding.message)
            return []

    def _check(self, each: Checked, live: JsonObject | None) -> Checked:
        """What the server says of an object. Args: live: as it was listed."""
        each = replace(each, live=live)
        if each.is_unchecked or (live is not None and is_same(each.wanted, live, MANAGER)):
            return each
        try:
            answer = patiently(
                lambda: self._kube.apply(each.wanted, force=self._takes_over, dry_run=True), self._sleep
            )
        except NotFoundError:
            return replace(each, is_unchecked=True)
        except PermanentError as error:
            if error.status == 401:
                raise
            return replace(each, live=live or self._unlisted(each), refusal=error.finding.message)
        # What is made anew has no version: anything else was there, without the label of its set.
        is_new = live is None and not mapping_of(answer.get("metadata")).get("resourceVersion")
        return replace(each, live=None if is_new else live or self._unlisted(each), answer=answer)

    def _unlisted(self, each: Checked) -> JsonObject | None:
        """An object that does not have the label of its set."""
        try:
            return patiently(lambda: self._kube.get(object_id(each.wanted)), self._sleep)
        except PermanentError:
            return None  # not to be read either: what is known of it is that it is refused

    def _at_once(self, ask: Callable[[_G], _M], given: Sequence[_G]) -> list[_M]:
        with ThreadPoolExecutor(self._concurrency, thread_name_prefix="ask") as pool:
            try:
                return list(pool.map(ask, given))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def _by_group(served: Iterable[str]) -> dict[str, Kind]:
    """Kinds by `DaemonSet.apps`, of `apps/v1/DaemonSet` and the like; v1 before v1beta1."""
    found: dict[str, Kind] = {}
    for each in served:
        version, _, name = each.rpartition("/")
        if version:
            found.setdefault(group_kind(ObjectId(version, name, "", "")), Kind(version, name))
    return found


def _key(manifest: JsonObject) -> Key:
    return key_of(object_id(manifest))


def _place(manifest: JsonObject) -> _Place:
    identity = object_id(manifest)
    return Kind(identity.api_version, identity.kind), identity.namespace


def _part_of(live: JsonObject) -> str:
    return text_of(mapping_of(mapping_of(live.get("metadata")).get("labels")).get(PART_OF))


def _forbidden(refused: list[str]) -> PermanentError:
    error = PermanentError(
        "diff-forbidden",
        "a diff takes rights that are missing",
        notes=some(sorted(refused)),
        hint="give them to the user or ServiceAccount: it reads what it compares, and asks by dry runs",
    )
    error.status = 403
    return error
