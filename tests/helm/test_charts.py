"""The real helm as judge of charts: functions, values, dependencies, scope, packages.

Matrix: every registered function in at least one expression; coalescing of values with nulls and
globals; conditions, tags, aliases and imports; the objects at the top; `.Files`; hooks and partials;
archives that we make, read by helm, and the other way round. All expressions of one table run in one
helm process. Left out: error texts (tests/unit), functions whose order is random in Go.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sro_render.charts.archive import read_archive
from sro_render.charts.chart import Chart, load_chart
from sro_render.charts.configmap import read_chart_configmap, write_chart_configmap
from sro_render.charts.engine import Engine
from sro_render.charts.helm_functions import functions
from sro_render.charts.ignore import without_ignored
from sro_render.charts.package import package_chart
from sro_render.charts.scope import Capabilities, Release
from sro_render.errors import ChartError, SroError
from sro_render.limits import Limits
from sro_render.model.install_order import install_rank
from sro_render.source import Source
from sro_render.yamltext.reader import read_values

LIMITS = Limits()
RELEASE = Release(name="rel", namespace="ns")
CHART = "apiVersion: v2\nname: {}\nversion: 0.1.0\n"


def write_files(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def files_of(folder: Path) -> dict[str, bytes]:
    found = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    return without_ignored(found, folder.name)


def load(folder: Path) -> Chart:
    return load_chart(files_of(folder), folder.name, LIMITS)


def run_helm(helm: Path, *arguments: str | Path) -> str:
    done = subprocess.run([helm, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def split_documents(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"(?m)^---[ \t]*", text) if part.strip()]


def helm_documents(helm: Path, chart: Path, *arguments: str | Path) -> list[tuple[str, str]]:
    """Template name and text of each document that helm prints, sorted."""
    printed = run_helm(helm, "template", "rel", chart, "-n", "ns", *arguments)
    parts = re.split(r"(?m)^---\n(?=# Source: )", printed)
    named = [(re.match(r"# Source: (.*)\n", part), part) for part in parts]
    return sorted((match[1], part[match.end() :].strip()) for match, part in named if match)


def our_documents(folder: Path, values: Mapping[str, Any]) -> list[tuple[str, str]]:
    rendering = Engine(load(folder), LIMITS).render(values, RELEASE, Capabilities())
    return sorted((name, part) for name, text in rendering.texts.items() for part in split_documents(text))


def values_arguments(folder: Path, values: Mapping[str, Any]) -> tuple[list[str | Path], dict[str, Any]]:
    """Values for helm, and as helm reads them."""
    path = folder.with_suffix(".values.json")
    path.write_text(json.dumps(values))
    return ["-f", path], read_values(Source(path.name, path.read_text()), LIMITS)


def same(helm: Path, folder: Path, values: Mapping[str, Any] | None = None) -> list[tuple[str, str]]:
    """Assert that helm and we render the same; returns it."""
    arguments, read = values_arguments(folder, values or {})
    ours = our_documents(folder, read)
    assert ours == helm_documents(helm, folder, *arguments)
    return ours


VALUES: dict[str, Any] = {
    "l": [1, 2, 3],
    "s": "text",
    "d": {"a": 1, "b": {"c": 1, "e": ""}, "l": [1], "z": 0, "f": False, "em": {}, "el": []},
    "big": 9007199254740993,
    "half": 1.5,
}

EXPRESSIONS = r"""
list (int "1.5") (int "08") (int "010") (int "0x1f") (int "1_000") (int "") (int " 5") (int "1e3") (int ".5")
list (int "5.0") (int "-3") (int "+3") (int "0b11") (int "12abc") (int "1.") (int "09") (int "-0x10") (int "0o17") (int "00")
list (int64 1.9) (int64 -1.9) (int true) (int nil) (int (list)) (int64 1e30) (int "9223372036854775808") (int .Values.big)
list (float64 "1.5") (float64 "abc") (float64 true) (float64 "1e3") (float64 " 1") (float64 "0x10") (float64 "1_0") (float64 nil)
list (atoi "010") (atoi "08") (atoi "1_0") (atoi "+5") (atoi "5x") (atoi "99999999999999999999")
list (add 1 "2" 3.7) (sub 5 "2") (mul 2 3 4) (div 7 2) (div -7 2) (mod -7 2) (mod 7 -2) (add) (add1 "4") (add 9223372036854775807 1)
list (max 1 5 3) (min 4 2 8) (biggest 1 2) (maxf 1 2.5) (minf 1 0.5) (floor 1.7) (ceil 1.2) (floor -1.2)
list (mulf 0.0 -1) (divf 0 -1) (subf 0 0) (addf -0.0 0)
list (addf 0.1 0.2) (subf 0.3 0.1) (mulf 1.1 1.1) (divf 1 3) (divf 10 4) (add1f 1.5) (divf 2 3)
list (round 1.23456 3) (round 2.5 0) (round -2.5 0) (round 123.9 -1) (round 1.25 1 0.6)
list (toDecimal "0777") (toDecimal 777) (toDecimal "9") (seq 5) (seq -3) (seq 2 5) (seq 0 2 10) (seq 0 -2 -5) (seq 3 1) (seq 0) (seq) (seq 1 2 3 4) (seq 5 2 1)
list (until 3) (until -3) (untilStep 0 10 3) (untilStep 5 0 -2) (untilStep 0 5 0) (until 0)
list (typeOf (until 3)) (typeOf (splitList "," "a")) (typeOf (split "," "a")) (typeOf (keys (dict))) (typeOf (add 1 2)) (typeOf (int 3)) (typeOf (len "a")) (typeOf 1)
list (typeOf 1.5) (typeOf nil) (typeOf (list)) (typeOf (dict)) (typeOf (sortAlpha (list "a"))) (typeOf true) (typeOf (toStrings (list 1))) (typeOf .Values) (typeOf .Files)
list (typeOf .Capabilities) (typeOf .Capabilities.KubeVersion) (typeOf .Capabilities.APIVersions) (typeOf .Release) (typeOf .Chart) (typeOf .Template) (typeOf .Subcharts) (typeOf .)
list (typeOf .Values.l) (typeOf .Values.d) (typeOf .Values.big) (typeOf .Values.absent) (typeOf (fromYaml "a: 1")) (typeOf (lookup "v1" "Pod" "a" "b"))
list (kindOf (until 3)) (kindOf nil) (kindOf 1) (kindOf 1.5) (kindOf "a") (kindOf (dict)) (kindOf (add 1 1)) (kindOf true) (kindOf .Files) (kindOf .Capabilities) (kindOf .Chart)
list (kindIs "string" "a") (typeIs "string" "a") (typeIsLike "common.Capabilities" .Capabilities) (kindIs "map" .Values)
merge (dict "a" "" "b" (dict "c" 2) "n" "x") (deepCopy .Values.d)
merge (dict "a" "x" "b" "str" "l" (list 9)) (mustDeepCopy .Values.d)
mergeOverwrite (dict "a" "x" "b" "str" "l" (list 9) "z" 5 "f" true "n" "k" "em" (dict "x" 1) "el" (list 1)) (deepCopy .Values.d)
mergeOverwrite (dict "b" (dict "x" 1 "y" 2 "l" (list 1))) (dict "b" (dict "x" nil "y" "" "l" (list)))
merge (dict "z" 0 "f" false "l" (list) "m" (dict)) (dict "z" 5 "f" true "l" (list 1) "m" (dict "x" 1))
list (mergeOverwrite (dict "b" "str") (dict "b" (dict "x" 1))) (mergeOverwrite (dict "b" (dict "x" 1)) (dict "b" "str")) (merge (dict "b" "s") (dict "b" (dict "x" 1)))
list (mustMergeOverwrite (dict "b" (list 1 2)) (dict "b" (list 3))) (mustMerge (dict "b" (list 1 2)) (dict "b" (list 3))) (merge (dict) (dict "b" (list 3) "c" (list)))
merge (dict "a" (dict)) (dict "a" (dict "x" (dict "y" 1))) (dict "a" (dict "x" (dict "z" 2)))
list (dig "a" "b" "def" (dict "a" (dict "b" 1))) (dig "a" "x" "def" (dict "a" (dict "b" 1))) (dig "q" "x" "def" (dict "a" 1))
list (quote "a\"b" nil 1 1.5 true (list 1 "a")) (squote "a'b" nil 1 (dict "a" 1)) (cat "a" nil 1 "b") (cat) (quote) (quote nil) (quote "é\n\x00") (quote .Values.absent)
list (trunc 3 "abcdef") (trunc -3 "abcdef") (trunc -9 "abc") (trunc 0 "abc") (trunc 2 "éé") (substr 1 3 "abcdef") (substr -1 3 "abcdef") (substr 2 -1 "abcdef") (substr 2 99 "abcdef")
list (title "hello wORLD foo-bar it's a_b") (untitle "Hello World") (nospace " a b\tc") (plural "one" "many" 1) (plural "one" "many" 2) (repeat 3 "ab") (indent 2 "a\nb") (nindent 2 "a")
list (join "-" (list 1 "a" nil true 1.5)) (join "," "x") (join "," nil) (sortAlpha (list "c" "a" 3)) (sortAlpha "q") (splitList "" "abc") (splitList "," "") (toStrings (list 1 nil "a"))
list (split "." "a.b") (splitn "." 2 "a.b.c") (splitn "." 0 "a.b") (splitn "." -1 "a.b") (splitn "" 2 "abc") (split "." "a.b")._1
list (trimAll "ab" "abcba") (trimall "" "a") (trimPrefix "ab" "abcab") (trimSuffix "ab" "abcab") (trim "  a\n") (contains "b" "abc") (hasPrefix "a" "abc") (hasSuffix "c" "abc") (replace "a" "b" "aaa")
list (upper "äß") (lower "ÄSS") (toString 1.5) (toString (list 1 nil "a")) (toString nil) (toString .Values.big) (hello)
list (first .Values.l) (last .Values.l) (rest .Values.l) (initial .Values.l) (first (list)) (last (list)) (reverse .Values.l) (append .Values.l 4) (push .Values.l 5) (prepend .Values.l 0)
list (mustFirst .Values.l) (mustLast .Values.l) (mustRest .Values.l) (mustInitial .Values.l) (mustReverse .Values.l) (mustAppend .Values.l 4) (mustPush .Values.l 5) (mustPrepend .Values.l 0)
list (uniq (list 1 1 2 "1")) (without .Values.l 1) (without (list 1 2) 1) (has 1 .Values.l) (has 1.0 .Values.l) (has 1 nil) (compact (list 0 "" nil 1 "a" false)) (concat .Values.l (list 4))
list (mustUniq (list 1 1)) (mustWithout (list 1 2) 1) (mustHas 1 (list 1)) (mustCompact (list 0 1)) (mustSlice .Values.l 1) (mustChunk 2 .Values.l) (tuple 1 2)
list (slice .Values.l 1 2) (slice .Values.l 1) (slice .Values.l) (slice (list) 1) (chunk 2 .Values.l) (chunk 5 .Values.l) (chunk 2 (list))
list (default "x" "") (default "x" nil) (default "x" 0) (default "x" false) (default "x" (list)) (default "x" "y") (default "x") (default "x" .Values.absent)
list (empty "") (empty nil) (empty 0) (empty (dict)) (empty "a") (empty .Capabilities) (empty .Files) (coalesce 0 "" nil 5) (coalesce) (ternary 1 2 true) (ternary 1 2 false)
list (all 1 "a") (all 1 0) (all) (any 0 "") (any 1) (any)
list (deepEqual (list 1) (list 1)) (deepEqual 1 1.0) (deepEqual (dict "a" 1) (dict "a" 1)) (deepEqual nil nil) (deepEqual (int64 1) 1) (deepEqual (list) (until 0))
list (b64enc "hällo") (b64dec "aGk=") (b64dec "x") (b64dec "aGk") (b32enc "hi") (b32dec "NBUQ====") (b32dec "1") (b64dec "aG k=") (b64dec "aG\nk=")
list (sha1sum "a") (sha256sum "a") (sha512sum "a") (adler32sum "a")
list (pick (dict "a" 1 "b" 2) "a" "z") (omit (dict "a" 1 "b" 2) "a") (pluck "a" (dict "a" 1) (dict "b" 2) (dict "a" nil)) (hasKey (dict "a" nil) "a") (get (dict "a" nil) "a") (get (dict) "a")
list (dict "a") (dict 1 2 "b") (unset (dict "a" 1) "a") (set (dict) "a" nil) (keys (dict "a" 1)) (values (dict "a" 1))
list (base "/a/b.txt") (dir "/a/b.txt") (ext "a.b.c") (clean "a//b/../c") (isAbs "/a") (base "") (dir "") (clean "") (base "/") (dir "a") (ext "a") (base "a/") (clean "/../a") (clean "../..") (dir "/")
list (osBase "/a/b.txt") (osDir "a/b") (osExt "a.b") (osClean "a/..") (osIsAbs "a")
list (toJson (dict "a" "<&>" "f" 1.0 "g" 1e21 "h" 1e-7 "n" nil)) (toPrettyJson (dict "a" (list 1 2) "e" (list) "d" (dict))) (toRawJson "<a>") (mustToJson 1) (mustToPrettyJson (list 1)) (mustToRawJson "<")
list (fromJson "{\"a\":1}") (fromJsonArray "[1,\"a\"]") (mustFromJson "[1,2]")
list (toYaml nil) (toYaml (dict)) (toYaml (list)) (toYaml "a\nb") (toYaml 1.0) (toYaml (dict "b" 1 "a" (list "x" (dict "c" 1)))) (mustToYaml (dict "a" "yes"))
list (fromYaml "a: 1\nb: [x]") (fromYamlArray "- 1\n- a: 2") (fromYaml "") (fromYamlArray "") (fromYaml "null")
list (toYaml .Capabilities) (toJson .Capabilities.APIVersions) (toJson .Files) (toYaml .Chart) (toJson .Release)
list (semverCompare ">=1.2" "1.3.0") (semver "v1.2.3-a+b").Prerelease (semver "1.2.3").Major (semver "v1.2").Original (toString (semver "v1.2"))
list (lookup "v1" "Pod" "" "") (getHostByName "a.b") (required "x" 0) (required "x" false)
list (include "named" .) (include "named" (dict "x" 1)) (tpl "{{ .Values.s }}{{ .Values.absent }}{{ define \"in\" }}I{{ end }}{{ include \"in\" . }}" .)
list (len .Values.AsMap) .Values.AsMap.s (kindOf .Values.AsMap) (.Values.Table "d.b") (typeOf (.Values.Table "d")) (.Values.Table "d").YAML (.Values.PathValue "d.b.c") (.Values.PathValue "s")
list .Template.AsMap (set .Values.AsMap "new" 1 | len) .Values.new
list .Release.Name .Release.Namespace .Release.IsInstall .Release.IsUpgrade .Release.Revision .Release.Service .Template.Name .Template.BasePath
list .Chart.Name .Chart.Version .Chart.IsRoot .Chart.Type .Chart.AppVersion .Chart.Annotations.k .Chart.Maintainers .Chart.Keywords .Chart.Deprecated .Chart.absent
list .Capabilities.KubeVersion.Version .Capabilities.KubeVersion.Major .Capabilities.KubeVersion.Minor .Capabilities.KubeVersion.GitVersion .Capabilities.KubeVersion.String
list (.Capabilities.APIVersions.Has "apps/v1") (.Capabilities.APIVersions.Has "x/v1") (len .Capabilities.APIVersions) .Capabilities.HelmVersion.Version .Capabilities.Copy.KubeVersion.Major .Capabilities.HelmVersion.GoVersion
list (printf "%v" (.Files.GetBytes "files/a.txt")) (printf "%d" (.Files.GetBytes "files/a.txt")) (printf "%4d" (.Files.GetBytes "files/a.txt")) (printf "%v" (.Files.GetBytes "absent"))
list (.Files.Get "files/a.txt") (.Files.Get "absent") (.Files.Lines "files/a.txt") (.Files.AsConfig) (.Files.AsSecrets) (len .Files) (.Files.GetBytes "files/a.txt" | toString) (.Files.Lines "absent")
list (.Files.Glob "files/*").AsConfig (.Files.Glob "**.txt").AsConfig (.Files.Glob "{files,x}/?.txt").AsConfig (.Files.Glob "files/[!b].txt").AsConfig (.Files.Glob "[a-z]*/*").AsConfig (len (.Files.Glob "*"))
printf "%v|%s|%d|%q|%5.2f|%t" .Values.l "s" 3 "q" .Values.half true
"""

SPACED_CONSTRAINTS = ("1.2 - 1.4.5", ">1.2, <1.4", ">1.2 <1.4 || 3", ">=1.2.3-0 <2", "1.2 || 2.x || ^0")
CONSTRAINTS = """
1.2.3 =1.2.3 !=1.2.3 >1.2.3 <1.2.3 >=1.2.3 =>1.2.3 <=1.2.3 =<1.2.3 ~1.2.3 ~>1.2.3 ^1.2.3 1 1.2 1.x 1.2.x
* ^* ~* >* <=* !=* >1 >1.2 <=1 <=1.2 !=1 !=1.2 ~1 ~1.2 ^0 ^0.2 ^0.2.3 ^0.0 ^0.0.3 ~0.0.0 >=1.2.3-0
~1.2.3-beta.2 !=1.2-beta ^1.2.3-beta >1.2.3-9 <1.2.3-18446744073709551616
"""
VERSIONS = """
0.0.0 0.0.3 0.0.4 0.1.0 0.2.0 0.2.3 0.3.0 1.0.0 1.2.0 1.2.3 v1.2.3 1.2.4 1.3.0 1.4.5 1.4.6 2.0.0 3.1.0 1.2 1
1.2.3-alpha 1.2.3-beta.2 1.2.3-beta.10 1.2.3+build 1.3.0-rc.1 1.2.3-10
1.2.3-18446744073709551615 1.2.3-18446744073709551616 1.2.3-99999999999999999999
"""


@pytest.fixture
def expression_chart(tmp_path: Path) -> Path:
    metadata = (
        CHART.format("e")
        + "annotations: {k: v}\nkeywords: [k1]\nmaintainers: [{name: m, email: m@x}]\nappVersion: 1.10\n"
    )
    files = {
        "Chart.yaml": metadata,
        "values.yaml": json.dumps(VALUES),
        "files/a.txt": "one\ntwo\n",
        "files/b.txt": "b",
        "files/sub/c.txt": "c: <x>",
        "templates/_named.tpl": '{{- define "named" }}[{{ .x }}]{{ end -}}',
    }
    return write_files(tmp_path / "e", files)


def results(documents: list[tuple[str, str]]) -> dict[str, str]:
    lines = [line for _, text in documents for line in text.split("\n")]
    return {key: value for key, _, value in (line.partition(": ") for line in lines)}


def test_every_function_gives_what_helm_gives(helm: Path, expression_chart: Path) -> None:
    expressions = EXPRESSIONS.strip().split("\n")
    lines = [f"e{i:03}: {{{{ {text} | toJson | quote }}}}" for i, text in enumerate(expressions)]
    write_files(expression_chart, {"templates/a.yaml": "\n".join(lines)})
    ours = results(our_documents(expression_chart, {}))
    theirs = results(helm_documents(helm, expression_chart))
    assert [(e, ours[f"e{i:03}"]) for i, e in enumerate(expressions)] == [
        (e, theirs[f"e{i:03}"]) for i, e in enumerate(expressions)
    ]


def test_every_function_stands_in_the_table() -> None:
    tables = sorted(Path(__file__).parent.glob("test_functions_*.py"))
    others = "".join(path.read_text() for path in tables if path.stem != "test_functions_names")
    words = set(re.findall(r"\w+", EXPRESSIONS + others))
    assert sorted(set(functions()) - words) == ["fail"]


def test_constraints_on_versions_admit_what_helm_admits(helm: Path, expression_chart: Path) -> None:
    pairs = [(c, v) for c in (*CONSTRAINTS.split(), *SPACED_CONSTRAINTS) for v in VERSIONS.split()]
    lines = [
        f"c{i}: {{{{ semverCompare {json.dumps(c)} {json.dumps(v)} }}}}" for i, (c, v) in enumerate(pairs)
    ]
    write_files(expression_chart, {"templates/a.yaml": "\n".join(lines)})
    ours, theirs = (
        results(our_documents(expression_chart, {})),
        results(helm_documents(helm, expression_chart)),
    )
    assert {pairs[int(k[1:])]: v for k, v in ours.items()} == {
        pairs[int(k[1:])]: v for k, v in theirs.items()
    }


FAILING = (
    "div 1 0",
    "divf 1 0",
    'first "abc"',
    "first nil",
    "slice .Values.l 2 9",
    "chunk 0 .Values.l",
    "chunk -1 (list 1)",
    "chunk -1 (list)",
    "chunk -2 (list)",
    "chunk -1 (list 1 1 1)",
    "chunk -2 (list 1 1 1 1)",
    "chunk 0 (list 1)",
    "concat nil",
    'dig "a" "b" "def" (dict "a" 1)',
    'substr 3 1 "abcdef"',
    'repeat -1 "ab"',
    'semverCompare "x>" "1"',
    'semverCompare (printf "~%s" (repeat 5000 "1")) "1.0.0"',
    'semverCompare ">1" (printf "%s.0.0" (repeat 5000 "1"))',
    'semver "1.18446744073709551616"',
    'required "r" nil',
    'required "r" ""',
    'fail "boom"',
    'include "absent" .',
    'tpl "{{ .x" .',
    'mustFromJson "x"',
    "now2",
    "deepCopy nil",
    "mustDeepCopy .Values.nowhere",
    'env "HOME"',
)


@pytest.mark.parametrize("expression", FAILING)
def test_what_fails_in_helm_fails_here(helm: Path, expression_chart: Path, expression: str) -> None:
    write_files(expression_chart, {"templates/a.yaml": f"a: {{{{ {expression} }}}}"})
    done = subprocess.run(
        [helm, "template", "x", expression_chart], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    with pytest.raises(SroError):
        our_documents(expression_chart, {})


SHOW = "v: {{ .Values | toJson | quote }}\nsub: {{ keys .Subcharts | sortAlpha | toJson | quote }}\n"


def layered(tmp_path: Path) -> Path:
    """A chart with sub-charts two deep, conditions, tags, aliases, imports, globals and nulls."""
    dependencies = """dependencies:
