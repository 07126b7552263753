"""Signatures and what they make of arguments.

Matrix: signature texts; argument counts; each parameter type x values that fit and do not. Constants
in templates stand in test_pipelines.
"""

from __future__ import annotations

import pytest

from sro_render.gotemplate.functions import (
    Function,
    FunctionError,
    Signature,
    assign,
    go_function,
    parse_signature,
)
from sro_render.gotemplate.values import NIL, Int64, NamedMap, StringList, StringMap


@pytest.mark.parametrize(
    ("text", "signature"),
    [
        ("() string", Signature((), None, "string")),
        ("(int, string) string", Signature(("int", "string"), None, "string")),
        ("(string, ...interface {}) interface{}", Signature(("string",), "any", "any")),
        ("([]byte) map[string]interface{}", Signature(("[]uint8",), None, "map[string]any")),
    ],
)
def test_a_signature_is_read(text: str, signature: Signature) -> None:
    assert parse_signature(text) == signature


def test_a_signature_is_shown_as_it_is_written() -> None:
    assert str(parse_signature("(string, ...any) string")) == "(string, ...any) string"


def test_what_is_no_signature_is_refused() -> None:
    with pytest.raises(ValueError, match="not a signature: string"):
        parse_signature("string")


@pytest.mark.parametrize(
    ("signature", "count", "message"),
    [
        ("() string", 1, "f takes 0 arguments, not 1"),
        ("(int) string", 0, "f takes 1 argument, not 0"),
        ("(int, ...any) string", 0, "f takes at least 1 argument, not 0"),
        ("(int, any) string", 3, "f takes 2 arguments, not 3"),
    ],
)
def test_a_wrong_number_of_arguments_is_an_error(signature: str, count: int, message: str) -> None:
    with pytest.raises(FunctionError) as caught:
        Function("f", print, signature).check_count(count)
    assert caught.value.message == message
    assert caught.value.hint == f"its signature is f{signature}"


def test_a_variadic_function_takes_any_number_from_its_minimum_on() -> None:
    function = Function("f", print, "(int, ...any) string")
    for count in (1, 2, 9):
        function.check_count(count)


@pytest.mark.parametrize(
    ("value", "go_type", "given"),
    [
        (None, "any", None),
        ("a", "string", "a"),
        (1, "int", 1),
        (Int64(1), "int64", Int64(1)),
        (1.0, "float64", 1.0),
        (True, "bool", True),
        ([1], "[]any", [1]),
        (StringList(["a"]), "[]string", ["a"]),
        ({"a": 1}, "map[string]any", {"a": 1}),
        (NamedMap(a=1), "map[string]any", {"a": 1}),
        (None, "map[string]any", {}),
        (None, "[]any", []),
        (None, "[]uint8", b""),
        (None, "*regexp.Regexp", None),
    ],
)
def test_a_value_that_fits_is_taken(value: object, go_type: str, given: object) -> None:
    assert assign(value, go_type) == given


@pytest.mark.parametrize(
    ("value", "go_type", "message"),
    [
        (1, "string", "must be of type string, not int"),
        (True, "int", "must be of type int, not bool"),
        (Int64(1), "int", "must be of type int, not int64"),
        (1, "int64", "must be of type int64, not int"),
        (1, "float64", "must be of type float64, not int"),
        (1.0, "int", "must be of type int, not float64"),
        (["a"], "[]string", "must be of type []string, not []any"),
        (StringList(["a"]), "[]any", "must be of type []any, not []string"),
        (StringMap(), "map[string]any", "must be of type map[string]any, not map[string]string"),
        (None, "string", "must be of type string, but it has no value"),
        (NIL, "int", "must be of type int, but it has no value"),
    ],
)
def test_a_value_of_another_type_is_refused(value: object, go_type: str, message: str) -> None:
    with pytest.raises(FunctionError) as caught:
        assign(value, go_type)
    assert caught.value.message == message


def test_a_nil_inside_a_container_is_no_empty_map() -> None:
    with pytest.raises(FunctionError) as caught:
        assign(None, "map[string]any", is_interface=True)
    assert caught.value.message == "must be of type map[string]any, but it has no value"


def test_a_decorator_enters_a_function_into_a_table() -> None:
    table: dict[str, Function] = {}

    @go_function(table, "shout", "(string) string", tolerant=True)
    def shout(text: str) -> str:
        return text.upper()

    assert table["shout"].call("a") == shout("a") == "A"
    assert (table["shout"].tolerant, table["shout"].wants_run) == (True, False)
