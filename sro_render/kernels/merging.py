"""What several inventory files say together: facts collected, and what contradicts what.

Decides which facts cannot stand beside each other, and how that is told. Which field of which object
is a fact is decided in `snapshot`.
"""

from __future__ import annotations

import re

from msgspec import Struct, field
from msgspec.structs import replace

from sro_render.errors import Faults, InputError
from sro_render.model.inventory import DriverToolkit, Node
from sro_render.model.objects import JsonObject, JsonValue, text_of
from sro_render.model.wording import type_name
from sro_render.source import Source, Span
from sro_render.yamltext.reader import locate_nearest

_KERNEL = re.compile(r"(?=.*[A-Za-z0-9])[!-.0-~]{1,64}")
"""What Linux can report (`struct new_utsname` has 64 characters), and a label and a folder can be made of."""
_MAX_SHOWN = 80
_TOOLKIT_FACTS = {"kernel": "kernel", "rt_kernel": "real-time kernel", "os_version": "OS version"}


class InventoryDocument(Struct, frozen=True, kw_only=True):
    """One document of an inventory file. source and index: the file and which document of it, from 0."""

    source: Source
    value: JsonObject
    index: int = 0

    @property
    def name(self) -> str:
        """The file's name."""
        return self.source.name


class Place(Struct, frozen=True):
    """Where a fact stands; looked up only when there is something to say about it."""

    document: InventoryDocument
    path: tuple[str | int, ...] = ()

    def at(self, *steps: str | int) -> Place:
        """A place inside this one."""
        return Place(self.document, (*self.path, *steps))

    def span(self) -> Span | None:
        """The place in the text, or that of what should have it."""
        return locate_nearest(self.document.source, self.path, self.document.index, value=True)

    @property
    def file(self) -> str:
        """The file's name."""
        return self.document.name


