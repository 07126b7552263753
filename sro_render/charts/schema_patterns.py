r"""The regular expressions of schemas: Go's dialect, written as the one that the validator runs.

Both match in linear time and share most of their syntax. Differences that are evened out here: Go's
`\d`, `\w`, `\s` and `\b` know ASCII only; a brace that opens no repetition is a brace; `\Q...\E`; inside
brackets `[`, `&&`, `--` and `~~` mean themselves; `\z`, `\a`, `\C`. What Go refuses, such as `(?=`, `\1`,
`a**` and repetitions over 1,000, is refused.
Source: Go regexp/syntax parse.go; the other side is the crate regex behind `jsonschema_rs.RegexOptions`,
which reads patterns as ECMAScript's first and so must get only what means the same there.
"""

from __future__ import annotations

import re

MAX_REPEAT = 1000
"""Go refuses more, also where repetitions inside each other add up to more."""

_CLASSES = {
    "d": "0-9",
    "w": "0-9A-Za-z_",
    "s": r"\x09\x0a\x0c\x0d\x20",
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\x09\x20",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": r"\x21-\x7e",
    "lower": "a-z",
    "print": r"\x20-\x7e",
    "punct": r"\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e",
    "space": r"\x09\x0a\x0b\x0c\x0d\x20",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
"""The insides of the bracket expressions that Go's names stand for."""
_NOT = {
    "d": r"\x00-\x2f\x3a-\x{10ffff}",
    "w": r"\x00-\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x{10ffff}",
    "s": r"\x00-\x08\x0b\x0e-\x1f\x21-\x{10ffff}",
}
"""The same for `\\D`, `\\W`, `\\S` among other members of a bracket expression."""
_CONTROL = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_REPEAT = re.compile(r"\{([0-9]+)(?:(,)([0-9]*))?\}")
_GROUP = re.compile(r"\(\?(?:P?<([^>]*)>|([imsU]*)(?:-([imsU]+))?([:)]))")
_NAME = re.compile(r"[0-9A-Za-z_]+")
_POSIX = re.compile(r"\[:(\^?)([a-z]+):\]")
_UNICODE = re.compile(r"\\([pP])(?:\{(\^?)([A-Za-z_]+)\}|([A-Z]))")
_CODE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|x\{([0-9A-Fa-f]+)\}|([1-7][0-7]{1,2}|0[0-7]{0,2}))")
_PLAIN = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_ -/:;,=!@#%<>\"'`")


class PatternError(Exception):
    """A pattern that Go refuses; the text says why."""


def to_rust(pattern: str) -> str:
    """The pattern for the crate regex.

    Raises: PatternError: Go's regexp refuses it.
    """
    return _Translation(pattern).run()


def _literal(character: str) -> str:
    if character in _PLAIN:
        return character
    return f"\\x{ord(character):02x}" if ord(character) < 256 else f"\\x{{{ord(character):x}}}"


