"""Applies objects: as members of their set, in their namespace, and only where something differs.

Decides what is sent for an object; when it is its turn is decided by `planning`. Threads only send: what is
known of the cluster is read and written by the caller's thread alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from msgspec import Struct

from sro_apply.config import MANAGER, SyncSettings
from sro_apply.events import Result
from sro_apply.kube.errors import PermanentError, TransientError
from sro_apply.kube.interface import Kind, Kube, Reading
from sro_apply.planning.adopting import released, special_resource_of
from sro_apply.planning.applyset import ID_LABEL, PART_OF, as_member, parent_id, parent_manifest, set_id
from sro_apply.planning.builds import with_revision
from sro_apply.planning.defaults import acceptable
from sro_apply.planning.hooks import with_run_revision
from sro_apply.planning.parts import BundleObject, RenderedBundle
from sro_apply.planning.reading import labels_of
from sro_apply.planning.sameness import is_same
from sro_apply.planning.secret_data import with_data
from sro_apply.planning.sets import driver_spaces, set_of
from sro_render.model.objects import JsonObject, ObjectId, mapping_of, object_id, text_of

G = TypeVar("G")
M = TypeVar("M")


class FaultError(Exception):
    """What is wrong with an object, on its way to the step.

    error: a server's answer, if it is one; retry_s, is_retried: see `Verdict`.
    """

    def __init__(
        self,
        identity: ObjectId,
        reason: str,
        error: PermanentError | TransientError | None,
        retry_s: float | None = None,
        *,
        is_retried: bool = False,
    ) -> None:
        super().__init__(reason)
        self.identity, self.reason, self.error = identity, reason, error
        self.retry_s, self.is_retried = retry_s, is_retried


class Turn(Struct, frozen=True, kw_only=True):
    """An object whose turn it is.

    resource: its SR; is_done: whether it was applied before, so that only its absence matters.
    """

    resource: str
    object: BundleObject
    is_done: bool = False


class Came(Struct, frozen=True, kw_only=True):
    """What came of a turn.

    id: with its namespace; result: None where nothing was to be done, or a fault came.
    """

    turn: Turn
    id: ObjectId
    result: Result | None = None
    fault: FaultError | None = None


class _Sending(Struct, frozen=True, kw_only=True):
    """An object that goes to the server. live: as it was read; is_adopted: whether it was the operator's."""

    turn: Turn
    id: ObjectId
    wanted: JsonObject
    live: JsonObject | None
    is_adopted: bool = False


