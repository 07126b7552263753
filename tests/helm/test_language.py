"""The template language beside the real helm.

Matrix: actions, statements, scopes, constants, printf, comparisons, missing and null values, each
rendered by one run of helm for all cases and by ours; faults, each with a run of helm of its own.
Left out: the functions of Sprig and Helm (tests of their own), bytes that are not UTF-8 (the way out
of helm goes through JSON), and texts of errors, which are ours.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from sro_render.errors import TemplateError
from sro_render.gotemplate.functions import Function, go_function
from sro_render.gotemplate.printing import sprintf
from sro_render.gotemplate.program import Program, parse_file
from sro_render.gotemplate.runtime import Run
from sro_render.limits import Limits
from sro_render.source import Source

FUNCTIONS: dict[str, Function] = {}


@go_function(FUNCTIONS, "quote", "(...any) string")
def quote(*values: object) -> str:
    return " ".join(sprintf("%q", [sprintf("%v", [value])]) for value in values if value is not None)


@go_function(FUNCTIONS, "list", "(...any) []any")
def make_list(*values: object) -> list[object]:
    return list(values)


@go_function(FUNCTIONS, "dict", "(...any) map[string]any")
def make_dict(*values: object) -> dict[str, object]:
    return {str(values[n]): values[n + 1] for n in range(0, len(values), 2)}


@go_function(FUNCTIONS, "default", "(any, ...any) any", tolerant=True)
def default(fallback: object, *values: object) -> object:
    return values[0] if values and values[0] else fallback


@go_function(FUNCTIONS, "trunc", "(int, string) string")
def trunc(length: int, text: str) -> str:
    return text[:length]


@go_function(FUNCTIONS, "keys", "(...map[string]any) []any")
def keys(*mappings: dict[str, object]) -> list[object]:
    return [key for mapping in mappings for key in mapping]


@go_function(FUNCTIONS, "include", "(string, any) string", wants_run=True)
def include(run: Run, name: str, dot: object) -> str:
    return run.render(name, dot)


@go_function(FUNCTIONS, "tpl", "(string, any) string", wants_run=True)
def tpl(run: Run, text: str, dot: object) -> str:
    return run.render_text(text, dot).replace("<no value>", "")


# Numbers of a values file are float64, here as there. CASE in a text becomes a name of its own.
VALUES: dict[str, object] = {
    "s": "héllo <b>",
    "n": 3.0,
    "f": 1.5,
    "big": 123456789.0,
    "t": True,
    "z": None,
    "e": [],
    "em": {},
    "es": "",
    "l": [1.0, None, "x", [2.0]],
    "m": {"b": 2.0, "a": 1.0, "m": {"k": "v"}},
    "ms": [{"a": 1.0}, {"a": 2.0}],
    "k-8s.io/x": "dashed",
}
# A null in the values of a chart goes away before templates see it.
SEEN_VALUES = {key: value for key, value in VALUES.items() if value is not None}

PRINTED = [".", ".s", ".n", ".f", ".big", ".t", ".z", ".e", ".em", ".es", ".l", ".m", ".ms", ".absent", ".m.absent",
           "(.absent).x.y", "1", "-5", "1.0", "1e3", "0x1F", "0b101", "0o17", "017", "1_000", "'a'", '"a\\tb"', "`r\\n`",
           "true", "1000000.0", "100000.0", "1e21", "0.00001", "12345678", "list", 'dict "a" 1', 'list nil 1.5 "x"']  # fmt: skip
VERBS = ["%v", "%+v", "%#v", "%T", "%d", "%5d", "%-5d|", "%05d", "%+d", "%x", "%X", "%#x", "%o", "%O", "%b", "%c", "%q",
         "%U", "%s", "%10s", "%-10s|", "%.2s", "%e", "%f", "%g", "%5.2f", "%08.3f", "%t", "%z", "%6v", "% d", "% x"]  # fmt: skip
ARGUMENTS = ["42", "-7", "1.5", '"hé"', "true", "nil", ".l", ".m", "1e20"]

STATEMENTS = r"""
{{ if .t }}a{{ else }}b{{ end }}{{ if .e }}a{{ else if .es }}b{{ else if .n }}c{{ else }}d{{ end }}
{{ with .m }}{{ .a }}{{ $.n }}{{ with .m }}{{ .k }}{{ end }}{{ end }}
{{ with .e }}a{{ else with .n }}{{ . }}{{ else }}c{{ end }}
{{ with $x := .m }}{{ $x.a }}{{ end }}{{ with $x := .e }}{{ else }}{{ $x }}{{ end }}
{{ range .l }}<{{ . }}>{{ end }}{{ range .e }}a{{ else }}none{{ end }}
{{ range $i, $e := .l }}{{ $i }}={{ $e }},{{ end }}{{ range $k, $v := .m }}{{ $k }}={{ $v }},{{ end }}
{{ range $e := .ms }}{{ $e.a }}{{ .a }}{{ end }}
{{ range 3 }}{{ . }}{{ end }}{{ range $i := 2 }}{{ $i }}{{ end }}{{ range 0 }}a{{ else }}b{{ end }}
{{ range .l }}{{ if eq (print .) "x" }}{{ break }}{{ end }}{{ . }},{{ end }}
{{ range $i, $e := .l }}{{ if eq $i 1 }}{{ continue }}{{ end }}{{ $i }}{{ end }}
{{ range .l }}{{ range $.e }}{{ else }}{{ break }}{{ end }}x{{ end }}
{{ range $x := .e }}{{ else }}{{ $x }}{{ end }}
{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ $x }}{{ end }}{{ $x }}
{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}{{ range .l }}{{ $x = . }}{{ end }}{{ $x }}
{{ $x := 1 }}{{ $x := print $x "b" }}{{ $x }}{{ ($y := 5) }}{{ $y }}
{{ if false }}{{ $y = 1 }}{{ trunc 1 }}{{ template "nowhere" }}{{ end }}ok
{{ $i := 9 }}{{ $v := 8 }}{{ range $i, $v = .ms }}{{ end }}{{ $i }}{{ $v.a }}
{{ define "CASE" }}[{{ . }}{{ $ }}]{{ end }}{{ template "CASE" .n }}{{ template "CASE" }}{{ include "CASE" .s }}
{{ define "CASE" }}{{ .absent.x }}{{ end }}{{ include "CASE" .absent }}{{ include "CASE" nil }}
{{ block "CASE" .m }}{{ .a }}{{ end }}
{{ template "CASE" $x := 5 }}{{ $x }}{{ define "CASE" }}{{ . }}{{ end }}
{{ tpl "{{ .n }}-{{ define \"CASE\" }}d{{ end }}{{ include \"CASE\" . }}" . }}
{{ tpl "{{ .absent }}|{{ print .absent }}" . }}
a {{- /* c */ -}} b {{- "c" -}} d {{ "{{" }} {{ print "}}" }} {{ `}}` }}
{{ "a" | print "b" | printf "%s-%s" "c" }}{{ 1 | }}{{ 1 | print | len | eq 1 | not | quote }}
{{ and 1 0 (index .l 99) }}{{ or 0 "x" (index .l 99) }}{{ and 1 2 }}{{ or 0 "" }}{{ not .e }}{{ 1 | or 0 }}
{{ eq .n 3.0 }}{{ eq 1 2 1 }}{{ ne .s "x" }}{{ lt 1 2 }}{{ le "a" "b" }}{{ gt 1.5 .n }}{{ ge 2 2 }}{{ eq .absent nil }}{{ eq nil .n }}
{{ len .s }}{{ len .l }}{{ len .m }}{{ index .l 2 }}{{ index .m "m" "k" }}{{ index . "k-8s.io/x" }}{{ index .m "absent" }}
{{ slice .l 1 3 }}{{ index "abc" 1 }}
{{ print "a" 1 2 "b" nil nil 3.0 true }}|{{ println 1 "a" 2 }}|{{ print }}
{{ html .s nil "'\"&" }}{{ js .s "'\"=\n" }}{{ urlquery .s "a b&c/~*" }}
{{ default "d" .absent }}{{ .absent | default "d" }}{{ (.absent).x | default "d" }}{{ .n | default 1 }}
{{ quote .absent .n "a\"b" }}{{ .absent | quote }}{{ keys .em }}{{ keys nil }}{{ keys (.absent) }}{{ .absent | keys }}
{{ range list nil 1 }}{{ with . }}{{ . }}{{ else }}N{{ end }}{{ $y := . }}{{ print $y }}{{ end }}{{ (index (list nil) 0).x }}
{{ trunc 2 "abc" }}{{ trunc 2.0 "abc" }}{{ trunc 0x1 "abc" }}{{ "abc" | trunc 'a' }}
{{ $ := 5 }}{{ $ }}{{ .s }}
{{ "\x41\101\u00e9\U0001F600\\" }}{{ '\'' }}{{ '\n' }}{{ "\"" }}
{{ printf "%[2]d %[1]d|%[3]*.[2]*[1]f|%[9]d|%d %d|%*d|%.*f|%[x]d|%" 1.5 2 10 }}{{ printf "%d %s" 1 }}{{ printf "a" 1 nil }}
{{- if and .t (not .absent) (or .es .n) }} yes {{- end }}
""".strip("\n").split("\n")

CASES = [
    "{{ $b := 1 }}{{ if false }}{{ $b := 2 }}{{ else }}{{ $b }}{{ $b = 3 }}{{ end }}{{ $b }}",
    "{{ if $b := false }}{{ $b := 2 }}{{ else }}[{{ $b }}]{{ end }}",
    "{{ $b := 1 }}{{ range $b := .none }}{{ $b := 2 }}{{ else }}{{ $b }}{{ end }}",
    "{{ with $c := false }}{{ $d := 2 }}{{ else with $c := 4 }}{{ $c }}{{ $d := 3 }}{{ else }}{{ $d = 1 }}{{ end }}",
    *(f"{{{{ {value} }}}}|{{{{ print {value} }}}}|{{{{ if {value} }}}}T{{{{ else }}}}F{{{{ end }}}}" for value in PRINTED if " " not in value),
    *(f"{{{{ {value} }}}}|{{{{ print ({value}) }}}}" for value in PRINTED if " " in value),
    *("".join(f'{{{{ printf "{verb}" {argument} }}}};' for argument in ARGUMENTS) for verb in VERBS),
    *STATEMENTS,
]  # fmt: skip

FAULTS = [
    ("{{ .absent.x }}", "nil pointer evaluating interface {}.x", ".absent is not set, so it has no field x"),
    ("{{ .s.x }}", "can't evaluate field x", ".s is of type string, which has no field x"),
    ("{{ range .s }}{{ end }}", "range can't iterate over", "range cannot go over a value of type string"),
    ("{{ trunc .n .s }}", "wrong type for value; expected int; got float64", "argument 1 of trunc must be of type int, not float64"),
    ("{{ trunc 1 .absent }}", "wrong type for value; expected string; got interface {}", "argument 2 of trunc must be of type string, but .absent is not set"),
    ("{{ keys .absent }}", "wrong type for value", "argument 1 of keys must be of type map[string]any, but .absent is not set"),
    ("{{ trunc 1 }}", "wrong number of args for trunc: want 2 got 1", "trunc takes 2 arguments, not 1"),
    ("{{ eq .n 3 }}", "incompatible types for comparison", "float64 and int cannot be compared"),
    ("{{ index .l 9 }}", "index out of range: 9", "position 9 is out of range: there are 4 elements"),
    ('{{ include "nowhere" . }}', "no template", 'there is no template "nowhere"'),
    ("{{ nowhere }}", 'function "nowhere" not defined', "there is no function nowhere"),
    ("{{ if .s }}", "unexpected EOF", "this {{ if }} is never closed"),
    ("{{ $x }}", "undefined variable", "the variable $x is not declared here"),
    ("{{ .s } }}", 'unexpected "}"', 'unexpected "}" behind .s'),
    ("{{ if false }}{{ $b := 1 }}{{ else }}{{ $b = 2 }}{{ end }}", "undefined variable: $b", "the variable $b is not declared here"),
    ("{{ range .none }}{{ $b := 1 }}{{ else }}{{ $b }}{{ end }}", "undefined variable: $b", "the variable $b is not declared here"),
]  # fmt: skip


def chart(folder: Path, cases: dict[str, str]) -> Path:
    """A chart that writes each case as one line of JSON; the values are the dot of a case."""
    lines = [
        f'c{name}: {{{{ include (print .Template.BasePath "/{name}") .Values | toJson }}}}\n'
        for name in cases
    ]
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: cases\nversion: 1.0.0\n")
    (folder / "values.yaml").write_text(json.dumps(VALUES))
    for name, text in {**cases, "main.yaml": "".join(lines)}.items():
        (folder / "templates" / name).write_text(text)
    return folder


def run_helm(helm: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [helm, "template", "r", folder], capture_output=True, text=True, check=False, timeout=60
    )


def render(text: str) -> str:
    program = Program([parse_file(Source("a.yaml", text), "a.yaml", FUNCTIONS)], FUNCTIONS)
    return program.execute("a.yaml", SEEN_VALUES, Run(program, Limits()))


def test_every_case_renders_as_helm_renders_it(helm: Path, tmp_path: Path) -> None:
    files = {f"_{number:03}.tpl": case.replace("CASE", f"case-{number}") for number, case in enumerate(CASES)}
    result = run_helm(helm, chart(tmp_path / "cases", files))
    assert result.returncode == 0, result.stderr
    theirs = dict(line.split(": ", 1) for line in result.stdout.splitlines() if line.startswith("c_"))

    program = Program(
        [parse_file(Source(name, text), name, FUNCTIONS) for name, text in files.items()], FUNCTIONS
    )
    ours = {f"c{name}": program.execute(name, SEEN_VALUES, Run(program, Limits())) for name in files}
    assert ours == {name: json.loads(text) for name, text in theirs.items()}


@pytest.mark.parametrize(("case", "theirs", "ours"), FAULTS)
def test_what_helm_refuses_is_refused_for_the_same_reason(
    helm: Path, tmp_path: Path, case: str, theirs: str, ours: str
) -> None:
    result = run_helm(helm, chart(tmp_path / "cases", {"_000.tpl": case}))
    assert result.returncode != 0
    assert theirs in result.stderr
    with pytest.raises(TemplateError) as caught:
        render(case)
    assert caught.value.finding.message == ours
