"""The functions of text/template.

Matrix: each function x kinds of arguments, and its errors. The results are Go's.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sro_render.errors import TemplateError

DOT = {"l": [1.0, None, "x"], "m": {"a": 1.0, "n": None, "m": {"k": "v"}}, "s": "héllo", "n": 3.0, "z": None}


@pytest.mark.parametrize(
    ("action", "text"),
    [
        ("eq 1 1", "true"),
        ("eq .n 3.0", "true"),
        ("eq 1 2 3 1", "true"),
        ('eq .s "x" "y"', "false"),
        ("eq (byte 5) 5", "true"),
        ("eq .z nil", "true"),
        ("eq .z 1", "false"),
        ("ne 1 2", "true"),
        ('lt "a" "b"', "true"),
        ("lt (byte 5) -1", "false"),
        ("le 1 1", "true"),
        ("gt 2.5 1.5", "true"),
        ("ge 1 2", "false"),
        ("and 1 0 (index .l 99)", "0"),
        ('or 0 "x" (index .l 99)', "x"),
        ("and 1 2", "2"),
        ("or 0 .z", "<no value>"),
        ("1 | and 2", "1"),
        ("not .z", "true"),
        ("len .s", "6"),
        ("len .m", "3"),
        ('len (bytes "ab")', "2"),
        ("index .l 2", "x"),
        ('index .m "m" "k"', "v"),
        ('index .m "q"', "<no value>"),
        ('index labels "q"', ""),
        ('index "abc" 1', "98"),
        ('index (bytes "abc") 1', "98"),
        ("index .l", "[1 <nil> x]"),
        ('slice "hello" 1 3', "el"),
        ('slice "hello"', "hello"),
        ("slice .l 1", "[<nil> x]"),
        ("slice .l 0 1 2", "[1]"),
        ('slice "héllo" 0 2 | printf "%q"', r'"h\xc3"'),
        ('slice (bytes "abc") 1 2', "[98]"),
        ('slice (strings "a" "b") 1 | printf "%T"', "[]string"),
        ('print "a" 1 2 nil', "a1 2 <nil>"),
        ("println 1 2", "1 2\n"),
        ('printf "%d-%s" 1 "x"', "1-x"),
        ('html "<a href=\\"x\\">&\'"', "&lt;a href=&#34;x&#34;&gt;&amp;&#39;"),
        ('html nil 1 "a"', "&lt;no value&gt;1a"),
        ('js "\'\\"<=\\n\\u2028é"', r"\'\"\u003C\u003D\u000A\u2028é"),
        ('urlquery "a b&c/ü~*"', "a+b%26c%2F%C3%BC~%2A"),
    ],
)
def test_a_function_gives_what_go_gives(render: Callable[..., str], action: str, text: str) -> None:
    assert render(f"{{{{ {action} }}}}", DOT) == text


@pytest.mark.parametrize(
    ("action", "message", "hint"),
    [
        ("eq 1", "eq needs something to compare with", ""),
        ('eq 1 "a"', "int and string cannot be compared", ""),
        (
            "eq .n 3",
            "float64 and int cannot be compared",
            "numbers from values files are float64: write 1.0, or convert with int",
        ),
        (
            "eq .l .l",
            "[]any cannot be compared",
            "compare single values, or use deepEqual where there is one",
        ),
        (
            "lt 1 2.0",
            "int and float64 cannot be compared",
            "numbers from values files are float64: write 1.0, or convert with int",
        ),
        ("lt true false", "bool has no order", ""),
        ("gt .l 1", "[]any has no order", ""),
        ("le nil 1", "nil has no order", ""),
        ("len 1", "int has no length", ""),
        ("len nil", "nil has no length", ""),
        ("index nil 1", "nil has no elements", ""),
        ("index .l 1 2", "nil has no elements; it is what index 1 gave", ""),
        ("index .l 9", "position 9 is out of range: there are 3 elements", ""),
        ("index .l -1", "position -1 is out of range: there are 3 elements", ""),
        ("index .l 1.0", "a position is an integer, not float64", "convert it with int"),
        ("index .l nil", "a position cannot be nil", ""),
        ("index .m 1", "the keys of map[string]any are strings, not int", ""),
        ("index .m nil", "a map cannot be indexed with nil", ""),
        ("index 1 1", "int has no elements", ""),
        ("slice nil", "nil cannot be sliced", ""),
        ("slice 1", "int cannot be sliced", ""),
        ("slice .l 2 1", "cannot slice from 2 to 1", ""),
        ("slice .l 0 2 1", "cannot slice from 2 to 1", ""),
        ('slice "a" 0 1 1', "a string is sliced by two positions, not three", ""),
        ("slice .l 0 1 2 3", "slice takes up to 3 positions, not 4", ""),
        ('call "x"', "call needs a function, not string", ""),
    ],
)
def test_a_function_that_cannot_do_its_work_says_why(
    render: Callable[..., str], action: str, message: str, hint: str
) -> None:
    with pytest.raises(TemplateError) as caught:
        render(f"{{{{ {action} }}}}", DOT)
    finding = caught.value.finding
    assert finding.span is not None
    assert (finding.message, finding.hint, finding.span.text) == (message, hint, action)
