"""What tokens mean: nodes, scopes and slots, and what the parser says about a fault.

Matrix: each construct as node and printed again; variables and their slots; every fault with its whole
text. Lexical faults stand in test_lexer, constants in test_numbers and test_quoting.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from sro_render.errors import LimitError, TemplateError
from sro_render.gotemplate.nodes import (
    Action,
    Body,
    Bool,
    Branch,
    Chain,
    Command,
    Dot,
    Field,
    Identifier,
    If,
    Number,
    Operand,
    Pipe,
    Range,
    Statement,
    String,
    Template,
    Text,
    Variable,
    With,
    show_body,
)
from sro_render.gotemplate.parser import ParsedFile, parse
from sro_render.source import Source

FUNCTIONS = frozenset({"print", "printf", "quote", "eq", "not", "add"})


def parse_text(text: str) -> ParsedFile:
    return parse(Source("a.yaml", text), "a.yaml", FUNCTIONS, 100_000)


def body(text: str) -> Body:
    return parse_text(text).main.body


def bare(value: object) -> object:
    """Nodes without their offsets, as nested tuples."""
    if isinstance(value, tuple):
        return tuple(map(bare, value))
    if not isinstance(value, Struct):
        return value
    fields = (name for name in value.__struct_fields__ if name not in {"start", "end"})
    return (type(value), *(bare(getattr(value, name)) for name in fields))


def simple(operand: Operand) -> Pipe:
    return Pipe(0, 0, (), False, (Command(0, 0, (operand,)),))


DOT, X = Dot(0, 0), Variable(0, 0, "$x", (), 3)


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("a", Text(0, 0, "a")),
        ("{{.}}", Action(0, 0, simple(DOT))),
        ("{{.a.b}}", Action(0, 0, simple(Field(0, 0, ("a", "b"))))),
        ("{{ (.a).b }}", Action(0, 0, simple(Chain(0, 0, simple(Field(0, 0, ("a",))), ("b",))))),
        ("{{print.b}}", Action(0, 0, simple(Chain(0, 0, Identifier(0, 0, "print"), ("b",))))),
        ("{{$.a}}", Action(0, 0, simple(Variable(0, 0, "$", ("a",), 2)))),
        ("{{$x := true}}", Action(0, 0, Pipe(0, 0, (X,), False, (Command(0, 0, (Bool(0, 0, True),)),)))),
        (
            '{{print "a" 1 | quote}}',
            Action(
                0,
                0,
                Pipe(
                    0,
                    0,
                    (),
                    False,
                    (
                        Command(
                            0,
                            0,
                            (
                                Identifier(0, 0, "print"),
                                String(0, 0, '"a"', "a"),
                                Number(0, 0, "1", 1, 1.0, False),
                            ),
                        ),
                        Command(0, 0, (Identifier(0, 0, "quote"),)),
                    ),
                ),
            ),
        ),
        ("{{if .}}a{{end}}", If(0, 0, (Branch(0, 0, simple(DOT), (Text(0, 0, "a"),)),), None)),
        (
            "{{with .}}{{else with .}}{{else}}a{{end}}",
            With(0, 0, (Branch(0, 0, simple(DOT), ()), Branch(0, 0, simple(DOT), ())), (Text(0, 0, "a"),)),
        ),
        ("{{range .}}{{end}}", Range(0, 0, simple(DOT), (), None, False)),
        ('{{template "t" .}}', Template(0, 0, '"t"', "t", simple(DOT))),
        ("{{template `t`}}", Template(0, 0, "`t`", "t", None)),
    ],
)
def test_a_construct_becomes_a_node(text: str, node: Statement) -> None:
    assert bare(body(text)) == bare((node,))


@pytest.mark.parametrize(
    "text",
    [
        "a{{.a.b}}c",
        '{{printf "%d" (.a) | print $.b true nil -1.5}}',
        "{{$x := 1}}{{$x = (print 2).a}}{{$x.b}}",
        "{{if .a}}1{{else if .b}}2{{else if .c}}{{else}}4{{end}}",
        "{{if .a}}{{else}}{{if .b}}{{end}}{{end}}",
        "{{with $x := .a}}{{$x}}{{else with .b}}{{end}}",
        "{{range $i, $e := .a}}{{$i}}{{break}}{{else}}x{{end}}",
        "{{range .a}}{{continue}}{{end}}",
        '{{template "a"}}{{template `b` .c | print}}',
        "{{print.a.b 'c'}}",
    ],
)
def test_a_node_prints_as_text_that_means_the_same(text: str) -> None:
    assert show_body(body(text)) == text


def test_what_is_trimmed_is_gone() -> None:
    assert bare(body("a\n{{- /* c */ -}}\n b {{- .x }}")) == bare(
        (
            Text(0, 0, "a"),
            Text(0, 0, "b"),
            Action(0, 0, simple(Field(0, 0, ("x",)))),
        )
    )


def test_nodes_know_where_they_stand() -> None:
    text = 'ab {{ if eq .a "x" }}{{ .c }}{{ end }}'
    [_, node] = body(text)
    assert isinstance(node, If)
    [branch] = node.branches
    [inner] = branch.body
    assert text[node.start : node.end] == "if"
    assert text[branch.start : branch.end] == 'eq .a "x"'
    assert text[inner.start : inner.end] == ".c"


@pytest.mark.parametrize(
    "command", ["(print 1) 2", "print (print 1)", "print (print (print 1))", "(print 1).x"]
)
def test_a_command_ends_behind_the_parentheses_of_its_operands(command: str) -> None:
    (action,) = body(f"{{{{ {command} | quote }}}}")
    assert isinstance(action, Action)
    first, _ = action.pipe.commands
    assert (first.start, first.end) == (3, 3 + len(command))


def test_definitions_stand_beside_the_text_that_holds_them() -> None:
    file = parse_text('a{{define "b"}}B{{end}}{{block "c" .x}}C{{end}}')
    assert [(d.name, show_body(d.body)) for d in file.definitions] == [
        ("b", "B"),
        ("c", "C"),
        ("a.yaml", 'a{{template "c" .x}}'),
    ]


def test_of_two_definitions_in_a_file_the_one_that_is_not_empty_stands() -> None:
    for text in (
        '{{define "b"}} {{end}}{{define "b"}}B{{end}}',
        '{{define "b"}}B{{end}}{{define "b"}}{{end}}',
    ):
        [definition] = [d for d in parse_text(text).definitions if d.name == "b"]
        assert show_body(definition.body) == "B"


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("{{$x := 1}}{{$x}}", [3]),
        ("{{$x := 1}}{{$x := 2}}{{$x}}", [4]),
        ("{{$x := 1}}{{if .}}{{$x := 2}}{{$x}}{{end}}{{$x}}", [4, 3]),
        ("{{range $i, $e := .}}{{$e}}{{else}}{{$i}}{{end}}", [4, 3]),
        ("{{$x := 1}}{{$x := $x}}{{$x}}", [3, 4]),
        ("{{if ($x := 1)}}{{$x}}{{end}}", [3]),
        ("{{$}}{{$ := 1}}{{$}}", [2, 3]),
    ],
)
def test_every_declaration_has_a_slot_and_every_use_the_slot_of_its_scope(
    text: str, slots: list[int]
) -> None:
    def used(node: object) -> list[int | None]:
        match node:
            case Variable():
                return [node.slot]
            case tuple():
                return [slot for inner in node for slot in used(inner)]
            case Action() | Branch() | Range() | If():
                parts = [getattr(node, name, None) for name in ("pipe", "branches", "body", "otherwise")]
                return used(tuple(parts))
            case Pipe():
                return used(tuple(operand for command in node.commands for operand in command.operands))
        return []

    assert used(body(text)) == slots


def test_a_variable_that_go_misses_only_when_it_runs_has_no_slot() -> None:
    [_, node] = body("{{if false}}{{end}}{{$x := $x}}")
    assert isinstance(node, Action)
    [operand] = node.pipe.commands[0].operands
    assert isinstance(operand, Variable)
    assert operand.slot is None


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            "a\n{{ if .x }}\nb",
            (
                "error[template-syntax]: this {{ if }} is never closed\n"
                "  --> a.yaml:2:4\n"
                "  2 | {{ if .x }}\n"
                "    |    ^^\n"
                "  help: add {{ end }} where it ends"
            ),
        ),
        (
            "{{ if .x }}\n{{ range .y }}",
            (
                "error[template-syntax]: this {{ range }} is never closed\n"
                "  --> a.yaml:2:4\n"
                "  2 | {{ range .y }}\n"
                "    |    ^^^^^\n"
                "  note: inside the {{ if }} that begins at a.yaml:1:4\n"
                "  help: add {{ end }} where it ends"
            ),
        ),
        (
            "{{ with .x }}{{ qoute .y }}{{ end }}",
            (
                "error[template-function-unknown]: there is no function qoute\n"
                "  --> a.yaml:1:17\n"
                "  1 | {{ with .x }}{{ qoute .y }}{{ end }}\n"
                "    |                 ^^^^^\n"
                "  note: inside the {{ with }} that begins at a.yaml:1:4\n"
                "  help: did you mean quote?"
            ),
        ),
        (
            "{{ Values }}",
            (
                "error[template-function-unknown]: there is no function Values\n"
                "  --> a.yaml:1:4\n"
                "  1 | {{ Values }}\n"
                "    |    ^^^^^^\n"
                "  help: a value is written with a dot, as in .Values"
            ),
        ),
        (
            "{{ $name := 1 }}{{ $nmae }}",
            (
                "error[template-variable-unknown]: the variable $nmae is not declared here\n"
                "  --> a.yaml:1:20\n"
                "  1 | {{ $name := 1 }}{{ $nmae }}\n"
                "    |                    ^^^^^\n"
                "  help: did you mean $name?"
            ),
        ),
        (
            "{{ app: .Values.x }",
            (
                "error[template-function-unknown]: there is no function app\n"
                "  --> a.yaml:1:4\n"
                "  1 | {{ app: .Values.x }\n"
                "    |    ^^^\n"
                "  help: a value is written with a dot, as in .app"
            ),
        ),
    ],
)
def test_a_fault_is_shown_with_its_place_its_block_and_a_way_out(text: str, error: str) -> None:
    with pytest.raises(TemplateError) as caught:
        parse_text(text)
    assert str(caught.value) == error


@pytest.mark.parametrize(
    ("text", "message", "marked", "hint"),
    [
        ("{{ .x } }}", 'unexpected "}" behind .x', "}", "end the action with }}"),
        ("{{ .x, .y }}", 'unexpected "," behind .x', ",", "arguments are separated by blanks"),
        (
            "{{ .x * 1 }}",
            'unexpected "*" behind .x',
            "*",
            "there are no operators; use the function mul, as in mul A B",
        ),
        (
            "{{ /* a */ }}",
            'unexpected "/" in a pipeline',
            "/",
            "there are no operators; a comment begins right behind the braces, as in {{/* */}}",
        ),
        (
            "{{ .x := 1 }}",
            'unexpected ":=" behind .x',
            ":=",
            "only a variable such as $x can stand before := or =",
        ),
        ("{{ .x if }}", 'unexpected "if" behind .x', "if", "if is a keyword; it stands first in an action"),
        ("{{ print(.x) }}", 'unexpected "(" right behind print', "(", "separate words by a blank"),
        ("{{ | print }}", 'unexpected "|" in a pipeline', "|", ""),
        ("{{ (.x | ,) }}", 'unexpected "," in parentheses', ",", "arguments are separated by blanks"),
        ("{{ }}", "this action holds no value", "}}", "write a field, a function or a constant there"),
        (
            "{{ () }}",
            "this pair of parentheses holds no value",
            ")",
            "write a field, a function or a constant there",
        ),
        (
            "{{ if }}{{ end }}",
            "{{ if }} holds no value",
            "}}",
            "write a field, a function or a constant there",
        ),
        (
            "{{ .x | 1 }}",
            "1 cannot take the value that the pipeline gives it",
            "1",
            "only a function or a method can stand behind |",
        ),
        (
            '{{ "a".x }}',
            '"a" has no fields',
            ".x",
            "put a blank before the dot if it is an argument of its own",
        ),
        ("{{ .a..b }}", 'unexpected "." right behind .a', ".", "separate words by a blank"),
        ("{{-}}", "- is not a number", "-", "write {{- with a blank behind it to trim"),
        (
            r'{{ "\q" }}',
            r"\q is no escape that Go knows",
            r'"\q"',
            r"write \\ for a backslash, or use a raw string in backquotes",
        ),
        ("{{ 1i }}", "1i is imaginary; templates here know integers and floats", "1i", ""),
        (
            "{{ $x, $y := .a }}",
            "too many variables before :=",
            ",",
            "only range declares two variables, index and element",
        ),
        (
            "{{ range $x, 1 := .a }}",
            "range declares variables only",
            "1",
            "write {{ range $index, $element := PIPELINE }}",
        ),
        (
            "{{ end }}",
            "{{ end }} belongs to no block",
            "end",
            "take it away, or add the if, with, range, define or block before it",
        ),
        ("{{ if .x }}{{ end .x }}", 'unexpected ".x" after end', ".x", "write {{ end }}"),
        (
            "{{ if .x }}{{ else .y }}",
            'unexpected ".y" after else',
            ".y",
            "write {{ else }}, or {{ else if PIPELINE }}",
        ),
        ("{{ range .x }}{{ else if .y }}", 'unexpected "if" after else', "if", "write {{ else }}"),
        (
            "{{ if .x }}{{ else }}{{ else }}{{ end }}",
            "a second {{ else }} in one block",
            "else",
            "close the block with {{ end }}",
        ),
        ("{{ break }}", "{{ break }} is outside of every range", "break", ""),
        ("{{ range .x }}{{ continue 1 }}", 'unexpected "1" after continue', "1", "write {{ continue }}"),
        (
            "{{ define x }}{{ end }}",
            'unexpected "x" where the name of a template should stand',
            "x",
            'write {{ define "NAME" }}',
        ),
        (
            '{{ define "x" . }}{{ end }}',
            'unexpected "." after the name of a template',
            ".",
            'write {{ define "NAME" }}',
        ),
        (
            '{{ define "x" }}{{ else }}{{ end }}',
            "{{ else }} has no place in {{ define }}",
            "else",
            "close the block with {{ end }}",
        ),
        (
            '{{ if .x }}{{ define "x" }}',
            "a template cannot be defined inside a block",
            "define",
            "move the define out of all blocks",
        ),
        (
            '{{ define "x" }}a{{ end }}{{ define "x" }}b{{ end }}',
            'the template "x" is defined twice in this file',
            "define",
            "rename or remove one of them",
        ),
        (
            "{{ template .x }}",
            'unexpected ".x" where the name of a template should stand',
            ".x",
            'write {{ template "NAME" . }}; a name is a string, not a pipeline',
        ),
        (
            '{{ block "x" }}{{ end }}',
            "{{ block }} holds no value",
            "}}",
            "write a field, a function or a constant there",
        ),
        ("{{ .x", "this action is never closed", "{{", "end it with }}"),
        (
            '{{ $x := 1 }}{{ define "d" }}{{ $x }}{{ end }}',
            "the variable $x is not declared here",
            "$x",
            "declare it with {{ $x := VALUE }} in this block or around it",
        ),
    ],
)
def test_a_fault_names_what_is_wrong_and_what_would_be_right(
    text: str, message: str, marked: str, hint: str
) -> None:
    with pytest.raises(TemplateError) as caught:
        parse_text(text)
    finding = caught.value.finding
    assert finding.span is not None
    assert (finding.message, finding.span.text, finding.hint) == (message, marked, hint)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{" + "(" * 5000, "blocks and parentheses are more than 100 levels deep here"),
        ("{{if 1}}" * 5000, "blocks and parentheses are more than 100 levels deep here"),
        ("{{1" + "|print" * 5000 + "}}", "this pipeline has more than 100 commands"),
    ],
)
def test_nesting_is_bounded(text: str, message: str) -> None:
    with pytest.raises(LimitError) as caught:
        parse_text(text)
    assert (caught.value.finding.code, caught.value.finding.message) == ("limit-nesting", message)


def test_a_long_chain_of_else_if_is_not_deep() -> None:
    [node] = body("{{if 1}}" + "{{else if 1}}" * 3000 + "{{end}}")
    assert isinstance(node, If)
    assert len(node.branches) == 3001


def test_the_size_of_a_text_is_bounded() -> None:
    with pytest.raises(LimitError) as caught:
        parse(Source("a.yaml", "x" * 11), "a.yaml", FUNCTIONS, 10)
    assert caught.value.finding.message == "this template has more than 10 bytes"


def in_parentheses(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Operands, some of which hold what `inner` gives."""
    return st.one_of(
        st.sampled_from([".", "$", "nil", "true", "1", "-2.5", '"s"', "`r`", "'c'", "print"]),
        st.lists(st.sampled_from(["a", "b", "Values"]), min_size=1, max_size=3).map(
            lambda names: "." + ".".join(names)
        ),
        st.tuples(inner, st.sampled_from(["", ".a", ".a.b"])).map(lambda pair: f"({pair[0]}){pair[1]}"),
    )


