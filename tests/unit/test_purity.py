"""Rendering touches nothing: no disk, network, process, clock or chance.

Judge: Python's own audit events while a chart that tries much is rendered. Modules are imported and
the inputs read before the watch begins. The layers' contracts forbid the imports; this catches the rest.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import diff_samples
import pytest
import yaml

from sro_render.api import Recipe, lay_out, render
from sro_render.charts.chart import load_chart
from sro_render.charts.engine import Engine
from sro_render.charts.scope import Capabilities, Release
from sro_render.edges.chart_files import load_chart_at
from sro_render.edges.page_assets import page_assets
from sro_render.kernels.merging import InventoryDocument
from sro_render.kernels.snapshot import read_inventory
from sro_render.limits import Limits
from sro_render.model.options import RenderOptions
from sro_render.model.specialresource import SpecialResource
from sro_render.review.diff_github import diff_github_report
from sro_render.review.diff_html import html_report
from sro_render.review.diff_json import diff_json_report
from sro_render.source import Source
from sro_render.sprig.ambient import Ambient

EXAMPLES = Path(__file__).parents[2] / "examples"
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


@pytest.mark.parametrize("name", ["01-simple-kmod", "02-jinja"])
def test_rendering_an_example_touches_nothing(name: str) -> None:
    example = EXAMPLES / name
    inventory = read_inventory(
        [
            InventoryDocument(
                source=Source(file, ""), value=yaml.safe_load((example / file).read_text("utf-8"))
            )
            for file in ("cluster.yaml", "driver-toolkits.yaml")
        ]
    )
    resource = SpecialResource.from_mapping(yaml.safe_load((example / "specialresource.yaml").read_text()))
    chart = load_chart_at(example / "charts" / "simple-kmod", Limits())
    recipes = [Recipe(resource=resource, chart=chart)]
    lay_out(render(recipes, inventory, RenderOptions()).bundle)
    with watched() as seen:
        files = lay_out(render(recipes, inventory, RenderOptions()).bundle)
    assert seen == []
    assert len(files) == 18


FUNCTIONS = """
{{ regexReplaceAll "a+" "baab" "$0-" }} {{ urlParse "http://[::1]/" }} {{ now | date "Jan 2" }} {{ ago now }}
{{ dateInZone "15:04 MST" now "Europe/Paris" }} {{ randAlphaNum 9 }} {{ uuidv4 }} {{ shuffle "abc" }}
{{ toToml .Values }} {{ fromToml "a = 2024-01-01" }} {{ toYamlPretty .Chart }} {{ mustToDuration "1h" }}
{{ camelcase "a b" }} {{ wrap 5 "a b c d" }} {{ b64enc "x" | sha256sum }}
"""


def test_functions_of_time_chance_and_text_touch_nothing() -> None:
    ambient = Ambient(now=datetime(2024, 1, 31, tzinfo=UTC), seed=b"s")
    files = {"Chart.yaml": b"apiVersion: v2\nname: c\nversion: 0.1.0\n", "templates/a": FUNCTIONS.encode()}
    engine = Engine(load_chart(files, "c", Limits()), Limits(), ambient)
    release = Release(name="r", namespace="n")
    # The first run imports libraries, and the rules of the zone, which are package data.
    first = engine.render({}, release, Capabilities()).texts
    with watched() as seen:
        again = engine.render({}, release, Capabilities()).texts
    assert (seen, again) == ([], first)


def test_reports_of_a_diff_touch_nothing() -> None:
    diff, assets = diff_samples.upgrade(), page_assets()

    def reports() -> tuple[str, ...]:
        return html_report(diff, assets), diff_json_report(diff), diff_github_report(diff)

    first = reports()
    with watched() as seen:
        again = reports()
    assert (seen, again) == ([], first)
