"""The real helm as judge of values files: what `-f` and a chart's own values.yaml mean, and what is refused.

Matrix: encodings and line ends, white space and tabs, several documents in one file, what stands at
the top, keys that are no strings, duplicates, anchors, merges, tags, numbers, words, quotes, blocks;
then generated files. Files that are right are sub-charts of one chart, so that one process reads all;
a file that is refused has a process of its own. Left out: UTF-16 with the low byte first, which helm
itself spoils by adding a line break of one byte; a byte order mark that begins a later line, which
go-yaml takes for text; the order of keys in toYaml (test_yaml_judges).
"""

from __future__ import annotations

import json
import subprocess
from base64 import b64decode
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sro_render.charts.chart import load_chart
from sro_render.charts.engine import Engine
from sro_render.charts.scope import Capabilities, Release
from sro_render.errors import SroError
from sro_render.limits import Limits
from sro_render.yamltext.reader import decode, read_values

LIMITS = Limits()

TEXTS = (
    # Encodings, line ends, white space.
    "\ufeffa: 1\n", "a: 1\r\nb:\r\n  c: 2\r\n", "a: 1\r\n---\r\nb: 2\r\n", "a: 1\rb: 2\r", "a: x\u2028b: 1\n", "a: x\u2029b: 1\n", "a: 'x\u2028y'",
    "a: \U0001f600", "\u00e9: \u6f22", "a: x\u00a0", "\u00a0a: 1", "a: 1\n\n\n", "\n\n  \na: 1", "  a: 1\n  b: 2", "a: 1   ", "a:\t1",
    "a:\t\n  b", "a: 1\t", "a: 1 \t# x", "a: \ufeffx", "a: x\ufeff", "a: 'x\ufeffy'", "\ufeff# x\n", "a: 1\n---\n\ufeffb: 2", "a: \ufffd", "a: \ue000",
    # Empty, and several documents.
    "", "\n", "# x", "---", "---\n---\n", "--- # x\na: 1", "---\t\na: 1\n", "---   #\na: 1", "a: 1\n---\nb: 2",
    "a: 1\n---\na: 2\n", "a: {b: 1}\n---\na: {c: 2}", "a: [1]\n---\na: [2]", "a: {b: 1}\n---\na: null", "a: {b: 1}\n---\na: 1\n---\na: {c: 1}", "a: 1\n---", "a: 1\n---\n\n---\n# x\n---\nb: 2",
    "a: 1\n...\n", "a: 1\n...\nb: 2", "a: 1\n...\n---\nb: 2", "a: 1\n... x", "null", "~", "a: 1\n---\nnull", "{}", "a: 1\n ---\n", "a: 1\n---\u00a0\nb: 2", "a: 1\n---\x0b#\nb: 2", "a: 1\n---\n---\t# \nb: 2", "\n---\n--- # x\na: 1", "a:\n  ---\n", "a: |\n  x\n  ---\n  y",
    'a: "\n  ---\n  x"', "!!map {a: 1}", "!foo {a: 1}", "&x {a: 1}", "{a: 1}{b: 2}", "{a: 1}\n{b: 2}", "{a: 1} # x", "{a: 1}\n---\n{b: 2}",
    "a: {b: null}\n---\na: {b: 1}", "a: {b: 1}\n---\na: {b: null}", "? a\n: 1", "? a", "? a\n? b", "{a, b: }", "{a}", "{? a : 1}",
    # Keys.
    "1: a", "1.5: a", "1.0: a", "1e3: a", "0x10: a", "0o17: a", "017: a", "1_000: a", "true: a", "yes: a", "y: a", "NO: a", "off: a", ".inf: a", "-.inf: a", ".nan: a", "2001-01-01: a", "12:30: a", "'': a", '"": a',
    "'1': a", "!!str 1: a", "!!int '1': a", "!!float 1: a", "!!bool 'true': a", "!!binary aGk=: a", "&x a: *x", "a b: 1", "a.b: 1", "'a: b': 1", "a:b: 1", "-a: 1", "?a: 1", "<<<: 1", "'<<': 1", '"<<": 1', "!!str <<: 1", "=: 1",
    "18446744073709551616: a", "-9223372036854775809: a", "9223372036854775807: a", "1e300: a", "123456789.123: a", "0.1: a", "1e-7: a", "~x: a", "00: a", "+1: a", "-0: a", "-0.0: a",
    # Duplicates, anchors, merges.
    "a: 1\na: 2", "a: {b: 1}\na: {c: 2}", "a: [1]\na: [2]", "{a: 1, a: 2}", "a: {b: 1, b: 2}", "a: &x 1\nb: *x", "a: &x {b: 1}\nc: *x", "a: &x [1, 2]\nb: [*x, *x]", "a: &x 1\nb: &x 2\nc: *x", "a: &x\nb: *x", "a: &x {b: &y 1}\nc: *y", "a: &x 010\n*x : b",
    "a: &x k\n*x : 1", "m: &m {a: 1}\nr: {<<: *m}", "m: &m {a: 1}\nr: {<<: *m, a: 2}", "m: &m {a: 1}\nr: {a: 2, <<: *m}", "m: &m {a: 1}\nn: &n {a: 2, b: 3}\nr: {<<: [*m, *n]}", "r: {<<: {a: 1}}", "r: {<<: []}", "r: {<<: {}}",
    "m: &m {a: 1}\nr:\n  <<: *m\n  <<: {b: 2}", "m: &m {a: {b: 1}}\nr: {<<: *m, a: {c: 2}}", "m: &m {<<: {a: 1}, b: 2}\nr: {<<: *m}", "<<: {a: 1}\nb: 2", "m: &m {1: a}\nr: {<<: *m}", "a: 1\n---\nb: &x 1\nc: *x", "r: {<<: [{a: 1}, {a: 2}], a: 3}", "r: {!!merge x: {a: 1}}",
    # Tags.
    "a: !!str 1", "a: !!str", "a: !!int 1", "a: !!int '1'", "a: !!int 0x1f", "a: !!float 1", "a: !!float '1.5'", "a: !!bool yes", "a: !!bool 'no'", "a: !!null ''", "a: !!null ~", "a: !!binary aGk=", "a: !!binary |\n  aGVs\n  bG8=", "a: !!binary /w==", "a: !!timestamp 2001-01-01",
    "a: !!timestamp '2001-01-01 10:00:00'", "a: !!seq [1]", "a: !!map {b: 1}", "a: !!set {b, c}", "a: !!omap [b: 1]", "a: !!pairs [b: 1]", "a: !foo 1", "a: !foo [1]", "a: !foo {b: 1}", "a: ! 1", "a: !<tag:yaml.org,2002:str> 1", "a: !<x> 1", "a: ! [1]", "a: !!python/object:x 1", "a: !!seq {b: 1}", "a: !!map [1]", "a: !!str [1]", "a: !!str {b: 1}",
    "a: &x !!str 1\nb: *x", "a: !!str &x 1\nb: *x", "a: !!str true", "a: !!str ~", "a: !!str .inf", "a: !!int 1_000", "a: !!int -0b1", "a: !!float .5", "a: !!float 1e3", "a: !!foo 1", "!!str a: 1",
    # Numbers.
    "a: 1", "a: -1", "a: +1", "a: 0", "a: -0", "a: 00", "a: 01", "a: 08", "a: 0o17", "a: 0O17", "a: -0o17", "a: 017", "a: -017", "a: 0x1F", "a: 0X1f", "a: -0x1", "a: 0xg", "a: 0b11", "a: 0B11", "a: -0b11", "a: 0b2", "a: 1_000", "a: 1__0", "a: _1", "a: 1_", "a: 0x_1", "a: 1.5", "a: 1.", "a: .5", "a: -.5", "a: +.5", "a: 1.5e3", "a: 1e3", "a: 1E3", "a: 1e+3", "a: 1e-3", "a: 1e", "a: e1", "a: 1.0", "a: 1.50", "a: 1_0.5_0", "a: .5_0",
    "a: 9007199254740992", "a: 9007199254740993", "a: 9223372036854775807", "a: 9223372036854775808", "a: 18446744073709551615", "a: 18446744073709551616", "a: -9223372036854775808", "a: -9223372036854775809", "a: 0xffffffffffffffff", "a: 0x10000000000000000", "a: 123456789012345678901234567890", "a: 1e400", "a: -1e400", "a: 1e-400", "a: 1e21", "a: 1e20", "a: 1e-7", "a: 0.1", "a: 3.4028236e38", "a: 1.7976931348623157e308", "a: 4.9e-324", "a: 12345678.9", "a: 100000000000000000000000",
    "a: 12:30", "a: 12:30:45", "a: -1:30", "a: 1:60", "a: 1.5:30", "a: 2001-01-01", "a: 2001-12-14t21:59:43.10-05:00", "a: 2001-12-14 21:59:43", "a: 2001-13-01", "a: 1.2.3", "a: 1-2", "a: 0.0.0.0", "a: 4.18.0-305", "a: 0e0", "a: 0.0", "a: -0.0", "a: [-0, -0e3, -00, !!float -0, !!float -0.0, -.0, 0.0]", "a: &x -0.0\nb: [*x]\n*x : c", "a: 1e0", "a: 0x", "a: +0x1", "a: 0o8", "a: 1,000", "a: \u0661", "a: 1\u0661", "a: 0777777777777777777777", "a: 02000000000000000000000", "a: 0b-1", "a: [010, 0o10, 8]",
    # Words, quotes, blocks.
    "a: yes", "a: Yes", "a: YES", "a: yEs", "a: y", "a: Y", "a: n", "a: on", "a: Off", "a: true", "a: True", "a: tRue", "a: ~", "a: null", "a: Null", "a: NULL", "a: nUll", "a:", "a: ''", 'a: ""', "a: 'yes'", "a: nil", "a: none", "a: t", "a: = ", "a: <<", "a: .", "a: ..", "a: [y, ~, '', ]", "a: [[], {}]",
    "a: 'it''s'", 'a: "\\x41\\u00e9\\U0001F600\\0\\a\\e\\_\\N\\L\\P"', 'a: "x\\\n  y"', 'a: "x\n  y\n\n  z"', "a: 'x\n  y\n\n  z'", "a: x\n  y\n\n  z", "a: x #y", "a: x#y", "a: 'x' # y", "a: |\n  x\n  y\n", "a: |-\n  x\n", "a: |+\n  x\n\n", "a: >\n  x\n  y\n\n  z\n   w\n  v\n", "a: >-\n  x\n  y", "a: |2\n    x\n", "a: |\n\n\n  x", "a: |\n", "a: >\n\n", "a: |+\n\n\nb: 1", "a: | # c\n  x", "a: |1-\n  x",
    "a:\n- 1\n- 2", "a:\n  - 1\n  -\n  - - 2\n    - 3", "a:\n- b: 1\n  c: 2\n-  d: 3", "a: [1, [2], {b: 3}]", "a: [b: 1]", "a: [b: 1, c]", "a: {b: [1], c: {d: e}}", "a: {b:1}", 'a: {"b":1}', "a: [a b, c]", "a: [1,2,]", "a: {b: 1,}", "a: [\n1,\n2\n]", "a: '{{ b }}'", "a: [x:y]", "a: x?y", "a: ['x?y']", "a: [?x]", "a: {?x: y}", "a: [? x]", "a: {?x : y}", "a: [x, ?y : z]", "a: {b: [?x: y]}", "a: [\n?x]", 'a: {b: "?"}', "a: :x", "a: -x", "a: ?x", "a: x]", "a: x,y", " a: 1\nb: 2", "{a: 1}}", "a: #", "a: {b: }", "a: {b}", "a: [{b}]",
    "a: &x\n  b: 1", "a: &x\n  - 1", "a: !!map\n  b: 1", "a:\n  # x\n  b: 1\n # y\n  c: 2", "a: 1 # \ufffd", "global: {a: 1}", "a: {global: 1}",
)  # fmt: skip
REFUSED = (
    # Encodings, control characters, tabs.
    b"a: \xff", b"a: x\xc3", b"a: \xed\xa0\x80", b"a: \xf4\x90\x80\x80", b"a: \xc0\x80", b"a: \x00", b"a: 1\n\x00", b'a: "x\x00y"', b"# \x00\na: 1", b"a: \x01", b"a: \x7f", b"a: x\x0cy", b"# \x1b", b"a: \xc2\x80", b"a: \xef\xbf\xbe", b"\xff\xfea",
    b"\t", b"\ta: 1", b"a:\n\tb: 1", b"a: 1\n\t\n", b"a: 1\n\t# x", b"a:\n  b: 1\n\tc: 2", b"a: \xc2\x85x",
    # Documents, and what stands at the top.
    b"--- a: 1", b"---a: 1", b"--- {a: 1}", b"--- |\n x", b"a: 1\n---x\nb: 2", b"----\na: 1", b"a: 1\n--- - x", b"--- &x\na: 1", b"---\xc2\xa0x\na: 1", b"a: |\nx\n---\ny\n", b'a: "\n---\nx"', b"a: [1,\n---\n2]",
    b"[]", b"! |-", b"!", b"[1, 2]", b"- a", b"text", b"42", b"true", b"''", b"a: 1\n---\n[]", b"a: 1\n---\nx", b"!!str", b"!!binary aGk=", b"|\n a", b"%YAML 1.2\n---\na: 1", b"%YAML 1.1\na: 1", b"%FOO\n---\na: 1", b"%YAML 1.1\n---\na: 1\n---\nb: 2", b"%a: 1", b"*x", b"a: 1\n---\nb: *x", b"a: &x 1\n---\nb: *x",
    b"a:\xc2\xa01", b"---\xc2\xa0\na: 1", b"---\x0b\na: 1", b"---\x0c#\na: 1", b"...\na: 1", b"...", b"%YAML 1.1\n---\na: 1", b"%TAG ! x:\n---\na: !y 1", b"a: &a-b.c 1\nb: *a-b.c", b"a: -", b"a: |\n  \tx", b"a: [x?]",
    b"\n---\n--- x\na: 1", b"a: [x?y]", b"a: {b: x?y}", b"a: {x?y: b}", b"[{a: b?}]",
    # Keys.
    b"~: a", b"null: a", b": a", b"? [a]\n: 1", b"? {a: 1}\n: 1", b"{a: 1}: 2", b"[a]: 2", b"!!null '': a", b"9223372036854775808: a", b"18446744073709551615: a", b"? |\n  a\n: 1\n?\n: 2", b"a: &x [1]\n*x : 2", b"a: &x\n*x : 2", b"{{ a }}: 1", b"a: {{ b }}",
    # Anchors, merges, tags, numbers.
    b"a: *x", b"a: &x [*x]", b"a: &x {b: *x}", b"r: {<<: 1}", b"r: {<<: x}", b"r: {<<: [1]}", b"r: {<<: ~}", b"r: {<<: [{a: 1}, ~]}", b"<<: []\n<<: 1", b"a: & x", b"a: * x", b"a: !!int x", b"a: !!int 1.5", b"a: !!float x", b"a: !!bool 1", b"a: !!bool x", b"a: !!null x", b"a: !!binary '%'", b"a: !!binary a", b"a: !!timestamp x", b"a: !!int ''", b"a: !<", b"a: !%zz 1", b"a: .inf", b"a: -.INF", b"a: .nan", b"a: [.NaN]", b"a: !!float .inf",
    # Structure.
    b"a: [", b"a: {", b"a: ]", b"a: }", b"a: [1", b"a: {b: 1", b"a: [1 2", b"a: 'x", b'a: "x', b"a: 'x'y", b'a: "\\q"', b'a: "\\ud800"', b'a: "\\x4"', b"a: b: c", b"a: 1\n b: 2", b"a: 1\nb", b"a\nb: 1", b"a: - b", b"a: @x", b"a: `x", b"a: %x", b"a: |x\n y", b"a: |0\n x", b"- a\nb: 1", b"a: 1\n- b", b"a:\n - 1\n- 2", b"a: [x]y", b"a: 'x': y", b"a: ,", b"a: [,]", b"{a: 1", b"a: {b: 1}}", b"a: ? b", b"'a", b"a: >\n x\ny", b"a: !!str !!int 1", b"a: &x &y 1", b"a: &x *x",
)  # fmt: skip

