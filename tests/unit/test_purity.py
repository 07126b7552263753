"""Rendering touches nothing: no disk, network, process, clock or chance.

Judge: Python's own audit events while a chart that tries much is rendered. Modules are imported and
the inputs read before the watch begins. The layers' contracts forbid the imports; this catches the rest.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from sro_render.api import Recipe, lay_out, render
from sro_render.edges.chart_store import load_chart_at
from sro_render.kernels.merging import InventoryDocument
from sro_render.kernels.snapshot import read_inventory
from sro_render.limits import Limits
from sro_render.model.options import RenderOptions
from sro_render.model.specialresource import SpecialResource
from sro_render.source import Source

EXAMPLE = Path(__file__).parents[2] / "examples" / "01-simple-kmod"
FORBIDDEN = ("open", "os.", "socket.", "subprocess.", "shutil.", "tempfile.", "glob.", "import", "pathlib.")
_watching: list[str] | None = None


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching is not None and event.startswith(FORBIDDEN):
        _watching.append(f"{event} {arguments}")


sys.addaudithook(_audit)


@contextmanager
def watched() -> Iterator[list[str]]:
    global _watching  # noqa: PLW0603 - an audit hook stays for the life of the process
    seen: list[str] = []
    _watching = seen
    try:
        yield seen
    finally:
        _watching = None


def test_the_watch_sees_a_file_that_is_opened() -> None:
    with watched() as seen:
        Path(__file__).read_bytes()
    assert any(event.startswith("open ") for event in seen)


def test_rendering_the_example_touches_nothing() -> None:
    inventory = read_inventory(
        [
            InventoryDocument(
                source=Source(name, ""), value=yaml.safe_load((EXAMPLE / name).read_text("utf-8"))
            )
            for name in ("cluster.yaml", "driver-toolkits.yaml")
        ]
    )
    resource = SpecialResource.from_mapping(yaml.safe_load((EXAMPLE / "specialresource.yaml").read_text()))
    chart = load_chart_at(EXAMPLE / "charts" / "simple-kmod", Limits())
    recipes = [Recipe(resource=resource, chart=chart)]
    lay_out(render(recipes, inventory, RenderOptions()).bundle)
    with watched() as seen:
        files = lay_out(render(recipes, inventory, RenderOptions()).bundle)
    assert seen == []
    assert len(files) == 18
