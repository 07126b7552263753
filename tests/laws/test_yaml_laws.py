"""Laws of the YAML layer: what is written is read back by everybody, and no text breaks the reader.

Matrix: values of every type with strings made of what YAML gives a meaning to; readers: ours, PyYAML's
two (YAML 1.1), ruamel.yaml (YAML 1.2), json; texts made of YAML's own pieces. Left out: kubectl and
helm, which judge in tests/helm.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from sro_render.errors import SroError, YamlError, flatten
from sro_render.limits import Limits
from sro_render.model.objects import JsonValue
from sro_render.source import Source
from sro_render.yamltext import go_json, go_yaml
from sro_render.yamltext.documents import split_manifests
from sro_render.yamltext.reader import locate, read_manifest, read_stream, read_value, read_values
from sro_render.yamltext.writer import write

LIMITS = Limits(max_yaml_alias_nodes=10_000)

WORDS = (
    "", " ", "y", "NO", "on", "oFF", "true", "~", "null", "=", "<<", "0", "-0", "+1", "1_000", "0644", "0o644", "0x1F", "0b1",
    "08", "1.5", ".5", "1.", "1e3", "1e+3", "1E-3_0", "-.inf", ".NaN", "._", "1:20", "190:20:30.5", "2002-12-14",
    "2001-12-14t21:59:43.10-05:00", "2001-1-1 1:1:1 Z", "a: b", "a #b", "- a", "? a", "---", "...", "--- a", "!a", "&a", "*a",
    "a\nb", "a\n\n", "\n", " a\nb", "\ta\n", "a \n", "\n a", "a\n ", '#!/bin/sh\nset -e\n\techo "$1"  \n', "a\r\nb", "\ufeff",
    "x" * 200, "word " * 40, "it's", '"', "\\", "{a: 1}", "[1]", "a\u2028b", "a\u2029\nb", "\U0001f600", "\x7f", "\x80", "\x85",
)  # fmt: skip
PIECES = st.sampled_from([*WORDS, *"abn019 \t\n:-?[]{},&*!|>'\"%@`#~<=.\\é"])
STRINGS = st.one_of(st.sampled_from(WORDS), st.lists(PIECES, max_size=6).map("".join), st.text(max_size=20))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    STRINGS,
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(STRINGS, inner, max_size=4)),
    max_leaves=12,
)
TEXTS = st.lists(
    st.one_of(
        PIECES,
        st.sampled_from(
            [
                "<<: *a\n", "&a ", "*a", "!!int ", "!!binary ", "!!set ", "!%ed%a0%80 ", "!e!x ", "\n---\n", "\n...\n",
                "%YAML 1.1\n", '"\\ud800"', "a:\n", "\n  ", "- - - ", "{{", "[[", '{"a":', "NaN", "1e999", ".inf", "\0", "\ud800",
            ]
        ),
    ),
    max_size=12,
).map("".join)  # fmt: skip


def shape(value: Any, *, whole_floats: bool = True) -> Any:
    """The value with its types visible; without `whole_floats`, floats without a fraction are ints."""
    if isinstance(value, dict):
        return {key: shape(inner, whole_floats=whole_floats) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner, whole_floats=whole_floats) for inner in value]
    if not whole_floats and isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        value = int(Decimal(repr(value)))
    return type(value).__name__, repr(value)


def ours(text: str) -> JsonValue:
    return read_manifest(Source("f.yaml", text), LIMITS)


def ruamel(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(io.StringIO(text))


@given(VALUES)
def test_we_read_what_we_wrote_with_whole_floats_as_ints(value: JsonValue) -> None:
    assert shape(ours(write(value))) == shape(value, whole_floats=False)


@given(VALUES)
def test_a_yaml_1_1_reader_reads_what_we_wrote(value: JsonValue) -> None:
    text = write(value)
    assert shape(yaml.safe_load(text)) == shape(value)
    assert shape(yaml.load(text, Loader=yaml.CSafeLoader)) == shape(value)


@given(VALUES)
@settings(max_examples=60)
def test_a_yaml_1_2_reader_reads_what_we_wrote(value: JsonValue) -> None:
    assert shape(ruamel(write(value))) == shape(value)


@given(st.dictionaries(STRINGS, VALUES, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_matter(value: dict[str, JsonValue], random: Any) -> None:
    keys = list(value)
    random.shuffle(keys)
    assert write({key: value[key] for key in keys}) == write(value)


@given(VALUES)
def test_writing_again_what_was_read_changes_nothing(value: JsonValue) -> None:
    text = write(ours(write(value)))
    assert write(ours(text)) == text


@given(st.lists(VALUES, min_size=1, max_size=4))
def test_written_documents_can_stand_in_one_stream(values: list[JsonValue]) -> None:
    text = "".join("---\n" + write(value) for value in values)
    documents = read_stream(Source("f.yaml", text), LIMITS)
    assert [shape(document.value) for document in documents] == [
        shape(value, whole_floats=False) for value in values
    ]


def paths(value: JsonValue) -> Iterator[tuple[str | int, ...]]:
    yield ()
    if isinstance(value, dict):
        inner: Iterator[tuple[str | int, JsonValue]] = iter(value.items())
    elif isinstance(value, list):
        inner = iter(enumerate(value))
    else:
        return
    for step, below in inner:
        yield from ((step, *path) for path in paths(below))


@given(VALUES)
def test_every_path_of_a_written_value_has_its_place(value: JsonValue) -> None:
    source = Source("f.yaml", write(value))
    for path in paths(value):
        assert locate(source, path) is not None
        assert locate(source, path, value=True) is not None


def in_go(value: Any) -> Any:
    """The value with Go's numbers: all float64."""
    if isinstance(value, dict):
        return {key: in_go(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [in_go(inner) for inner in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


GO_STRINGS = STRINGS.filter(lambda text: "\x85" not in text and text != "<<")
GO_VALUES = st.recursive(
    st.one_of(SCALARS.filter(lambda value: not isinstance(value, str)), GO_STRINGS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(GO_STRINGS, inner, max_size=4)),
    max_leaves=12,
)


@given(GO_VALUES)
def test_what_to_yaml_writes_reads_back_as_helm_would(value: JsonValue) -> None:
    try:
        text = go_yaml.marshal(value)
    except ValueError:
        assume(False)
    assert read_value(Source("f.yaml", text), LIMITS) == in_go(value)


@given(VALUES, st.booleans(), st.sampled_from(["", "  "]))
def test_what_to_json_writes_is_json(value: JsonValue, html: bool, indent: str) -> None:
    assert in_go(json.loads(go_json.marshal(value, escape_html=html, indent=indent))) == in_go(value)


def faults_of(read: Callable[[Source, Limits], object], source: Source) -> tuple[SroError, ...]:
    try:
        read(source, LIMITS)
    except (SroError, ExceptionGroup) as fault:
        return flatten(fault)
    return ()


@given(TEXTS)
def test_no_text_breaks_the_readers(text: str) -> None:
    source = Source("f.yaml", text)
    for read in (read_stream, read_values, read_value):
        assert all(isinstance(fault, YamlError) and str(fault) for fault in faults_of(read, source))
    locate(source, ["a", 0])


@given(
    st.lists(
        st.sampled_from(["---", "--- ", "a: 1", "# c", "", " ", "\t---", "----", "b: |", "  x"]), max_size=12
    )
)
def test_split_documents_begin_at_the_lines_that_are_said(lines: list[str]) -> None:
    text = "\n".join(lines)
    for document in split_manifests(text):
        first = document.text.split("\n", 1)[0]
        assert lines[document.line - 1].endswith(first)
        assert document.text in text


@pytest.mark.parametrize("text", WORDS)
def test_each_dangerous_word_survives_every_reader(text: str) -> None:
    for value in (text, [text], {"k": text}, {text: {"k": [text]}}):
        written = write(value)  # type: ignore[arg-type]
        assert ours(written) == yaml.safe_load(written) == ruamel(written) == value
