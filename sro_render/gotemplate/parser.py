"""Turns a template's tokens into nodes: texts, actions, and the blocks that hold them.

Decides which template a definition belongs to and where a block ends. What stands inside of an action
is `pipe_parser`'s, values are nobody's here.

Source: text/template/parse/parse.go.
"""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from sro_render.errors import LimitError
from sro_render.gotemplate.nodes import (
    Action,
    Body,
    Branch,
    Break,
    Command,
    Continue,
    Field,
    If,
    Pipe,
    Range,
    Statement,
    String,
    Template,
    Text,
    With,
    is_empty,
)
from sro_render.gotemplate.pipe_parser import STRINGS, Block, PipeParser
from sro_render.gotemplate.tokens import Token, TokenKind
from sro_render.limits import or_more
from sro_render.source import Source


class Definition(Struct, frozen=True, eq=False):
    """A named template: its body, and how many slots a frame for it needs."""

    name: str
    source: Source
    body: Body
    slots: int

    @property
    def is_empty(self) -> bool:
        """Whether it holds only blanks, and so replaces no other definition."""
        return is_empty(self.body)


class ParsedFile(Struct, frozen=True):
    """A parsed text: the definition of its own name, and those of its define and block actions."""

    name: str
    source: Source
    main: Definition
    definitions: tuple[Definition, ...]
    """All of them, `main` included, none twice."""
    uses: frozenset[str]
    """The functions that it calls."""


def parse(source: Source, name: str, functions: Collection[str], max_bytes: int) -> ParsedFile:
    """Parse a template.

    Args:
        source: the text, and what messages call it.
        name: what other templates call it.
        functions: the names of all functions.
        max_bytes: how long the text may be.

    Raises:
        TemplateError: the text is not a template; `LimitError` where it is too long or too deep.
    """
    if len(source.text) > max_bytes:
        raise LimitError(
            "limit-template-size",
            f"this template has more than {max_bytes:,} bytes",
            span=source.span(0),
            hint=or_more("move what is no template into a file that the chart reads", "template-bytes"),
        )
    return _Parser(source, name, functions).run()


