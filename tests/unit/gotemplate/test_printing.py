"""How Go prints values.

Matrix: print forms x every kind of value; each verb with flags, width, precision, indexes; every error
form. The expected texts are what Go 1.26 prints. Left out: %p, which prints addresses.
"""

from __future__ import annotations

import pytest

from sro_render.gotemplate.functions import FunctionError
from sro_render.gotemplate.printing import sprint, sprintf, sprintln, to_text
from sro_render.gotemplate.values import GoObject, Int64, StringList, StringMap, Uint8, Uint64


class Version(GoObject):
    go_type = "common.KubeVersion"

    def go_fields(self) -> dict[str, object]:
        return {"Version": "v1.2.3", "Major": "1"}

    def go_string(self) -> str:
        return "v1.2.3"


class Metadata(GoObject):
    go_type = "*chart.Metadata"

    def go_fields(self) -> dict[str, object]:
        return {"Name": "a", "Sources": StringList(["b"]), "Home": ""}


class Names(GoObject):
    go_type = "common.VersionSet"

    def go_underlying(self) -> list[str]:
        return ["v1", "apps/v1"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "<no value>"),
        ("a", "a"),
        (True, "true"),
        (Int64(-5), "-5"),
        (1e6, "1e+06"),
        (b"ab", "[97 98]"),
        ({"b": 2, "a": None}, "map[a:<nil> b:2]"),
        ([1, "x", [2.5]], "[1 x [2.5]]"),
        (StringMap(a="b"), "map[a:b]"),
        (Version(), "v1.2.3"),
        (Metadata(), "{a [b] }"),
        (Names(), "[v1 apps/v1]"),
        ({"v": Version()}, "map[v:v1.2.3]"),
    ],
)
def test_an_action_writes_a_value_as_go_does(value: object, text: str) -> None:
    assert to_text(value) == text


def test_print_puts_blanks_between_what_is_no_string() -> None:
    assert sprint(["a", 1, 2, "b", "c", 3.0, None, None, [], {}]) == "a1 2bc3 <nil> <nil> [] map[]"
    assert sprint([]) == ""


def test_println_puts_blanks_between_everything() -> None:
    assert sprintln(["a", 1, "b"]) == "a 1 b\n"


@pytest.mark.parametrize(
    ("format_text", "arguments", "text"),
    [
        ("no verb", [], "no verb"),
        ("%v %v %v", [True, 1.5, "a"], "true 1.5 a"),
        ("%5d|%-5d|%05d|%+d|% d", [42, 42, 42, 42, 42], "   42|42   |00042|+42| 42"),
        ("%6d|%06d|%-6d", [-42, -42, -42], "   -42|-00042|-42   "),
        ("%.2d|%8.3d|%08.3d|%+.3d|%.0d|%5.0d", [7, 7, 7, 7, 0, 0], "07|     007|     007|+007||     "),
        ("%x|%X|%#x|%#08x|%o|%#o|%O|%b|%#b", [-255, 255, 255, 255, 8, 8, 8, 5, 5], "-ff|FF|0xff|0x000000ff|10|010|0o10|101|0b101"),
        ("%c|%q|%U|%#U|%+q|%c", [233, 233, 233, 0x1F600, 0x1F600, -1], "é|'é'|U+00E9|U+1F600 '😀'|'\\U0001f600'|\ufffd"),
        ("%U", [-1], "U+FFFFFFFFFFFFFFFF"),
        ("%6.2f|%-8.3f|%08.3f|%+.1e|%g|%G", [3.14159, 3.14159, -3.14159, 123456.789, 1e-7, 1e-7], "  3.14|3.142   |-003.142|+1.2e+05|1e-07|1E-07"),
        ("%#g|%#.0f|%#.3x|%F", [2.0, 2.0, 2.0, 1.5], "2.00000|2.|0x1.000p+01|1.500000"),
        ("%10.3s|%-5s|%05s|%.0s|", ["abcdef", "ab", "ab", "abc"], "       abc|ab   |000ab||"),
        ("%q|%+q|%#q|%5.1q", ['a"b\n', "é", "a\\b", "xyz"], '"a\\"b\\n"|"\\u00e9"|`a\\b`|  "x"'),
        ("%x|%X|% x|%#x|%# x|%.1x", ["héy", "hi", "abc", "abc", "abc", "abc"], "68c3a979|6869|61 62 63|0x616263|0x61 0x62 0x63|61"),
        ("%s|%x|%q|%d|%v|%#v", [b"ab", b"ab", b"ab", b"ab", b"ab", b"ab"], 'ab|6162|"ab"|[97 98]|[97 98]|[]byte{0x61, 0x62}'),
        ("%t|%5t", [True, False], "true|false"),
        ("%d", [[1, None, "x"]], "[1 <nil> %!d(string=x)]"),
        ("%s|%q", [StringList(["a"]), ["a", 1]], "[a]|[\"a\" '\\x01']"),
        ("%5v|%6v", ["ab", [1, 2]], "   ab|[     1      2]"),
        ("%T %T %T %T %T", [None, [1], {}, Uint8(1), 1.5], "<nil> []interface {} map[string]interface {} uint8 float64"),
        ("%#v", [[None, 1, "a", 1e6, True]], '[]interface {}{interface {}(nil), 1, "a", 1e+06, true}'),
        ("%#v %#v %#v", [{"a": StringList(["x"])}, Uint8(3), Int64(4)], 'map[string]interface {}{"a":[]string{"x"}} 0x3 4'),
        ("%v|%+v|%s", [Metadata(), Metadata(), Version()], "&{a [b] }|&{Name:a Sources:[b] Home:}|v1.2.3"),
        ("%#v", [Version()], 'common.KubeVersion{Version:"v1.2.3", Major:"1"}'),
        ("%v|%d", [Names(), Names()], "[v1 apps/v1]|[%!d(string=v1) %!d(string=apps/v1)]"),
        ("%d %x", [Uint64(2**63), Uint64(2**63)], "9223372036854775808 8000000000000000"),
        ("%v %5.1f %g", [float("inf"), float("nan"), -float("inf")], "+Inf   NaN -Inf"),
        ("%d%%", [5], "5%"),
        ("%[2]d %[1]d", [1, 2], "2 1"),
        ("%[3]*.[2]*[1]f|", [12.0, 2, 6], " 12.00|"),
        ("%-*d|%*d|%.*f", [5, 5, -5, 5, 1, 2.55], "5    |5    |2.5"),
    ],
)  # fmt: skip
def test_printf_prints_as_go_does(format_text: str, arguments: list[object], text: str) -> None:
    assert sprintf(format_text, arguments) == text


