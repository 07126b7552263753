"""What the applier asks of a cluster. The tests' doubles and the client are interchangeable here."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from sro_render.model.objects import JsonObject, ObjectId


class Kind(Struct, frozen=True, order=True):
    """A kind as an object names it: `apps/v1` and `DaemonSet`."""

    api_version: str
    name: str


class Kube(Protocol):
    """A cluster.

    Every method raises TransientError or PermanentError; NotFoundError where the kind is not there.
    """

    def is_namespaced(self, kind: Kind) -> bool:
        """Whether objects of a kind lie in namespaces."""

    def apply(self, manifest: JsonObject, *, force: bool, dry_run: bool = False) -> JsonObject:
        """Apply an object as field manager `sro-apply`, and return it as it is now.

        Args: force: take over fields that other managers hold; without it they are a conflict.
        """

    def get(self, identity: ObjectId) -> JsonObject | None:
        """An object; None where there is none."""

    def list(self, kind: Kind, namespace: str = "", *, labels: str = "") -> list[JsonObject]:
        """The objects of a kind, in one namespace or in all.

        Args: labels: a selector, such as `app=driver`.
        """
