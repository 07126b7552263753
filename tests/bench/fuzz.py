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
import base64
import gzip
import io
import json
import os
import random
import re
import shutil
import signal
import subprocess
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

from sro_render.charts.archive import read_archive
from sro_render.charts.chart import load_chart
from sro_render.charts.engine import Engine
from sro_render.charts.helm_functions import functions
from sro_render.charts.scope import Capabilities, Release
from sro_render.errors import SroError
from sro_render.gotemplate.builtin_functions import BUILTINS
from sro_render.limits import Limits
from sro_render.source import Source
from sro_render.yamltext.reader import read_metadata, read_stream, read_value, read_values

LIMITS: Final = Limits(max_output_bytes=2**20, max_loop_iterations=20_000, max_yaml_alias_nodes=10_000)
HANG_S: Final = 20
LARGE: Final = Limits(max_output_bytes=2**26, max_loop_iterations=1_000_000)
ROOT: Final = Path(__file__).parents[2]
CHART: Final = b"apiVersion: v2\nname: c\nversion: 0.1.0\n"
VALUES: Final = {
    "text": "some text",
    "words": "The quick-brown_fox jumps, 3 times",
    "lines": "one\ntwo: 2\n\n  three\n",
    "unicode": "grüße \u6f22\u5b57 \U0001f600",
    "empty": "",
    "number": "42",
    "three": 3,
    "negative": -7,
    "large": 123456789012,
    "float": 2.5,
    "yes": True,
    "no": False,
    "nothing": None,
    "list": ["b", "a", 3, "c", None, 1.5, True],
    "names": ["x", "y", "z"],
    "map": {"a": 1, "b": {"c": "deep", "d": [1, 2]}, "e": None, "f": "text"},
    "strings": {"k": "v", "l": "w"},
    "none": {},
    "noitems": [],
    "version": "1.2.3-beta.1+build",
    "yaml": "a: 1\nb: [x, y]\n",
    "json": '{"a": [1, 2, {"b": null}]}',
    "path": "/usr/local/lib/file.tar.gz",
    "url": "https://user@example.org:8443/a/b?q=1#f",
}
NOT_THE_SAME: Final = frozenset(
    # Chance, time, order that Go leaves open, addresses, and what ends the run by design.
    [
        "now",
        "ago",
        "htmlDate",
        "date",
        "dateInZone",
        "date_in_zone",
        "dateModify",
        "date_modify",
        "mustDateModify",
        "must_date_modify",
        "keys",
        "values",
        "randAlphaNum",
        "randAlpha",
        "randAscii",
        "randNumeric",
        "randBytes",
        "randInt",
        "shuffle",
        "uuidv4",
        "genPrivateKey",
        "genCA",
        "genCAWithKey",
        "genSelfSignedCert",
        "genSelfSignedCertWithKey",
        "genSignedCert",
        "genSignedCertWithKey",
        "buildCustomCert",
        "bcrypt",
        "htpasswd",
        "encryptAES",
        "decryptAES",
        "derivePassword",
        "fail",
        "lookup",
        "getHostByName",
        "durationRound",
        "toDate",
        "mustToDate",
        "unixEpoch",
        "duration",
        "env",
        "expandenv",
        "osBase",
        "osDir",
        "osClean",
        "osExt",
        "osIsAbs",
        "printf",
        "print",
        "println",
        "htmlDateInZone",
    ]
)
"""Functions that the comparison with helm leaves out; the hunt for crashes does not."""


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


