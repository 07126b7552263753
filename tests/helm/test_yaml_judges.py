"""The real helm and the real kubectl as judges of the YAML layer, one process for each batch.

Matrix: helm writes (toYaml, toJson, toRawJson, toPrettyJson) tables and generated values, and reads
(fromYaml, fromYamlArray, values files) tables and generated scalars; kubectl reads what we read and
what we write; helm splits documents. Left out: integers beyond 64 bits, whose digits we keep, and
keys in an order that go-yaml's comparison leaves open.
"""

from __future__ import annotations

import json
import subprocess
from base64 import b64decode
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sro_render.errors import YamlError
from sro_render.limits import Limits
from sro_render.source import Source
from sro_render.yamltext import go_json, go_yaml
from sro_render.yamltext.documents import split_manifests
from sro_render.yamltext.reader import read_manifest, read_value, read_values
from sro_render.yamltext.writer import write

LIMITS = Limits()

WORDS = (
    "", " ", "a", "y", "Y", "yes", "NO", "on", "oFF", "true", "TrUe", "~", "null", "nULL", "=", "<<", "0", "-0", "+1", "1_000",
    "0644", "0o644", "0O17", "0x1F", "0X1f", "0b1", "0b-1", "-0b1", "08", "019", "0x", "0b2", "1.5", "1.50", "1.0", ".5", ".5_0",
    "._5", "5.", "+.5", "1e3", "1E+3", "1e21", "1e20", "1e-7", "1e400", "1e", ".inf", "+.inf", "-.INF", ".NaN", "nan", ".",
    "..", "+", "-", "_1", "1__0_", "0_", "12:30", "12:30:45", "190:20:30.5", "12:61", "2002-12-14", "2002-13-14", "2001-02-29",
    "2000-02-29", "0000-02-29", "2001-12-14t21:59:43.10-05:00", "2001-12-14T21:59:43Z", "2001-12-14 21:59:43.1",
    "2001-12-14  1:2:3", "2001-12-14 24:00:00", "2001-1-1T1:1:1+24:00", "2001-1-1T1:1:1+25:00", "20011-1-1",
    "9223372036854775807", "9223372036854775808", "18446744073709551615", "-9223372036854775808", "9007199254740993",
    "0xFFFFFFFFFFFFFFFF", "0x1FFFFFFFFFFFFFFFF", "0777777777777777777777777", "0b" + "1" * 64, "1" * 309, "1" * 400,
)  # fmt: skip
TEXTS = (
    "a b", "a: b", "a:b", "a:", ":", ": a", ":a", "a #b", "a# b", "a#b", "#a", "- a", "-a", "--a", "---", "--- a", "---a", "...",
    "? a", "?a", "?", "!a", "&a", "*a", "|", ">", "%a", "@a", "`a", "'a'", "it's", '"a"', '{"a": 1}', "{a", "a}", "[a", "a]",
    ",", "a,b", "a, b", "~a", "=a", "<a>", "&amp;", "a\\b", "\\", "a/b", "$(A)", "100m", "v1", "4.18.0-305.el8_4.x86_64",
    "quay.io/a/b@sha256:0f", " a", "a ", "a\tb", "\t", "\ta", "a\t", "\n", "\n\n", "a\n", "a\n\n", "\na", "a\nb", "a\n\nb\n",
    " a\nb", "a \nb", "a\n b", "a\nb ", "a\n\tb", "a\r\nb", "a\rb", "\x00", "\x01", "\x07\x08\x0b\x0c\x1b", "\x7f", "\x80",
    "\x85", "a\x85b", "a \x85\x85 b", "a\x85--- b", "\xa0", "é", "漢字", "\u2028", "a\u2028b", "a\nb\u2029", "\ufeff", "\ufeffab",
    "a\ufeff", "\ufffd", "\ufffe", "\ue000", "\U0001f600", "a\U0010ffff", "x" * 79, "x" * 200, "word " * 30, "word  " * 30,
    "word: " * 30, "it's: " * 30, "\tword " * 30, "é " * 60, " word" * 30, "\U0001f600 word " * 12, "#!/bin/sh\nset -e\n\nrun\n",
    "word " * 30 + "\nword", "\u0660", "1\u0660",
)  # fmt: skip
NUMBERS = (
    0.0, -0.0, 1.0, -1.0, 1.5, 0.1, 1e6, 999999.5, 1234567.5, 123456789.5, 1e15, 1e16, 1e20, 1e21, 1e22, 1.5e300, 5e-324,
    0.0001, 0.00001, 0.000001, 0.0000001, 1.5e-6, 9.99e-7, 2.0**53, 2.0**63, 2.0**64, -(2.0**63), -(2.0**64), 1 / 3,
)  # fmt: skip
COLLECTIONS: tuple[Any, ...] = (
    [], {}, [[]], [{}], [[[]]], [None, True, False], {"a": None}, {"a": []}, {"a": {}}, {"a": [1.0, [2.0, [3.0]]]},
    [{"a": 1.0, "b": [{"c": 2.0}]}], {"a": {"b": {"c": [{"d": "e"}]}}}, [[{"a": "b"}], "c"], {"a": ["x\ny\n", "z"]},
    {"a": "x\ny\n", "b": "x\n\n", "c": 1.0}, [["x\ny"]], [["word " * 20]], {"a": {"b": {"c": "word " * 20}}}, ["x\n", "y"],
    {"a1": 1.0, "a2": 2.0, "a10": 3.0, "a": 4.0, "b": 5.0, "B": 6.0, "_": 7.0, "-": 8.0}, {"a01": 1.0, "a1": 2.0, "a001": 3.0},
    {"1": 1.0, "2": 2.0, "10": 3.0, "1.5": 4.0}, {"a-b": 1.0, "ab": 2.0, "a.b": 3.0, "a/b": 4.0, "a_b": 5.0}, {"é": 1.0, "z": 2.0},
    {"k" * 128: 1.0}, {"k" * 129: 1.0}, {"k" * 129: {"a": [1.0]}}, {"k" * 129: ["a"]}, {"k" * 1022: 1.0}, {"k" * 1023: 1.0},
    {"&" * 200: 1.0}, {"a\nb": 1.0}, {"a\nb\n": {"c": 1.0}}, {"a\x85b": 1.0}, {"word " * 40: 1.0}, {"\U0001f600": 1.0, "\ufffd": 2.0},
    {"v1.9": 1.0, "v1.10": 2.0, "v2": 3.0}, {"node1b": 1.0, "node01": 2.0}, {"a100-x": 1.0, "a1000-x": 2.0},
    {"\u0661": 1.0, "\u0669": 2.0}, {"99999999999999999999": 1.0, "9999999999999999999": 2.0},
)  # fmt: skip
PIECES = st.sampled_from([*WORDS, *TEXTS, *"abn019 \t\n:-?[]{},&*!|>'\"%@`#~<=.\\"])
STRINGS = st.one_of(PIECES, st.lists(PIECES, max_size=5).map("".join), st.text(max_size=30))
KEYS = STRINGS.filter(lambda text: not any(map(str.isdecimal, text)))
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.floats(allow_nan=False, allow_infinity=False), STRINGS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=10,
)


