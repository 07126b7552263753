"""Turns the tokens of pipelines into nodes, or says what is wrong and what would have been right.

Decides the grammar inside the braces, the scopes of variables (each declaration gets a slot of its
own), and which names are functions. All faults of the parser leave through `PipeParser.fail`.

Source: text/template/parse/parse.go, from `pipeline` on; differs: nesting is bounded, so that Python's
stack always holds what a stranger's template asks of it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NoReturn

from msgspec import Struct

from sro_render.errors import LimitError, TemplateError, nearest
from sro_render.gotemplate.lexer import lex
from sro_render.gotemplate.nodes import (
    Bool,
    Chain,
    Command,
    Dot,
    Field,
    Identifier,
    Nil,
    Number,
    Operand,
    Pipe,
    String,
    Variable,
)
from sro_render.gotemplate.numbers import read_number
from sro_render.gotemplate.quoting import unquote
from sro_render.gotemplate.tokens import Token, TokenKind
from sro_render.source import Source

MAX_NESTING: Final = 100
"""Blocks and parentheses inside each other, and commands of one pipeline.

Go stops at 10,000 parentheses. Real charts stay below 20."""

FIRST_SLOT: Final = 3
"""Slots below it belong to the frame itself; the one before it is `$`. See `runtime`."""

_OPERANDS: Final = frozenset(
    {
        TokenKind.BOOL,
        TokenKind.CHAR_CONSTANT,
        TokenKind.COMPLEX,
        TokenKind.DOT,
        TokenKind.FIELD,
        TokenKind.IDENTIFIER,
        TokenKind.NUMBER,
        TokenKind.NIL,
        TokenKind.RAW_STRING,
        TokenKind.STRING,
        TokenKind.VARIABLE,
        TokenKind.LEFT_PAREN,
    }
)
STRINGS: Final = frozenset({TokenKind.STRING, TokenKind.RAW_STRING})


class Block(Struct, frozen=True):
    """A block that waits for its end: its keyword's token."""

    keyword: Token

    def __str__(self) -> str:
        return f"{{{{ {self.keyword.text} }}}}"