class Templates:
    """Random templates; most are well-formed and well-typed, some are neither."""

    def __init__(self, chance: random.Random, *, left_out: frozenset[str] = frozenset()) -> None:
        self.chance = chance
        known = {**BUILTINS, **functions()}
        self.functions = {name: known[name].types for name in sorted(known) if name not in left_out}
        self.by_result: dict[str, list[str]] = {}
        for name, signature in self.functions.items():
            self.by_result.setdefault(signature.result, []).append(name)
        self.variables: list[str] = []

    def template(self) -> str:
        self.variables = []
        text = self.body(self.chance.randrange(1, 4))
        if self.chance.random() < 0.3:
            text += f'{{{{ define "n" }}}}{self.body(1)}{{{{ end }}}}'
        if self.chance.random() < 0.9:
            # Inside of loops and scopes the dot is another one.
            text = re.sub(r"(?<!\$)\.Values", "$.Values", text)
        return self.mutated(text) if self.chance.random() < 0.05 else text

    def mutated(self, text: str) -> str:
        pieces = [
            "{{",
            "}}",
            " ",
            "-",
            "|",
            "(",
            ")",
            '"',
            "`",
            ".",
            "$",
            "end",
            "if",
            ":=",
            "'",
            "\\",
            "\n",
            "%!",
        ]
        at = self.chance.randrange(len(text) + 1)
        cut = self.chance.randrange(4)
        return text[:at] + self.chance.choice(pieces) + text[at + cut :]

    def body(self, depth: int) -> str:
        return "".join(self.statement(depth) for _ in range(self.chance.randrange(1, 4)))

    def statement(self, depth: int) -> str:
        outer = list(self.variables)
        kinds: list[Callable[[int], str]] = [self.text, self.action, self.action, self.declaration]
        if depth > 0:
            kinds += [self.conditional, self.loop, self.scope, self.call, self.comment]
        made = self.chance.choice(kinds)(depth)
        if not made.startswith(("{{ $", "{{- $")):
            self.variables = outer
        return made

    def text(self, depth: int) -> str:
        del depth
        return self.chance.choice(["a", " ", "\n", "x: ", "  - ", '"', "é", "} "])

    def braces(self, inner: str) -> str:
        left = self.chance.choice(["{{ ", "{{ ", "{{- "])
        return f"{left}{inner}{self.chance.choice([' }}', ' }}', ' -}}'])}"

    def comment(self, depth: int) -> str:
        del depth
        return self.chance.choice(["{{/* c */}}", "{{- /* c\n */ -}}"])

    def action(self, depth: int) -> str:
        return self.braces(self.pipeline(min(depth, 2)))

    def declaration(self, depth: int) -> str:
        name = self.chance.choice(["$a", "$b", "$c"])
        operator = "=" if name in self.variables and self.chance.random() < 0.5 else ":="
        made = self.braces(f"{name} {operator} {self.pipeline(min(depth, 2))}")
        if name not in self.variables:
            self.variables.append(name)
        return made

    def conditional(self, depth: int) -> str:
        other = ""
        if self.chance.random() < 0.4:
            other = self.braces(f"else if {self.pipeline(1)}") + self.body(depth - 1)
        if self.chance.random() < 0.4:
            other += self.braces("else") + self.body(depth - 1)
        return self.braces(f"if {self.pipeline(1)}") + self.body(depth - 1) + other + self.braces("end")

    def loop(self, depth: int) -> str:
        over = self.chance.choice(
            [
                ".Values.list",
                ".Values.map",
                ".Values.names",
                "(until 3)",
                "2",
                ".Values.noitems",
                self.value("any", 1),
            ]
        )
        head = self.chance.choice(["range {}", "range $e := {}", "range $k, $e := {}"]).format(over)
        jump = self.chance.choice(
            ["", "", "{{ break }}", "{{ continue }}", "{{ if . }}{{ continue }}{{ end }}"]
        )
        other = self.braces("else") + self.body(depth - 1) if self.chance.random() < 0.2 else ""
        return self.braces(head) + self.body(depth - 1) + jump + other + self.braces("end")

    def scope(self, depth: int) -> str:
        other = self.braces("else") + self.body(depth - 1) if self.chance.random() < 0.3 else ""
        return self.braces(f"with {self.pipeline(1)}") + self.body(depth - 1) + other + self.braces("end")

    def call(self, depth: int) -> str:
        del depth
        return self.chance.choice(
            ['{{ template "t" .Values.list }}', '{{ include "t" .Values.map | upper }}', '{{ template "t" }}']
        )

    def pipeline(self, depth: int) -> str:
        made = self.expression(depth)
        while self.chance.random() < 0.35:
            made += f" | {self.piped(depth)}"
        return made

    def expression(self, depth: int) -> str:
        if depth <= 0 or self.chance.random() < 0.3:
            return self.value("any", depth)
        return self.called(self.chance.choice(list(self.functions)), depth)

    def piped(self, depth: int) -> str:
        name = self.chance.choice(list(self.functions))
        return self.called(name, depth - 1, last=False)

    def called(self, name: str, depth: int, *, last: bool = True) -> str:
        signature = self.functions[name]
        wanted = list(signature.parameters)
        if signature.variadic is not None:
            wanted += [signature.variadic] * self.chance.randrange(3)
        if not last and wanted:
            wanted.pop()
        if self.chance.random() < 0.03:
            wanted.append("any")
        return " ".join([name, *(self.value(each, depth - 1) for each in wanted)])

    def value(self, go_type: str, depth: int) -> str:
        if self.chance.random() < 0.06:
            go_type = "any"
        if depth > 0 and self.chance.random() < 0.35:
            makers = self.by_result.get(go_type, []) if go_type != "any" else list(self.functions)
            if makers:
                return f"({self.called(self.chance.choice(makers), depth)})"
        return self.chance.choice(self.simple(go_type))

    def simple(self, go_type: str) -> Sequence[str]:
        texts = [
            '"a"',
            '"x-y"',
            "`raw`",
            '""',
            '"%d %v"',
            '"[a-z]+"',
            '" pad "',
            ".Values.text",
            ".Values.words",
            ".Values.lines",
        ]
        texts += [
            ".Values.unicode",
            ".Values.number",
            ".Values.version",
            ".Values.path",
            ".Values.yaml",
            ".Values.json",
            ".Release.Name",
        ]
        numbers = ["0", "1", "2", "-1", "10", "3"]
        maps = [
            ".Values.map",
            ".Values.strings",
            ".Values.none",
            '(dict "a" 1 "b" "x")',
            ".Values.map.b",
            "$.Values.map",
        ]
        lists = [
            ".Values.list",
            ".Values.names",
            ".Values.noitems",
            '(list 1 "a" nil)',
            ".Values.map.b.d",
            "(until 3)",
        ]
        match go_type:
            case "string":
                return texts
            case "int":
                return numbers
            case "float64":
                return ["1.5", "0.0", "-2.25", ".Values.float", ".Values.three"]
            case "bool":
                return ["true", "false", ".Values.yes", ".Values.no"]
            case "int64":
                return ["(int64 3)", "(int64 -1)"]
            case _ if go_type.startswith("map["):
                return maps
            case _ if go_type.startswith("[]"):
                return lists
        floats = [
            ".Values.three",
            ".Values.float",
            ".Values.negative",
            ".Values.large",
            "1.5",
            "'x'",
            "0x1F",
            "1e3",
        ]
        others = [
            "nil",
            "true",
            ".",
            "$",
            ".Values.nothing",
            ".Values.absent",
            ".Values.map.e",
            ".Values.map.b.c",
            ".Chart.Name",
        ]
        return [*texts, *numbers, *maps, *lists, *floats, *others, *self.variables]


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