class Applier:
    """Applies objects of one bundle."""

    def __init__(self, kube: Kube, view: Reading, bundle: RenderedBundle, settings: SyncSettings) -> None:
        self._kube, self._view, self._settings = kube, view, settings
        self._resources = {each.name: each for each in bundle.resources}
        self._sets = {name: set_id(parent_id(name, settings.namespace)) for name in self._resources}
        self._own_sets = dict.fromkeys(self._sets.values(), True)
        self._parents: dict[str, JsonObject | None] = {}
        self._with_parent: set[str] = set()
        self._wanted: dict[tuple[str, str], JsonObject] = {}
        self._settled: dict[ObjectId, str] = {}
        """The resourceVersion in which an object was found to be as it should be."""

    def read_parents(self) -> None:
        """Read what earlier runs wrote of each set: the first question, which a server answers or not."""
        for name in self._resources:
            self._parents[name] = self._kube.get(parent_id(name, self._settings.namespace))
        self._with_parent.clear()

    def driver_spaces(self) -> frozenset[str]:
        """Where earlier runs may have left drivers, and the bundle has none, as far as parents were read."""
        return frozenset().union(
            *(driver_spaces(live, self._resources[name]) for name, live in self._parents.items() if live)
        )

    def apply_parent(self, resource: str) -> None:
        """Write what says which objects of an SR belong together, before the first of them.

        Raises: FaultError
        """
        if resource in self._with_parent:
            return
        identity = parent_id(resource, self._settings.namespace)
        try:
            live = self._parents[resource]
            wanted = parent_manifest(
                self._resources[resource], self._settings.namespace, self._settings.version, live
            )
            if live is None or not is_same(wanted, live, MANAGER):
                self._kube.apply(wanted, force=True)
        except (PermanentError, TransientError) as error:
            raise FaultError(identity, error.finding.message, error) from error
        self._with_parent.add(resource)

    def apply_all(self, turns: Sequence[Turn]) -> list[Came]:
        """Apply objects beside each other; what came of each, in the order of the turns."""
        prepared = [self._prepare(turn) for turn in turns]
        sending = [each for each in prepared if isinstance(each, _Sending)]
        answers = iter(self._at_once(self._send, sending))
        return [self._take(each, next(answers)) if isinstance(each, _Sending) else each for each in prepared]

    def wanted(self, resource: str, each: BundleObject) -> JsonObject:
        """The object as it is applied: a member of its set, in its SR's namespace if it names none.

        Raises: NotFoundError: the server does not have its kind, or not yet.
        """
        key = resource, each.file
        if key not in self._wanted:
            self._wanted[key] = self._made(resource, each)
        return self._wanted[key]

    def _made(self, resource: str, each: BundleObject) -> JsonObject:
        owner = self._resources[resource]
        member = as_member(each.manifest, self._sets[resource])
        manifest = with_data(acceptable(with_run_revision(with_revision(member))))
        namespace = each.id.namespace or owner.namespace
        if not namespace:
            return manifest
        metadata = {**mapping_of(manifest.get("metadata")), "namespace": namespace}
        if not self._kube.is_namespaced(Kind(each.id.api_version, each.id.kind)):
            # Rendered without a server to ask. Under this name it would not be known again, and pruned.
            del metadata["namespace"]
        return {**manifest, "metadata": metadata}

    def _prepare(self, turn: Turn) -> Came | _Sending:
        """What is to be sent; where nothing is, what came of it already."""
        each = turn.object
        try:
            wanted = self.wanted(turn.resource, each)
            identity = object_id(wanted)
            live = self._view.live(identity)
            owner = special_resource_of(live) if live else ""
            if live is not None and owner:
                if turn.is_done and self._settings.adopts:
                    # An operator takes it back: it is answered at growing intervals, not each time.
                    return Came(turn=turn, id=identity)
                live = self._adopt(identity, live, owner)
            elif live is not None and not self._settings.adopts:
                self._refuse_stranger(identity, live)
        except (PermanentError, TransientError) as error:
            return _fault(turn, each.id, error)
        except FaultError as fault:
            return Came(turn=turn, id=each.id, fault=fault)
        if live is None:
            return _Sending(turn=turn, id=identity, wanted=wanted, live=None)
        if owner:
            return _Sending(turn=turn, id=identity, wanted=wanted, live=live, is_adopted=True)
        if turn.is_done:
            return Came(turn=turn, id=identity)
        if self._is_settled(identity, wanted, live):
            return Came(turn=turn, id=identity, result=Result.UNCHANGED)
        return _Sending(turn=turn, id=identity, wanted=wanted, live=live)

    def _adopt(self, identity: ObjectId, live: JsonObject, owner: str) -> JsonObject:
        """Take an object away from its SpecialResource, before anything of it is changed.

        Raises: FaultError: nobody asked for that; TransientError, PermanentError
        """
        if not self._settings.adopts:
            raise FaultError(
                identity,
                f"it belongs to SpecialResource/{owner}, whose deletion would take it along: "
                "--adopt takes it over",
                None,
            )
        if self._settings.is_dry_run:
            return live
        now = self._kube.patch(identity, released(live))
        self._view.put(now)
        return now

    def _refuse_stranger(self, identity: ObjectId, live: JsonObject) -> None:
        """Two appliers that both want an object would take it from each other for ever.

        Raises: FaultError: it is a member of a set that is none of ours; TransientError, PermanentError
        """
        if self._own_sets.get(text_of(labels_of(live).get(PART_OF))):
            return  # nearly always: whoever gave it that label, it leads to us
        set_of_it = set_of(live)
        if not set_of_it or self._is_ours(set_of_it):
            return
        raise FaultError(
            identity,
            f"it belongs to a set that is not in namespace {self._settings.namespace} ({set_of_it}): another "
            "applier has it; work in the namespace of that one (--context), or --adopt takes it over",
            None,
        )

    def _is_ours(self, applyset: str) -> bool:
        """Whether the parent of a set is in our namespace: of an SR, if only of one that the bundle had."""
        if applyset not in self._own_sets:
            labels, kind = f"{ID_LABEL}={applyset}", Kind("v1", "ConfigMap")
            parents = self._kube.list(kind, self._settings.namespace, labels=labels)
            self._own_sets[applyset] = bool(parents)
        return self._own_sets[applyset]

    def _is_settled(self, identity: ObjectId, wanted: JsonObject, live: JsonObject) -> bool:
        """Whether nothing differs. What did not in this version of an object does not now."""
        version = _version(live)
        if self._settled.get(identity) != version and is_same(wanted, live, MANAGER):
            self._settled[identity] = version
        return self._settled.get(identity) == version

    def _send(self, each: _Sending) -> JsonObject | PermanentError | TransientError:
        settings = self._settings
        try:
            return self._kube.apply(each.wanted, force=settings.takes_over, dry_run=settings.is_dry_run)
        except (PermanentError, TransientError) as error:
            return error

    def _take(self, each: _Sending, answer: JsonObject | PermanentError | TransientError) -> Came:
        if isinstance(answer, PermanentError | TransientError):
            return _fault(each.turn, each.turn.object.id, answer)
        self._view.put(answer)
        if not self._settings.is_dry_run:
            # The server has just said so, whatever it makes of our fields.
            self._settled[each.id] = _version(answer)
        return Came(turn=each.turn, id=each.id, result=self._result(each, answer))

    def _result(self, sent: _Sending, now: JsonObject) -> Result:
        live = sent.live
        if sent.is_adopted:
            return Result.ADOPTED
        if live is None:
            return Result.CREATED
        is_dry = self._settings.is_dry_run
        is_written = _version(now) != _version(live) or (is_dry and _content(now) != _content(live))
        return Result.CONFIGURED if is_written else Result.UNCHANGED

    def _at_once(self, send: Callable[[G], M], given: Sequence[G]) -> list[M]:
        workers = min(len(given), self._settings.concurrency)
        if workers < 2:
            return [send(each) for each in given]
        with ThreadPoolExecutor(workers, thread_name_prefix="apply") as pool:
            try:
                return list(pool.map(send, given))
            except BaseException:
                # Interrupted, or the Lease is lost: what was not sent yet is not sent any more.
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def _fault(turn: Turn, identity: ObjectId, error: PermanentError | TransientError) -> Came:
    return Came(turn=turn, id=identity, fault=FaultError(identity, error.finding.message, error))


def _version(live: JsonObject) -> str:
    return text_of(mapping_of(live.get("metadata")).get("resourceVersion"))


def _content(live: JsonObject) -> JsonObject:
    """All but what the server counts: a dry run gives no new resourceVersion."""
    metadata = {
        key: value
        for key, value in mapping_of(live.get("metadata")).items()
        if key not in {"generation", "managedFields", "resourceVersion"}
    }
    return {**live, "metadata": metadata}
