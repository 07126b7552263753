"""Hostile templates, through `template` and `build`: what they cannot reach, and what they cannot use up.

Matrix: attributes of Python behind every kind of value, in Go templates and in Jinja2; environment, names on
the network, the cluster; texts, lists, numbers and loops without bounds; regular expressions, versions and
durations; values that hold themselves or each other; texts that functions read; recursion. Left out: all of
Jinja2's forms (tests/unit/charts/test_jinja_hostile.py), the limits one by one (test_limits.py).
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

STATE = "templates/0000-state.yaml"
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n"
HELD = '{{ $x := repeat 60000000 "a" }}'
CYCLE = '{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ $e := dict }}{{ $_ := set $e "d" $e }}'
DOUBLED = "{{ $x := list 1 }}{{ $y := list 1 }}{{ range until 60 }}{{ $x = list $x $x }}{{ $y = list $y $y }}{{ end }}"
MADE = "[limit-output]: functions made more than 536,870,912 characters of text in this render"
LONG_LIST = "[limit-loop-iterations]: a list of {} is longer than the 1,000,000 rounds that loops may make"
TOO_LONG = "[limit-output]: a text of {} characters is larger than the 67,108,864 bytes of all output"
UNPRINTED = "[limit-output]: the value is too large to be printed"

REFUSED: dict[str, str] = {
    # Nothing of Python.
    '{{ "x".__class__ }}': '[template-syntax]: "x" has no fields',
    "{{ (1).__class__ }}": "[template-runtime]: (1) is of type int, which has no field __class__",
    "{{ .Capabilities.__init__ }}": (
        "[template-runtime]: .Capabilities is of type *common.Capabilities, which has no field __init__"
    ),
    "{{ .Capabilities.KubeVersion.__class__ }}": (
        "[template-runtime]: .Capabilities.KubeVersion is of type common.KubeVersion, "
        "which has no field __class__"
    ),
    "{{ .Capabilities.APIVersions.Has.__globals__ }}": "[template-runtime]: Has takes 1 argument, not 0",
    "{{ call .Values.x }}": "[template-runtime]: call needs a function, not <nil>",
    "{{ printf.__globals__ }}": "[template-runtime]: printf takes at least 1 argument, not 0",
    # No environment. CVE-2023-25165 (Helm) told secrets to name servers.
    '{{ env "HOME" }}': "[template-function-unknown]: there is no function env",
    '{{ expandenv "$HOME" }}': "[template-function-unknown]: there is no function expandenv",
    # Texts.
    '{{ repeat 1000000000 "x" }}': TOO_LONG.format("1,000,000,000"),
    '{{ repeat 9223372036854775807 "x" }}': TOO_LONG.format("9,223,372,036,854,775,807"),
    '{{ indent 1000000000 "x" }}': TOO_LONG.format("1,000,000,001"),
    '{{ nindent 1000 (repeat 1000000 "\\n") }}': TOO_LONG.format("1,001,001,000"),
    '{{ join (repeat 1000000 "x") (until 1000) }}': TOO_LONG.format("1,000,002,890"),
    '{{ replace "a" (repeat 1000 "b") (repeat 1000000 "a") }}': TOO_LONG.format("1,000,000,000"),
    '{{ wrapWith 1 (repeat 1000000 "x") (repeat 1000 "a") }}': TOO_LONG.format("1,000,001,000"),
    '{{ regexReplaceAll "a" (repeat 100000 "a") (repeat 1000 "b") }}': (
        "[limit-output]: the text grows beyond the 67,108,864 bytes of all output"
    ),
    HELD + "{{ print " + "$x " * 100 + "| len }}": MADE,
    HELD + "{{ cat " + "$x " * 100 + "| len }}": MADE,
    HELD + "{{ quote " + "$x " * 100 + "| len }}": MADE,
    HELD + "{{ list " + "$x " * 100 + "| toJson | len }}": MADE,
    HELD + '{{ printf "' + "%[1]s" * 100 + '" $x | len }}': UNPRINTED,
    HELD + '{{ printf "% #x" $x | len }}': UNPRINTED,
    '{{ printf "' + "%999999d" * 100 + '" ' + "1 " * 100 + "| len }}": UNPRINTED,
    '{{ $s := "x" }}{{ range until 60 }}{{ $s = print $s $s }}{{ end }}': MADE,
    "{{ randAlphaNum 1000000000 }}": (
        "[limit-output]: 1,000,000,000 characters are more than the 67,108,864 bytes of all output"
    ),
    # Lists and loops.
    "{{ until 1000000000 }}": LONG_LIST.format("1,000,000,000 numbers"),
    "{{ untilStep 0 1000000000 1 }}": LONG_LIST.format("1,000,000,000 numbers"),
    "{{ seq 0 1000000000 }}": LONG_LIST.format("1,000,000,001 numbers"),
    '{{ splitList "" (repeat 60000000 "x") }}': LONG_LIST.format("60,000,001 items"),
    '{{ split "x" (repeat 60000000 "x") }}': LONG_LIST.format("60,000,000 items"),
    '{{ splitn "x" 30000000 (repeat 60000000 "x") }}': LONG_LIST.format("30,000,000 items"),
    "{{ range 1000000000000 }}{{ end }}": (
        "[limit-loop-iterations]: the loops of this render make more than 1,000,000 rounds"
    ),
    "{{ $l := list }}{{ range until 9000 }}{{ $l = append $l (until 9000) }}{{ end }}": (
        "[limit-loop-iterations]: functions made lists and maps of more than 8,000,000 items in this render"
    ),
    # Numbers.
    "{{ round 1.5 1000000000 }}": "[template-runtime]: a number is too large for this function",
    "{{ chunk 0 (list 1) }}": "[template-runtime]: cannot cut a list into pieces of 0 items",
    "{{ slice (list 1) 0 1000000000 }}": (
        "[template-runtime]: cannot slice from 0 to 1000000000: the list has 1 items"
    ),
    '{{ semverCompare (repeat 1000000 "||") "1.2.3" }}': (
        f'[template-runtime]: "{"|" * 60}" is not a constraint on versions'
    ),
    # Recursion.
    '{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}': (
        "[limit-call-depth]: templates call each other more than 100 levels deep"
    ),
    '{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}': (
        "[limit-call-depth]: templates call each other more than 100 levels deep"
    ),
    '{{ $t := "{{ tpl .t . }}" }}{{ tpl $t (dict "t" $t "Template" .Template) }}': (
        "[limit-call-depth]: templates call each other more than 100 levels deep"
    ),
    "{{ " + "(" * 100_000 + "1" + ")" * 100_000 + " }}": (
        "[limit-nesting]: blocks and parentheses are more than 100 levels deep here"
    ),
    "{{ if 1 }}" * 100_000: "[limit-nesting]: blocks and parentheses are more than 100 levels deep here",
    # Values that hold themselves, or each other often.
    CYCLE + "{{ $d }}": (
        "[template-runtime]: the value holds itself, or too many values inside each other, to be printed"
    ),
    CYCLE + "{{ deepCopy $d }}": (
        "[template-runtime]: the value holds itself, or too many values inside each other, to be copied"
    ),
}


@pytest.mark.parametrize(
    "template", REFUSED, ids=lambda text: text.replace(HELD, "").replace(DOUBLED, "")[:50]
)
def test_a_template_that_asks_for_too_much_is_refused(victim: Any, template: str) -> None:
    victim.write({STATE: template})
    victim.assert_refused(REFUSED[template])


HARMLESS: dict[str, tuple[str, str]] = {
    # Names of Python are names like all others.
    "{{ .Values.__class__ }}": ("", "[missing-value]: .Values.__class__ is not set"),
    "{{ .Files.__dict__ }}": ("[]", ""),
    "{{ .Release.__class__ }}": ("", "[missing-value]: .Release.__class__ is not set"),
    '{{ index .Files "__class__" }}': ("[]", ""),
    '{{ get .Values "__class__" }}{{ dig "__init__" "" .Release }}': ("", ""),
    '{{ printf "{0.__class__}" 1 }}': ("{0.__class__}%!(EXTRA int=1)", ""),
    '{{ "%(a)s" }}': ("%(a)s", ""),
    # No network and no cluster. CVE-2023-25165 (Helm): names were looked up while a chart was rendered.
    '{{ getHostByName "secret.example.org" }}': (
        "",
        "[offline-lookup]: getHostByName of secret.example.org finds nothing: rendering asks no name server",
    ),
    '{{ lookup "v1" "Secret" "kube-system" "" | toJson }}': (
        "{}",
        "[offline-lookup]: lookup of v1 Secret/kube-system finds nothing: rendering asks no cluster",
    ),
    # Time that follows from the length, not from the expression.
    '{{ regexMatch "^(a+)+$" (print (repeat 100000 "a") "b") }}': ("false", ""),
    '{{ regexMatch "(x+x+)+y" (repeat 100000 "x") }}': ("false", ""),
    '{{ regexFind "(.*)*b" (repeat 100000 "a") }}': ("", ""),
    '{{ regexMatch "((a{100}){100}){100}" "x" }}': (
        "false",
        (
            '[bad-pattern]: regexMatch is false: "((a{100}){100}){100}" is not a regular expression: '
            "invalid repetition size: {100}"
        ),
    ),
    '{{ semverCompare (repeat 150 ">1 ") "1.2.3" }}': ("false", ""),
    '{{ duration (repeat 1000000 "7") }}': ("-1s", ""),
    '{{ atoi (repeat 1000000 "7") }}': ("9223372036854775807", ""),
    '{{ int (repeat 1000000 "7") }}{{ toDecimal (repeat 1000000 "7") }}': ("00", ""),
    "{{ add 9223372036854775807 1 }}": ("-9223372036854775808", ""),
    '{{ printf "%1000000000d" 1 }}': ("%!(NOVERB)%!(EXTRA int=1)", ""),
    '{{ printf "%*d" 1000000000 1 }}': ("%!(BADWIDTH)1", ""),
    # Values that hold themselves, or each other often.
    CYCLE + "{{ deepEqual $d $e }}{{ has $d (list $e) }}": ("truetrue", ""),
    DOUBLED + "{{ deepEqual $x $y }}": ("true", ""),
    CYCLE + "{{ toJson $d }}": (
        "",
        "[not-written]: toJson writes nothing: the value contains itself, or its collections are nested too deep",
    ),
    # Texts that functions read.
    '{{ fromYaml (repeat 100000 "[") | len }}': (
        "1",
        "[not-readable]: fromYaml cannot read its text: more than 200 collections stand inside each other (line 1)",
    ),
    '{{ fromJson (repeat 100000 "{\\"a\\":") | len }}': (
        "1",
        "[not-readable]: fromJson cannot read its text: the collections are nested too deep",
    ),
    '{{ fromToml (print "a=" (repeat 100000 "[")) | len }}': (
        "1",
        "[not-readable]: fromToml cannot read its text: maximum recursion depth exceeded",
    ),
}  # fmt: skip


@pytest.mark.parametrize("template", HARMLESS, ids=lambda text: text.replace(DOUBLED, "")[:50])
def test_a_template_that_reaches_for_more_gets_what_helm_gives_and_a_finding(
    victim: Any, template: str
) -> None:
    printed, finding = HARMLESS[template]
    victim.write({STATE: f"{CONFIG_MAP}  text: '{template}'\n"})
    for command in ("template", "build"):
        outcome = victim.run(command)
        assert (outcome.code, outcome.err.split("\n")[0]) == (0, f"warning{finding}" if finding else "")
    [written] = [data for path, data in victim.output().items() if path.startswith("kmod/templates/")]
    assert written.decode().rstrip().endswith(f"  text: '{printed}'")


def test_helm_gives_the_same_where_it_asks_nobody(helm: Path, tmp_path: Path) -> None:
    templates = [text for text in HARMLESS if "getHostByName" not in text]
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: kmod\nversion: 1.0.0\n")
    for number, text in enumerate(templates):
        (tmp_path / f"templates/{number:03}.yaml").write_text(f"text: '{text}'\n")
    command: list[str | Path] = [helm, "template", "kmod", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    printed = [line for line in done.stdout.split("\n") if line.startswith("text: ")]
    assert dict(zip(templates, printed, strict=True)) == {
        text: f"text: '{HARMLESS[text][0]}'" for text in templates
    }


def test_yaml_that_a_function_reads_does_not_grow(victim: Any, laughs: Any) -> None:
    victim.write({"bomb.yaml": laughs(), STATE: '# {{ .Files.Get "bomb.yaml" | fromYaml | len }}\n'})
    outcome = victim.run("template")
    assert outcome.code == 0
    assert outcome.err.startswith(
        "warning[not-readable]: fromYaml cannot read its text: "
        "aliases add more than 1,000,000 values to this text (line 6)\n"
    )


def test_values_that_hold_each_other_are_not_copied_without_end(victim: Any) -> None:
    victim.write({STATE: DOUBLED + "{{ deepCopy $x }}"})
    message = (
        "[limit-loop-iterations]: functions made lists and maps of more than 80,000 items in this render"
    )
    victim.assert_refused(message, "--limit", "loop-iterations=10000")


JINJA: dict[str, str] = {
    "{{ ''.__class__.__mro__[1].__subclasses__() }}": (
        "[template-runtime]: ''.__class__: a value of type string has no field __class__"
    ),
    "{{ '' | attr('__class__') }}": ("[template-function-unknown]: there is no function or filter attr"),
    "{{ '{0.__class__}'.format(1) }}": (
        "[template-runtime]: '{0.__class__}'.format(1): a value of type string has no method format"
    ),
    "{{ cycler.__init__.__globals__ }}": (
        "[template-nil-pointer]: cycler is not set, so it has no field __init__"
    ),
    "{{ self._TemplateReference__context }}": (
        "[template-runtime]: self._TemplateReference__context: there is no _TemplateReference__context"
    ),
    "{% include '/etc/passwd' %}": ('[template-unknown]: the chart has no template "/etc/passwd"'),
    "{% include '../../../secret.yaml' %}": (
        '[template-unknown]: the chart has no template "../../../secret.yaml"'
    ),
    "{{ 'a' * 10**9 }}": ("[template-runtime]: 'a' * 10**9: * counts with numbers, not with string and int"),
    "{{ 9**9**9**9 }}": ("[template-runtime]: 9**9**9: the result does not fit into 64 bits"),
    "{% for x in range(10**9) %}{% endfor %}": (
        "[limit-loop-iterations]: a range with more numbers than the 1,000,000 rounds that loops may make"
    ),
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}": (
        "[limit-call-depth]: templates call each other more than 100 levels deep"
    ),
    "{{ '%1000000000d' % 1 }}": (
        "[template-runtime]: '%1000000000d' % 1: % counts with numbers, not with string and int"
    ),
    "{{ env('HOME') }}": ("[template-function-unknown]: there is no function env"),
}


@pytest.mark.parametrize("template", JINJA)
def test_a_jinja_template_reaches_and_takes_no_more(victim: Any, template: str) -> None:
    (victim.root / "charts/kmod" / STATE).unlink()
    victim.write({STATE + ".j2": template})
    victim.assert_refused(JINJA[template])


def test_what_a_stranger_says_is_shown_up_to_a_length(victim: Any) -> None:
    victim.write({STATE: '{{ fail (repeat 1000000 "x") }}'})
    outcome = victim.run("template")
    assert outcome.err.startswith(
        f"error[chart-fails]: {'x' * 10_000}… and 990,000 more characters\n  --> charts/kmod/{STATE}:1:4\n"
    )
    assert len(outcome.err) < 12_000