def pipes(operands: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    commands = st.lists(operands, min_size=1, max_size=3).map(" ".join)
    return st.lists(commands, min_size=1, max_size=2).map(" | print ".join)


PIPES = st.recursive(st.just("."), lambda inner: pipes(in_parentheses(inner)), max_leaves=10)
ACTIONS = PIPES.map(lambda pipe: f"{{{{{pipe}}}}}")


def blocks(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    parts = st.tuples(st.sampled_from(["if", "with", "range"]), PIPES, inner, inner)
    block = parts.map(lambda p: f"{{{{{p[0]} {p[1]}}}}}{p[2]}{{{{else}}}}{p[3]}{{{{end}}}}")
    return st.lists(st.one_of(st.sampled_from(["a", "\n b", "{{break}}"]), ACTIONS, block), max_size=3).map(
        "".join
    )


BODIES = st.recursive(ACTIONS, blocks, max_leaves=8)


@given(BODIES)
def test_printing_and_parsing_again_gives_equal_nodes(text: str) -> None:
    nodes = body("{{range .}}" + text + "{{end}}")
    assert bare(body(show_body(nodes))) == bare(nodes)


@given(st.text(alphabet="{}-. \n\"'`$(|)=:/*ax1,efindrg", max_size=60))
def test_any_text_either_parses_or_is_a_template_error(text: str) -> None:
    try:
        parse_text(text)
    except TemplateError as error:
        assert error.finding.span is not None  # noqa: PT017
