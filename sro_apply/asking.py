"""Asks the server what applying a bundle would make of each object, and what pruning would make of its sets.

Sends dry runs and reads; nothing is written. What the answers mean is decided in `planning.live_diff`, and
what goes in `planning.prune`. What is there is read by kind and namespace; only what differs is asked for one
by one, several at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from sro_apply.applying import Applier
from sro_apply.config import MANAGER, SyncSettings
from sro_apply.kube.errors import NotFoundError, PermanentError
from sro_apply.kube.interface import Kind, Kube, Reading
from sro_apply.kube.patience import Sleep, patiently
from sro_apply.planning.applyset import PART_OF
from sro_apply.planning.hooks import read_record, revision_of, runs_anew, runs_once
from sro_apply.planning.live_diff import Checked
from sro_apply.planning.live_prune import Fate, fates
from sro_apply.planning.parts import RenderedBundle
from sro_apply.planning.placement import seen_node
from sro_apply.planning.prune import Situation, keys_to_keep, plan_prune
from sro_apply.planning.sameness import is_same
from sro_apply.planning.sets import Key, LiveSet, key_of, live_sets
from sro_apply.planning.strangers import Contents, hold_namespaces
from sro_apply.set_reading import SetReader
from sro_render.errors import some
from sro_render.model.objects import JsonObject, mapping_of, object_id

_G = TypeVar("_G")
_M = TypeVar("_M")
_Place = tuple[Kind, str]
"""A kind, and a namespace; none for what lies in none."""


class Answers(Struct, frozen=True, kw_only=True):
    """What a server says of a bundle.

    fates:   of objects of its sets that it does not have; nodes: live ones.
    unknown: SRs with a set that is none of the bundle's.
    """

    checked: tuple[Checked, ...]
    fates: tuple[Fate, ...]
    nodes: tuple[JsonObject, ...]
    unknown: tuple[str, ...] = ()


class Asker:
    """Asks about one bundle, as a sync with these settings would bring it. view: what the cluster has."""

    def __init__(
        self, kube: Kube, view: Reading, bundle: RenderedBundle, settings: SyncSettings, sleep: Sleep
    ) -> None:
        self._kube, self._view, self._bundle, self._settings = kube, view, bundle, settings
        self._applier = Applier(kube, view, bundle, settings)
        self._reader = SetReader(kube, settings.namespace, known=[each.id for each in bundle.objects])
        self._sleep = sleep
        self._refused: list[str] = []

    def ask(self) -> Answers:
        """All of it.

        Raises: TransientError, PermanentError: `diff-forbidden` says what may not be read.
        """
        # The first question is asked once: a server that is not there is not waited for.
        found = self._reader.parents()
        known = {*(each.name for each in self._bundle.resources), *self._bundle.removed}
        parents = {name: parent for name, parent in found.items() if name in known}
        nodes = self._read(self._view.nodes)
        wanted = self._wanted()
        there = self._there(wanted, parents)
        if self._refused:
            raise _forbidden(self._refused)
        live = {_key(each): each for each in there}
        records = {name: read_record(parent) for name, parent in parents.items()}
        asked = [_as_hook(each, live.get(_key(each.wanted)), records) for each in wanted]
        checked = self._at_once(self._check, asked)
        return Answers(
            checked=tuple(checked),
            fates=self._fates(live_sets(parents, self._settings.namespace, there), wanted, checked, nodes),
            nodes=tuple(nodes),
            unknown=tuple(name for name in found if name not in known),
        )

    def _fates(
        self,
        sets: tuple[LiveSet, ...],
        wanted: Iterable[Checked],
        checked: Iterable[Checked],
        nodes: Iterable[JsonObject],
    ) -> tuple[Fate, ...]:
        """What pruning would make of what the bundle does not have, once all that is not refused is ready."""
        resources = {each.name: each for each in self._bundle.resources}
        situation = Situation(
            bundle=self._bundle,
            sets=sets,
            keep=frozenset(
                key
                for each in wanted
                for key in keys_to_keep(
                    resources[each.resource], each.object, None if each.is_unchecked else each.wanted
                )
            ),
            nodes=tuple(map(seen_node, nodes)),
            ready=frozenset(resources) - {each.resource for each in checked if each.refusal},
            limit=self._settings.prune_limit,
        )
        plan = hold_namespaces(plan_prune(situation), self._contents, self._settings.namespace)
        return fates(situation, plan)

    def _contents(self, namespaces: Iterable[str]) -> Mapping[str, Contents]:
        return patiently(lambda: self._reader.contents(namespaces), self._sleep)

    def _wanted(self) -> list[Checked]:
        """Each object of the bundle as it is applied; one whose kind is not there as it stands."""
        return [
            self._as_applied(
                Checked(
                    resource=resource.name,
                    state=state.name,
                    object=each,
                    wanted=each.manifest,
                    adopts=self._settings.adopts,
                )
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

    def _there(self, wanted: Iterable[Checked], parents: Mapping[str, JsonObject]) -> list[JsonObject]:
        """What the cluster has of any sets, wherever the bundle or its sets may have something."""
        places = {_place(each.wanted) for each in wanted if not each.is_unchecked}
        places.update(patiently(lambda: self._reader.places(parents), self._sleep))
        lists = self._at_once(self._list, sorted(places))
        return [live for found in lists for live in found]

    def _list(self, place: _Place) -> Sequence[JsonObject]:
        return self._read(lambda: self._kube.list(*place, labels=PART_OF))

    def _read(self, ask: Callable[[], Sequence[JsonObject]]) -> Sequence[JsonObject]:
        """Objects of a kind; of one that has gone there are none."""
        try:
            return patiently(ask, self._sleep)
        except NotFoundError:
            return []
        except PermanentError as error:
            if error.status != 403:
                raise
            self._refused.append(error.finding.message)
            return []

    def _check(self, each: Checked) -> Checked:
        """What the server says of an object, which is as it was listed."""
        live = each.live
        if each.is_unchecked or each.has_run or each.runs_anew:
            return each
        if live is not None and is_same(each.wanted, live, MANAGER):
            return each
        try:
            answer = patiently(
                lambda: self._kube.apply(each.wanted, force=self._settings.takes_over, dry_run=True),
                self._sleep,
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
        with ThreadPoolExecutor(self._settings.concurrency, thread_name_prefix="ask") as pool:
            try:
                return list(pool.map(ask, given))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def _as_hook(each: Checked, live: JsonObject | None, records: Mapping[str, Mapping[str, str]]) -> Checked:
    """An object with what is there of it, and what becomes of it if it is a hook: no server can say that.

    Args: records: of each set, which hooks ran.
    """
    each = replace(each, live=live)
    if not runs_once(each.wanted):
        return each
    if records.get(each.resource, {}).get(each.object.file) == revision_of(each.wanted):
        return replace(each, has_run=True)
    return replace(each, runs_anew=live is not None and runs_anew(live, each.wanted))


def _key(manifest: JsonObject) -> Key:
    return key_of(object_id(manifest))


def _place(manifest: JsonObject) -> _Place:
    identity = object_id(manifest)
    return Kind(identity.api_version, identity.kind), identity.namespace


def _forbidden(refused: list[str]) -> PermanentError:
    error = PermanentError(
        "diff-forbidden",
        "a diff takes rights that are missing",
        notes=some(sorted(refused)),
        hint="give them to the user or ServiceAccount: it reads what it compares, and asks by dry runs",
    )
    error.status = 403
    return error