SHOW = """kind: Shown
rows:
{{- define "types" }}
{{- if kindIs "map" . }}{{ range $k, $v := . }}{{ $k | quote }}:({{ include "types" $v }}){{ end }}
{{- else if kindIs "slice" . }}{{ typeOf . }}{{ range . }}[{{ include "types" . }}]{{ end }}
{{- else }}{{ typeOf . }} {{ toString . }}{{ end }}
{{- end }}
{{- range $key, $value := .Values }}
- {{ list $key (toJson $value) (toYaml $value) (include "types" $value) | toJson | b64enc }}
{{- end }}
{{- range $path, $_ := .Files.Glob "texts/*" }}
{{- $value := fromYaml ($.Files.Get $path) }}
{{- if hasKey $value "Error" }}{{ $value = "refused" }}{{ end }}
- {{ list $path (toJson $value) (toYaml $value) (include "types" $value) | toJson | b64enc }}
{{- end }}
"""


def chart_with(texts: Sequence[bytes]) -> dict[str, bytes]:
    """A chart that shows each text twice: as the values of a sub-chart where we accept that, and read by fromYaml."""
    files = {
        "Chart.yaml": b"apiVersion: v2\nname: judged\nversion: 0.1.0\n",
        "templates/show.yaml": SHOW.encode(),
    }
    for number, text in enumerate(texts):
        files[f"texts/{number:04}"] = text
        if verdict(text):
            name = f"s{number:04}"
            files[f"charts/{name}/Chart.yaml"] = f"apiVersion: v2\nname: {name}\nversion: 0.1.0\n".encode()
            files[f"charts/{name}/values.yaml"] = text
    return files


