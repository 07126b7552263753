"""The real helm as judge of `toToml`, `fromToml` and `toYamlPretty`.

Matrix: every kind of value at the top, in tables, in arrays and in inline tables; keys and texts that want
quotes; empty and null values; the objects at the top of a chart; each form that TOML 1.0 has for a value,
read; each style of YAML's scalars. Left out: the text under `Error`, which is ours, and TOML 1.1.
"""

from __future__ import annotations

from typing import Any

VALUES = r"""
config:
  name: app
  count: 3
  ratio: 0.5
  big: 1e21
  small: 1e-7
  on: true
  nothing: null
  empty: ""
  list: [1, two, 3.5, true]
  none: []
  nested: [[1, 2], [a, [b]], []]
  tables: [{a: 1, t: {x: 1}}, {b: [1], u: [{y: 2}]}, {}]
  mixed: [{a: 1}, 2, {b: {c: null, d: 1}}]
  maybe: [{a: null, b: 1}, {z: null}]
  server: {host: h, port: 80, tls: {cert: c, "odd key": 1, "": 2, "é": 3, a.b: 4, 'q"': 5}}
  void: {}
  deep: {er: {still: {x: 1}}}
  text: "line\nbreak\ttab \"quoted\" back\\slash \x01\x7f\r é\u2028 😀"
  9: nine
yaml:
  words: ["y", "n", "yes", "No", "on", "OFF", "true", "null", "~", "", " ", "1", "1.5", "1e3", "0x1f", "0o17", "017", "1_000", ".5", "+1", "-", "--", "---", "...", "=", "<<", "2024-01-01", "2024-01-01T00:00:00Z", "12:30", "1:2:3", ".inf", ".NaN", "0b1", "NaN", "nan"]
  marks: ["a: b", "a:b", "a #b", "a#b", "#a", "- a", "-a", "? a", "?a", ": a", ":a", "!a", "&a", "*a", "@a", "`a", "%a", "[a", "{a", "]a", "}a", ",a", "'a", "\"a", "a'b", "a\"b", "|a", ">a", "a:", "a ", " a", "a\tb", "\ta", "a\\b"]
  lines: ["a\nb", "a\nb\n", "a\n\n", "\n", "\na", " a\nb", "a \nb", "a\n b", "a\n\nb", "a\tb\nc", "\ta\nb", "a\rb", "a\r\nb", "a\u0085b", "a\u2028b", "a\u0001b", "a\nb\u0001", "a\ufeffb", "\u00a0", "é", "😀", "a\n#b"]
  long: "the quick brown fox jumps over the lazy dog the quick brown fox jumps over the lazy dog the quick brown fox jumps over"
  longquoted: "'the quick brown fox jumps over the lazy dog the quick brown fox jumps over the lazy dog: the quick brown fox jumps over"
  numbers: [0, 1, -1, 1.5, 1000000, 123456789, 1e21, 1e-7, 0.1, 100000, 9007199254740993]
  lists: [[], [1], [[1, [2]], [3]], [{a: 1, b: [1, {c: 2}]}, {}], {a: []}]
  maps: {a: {}, b: {c: {d: 1}}, e: null}
  keys: {"y": 1, "1": 2, "a b": 3, "a: b": 4, "": 5, "true": 6, "~": 7, "a\nb": 8, "a\tb": 9, "é": 10, "- a": 11, "'": 12}
  order: {a1: 1, a10: 1, a2: 1, a: 1, B: 1, b: 1, _a: 1, "1": 1, "10": 1, "2": 1, a-b: 1, a.b: 1, ab: 1, a1b: 1, a1-: 1, a01: 1, a001: 1, "-": 1, x9y: 1, x9-y: 1, x10: 1}
"""

