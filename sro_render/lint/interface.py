"""What the rules look at, and what they answer.

A rule is a pure function from one SR's rendered objects to hits; it knows nothing of files, folding,
silence and reports. What it cannot know itself (places, schemas) is asked through protocols.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from sro_render.errors import Mend
from sro_render.model.bundle import RenderedObject, RenderedResource
from sro_render.model.objects import JsonValue
from sro_render.model.problem import Rule
from sro_render.model.wording import KeyPath
from sro_render.source import Span


class Places(Protocol):
    """Finds what wrote an object."""

    def place_of(self, rendered: RenderedObject, path: KeyPath, *, of_key: bool = False) -> Span | None:
        """The template's place that wrote a field's value, or its key."""
        ...


class KindSchema(Protocol):
    """The schema of one kind, as the API server of some version has it."""

    def faults(self, manifest: Mapping[str, JsonValue]) -> Iterator[Any]:
        """Every fault: `instance_path`, `kind` (with `name` and what it says) and `message`."""
        ...

    def known_fields(self, path: KeyPath) -> Sequence[str]:
        """The fields that the mapping at a key path may have; none if it may have any."""
        ...


class Schemas(Protocol):
    """The schemas of one version of Kubernetes."""

    version: tuple[int, int]

    def of(self, api_version: str, kind: str) -> KindSchema | None:
        """The schema of a kind; None for kinds that are not Kubernetes' own."""
        ...

    def served(self, kind: str) -> Sequence[str]:
        """The API versions that have the kind, A-Z."""
        ...


class Subject(Struct, frozen=True, kw_only=True):
    """One SR, rendered, and what is known of the cluster that it is for.

    kube_version: major and minor.
    toolkits:     kernel to its driver toolkit's image, empty where there is none.
    schemas:      None if they are not installed.
    """

    resource: RenderedResource
    kube_version: tuple[int, int]
    toolkits: Mapping[str, str] = {}
    schemas: Schemas | None = None

    def objects(self) -> Iterator[RenderedObject]:
        """All objects in the order in which they are applied."""
        for state in self.resource.states:
            yield from state.objects


class Hit(Struct, frozen=True, kw_only=True):
    """A rule that an object breaks.

    message:  without the object's name: equal messages at one place are shown once.
    rendered: None where it is the SR as a whole.
    path:     where in the object.
    of_key:   whether the key is wrong, not its value.
    hidden:   a text that must not be shown with the place.
    is_one:   whether equal messages of an SR are one problem wherever they stand.
    """

    rule: Rule
    message: str
    rendered: RenderedObject | None = None
    path: KeyPath = ()
    of_key: bool = False
    hint: str = ""
    notes: tuple[str, ...] = ()
    mend: Mend | None = None
    hidden: str = ""
    is_one: bool = False


Check = Callable[[Subject], Iterator[Hit]]
