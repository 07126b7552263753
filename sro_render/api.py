"""What other programs call: specs, charts and an inventory in, a bundle out. Pure."""

from __future__ import annotations

from sro_render.pipeline.build import Recipe, Render, in_spec
from sro_render.pipeline.build import build as render
from sro_render.targets.plain import lay_out

__all__ = ["Recipe", "Render", "in_spec", "lay_out", "render"]
