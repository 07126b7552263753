"""The real helm as judge of the edges of Sprig's other functions.

Matrix: numbers in every form that converts, at the limits of their types; nil, empty and odd lists and
maps; texts beyond ASCII; conversions to JSON and base 64; printing; the calls that helm refuses.
Left out: what test_charts.py judges already, and the texts of errors.
"""

from __future__ import annotations

from typing import Any

VALUES = "{l: [1, 2, 3], m: {a: 1, b: {c: x}}, f: 1.5, n: null, s: text}"

SAME = r"""
trimAll "a" "aéa"
trimAll "é" "éaé"
trim "\u00a0a\u0085"
trim "\u200ba"
trim "\x1ca\x1f"
split "" "aé"
splitList "" (b64dec "/2E=")
splitn "," 1 "a,b"
splitn "" 1 "abc"
splitn "" 5 "abc"
splitn "" 3 "aéb"
repeat 0 "a"
contains "" "a"
replace "" "-" "ab"
replace "" "-" "éb"
replace "a" "" "banana"
indent 0 "a\n"
nindent 0 ""
quote (list "a" "b") (dict "a" 1) "é\u0001"
squote 1 nil "a"
cat "a" "" "b"
cat "%d" 1
cat " a" "b "
cat nil
join "," (list 1 1.5 "a" nil (list 1) (dict))
join "," (dict "a" 1)
join "," 5
sortAlpha (list 3 1 2 10)
sortAlpha (list "b" "A" "a" "é" "z")
sortAlpha nil
sortAlpha (list)
toStrings (list 1 1.5 true)
toStrings "a"
toString (list 1 "a" nil)
toString 1e6
toString 123456789.0
plural "a" "b" 0
trunc 5 "éééé"
trunc -3 "éééé"
trunc -100 "abc"
substr 0 3 "ééé"
substr -5 2 "abc"
substr 1 -1 "abc"
int "1e3"
int "abc"
int 1.99
int -1.99
int "1.9"
int "-5"
int true
int false
int nil
int (list 1)
int " 5 "
int "0b11"
int "0x"
int "--5"
int64 "99999999999999999999"
int64 9223372036854775807
int64 1e19
int 9223372036854775807
int -9223372036854775808
int "9223372036854775807"
int "1,000"
int "5.0"
int "5.00"
int "5.50"
int "5."
int ".0"
int "1.0.0"
int "0"
int "00"
int "+0"
int "1_0"
int "0_7"
int "0x_1f"
int "_1"
int "08"
int "0.0"
float64 "1e309"
float64 "abc"
float64 "0x1p-2"
float64 "1_0.5"
float64 ".5"
float64 "5."
float64 "inf"
float64 "-Infinity"
float64 "nan"
float64 ""
float64 "1e"
float64 nil
float64 true
float64 9223372036854775807
atoi " 1"
atoi "0x10"
atoi "1.5"
atoi "-0"
add "1" "2"
add 1.9 1.9
add nil 1
add true 1
add 9223372036854775807 1
add "1.5" 1
sub 5 3
sub -9223372036854775808 1
mul 9223372036854775807 2
mul 3
mul "2" "3"
div 7 -2
div "7" "2"
div -9223372036854775808 -1
mod -9223372036854775808 -1
mod 7 3
mod -7 3
add1 "x"
max 1
max -1 "5" 3.9
min "a" 1
maxf 1 2.5 "3.5"
minf 0.1 -0.1
maxf "nan" 1
round 2.5 0
round -2.5 0
round 2.675 2
round 1e20 2
round "3.14159" 3
round 0.5 0
round 1.005 2
round 123.456 -2
round 5 2
round nil 1
round 0.1 0 0.05
ceil "1.2"
ceil -0.5
floor "abc"
floor -0.5
floor 1e300
addf 1.5 "2.5"
addf 0.1 0.2 0.3
addf
addf 1e308 1e308
subf 1 0.9
subf 0.3 0.1 0.1
mulf 1.1 1.1
mulf 3
divf 10 3
divf 1 7
divf 2 3
divf 1 1e20
divf 1e20 3
add1f "1.5"
toDecimal "777"
toDecimal 0777
toDecimal "0o17"
toDecimal "-17"
toDecimal "8"
toDecimal 17.0
toDecimal true
until 5
until -3
untilStep 3 6 2
untilStep 10 1 -3
untilStep 1 10 0
seq 5
seq 0 2 6
seq 3 1
seq 3 -1 1
seq -3
seq 1 1
seq 2 2 2
seq 5 1 1
seq 1 -1 5
seq 0 0 3
seq 3 0 0
dict
dict "a"
dict "a" 1 "b"
dict 1 2
dict nil 1
get (dict "a" 1) "b"
get (dict "a" nil) "a"
hasKey (dict) "a"
pluck "a" (dict "a" 1) (dict "b" 2)
keys (dict)
sortAlpha (keys (dict "b" 1 "a" 2) (dict "c" 3))
pick (dict "a" 1 "b" 2) "a" "c"
omit (dict "a" 1 "b" 2) "a" "c"
pick (dict "a" 1)
merge (dict "a" 1) (dict "a" 2 "b" 3)
merge (dict) (dict "a" (dict "b" 1)) (dict "a" (dict "c" 2))
merge (dict "a" nil) (dict "a" 1)
merge (dict "a" (dict "b" nil)) (dict "a" (dict "b" 1 "c" 2))
mergeOverwrite (dict "a" 1) (dict "a" nil)
mergeOverwrite (dict "a" 1) (dict "a" 0)
mergeOverwrite (dict "a" (list 1)) (dict "a" (list))
mergeOverwrite (dict "a" (dict "b" 1)) (dict "a" 2)
merge (dict "a" "x") (dict "a" (dict "b" 1))
mergeOverwrite (dict "a" "x") (dict "a" (dict "b" 1))
mergeOverwrite (dict "a" (dict "b" 1)) (dict "a" (dict))
mergeOverwrite (dict "a" 1 "b" 2) (dict "a" "") (dict "b" false)
merge (dict "a" false) (dict "a" true)
merge (dict "a" "") (dict "a" "x")
dig "a" "b" "d" (dict "a" (dict "b" 1))
dig "a" "b" "d" (dict "a" (dict))
dig "a" "d" (dict "a" nil)
values (dict "a" 1)
unset (dict "a" 1) "b"
set (dict "a" 1) "a" nil
deepCopy (dict "a" (list 1 (dict "b" 2)))
deepCopy "a"
deepCopy (list 1 "a")
first (list 1 2)
rest (list)
rest (list 1)
initial (list 1)
initial (list)
last (list)
first (list)
reverse (list 1 2 3)
uniq (list 1 1.0 1 "1" (list 1) (list 1))
uniq (list nil nil)
without (list 1 2 3) 2 3
without (list 1 1.0 "1") 1
has nil (list nil)
has "a" nil
has 1 (list 1.0)
compact (list 1 0 "" "a" nil (list) (dict))
slice (list 1 2 3 4) 1 3
slice (list 1 2 3) 0
slice (list 1 2 3) 3
concat (list 1) (list 2) (list)
concat
concat (list 1)
append (list) nil
prepend (list 2) 1
push (list 1) (list 2)
chunk 2 (list 1 2 3)
chunk 1 (list)
chunk -3 (list 1 1 1)
chunk -3 (list 1 1 1 1)
chunk -2 (list 1 1 1)
chunk -2 (list 1)
chunk -9 (list 1 1)
chunk -1 (list 1 1)
list 1 nil
tuple
empty (list)
empty " "
empty 0.0
empty (int64 0)
default 1 nil
default 1 0
default 1 false
default 1 "" 2
default (list) ""
default "a" "b"
coalesce nil 0 "" "x"
coalesce 0
all
any
all 1 ""
any 0 nil "a"
fromJson "null"
mustFromJson "5"
mustFromJson "null"
mustFromJson "{\"a\":[1,2.5,null,true,\"x\"]}"
fromJson "{\"a\":1}"
fromJsonArray "[1,null]"
fromJsonArray "null"
toJson (list)
toJson nil
toJson 1e21
toJson 1e-7
toJson "\u2028<>&é\u0001"
toJson (b64dec "/w==")
toPrettyJson (dict "a" (list) "b" (dict) "c" (list 1 (dict "d" 2)))
toRawJson (dict "a" "<b>&")
b64enc ""
b64dec "!!"
b64dec "YQ=="
b64dec "YQ"
b64dec "YR=="
b64dec "Y Q=="
b64dec "A=\nB="
b64dec "YW\n=\n=x"
b64dec "YWJj\r\nYQ"
b32enc "é"
b32dec "MFRGG==="
b32dec "mfrgg==="
b32dec "BBBBAAA==BA==="
b32dec "CBBA====C=B"
b32dec "CBBA====CC=B="
b32dec "CBB====="
b32dec "CB=A===="
sha1sum "é"
sha256sum ""
sha512sum ""
adler32sum "é"
base "a/b/"
base "//"
dir "a//b/../c"
dir "/a"
clean "a/./b//c/.."
clean "/.."
ext "a.tar.gz"
ext ".bashrc"
ext "a/b.c/d"
ext "a."
isAbs ""
osBase "a\\b"
osDir ""
osExt "a.b/c"
typeOf (list 1)
typeOf 1.0
typeOf "a"
typeOf nil
typeOf (dict)
typeOf .Values.l
typeOf .Values.f
kindOf nil
kindOf (list)
kindIs "invalid" nil
typeIs "int" 1
typeIsLike "*int" 1
deepEqual (list 1 2) (list 1 2)
deepEqual 1 1.0
deepEqual nil nil
deepEqual (dict "a" nil) (dict "a" nil)
semverCompare "^1.2.0" "1.3.0"
semverCompare ">=1.0.0-0" "1.0.0-alpha"
semverCompare "1.x || >=3" "3.1.0"
semverCompare "~1.2" "1.2.9"
(semver (print "1.2.3-" (repeat 250 "a"))).Patch
semverCompare (print ">1" (repeat 510 " ")) "2.2.3"
semverCompare (print "1 " (repeat 31 "|| 2")) "2.2.3"
duration (repeat 5000 "7")
duration (print "-" (repeat 5000 "7"))
duration (print (repeat 5000 "0") "7")
durationRound (repeat 5000 "7")
printf "% x|% #X|%#x|%x|% X|%x" "aé" "aé" "" "" "" (b64dec "/w==")
semver "1.2.3-beta.1+b345"
lt ("v2.9.9" | semver | (semver "3.0.0").Compare) 0
list ((semver "1.2.3-a.1").Compare (semver "1.2.3-a.2")) ((semver "1.2.3").Equal (semver "1.2.3+x")) ((semver "1.2.3").Equal nil)
list (semver "1.2.3-x+m").IncPatch.String (semver "v1.2.3").IncPatch.String (semver "1.2.3").IncMinor.Minor ((semver "1.2.3").SetPrerelease "rc.1").IncMajor.String
list ((semver "1.2.3").LessThan (semver "1.10.0")) ((semver "2.0.0").GreaterThanEqual (semver "2.0.0-rc1")) ((semver "1").LessThanEqual (semver "1.0.0")) ((semver "1").GreaterThan (semver "2"))
list ((semver "1.2.3").SetMetadata "a.b").Metadata ((semver "1.2.3-x").SetPrerelease "").String (typeOf (semver "1.2.3").IncPatch)
(semver "1.2.3").Minor
title "hello world"
untitle "Hello World"
upper "éß"
lower "ÀÉ"
hello
print nil
print 1 2 "a" 3
print "a" 1 2
printf "%s" nil
printf "%d" 1.5
printf "%v %v" 1
printf "%5.1f|%-5s|%05d|%x|%t|%q|%c|%U|%e" 1.25 "a" 42 255 true "q" 65 9731 123.456
printf "%s" (list 1 "a")
printf "%v" (dict "b" 1 "a" (list 1))
printf "%+v %#v %T" (dict "a" 1) (list "a") 1.0
printf "%6.2f%%" 12.345
printf "%*d" 5 42
printf "%[2]d %[1]d" 1 2
html "<a href='x'>"
js "it's <b>"
urlquery "a b&c=é/"
len "é"
len (list 1 2)
len (dict "a" 1)
index (list 1 2) 1
index (dict "a" (dict "b" 1)) "a" "b"
index (dict) "a"
not 0
and 1 0 2
or 0 "" "x"
eq 1 1
eq "a" "b" "a"
ne 1 2
lt 1 2
le 2 2
gt "b" "a"
ge 1.5 1.5
eq nil nil
floor -0.0
floor 0.5
floor -0.5
ceil 0
round -0.3 0
round -0.7 0
round 0.3 0
round -1.5 0
float64 "0x1.8p1"
float64 "-0x.8P-1"
float64 "0x_1p4"
float64 "0x1"
float64 "0x1p5000"
concat (list) (list)
concat (dict | keys) (list)
initial (list 1)
compact (list 0)
without (list 1) 1
uniq (list)
reverse (list)
slice (list)
append (rest (list)) 1
toYaml (dict "a" (rest (list)) "b" (fromJson "null") "c" (semver "1.2.3"))
toJson (dict "a" (rest (list)) "b" (fromJson "null") "c" (semver "v1.2.3"))
toYamlPretty (dict "a" (rest (list)) "b" (fromJson "null") "c" (semver "1.2.3"))
toToml (dict "a" (rest (list)) "b" (fromJson "null") "c" (semver "1.2.3"))
set (fromJson "{}") "a" 1
deepEqual (list) (rest (list))
first (chunk 2 (list 1 2 3))
index (chunk 2 (list 1 2 3)) 1
typeOf (fromYaml "null")
fromYaml "null"
fromYamlArray "null"
fromYaml ""
kindOf (chunk 1 (list 1))
join "," (chunk 1 (list 1 2))
eq (semver "1.2.3") (semver "1.2.3")
sortAlpha (chunk 1 (list 2 1))
unset nil "a"
hasKey nil "a"
get nil "a"
keys nil
values nil
merge nil (dict "a" 1)
len (keys nil)
"""

FAILING = r"""
(semver "1.2.3").Compare nil
(semver "1.2.3").IncPatch.Original
(semver "1.2.3").IncPatch.Compare (semver "1.2.3")
(semver "1.2.3").SetPrerelease "a_b"
(semver "1.2.18446744073709551615").IncPatch
set nil "a" 1
deepCopy nil
set (fromJson "null") "a" 1
first ""
append nil 1
mod 1 0
keys (list)
eq (list) (list)
ternary 1 2 "true"
slice (list 1) 2
(semver (print "1.2.3-" (repeat 251 "a"))).Patch
semverCompare (print ">1" (repeat 511 " ")) "2.2.3"
semverCompare (print "1 " (repeat 32 "|| 2")) "2.2.3"
"""


def test_odd_arguments_give_what_helm_gives(expressions: Any) -> None:
    expressions.with_values(VALUES).assert_same(SAME.strip().split("\n"))


def test_what_helm_refuses_is_refused(expressions: Any) -> None:
    expressions.assert_both_fail(FAILING.strip().split("\n"))
