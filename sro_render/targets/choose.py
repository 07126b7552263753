"""The one place that knows all targets."""

from __future__ import annotations

from sro_render.targets.argocd import ArgoTarget
from sro_render.targets.flux import FluxTarget
from sro_render.targets.interface import Target
from sro_render.targets.options import ArgoOptions, FluxOptions, TargetOptions
from sro_render.targets.plain import PlainTarget


def target_of(options: TargetOptions) -> Target:
    """The target that these are the options of."""
    match options:
        case ArgoOptions():
            return ArgoTarget(options)
        case FluxOptions():
            return FluxTarget(options)
        case _:
            return PlainTarget()
