"""Text to values, and what is said of texts that are wrong.

Matrix: both readers, documents, keys, anchors, merges, tags, JSON, encodings; every fault with its
whole text; places. Left out: plain scalars (test_scalars), the real helm and kubectl as judges
(tests/helm), breadth (tests/laws).
"""

from __future__ import annotations

import gzip

import pytest
import yaml

from sro_render.errors import SroError, YamlError, flatten
from sro_render.limits import Limits
from sro_render.model.objects import JsonValue
from sro_render.source import Source
from sro_render.yamltext.reader import decode, locate, read_manifest, read_stream, read_value, read_values
from sro_render.yamltext.syntax import syntax_fault

LIMITS = Limits(max_yaml_depth=20, max_yaml_alias_nodes=50)


def read(text: str) -> JsonValue:
    return read_manifest(Source("f.yaml", text), LIMITS)


def faults(text: str) -> str:
    """The texts of all faults of a manifest."""
    with pytest.raises((SroError, ExceptionGroup)) as caught:
        read(text)
    assert isinstance(caught.value, SroError | ExceptionGroup)
    return "\n".join(str(fault) for fault in flatten(caught.value)) + "\n"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("# nothing\n", None),
        ("---\n# nothing\n...\n", None),
        ("null", None),
        ("a: 1", {"a": 1}),
        ("\ufeffa: 1", {"a": 1}),
        ("a: 1\r\nb:\r\n- 2\r\n", {"a": 1, "b": [2]}),
        ("a:\t1", {"a": 1}),
        ("--- {a: [b, 'c', \"d\"]}\n", {"a": ["b", "c", "d"]}),
        ("a: 'yes'\nb: \"1\"\nc: |\n  2\n", {"a": "yes", "b": "1", "c": "2\n"}),
        ("? a\n: b\n", {"a": "b"}),
        (
            "1: a\n1.5: b\nno: c\n1e3: d\n0x10: e\n",
            {"1": "a", "1.5": "b", "false": "c", "1000": "d", "16": "e"},
        ),
        ("yes: 1\ntrue: 2\n", {"true": 2}),
        ("a: &x [1, {b: 2}]\nc: *x\n", {"a": [1, {"b": 2}], "c": [1, {"b": 2}]}),
        ("a: &x 1\n*x : 2\n", {"a": 1, "1": 2}),
        ("- &x 1\n- &x 2\n- *x\n", [1, 2, 2]),
        ("! 12", "12"),
        ("&x ! 12", "12"),
        ("!!str 12", "12"),
        ("!!int '12'", 12),
        ("!!map {a: !!seq [1]}", {"a": [1]}),
        ("a: !!binary aGk=", {"a": "hi"}),
    ],
)
def test_a_manifest_is_read(text: str, value: JsonValue) -> None:
    assert read(text) == value


def test_aliases_share_nothing() -> None:
    value = read("a: &x {b: [1]}\nc: *x\n")
    assert isinstance(value, dict)
    assert value["a"] is not value["c"]


@pytest.mark.parametrize(
    ("text", "merged"),
    [
        ("{<<: *m, b: 3}", {"a": 1, "b": 3}),
        ("{b: 3, <<: *m}", {"a": 1, "b": 2}),
        ("{<<: [*m, {b: 5, c: 6}], c: 7}", {"a": 1, "b": 2, "c": 7}),
        ("{<<: {d: 1}}", {"d": 1}),
        ('{"<<": 1}', {"<<": 1}),
    ],
)
def test_a_merge_stands_where_it_is_written_as_in_kubectl(text: str, merged: JsonValue) -> None:
    assert read(f"m: &m {{a: 1, b: 2}}\nr: {text}\n") == {"m": {"a": 1, "b": 2}, "r": merged}