def verdict(text: bytes) -> bool:
    """Whether we take a text for values."""
    try:
        read_values(decode(text, "values.yaml"), LIMITS)
    except (SroError, ExceptionGroup):
        return False
    return True


def in_helm(helm: Path, folder: Path, files: Mapping[str, bytes]) -> str:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    done = subprocess.run([helm, "template", "rel", folder], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout.decode()


def in_ours(files: Mapping[str, bytes]) -> str:
    engine = Engine(load_chart(files, "judged", LIMITS), LIMITS)
    rendering = engine.render({}, Release(name="rel", namespace="default"), Capabilities())
    return rendering.texts["judged/templates/show.yaml"]


def rows(text: str) -> dict[str, list[str]]:
    """What was shown of each text."""
    lines = [json.loads(b64decode(line[2:])) for line in text.splitlines() if line.startswith("- ")]
    # go-yaml's order of keys such as 5m, 10m, 1d changes from run to run.
    return {line[0]: [line[1], "\n".join(sorted(line[2].splitlines())), line[3]] for line in lines}


def assert_same(helm: Path, folder: Path, texts: Sequence[bytes]) -> None:
    files = chart_with(texts)
    ours, theirs = rows(in_ours(files)), rows(in_helm(helm, folder, files))
    assert set(theirs) == set(ours)
    # Of keys that only JSON makes equal, such as 1 and "1", helm keeps another one each time.
    again = [rows(in_helm(helm, folder, files)) for _ in range(8 * (ours != theirs))]
    for key, shown in ours.items():
        answers = [answer[key] for answer in (theirs, *again)]
        assert shown in answers, (key, texts[int(key[-4:])], answers[0])


def test_values_that_helm_reads_are_read_the_same(helm: Path, tmp_path: Path) -> None:
    texts = [text.encode() for text in dict.fromkeys(TEXTS)]
    assert [text for text in texts if not verdict(text)] == []
    assert_same(helm, tmp_path, texts)


def test_what_helm_refuses_from_yaml_is_refused(helm: Path, tmp_path: Path) -> None:
    assert [text for text in REFUSED if verdict(text)] == []
    assert_same(helm, tmp_path, REFUSED)


# What only -f sees (how it cuts a file), and some of what fromYaml was asked as well.
ASKED_AGAIN = (*REFUSED[::10], *(text for text in REFUSED if b"---" in text))


@pytest.mark.parametrize("text", dict.fromkeys(ASKED_AGAIN))
def test_a_values_file_that_helm_refuses_is_refused(helm: Path, tmp_path: Path, text: bytes) -> None:
    assert not verdict(text)
    chart = tmp_path / "c"
    chart.mkdir()
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: c\nversion: 0.1.0\n")
    done = subprocess.run([helm, "template", chart, "-f", "-"], input=text, capture_output=True, check=False)
    assert b"failed to parse -" in done.stderr


PIECES = (
    "a", "b", "k", "1", "-1", "0", "017", "0o17", "0x1f", "1.5", "-0.0", "1e3", ".5", "1_0", "yes", "n", "~", "null", "true", ".inf", "<<", "=",
    "2001-01-01", "12:30", "9007199254740993", "18446744073709551616", "x y", "x#y", "x?y", "x:y", "é", "\U0001f600", "''", "'it''s'", '"\\x41\\n"', "'x\n  y'",
    "&x ", "&y ", "*x", "*y", "!!str ", "!!int ", "!!float ", "!!binary ", "!foo ", "! ", "|", "|-", ">+", "|2", "#", " # c", "%", "@", "`",
    ": ", ":", ":\n  ", ":\n    ", "- ", "-", "\n", "\n", "\n  ", "\n    ", "\n- ", "\n  - ", " ", "  ", "\t", "\r\n", "\n---\n", "\n--- ", "\n...\n",
    "? ", "?", "[", "]", "{", "}", ", ", ",", "[a, ", "{b: ", "a: ", "\nb: ", "\n  c: ", "{<<: *x", "\n  <<: *x", "\na: &x {k: 1}", "\n\n", "\u2028", "\u00a0", "\x85", "'", '"',
)  # fmt: skip
SCALARS = st.sampled_from(
    [piece for piece in PIECES if piece.strip() and not set(piece) & set("\n\r\t[]{}&*|>@`%,\x85\u2028")]
)
LOOSE = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
FLOWS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[" + ", ".join(items) + "]"),
        st.lists(st.tuples(SCALARS, inner), max_size=3).map(
            lambda items: "{" + ", ".join(f"{key}: {value}" for key, value in items) + "}"
        ),
    ),
    max_leaves=6,
)


