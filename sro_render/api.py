"""What other programs call: specs, charts and nodes in, a bundle out, or two bundles compared. Pure."""

from __future__ import annotations

from sro_render.charts.scope import Release
from sro_render.diff.bundles import FilePair, Side, StoredObject
from sro_render.diff.bundles import diff_bundles as compare
from sro_render.pipeline.build import DEFAULT_CLUSTER, Recipe, Render, check_charts, in_spec
from sro_render.pipeline.build import build as render
from sro_render.pipeline.dependencies import Charts, Resolution, resolve
from sro_render.pipeline.template import (
    Templated,
    TemplateOptions,
    release_name_of,
    template,
    template_each,
)
from sro_render.sprig.ambient import Ambient
from sro_render.targets.plain import lay_out

__all__ = [
    "DEFAULT_CLUSTER",
    "Ambient",
    "Charts",
    "FilePair",
    "Recipe",
    "Release",
    "Render",
    "Resolution",
    "Side",
    "StoredObject",
    "TemplateOptions",
    "Templated",
    "check_charts",
    "compare",
    "in_spec",
    "lay_out",
    "release_name_of",
    "render",
    "resolve",
    "template",
    "template_each",
]