@pytest.mark.parametrize(
    ("format_text", "arguments", "text"),
    [
        ("%s", [1], "%!s(int=1)"),
        ("%d", ["x"], "%!d(string=x)"),
        ("%s", [None], "%!s(<nil>)"),
        ("%t", [1.5], "%!t(float64=1.5)"),
        ("%z", [True], "%!z(bool=true)"),
        ("%w", [["a"]], "%!w([]interface {}=[a])"),
        ("%d %s", [1], "1 %!s(MISSING)"),
        ("a", [1, "b", None], "a%!(EXTRA int=1, string=b, <nil>)"),
        ("%", [], "%!(NOVERB)"),
        ("%5", [], "%!(NOVERB)"),
        ("%!", [], "%!!(MISSING)"),
        ("%[9]d|%[x]d|%[2", [1], "%!d(BADINDEX)|%!d(BADINDEX)|%!(NOVERB)"),
        ("%[1]2d", [3], "%!d(BADINDEX)"),
        ("%*d", ["x", 5], "%!(BADWIDTH)5"),
        ("%.*d", ["x", 5], "%!(BADPREC)5"),
        ("%99999999d", [5], "%!(NOVERB)%!(EXTRA int=5)"),
    ],
)
def test_what_does_not_fit_shows_in_the_text(format_text: str, arguments: list[object], text: str) -> None:
    assert sprintf(format_text, arguments) == text


def test_all_values_have_one_address() -> None:
    """In forms that the real helm showed, with another address each time."""
    assert sprintf("%p|%#p|%p", [{}, [1], 5]) == "0xc00000000000|c00000000000|%!p(int=5)"
    inside = [Metadata()]
    assert sprint([inside]) == "[0xc00000000000]"
    assert sprintf("%20v|%d|%X|%020v", [inside] * 4) == (
        "[      0xc00000000000]|[211106232532992]|[C00000000000]|[0x00000000c00000000000]"
    )


def test_a_map_that_holds_itself_is_an_error() -> None:
    mapping: dict[str, object] = {}
    mapping["self"] = mapping
    with pytest.raises(FunctionError) as caught:
        to_text(mapping)
    assert (
        caught.value.message == "the value holds itself, or too many values inside each other, to be printed"
    )


def test_values_that_grow_when_printed_are_bounded() -> None:
    value: list[object] = ["x" * 2**16]
    for _ in range(12):
        value = [value, value]
    with pytest.raises(FunctionError) as caught:
        to_text(value)
    assert (caught.value.code, caught.value.message) == (
        "limit-output",
        "the value is too large to be printed",
    )