class _Translation:
    """Walks over a pattern once; `out` grows, one entry for each thing that a repetition may follow."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.out: list[str] = []
        self.repeats: list[int] = []
        """For each open group, the largest product of repetitions inside it so far."""
        self.dots: list[bool] = [False]
        """For each open group, whether a dot in it is any character: line breaks too."""
        self.can_repeat = False
        self.was_repeat = False
        self.last_size = 1
        """The product of repetitions inside what a repetition would repeat now."""

    def run(self) -> str:
        self.repeats = [1]
        while self.at < len(self.pattern):
            self.step(self.pattern[self.at])
        if len(self.repeats) > 1:
            raise PatternError("a parenthesis is not closed")
        return "".join(self.out)

    def step(self, character: str) -> None:
        match character:
            case "\\":
                self.escape()
            case "[":
                self.emit(self.bracket())
            case "(":
                self.open_group()
            case ")":
                self.close_group()
            case "*" | "+" | "?":
                self.at += 1
                self.repeat(character, 1)
            case "{" if match_ := _REPEAT.match(self.pattern, self.at):
                self.at = match_.end()
                self.counted_repeat(match_)
            case "|":
                self.emit("|", can_repeat=False, length=1)
            case ".":
                # ECMAScript's dot leaves out three more characters, and so may the validator's.
                self.emit(r"[\x00-\x{10ffff}]" if self.dots[-1] else r"[^\x0a]", length=1)
            case "^" | "$":
                self.emit(character, length=1)
            case _:
                self.emit(_literal(character), length=1)

    def emit(self, text: str, *, can_repeat: bool = True, length: int = 0) -> None:
        self.out.append(text)
        self.at += length
        self.can_repeat, self.was_repeat = can_repeat, False
        self.last_size = 1

    def repeat(self, operator: str, size: int) -> None:
        if self.was_repeat:
            raise PatternError("a repetition of a repetition")
        if not self.can_repeat:
            raise PatternError(f"nothing stands before {operator}")
        if self.pattern.startswith("?", self.at):
            operator += "?"
            self.at += 1
        size *= self.last_size
        if size > MAX_REPEAT:
            raise PatternError(f"more than {MAX_REPEAT} repetitions")
        self.out.append(operator)
        self.repeats[-1] = max(self.repeats[-1], size)
        self.was_repeat = True

    def counted_repeat(self, match: re.Match[str]) -> None:
        low = int(match[1]) if len(match[1]) < 5 else MAX_REPEAT + 1
        high = low if not match[3] else int(match[3]) if len(match[3]) < 5 else MAX_REPEAT + 1
        if max(low, high) > MAX_REPEAT or high < low:
            raise PatternError(f"{match[0]} is no repetition that Go allows")
        self.repeat(match[0], max(low, high, 1))

    def open_group(self) -> None:
        opening = "("
        if self.pattern.startswith("(?", self.at):
            match = _GROUP.match(self.pattern, self.at)
            if match is None:
                raise PatternError(f"{self.pattern[self.at : self.at + 4]} is no group that Go knows")
            opening = self.group_opening(match)
            self.at = match.end()
            if match[4] == ")":
                self.dots[-1] = self.is_dot_all(match)
                self.emit(opening, can_repeat=False)
                return
            self.dots.append(self.is_dot_all(match))
        else:
            self.dots.append(self.dots[-1])
            self.at += 1
        self.out.append(opening)
        self.repeats.append(1)
        self.can_repeat = self.was_repeat = False

    def group_opening(self, match: re.Match[str]) -> str:
        if match[4] is None:
            if not _NAME.fullmatch(match[1]):
                raise PatternError(f"{match[1]!r} cannot be the name of a group")
            return "("  # nobody reads the name
        if not match[2] and not match[3] and match[4] == ")":
            raise PatternError("(?) is no group")
        on, off = match[2].replace("s", ""), (match[3] or "").replace("s", "")
        flags = on + (f"-{off}" if off else "")
        return f"(?{flags}{match[4]}" if flags or match[4] == ":" else "(?:)"

    def is_dot_all(self, match: re.Match[str]) -> bool:
        """What the flags of a group make of the dot."""
        return ("s" in (match[2] or "") or self.dots[-1]) and "s" not in (match[3] or "")

    def close_group(self) -> None:
        if len(self.repeats) == 1:
            raise PatternError("a parenthesis is closed that was not opened")
        inner = self.repeats.pop()
        self.dots.pop()
        self.emit(")", length=1)
        self.repeats[-1] = max(self.repeats[-1], inner)
        self.last_size = inner

    def escape(self) -> None:
        """A backslash outside of brackets."""
        letter = self.pattern[self.at + 1 : self.at + 2]
        if letter == "Q":
            end = self.pattern.find("\\E", self.at)
            text = self.pattern[self.at + 2 : end if end >= 0 else len(self.pattern)]
            self.at = end + 2 if end >= 0 else len(self.pattern)
            for character in text:
                self.emit(_literal(character))
        elif letter in {"A", "z"}:
            self.emit(f"\\{letter}", length=2)
        elif letter in {"b", "B"}:
            # ASCII's idea of a word; there is no such `\\B`, which could match inside a character.
            self.emit("(?-u:\\b)" if letter == "b" else "(?:\\B)", length=2)
        elif letter in {"d", "s", "w"}:
            self.emit(f"[{_CLASSES[letter]}]", length=2)
        elif letter in {"D", "S", "W"}:
            self.emit(f"[^{_CLASSES[letter.lower()]}]", length=2)
        elif letter in {"p", "P"}:
            self.emit(self.unicode_class())
        else:
            self.emit(_literal(self.escaped_character()))

    def unicode_class(self) -> str:
        match = _UNICODE.match(self.pattern, self.at)
        if match is None:
            raise PatternError("\\p without a class")
        self.at = match.end()
        name = match[3] or match[4]
        is_negated = (match[1] == "P") != (match[2] == "^")
        return f"\\{'P' if is_negated else 'p'}{{{name}}}"

    def escaped_character(self) -> str:
        """The one character that an escape stands for, inside and outside of brackets."""
        code = _CODE.match(self.pattern, self.at)
        if code:
            self.at = code.end()
            value = int(code[1] or code[2], 16) if code[1] or code[2] else int(code[3], 8)
            if value > 0x10FFFF:
                raise PatternError(f"{code[0]} is no character")
            return chr(value)
        letter = self.pattern[self.at + 1 : self.at + 2]
        if not letter:
            raise PatternError("a backslash at the end")
        if letter in _CONTROL:
            self.at += 2
            return _CONTROL[letter]
        if letter.isalnum() or not letter.isascii():
            raise PatternError(f"\\{letter} means nothing to Go")
        self.at += 2
        return letter

    def bracket(self) -> str:
        """A bracket expression, from `[` to its `]`."""
        self.at += 1
        negation = ""
        if self.pattern.startswith("^", self.at):
            negation = "^"
            self.at += 1
        members: list[str] = []
        start = self.at
        while not self.pattern.startswith("]", self.at) or self.at == start:
            if self.at >= len(self.pattern):
                raise PatternError("a bracket is not closed")
            members.append(self.member())
        self.at += 1
        return f"[{negation}{''.join(members)}]"

    def member(self) -> str:
        """One character, range or class inside brackets."""
        posix = _POSIX.match(self.pattern, self.at)
        if posix:
            if posix[2] not in _CLASSES or len(posix[2]) == 1:
                raise PatternError(f"{posix[0]} is no class that Go knows")
            self.at = posix.end()
            inside = _CLASSES[posix[2]]
            return _complement(inside) if posix[1] else inside
        if self.pattern.startswith("\\", self.at):
            letter = self.pattern[self.at + 1 : self.at + 2]
            if letter in {"p", "P"}:
                return self.unicode_class()
            if letter and letter in "dswDSW":
                self.at += 2
                return _CLASSES[letter] if letter.islower() else _NOT[letter.lower()]
        low = self.class_character()
        if self.pattern.startswith("-", self.at) and not self.pattern.startswith("-]", self.at):
            self.at += 1
            if self.at >= len(self.pattern):
                raise PatternError("a bracket is not closed")
            high = self.class_character()
            if high < low:
                raise PatternError(f"{low}-{high} is a range backwards")
            return f"{_member(low)}-{_member(high)}"
        return _member(low)

    def class_character(self) -> str:
        if self.pattern.startswith("\\", self.at):
            return self.escaped_character()
        self.at += 1
        return self.pattern[self.at - 1]


def _member(character: str) -> str:
    if character.isascii() and character.isalnum():
        return character
    return f"\\x{ord(character):02x}" if ord(character) < 256 else f"\\x{{{ord(character):x}}}"


def _complement(inside: str) -> str:
    """The members of a bracket expression that are not `inside`, which is one of `_CLASSES`."""
    covered = [
        (ord(low), ord(high or low))
        for low, high in (
            (_decode(part[1]), _decode(part[2]) if part[2] else "")
            for part in re.finditer(r"(\\x..|.)(?:-(\\x..|.))?", inside)
        )
    ]
    ranges, start = [], 0
    for low, high in sorted(covered):
        if low > start:
            ranges.append((start, low - 1))
        start = high + 1
    ranges.append((start, 0x10FFFF))
    return "".join(f"\\x{{{low:x}}}-\\x{{{high:x}}}" for low, high in ranges)


def _decode(text: str) -> str:
    return chr(int(f"0{text[1:]}", 0)) if text.startswith("\\x") else text