class _Parser(PipeParser):
    def __init__(self, source: Source, name: str, functions: Collection[str]) -> None:
        super().__init__(source, functions)
        self.name = name
        self.definitions: dict[str, Definition] = {}
        self.range_depth = 0
        self.jumps = False

    def run(self) -> ParsedFile:
        """Grammar: `(text | action | definition)*`."""
        nodes: list[Statement] = []
        while True:
            token = self.next()
            if token.kind is TokenKind.TEXT:
                nodes.append(Text(token.start, token.end, token.text))
            elif token.kind is TokenKind.LEFT:
                if self.next_is("define"):
                    self.parse_definition(self.next())
                else:
                    nodes.append(self.parse_action())
            elif token.kind is TokenKind.END:
                break
            else:
                self.unexpected(token, "in the template")
        main = Definition(self.name, self.source, tuple(nodes), self.slots)
        self.add(main, token)
        return ParsedFile(
            self.name, self.source, main, tuple(self.definitions.values()), frozenset(self.uses)
        )

    def add(self, definition: Definition, at: Token) -> None:
        """Keep a definition; one that is not empty may not stand twice in one file."""
        before = self.definitions.get(definition.name)
        if before is None or before.is_empty:
            self.definitions[definition.name] = definition
        elif not definition.is_empty:
            self.fail(
                f'the template "{definition.name}" is defined twice in this file',
                at,
                hint="rename or remove one of them",
            )

    def parse_definition(self, keyword: Token) -> None:
        """Grammar: `{{define string}} body {{end}}`; the keyword is past."""
        hint = 'write {{ define "NAME" }}'
        name = self.next()
        if name.kind not in STRINGS:
            self.unexpected(name, "where the name of a template should stand", hint=hint)
        right = self.next()
        if right.kind is not TokenKind.RIGHT:
            self.unexpected(right, "after the name of a template", hint=hint)
        self.parse_named(keyword, self.read_string(name).value)

    def parse_named(self, keyword: Token, name: str) -> None:
        """The body of a define or block up to its end, as a template of its own."""
        outer = self.scope, self.pending, self.slots, self.range_depth, self.jumps
        self.new_scope()
        self.range_depth, self.jumps = 0, False
        self.blocks.append(Block(keyword))
        self.enter(keyword)
        body, stop = self.parse_body()
        if stop.text != "end":
            self.fail(
                f"{{{{ else }}}} has no place in {{{{ {keyword.text} }}}}",
                stop,
                hint="close the block with {{ end }}",
            )
        self.expect_right("end")
        self.nesting -= 1
        self.blocks.pop()
        self.add(Definition(name, self.source, body, self.slots), keyword)
        self.scope, self.pending, self.slots, self.range_depth, self.jumps = outer

    def parse_body(self) -> tuple[Body, Token]:
        """Grammar: `(text | action)*`, then the keyword `end` or `else`, which is returned too."""
        nodes: list[Statement] = []
        while True:
            token = self.next()
            if token.kind is TokenKind.TEXT:
                nodes.append(Text(token.start, token.end, token.text))
            elif token.kind is TokenKind.LEFT:
                if self.next_is("end") or self.next_is("else"):
                    return tuple(nodes), self.next()
                nodes.append(self.parse_action())
            else:
                self.unexpected(token, "in a block")

    def parse_action(self) -> Statement:
        """Grammar: `control | pipeline`; the left delimiter is past."""
        token = self.peek()
        if token.kind is TokenKind.FIELD and self.tokens[self.index + 1].kind is TokenKind.RIGHT:
            # Most actions are a field alone: straight to the node, since every chart is full of them.
            self.index += 2
            start, end = token.start, token.end
            field = Field(start, end, tuple(token.text[1:].split(".")))
            return Action(start, end, Pipe(start, end, (), False, (Command(start, end, (field,)),)))
        if token.kind is not TokenKind.KEYWORD:
            pipe = self.parse_pipe("action", TokenKind.RIGHT)
            return Action(token.start, pipe.end, pipe)
        self.next()
        match token.text:
            case "if" | "with":
                return self.parse_conditional(token)
            case "range":
                return self.parse_range(token)
            case "template":
                return self.parse_template(token)
            case "block":
                return self.parse_block(token)
            case "break" | "continue":
                return self.parse_jump(token)
            case "define":
                hint = "move the define out of all blocks"
                return self.fail("a template cannot be defined inside a block", token, hint=hint)
        hint = "take it away, or add the if, with, range, define or block before it"
        return self.fail(f"{{{{ {token.text} }}}} belongs to no block", token, hint=hint)

    def parse_conditional(self, keyword: Token) -> If | With:
        """Grammar: `{{if pipe}} body ({{else if pipe}} body)* [{{else}} body] {{end}}`, or with `with`."""
        word = keyword.text
        mark = len(self.scope)
        self.blocks.append(Block(keyword))
        self.enter(keyword)
        branches: list[Branch] = []
        otherwise: Body | None = None
        while True:
            start = self.peek()
            pipe = self.parse_pipe(word, TokenKind.RIGHT)
            inside = len(self.scope)
            body, stop = self.parse_body()
            self.hide(inside)
            branches.append(Branch(start.start, pipe.end, pipe, body))
            if stop.text == "else" and self.next_is(word):
                self.next()
                continue
            if stop.text == "else":
                otherwise = self.parse_else(word)
            break
        self.expect_right("end")
        self.nesting -= 1
        self.blocks.pop()
        del self.scope[mark:]
        kind = If if word == "if" else With
        return kind(keyword.start, keyword.end, tuple(branches), otherwise)

    def parse_else(self, word: str) -> Body:
        """Grammar: `}} body {{end`; the keyword `else` is past."""
        following = "" if word == "range" else f", or {{{{ else {word} PIPELINE }}}}"
        self.expect_right("else", hint=f"write {{{{ else }}}}{following}")
        body, stop = self.parse_body()
        if stop.text != "end":
            self.fail("a second {{ else }} in one block", stop, hint="close the block with {{ end }}")
        return body

    def parse_range(self, keyword: Token) -> Range:
        """Grammar: `{{range pipe}} body [{{else}} body] {{end}}`."""
        mark, outer_jumps = len(self.scope), self.jumps
        self.jumps = False
        self.blocks.append(Block(keyword))
        self.enter(keyword)
        pipe = self.parse_pipe("range", TokenKind.RIGHT)
        self.range_depth += 1
        inside = len(self.scope)
        body, stop = self.parse_body()
        self.hide(inside)
        self.range_depth -= 1
        # A break in the else part leaves this range too; a continue there goes on with the outer one.
        otherwise = self.parse_else("range") if stop.text == "else" else None
        jumps, self.jumps = self.jumps, outer_jumps or (self.jumps and otherwise is not None)
        self.expect_right("end")
        self.nesting -= 1
        self.blocks.pop()
        del self.scope[mark:]
        return Range(keyword.start, pipe.end, pipe, body, otherwise, jumps)

    def parse_jump(self, keyword: Token) -> Break | Continue:
        """Grammar: `break }}` or `continue }}`."""
        self.expect_right(keyword.text)
        if not self.range_depth:
            self.fail(f"{{{{ {keyword.text} }}}} is outside of every range", keyword)
        self.jumps = True
        return (Break if keyword.text == "break" else Continue)(keyword.start, keyword.end)

    def parse_template(self, keyword: Token) -> Template:
        """Grammar: `template string [pipe] }}`."""
        name = self.parse_template_name('write {{ template "NAME" . }}')
        pipe = None
        if self.peek().kind is TokenKind.RIGHT:
            self.next()
        else:
            pipe = self.parse_pipe("template", TokenKind.RIGHT)
        return Template(keyword.start, name.end, name.literal, name.value, pipe)

    def parse_block(self, keyword: Token) -> Template:
        """Grammar: `block string pipe }} body {{end}}`: a definition, used where it stands."""
        name = self.parse_template_name('write {{ block "NAME" . }}')
        pipe = self.parse_pipe("block", TokenKind.RIGHT)
        self.parse_named(keyword, name.value)
        return Template(keyword.start, name.end, name.literal, name.value, pipe)

    def parse_template_name(self, hint: str) -> String:
        token = self.next()
        if token.kind not in STRINGS:
            self.unexpected(
                token,
                "where the name of a template should stand",
                hint=hint + "; a name is a string, not a pipeline",
            )
        return self.read_string(token)