class Merger(Struct):
    """Collects facts and remembers which place said what."""

    faults: Faults = field(default_factory=Faults)
    nodes: dict[str, tuple[Node, Place]] = {}
    facts: dict[str, tuple[object, Place]] = {}
    planned: list[Node] = []
    toolkits: dict[tuple[str, str], tuple[DriverToolkit, Place]] = {}
    tags: dict[tuple[str, str], Place] = {}
    secrets: dict[str, tuple[str, Place]] = {}
    builder_secrets: dict[str, list[str]] = {}
    api_versions: dict[str, None] = {}

    def add_fact(self, name: str, value: object, place: Place) -> None:
        """Keep a fact of the cluster, unless it is empty; another value for it is an error."""
        if not value:
            return
        known, first = self.facts.setdefault(name, (value, place))
        if known != value:
            # A proxy's URL may hold a password: the values, and the line, are not shown.
            is_shown = isinstance(value, str)
            values = (str(known), str(value)) if is_shown else ("one", "another")
            self._contradict(f"the cluster's {name}", *values, first, place, is_shown=is_shown)

    def add_node(self, node: Node, place: Place, *kernel_path: str) -> None:
        """Keep a node; the same node with other facts, or twice in one document, is an error."""
        if not self.has_kernel(node, place.at(*kernel_path)):
            return
        known, first = self.nodes.setdefault(node.name, (node, place))
        if first.document is place.document and first is not place:
            hint = "give each node a name of its own, or remove one of them"
            self._add_contradiction(f"there are two nodes named {node.name!r}", first, place, hint)
        elif known.kernel != node.kernel:
            kernels = (str(known.kernel), str(node.kernel))
            self._contradict(f"the kernel of node {node.name}", *kernels, first, place)
        elif known != node:
            message = f"node {node.name} has other labels or facts in {place.file} than in {first.file}"
            self._add_contradiction(message, first, place)

    def has_kernel(self, node: Node, place: Place) -> bool:
        """Whether the node's kernel can be one; if not, that is an error."""
        if _KERNEL.fullmatch(node.kernel):
            return True
        shown = node.kernel if len(node.kernel) <= _MAX_SHOWN else f"{node.kernel[:_MAX_SHOWN]}…"
        self.faults.add(
            InputError(
                "inventory-kernel",
                f"{shown!r} cannot be a kernel's version",
                span=place.span(),
                subject=f"node {node.name}" if node.name else "a planned kernel",
                hint="it is what uname -r prints on the node: at most 64 visible ASCII characters "
                "without '/', a letter or digit among them",
            )
        )
        return False

    def needed(self, what: str, value: JsonValue, place: Place, *path: str) -> str:
        """A text that a node must have; empty where there is none, which is an error."""
        text = text_of(value)
        if not text:
            is_missing = value is None or value == ""
            self.faults.add(
                InputError(
                    "inventory-node",
                    f"{what} is missing"
                    if is_missing
                    else f"{what} must be a string, and is {type_name(value)}",
                    span=place.at(*path).span(),
                    path=".".join(path),
                    hint="take the snapshot with -o json or -o yaml, from a running cluster"
                    if is_missing
                    else "put it into quotes",
                )
            )
        return text

    def add_toolkit(self, toolkit: DriverToolkit, place: Place) -> None:
        """Keep a toolkit: one for each image and architecture.

        What one place leaves out another may add; the same image with other facts is an error.
        """
        key = (toolkit.image, toolkit.architecture)
        known, first = self.toolkits.setdefault(key, (toolkit, place))
        united = {}
        for fact, what in _TOOLKIT_FACTS.items():
            old, new = getattr(known, fact), getattr(toolkit, fact)
            if old and new and old != new:
                self._contradict(f"the {what} of driver toolkit {toolkit.image}", old, new, first, place)
            united[fact] = old or new
        self.toolkits[key] = (replace(known, **united), first)

    def known_toolkits(self) -> tuple[DriverToolkit, ...]:
        """The toolkits by image and architecture, without those that say no more than a tag does."""
        tagged = {image for _, image in self.tags}
        found = (self.toolkits[key][0] for key in sorted(self.toolkits))
        return tuple(
            each for each in found if each.image not in tagged or each != DriverToolkit(image=each.image)
        )

    def add_tag(self, tag: str, image: str, place: Place) -> None:
        """Keep a tag of the image stream, unless it is empty."""
        if tag and image:
            self.tags.setdefault((tag, image), place)

    def check_tags(self) -> None:
        """A tag that names several images, which are not each for an architecture of its own, is an error."""
        by_tag: dict[str, list[str]] = {}
        for tag, image in self.tags:
            by_tag.setdefault(tag, []).append(image)
        known: dict[str, list[str]] = {}
        for image, architecture in self.toolkits:
            known.setdefault(image, []).append(architecture)
        for tag, images in by_tag.items():
            told = ([each for each in known.get(image, ()) if each] or [""] for image in images)
            architectures = [each for of_image in told for each in of_image]
            is_clear = "" not in architectures and len(set(architectures)) == len(architectures)
            if len(images) > 1 and not is_clear:
                one, other = images[:2]
                what = f"the driver toolkit with tag {tag}"
                self._contradict(what, one, other, self.tags[tag, one], self.tags[tag, other])

    def add_secret(self, namespace: str, name: str, place: Place) -> None:
        """Keep the push secret of a namespace; a second one is an error."""
        known, first = self.secrets.setdefault(namespace, (name, place))
        if known != name:
            self._contradict(f"the push secret of namespace {namespace}", known, name, first, place)

    def _contradict(
        self, what: str, known: str, value: str, first: Place, place: Place, *, is_shown: bool = True
    ) -> None:
        message = f"{what} is {known} in {first.file}, but {value} in {place.file}"
        self._add_contradiction(message, first, place, is_shown=is_shown)

    def _add_contradiction(
        self,
        message: str,
        first: Place,
        place: Place,
        hint: str = "take one snapshot of the whole cluster, or drop the older file",
        *,
        is_shown: bool = True,
    ) -> None:
        self.faults.add(
            InputError(
                "inventory-contradiction",
                message,
                span=place.span() if is_shown else None,
                notes=(f"the first one is at {first.span()}",),
                hint=hint,
            )
        )

    def text(self, name: str) -> str:
        """A fact that is a text; empty where nobody said it."""
        value = self.facts[name][0] if name in self.facts else ""
        return value if isinstance(value, str) else ""
