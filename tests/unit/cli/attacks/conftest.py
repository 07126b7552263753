"""A chart that somebody hostile wrote, and both commands that render it, with nothing allowed outside.

The chart is the one of the fixture `project`. Each command is run with a limit of time that a hang would
reach, and afterwards every folder around must be as it was.
"""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SECONDS = "30"
CHART = "apiVersion: v2\nname: kmod\nversion: 1.0.0\n"
SECRET = "the secret of somebody else"


def tgz(*entries: tuple[str, bytes | str] | tarfile.TarInfo) -> bytes:
    """An archive with these entries as they are, however wrong: (path, content), or a header alone."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for each in entries:
            if isinstance(each, tarfile.TarInfo):
                archive.addfile(each)
                continue
            path, content = each
            data = content.encode() if isinstance(content, str) else content
            header = tarfile.TarInfo(path)
            header.size = len(data)
            archive.addfile(header, io.BytesIO(data))
    return gzip.compress(packed.getvalue())


def laughs(levels: int = 9) -> str:
    """YAML whose aliases stand for ten times as many values at each level."""
    lines = ["l0: &l0 [ha,ha,ha,ha,ha,ha,ha,ha,ha,ha]"]
    for level in range(1, levels):
        aliases = ",".join([f"*l{level - 1}"] * 10)
        lines.append(f"l{level}: &l{level} [{aliases}]")
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Victim:
    """Runs `template` and `build` over a hostile chart."""

    project: Any

    @property
    def root(self) -> Path:
        """The folder with `spec.yaml`, `nodes.json` and `charts/kmod`; a secret lies beside it."""
        return self.project.root  # type: ignore[no-any-return]

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Files of the chart, by their path in its folder."""
        for path, content in files.items():
            self.project.write(f"charts/kmod/{path}", content)

    def pack(self, archive: bytes) -> None:
        """Put an archive in the place of the chart's folder."""
        for path in sorted((self.root / "charts/kmod").rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        (self.root / "charts/kmod").rmdir()
        self.project.write("charts/kmod-1.0.0.tgz", archive)

    def run(self, command: str, *options: str) -> Any:
        """The outcome of one command; whatever it is, nothing outside of the output may have changed."""
        before = self._everything()
        if command == "template":
            archive = "charts/kmod-1.0.0.tgz"
            chart = archive if (self.root / archive).exists() else "charts/kmod"
            arguments = ("template", "kmod", chart, "--output-dir", "out")
            outcome = self.project.run(*arguments, "--time-limit", SECONDS, *options)
        else:
            outcome = self.project.build("--time-limit", SECONDS, *options)
        assert outcome.code != 3, outcome.err
        assert self._everything() == before, "something outside of the output was changed"
        assert SECRET not in outcome.out + outcome.err
        assert not [path for path, data in self.output().items() if SECRET.encode() in data]
        return outcome

    def assert_refused(self, first_line: str, *options: str, command: str = "") -> None:
        """Both commands, or the one, exit with 2, say this line first, and write nothing."""
        for each in [command] if command else ["template", "build"]:
            outcome = self.run(each, *options)
            line = outcome.err.split("\n", 1)[0]
            assert (each, outcome.code, line) == (each, 2, f"error{first_line}")
            assert outcome.out == ""
            assert not (self.root / "out").exists()

    def output(self) -> dict[str, bytes]:
        """What was written, by path."""
        return self.project.files()  # type: ignore[no-any-return]

    def _everything(self) -> dict[str, bytes | None]:
        out = self.root / "out"
        return {
            str(path): path.read_bytes() if path.is_file() and path.stat().st_size < 2**20 else None
            for path in self.root.parent.rglob("*")
            if path != out and out not in path.parents
        }


@pytest.fixture(name="tgz")
def give_tgz() -> Callable[..., bytes]:
    """Makes an archive of entries as they are."""
    return tgz


@pytest.fixture(name="laughs")
def give_laughs() -> Callable[..., str]:
    """Makes YAML that grows without bound when its aliases are followed."""
    return laughs


@pytest.fixture
def victim(project: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Victim:
    """The project below a folder of its own, with a secret beside it."""
    inner = tmp_path / "work"
    inner.mkdir()
    for path in list(tmp_path.iterdir()):
        if path != inner:
            path.rename(inner / path.name)
    (tmp_path / "secret.yaml").write_text(f"secret: {SECRET}\n")
    monkeypatch.chdir(inner)
    return Victim(type(project)(inner, project.capsys))
