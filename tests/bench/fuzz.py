"""Throws generated templates and mutated files at the engine: `python tests/bench/fuzz.py`.

Three questions, each answered with random inputs that follow from `--seed`:

- does any template crash or hang the engine (`--templates N`)? What is refused must be refused with an
  error of ours;
- does any archive, values file, manifest or Chart.yaml (`--files N`)? They are made from real ones by
  cutting, repeating, swapping and flipping;
- does helm render the same (`--helm N`, with JUDGES naming the folder of the real helm)? What we render
  is put into one chart per batch, and helm must print the same texts; of what we refuse, some are given
  to helm alone, which must refuse too.

Ends with 1 and the inputs if the answer to any of them is bad.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import os
import random
import signal
import sys
import tarfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any, Final

from helm_batches import CHART, HELPERS, ask_helm, ask_us
from template_grammar import NOT_THE_SAME, VALUES, Templates

from sro_render.charts.archive import read_archive
from sro_render.charts.chart import load_chart
from sro_render.charts.engine import Engine
from sro_render.charts.scope import Capabilities, Release
from sro_render.errors import SroError
from sro_render.limits import Limits
from sro_render.source import Source
from sro_render.yamltext.reader import read_metadata, read_stream, read_value, read_values

LIMITS: Final = Limits(max_output_bytes=2**20, max_loop_iterations=20_000, max_yaml_alias_nodes=10_000)
HANG_S: Final = 20
ROOT: Final = Path(__file__).parents[2]


class Hang(BaseException):
    """An input took too long."""


@contextmanager
def watched() -> Iterator[None]:
    """Raise Hang when the block takes too long."""

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise Hang

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(HANG_S)
    try:
        yield
    finally:
        signal.alarm(0)


class Mutants:
    """Random changes to bytes."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def mutate(self, data: bytes) -> bytes:
        for _ in range(self.chance.randrange(1, 6)):
            data = self.chance.choice([self.flip, self.cut, self.repeat, self.swap, self.insert])(data)
        return data[: 2**18]

    def span(self, data: bytes) -> tuple[int, int]:
        start = self.chance.randrange(len(data) + 1)
        return start, min(len(data), start + self.chance.choice([1, 2, 5, 20, 100, 512]))

    def flip(self, data: bytes) -> bytes:
        start, _ = self.span(data)
        return data[:start] + bytes([self.chance.randrange(256)]) + data[start + 1 :]

    def cut(self, data: bytes) -> bytes:
        start, end = self.span(data)
        return data[:start] + data[end:]

    def repeat(self, data: bytes) -> bytes:
        start, end = self.span(data)
        return data[:end] + data[start:end] * self.chance.choice([1, 2, 50]) + data[end:]

    def swap(self, data: bytes) -> bytes:
        start, end = self.span(data)
        other, _ = self.span(data)
        return data[:other] + data[start:end] + data[other:]

    def insert(self, data: bytes) -> bytes:
        start, _ = self.span(data)
        pieces = [
            b"---\n",
            b"&a ",
            b"*a",
            b"<<: ",
            b": ",
            b"\n",
            b"\t",
            b"\0",
            b"!!binary ",
            b"? ",
            b"- ",
            b"[",
            b"{",
            b"|",
            b"../",
            b"\xff",
            b"1e999",
            b"0o7",
        ]
        return data[:start] + self.chance.choice(pieces) + data[start:]


def is_ours(error: BaseException) -> bool:
    """Whether an error is one that a user may see."""
    if isinstance(error, ExceptionGroup):
        return error.split(SroError)[1] is None
    return isinstance(error, SroError)


