"""Debian's Chromium, driven by Playwright: the judge of our pages."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright


class Launcher:
    """A browser that is started again when it has died, so that one test's crash is not the next one's."""

    def __init__(self, start: Path, said: Path, playwright: Playwright) -> None:
        self._start, self._said, self._playwright = start, said, playwright
        self._browser: Browser | None = None

    def browser(self) -> Browser:
        if self._browser is None or not self._browser.is_connected():
            self._said.write_bytes(b"")
            # Root, as whom CI runs, has no sandbox; a small /dev/shm, as in containers, is not enough for it.
            arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
            self._browser = self._playwright.chromium.launch(executable_path=self._start, args=arguments)
        return self._browser

    def last_words(self) -> str:
        """What the browser wrote to its standard error, if it has died; else nothing."""
        if self._browser is None or self._browser.is_connected():
            return ""
        lines = self._said.read_text("utf-8", errors="replace").splitlines()
        return "\n".join(["the browser has died:", *lines[-10:]])

    def close(self) -> None:
        if self._browser is not None:
            self._browser.close()


@pytest.fixture(scope="session")
def launcher(chromium: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    folder = tmp_path_factory.mktemp("browser")
    start, said = folder / "start", folder / "stderr"
    start.write_text(f'#!/bin/sh\nexec {shlex.quote(str(chromium))} "$@" 2>>{shlex.quote(str(said))}\n')
    start.chmod(0o755)
    with sync_playwright() as playwright:
        made = Launcher(start, said, playwright)
        yield made
        made.close()


@pytest.fixture
def browser(launcher: Launcher) -> Iterator[Browser]:
    yield launcher.browser()
    if words := launcher.last_words():
        pytest.fail(words, pytrace=False)