def test_a_stream_gives_each_document_with_its_place() -> None:
    source = Source("f.yaml", "# first\na: 1\n---\n# none\n---\n[2]\n--- ~\n")
    documents = read_stream(source, LIMITS)
    assert [document.value for document in documents] == [{"a": 1}, [2], None]
    assert [document.span.line for document in documents] == [2, 6, 7]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (
            '{"a": [1, 1.0, 1.5, 1e3, 1e21, "\\u0041", null, true]}',
            {"a": [1, 1, 1.5, 1000, 1e21, "A", None, True]},
        ),
        (' \n[{"a": "\\ud83d\\ude00"}]', [{"a": "\U0001f600"}]),
        ('\ufeff{"a": 1}', {"a": 1}),
        ("[NaN, a: Infinity]", ["NaN", {"a": "Infinity"}]),
        ("{a: yes, 'b': [c,]}", {"a": True, "b": ["c"]}),
        ('{"a": "' + "9" * 5000 + '"}', {"a": "9" * 5000}),
        ("[" + "9" * 5000 + "]", ["9" * 5000]),
    ],
)
def test_json_and_what_looks_like_it_is_read(text: str, value: JsonValue) -> None:
    assert repr(read(text)) == repr(value)


def test_the_last_of_two_equal_keys_in_json_wins_only_on_request() -> None:
    source = Source("f.json", '{"a": 1, "a": 2}')
    assert read_stream(source, LIMITS, strict=False)[0].value == {"a": 2}
    with pytest.raises(YamlError, match="yaml-duplicate-key"):
        read_stream(source, LIMITS)


