"""The style and the script of the page that shows a diff: files of the package."""

from __future__ import annotations

from importlib.resources import files

from sro_render.review.diff_html import PageAssets


def page_assets() -> PageAssets:
    """Both files, read from where the package is installed."""
    folder = files("sro_render.review.page")
    return PageAssets(
        style=(folder / "page.css").read_text("utf-8"), script=(folder / "page.js").read_text("utf-8")
    )
