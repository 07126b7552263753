"""Applies single objects: as members of their set, in their namespace, and only where something differs.

Decides what is sent for an object; when it is its turn is decided by `planning`.
"""

from __future__ import annotations

from sro_apply.config import MANAGER, SyncSettings
from sro_apply.events import Result
from sro_apply.kube.errors import PermanentError, TransientError
from sro_apply.kube.interface import Kind, Kube
from sro_apply.kube.view import View
from sro_apply.planning.applyset import as_member, parent_id, parent_manifest, set_id
from sro_apply.planning.parts import BundleObject, RenderedBundle
from sro_apply.planning.sameness import is_same
from sro_render.model.objects import JsonObject, ObjectId, mapping_of, object_id, text_of


class FaultError(Exception):
    """What is wrong with an object, on its way to the step. error: a server's answer, if it is one."""

    def __init__(
        self, identity: ObjectId, reason: str, error: PermanentError | TransientError | None
    ) -> None:
        super().__init__(reason)
        self.identity, self.reason, self.error = identity, reason, error


class Applier:
    """Applies objects of one bundle."""

    def __init__(self, kube: Kube, view: View, bundle: RenderedBundle, settings: SyncSettings) -> None:
        self._kube, self._view, self._settings = kube, view, settings
        self._resources = {each.name: each for each in bundle.resources}
        self._parents: dict[str, JsonObject | None] = {}
        self._with_parent: set[str] = set()

    def read_parents(self) -> None:
        """Read what earlier runs wrote of each set: the first question, which a server answers or not."""
        for name in self._resources:
            self._parents[name] = self._kube.get(parent_id(name, self._settings.namespace))

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

    def apply(self, resource: str, each: BundleObject, *, is_done: bool) -> tuple[ObjectId, Result | None]:
        """Apply an object of an SR; no result where it was done before and is still there.

        Raises: FaultError
        """
        try:
            wanted = self.wanted(resource, each)
            identity = object_id(wanted)
            live = self._view.live(identity)
            _refuse_owned(identity, live)
            if is_done and live is not None:
                return identity, None
            return identity, self._send(wanted, live)
        except (PermanentError, TransientError) as error:
            raise FaultError(each.id, error.finding.message, error) from error

    def wanted(self, resource: str, each: BundleObject) -> JsonObject:
        """The object as it is applied: in its SR's namespace if it names none, and a member of its set."""
        owner = self._resources[resource]
        applyset = set_id(parent_id(owner.name, self._settings.namespace))
        manifest = as_member(each.manifest, applyset)
        kind = Kind(each.id.api_version, each.id.kind)
        if each.id.namespace or not owner.namespace or not self._kube.is_namespaced(kind):
            return manifest
        metadata = mapping_of(manifest.get("metadata"))
        return {**manifest, "metadata": {**metadata, "namespace": owner.namespace}}

    def _send(self, wanted: JsonObject, live: JsonObject | None) -> Result:
        if live is not None and is_same(wanted, live, MANAGER):
            return Result.UNCHANGED
        is_dry = self._settings.is_dry_run
        now = self._kube.apply(wanted, force=self._settings.takes_over, dry_run=is_dry)
        self._view.put(now)
        if live is None:
            return Result.CREATED
        is_written = _version(now) != _version(live) or (is_dry and _content(now) != _content(live))
        return Result.CONFIGURED if is_written else Result.UNCHANGED


def _refuse_owned(identity: ObjectId, live: JsonObject | None) -> None:
    """An object that belongs to a SpecialResource goes when that is deleted, and the drivers with it."""
    owners = mapping_of((live or {}).get("metadata")).get("ownerReferences")
    for owner in map(mapping_of, owners if isinstance(owners, list) else []):
        if owner.get("kind") == "SpecialResource" and text_of(owner.get("apiVersion")).startswith(
            "sro.openshift.io/"
        ):
            raise FaultError(
                identity,
                f"it belongs to SpecialResource/{text_of(owner.get('name'))}, whose deletion would take it "
                "along: remove that ownerReference first",
                None,
            )


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
