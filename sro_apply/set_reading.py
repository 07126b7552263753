"""Reads the sets that are in a cluster, and what else is in their namespaces.

Asks by kind and namespace, as the parents name them: never for all of a cluster, and never by object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from sro_apply.kube.errors import NotFoundError, PermanentError, TransientError
from sro_apply.kube.interface import Kind, Kube, Served
from sro_apply.planning.applyset import ID_LABEL, PART_OF, group_kind, parent_id, set_id
from sro_apply.planning.picture import SeenNode
from sro_apply.planning.placement import read_node, seen_node
from sro_apply.planning.reading import uid_of
from sro_apply.planning.sets import LiveSet, live_sets, resource_of, span_of
from sro_apply.planning.strangers import Contents
from sro_render.model.objects import JsonObject, ObjectId

_FORBIDDEN: Final = 403


class SetReader:
    """Reads sets whose parents are in one namespace: the applier's."""

    def __init__(self, kube: Kube, namespace: str, known: Iterable[ObjectId] = ()) -> None:
        """Args: known: objects whose kinds and versions need not be asked for."""
        self._kube, self._namespace = kube, namespace
        self._versions = {group_kind(each): Kind(each.api_version, each.kind) for each in known}
        self._served: Served | None = None

    def parents(self) -> Mapping[str, JsonObject]:
        """Each SR that has a set, with the set's parent."""
        found = self._kube.list(Kind("v1", "ConfigMap"), self._namespace, labels=ID_LABEL)
        named = [(resource_of(each), each) for each in found]
        return {name: each for name, each in sorted(named, key=lambda one: one[0] or "") if name}

    def sets(self, parents: Mapping[str, JsonObject]) -> tuple[LiveSet, ...]:
        """The sets with their members, in the order of the parents.

        Raises: TransientError, PermanentError: something of them cannot be read, so that nothing is sure.
        """
        found = (
            live
            for (kind, namespace), ids in self.places(parents).items()
            for live in self._list(kind, namespace, labels=f"{PART_OF} in ({','.join(ids)})")
        )
        return live_sets(parents, self._namespace, found)

    def contents(self, namespaces: Iterable[str]) -> Mapping[str, Contents]:
        """All that is in namespaces and can be deleted."""
        return {name: self._contents(name) for name in namespaces}

    def nodes(self) -> tuple[SeenNode, ...]:
        """The live nodes, A-Z."""
        found = sorted(self._kube.list(Kind("v1", "Node")), key=lambda each: read_node(each).name)
        return tuple(map(seen_node, found))

    def places(self, parents: Mapping[str, JsonObject]) -> Mapping[tuple[Kind, str], list[str]]:
        """Where members may be, by kind and namespace, with the IDs of the sets: one list for all of them."""
        places: dict[tuple[Kind, str], list[str]] = {}
        for name, parent in parents.items():
            span = span_of(parent)
            for kind in filter(None, map(self._kind, span.kinds)):
                spaces = (self._namespace, *span.namespaces) if self._is_namespaced(kind) else ("",)
                for namespace in spaces:
                    ids = places.setdefault((kind, namespace), [])
                    ids.append(set_id(parent_id(name, self._namespace)))
        return places

    def _kind(self, text: str) -> Kind | None:
        """A kind with the version in which to ask for it; None where the server does not have it any more."""
        if text not in self._versions:
            served = self._all()
            for each in served.resources:
                self._versions.setdefault(group_kind(_id_of(each.kind)), each.kind)
            _, _, group = text.partition(".")
            if text not in self._versions and group in {each.rpartition("/")[0] for each in served.silent}:
                raise TransientError(
                    "server-busy",
                    f"the API group {group} does not answer, and a set has objects of it",
                    hint="see why: kubectl get apiservices",
                )
        return self._versions.get(text)

    def _is_namespaced(self, kind: Kind) -> bool:
        try:
            return self._kube.is_namespaced(kind)
        except NotFoundError:
            # In a bundle for the first time, or its CRD is gone: the list says that there are none.
            return False

    def _all(self) -> Served:
        if self._served is None:
            self._served = self._kube.resources()
        return self._served

    def _contents(self, namespace: str) -> Contents:
        objects: dict[str, JsonObject] = {}
        served = self._all()
        # A group that does not answer may have something in it.
        unread = [*served.silent]
        asked: set[str] = set()
        for each in served.resources:
            text = group_kind(_id_of(each.kind))
            if text in asked or not each.is_namespaced or not {"list", "delete"} <= set(each.verbs):
                continue
            asked.add(text)
            try:
                for live in self._kube.metadata(each.kind, namespace):
                    # Some objects are served by two groups: they are one all the same, of the first.
                    objects.setdefault(uid_of(live), live)
            except NotFoundError:
                continue
            except PermanentError:
                unread.append(text)
        return Contents(objects=tuple(objects.values()), unread=tuple(unread))

    def _list(self, kind: Kind, namespace: str, *, labels: str = "") -> list[JsonObject]:
        try:
            return self._kube.list(kind, namespace, labels=labels)
        except NotFoundError:
            return []
        except PermanentError as error:
            # With a namespace go the roles in it: what we could list there yesterday is forbidden then.
            if error.status == _FORBIDDEN and namespace and self._is_gone(namespace):
                return []
            raise

    def _is_gone(self, namespace: str) -> bool:
        """Whether there is no such namespace; who may not look does not know."""
        try:
            return self._kube.get(ObjectId("v1", "Namespace", "", namespace)) is None
        except PermanentError:
            return False


def _id_of(kind: Kind) -> ObjectId:
    return ObjectId(kind.api_version, kind.name, "", "")