FAULTS = [
    (
        "a: 1\nb: {c: 1, c: .inf}\na: !foo 2\n~: 3\n",
        """\
error[yaml-duplicate-key]: the key "c" stands here for the second time
  --> f.yaml:2:11 (b.c)
  2 | b: {c: 1, c: .inf}
    |           ^
  note: the first one is at line 2, column 5
  help: remove or rename one of them
error[yaml-not-finite]: .inf is no number that JSON knows
  --> f.yaml:2:14 (b.c)
  2 | b: {c: 1, c: .inf}
    |              ^^^^
  help: write it in quotes if it is a text
error[yaml-duplicate-key]: the key "a" stands here for the second time
  --> f.yaml:3:1 (a)
  3 | a: !foo 2
    | ^
  note: the first one is at line 1, column 1
  help: remove or rename one of them
error[yaml-tag]: the tag !foo is not supported here
  --> f.yaml:3:4
  3 | a: !foo 2
    |    ^^^^^^
  help: remove the tag; a text that begins with ! needs quotes
error[yaml-key]: a key cannot be null
  --> f.yaml:4:1
  4 | ~: 3
    | ^
  help: write the key in quotes
""",
    ),
    (
        '1: a\n"1": b\n',
        """\
error[yaml-duplicate-key]: the key "1" stands here for the second time
  --> f.yaml:2:1 (1)
  2 | "1": b
    | ^^^
  note: the first one is at line 1, column 1
  help: remove or rename one of them
""",
    ),
    (
        'l:\n- {"a/b": [x, {k: 1, k: 2}]}\n',
        """\
error[yaml-duplicate-key]: the key "k" stands here for the second time
  --> f.yaml:2:22 (l[0]["a/b"][1].k)
  2 | - {"a/b": [x, {k: 1, k: 2}]}
    |                      ^
  note: the first one is at line 2, column 16
  help: remove or rename one of them
""",
    ),
    (
        '{"a": 1,\n "a": 2}',
        """\
error[yaml-duplicate-key]: the key "a" stands here for the second time
  --> f.yaml:2:2 (a)
  2 |  "a": 2}
    |  ^^^
  note: the first one is at line 1, column 2
  help: remove or rename one of them
""",
    ),
    (
        "<<: {a: 1}\n<<: {b: 1}\n",
        """\
error[yaml-duplicate-key]: the key "<<" stands here for the second time
  --> f.yaml:2:1 (["<<"])
  2 | <<: {b: 1}
    | ^^
  note: the first one is at line 1, column 1
  help: use a list, <<: [*A, *B]
""",
    ),
    (
        "a: &a x\n<<: *a\n",
        """\
error[yaml-merge]: << takes a mapping or a list of mappings
  --> f.yaml:2:1
  2 | <<: *a
    | ^^
  help: write "<<" in quotes if a key of that name is meant
""",
    ),
    (
        '{"a": "\\" -Infinity", "b": -Infinity}',
        """\
error[yaml-not-finite]: -Infinity is no number that JSON knows
  --> f.yaml:1:28
  1 | {"a": "\\" -Infinity", "b": -Infinity}
    |                            ^^^^^^^^^
  help: write it in quotes if it is a text
""",
    ),
    (
        '{"a": 1e999}',
        """\
error[yaml-not-finite]: 1e999 is no number that JSON knows
  --> f.yaml:1:7
  1 | {"a": 1e999}
    |       ^^^^^
  help: write it in quotes if it is a text
""",
    ),
    (
        '{"a": "\\ud800"}',
        """\
error[yaml-syntax]: this escape is no character
  --> f.yaml:1:10
  1 | {"a": "\\ud800"}
    |          ^
  help: write the character itself, or \\U with eight digits
""",
    ),
    (
        '{"a": 1 "b": 2}',
        """\
error[yaml-syntax]: the mapping that begins here is not closed
  --> f.yaml:1:1
  1 | {"a": 1 "b": 2}
    | ^
  help: write a comma between entries and } at the end
""",
    ),
    (
        "a: !!int x\nb: !!set {c}\nd: !!str [1]\n",
        """\
error[yaml-tag]: this is no value for the tag !!int
  --> f.yaml:1:4
  1 | a: !!int x
    |    ^^^^^^^
  help: remove the tag, or write a value that fits it
error[yaml-tag]: the tag !!set is not supported here
  --> f.yaml:2:4
  2 | b: !!set {c}
    |    ^^^^^^^
  help: remove the tag; a text that begins with ! needs quotes
error[yaml-tag]: the tag !!str is not supported here
  --> f.yaml:3:4
  3 | d: !!str [1]
    |    ^^^^^^^
  help: remove the tag; a text that begins with ! needs quotes
""",
    ),
    (
        "a: {{ .Values.x }}\n",
        """\
error[yaml-key]: a key must be a text, not a list or mapping
  --> f.yaml:1:5
  1 | a: {{ .Values.x }}
    |     ^
  help: write the key in quotes; template braces need quotes too
""",
    ),
    (
        "a: &x [1]\n*x : 1\n",
        """\
error[yaml-key]: a key must be a text, not a list or mapping
  --> f.yaml:2:1
  2 | *x : 1
    | ^^
  help: write the key in quotes; template braces need quotes too
""",
    ),
    (
        "a: *b\n",
        """\
error[yaml-syntax]: no anchor &b stands before this alias
  --> f.yaml:1:4
  1 | a: *b
    |    ^^
  help: quote a text that begins with *
""",
    ),
    (
        "a: &x {b: [*x]}\n",
        """\
error[yaml-aliases]: the value of &x contains itself
  --> f.yaml:1:12
  1 | a: &x {b: [*x]}
    |            ^^
  help: write the inner value out
""",
    ),
    (
        "a: &a [1,1,1,1,1,1]\nb: &b [*a,*a,*a]\nc: &c [*b,*b,*b]\n",
        """\
error[yaml-aliases]: aliases add more than 50 values to this text
  --> f.yaml:3:11
  3 | c: &c [*b,*b,*b]
    |           ^^
  help: write the values out, or allow more: --limit yaml-alias-nodes=NUMBER
""",
    ),
    (
        "a: " + "[" * 20 + "\n",
        """\
error[yaml-depth]: more than 20 collections stand inside each other
  --> f.yaml:1:23
  1 | a: [[[[[[[[[[[[[[[[[[[[
    |                       ^
  help: split the value up, or allow more: --limit yaml-depth=NUMBER
""",
    ),
    (
        "a: &a [[[[[[[[[[1]]]]]]]]]]\nb: [[[[[[[[[[*a]]]]]]]]]]\n",
        """\
error[yaml-depth]: more than 20 collections stand inside each other
  --> f.yaml:2:14
  2 | b: [[[[[[[[[[*a]]]]]]]]]]
    |              ^^
  help: split the value up, or allow more: --limit yaml-depth=NUMBER
""",
    ),
    (
        "a: 1\n---\nb: 2\n---\nc: 3\n",
        """\
error[yaml-many-documents]: one document is expected here, but the text has 3
  --> f.yaml:3:1
  3 | b: 2
    | ^^^^
  help: write each document into a file of its own
""",
    ),
    (
        "a:\n\tb: 1\n",
        """\
error[yaml-syntax]: a tab cannot indent
  --> f.yaml:2:1
  2 | \tb: 1
    | ^
  help: indent with spaces
""",
    ),
    (
        "a: b: c\n",
        """\
error[yaml-syntax]: a key and its colon cannot stand here
  --> f.yaml:1:5
  1 | a: b: c
    |     ^
  help: check the indentation, and quote a text that has a colon followed by a space
""",
    ),
    (
        "key: value\nfoo\nbar: 1\n",
        """\
error[yaml-syntax]: a colon is missing after this key
  --> f.yaml:2:1
  2 | foo
    | ^
  help: write KEY: VALUE, or indent the line to continue the text above
""",
    ),
    (
        "a: [1,\nb: 2\n",
        """\
error[yaml-syntax]: the list that begins here is not closed
  --> f.yaml:1:4
  1 | a: [1,
    |    ^
  help: write a comma between entries and ] at the end
""",
    ),
    (
        "é: '\U0001f600\n",
        """\
error[yaml-syntax]: the quoted text that begins here is not closed
  --> f.yaml:1:4
  1 | é: '\U0001f600
    |    ^
  help: end it with the same quote
""",
    ),
    (
        "a: 'x\n---\n",
        """\
error[yaml-syntax]: the quoted text that begins here is not closed before the next document
  --> f.yaml:1:4
  1 | a: 'x
    |    ^
  help: end it with the same quote
""",
    ),
    (
        "a: 'x' y\n",
        """\
error[yaml-syntax]: neither a key nor the end of the mapping
  --> f.yaml:1:8
  1 | a: 'x' y
    |        ^
  help: check indentation and quotes of this line and the line above
""",
    ),
    (
        "- a\nb: 1\n",
        """\
error[yaml-syntax]: neither an entry of the list nor its end
  --> f.yaml:2:1
  2 | b: 1
    | ^
  help: begin each entry with a dash, all in one column
""",
    ),
    (
        "a: - b\n",
        """\
error[yaml-syntax]: a list cannot begin here
  --> f.yaml:1:4
  1 | a: - b
    |    ^
  help: begin it on a line of its own, or quote a text that begins with a dash
""",
    ),
    (
        "a: ? b\n",
        """\
error[yaml-syntax]: a mapping cannot begin here
  --> f.yaml:1:4
  1 | a: ? b
    |    ^
  help: begin it on a line of its own, or quote a text that begins with ?
""",
    ),
    (
        "a: @b\n",
        """\
error[yaml-syntax]: no value can begin with this character
  --> f.yaml:1:4
  1 | a: @b
    |    ^
  help: put the text in quotes
""",
    ),
    (
        "a: }\n",
        """\
error[yaml-syntax]: a value is missing here
  --> f.yaml:1:4
  1 | a: }
    |    ^
  help: write the value, or quote a text that begins with this character
""",
    ),
    (
        "a: {b: [",
        """\
error[yaml-syntax]: the text ends where a value is expected
  --> f.yaml:1:9
  1 | a: {b: [
    |         ^
  help: close the list or mapping that is still open
""",
    ),
    (
        "&a *b",
        """\
error[yaml-syntax]: this belongs to no document
  --> f.yaml:1:4
  1 | &a *b
    |    ^
  help: write --- on a line before it, or indent it
""",
    ),
    (
        "a: |x\n",
        """\
error[yaml-syntax]: only a comment may follow on this line
  --> f.yaml:1:5
  1 | a: |x
    |     ^
  help: begin the text on the next line
""",
    ),
    (
        "a: |0\n",
        """\
error[yaml-syntax]: an indentation of 0 is not allowed here
  --> f.yaml:1:5
  1 | a: |0
    |     ^
  help: write a digit from 1 to 9
""",
    ),
    (
        'a: "\\q"\n',
        """\
error[yaml-syntax]: there is no such escape in double quotes
  --> f.yaml:1:5
  1 | a: "\\q"
    |     ^
  help: write two backslashes for one, or use single quotes
""",
    ),
    (
        'a: "\\xg"\n',
        """\
error[yaml-syntax]: digits are missing in this escape
  --> f.yaml:1:7
  1 | a: "\\xg"
    |       ^
  help: write \\x with two, \\u with four or \\U with eight digits
""",
    ),
    (
        "a: & b\n",
        """\
error[yaml-syntax]: a name is missing after & or *
  --> f.yaml:1:5
  1 | a: & b
    |     ^
  help: quote a text that begins with & or *
""",
    ),
    (
        "a: [b:]\n",
        """\
error[yaml-syntax]: a colon cannot end this text
  --> f.yaml:1:6
  1 | a: [b:]
    |      ^
  help: quote the text, or write a space and a value behind the colon
""",
    ),
    (
        "a: !e!x 1\n",
        """\
error[yaml-syntax]: this tag's prefix is not declared
  --> f.yaml:1:4
  1 | a: !e!x 1
    |    ^
  help: quote a text that begins with !
""",
    ),
    (
        "a: !<x\n",
        """\
error[yaml-syntax]: this is no tag
  --> f.yaml:1:7
  1 | a: !<x
    |       ^
  help: quote a text that begins with !
""",
    ),
    (
        "%YAML 3.0\n---\na\n",
        """\
error[yaml-syntax]: this version of YAML is not known
  --> f.yaml:1:1
  1 | %YAML 3.0
    | ^
  help: remove the %YAML line
""",
    ),
    (
        "%{ a }\n",
        """\
error[yaml-syntax]: a line that begins with % is a directive, and this is none
  --> f.yaml:1:2
  1 | %{ a }
    |  ^
  help: quote the text, or remove the line
""",
    ),
    (
        "é: \x1b\n",
        """\
error[yaml-syntax]: this control character is not allowed
  --> f.yaml:1:4
  1 | é: \x1b
    |    ^
  help: write it as an escape in double quotes, such as "\\x1b"
""",
    ),
    (
        "a: \ud800\n",
        """\
error[yaml-syntax]: this control character is not allowed
  --> f.yaml:1:4
  1 | a: \ud800
    |    ^
  help: write it as an escape in double quotes, such as "\\x1b"
""",
    ),
    (
        "a: !%ed%a0%80 x\n",
        """\
error[yaml-syntax]: these bytes are no text
  --> f.yaml:1:1
  1 | a: !%ed%a0%80 x
    | ^
  help: write the character itself
""",
    ),
]