class PipeParser:
    """The tokens of one text, the scopes of its variables, and its pipelines."""

    def __init__(self, source: Source, functions: Collection[str]) -> None:
        self.source = source
        self.functions = functions
        self.tokens = lex(source.text)
        self.index = 0
        self.blocks: list[Block] = []
        self.nesting = 0
        self.uses: set[str] = set()
        self.new_scope()

    def new_scope(self) -> None:
        """Start a template of its own: of the variables around it, only `$` is known, and it is another."""
        self.scope: list[tuple[str, int | None]] = [("$", FIRST_SLOT - 1)]
        self.pending: list[str] = []
        self.slots = FIRST_SLOT

    # Faults

    def fail(self, message: str, at: Token, *, hint: str = "", code: str = "template-syntax") -> NoReturn:
        """The one way out for faults: adds place and open block."""
        notes = []
        if self.blocks and self.blocks[-1].keyword is not at:
            block = self.blocks[-1]
            span = self.source.span(block.keyword.start, block.keyword.end)
            notes.append(f"inside the {block} that begins at {span}")
        raise TemplateError(
            code,
            message,
            span=self.source.span(at.start, max(at.end, at.start + 1)),
            hint=hint,
            notes=tuple(notes),
        )

    def unexpected(self, token: Token, wanted: str, *, hint: str = "") -> NoReturn:
        """A token that cannot stand where it does."""
        if token.kind is TokenKind.ERROR:
            self.fail(token.text, token, hint=token.hint)
        if token.kind is TokenKind.END:
            self.fail_unclosed(token)
        shown = token.text if len(token.text) <= 40 else token.text[:39] + "…"
        if token.kind in (TokenKind.TEXT, TokenKind.CHAR) or '"' not in shown:
            shown = f'"{shown}"'
        self.fail(f"unexpected {shown} {wanted}", token, hint=hint)

    def fail_unclosed(self, token: Token) -> NoReturn:
        """The text ends inside a block: points at the innermost one."""
        if not self.blocks:
            self.fail("the template ends too early", token)
        block = self.blocks.pop()
        self.fail(f"this {block} is never closed", block.keyword, hint="add {{ end }} where it ends")

    def enter(self, token: Token) -> None:
        """Go one level deeper; whoever calls takes `nesting` back."""
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            self.fail_nesting(f"blocks and parentheses are more than {MAX_NESTING} levels deep here", token)

    def fail_nesting(self, message: str, at: Token) -> NoReturn:
        """More than Python's stack is sure to hold."""
        span = self.source.span(at.start, max(at.end, at.start + 1))
        hint = "move inner parts into a template of their own, with define"
        raise LimitError("limit-nesting", message, span=span, hint=hint)

    # Tokens

    def next(self) -> Token:
        """The next token, taken; the last one is given again and again."""
        token = self.tokens[self.index]
        if self.index < len(self.tokens) - 1:
            self.index += 1
        return token

    def peek(self) -> Token:
        """The next token, left where it is."""
        return self.tokens[self.index]

    def expect_right(self, what: str, *, hint: str = "") -> Token:
        """Take `}}`, behind the words `what`."""
        token = self.next()
        if token.kind is not TokenKind.RIGHT:
            self.unexpected(token, f"after {what}", hint=hint or f"write {{{{ {what} }}}}")
        return token

    def next_is(self, keyword: str) -> bool:
        """Whether that keyword is next."""
        token = self.tokens[self.index]
        return token.kind is TokenKind.KEYWORD and token.text == keyword

    # Pipelines

    def parse_pipe(self, context: str, end: TokenKind) -> Pipe:
        """Grammar: `[variable [, variable] (:= | =)] command (| command)*`, then `end`, which is taken.

        The second variable is for range alone.
        """
        first = self.peek()
        names, assigns = self.parse_declarations(context)
        self.pending.extend(token.text for token in names)
        commands: list[Command] = []
        while True:
            token = self.peek()
            if token.kind is end:
                break
            if token.kind not in _OPERANDS:
                where = "in a pipeline" if end is TokenKind.RIGHT else "in parentheses"
                self.unexpected(token, where, hint=self.hint_for(token))
            commands.append(self.parse_command())
            if len(commands) > MAX_NESTING:
                self.fail_nesting(f"this pipeline has more than {MAX_NESTING} commands", first)
        self.next()
        if not commands:
            what = {"action": "this action", "parenthesis": "this pair of parentheses"}.get(
                context, f"{{{{ {context} }}}}"
            )
            self.fail(f"{what} holds no value", first, hint="write a field, a function or a constant there")
        for command in commands[1:]:
            if isinstance(command.operands[0], Bool | Dot | Nil | Number | String):
                self.fail(
                    f"{command.operands[0]} cannot take the value that the pipeline gives it",
                    Token(TokenKind.CHAR, command.start, command.end, ""),
                    hint="only a function or a method can stand behind |",
                )
        if names:
            del self.pending[-len(names) :]
        variables = tuple(self.declare(token, assigns=assigns) for token in names)
        return Pipe(first.start, commands[-1].end, variables, assigns, tuple(commands))

    def parse_declarations(self, context: str) -> tuple[list[Token], bool]:
        """The variables before `:=` or `=`, and whether it was `=`."""
        names: list[Token] = []
        while self.peek().kind is TokenKind.VARIABLE and "." not in self.peek().text:
            variable = self.next()
            sign = self.peek()
            if sign.kind in (TokenKind.ASSIGN, TokenKind.DECLARE):
                names.append(variable)
                self.next()
                return names, sign.kind is TokenKind.ASSIGN
            if sign.kind is not TokenKind.CHAR or sign.text != ",":
                self.index -= 1
                break
            names.append(variable)
            if context != "range" or len(names) > 1:
                self.fail(
                    "too many variables before :=",
                    sign,
                    hint="only range declares two variables, index and element",
                )
            self.next()
            if self.peek().kind not in (TokenKind.VARIABLE, TokenKind.RIGHT, TokenKind.RIGHT_PAREN):
                self.fail(
                    "range declares variables only",
                    self.peek(),
                    hint="write {{ range $index, $element := PIPELINE }}",
                )
        return names, False

    def declare(self, token: Token, *, assigns: bool) -> Variable:
        """A variable left of := (gets a new slot) or = (keeps the slot that it has)."""
        name = token.text
        if assigns:
            slot = self.lookup(name)
            if slot is None:
                # Go finds this out when the assignment runs; until then the name counts as known.
                self.scope.append((name, None))
        else:
            slot = self.slots
            self.slots += 1
            self.scope.append((name, slot))
        return Variable(token.start, token.end, name, (), slot)

    def lookup(self, name: str) -> int | None:
        """The slot of the innermost variable of that name."""
        return next(
            (slot for known, slot in reversed(self.scope) if known == name and slot is not None), None
        )

    def hide(self, mark: int) -> None:
        """What a body declared is known to the parser in its else, but not there when that runs."""
        self.scope[mark:] = [(name, None) for name, _ in self.scope[mark:]]

    def parse_command(self) -> Command:
        """Grammar: `operand (blank operand)* [|]`; the pipe symbol is taken, nothing else behind it."""
        # Parentheses around an operand belong to the command, though not to what stands in them.
        start = self.peek().start
        operands = [self.parse_operand()]
        end = self.tokens[self.index - 1].end
        while True:
            token = self.peek()
            if token.kind in _OPERANDS:
                if token.start == self.tokens[self.index - 1].end:
                    self.unexpected(token, f"right behind {operands[-1]}", hint="separate words by a blank")
                operands.append(self.parse_operand())
                end = self.tokens[self.index - 1].end
                continue
            if token.kind is TokenKind.PIPE:
                self.next()
            elif token.kind not in (TokenKind.RIGHT, TokenKind.RIGHT_PAREN):
                self.unexpected(token, f"behind {operands[-1]}", hint=self.hint_for(token))
            return Command(start, end, tuple(operands))

    def hint_for(self, token: Token) -> str:
        """What someone may have meant by a token that ends no command."""
        if token.kind is TokenKind.KEYWORD:
            return f"{token.text} is a keyword; it stands first in an action"
        if token.kind in (TokenKind.DECLARE, TokenKind.ASSIGN):
            return "only a variable such as $x can stand before := or ="
        if token.kind is TokenKind.CHAR:
            operators = {"+": "add", "*": "mul", "%": "mod", "!": "not", "&": "and", "<": "lt", ">": "gt"}
            if token.text == "}":
                return "end the action with }}"
            if token.text == "/":
                return "there are no operators; a comment begins right behind the braces, as in {{/* */}}"
            if token.text == ",":
                return "arguments are separated by blanks"
            if token.text in operators:
                function = operators[token.text]
                return f"there are no operators; use the function {function}, as in {function} A B"
        return ""

    def parse_operand(self) -> Operand:
        """Grammar: `term [.field]*`."""
        token = self.next()
        operand = self.parse_term(token)
        following = self.peek()
        if following.kind is not TokenKind.FIELD or following.start != self.tokens[self.index - 1].end:
            return operand
        if not isinstance(operand, Pipe | Identifier):
            self.fail(
                f"{operand} has no fields",
                following,
                hint="put a blank before the dot if it is an argument of its own",
            )
        self.next()
        return Chain(token.start, following.end, operand, tuple(following.text[1:].split(".")))

    def parse_term(self, token: Token) -> Operand:
        """Grammar: `constant | function | . | .field | $variable | ( pipe )`."""
        start, end, text = token.start, token.end, token.text
        match token.kind:
            case TokenKind.FIELD:
                return Field(start, end, tuple(text[1:].split(".")))
            case TokenKind.DOT:
                return Dot(start, end)
            case TokenKind.IDENTIFIER:
                if text not in self.functions:
                    self.fail_function(token)
                self.uses.add(text)
                return Identifier(start, end, text)
            case TokenKind.VARIABLE:
                return self.use_variable(token)
            case TokenKind.STRING | TokenKind.RAW_STRING:
                return self.read_string(token)
            case TokenKind.LEFT_PAREN:
                self.enter(token)
                pipe = self.parse_pipe("parenthesis", TokenKind.RIGHT_PAREN)
                self.nesting -= 1
                return pipe
            case TokenKind.BOOL:
                return Bool(start, end, text == "true")
            case TokenKind.NIL:
                return Nil(start, end)
        try:
            return read_number(token)
        except ValueError as error:
            hint = "write {{- with a blank behind it to trim" if token.text == "-" else ""
            self.fail(str(error), token, hint=hint)

    def use_variable(self, token: Token) -> Variable:
        """A variable that is read: it must have been declared, or be about to be."""
        name, *names = token.text.split(".")
        slot = self.lookup(name)
        if slot is None and name not in self.pending and not any(known == name for known, _ in self.scope):
            near = nearest(name, {known for known, _ in self.scope if known != "$"})
            self.fail(
                f"the variable {name} is not declared here",
                token,
                hint=f"did you mean {near}?"
                if near
                else f"declare it with {{{{ {name} := VALUE }}}} in this block or around it",
                code="template-variable-unknown",
            )
        return Variable(token.start, token.end, name, tuple(names), slot)

    def fail_function(self, token: Token) -> NoReturn:
        """A name that no function has."""
        near = nearest(token.text, self.functions)
        self.fail(
            f"there is no function {token.text}",
            token,
            hint=f"did you mean {near}?" if near else f"a value is written with a dot, as in .{token.text}",
            code="template-function-unknown",
        )

    def read_string(self, token: Token) -> String:
        """The node of a string literal."""
        try:
            value = unquote(token.text)
        except ValueError as error:
            self.fail(str(error), token, hint=r"write \\ for a backslash, or use a raw string in backquotes")
        return String(token.start, token.end, token.text, value)