class Hunt:
    """Runs inputs, and keeps those that do what no input may do."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.bad: list[str] = []
        self.slowest = 0.0
        self.refusal = ""

    def run(self, what: str, shown: object, action: Callable[[], object]) -> object | None:
        """The outcome; None where the input was refused or did harm, with the reason in `refusal`."""
        start = time.perf_counter()
        try:
            with watched():
                outcome = action()
            self.counts[f"{what} accepted"] += 1
        except Hang:
            self.bad.append(f"{what} hangs: {shown!r}")
            return None
        except Exception as error:  # noqa: BLE001 - what this looks for
            if not is_ours(error) or not str(error):
                self.bad.append(f"{what} crashes: {shown!r}\n{traceback.format_exc()[-1500:]}")
                return None
            self.counts[f"{what} refused"] += 1
            self.refusal = str(error)
            return None
        finally:
            self.slowest = max(self.slowest, time.perf_counter() - start)
        return outcome


def render(text: str) -> str:
    files = {"Chart.yaml": CHART, "templates/a.yaml": text.encode(), "templates/_h.tpl": HELPERS}
    engine = Engine(load_chart(files, "c", LIMITS), LIMITS)
    values = read_values(Source("values.json", json.dumps(VALUES, ensure_ascii=False)), LIMITS)
    return engine.render(values, Release(name="rel", namespace="ns"), Capabilities()).texts[
        "c/templates/a.yaml"
    ]


def hunt_templates(hunt: Hunt, chance: random.Random, count: int) -> None:
    templates = Templates(chance)
    for _ in range(count):
        text = templates.template()
        hunt.run("template", text, lambda text=text: render(text))  # type: ignore[misc]


def archive(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(f"c/{name}")
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


def hunt_files(hunt: Hunt, chance: random.Random, count: int) -> None:
    mutants = Mutants(chance)
    example = ROOT / "examples" / "01-simple-kmod"
    texts = [path.read_bytes() for path in sorted(example.rglob("*.yaml"))]
    files = {
        path.relative_to(example / "charts/simple-kmod").as_posix(): path.read_bytes()
        for path in sorted((example / "charts/simple-kmod").rglob("*"))
        if path.is_file()
    }
    tar = archive(files)
    packed = gzip.compress(tar)
    readers: list[Callable[[Source, Limits], object]] = [read_values, read_stream, read_value, read_metadata]
    for number in range(count):
        if number % 2:
            data = mutants.mutate(packed) if number % 4 == 1 else gzip.compress(mutants.mutate(tar), 1)
            hunt.run("archive", data[:200], lambda data=data: load_archive(data))  # type: ignore[misc]
            continue
        text = mutants.mutate(chance.choice(texts)).decode("utf-8", "surrogateescape")
        reader = chance.choice(readers)
        hunt.run("text", text[:2000], lambda text=text, reader=reader: reader(Source("f", text), LIMITS))  # type: ignore[misc]
        mixed = {**files, "Chart.yaml": mutants.mutate(files["Chart.yaml"])}
        hunt.run("chart", mixed["Chart.yaml"], lambda mixed=mixed: load_chart(mixed, "c", LIMITS))  # type: ignore[misc]


def load_archive(data: bytes) -> object:
    return load_chart(read_archive(data, "c-1.tgz", LIMITS), "c-1.tgz", LIMITS)


def compare_with_helm(hunt: Hunt, chance: random.Random, count: int, helm: Path) -> None:
    templates = Templates(chance, left_out=NOT_THE_SAME)
    accepted: list[str] = []
    refused: dict[str, str] = {}
    while len(accepted) < count:
        text = templates.template()
        if "define" in text:
            continue
        outcome = hunt.run("template", text, lambda text=text: ask_us([text], VALUES))  # type: ignore[misc]
        if outcome is None:
            refused[text] = hunt.refusal
        else:
            accepted.append(text)
    with TemporaryDirectory() as name:
        folder = Path(name)
        for start in range(0, len(accepted), 300):
            _compare(hunt, helm, accepted[start : start + 300], folder)
        for text in list(refused)[: count // 20]:
            _, fault = ask_helm(helm, [text], VALUES, folder)
            # Addresses differ from run to run, so that we print none.
            has_address = "prints as an address" in refused[text]
            hunt.counts[
                "refused by both" if fault else "address" if has_address else "refused by us alone"
            ] += 1
            if not fault and not has_address:
                hunt.bad.append(f"we refuse, helm renders: {text!r}")


def _compare(hunt: Hunt, helm: Path, texts: Sequence[str], folder: Path) -> None:
    """Compare a batch; where one side refuses it, its halves."""
    ours: Any = hunt.run("batch", texts, lambda: ask_us(texts, VALUES))
    found, fault = ask_helm(helm, texts, VALUES, folder)
    if (fault or ours is None) and len(texts) > 1:
        half = len(texts) // 2
        _compare(hunt, helm, texts[:half], folder)
        _compare(hunt, helm, texts[half:], folder)
        return
    if fault:
        hunt.bad.append(f"we render, helm refuses: {texts[0]!r}\n  {fault}")
        return
    for text, helms, our in zip(texts, found, ours, strict=True):
        is_same = helms == our
        hunt.counts["same as helm" if is_same else "other than helm"] += 1
        if not is_same:
            hunt.bad.append(f"other than helm: {text!r}\n  helm {helms[:400]!r}\n  ours {our[:400]!r}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--templates", type=int, default=0)
    parser.add_argument("--files", type=int, default=0)
    parser.add_argument("--helm", type=int, default=0)
    options = parser.parse_args()
    hunt = Hunt()
    hunt_templates(hunt, random.Random(f"templates {options.seed}"), options.templates)
    hunt_files(hunt, random.Random(f"files {options.seed}"), options.files)
    if options.helm:
        helm = Path(os.environ.get("JUDGES", ""), "helm")
        compare_with_helm(hunt, random.Random(f"helm {options.seed}"), options.helm, helm)
    for bad in hunt.bad:
        sys.stdout.write(f"{bad}\n")
    sys.stdout.write(
        f"{dict(sorted(hunt.counts.items()))}, slowest {hunt.slowest:.2f} s, bad {len(hunt.bad)}\n"
    )
    return 1 if hunt.bad else 0


if __name__ == "__main__":
    sys.exit(main())