@pytest.mark.parametrize(("text", "told"), FAULTS)
def test_a_fault_names_its_place_its_cause_and_the_way_out(text: str, told: str) -> None:
    assert faults(text) == told


@pytest.mark.parametrize("opening", ["[", "{", "- ", "? ", '{"a":', "[{", "a: &a [*a,"])
def test_hostile_nesting_is_a_fault_and_no_crash(opening: str) -> None:
    with pytest.raises((YamlError, ExceptionGroup)):
        read_manifest(Source("f.yaml", opening * 100_000), Limits())


def test_a_thousand_million_laughs_end_at_the_limit() -> None:
    laughs = "".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))
    with pytest.raises(YamlError, match="yaml-aliases"):
        read_manifest(Source("f.yaml", f"a0: &a0 ha\n{laughs}"), Limits())


def test_values_are_floats_and_their_documents_are_merged_as_in_helm() -> None:
    text = "a: 9007199254740993\nb: {c: 1, d: [1]}\nb: {c: 2}\n---  # next\nb: {e: yes}\n--- \nnull\n---\n# none\n"
    values = read_values(Source("values.yaml", text), LIMITS)
    assert repr(values) == "{'a': 9007199254740992.0, 'b': {'c': 2.0, 'e': True}}"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", {}),
        ("~", {}),
        ("# none", {}),
        ("a: !foo 1", {"a": "1"}),
        ("a: &x 1\nb: *x", {"a": 1.0, "b": 1.0}),
        ("x: &x {a: 1}\nz: {a: 2, <<: *x}", {"x": {"a": 1.0}, "z": {"a": 1.0}}),
        ("a: " + "9" * 400, {"a": "9" * 400}),
        ("a: 1\n...\nb: [", {"a": 1.0}),
        ("9223372036854775807: 1", {"9223372036854775807": 1.0}),
        ("99999999999999999999: 1", {"1e+20": 1.0}),
        ("9" * 400 + ": 1", {"9" * 400: 1.0}),
    ],
)
def test_values_are_read_with_helms_leniency(text: str, values: object) -> None:
    assert repr(read_values(Source("values.yaml", text), LIMITS)) == repr(values)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "a: 1\n---\n- b\n",
            """\
error[yaml-no-mapping]: values must be a mapping, but this is a list
  --> values.yaml:3:1
  3 | - b
    | ^^^
  help: write KEY: VALUE lines""",
        ),
        (
            "a: 1\n---\nb: ]\n",
            """\
error[yaml-syntax]: a value is missing here
  --> values.yaml:3:4
  3 | b: ]
    |    ^
  help: write the value, or quote a text that begins with this character""",
        ),
        (
            "\ufeff18446744073709551615: .nan",
            """\
error[yaml-key]: Helm takes no number beyond 64 bits for a key
  --> values.yaml:1:2
  1 | \ufeff18446744073709551615: .nan
    |  ^^^^^^^^^^^^^^^^^^^^
  help: write the key in quotes""",
        ),
        (
            "a: 1\n--- b\n",
            """\
error[yaml-separator]: only a comment may stand behind --- in a values file
  --> values.yaml:2:4
  2 | --- b
    |    ^^
  help: begin the next line with it, or quote a text that begins with ---""",
        ),
        (
            "a: [b, http://c?d]\n",
            """\
error[yaml-syntax]: a text with a question mark needs quotes in brackets
  --> values.yaml:1:8
  1 | a: [b, http://c?d]
    |        ^^^^^^^^^^
  help: put the text in quotes""",
        ),
    ],
)
def test_values_that_helm_refuses_are_faults(text: str, told: str) -> None:
    with pytest.raises((YamlError, ExceptionGroup)) as caught:
        read_values(Source("values.yaml", text), LIMITS)
    assert isinstance(caught.value, SroError | ExceptionGroup)
    assert str(flatten(caught.value)[0]) == told