SAME = r"""
toToml .Values.config
toToml .Values.config.server
toToml .Values.config.text
toToml .Values.config.list
toToml .Values.config.none
toToml .Values.config.tables
toToml .Values.config.mixed
toToml .Values.config.count
toToml .Values.yaml.order
toToml .Values.yaml.keys
toToml (dict "a" .Values.yaml.marks "b" .Values.yaml.lines)
toToml (dict)
toToml (list)
toToml true
toToml 1
toToml (int64 5)
toToml 1.0
toToml "x"
toToml (dict "a" nil)
toToml (dict "a" (list nil))
toToml (dict "a" (list 1 (list nil)))
toToml (dict "a" (list (dict "b" (list nil))))
toToml (list (dict "a" 1))
toToml (list 1 (dict "a" 1 "b" nil "c" 2))
toToml (list 1 (dict "a" 1 "b" (dict "c" nil)))
toToml (list 1 (dict "t" (dict "u" 1) "a" 2 "z" (list (dict "b" 1))))
toToml (list 1 (dict))
toToml (dict "a" (list (dict) (dict "b" (dict))))
toToml (dict "a" (dict "b" (dict "c" (dict "d" 1) "e" 2) "f" 3))
toToml (dict "a" (dict "b" (list (dict "c" 1) (dict "d" (list (dict "e" 2))))))
toToml (dict "a.b" (dict "c d" (dict "é" 1)))
toToml (dict "t" (list (list (dict "a" 1))))
toToml (dict "n" (list 1.0 2.5 (int64 3)) "u" (list "a" "b") "b" (list true false))
toToml (dict "f" 1e6 "g" 1e20 "h" 1e21 "i" 1e-5 "j" 123456789.0 "k" 0.1 "l" -0.5)
toToml (dict "inf" (float64 "inf") "ninf" (float64 "-inf") "nan" (float64 "nan"))
toToml (splitList "," "a,b")
toToml (dict "s" (splitList "," "a,b") "m" (split "," "a,b"))
toToml (dict "b" (.Files.GetBytes "absent"))
toToml .Release
toToml .Template
toToml (dict "v" .Capabilities.KubeVersion)
toToml (dict "z" 1 "a" (dict "x" 1) "m" 2)
mustToToml (dict "a" 1)
mustToToml .Values.config.server
fromToml "a = 1\nb = 'x'\n"
fromToml ""
fromToml "[a.b]\nc = 1\n[a.d]\ne = [1, 2.5, 'x', true]\n"
fromToml "[[a]]\nb = 1\n[[a]]\nc = {d = 1, e.f = 2}\n"
fromToml "a = 0x1F\nb = 0o17\nc = 0b101\nd = 1_000\ne = -5\nf = +7"
fromToml "a = 1.5\nb = 1e3\nc = -0.0\nd = 6.02e-23\ne = 1_0.5"
fromToml "a = \"\"\"\nx\\\n   y\"\"\"\nb = '''\nraw\\n'''\n"
fromToml "a = \"\\u00e9\\t\\\"\""
fromToml "\"k e\" = 1\n'q' = 2\na.\"b c\".d = 3"
fromToml "a = 2024-02-29T12:30:45Z"
fromToml "a = 2024-02-29T12:30:45.123456+02:00"
fromToml "a = 2024-02-29 12:30:45"
fromToml "a = 2024-02-29"
fromToml "a = 12:30:45.5"
fromToml "a = 9223372036854775807"
fromToml "a = []\nb = [[1], ['x']]\nc = {}"
fromToml "a = 1 # comment\n# more"
typeOf (fromToml "a = 1").a
typeOf (fromToml "a = 1.0").a
typeOf (fromToml "a = 2024-02-29").a
typeOf (fromToml "a = [1]").a
hasKey (fromToml "a = ") "Error"
hasKey (fromToml "a = 1\na = 2") "Error"
hasKey (fromToml "a = 9223372036854775808") "Error"
hasKey (fromToml "[a]\nb = 1\n[a]\nc = 2") "Error"
hasKey (fromToml "= 1") "Error"
hasKey (fromToml "a = 01") "Error"
toToml (fromToml "a = 2024-02-29T12:30:45Z\nb = 2024-02-29 12:30:45\nc = 2024-02-29\nd = 12:30:45.5\ne = 2024-02-29T12:30:45-07:00")
toToml (fromToml "[[x]]\na = 1\n[x.y]\nb = 2\n[[x]]\n[z]\nq = [{a = 1}, {b = [1, 2]}]")
toYamlPretty .Values.config
toYamlPretty .Values.yaml.words
toYamlPretty .Values.yaml.marks
toYamlPretty .Values.yaml.lines
toYamlPretty .Values.yaml.long
toYamlPretty .Values.yaml.longquoted
toYamlPretty .Values.yaml.numbers
toYamlPretty .Values.yaml.lists
toYamlPretty .Values.yaml.maps
toYamlPretty .Values.yaml.keys
toYamlPretty .Values.yaml.order
toYamlPretty .Values.yaml
toYamlPretty (dict "a" .Values.yaml.lines "b" (dict "c" .Values.yaml.marks "d" .Values.yaml.words))
toYamlPretty (list .Values.yaml.lines (list .Values.yaml.lines))
toYamlPretty (dict)
toYamlPretty (list)
toYamlPretty "a\nb"
toYamlPretty "a"
toYamlPretty ""
toYamlPretty nil
toYamlPretty true
toYamlPretty 1
toYamlPretty 1.0
toYamlPretty (float64 "inf")
toYamlPretty (dict "a" (float64 "nan") "b" (float64 "-inf"))
toYamlPretty (dict "a" (b64dec "/w=="))
toYamlPretty (dict (b64dec "/w==") 1)
toYamlPretty (list (list 1 2) (list (dict "a" 1 "b" (list 3))))
toYamlPretty (dict "a" (list (dict "b" "x\ny" "c" (list "p\nq"))))
toYamlPretty (dict (repeat 129 "k") 1 (repeat 128 "j") (list 1) (repeat 130 "l") (dict "a" 1) (repeat 131 "m") "x\ny")
toYamlPretty (splitList "," "a,b")
toYamlPretty .Release
toYamlPretty .Chart
toYamlPretty .Capabilities.KubeVersion
toYamlPretty (.Files.GetBytes "absent")
toYamlPretty (regexFindAll "a" "bab" -1)
toYamlPretty (mustToDuration "90s")
toYamlPretty (toDate "2006" "2024").Month
"""

FAILING = r"""
toToml nil
mustToToml (dict "a" (list nil))
mustToToml (list (dict "a" 1))
fromToml 1
"""


def test_toml_and_pretty_yaml_are_written_and_read_as_in_helm(expressions: Any) -> None:
    expressions.with_values(VALUES).assert_same(SAME.strip().split("\n"))


def test_what_has_no_form_in_toml_ends_both_renders(expressions: Any) -> None:
    expressions.assert_both_fail(FAILING.strip().split("\n"))
