"""The real helm as judge of the functions on words, lines and addresses, and of those of chance.

Matrix: case functions on every kind of boundary, on Unicode and on bytes that are not UTF-8; wrapping and
shortening around their limits; addresses with each part, escapes, hosts and what is refused; of chance
only what holds for every value. Left out: the values of chance themselves (tests/unit/sprig).
"""

from __future__ import annotations

from itertools import product
from typing import Any

WORDS = (
    *("", " ", "_", "-", "a", "A", "1", "é", "FirstName", "HTTPServer", "NoHTTPS", "GO_PATH", "GO PATH"),
    *("GO-PATH", "http2xx", "HTTP20xOK", "Duration2m3s", "Bld4Floor3rd", "foo bar", "foo-bar_baz qux"),
    *(
        "_complex__case_",
        "__a",
        "a__",
        "--",
        "some words",
        "GOLANG_IS_GREAT",
        "no_https",
        "a.b,c",
        "a.B1",
        "1a",
    ),
    *("A1", "A1B", "a1", "AbC", "ABc", "ABC", "X-Forwarded-For", "user@host.com", "9Lives", "v1.2.3-alpha"),
    *(
        "straße Öl",
        "ÄÖÜ",
        "ǆabc ǅ ǄX",
        "中文Text",
        "Text中文1",
        "ŉa",
        "İstanbul",
        "ᾳb",
        "a\\tb\\nc",
        "a😀b",
        "№5",
    ),
    *(
        "x+y",
        "$HOME",
        "it's",
        "ⅧⅨ",
        "ªº",
        "a\\u00a0b",
        "a\\u0085b",
        "K8sNode1Name",
        "IPv4Address",
        "1st2nd",
        "A_B-C d",
    ),
)
CASES = (
    "camelcase",
    "snakecase",
    "kebabcase",
    "swapcase",
    "initials",
    "title",
    "untitle",
    "nospace",
    "upper",
    "lower",
)