@pytest.mark.parametrize(
    ("text", "kind"), [("a", "a text"), ("1", "a number"), ("yes", "a boolean"), ("[]", "a list")]
)
def test_values_that_are_no_mapping_are_named(text: str, kind: str) -> None:
    with pytest.raises(YamlError, match=f"values must be a mapping, but this is {kind}\n"):
        read_values(Source("values.yaml", text), LIMITS)


def test_a_value_is_the_first_document_of_any_kind() -> None:
    assert read_value(Source("t", "[1, a]\n---\nb"), LIMITS) == [1.0, "a"]
    assert read_value(Source("t", "---\n---\nb"), LIMITS) is None
    assert read_value(Source("t", ""), LIMITS) is None


@pytest.mark.parametrize(
    "data",
    [
        "é: 1".encode(),
        b"\xef\xbb\xbf" + "é: 1".encode(),
        b"\xff\xfe" + "é: 1".encode("utf-16-le"),
        b"\xfe\xff" + "é: 1".encode("utf-16-be"),
    ],
)
def test_files_are_utf_8_or_marked_utf_16(data: bytes) -> None:
    assert decode(data, "f.yaml").text == "é: 1"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (
            b"a: 1\nb\xc3\xa9: \xff\n",
            """\
error[yaml-encoding]: byte 10 is no UTF-8: 0xff
  --> f.yaml:2:5
  2 | bé: \ufffd
    |     ^
  help: save the file as UTF-8""",
        ),
        (
            b"\xff\xfea\x00\x00\xd8",
            """\
error[yaml-encoding]: byte 4 is no UTF-16: 0x00
  --> f.yaml:1:2
  1 | a\ufffd
    |  ^
  help: save the file as UTF-8""",
        ),
        (
            b"\x7fELF\x02\x01\x01\x00\xd0",
            """\
error[yaml-encoding]: f.yaml is no text, but a binary file
  help: name a text file here""",
        ),
        (
            gzip.compress(b"a" * 100, mtime=0),
            """\
error[yaml-encoding]: f.yaml is no text, but a gzip archive
  help: name a text file here""",
        ),
    ],
)
def test_bytes_that_are_no_text_are_named(data: bytes, told: str) -> None:
    with pytest.raises(YamlError) as caught:
        decode(data, "f.yaml")
    assert str(caught.value) == told


