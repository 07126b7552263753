"""What a target is: who applies a bundle, and what it must find in it. One file for each beside this one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from sro_render.errors import Finding
from sro_render.model.bundle import Bundle
from sro_render.model.objects import JsonObject
from sro_render.targets.parts import ResourceParts


class Target(Protocol):
    """Turns a bundle into what one tool applies. All methods are pure."""

    @property
    def name(self) -> str:
        """As the user gives it, and as the lock has it."""
        ...

    @property
    def is_split(self) -> bool:
        """Whether what exists once is applied apart from the kernels of its state: see `layout.place`."""
        ...

    def dress(self, bundle: Bundle) -> Bundle:
        """The bundle with the target's annotations and with the objects that it adds to states.

        Args: bundle: as `layout.share` returns it.
        """
        ...

    def undress(self, manifest: JsonObject) -> JsonObject:
        """A manifest without the target's annotations, so that two can be compared."""
        ...

    def own_files(self, cluster: str, resources: Sequence[ResourceParts]) -> Mapping[str, bytes]:
        """The target's own objects and their kustomizations, by paths relative to OUT/CLUSTER.

        Each of them lies in the target's own folder, which starts with `_`, as no SR's does.
        """
        ...

    def findings(self, bundle: Bundle) -> tuple[Finding, ...]:
        """What of this bundle the tool does not do, and sro-apply does."""
        ...
