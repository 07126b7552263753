"""Field chains.

Matrix: start of the chain (dot, variable, parentheses, function) x what is reached (key, absent key,
null, Go object's field, method and key, anything else), and the errors of each.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sro_render.errors import TemplateError
from sro_render.gotemplate.functions import FunctionError
from sro_render.gotemplate.runtime import Run
from sro_render.gotemplate.values import GoObject, NamedMap, StringList, go_method


class Capabilities(GoObject):
    go_type = "*common.Capabilities"

    def __init__(self) -> None:
        self.zzz = "not reachable"

    def go_fields(self) -> dict[str, object]:
        return {"KubeVersion": "v1.2.3", "Extra": None}

    @go_method("Has", "(string) bool")
    def has(self, name: str) -> bool:
        if not name:
            raise FunctionError("a version has a name")
        return name == "v1"

    @go_method("Names", "() []string")
    def names(self) -> StringList:
        return StringList(["a", "b"])

    @go_method("Note", "(string, ...any) string", wants_run=True)
    def note(self, run: Run, text: str, *more: object) -> str:
        return f"{text}{more}{run.span}"

    @go_method("Here", "() string", wants_run=True)
    def here(self, run: Run) -> str:
        return str(run.span)


class Files(GoObject):
    go_type = "engine.files"

    def go_underlying(self) -> dict[str, object]:
        return {"a": b"A", "Get": b"hidden by the method"}

    @go_method("Get", "(string) string")
    def get(self, name: str) -> str:
        return f"content of {name}"


DOT = {
    "m": {"k": {"v": "V"}, "null": None, "l": [None]},
    "values": NamedMap(a=1),
    "s": "text",
    "c": Capabilities(),
    "f": Files(),
}


@pytest.mark.parametrize(
    ("action", "text"),
    [
        (".m.k.v", "V"),
        ("$.m.k.v", "V"),
        ("(.m).k.v", "V"),
        ("(.m.k).v", "V"),
        ('(dict "a" 1).a', "1"),
        (".values.a", "1"),
        (".m.absent", "<no value>"),
        (".m.items", "<no value>"),
        (".m.null", "<no value>"),
        ("(.m.absent).x.y", "<no value>"),
        ("(.m.null).x.y", "<no value>"),
        ("(labels).app", "a"),
        ("(labels).absent", ""),
        ("labels.app", "a"),
        (".c.KubeVersion", "v1.2.3"),
        (".c.Extra", "<no value>"),
        ('.c.Has "v1"', "true"),
        ('"v1" | .c.Has', "true"),
        ('"v1" | $.c.Has', "true"),
        ('if .c.Has "v2"}}{{else}}no{{end', "no"),
        (".c.Names", "[a b]"),
        ('.c.Note "x" 1', "x(1,)main.yaml:1:4"),
        (".c.Here", "main.yaml:1:4"),
        (".f.a", "[65]"),
        ('.f.Get "x"', "content of x"),
        ("range $k, $v := .f}}{{$k}} {{end", "Get a "),
        ("len .f", "2"),
        ('index .f "a"', "[65]"),
    ],
)
def test_a_chain_reaches_what_go_reaches(render: Callable[..., str], action: str, text: str) -> None:
    assert render(f"{{{{ {action} }}}}", DOT) == text


@pytest.mark.parametrize(
    ("action", "code", "message", "marked", "hint"),
    [
        (
            ".m.kk.v",
            "template-nil-pointer",
            ".m.kk is not set, so it has no field v",
            ".m.kk",
            "did you mean k?",
        ),
        (
            "$.m.zz.v.w",
            "template-nil-pointer",
            "$.m.zz is not set, so it has no field v",
            "$.m.zz",
            "set it, or guard this place with {{ with $.m.zz }}",
        ),
        (
            ".m.null.x",
            "template-nil-pointer",
            ".m.null is null, so it has no field x",
            ".m.null",
            "guard this place with {{ with .m.null }}",
        ),
        (
            "range .m.l}}{{.x}}{{end",
            "template-nil-pointer",
            ". is null, so it has no field x",
            ".x",
            "guard this place with {{ with . }}",
        ),
        (".s.x", "template-runtime", ".s is of type string, which has no field x", ".s.x", ""),
        (".m.l.x", "template-runtime", ".m.l is of type []any, which has no field x", ".m.l.x", ""),
        ("(.s).x", "template-runtime", "(.s) is of type string, which has no field x", "(.s).x", ""),
        (
            ".c.kubeVersion",
            "template-runtime",
            ".c is of type *common.Capabilities, which has no field kubeVersion",
            ".c.kubeVersion",
            "did you mean KubeVersion?",
        ),
        (
            ".c.zzz",
            "template-runtime",
            ".c is of type *common.Capabilities, which has no field zzz",
            ".c.zzz",
            "",
        ),
        (
            ".c.__class__",
            "template-runtime",
            ".c is of type *common.Capabilities, which has no field __class__",
            ".c.__class__",
            "",
        ),
        (".s.upper", "template-runtime", ".s is of type string, which has no field upper", ".s.upper", ""),
        (".m.k 1", "template-runtime", ".m.k is no method, but has arguments", ".m.k", ""),
        (".c.KubeVersion 1", "template-runtime", ".c.KubeVersion is no method, but has arguments", ".c.KubeVersion", ""),
        (".c.Has", "template-runtime", "Has takes 1 argument, not 0", ".c.Has", "its signature is Has(string) bool"),
        (".c.Has 1 2", "template-runtime", "Has takes 1 argument, not 2", ".c.Has 1 2", "its signature is Has(string) bool"),
        (
            ".c.Has 1",
            "template-runtime",
            "argument 1 of Has must be of type string, not 1",
            "1",
            "its signature is Has(string) bool",
        ),
        ('.c.Has ""', "template-runtime", "a version has a name", '.c.Has ""', ""),
        (".f.absent.x", "template-nil-pointer", ".f.absent is not set, so it has no field x", ".f.absent", "set it, or guard this place with {{ with .f.absent }}"),
    ],
)  # fmt: skip
def test_a_chain_that_breaks_names_the_link(
    render: Callable[..., str], action: str, code: str, message: str, marked: str, hint: str
) -> None:
    with pytest.raises(TemplateError) as caught:
        render(f"{{{{ {action} }}}}", DOT)
    finding = caught.value.finding
    assert finding.span is not None
    assert (finding.code, finding.message, finding.span.text, finding.hint) == (code, message, marked, hint)