- {name: base, version: 0.1.0, import-values: [{child: exports.ports, parent: ports}, data, {child: none, parent: x}]}
- {name: opt, version: ">=0.1", condition: "opt.wanted,optional.enabled", alias: optional}
- {name: opt, version: ~0.1.0, alias: second}
- {name: tagged, version: 0.1.x, tags: [extras, more]}
- {name: both, version: "*", tags: [extras], condition: both.enabled}
"""
    files = {
        "Chart.yaml": CHART.format("top") + dependencies,
        "values.yaml": """
global: {region: eu, tier: {name: gold, weight: 3, deep: {a: 1, nn: null}}, nil: null, list: [1]}
base: {size: 10, nested: {keep: parent, drop: null}, gone: null}
tags: {extras: false}
list: [1, 2, 3]
remove: {me: 1, stay: 2, nn: null}
nothing: null
ports: {http: 1}
second: {global: {own: {x: 1}, region: local}}
""",
        "templates/a.yaml": SHOW,
    }
    for name in ("base", "opt", "tagged", "both", "loose"):
        files |= {
            f"charts/{name}/Chart.yaml": CHART.format(name),
            f"charts/{name}/values.yaml": """
size: 1
nested: {drop: child, own: child, nn: null}
gone: here
nil: null
exports: {ports: {http: 80, adminn: null}, data: {from: child, ports: {metrics: 9}}}
global: {tier: {deep: {b: 2}, sub: {c: 3}}, own: {yy: 2}, region: child}
""",
            f"charts/{name}/templates/a.yaml": SHOW,
        }
    files |= {
        "charts/base/Chart.yaml": CHART.format("base")
        + "dependencies: [{name: leaf, version: 0.1.0, condition: leaf.enabled, import-values: [up]}]\n",
        "charts/base/charts/leaf/Chart.yaml": CHART.format("leaf"),
        "charts/base/charts/leaf/values.yaml": "exports: {up: {lifted: {a: 1}}}\nx: {yy: null, z: 1}\n",
        "charts/base/charts/leaf/templates/a.yaml": SHOW,
        "charts/lib/Chart.yaml": CHART.format("lib") + "type: library\n",
        "charts/lib/templates/_l.tpl": '{{ define "lib.x" }}lib{{ end }}',
        "charts/lib/templates/a.yaml": "never: rendered",
        "charts/_hidden/Chart.yaml": "not: read",
        "charts/.README.md": "not a chart",
    }
    return write_files(tmp_path / "top", files)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"optional": {"enabled": False}},
        {"opt": {"wanted": False}, "optional": {"enabled": True}},
        {"tags": {"extras": True}, "both": {"enabled": False}},
        {"tags": {"more": True}, "both": {"enabled": True}},
        {"both": {"enabled": "yes"}, "tags": {"extras": "no"}},
        {"base": {"leaf": {"enabled": False}, "nested": {"own": None}, "size": None}},
        {"remove": None, "list": None, "global": {"tier": {"name": None}, "region": "us"}},
        {"remove": {"me": None, "stay": {"x": 1}, "other": None}, "ports": None, "new": None},
        {"ports": {"admin": 1, "http": None}, "list": {"a": 1}, "from": "user"},
        {"global": {"own": {"z": None}}, "base": {"global": {"tier": {"mine": 1}, "own": 3}}},
        {"global": None, "base": {"leaf": {"x": None, "global": {"q": 1}}}},
        {"base": {"nested": {"drop": {"a": None}, "nn": 1}, "new": {"x": None}}, "optional": {"nil": 1}},
    ],
    ids=json.dumps,
)
def test_values_reach_charts_and_subcharts_as_in_helm(
    helm: Path, tmp_path: Path, values: dict[str, Any]
) -> None:
    rendered = same(helm, layered(tmp_path), values)
    assert ("top/charts/base/templates/a.yaml" in dict(rendered)) is True


def test_charts_inside_without_requirements_take_part_as_they_are(helm: Path, tmp_path: Path) -> None:
    folder = write_files(
        tmp_path / "top",
        {
            "Chart.yaml": CHART.format("top"),
            "templates/a.yaml": SHOW,
            "charts/mid/Chart.yaml": CHART.format("mid")
            + "dependencies: [{name: leaf, version: 0.1.0, condition: leaf.on, import-values: [up]}]",
            "charts/mid/templates/a.yaml": SHOW,
            "charts/mid/charts/leaf/Chart.yaml": CHART.format("leaf"),
            "charts/mid/charts/leaf/values.yaml": "on: false\nexports: {up: {k: 1}}",
            "charts/mid/charts/leaf/templates/a.yaml": SHOW,
        },
    )
    assert len(same(helm, folder)) == 3


def test_templates_run_in_the_order_of_helm_and_see_changed_values(helm: Path, tmp_path: Path) -> None:
    change = '{{- $_ := set .Values "log" (printf "%s,%s" (.Values.log | default "") .Template.Name) }}log: {{ .Values.log | quote }}\n'
    folder = write_files(
        tmp_path / "top",
        {
            "Chart.yaml": CHART.format("top"),
            "templates/a.yaml": change,
            "templates/b.yaml": change,
            "templates/sub/c.yaml": change,
            "templates/_p.tpl": '{{ define "x" }}first{{ end }}',
            "templates/_q.tpl": '{{ define "x" }}second{{ end }}',
            "templates/x.yaml": 'x: {{ include "x" . }}{{ define "y" }}in x{{ end }}\n',
            "templates/y.yaml": 'y: {{ include "y" . }}{{ define "y" }}in y{{ end }}\n',
            "templates/.hidden.yaml": "{{ fail }}",
            "templates/NOTES.txt": "notes of {{ .Release.Name }}",
            "charts/s/Chart.yaml": CHART.format("s"),
            "charts/s/templates/a.yaml": change,
            "charts/s/templates/NOTES.txt": "inner notes",
        },
    )
    same(helm, folder)
    engine = Engine(load(folder), LIMITS)
    first = engine.render({}, RELEASE, Capabilities())
    assert first == engine.render({}, RELEASE, Capabilities())
    assert first.notes == "notes of rel"


def test_values_have_their_methods_in_subcharts_too(helm: Path, tmp_path: Path) -> None:
    text = (
        '{{ $v := .Values.AsMap }}{{ $_ := set $v "log" .Template.Name }}{{ if eq .Chart.Name "top" }}'
        "{{ $_ := .Values.s }}{{ end }}v: {{ .Values.AsMap | toJson }}\n"
        'f: {{ .Values.Table "a" | toJson }}\nt: {{ typeOf .Values }} {{ typeOf (.Table "Values") }}\n'
        'y: {{ .Values.YAML | quote }}\nr: {{ .PathValue "Release.Name" }}\n'
    )
    folder = write_files(
        tmp_path / "top",
        {
            "Chart.yaml": CHART.format("top"),
            "values.yaml": "a: {b: 1}\nAsMap: key\ns: {x: {y: 1}}\n",
            "templates/a.yaml": text,
            "templates/z.yaml": 's: {{ .Values.s | toJson }}\nsub: {{ (index .Subcharts "s").Values.YAML | quote }}\n',
            "charts/s/Chart.yaml": CHART.format("s"),
            "charts/s/values.yaml": "a: {c: 2}\n",
            "charts/s/templates/a.yaml": text,
        },
    )
    same(helm, folder)


def test_hooks_and_many_documents_come_out_whole(helm: Path, tmp_path: Path) -> None:
    text = """
{{- range $i := until 3 }}
---
apiVersion: v1
kind: Service
metadata: {name: "s{{ $i }}-{{ $.Capabilities.KubeVersion }}", annotations: {a: "{{ $.Values.absent }}"}}
{{- end }}
---
# only a comment
---
kind: Job
metadata: {name: j, annotations: {helm.sh/hook: "pre-install", helm.sh/hook-weight: "-5"}}
"""
    folder = write_files(tmp_path / "h", {"Chart.yaml": CHART.format("h"), "templates/a.yaml": text})
    assert len(same(helm, folder)) == 5


def test_kinds_sort_as_helm_sorts_them_where_helm_knows_them(helm: Path, tmp_path: Path) -> None:
    kinds = [
        "Zeta",
        "Service",
        "CronJob",
        "Alpha",
        "Secret",
        "Namespace",
        "PriorityClass",
        "Ingress",
        "Deployment",
        "Role",
        "APIService",
        "Pod",
    ]
    text = "".join(f"---\nkind: {kind}\nmetadata: {{name: x}}\n" for kind in kinds)
    folder = write_files(tmp_path / "k", {"Chart.yaml": CHART.format("k"), "templates/a.yaml": text})
    printed = run_helm(helm, "template", "rel", folder)
    assert re.findall(r"(?m)^kind: (\w+)", printed) == sorted(kinds, key=install_rank)


@pytest.mark.parametrize(
    "version", ["1.10", "1234567.5", "1e3", "1e21", "20230101", "0.00001", "true", '"x\\ty"']
)
def test_scalars_in_chart_yaml_become_texts_as_in_helm(helm: Path, tmp_path: Path, version: str) -> None:
    files = {
        "Chart.yaml": CHART.format("v") + f"AppVersion: {version}\n",
        "templates/a.yaml": "v: {{ .Chart.AppVersion | quote }}",
    }
    same(helm, write_files(tmp_path / "v", files))


def test_a_v1_chart_takes_its_dependencies_from_requirements_yaml(helm: Path, tmp_path: Path) -> None:
    files = {
        "Chart.yaml": "apiVersion: v1\nname: old\nversion: 1.0.0\n",
        "requirements.yaml": "dependencies: [{name: a, version: 0.1.0, alias: b}]\n",
        "templates/a.yaml": 'v: {{ .Files.Get "requirements.yaml" | quote }}',
        "charts/a/Chart.yaml": CHART.format("a"),
        "charts/a/templates/a.yaml": SHOW,
    }
    assert [name for name, _ in same(helm, write_files(tmp_path / "old", files))] == [
        "old/charts/b/templates/a.yaml",
        "old/templates/a.yaml",
    ]


def test_helm_reads_the_archives_that_we_make(helm: Path, tmp_path: Path) -> None:
    folder = layered(tmp_path)
    package = package_chart(files_of(folder), "top", LIMITS)
    archive = tmp_path / package.file_name
    archive.write_bytes(package.data)
    assert package.file_name == "top-0.1.0.tgz"
    assert "name: top" in run_helm(helm, "show", "chart", archive)
    assert helm_documents(helm, archive) == helm_documents(helm, folder)


def test_a_folder_and_the_archive_that_helm_makes_of_it_have_one_digest(helm: Path, tmp_path: Path) -> None:
    folder = layered(tmp_path)
    write_files(folder, {".helmignore": "*.bak\n", "x.bak": "not content", "crds/c.yml": "kind: X"})
    run_helm(helm, "package", folder, "-d", tmp_path)
    unpacked = read_archive((tmp_path / "top-0.1.0.tgz").read_bytes(), "top-0.1.0.tgz", LIMITS)
    chart = load_chart(unpacked, "charts/top-0.1.0.tgz", LIMITS)
    assert chart.digest == load(folder).digest
    assert chart.crds[0].source_name == "charts/top-0.1.0.tgz!top/crds/c.yml"
    ours = package_chart(files_of(folder), "top", LIMITS)
    assert load_chart(read_archive(ours.data, "a.tgz", LIMITS), "a.tgz", LIMITS).digest == chart.digest


def test_a_repository_in_a_configmap_is_what_helm_repo_index_makes(helm: Path, tmp_path: Path) -> None:
    folder = layered(tmp_path)
    package = package_chart(files_of(folder), "top", LIMITS)
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / package.file_name).write_bytes(package.data)
    run_helm(helm, "repo", "index", tmp_path / "repo", "--url", "cm://ns/charts")
    index = (tmp_path / "repo" / "index.yaml").read_text()
    manifest = write_chart_configmap([package], namespace="ns", name="charts")
    data = manifest["data"]
    assert isinstance(data, dict)
    undated = re.sub(r'"[0-9T:.Z+-]{20,}"', '"1980-01-01T00:00:00Z"', index)
    assert data["index.yaml"] == undated
    data["index.yaml"] = index
    assert read_chart_configmap(manifest, LIMITS) == {("top", "0.1.0"): package.data}


@pytest.mark.parametrize(
    ("rules", "kept"),
    [
        ("", {"a.txt", "b/a.txt", "b/c.md", "templates/x.yaml"}),
        ("*.md\n# comment\n\n", {"a.txt", "b/a.txt", "templates/x.yaml"}),
        ("a.txt", {"b/c.md", "templates/x.yaml"}),
        ("/a.txt", {"b/a.txt", "b/c.md", "templates/x.yaml"}),
        ("b/", {"a.txt", "templates/x.yaml"}),
        ("b/*.txt", {"a.txt", "b/c.md", "templates/x.yaml"}),
        ("[ab].???", {"b/c.md", "templates/x.yaml"}),
        ("[^a].md", {"a.txt", "b/a.txt", "templates/x.yaml"}),
        ("\\a.txt", {"b/c.md", "templates/x.yaml"}),
    ],
)
def test_helmignore_leaves_out_what_helm_leaves_out(
    helm: Path, tmp_path: Path, rules: str, kept: set[str]
) -> None:
    names = {"a.txt", "b/a.txt", "b/c.md", "templates/.hidden"}
    text = "f: {{ range $n, $_ := .Files }}{{ $n }},{{ end }}"
    files = dict.fromkeys(names, "x") | {
        "Chart.yaml": CHART.format("i"),
        "templates/x.yaml": text,
        ".helmignore": rules,
    }
    folder = write_files(tmp_path / "i", files)
    assert set(files_of(folder)) - {"Chart.yaml", ".helmignore"} == kept
    same(helm, folder)


def test_a_kubernetes_version_that_does_not_fit_stops_the_render(helm: Path, tmp_path: Path) -> None:
    files = {"Chart.yaml": CHART.format("v") + 'kubeVersion: ">=1.40.0-0"\n', "templates/a.yaml": "a: 1"}
    folder = write_files(tmp_path / "v", files)
    engine = Engine(load(folder), LIMITS)
    with pytest.raises(ChartError, match=r"the chart v needs Kubernetes >=1\.40\.0-0, and this is v1\.37\.0"):
        engine.render({}, RELEASE, Capabilities())
    rendering = engine.render({}, RELEASE, Capabilities("1.40.1-gke.5"))
    assert rendering.texts == {"v/templates/a.yaml": "a: 1"}
    assert "a: 1" in run_helm(helm, "template", "x", folder, "--kube-version", "1.40.1-gke.5")


D = "1" * 5000


@pytest.mark.parametrize(
    "metadata",
    [
        f"apiVersion: v2\nname: d\nversion: {D}.0.0\n",
        f'{CHART.format("d")}kubeVersion: ">={D}.0.0"\n',
        f'{CHART.format("d")}kubeVersion: "<{D}.0.0"\n',
    ],
    ids=["version", "at least", "less than"],
)
def test_versions_of_thousands_of_digits_are_refused_as_helm_refuses_them(
    helm: Path, tmp_path: Path, metadata: str
) -> None:
    folder = write_files(tmp_path / "d", {"Chart.yaml": metadata, "templates/a.yaml": "a: 1"})
    done = subprocess.run([helm, "template", "x", folder], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    with pytest.raises(ChartError):
        Engine(load(folder), LIMITS).render({}, RELEASE, Capabilities())


def test_a_dependency_whose_version_has_thousands_of_digits_is_rendered_as_helm_renders_it(
    helm: Path, tmp_path: Path
) -> None:
    files = {
        "Chart.yaml": f'{CHART.format("d")}dependencies: [{{name: s, version: "~{D}", alias: t}}]\n',
        "templates/a.yaml": "a: 1",
        "charts/s/Chart.yaml": CHART.format("s"),
        "charts/s/templates/a.yaml": "b: {{ .Chart.Name }}",
    }
    same(helm, write_files(tmp_path / "d", files))
