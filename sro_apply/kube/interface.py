"""What the applier asks of a cluster. The tests' doubles and the client are interchangeable here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import Protocol, TypeAlias

from msgspec import Struct

from sro_render.model.objects import JsonObject, ObjectId


class Kind(Struct, frozen=True, order=True):
    """A kind as an object names it: `apps/v1` and `DaemonSet`."""

    api_version: str
    name: str


class Resource(Struct, frozen=True, kw_only=True):
    """What a server says of a kind: its name in paths, and whether its objects lie in namespaces."""

    kind: Kind
    plural: str
    is_namespaced: bool
    verbs: tuple[str, ...] = ()


class Served(Struct, frozen=True, kw_only=True):
    """The kinds that a server has. silent: versions of groups that did not answer: theirs are not known."""

    resources: tuple[Resource, ...]
    silent: tuple[str, ...] = ()


class ApiVersions(Struct, frozen=True, kw_only=True):
    """What a server serves, as `.Capabilities.APIVersions` of Helm has it.

    served: `apps/v1` and `apps/v1/Deployment`, kinds of subresources too, A-Z.
    silent: versions of groups that did not answer: of those the kinds are not among `served`.
    """

    served: tuple[str, ...]
    silent: tuple[str, ...] = ()


class Propagation(StrEnum):
    """What becomes of what belongs to a deleted object."""

    BACKGROUND = "Background"
    FOREGROUND = "Foreground"


class Kube(Protocol):
    """A cluster.

    Every method raises TransientError or PermanentError; NotFoundError where the kind is not there. A kind
    that the server lists and that nobody answers for at this moment is there: that is a TransientError.
    """

    def is_namespaced(self, kind: Kind) -> bool:
        """Whether objects of a kind lie in namespaces."""

    def resources(self) -> Served:
        """All kinds that the server has, of each group the preferred version first."""

    def version(self) -> str:
        """The server's version, such as `v1.20.2`."""

    def api_versions(self) -> ApiVersions:
        """All group versions and kinds. An aggregated API that is down holds up no other."""

    def apply(
        self, manifest: JsonObject, *, force: bool, dry_run: bool = False, subresource: str = ""
    ) -> JsonObject:
        """Apply an object as field manager `sro-apply`, and return it as it is now.

        Args: force: take over fields that other managers hold; without it they are a conflict.
        """

    def get(self, identity: ObjectId) -> JsonObject | None:
        """An object; None where there is none."""

    def list(
        self, kind: Kind, namespace: str = "", *, labels: str = "", fields: str = ""
    ) -> list[JsonObject]:
        """The objects of a kind, in one namespace or in all.

        Args: labels: a selector, such as `app=driver`; fields: one of fields, such as `metadata.name=driver`.
        """

    def metadata(self, kind: Kind, namespace: str = "") -> Sequence[JsonObject]:
        """The same with nothing but `metadata`: the server does not send the rest."""

    def create(self, manifest: JsonObject) -> JsonObject:
        """Create an object. PermanentError with status 409 where one of its name is there."""

    def replace(self, manifest: JsonObject) -> JsonObject:
        """Put an object in the place of the one with its resourceVersion; 409 where that has changed."""

    def patch(self, identity: ObjectId, patch: JsonObject, *, subresource: str = "") -> JsonObject:
        """Change fields by a JSON merge patch (RFC 7386); null removes one."""

    def delete(
        self,
        identity: ObjectId,
        *,
        uid: str,
        propagation: Propagation,
        resource_version: str = "",
        dry_run: bool = False,
    ) -> None:
        """Delete the object with this uid; what has gone already is no error, another of its name is a 409.

        Args: resource_version: if it is given, an object that has changed since is a 409, too.
        """

    def act(self, identity: ObjectId, subresource: str, body: JsonObject) -> JsonObject:
        """POST to a subresource, such as a BuildConfig's `instantiate`."""

    def log(self, pod: ObjectId, container: str = "", *, tail_lines: int) -> str:
        """The last lines that a container has printed. Args: container: empty for the only one."""


class Page(Struct, frozen=True):
    """A part of a list. version: of the whole list, from which it can be watched."""

    items: Sequence[JsonObject]
    version: str


class Watch(Protocol):
    """Changes as they happen, from a list on."""

    def __iter__(self) -> Iterator[tuple[str, JsonObject]]:
        """What became of an object (`ADDED`, `MODIFIED`, `DELETED`, `BOOKMARK`), and the object.

        Raises: TransientError, PermanentError; with status 410 where the list must be read again.
        """

    def stop(self) -> None:
        """End it, whichever thread waits for the next change."""


class Watched(Kube, Protocol):
    """A cluster that says what changes."""

    def pages(self, kind: Kind, namespace: str = "", *, labels: str = "") -> Iterator[Page]:
        """As `list`, part after part.

        Raises: PermanentError with status 410: what came so far is of no use, begin again.
        """

    def watch(
        self, kind: Kind, namespace: str = "", *, labels: str = "", version: str, timeout_s: float
    ) -> Watch:
        """What changes after a list of this version, for so long at most."""


Gate: TypeAlias = Callable[[], float]
"""Asked right before a request is sent: for how many seconds it may be under way. Raises where it may not."""


class Gated(Kube, Protocol):
    """A cluster whose requests can be held back."""

    def behind(self, gate: Gate, *, is_urgent: bool = False) -> Watched:
        """The same cluster, over connections of its own, where each request asks `gate` first.

        Args: is_urgent: no request waits so that there are not too many of them.
        """


class Reading(Protocol):
    """What the server has, kept so that a look at an object costs no request. For several threads at once.

    Its methods raise TransientError or PermanentError where something has to be asked, and cannot be.
    """

    def live(self, identity: ObjectId) -> JsonObject | None:
        """An object of a bundle; None where there is none, or no kind of that name."""

    def ours(self, kind: Kind, namespace: str) -> Sequence[JsonObject]:
        """All objects of a kind that bundles have or had."""

    def put(self, live: JsonObject) -> None:
        """Keep what a request gave back: what is read later is never older than it."""

    def drop(self, identity: ObjectId) -> None:
        """Know nothing more of an object of a bundle, which was deleted."""

    def add_build(self, build: JsonObject) -> None:
        """Keep a Build that a request started."""

    def pods(self, namespace: str) -> Sequence[JsonObject]:
        """The pods of a namespace."""

    def builds(self, namespace: str) -> Sequence[JsonObject]:
        """The Builds of a namespace."""

    def nodes(self) -> Sequence[JsonObject]:
        """All nodes; the same sequence until something changes."""

    def forget(self) -> None:
        """A round is over: what is asked for next is to be as new as can be had without being told."""