SAME = (
    "\n".join(f'{function} "{word}"' for function, word in product(CASES, WORDS))
    + r"""
camelcase (b64dec "/0Fi")
camelcase (b64dec "YV9i/2M=")
snakecase (b64dec "QWJj/0RlZg==") | b64enc
snakecase (b64dec "//8=") | b64enc
snakecase (b64dec "QWL/") | b64enc
kebabcase (b64dec "/0HDQg==") | b64enc
swapcase (b64dec "/2E=")
initials (b64dec "/yBh")
nospace (b64dec "/yBh")
untitle (b64dec "/0E=")
title (b64dec "/2E=")
upper (b64dec "/2E=")
lower (b64dec "/0E=")
wrap 5 "aaaa bb ccccccc d"
wrap 5 "aaaaaaaaaa"
wrap 5 "aaaaaaaaaa b"
wrap 5 ""
wrap 0 "a b c"
wrap -3 "ab cd"
wrap 10 "the quick brown fox jumps over the lazy dog"
wrap 5 "     a     b"
wrap 3 "éé éé"
wrap 4 "a\nb c d e"
wrap 20 "short"
wrap 5 "12345"
wrap 5 "12345 "
wrap 5 "123456"
wrap 5 "1234 67890 "
wrapWith 5 "\t" "aaaa bb ccccccc d"
wrapWith 5 "" "aaaaaaaaaaaa"
wrapWith 3 "<br>" "abcdefgh ij"
wrapWith 3 "|" "  abcdefgh"
wrapWith 0 "|" "abc"
wrapWith 3 "|" "ééé" | b64enc
wrapWith 4 "\\\n" "a b c d e f"
abbrev 5 "hello world"
abbrev 4 "hello world"
abbrev 3 "hello world"
abbrev 0 "hello world"
abbrev -1 "hello"
abbrev 11 "hello world"
abbrev 12 "hello world"
abbrev 5 ""
abbrev 5 "ééééé" | b64enc
abbrevboth 5 10 "1234 5678 9123"
abbrevboth 4 10 "1234 5678 9123"
abbrevboth 0 10 "1234 5678 9123"
abbrevboth 5 6 "1234 5678 9123"
abbrevboth 0 3 "1234 5678 9123"
abbrevboth 5 7 "1234 5678 9123"
abbrevboth 100 10 "1234 5678 9123"
abbrevboth -5 10 "1234 5678 9123"
abbrevboth 6 10 "abcdefghijklmnopqrstuvwxyz"
abbrevboth 20 10 "abcdefghijklmnopqrstuvwxyz"
abbrevboth 17 10 "abcdefghijklmnopqrstuvwxyz"
abbrevboth 15 9 "abcdefghijklmnopqrstuvwxyz"
urlParse "http://admin:secret@server.com:8080/api?list=false#anchor"
urlParse "https://example.com"
urlParse "//host/path"
urlParse "///path"
urlParse "/a/b?c=d"
urlParse "a/b:c"
urlParse ""
urlParse "*"
urlParse "mailto:a@b.c"
urlParse "HTTP://EXAMPLE.com/Ä%20b"
urlParse "http://[::1]:80/a"
urlParse "http://[fe80::1%25en0]/"
urlParse "http://host:/"
urlParse "http://host?"
urlParse "http://host?a?b"
urlParse "http://host/#"
urlParse "http://host/#a%20b#c"
urlParse "http://user@host"
urlParse "http://user:@host"
urlParse "http://:pw@host"
urlParse "http://u%40x:p%3Aw@host"
urlParse "http://us!er:p'w@host"
urlParse "http://a@b@host"
urlParse "postgres://h1:1,h2:2/db"
urlParse "file:///etc/passwd"
urlParse "oci:relative/path"
urlParse "http:/path"
urlParse "http://h/a+b%2Bc%2fd"
urlParse "http://h%C3%A4/"
urlParse "http://hä/"
urlParse "http://a.b/?q=a b&c=%zz"
urlParse "a.b+c-d:x"
urlParse "./a:b"
urlParse "http://h/;a=b"
urlParse "http://10.0.0.1:65536"
urlParse "?a=b"
urlParse "#frag"
urlParse "http://h<i>/"
urlJoin (dict "fragment" "fragment" "host" "host:80" "path" "/path" "query" "query" "scheme" "http")
urlJoin (dict "scheme" "https" "host" "a.b" "path" "no/slash")
urlJoin (dict "host" "h")
urlJoin (dict "path" "a:b/c")
urlJoin (dict "path" "/a b/ä!$&'()*+,;=:@[]%")
urlJoin (dict "path" "*")
urlJoin (dict "scheme" "x" "opaque" "o" "host" "ignored" "query" "q")
urlJoin (dict "scheme" "file" "path" "/etc")
urlJoin (dict "scheme" "x")
urlJoin (dict "userinfo" "u:p" "host" "h" "scheme" "http")
urlJoin (dict "userinfo" "u:p@x/y" "host" "h")
urlJoin (dict "userinfo" "u%40:p" "host" "h")
urlJoin (dict "userinfo" "u" "path" "p")
urlJoin (dict "host" "[::1]:80" "scheme" "http")
urlJoin (dict "host" "h ost ä%" "scheme" "http")
urlJoin (dict "fragment" "a b#ä!'\"[]" "path" "/p")
urlJoin (dict "query" "a=b c&ä")
urlJoin (dict)
urlJoin (dict "other" 1)
urlJoin (urlParse "http://admin:secret@server.com:8080/api?list=false#anchor")
regexMatch "^[A-Za-z0-9]{200}$" (randAlphaNum 200)
regexMatch "^[A-Za-z]{200}$" (randAlpha 200)
regexMatch "^[0-9]{200}$" (randNumeric 200)
regexMatch "^[ -~]{200}$" (randAscii 200)
randAlphaNum 0
randAlpha -1
randAscii -5
len (b64dec (randBytes 16))
randBytes 0
typeOf (randInt 1 5)
has (randInt 1 3) (list 1 2)
randInt -1 0
regexMatch "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$" uuidv4
len (shuffle "héllo")
shuffle ""
shuffle "aaa"
shuffle (b64dec "//8=")
"""
)

FAILING = r"""
urlParse ":x"
urlParse "1http://x"
urlJoin (dict "userinfo" "u:p w" "host" "h")
urlParse "http://h/%zz"
urlParse "http://h%41/"
urlParse "http://h:x/"
urlParse "http://a b/"
urlParse "http://[::1/"
urlParse "http://x\ny/"
urlParse "1:2"
urlParse "http://us er@h/"
urlJoin (dict "host" 1)
randInt 5 5
randBytes -1
"""


def test_words_lines_and_addresses_come_out_as_in_helm(expressions: Any) -> None:
    expressions.assert_same(SAME.strip().split("\n"))


def test_what_is_no_address_and_no_range_ends_both_renders(expressions: Any) -> None:
    expressions.assert_both_fail(FAILING.strip().split("\n"))
