"""What a render depends on beside its inputs: limits and choices, never the clock or chance."""

from __future__ import annotations

from dataclasses import dataclass, field

from sro_render.limits import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOptions:
    """The choices of one `build`."""

    cluster: str = ""
    """Name of the cluster; empty takes the inventory's."""
    api_versions: tuple[str, ...] = ()
    allow_secrets: bool = False
    limits: Limits = field(default_factory=Limits)
