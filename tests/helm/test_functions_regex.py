"""The real helm as judge of the functions on regular expressions.

Matrix: each function, empty matches, limits below, at and above 0, groups and templates of replacements,
flags, classes, text that is not UTF-8, what Go and RE2 read differently, what is no expression.
Left out: error texts (tests/unit/sprig).
"""

from __future__ import annotations

from typing import Any

SAME = r"""
regexMatch "^a+$" "aaa"
regexMatch "^a+$" "aab"
regexMatch "b" "abc"
regexMatch "" ""
regexMatch "(" "x"
regexMatch "a{1001}" "x"
regexMatch `\C` "a"
regexMatch "(?P<n" "a"
regexMatch "(?i)ABC" "xabcx"
regexMatch "(?s)a.b" "a\nb"
regexMatch "a.b" "a\nb"
regexMatch "(?m)^b$" "a\nb\nc"
regexMatch "^b$" "a\nb\nc"
regexMatch "a$" "a\n"
regexMatch `a\z` "a\n"
regexMatch `\Aa` "ba"
regexMatch `\bfoo\b` "a foo b"
regexMatch `\bé\b` "é"
regexMatch `\Boo` "foo"
regexMatch `^\pL+$` "äß"
regexMatch `^\p{Greek}+$` "αβγ"
regexMatch `^\P{Greek}+$` "abγ"
regexMatch `^\p{^Greek}+$` "ab"
regexMatch `^\p{greek}+$` "αβγ"
regexMatch `^\p{Letter}+$` "äß"
regexMatch `^\p{uppercase_letter}+$` "ÄÖ"
regexMatch `^[\p{Lu}0-9]+$` "ÄÖ9"
regexMatch `^[[:alpha:]]+$` "abc"
regexMatch `^[[:^alpha:]]+$` "123"
regexMatch `^[[:word:]]+$` "a_1"
regexMatch `^\d+$` "١٢"
regexMatch `^\w+$` "ä"
regexMatch `^\s+$` "\v"
regexMatch `^\s+$` " \t\n\f\r"
regexMatch `^[^\d]+$` "abc"
regexMatch `^\x41\x{1F600}$` "A😀"
regexMatch `^\101$` "A"
regexMatch `^\Qa.b\E+$` "a.bbb"
regexMatch `\Q(` "("
regexMatch `a\Q` "a"
regexMatch `^a{,2}$` "a{,2}"
regexMatch `^a{2,}$` "aaaa"
regexMatch `^a{2,3}?$` "aaa"
regexMatch `^a{1000}$` "a"
regexMatch `(a{100}){11}` "a"
regexMatch `(?U)a+` "aaa"
regexMatch `(?i:A)b` "ab"
regexMatch `(?i:A)b` "aB"
regexMatch `(?i)ſ` "S"
regexMatch `(?i)K` "k"
regexMatch `^.$` "é"
regexMatch `a|b|` "x"
regexMatch `a**` "a"
regexMatch `a+?+` "a"
regexMatch `*a` "a"
regexMatch `(?=a)` "a"
regexMatch `(?<=a)b` "ab"
regexMatch `(a)\1` "aa"
regexMatch `[b-a]` "a"
regexMatch `[a` "a"
regexMatch `a)` "a"
regexMatch `\8` "8"
regexMatch `\Z` "a"
regexMatch `\e` "a"
regexMatch `\h` "a"
regexMatch `a{2,1}` "a"
regexMatch `(?P<a>x)(?P<a>y)` "xy"
regexMatch `(?P<ä>x)` "x"
regexMatch `(?P<1a>x)` "x"
regexMatch `(?P<>x)` "x"
regexMatch `(?z)x` "x"
regexMatch `\p{Klingon}` "x"
regexMatch `\pX` "x"
regexMatch `[[:foo:]]` "x"
regexMatch `x{-1}` "x{-1}"
regexMatch `]` "]"
regexMatch `}` "}"
regexMatch `{` "{"
regexMatch `[]a]+` "]a"
regexMatch `[^]a]` "b"
regexMatch `[a-]` "-"
regexMatch `[\-a]` "-"
regexMatch `\_` "_"
regexMatch `\-` "-"
regexMatch `\<` "<"
regexMatch `\é` "é"
regexMatch "^.$" (b64dec "/w==")
regexMatch "^\\x{FFFD}$" (b64dec "/w==")
regexMatch "^..$" (b64dec "w6nD")
mustRegexMatch "a|b" "b"
regexFind "[a-z]+" "123abc456def"
regexFind "x" "abc"
regexFind "a|ab" "ab"
regexFind "(a+?)" "aaa"
regexFind "a*" "baaa"
regexFind "." (b64dec "/2E=")
mustRegexFind "b+" "abbb"
regexFindAll "[2,4,6,8]" "123456789" -1
regexFindAll "[2,4,6,8]" "123456789" 2
regexFindAll "[2,4,6,8]" "123456789" 0
regexFindAll "x" "abc" -1
regexFindAll "a*" "baaac" -1
regexFindAll "a*" "" -1
regexFindAll "" "héé" -1
regexFindAll "a|" "aba" -1
regexFindAll `\b` "ab cd" -1
regexFindAll "^" "a\nb" -1
regexFindAll "(?m)^.?" "a\nb\n" -1
regexFindAll "(a)(b)?" "abaab" -1
regexFindAll "a*?" "aa" -1
regexFindAll "(|a)*" "aa" -1
regexFindAll "(|a)+" "aa" -1
regexFindAll "(a|b)*" "abcab" 2
mustRegexFindAll "é" "éaé" -1
regexFindAll `\pL` "aä1ß" 3
regexReplaceAll "a(x*)b" "-ab-axxb-" "${1}W"
regexReplaceAll "a(x*)b" "-ab-axxb-" "$1W"
regexReplaceAll "a(x*)b" "-ab-axxb-" "$1-"
regexReplaceAll "a(x*)b" "-ab-axxb-" "$1x"
regexReplaceAll "a(x*)b" "-ab-axxb-" "${1x}"
regexReplaceAll "(?P<n>x)" "axb" "[$n]"
regexReplaceAll "(?P<n>x)" "axb" "[${n}]"
regexReplaceAll "(?<n>x)" "axb" "[${n}]"
regexReplaceAll "(?P<n>x)" "axb" "[$nn]"
regexReplaceAll "(?P<n>x)" "axb" "[$n_]"
regexReplaceAll "(x)" "axb" "$0$0"
regexReplaceAll "(x)" "axb" "$00"
regexReplaceAll "(x)" "axb" "$01"
regexReplaceAll "(x)" "axb" "$2"
regexReplaceAll "(x)" "axb" "$"
regexReplaceAll "(x)" "axb" "$$"
regexReplaceAll "(x)" "axb" "$$1"
regexReplaceAll "(x)" "axb" "$-"
regexReplaceAll "(x)" "axb" "${1"
regexReplaceAll "(x)" "axb" "${}"
regexReplaceAll "(x)" "axb" "${1}$1é"
regexReplaceAll "(x)" "axb" "$999999999"
regexReplaceAll "(x)|(b)" "axb" "<$1|$2>"
regexReplaceAll "x" "axb" "\\1"
regexReplaceAll "" "abc" "-"
regexReplaceAll "" "" "-"
regexReplaceAll "a*" "baaac" "-"
regexReplaceAll "a*" "aaa" "-"
regexReplaceAll "b*" "abc" "-"
regexReplaceAll "^" "abc" "-"
regexReplaceAll "$" "abc" "-"
regexReplaceAll "(?m)^" "a\nb" "> "
regexReplaceAll "(?m)$" "a\nb" ";"
regexReplaceAll `\s+` "a  b\n c" " "
regexReplaceAll "[^a-z0-9-]" "My_Chart.Name" "-"
regexReplaceAll "é" "éa" "e"
regexReplaceAll "." (b64dec "/2E=") "<$0>" | b64enc
regexReplaceAll "a" (b64dec "/2E=") "b" | b64enc
mustRegexReplaceAll "a" "banana" "o"
regexReplaceAllLiteral "a(x*)b" "-ab-axxb-" "${1}"
regexReplaceAllLiteral "" "ab" "$0"
mustRegexReplaceAllLiteral "b+" "abbb" "$"
regexSplit "z+" "pizza" -1
regexSplit "z+" "pizza" 0
regexSplit "z+" "pizza" 1
regexSplit "z+" "pizzaz" 2
regexSplit "z" "pizza" -1
regexSplit "" "abc" -1
regexSplit "" "abc" 2
regexSplit "" "" -1
regexSplit "a" "" -1
regexSplit "a*" "baaac" -1
regexSplit "a" "aba" -1
regexSplit "a" "a" -1
regexSplit "^" "abc" -1
regexSplit "$" "abc" -1
regexSplit `\s*,\s*` "a , b,c" -1
regexSplit "x*" "axbxc" 2
regexSplit "é" "aéb" -1
mustRegexSplit "-" "a-b-c" 2
regexQuoteMeta "1.2.3"
regexQuoteMeta `\.+*?()|[]{}^$`
regexQuoteMeta "a-b é/#\n"
regexQuoteMeta ""
"a1b" | regexReplaceAll "[0-9]" "x"
list (typeOf (regexFindAll "x" "y" -1)) (len (regexFindAll "x" "y" -1)) (empty (regexFindAll "x" "y" -1)) (append (regexFindAll "x" "y" -1) "z")
toYaml (dict "a" (regexFindAll "x" "y" -1))
toYamlPretty (dict "a" (regexFindAll "x" "y" -1))
toToml (dict "a" (regexFindAll "x" "y" -1))
join "," (regexFindAll "x" "y" -1)
"""

FAILING = r"""
regexFind "(" "x"
mustRegexFind "(" "x"
regexFindAll "[" "x" -1
mustRegexFindAll "[" "x" -1
regexReplaceAll "(" "x" "y"
mustRegexReplaceAll "a{1001}" "x" "y"
regexReplaceAllLiteral "(" "x" "y"
mustRegexReplaceAllLiteral `\C` "x" "y"
regexSplit "(" "x" -1
mustRegexSplit "*" "x" -1
mustRegexMatch "(?P<n" "x"
mustRegexMatch "(" ""
regexMatch "a"
regexMatch 1 "a"
regexFindAll "a" "a" "1"
"""


def test_expressions_match_find_replace_and_split_as_in_helm(expressions: Any) -> None:
    expressions.assert_same(SAME.strip().split("\n"))


def test_what_is_no_expression_ends_both_renders(expressions: Any) -> None:
    expressions.assert_both_fail(FAILING.strip().split("\n"))