def indented(text: str) -> str:
    return "".join(f"\n  {line}" for line in text.split("\n"))


BLOCKS: st.SearchStrategy[str] = st.recursive(
    st.one_of(FLOWS, LOOSE, st.sampled_from(["|\n  x\n  y", ">-\n  x\n\n  y\n", "&x 1", "*x", "!!str 1"])),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(
            lambda items: indented("\n".join(f"- {i}" for i in items))
        ),
        st.lists(st.tuples(SCALARS, inner), min_size=1, max_size=3).map(
            lambda items: indented("\n".join(f"{key}: {value}" for key, value in items))
        ),
    ),
    max_leaves=8,
)
LINES = st.tuples(SCALARS, BLOCKS).map(lambda line: f"{line[0]}: {line[1]}")
FILES = st.one_of(
    st.lists(LINES, min_size=1, max_size=4).map("\n".join),
    st.lists(LINES, min_size=1, max_size=3).map("\n---\n".join),
    LOOSE.map("a: ".__add__),
    LOOSE,
)


def examples(count: int, *, derandomize: bool = True) -> list[bytes]:
    """Generated files; the same in every run, unless asked otherwise."""
    found: dict[bytes, None] = {}

    @settings(
        max_examples=count,
        database=None,
        derandomize=derandomize,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(FILES)
    def collect(text: str) -> None:
        found[text.encode()] = None

    collect()
    return list(found)


def test_generated_files_are_read_as_helm_reads_them(helm: Path, tmp_path: Path) -> None:
    assert_same(helm, tmp_path, examples(400))
