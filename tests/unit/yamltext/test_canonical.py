"""The quick reader of canonical text: what it reads means the same to the reader of YAML, which judges it.

Matrix: all that `write` writes; canonical text with something put into it, taken away or moved, by chance; texts
that it must leave to the other one, by name; what it must know, so that it is of use. Left out: what YAML means
(test_reader, and go-yaml beside it).
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sro_render.errors import YamlError
from sro_render.limits import Limits
from sro_render.model.objects import JsonValue
from sro_render.yamltext.canonical import NotCanonical, read_canonical
from sro_render.yamltext.reader import decode, read_manifest
from sro_render.yamltext.writer import write

GOLDEN = Path(__file__).parents[2] / "golden"
DEEP = Limits().max_yaml_depth
TEXTS = st.one_of(
    st.text(alphabet="ab1-:#.0ex_ \n\t'\"|{}[]&*!?%~<=,", max_size=8),
    st.sampled_from(
        ["null", "yes", "1e3", "0x10", "-.inf", "<<", "a: b", "a #b", "x\n", "x\n\n", " x\ny", "-"]
    ),
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-10, 2**70), st.floats(-9, 9), TEXTS)
VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4)
PARTS = (
    *(
        "- ",
        ": ",
        ":",
        "  ",
        " ",
        "\n",
        '"',
        "'",
        "#",
        " #",
        "|",
        "|-",
        "|+",
        "|2",
        ">",
        "{}",
        "[]",
        "{",
        "}",
    ),
    *(
        "&a ",
        "*a",
        "!",
        "!!str ",
        "? ",
        "-",
        "---",
        "...",
        "null",
        "yes",
        "1e3",
        ".inf",
        "<<",
        "a",
        "k: ",
        "\t",
    ),
    *("%", "@", "`", ",", "\\", "=", "x: y\n", "- - ", "\xe9", "\r", "\u2028", "\x00", "  \n"),
)


def as_yaml(text: str) -> object:
    """What the reader of YAML makes of a text; the error where it is none."""
    try:
        return read_manifest(decode(text.encode(), "text"), Limits())
    except (YamlError, ExceptionGroup) as error:
        return error


def is_same(one: object, other: object) -> bool:
    """Equal with types and order: True is 1 for Python, and nothing else."""
    if isinstance(one, dict) and isinstance(other, dict):
        return [*one] == [*other] and all(is_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    return type(one) is type(other) and one == other


def agree(text: str) -> bool:
    """Whether the quick reader reads what the other one does, or leaves it to that."""
    try:
        quick = read_canonical(text.encode(), Limits())
    except NotCanonical:
        return True
    return is_same(quick, as_yaml(text))


@given(OBJECTS)
def test_what_was_written_is_read_back_or_left(value: dict[str, JsonValue]) -> None:
    assert agree(write(value))


@given(
    OBJECTS, st.lists(st.tuples(st.integers(0, 400), st.sampled_from(PARTS), st.integers(0, 3)), max_size=4)
)
def test_what_was_changed_is_read_as_yaml_or_left(
    value: dict[str, JsonValue], changes: list[tuple[int, str, int]]
) -> None:
    text = write(value)
    for place, part, taken in changes:
        at = place % (len(text) + 1)
        text = text[:at] + part + text[at + taken :]
    assert agree(text)


@given(
    OBJECTS, st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), st.sampled_from(["", "  ", "- "])))
)
def test_lines_that_were_moved_are_read_as_yaml_or_left(
    value: dict[str, JsonValue], moves: list[tuple[int, int, str]]
) -> None:
    lines = write(value).split("\n")
    for one, other, before in moves:
        lines[one % len(lines)] = before + lines[other % len(lines)]
    assert agree("\n".join(lines))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "a: 1",  # no line end
        "# a comment\na: 1\n",
        "a: 1 # a comment\n",
        "a: &x 1\nb: *x\n",
        "a: !!str 1\n",
        "a:\n  - 1\n",  # indented below its key
        "a: 1\na: 2\n",
        "a:\nb: 1\n",
        "a: .inf\n",
        "a: {b: 1}\n",
        "a: 'it''s'\n",
        'a: "\\n"\n',
        "a: |2\n    b\n",
        "a: |\n   b\n",
        "a: |\nb: 1\n",
        "a: >\n  b\n",
        "a: b\n  c\n",
        "- a\n",
        "---\na: 1\n",
        "a: 1\n---\nb: 1\n",
        '{"a": 1}\n',
        "yes: 1\n",
        "a: b\t\n",
        "a: b \n",
        "a: \xe9\n",
        "? a\n: 1\n",
        f"{'a' * 1001}: 1\n",
        "".join(f"{' ' * 2 * depth}a:\n" for depth in range(DEEP)) + f"{' ' * 2 * DEEP}a: 1\n",
        f"a:\n{'- ' * DEEP}1\n",
    ],
)
def test_what_is_not_canonical_is_left(text: str) -> None:
    with pytest.raises(NotCanonical):
        read_canonical(text.encode(), Limits())


def test_nearly_all_of_a_bundle_is_known() -> None:
    found = [path.read_bytes() for path in sorted(GOLDEN.rglob("*.yaml"))]
    left = 0
    for data in found:
        try:
            read = read_canonical(data, Limits())
        except NotCanonical:
            left += 1
        else:
            assert is_same(read, as_yaml(data.decode()))
    assert left < len(found) / 10


def test_a_canonical_text_is_read_without_the_other_reader() -> None:
    code = (
        "import sys\n"
        "from sro_render.limits import Limits\n"
        "from sro_render.yamltext.canonical import read_written\n"
        "assert read_written(b'a: 1\\n', 'text', Limits()) == {'a': 1}\n"
        "assert 'yaml' not in sys.modules\n"
        "assert read_written(b'a: 1 # one\\n', 'text', Limits()) == {'a': 1}\n"
        "assert 'yaml' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
