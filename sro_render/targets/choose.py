"""The one place that knows all targets."""

from __future__ import annotations

from sro_render.targets.interface import Target
from sro_render.targets.options import ArgoOptions, FluxOptions, TargetOptions
from sro_render.targets.plain import PlainTarget


def target_of(options: TargetOptions) -> Target:
    """The target that these are the options of.

    Only who asks for a tool pays for loading what is said to it.
    """
    match options:
        case ArgoOptions():
            from sro_render.targets.argocd import ArgoTarget  # noqa: PLC0415

            return ArgoTarget(options)
        case FluxOptions():
            from sro_render.targets.flux import FluxTarget  # noqa: PLC0415

            return FluxTarget(options)
        case _:
            return PlainTarget()