HELPERS: Final = b'{{ define "t" }}[{{ . | toJson }}]{{ end }}'


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


def batch_files(texts: Sequence[str]) -> dict[str, bytes]:
    """A chart with a template for each text; what they render is printed as base 64, since it is no YAML."""
    files = {"Chart.yaml": CHART, "templates/_h.tpl": HELPERS}
    for number, text in enumerate(texts):
        name = f"t{number:05}"
        files[f"templates/_{name}.tpl"] = f'{{{{ define "{name}" }}}}{text}{{{{ end }}}}'.encode()
        files[f"templates/{name}.yaml"] = f'r: {{{{ include "{name}" . | b64enc | quote }}}}\n'.encode()
    return files


def ask_helm(helm: Path, texts: Sequence[str], folder: Path) -> tuple[dict[str, str], str]:
    """What helm prints for each text, by template, and what it says if it refuses."""
    chart = folder / "c"
    shutil.rmtree(chart, ignore_errors=True)
    (chart / "templates").mkdir(parents=True)
    for path, data in batch_files(texts).items():
        (chart / path).write_bytes(data)
    (folder / "values.json").write_text(json.dumps(VALUES, ensure_ascii=False))
    done = subprocess.run(
        [helm, "template", "rel", chart, "-n", "ns", "-f", folder / "values.json"],
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "TZ": "UTC"},
    )
    if done.returncode:
        return {}, done.stderr.decode("utf-8", "replace")[:500]
    parts = done.stdout.decode().split("---\n# Source: ")[1:]
    return {part.split("\n", 1)[0]: part.split("\n", 1)[1].strip() for part in parts}, ""