def batch(strategy: st.SearchStrategy[Any], count: int) -> list[Any]:
    """So many examples, the same in every run."""
    found: list[Any] = []

    @settings(
        max_examples=count,
        database=None,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(value: Any) -> None:
        found.append(value)

    collect()
    return found


def in_helm(helm: Path, folder: Path, expression: str, cases: Sequence[Any], values: str = "") -> list[str]:
    """What an expression gives for each case, which is the dot in it, from one helm process."""
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: judged\nversion: 0.1.0\n")
    (folder / "values.yaml").write_text(values or write({"cases": list(cases)}), encoding="utf-8")
    item = f"{{{{- range .Values.cases }}}}\n- {{{{ {expression} | b64enc | quote }}}}\n{{{{- end }}}}\n"
    (folder / "templates" / "out.yaml").write_text(f"kind: Judged\nout:\n{item}")
    done = subprocess.run(
        [helm, "template", "judged", folder], capture_output=True, text=True, check=False, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    return [b64decode(text).decode() for text in yaml.load(done.stdout, Loader=yaml.CSafeLoader)["out"]]


def or_nothing(write_value: Callable[[Any], str], value: Any) -> str:
    """What Helm gives where a value cannot be written: nothing."""
    try:
        return write_value(value)
    except ValueError:
        return ""


def assert_same(cases: Sequence[Any], ours: Sequence[Any], theirs: Sequence[Any]) -> None:
    assert len(ours) == len(theirs) == len(cases)
    for case, mine, judged in zip(cases, ours, theirs, strict=True):
        assert mine == judged, f"for {case!r}"


WRITERS: dict[str, Callable[[Any], str]] = {
    "toYaml .": lambda value: go_yaml.marshal(value).removesuffix("\n"),
    "toJson .": go_json.marshal,
    "toRawJson .": lambda value: go_json.marshal(value, escape_html=False),
    "toPrettyJson .": lambda value: go_json.marshal(value, indent="  "),
}


@pytest.mark.parametrize("expression", WRITERS)
def test_values_are_written_as_helm_writes_them(helm: Path, tmp_path: Path, expression: str) -> None:
    cases = [
        *WORDS,
        *TEXTS,
        *NUMBERS,
        *COLLECTIONS,
        *({text: text} for text in (*WORDS, *TEXTS)),
        *([{"a": [text]}] for text in TEXTS),
    ]
    ours = [or_nothing(WRITERS[expression], case) for case in cases]
    assert_same(cases, ours, in_helm(helm, tmp_path / "judged", expression, cases))


@pytest.mark.parametrize("expression", WRITERS)
def test_generated_values_are_written_as_helm_writes_them(
    helm: Path, tmp_path: Path, expression: str
) -> None:
    cases = batch(VALUES, 300)
    ours = [or_nothing(WRITERS[expression], case) for case in cases]
    assert_same(cases, ours, in_helm(helm, tmp_path / "judged", expression, cases))


def test_integers_of_templates_are_written_as_helm_writes_them(helm: Path, tmp_path: Path) -> None:
    theirs = in_helm(helm, tmp_path / "judged", 'toYaml (dict "a" (int64 .) "b" (list (int .)))', [7, -7])
    assert theirs == [go_yaml.marshal({"a": n, "b": [n]}).removesuffix("\n") for n in (7, -7)]


NUMERALS = st.text("0123456789abcdefxXoObB_.eE+-", max_size=8)
SCALARS = st.one_of(
    NUMERALS, st.tuples(st.sampled_from(["0x", "0b", "0o", "-0x", "+", "-", ".", "0"]), NUMERALS).map("".join)
)
DOCUMENTS = (
    "a: 1\na: 2", "yes: 1\ntrue: 2", "1: a\n1.5: b\n1e3: c\n65e9: d\n.inf: e\n0x10: f\n2001-01-01: g", "~: 1", "null: 1",
    "? [a]\n: 1", "a: !foo b", "a: !!int x", "a: !!set {b, c}", "a: !!binary aGk=", "a: !!binary '%'", "a: !!float 1",
    "a: !!timestamp 2001-01-01", "a: !!timestamp x", "a: ! 12", "a: ! ''", "a: !!str", "a: &x [1]\nb: *x", "a: *x", "a: &x [*x]",
    "m: &m {a: 1, b: 2}\nr: {<<: *m, b: 3}", "m: &m {a: 1, b: 2}\nr: {b: 3, <<: *m}", "r: {<<: [{a: 1}, {a: 2, b: 3}]}",
    "r: {<<: 1}", "r: {<<: [1]}", '{"<<": 1}', "a: .inf", "a: .nan", "a: 1e400", "a: 1\n---\nb: 2", "a: 1\n...\nb: [", "[1, 2]",
    "a", "", "# a", "~", "a: [", "a:\n\tb: 1", "a: 'x", "a: b: c", "a:\tb", 'a: "\\ud83d\\ude00"', 'a: "\\x41\\u0042"',
    "18446744073709551615: 1", "9223372036854775807: 1", "a: |\n  x\n y\n", "a: >-\n  x\n  y\n\n  z\n", "a: |2+\n   x\n\n",
    "\ufeffa: 1", "a: 1\r\nb: 2\r\n", "%YAML 1.1\n---\na: 1", "%YAML 1.2\n---\na: 1", "a: !!int 08", "a: !!int '-0_9'", "a: !!int 07",
    "a: -0.0", "a: [-0.0, -0, -0x0, -0e3, -.0]", "a: !!float -0.0", "a: !!float -0", "a: !!float 08",
    "a: {b: 1, c}", "{a: 1, b: [c, {d: e}]}", "a: 'it''s'",
)  # fmt: skip


def test_texts_are_read_as_from_yaml_reads_them(helm: Path, tmp_path: Path) -> None:
    words = [f"a: {word}\n{word or 'b'}: 1\n" for word in (*WORDS, *batch(SCALARS, 300)) if word != "<<"]
    cases = [*DOCUMENTS, *words]

    def read(text: str) -> str:
        try:
            value = read_value(Source("t", text), LIMITS)
        except (YamlError, ExceptionGroup):
            return "refused"
        return (
            go_json.marshal({} if value is None else value) if isinstance(value, dict | None) else "refused"
        )

    expression = '$v := fromYaml . }}{{ ternary "refused" (toJson $v) (hasKey $v "Error")'
    assert_same(cases, [read(case) for case in cases], in_helm(helm, tmp_path / "judged", expression, cases))


def test_lists_are_read_as_from_yaml_array_reads_them(helm: Path, tmp_path: Path) -> None:
    cases = ["- 1\n- a\n- {b: yes}\n", "[]", "", "- ~\n- 0o17\n", "- &x {a: 1}\n- *x\n", "[1]\n---\n[2]\n"]
    ours = [go_json.marshal(read_value(Source("t", case), LIMITS) or []) for case in cases]
    assert_same(cases, ours, in_helm(helm, tmp_path / "judged", "fromYamlArray . | toJson", cases))


def test_values_files_are_read_and_merged_as_helm_does(helm: Path, tmp_path: Path) -> None:
    text = (
        "cases: [1]\na: 9007199254740993\nb: {c: 1, d: [1]}\nb: {c: 2, d: [2]}\ne: &e {f: 1}\n"
        "---  # next\nb: {g: yes, d: [3]}\n--- \nnull\n---\n# none\n---\nh: 0o17\n...\ni: [\n"
    )
    theirs = in_helm(helm, tmp_path / "judged", "toJson $.Values", [], text)
    assert theirs == [go_json.marshal(read_values(Source("values.yaml", text), LIMITS))]


def in_kubectl(kubectl: Path, text: str) -> Any:
    """What kubectl reads from a text that holds one object, as JSON gives it."""
    done = subprocess.run(
        [kubectl, "annotate", "--local", "-f", "-", "-o", "json", "judged=yes"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


OBJECT: dict[str, Any] = {"apiVersion": "example.com/v1", "kind": "Judged", "metadata": {"name": "judged"}}


def test_manifests_are_read_as_kubectl_reads_them(kubectl: Path) -> None:
    finite = [word for word in WORDS if word.lower() not in (".inf", "+.inf", "-.inf", ".nan")]
    scalars = [word for word in (*finite, *batch(SCALARS, 300)) if word != "-"]
    text = write(OBJECT) + "".join(
        [
            "m: &m {a: 1, b: 2}\nn: {<<: *m, b: 3}\no: {b: 3, <<: *m}\np: {<<: [*m, {b: 4, c: 5}]}\n",
            "yes: 1\ntrue: 2\n1.5: 3\n65e9: 4\n0x10: 5\nq: [!!str 1, !!int '2', ! 3]\n",
            "s:\n",
            *(f"- {scalar}\n" for scalar in scalars),
        ]
    )
    ours: Any = read_manifest(Source("f.yaml", text), LIMITS)
    theirs = in_kubectl(kubectl, text)
    assert_same(
        scalars,
        [(type(v), v) for v in map(in_64_bits, ours.pop("s"))],
        [(type(v), v) for v in map(in_64_bits, theirs.pop("s"))],
    )
    del theirs["metadata"], ours["metadata"]
    assert ours == theirs


def in_64_bits(value: Any) -> Any:
    """The value with kubectl's numbers, which are floats beyond int64."""
    if type(value) is not int or -(2**63) <= value < 2**63:
        return value
    return float(value) if abs(value) < 2**1024 - 2**970 else str(value)


def test_what_we_write_is_read_by_kubectl_as_it_was(kubectl: Path) -> None:
    # Go's JSON has no numbers of its own for whole floats, and no other order than ours.
    whole = [value for value in NUMBERS if value.is_integer()]
    texts = [*WORDS, *TEXTS, *batch(STRINGS, 300)]
    value = OBJECT | {
        "strings": texts,
        "keys": dict.fromkeys(texts, texts),
        "nested": list(batch(VALUES, 200)),
        "collections": list(COLLECTIONS),
        "numbers": [number for number in NUMBERS if number not in whole],
    }
    theirs = in_kubectl(kubectl, write(value))
    del theirs["metadata"]["annotations"]
    ours = json.loads(go_json.marshal(value))
    assert_same(list(value), [ours[key] for key in value], [theirs[key] for key in value])


def test_texts_that_look_like_numbers_are_read_by_kubectl_as_they_were(kubectl: Path) -> None:
    texts = ["".join(letters) for length in range(1, 5) for letters in product("01_+-.xeEo8f", repeat=length)]
    texts += ["0_x1F", "8e_+8", "-_8.1", "+_0b1", "0b_-1", "1_e5_", "0_o17", "_._1", "-_.5", "1__._e3"]
    # One text with all of them, for each in quotes costs kubectl no less than without.
    plain = [text for text in texts if write(text) == f"{text}\n"]
    assert 5_000 < len(plain) < len(texts)
    theirs = in_kubectl(kubectl, write(OBJECT | {"strings": plain, "keys": dict.fromkeys(plain, "")}))
    assert_same(plain, plain, theirs["strings"])
    assert set(plain) == theirs["keys"].keys()


def test_documents_are_split_as_helm_splits_them(helm: Path, tmp_path: Path) -> None:
    parts = (
        "---",
        "--- ",
        "---\t\n",
        "kind: A",
        "kind: B\n",
        "---kind: C",
        "# c\nkind: D",
        "\n\n",
        "  ",
        " ---",
        "kind: |\n  ---\n  x",
    )
    texts = ["\n".join(part) + "\n" for part in batch(st.lists(st.sampled_from(parts), max_size=6), 40)]
    texts = [text for text in texts if is_one_mapping_each(text)]
    (tmp_path / "c" / "templates").mkdir(parents=True)
    (tmp_path / "c" / "Chart.yaml").write_text("apiVersion: v2\nname: c\nversion: 0.1.0\n")
    for number, text in enumerate(texts):
        (tmp_path / "c" / "templates" / f"{number:03}.yaml").write_text(text)
    done = subprocess.run(
        [helm, "template", "c", tmp_path / "c"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    theirs: dict[str, list[str]] = {}
    for part in done.stdout.split("---\n# Source: c/templates/")[1:]:
        name, _, body = part.partition("\n")
        theirs.setdefault(name, []).append(body.rstrip("\n"))
    assert texts
    for number, text in enumerate(texts):
        ours = [document.text.rstrip("\n") for document in split_manifests(text)]
        assert sorted(ours) == sorted(theirs.get(f"{number:03}.yaml", []))


def is_one_mapping_each(text: str) -> bool:
    """Whether helm accepts the text as manifests, each of which has a kind."""
    try:
        values = [read_manifest(Source("t", part.text), LIMITS) for part in split_manifests(text)]
    except (YamlError, ExceptionGroup):
        return False
    return all(isinstance(value, dict) for value in values)
