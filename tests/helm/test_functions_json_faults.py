"""What fromJson, fromJsonArray, fromYaml and fromYamlArray make of a text that they cannot take.

Charts print it, so it has Go's words. Matrix: each fault of JSON at each place of it, numbers beyond
float64 with their paths, values of another kind. Left out: faults of YAML, whose words are ours, and how
deep texts may be nested, where our limit is lower (test_attacks_data.py in tests/unit/charts).
"""

from __future__ import annotations

import json
from typing import Any

FAULTS = r"""
x
{
[
[1
[1,
[1,]
[1 2]
[,]
["
{"a"
{"a":
{"a":1
{"a":1,
{"a":1,}
{"a" 1}
{"a"::1}
{"a":1 "b":2}
{"a":1;}
{"a":1,"a" "b"}
{,}
{1:2}
{é}
{'a':1}
{} x
[] ]
{"a":1}}
1 2
"a" ]
"abc
"a\q"
"a\'"
"a\`"
"a\ b"
"a\u12x4"
"a\u 123"
"a\u1
"a\u"
"a\
["\ud800\u12g4"]
'a'
`x`
]
}
:
,
\
é
[1,é]
{"a":😀}
01
-01
-
--1
-x
+1
.5
1.
1.x
1.5.5
1e
1e+
1ex
1e+x
1e5e5
[1.]
{"a":01}
1x
tru
trux
tRue
truefalse
nul
nulx
nullx
[nul]
[tru
falsy
[true false]
NaN
Infinity
-Infinity
[NaN]
""".splitlines()

RANGES = """
1e999
[1e999]
[1,1e999,2,-1e400]
[[1e999]]
[{"a":1e999}]
{"b":1,"a":1e999,"c":2}
{"b":[1,1e999,3],"c":[{"d":1e999}]}
{"a":{"b":{"c":1e999}}}
{"a b":{"b":1e999}}
{"a.b":{"b~/":1e999}}
{"":1e999}
{"a":1e999,"a":2}
{"a":"1e999","b":1e999}
""".strip().split("\n")

KINDS = ['"x"', "1", "1.5", "true", "null", "[]", "{}", "[1]", "x", "- 1", "a: 1"]


def of(names: list[str], texts: list[str]) -> list[str]:
    return [f"{name} {json.dumps(text, ensure_ascii=False)}" for name in names for text in texts]


def test_the_faults_of_json_have_the_words_of_go(expressions: Any) -> None:
    expressions.assert_same(of(["fromJson", "fromJsonArray"], FAULTS))


def test_control_characters_in_json_are_shown_as_go_shows_them(expressions: Any) -> None:
    codes = [0, 1, 8, 10, 12, 13, 27, 31, 127, 0x85, 0xA0, 0x2028, 0xFEFF, 0xE000, 0x10FFFF]
    forms = ["%c", '"%c"', "[%c", '"\\%c"']
    texts = [f"printf `{form}` {code}" for code in codes for form in forms]
    expressions.assert_same([f"fromJsonArray ({text})" for text in texts])


def test_numbers_beyond_float64_are_named_with_their_path_and_count_as_0(expressions: Any) -> None:
    expressions.assert_same(of(["fromJson", "fromJsonArray"], RANGES))


def test_values_of_another_kind_are_named(expressions: Any) -> None:
    yaml = of(["fromYaml", "fromYamlArray"], KINDS)
    expressions.assert_same([*yaml, *of(["fromJson", "fromJsonArray"], KINDS[:8])])
