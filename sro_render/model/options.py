"""What a render depends on beside its inputs: choices, limits, and time and chance as inputs."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct, field

from sro_render.limits import Limits


class RenderOptions(Struct, frozen=True, kw_only=True):
    """The choices of one `build`."""

    cluster: str = ""
    """Name of the cluster; empty takes the inventory's."""
    api_versions: tuple[str, ...] = ()
    allow_secrets: bool = False
    now: datetime | None = None
    """The time that templates see; None refuses those that ask for it."""
    seed: bytes | None = None
    """The secret that chance in templates follows from; None refuses those that ask for it."""
    limits: Limits = field(default_factory=Limits)
