"""The real helm as judge of `--set` and its four siblings.

Matrix: each option with values of each type, lists, indexes, escapes, names, limits; options over
values files and over each other; what is refused. Whatever helm accepts runs in one process: `@` in
a text stands for a key of the case's own, which holds what stands under BASE. What is refused, and
what only shows at the top, has a process for each text. Generated texts are judged likewise. Left
out: helm's messages (ours are in tests/unit), files behind URLs.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sro_render.charts.chart import load_chart
from sro_render.charts.engine import Engine
from sro_render.charts.scope import Capabilities, Release
from sro_render.charts.set_values import SetKind, SetOption, apply_options
from sro_render.errors import InputError
from sro_render.limits import Limits
from sro_render.source import Source
from sro_render.yamltext.reader import read_values

LIMITS = Limits()
Case = tuple[tuple[str, str], ...]
"""Options with their texts."""

BASE: dict[str, Any] = {
    "n": 1, "s": "text", "no": None, "m": {"k": 1, "d": {"e": "f"}}, "l": [1, {"a": 1}, [2]], "e": {}, "el": [],
}  # fmt: skip
FILES = {"one.txt": "first\n", "sp ace.txt": "a, b=c\n", "sub/two,three.txt": "", "num": "12"}

TYPED = (
    "@a=1", "@a=0", "@a=-1", "@a=+1", "@a=-0", "@a=+0", "@a=00", "@a=01", "@a=-01", "@a=1.5", "@a=1e3", "@a=0x10", "@a=1_000",
    "@a=9223372036854775807", "@a=9223372036854775808", "@a=-9223372036854775808", "@a=-9223372036854775809",
    "@a=-000000000000000000000000000000005", "@a=" + "9" * 5000, "@a=12345678", "@a= 1", "@a=1 ", "@a=", "@a= ", "@a=-", "@a=+",
    "@a=true", "@a=TRUE", "@a=tRuE", "@a=false", "@a=False", "@a=FAL\u017fE", "@a=null", "@a=NULL", "@a=Null", "@a=nil", "@a=~",
    "@a=yes", "@a=on", "@a=true ", "@a=\\true", "@a=nu\\ll", "@a=\\1", "@a=tr\u00fce", "@a=\u0661", "@a=\u202e", "@a='1'", '@a="1"',
    "@a=a=b", "@a==", "@a=b.c", "@a=b[0]", "@a=b]", "@a=}", "@a=x{1}", "@a=b\\,c", "@a=b\\\\c", "@a=b\\", "@a=\\", "@a=\\{1}",
    "@a=\\n", "@a=b\\=c", "@a=line\nline", "@a=\t", "@a=$(x)", "@a=#x",
    "@a=1,@b=2", "@a=1,@b=2,", "@a=,@b=1", "@a=1,@a=2", "@a.b=1,@a.c=2", "@a=1,", "@a=1, @b=2",
    "@a={}", "@a={b}", "@a={1,true,null,x,01,1.5}", "@a={ 1, 2 }", "@a={b,}", "@a={,b}", "@a={,}", "@a={a\\,b,c\\}d}", "@a={{1}",
    "@a={1},@b={2}", "@a={1}@b=2", "@a={a=b}", "@a={a.b,c[0]}", "@a={\n}",
    "@a.b=1", "@a.b.c.d=1", "@a.=", "@a.", "@a.b.", "@.b=1", "@=1", "@", "@[0]=1",
    "@a[0]=1", "@a[1]=1", "@a[3]=x", "@a[0]=1,@a[1]=2", "@a[1]=2,@a[0]=1", "@a[+1]=1", "@a[007]=1", "@a[\\0]=1", "@a[-0]=1",
    "@a[0]={1,2}", "@a[0]=", "@a[0]=,@b=1", "@a[0]=null", "@a[0].b=1", "@a[0].b=1,@a[0].c=2", "@a[2].b=1", "@a[0].b.c=1",
    "@a[0].b[1].c=1", "@a[0][0]=1", "@a[1][2]=1", "@a[0][0][0][0]=1", "@a[0][1].b=1", "@a[0].=", "@a[0].", "@a[0].b=", "@a[0].b=,",
    "@a[", "@a[0", "@a[0]", "@a[0][", "@a[0][1", "@a[0][1]", "@a[0].b[", "@a[0].b[0", "@a[0].b[0]", "@a[0].b[0]=", "@a[=1", "@a[0=1",
    "@a[0\\]", "@a[65536]=1,@a=1", "@a[300]=1", "@a[70000].b=", "@a[0]\\", "@a[0].[0]=1", "@a[0].[0]=", "@b.a[0].b=,@c=1", "@a[0]=x,",
    "@n=2", "@n=null", "@s=", "@m=null", "@m.k=null", "@m.k=x", "@m.d.g=1", "@m.d=1", "@m.new=1", "@m=x", "@l=x", "@l[0]=x", "@l[0]=null",
    "@l[1].a=2", "@l[1].b=2", "@l[0].b=2", "@l[2][0]=x", "@l[2][1]=x", "@l[5]=x", "@l[1]=x", "@l[2].a=x", "@l[0].b=", "@l[1].b=", "@l[9].b=",
    "@e.a=1", "@e.a[0]=1", "@e=1", "@el[0]=1", "@el[1].a=1", "@el={}", "@no=1", "@m.d.", "@m.", "@m.d.=1", "@m.=1",
    "@a\\.b=1", "@a\\=b=1", "@a\\[0\\]=1", "@a\\,b=1", "@a\\\\b=1", "@a b=1", "@ a=1", "@a =1", "@a]=1", "@a{=1", "@a}=1", "@\u00e9=1",
    "@a/b=1", "@a:b=1", '@"a"=1', "@a\nb=1", "@annotations.example\\.com/x=y", "@a" + ".b" * 28 + "=1", "@a" + "[0]" * 60 + "=1",
)  # fmt: skip
STRINGS = (
    "@a=1", "@a=true", "@a=null", "@a=", "@a=0", "@a={1,true,null}", "@a={}", "@a[0]=1", "@a[1].b=1", "@a.b=01,@a.c=1", "@a=1,@b=2",
    "@a=b\\,c", "@a=\\", "@m.k=1", "@l[1].a=1", "@a=9223372036854775808", "@n=null", "@a[0].b=",
)  # fmt: skip
FILED = (
    "@a=one.txt", "@a=num", "@a=sp ace.txt", "@a=sub/two\\,three.txt", "@a=one.txt,@b=num", "@a={one.txt,num}", "@a[1]=num",
    "@a[0].b=one.txt", "@a=", "@m.k=num", "@a=./one.txt", "@a=sub/../num", "@a[0]=", "@a.",
)  # fmt: skip
JSON = (
    "@a=1", "@a=1.5", "@a=-0", "@a=1e3", "@a=1E+2", "@a=9007199254740993", "@a=1e21", "@a=1e-7", "@a=true", "@a=null", '@a="x"', "@a=",
    "@a= ", "@a=,@b=1", "@a= ,@b=1", "@a=1,@b=2", "@a=1 , @b=2", "@a=1@b=2", "@a=1 @b=2", '@a="x"@b=2', '@a="x,y",@b=2', "@a=[]", "@a={}",
    "@a=[1,2]@b=[3]", '@a={"b":1,"b":2}', '@a={"b":{"c":1},"b":{"d":2}}', '@a={"":1}', '@a="\\ud83d\\ude00"', '@a="\\ud800"',
    '@a="\\ud800\\ud800x"', '@a="\\udc80"', '@a={"\\ud800":1}', '@a="\\u0000"', '@a="<&>"', '@a="\\/\\b\\f"', '@a= \n\t{"b": [1 , 2]}\n',
    "@a=\u00a01", "@a=1\u2003@b=2", "@a=\v1", '@a[0]={"b":1}', "@a[1]=[1]", "@a[0]=", "@a[0]=,@b=1", "@a[0].b=1", "@a[0].b=", "@a.b=1,@a.c=2",
    '@m={"x":1}', '@m.d={"x":1}', "@m=null", "@m.k=null", "@l[1]=null", "@l[1].a=[1]", "@l=[]", "@a\\.b=1", "@a\\,b=1", "@a=1,",
    "@a=1.0", "@a=100000000000000000000", "@a=1e5@b=2", "@a=123456789012345678901234567890", "@a=[[[[]]]]", '@a={"b":{"c":{"d":null}}}',
    "@a.", "@a[0", "@a[0]", "@a[0][0]=1", "@n=true", "@e.x=[null]", '@a=" "', "@a=0", "@a=0@b=1", "@a=true@b=1", "@a=null@b=1", "@a=[1] ",
)  # fmt: skip
LITERALS = (
    "@a=1", "@a=true", "@a=null", "@a=", "@a= ", "@a=1,b=2", "@a={1,2}", "@a=b\\,c", "@a=b\\", "@a=\\", "@a==", "@a=a=b", "@a=a.b[0]",
    "@a,b=1", "@a\\=b=1", "@a\\.b=1", "@a.b=1", "@a.b.c=x", "@a[0]=1", "@a[1]=x", "@a[0].b=x", "@a[0][1]=x", "@a[0].b=", "@a[0]=", "@a.",
    "@a[", "@a[0", "@a[0]", "@a[+1]=x", "@a[0][", "@m.k=x", "@l[0]=x", "@l[1].b=x", "@l[0].b=x", "@m=x", "@m.=x", "@=x", "@", '@a={"b":1}',
    "@a=line\nline", "@a=[0]", "@a b=c", "@a=\u00e9", "@{a}=1", "@a,=1",
)  # fmt: skip
SEQUENCES: tuple[Case, ...] = (
    (("--set", "@a=1"), ("--set", "@a=2")),
    (("--set", "@a=1"), ("--set-string", "@a=2")),
    (("--set-string", "@a=2"), ("--set", "@a=1")),
    (("--set-literal", "@a=1"), ("--set-file", "@a=num"), ("--set-string", "@a=2"), ("--set", "@a=3"), ("--set-json", "@a=4")),
    (("--set-file", "@a=num"), ("--set-string", "@a=2"), ("--set", "@a=3"), ("--set-json", "@a=4")),
    (("--set", "@a.b=1"), ("--set-json", '@a={"b":2,"c":3}')),
    (("--set-json", '{"@":{"a":1,"m":{"k":2}}}'),),
    (("--set-json", ' {"@":{"a":{"b":1}}} '), ("--set-json", '{"@":{"a":{"c":2}}}')),
    (("--set-json", '{"@":{"a":{"b":1}}}'), ("--set-json", "@a.c=2"), ("--set", "@a.d=3")),
    (("--set-json", '{"@":{"m":null,"l":[],"s":{"x":1}}}'),),
    (("--set-json", '{"@":{"a":1},"@":{"b":2}}'),),
    (("--set-json", '{"@":{"\\ud800":"\\udfff"}}'),),
    (("--set", "@a[0]=1"), ("--set", "@a[2]=3")),
    (("--set", "@a[0].x=1"), ("--set-string", "@a[0].y=1"), ("--set-json", "@a[1]=[1]"), ("--set-literal", "@a[1][1]=z")),
    (("--set", "@a={1,2,3}"), ("--set", "@a[1]=x")),
    (("--set-json", "@a=[1,2]"), ("--set", "@a[0]=x")),
    (("--set", "@m=null"), ("--set-json", '@m={"z":1}')),
    (("--set", "@a=1,@b=2"), ("--set", "@b=3,@c=4")),
    (("--set-json", "@m={}"), ("--set", "@m.k=1")),
)  # fmt: skip
ACCEPTED: tuple[Case, ...] = (
    *((("--set", text),) for text in dict.fromkeys(TYPED)),
    *((("--set-string", text),) for text in STRINGS),
    *((("--set-file", text),) for text in FILED),
    *((("--set-json", text),) for text in dict.fromkeys(JSON)),
    *((("--set-literal", text),) for text in LITERALS),
    *SEQUENCES,
)
# Each in a process of its own, over BASE at the top.
ALONE: tuple[Case, ...] = (
    (("--set", ""),), (("--set", "=1"),), (("--set", "a."),), (("--set", "["),), (("--set", "[0]=1"),), (("--set", "\\"),),
    (("--set", ".a=1,b=1"),), (("--set-json", ""),), (("--set-json", "[1]"),), (("--set-json", "{}"),), (("--set-json", " { } "),),
    (("--set-literal", ""),), (("--set-literal", "=1"),), (("--set", "a" + ".b" * 30 + "=1"),), (("--set-json", "=1"),),
)  # fmt: skip
REFUSED: tuple[Case, ...] = (
    (("--set", "a"),), (("--set", "a,b=1"),), (("--set", "a=1,b"),), (("--set", ",a=1"),), (("--set", "a=1,,b=1"),), (("--set", "a.=1"),),
    (("--set", "a..b=1"),), (("--set", "a.b"),), (("--set", "a={1"),), (("--set", "a={1\\}"),), (("--set", "a={1}x"),), (("--set", "a={{ .x }}"),), (("--set", "a={a\\"),), (("--set", "a[x]=1"),),
    (("--set", "a[]=1"),), (("--set", "a[-1]=1"),), (("--set", "a[0]x=1"),), (("--set", "a[0],b=1"),), (("--set", "a[65537]=1"),),
    (("--set", "a[0][65537]=1"),), (("--set", "a[9223372036854775808]=1"),), (("--set", "a" + ".b" * 31 + "=1"),), (("--set", "n.x=1"),),
    (("--set", "n[0]=1"),), (("--set", "no.x=1"),), (("--set", "no[0]=1"),), (("--set", "m[0]=1"),), (("--set", "l.x=1"),),
    (("--set", "l[0][0]=1"),), (("--set", "a=1,a.b=1"),), (("--set", "a=null,a.b=1"),), (("--set", "a[1_0]=1"),), (("--set", "a[ 0]=1"),),
    (("--set-string", "a"),), (("--set-file", "a=missing.txt"),), (("--set-file", "a=,b=num"),), (("--set-file", "a={}"),),
    (("--set-json", "a=x"),), (("--set-json", "a=1.x=2"),), (("--set-json", "a=1e"),), (("--set-json", "a=01"),), (("--set-json", "a=1e400"),),
    (("--set-json", "a=NaN"),), (("--set-json", "a=-Infinity"),), (("--set-json", "a=[1"),), (("--set-json", "a=[1,]"),), (("--set-json", "a=-"),),
    (("--set-json", "a='x'"),), (("--set-json", 'a="\t"'),), (("--set-json", 'a="\\x41"'),), (("--set-json", "a=[NaN]"),), (("--set-json", "{"),),
    (("--set-json", '{"a":1}x'),), (("--set-json", '{"a":1},b=2'),), (("--set-json", '{"a":1e999}'),), (("--set-json", "a"),),
    (("--set-json", "a=.5"),), (("--set-json", "a=+1"),), (("--set-json", "a={b:1}"),), (("--set-json", "a=truex"),),
    (("--set-literal", "a"),), (("--set-literal", "a[x]=1"),), (("--set-literal", "a.=1"),), (("--set-literal", "a[0],b=1"),),
    (("--set-literal", "a" + ".b" * 31 + "=1"),), (("--set-literal", "n.x=1"),), (("--set-literal", "a[\\0]=1"),),
)  # fmt: skip

SHOW = """kind: Shown
rows:
{{- define "types" }}
{{- if kindIs "map" . }}{{ range $k, $v := . }}{{ $k | quote }}:({{ include "types" $v }}){{ end }}
{{- else if kindIs "slice" . }}{{ typeOf . }}{{ range . }}[{{ include "types" . }}]{{ end }}
{{- else }}{{ typeOf . }} {{ . }} {{ toString . | quote }}{{ end }}
{{- end }}
{{- range $key, $value := .Values }}
- {{ list $key (toJson $value) (toYaml $value) (include "types" $value) | toJson }}
{{- end }}
"""
CHART = {
    "Chart.yaml": b"apiVersion: v2\nname: judged\nversion: 0.1.0\n",
    "templates/show.yaml": SHOW.encode(),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a chart that shows its values, and the files that texts name."""
    folder = tmp_path_factory.mktemp("set")
    for name, data in {
        **{f"c/{name}": data for name, data in CHART.items()},
        **{name: text.encode() for name, text in FILES.items()},
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def in_helm(helm: Path, place: Path, base: dict[str, Any], options: Case) -> dict[str, list[str]] | None:
    """What helm shows of each top-level key; nothing if it refuses."""
    arguments = [word for option in options for word in option]
    done = subprocess.run(
        [helm, "template", "c", "-f", "-", *arguments],
        input=json.dumps(base).encode(),
        capture_output=True,
        check=False,
        cwd=place,
    )
    if done.returncode:
        assert b"failed parsing --set" in done.stderr, done.stderr
        return None
    return shown(done.stdout.decode())


def in_ours(place: Path, base: dict[str, Any], options: Case) -> dict[str, list[str]] | None:
    """What we show of each top-level key; nothing if we refuse."""

    def read_file(name: str) -> str:
        try:
            return (place / name).read_text()
        except OSError as fault:
            raise InputError("file-missing", str(fault)) from None

    read = read_values(Source("base", json.dumps(base)), LIMITS)
    texts = [SetOption(SetKind(kind), text) for kind, text in options]
    try:
        values = apply_options(read, texts, LIMITS, read_file)
    except InputError:
        return None
    engine = Engine(load_chart(CHART, "judged", LIMITS), LIMITS)
    rendering = engine.render(values, Release(name="rel", namespace="ns"), Capabilities())
    return shown(rendering.texts["judged/templates/show.yaml"])


def shown(text: str) -> dict[str, list[str]]:
    lines = [json.loads(line[2:]) for line in text.splitlines() if line.startswith("- ")]
    return {line[0]: line[1:] for line in lines}


def at_key(case: Case, key: str) -> Case:
    """The case with a key of its own where it has `@`."""
    return tuple((kind, text.replace('"@"', f'"{key}"').replace("@", f"{key}.")) for kind, text in case)


def assert_all_same(helm: Path, place: Path, cases: Sequence[Case]) -> None:
    """All cases are accepted, and set the same; one process for all."""
    base = {f"c{number}": BASE for number in range(len(cases))}
    options = tuple(option for number, case in enumerate(cases) for option in at_key(case, f"c{number}"))
    ours, theirs = in_ours(place, base, options), in_helm(helm, place, base, options)
    assert ours is not None
    assert theirs is not None
    assert set(ours) == set(theirs)
    for number, case in enumerate(cases):
        assert ours.get(f"c{number}") == theirs.get(f"c{number}"), case


PIECES = (
    "a", "b", "k", "n", "m", "l", "s", "e", "el", "no", "d", "1", "0", "01", "-1", "true", "null", "x y", "é", '"', "'", "65537", "2.5",
    "a=", "l[", "[0]", "[1]=", "]=", ".", ",", "=", "{", "}", "[", "]", "\\", " ", "\n", "a.b=1,", "={a,b}", "el[0].", "m.d.", ":", "+",
)  # fmt: skip
ENDS = st.sampled_from(["", "=1", "=x", "=", '="x"', "={1,2}", "=[1]", "=null", "[0]=1"])
TEXTS = st.tuples(st.lists(st.sampled_from(PIECES), max_size=7).map("".join), ENDS).map("".join)
OPTIONS = st.tuples(st.sampled_from(["--set", "--set-string", "--set-json", "--set-literal"]), TEXTS)
GENERATED = st.lists(OPTIONS, min_size=1, max_size=2).map(tuple)


def examples(count: int, *, derandomize: bool = True) -> list[Case]:
    """Generated cases; the same in every run, unless asked otherwise."""
    found: dict[Case, None] = {}

    @settings(
        max_examples=count,
        database=None,
        derandomize=derandomize,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(GENERATED)
    def collect(case: Case) -> None:
        found[case] = None

    collect()
    return list(found)


def test_generated_texts_are_accepted_and_refused_as_by_helm(helm: Path, place: Path) -> None:
    for case in examples(40):
        assert in_ours(place, BASE, case) == in_helm(helm, place, BASE, case), case


def test_what_helm_accepts_sets_the_same_values(helm: Path, place: Path) -> None:
    assert_all_same(helm, place, ACCEPTED)


def test_what_helm_accepts_at_the_top_sets_the_same_values(helm: Path, place: Path) -> None:
    for case in ALONE:
        ours = in_ours(place, BASE, case)
        assert ours is not None, case
        assert ours == in_helm(helm, place, BASE, case), case


def test_what_helm_refuses_is_refused(helm: Path, place: Path) -> None:
    for case in REFUSED:
        assert in_ours(place, BASE, case) is None, case
        assert in_helm(helm, place, BASE, case) is None, case