def test_the_nesting_limit_of_newer_libyamls_is_told_like_ours() -> None:
    # libyaml from 0.2.6 on looks ahead in a line of brackets, and stops at 1,000 before we count 200.
    complaint = yaml.MarkedYAMLError(problem="exceeded maximum nesting depth")
    assert (
        str(syntax_fault(complaint, Source("f.yaml", "[["), 1))
        == """\
error[yaml-depth]: too many collections stand inside each other
  --> f.yaml:1:2
  1 | [[
    |  ^
  help: split the value up"""
    )


PLACES = """\
# none
---
a: &x
  b:
  - 1
  - c: "two"
    d: {e: f}
g: *x
h:
  <<: *x
  1: i
---
j: k
"""


@pytest.mark.parametrize(
    ("path", "document", "of_value", "place", "text"),
    [
        ([], 0, False, "f.yaml:3:1", "a"),
        (["a"], 0, False, "f.yaml:3:1", "a"),
        (["a", "b"], 0, False, "f.yaml:4:3", "b"),
        (["a", "b", 0], 0, False, "f.yaml:5:5", "1"),
        (["a", "b", 1, "c"], 0, False, "f.yaml:6:5", "c"),
        (["a", "b", 1, "c"], 0, True, "f.yaml:6:8", '"two"'),
        (["a", "b", 1, "d", "e"], 0, True, "f.yaml:7:12", "f"),
        (["g", "b", 0], 0, False, "f.yaml:8:1", "g"),
        (["g", "b", 0], 0, True, "f.yaml:8:4", "*x"),
        (["h", "1"], 0, False, "f.yaml:11:3", "1"),
        (["h", "b"], 0, False, "f.yaml:10:3", "<<"),
        (["j"], 1, True, "f.yaml:13:4", "k"),
    ],
)
def test_a_path_is_found_in_the_text(
    path: list[str | int], document: int, of_value: bool, place: str, text: str
) -> None:
    for mark in ("", "\ufeff"):
        span = locate(Source("f.yaml", mark + PLACES), path, document, value=of_value)
        assert span is not None
        assert (str(span), span.text) == (place, text)