def ask_us(texts: Sequence[str]) -> dict[str, str]:
    """The same from us. Raises whatever the engine raises."""
    engine = Engine(load_chart(batch_files(texts), "c", LIMITS), LARGE)
    values = read_values(Source("values.json", json.dumps(VALUES, ensure_ascii=False)), LIMITS)
    texts_by_name = engine.render(values, Release(name="rel", namespace="ns"), Capabilities()).texts
    return {name: text.strip() for name, text in texts_by_name.items()}


def compare_with_helm(hunt: Hunt, chance: random.Random, count: int, helm: Path) -> None:
    templates = Templates(chance, left_out=NOT_THE_SAME)
    accepted: list[str] = []
    refused: dict[str, str] = {}
    while len(accepted) < count:
        text = templates.template()
        if "define" in text:
            continue
        outcome = hunt.run("template", text, lambda text=text: ask_us([text]))  # type: ignore[misc]
        if outcome is None:
            refused[text] = hunt.refusal
        else:
            accepted.append(text)
    with TemporaryDirectory() as name:
        folder = Path(name)
        for start in range(0, len(accepted), 300):
            _compare(hunt, helm, accepted[start : start + 300], folder)
        for text in list(refused)[: count // 20]:
            _, fault = ask_helm(helm, [text], folder)
            # Addresses differ from run to run, so that we print none.
            has_address = "prints as an address" in refused[text]
            hunt.counts[
                "refused by both" if fault else "address" if has_address else "refused by us alone"
            ] += 1
            if not fault and not has_address:
                hunt.bad.append(f"we refuse, helm renders: {text!r}")


def _compare(hunt: Hunt, helm: Path, texts: Sequence[str], folder: Path) -> None:
    """Compare a batch, whose templates share their values; where one side refuses it, its halves."""
    ours: Any = hunt.run("batch", texts, lambda: ask_us(texts))
    found, fault = ask_helm(helm, texts, folder)
    if (fault or ours is None) and len(texts) > 1:
        half = len(texts) // 2
        _compare(hunt, helm, texts[:half], folder)
        _compare(hunt, helm, texts[half:], folder)
        return
    if fault:
        hunt.bad.append(f"we render, helm refuses: {texts[0]!r}\n  {fault}")
        return
    for number, text in enumerate(texts):
        name = f"c/templates/t{number:05}.yaml"
        is_same = ours.get(name) == found.get(name)
        hunt.counts["same as helm" if is_same else "other than helm"] += 1
        if not is_same:
            shown = (decoded(side.get(name)) for side in (found, ours))
            hunt.bad.append("other than helm: {!r}\n  helm {!r}\n  ours {!r}".format(text, *shown))


def decoded(line: str | None) -> str:
    """What a template rendered, out of the line that holds it."""
    encoded = (line or "").rpartition("\n")[2].removeprefix("r: ").strip('"')
    return base64.b64decode(encoded).decode("utf-8", "replace")[:400]


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