@pytest.mark.parametrize(
    ("text", "path", "document"),
    [
        (PLACES, ["z"], 0),
        (PLACES, ["a", "b", 2], 0),
        (PLACES, ["a", "b", "c"], 0),
        (PLACES, ["j", "k"], 1),
        (PLACES, ["a"], 2),
        ("", [], 0),
        ("a: [", ["b"], 0),
        ("a: \ud800", ["a"], 0),
    ],
)
def test_a_path_that_leads_nowhere_has_no_place(text: str, path: list[str | int], document: int) -> None:
    assert locate(Source("f.yaml", text), path, document) is None


def test_a_text_of_another_version_of_yaml_is_a_fault() -> None:
    with pytest.raises(YamlError) as caught:
        read_manifest(Source("f.yaml", "%YAML 1.2\n---\na: 1\n"), LIMITS)
    assert (
        str(caught.value)
        == """\
error[yaml-syntax]: only YAML 1.1 is read here
  --> f.yaml:1:1
  1 | %YAML 1.2
    | ^^^^^^^^^
  help: remove the line %YAML"""
    )


def test_a_values_file_ends_with_a_line_break_whether_it_has_one_or_not() -> None:
    assert read_values(Source("values.yaml", "a: |\n  b"), LIMITS) == {"a": "b\n"}
    assert read_value(Source("t", "a: |\n  b"), LIMITS) == {"a": "b"}
