"""How Go prints values: what an action writes, and print, println and printf.

Re-implements the package fmt (print.go, format.go) for the values that `values` describes. Addresses
are all the same, since Go's differ from run to run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, cast

from msgspec import Struct
from msgspec.structs import replace

from sro_render.gotemplate.floats import SHORTEST, format_float
from sro_render.gotemplate.functions import FunctionError
from sro_render.gotemplate.quoting import can_backquote, is_printable, quote, quote_rune
from sro_render.gotemplate.values import (
    NIL_CLASSES,
    GoObject,
    Kind,
    SizedInt,
    Uint8,
    from_bytes,
    kind_of,
    plain,
    sorted_items,
    to_bytes,
    type_name,
)

NO_VALUE: Final = "<no value>"
MAX_TEXT: Final = 64 * 2**20
"""Characters of one printed text: values that hold each other can grow without bound when printed."""
PART_COST: Final = 32
"""What each part counts beside its characters, so that a million empty lists are not free."""
MAX_DEPTH: Final = 150
"""Containers inside each other; a map that holds itself would never end."""
ADDRESS: Final = 0xC00000000000
"""Where every value lies, for those that print addresses."""
_MAX_WIDTH: Final = 1_000_000

_DIRECTIVE: Final = re.compile(r"[#0+\- ]*")
_DIGITS: Final = re.compile(r"[0-9]+")
_INDEX: Final = re.compile(r"\[([^\]]*)\]")
_BASES: Final = {"b": (2, "b"), "o": (8, "o"), "O": (8, "o"), "d": (10, "d"), "x": (16, "x"), "X": (16, "X")}


class Flags(Struct, frozen=True):
    """What stands between `%` and the verb. `plus_v` and `sharp_v` are %+v and %#v."""

    minus: bool = False
    plus: bool = False
    sharp: bool = False
    space: bool = False
    zero: bool = False
    plus_v: bool = False
    sharp_v: bool = False
    width: int | None = None
    precision: int | None = None

    def pad(self, text: str, *, zeros: bool = True) -> str:
        """The text in the wanted width; zeros only to the left, and only where they may be."""
        if not self.width or len(text) >= self.width:
            return text
        if self.minus:
            return text.ljust(self.width)
        return text.rjust(self.width, "0" if self.zero and zeros else " ")


PLAIN: Final = Flags()


def to_text(value: object) -> str:
    """What an action writes for a value."""
    match value:
        case str():
            return str(value)
        case bool():
            return "true" if value else "false"
        case int() if not isinstance(value, GoObject):
            return int.__str__(value)
        case None:
            return NO_VALUE
    if type(value) in NIL_CLASSES:
        return NO_VALUE
    printer = _Printer()
    # A template follows a pointer before it prints; printf does not.
    printer.value(value, "v", PLAIN, depth=0, followed=True)
    return printer.text()


def sprint(arguments: Sequence[object]) -> str:
    """Go's Sprint: a blank between two arguments that are both no strings."""
    parts: list[str] = []
    after_string = True
    for argument in arguments:
        is_string = isinstance(argument, str)
        parts.append(_show(argument) if is_string or after_string else " " + _show(argument))
        after_string = is_string
    return "".join(parts)


def sprintln(arguments: Sequence[object]) -> str:
    """Go's Sprintln: blanks between all arguments and a line break at the end."""
    return " ".join(map(_show, arguments)) + "\n"


def _show(value: object) -> str:
    if isinstance(value, str):
        return value
    printer = _Printer()
    printer.argument(value, "v", PLAIN)
    return printer.text()


def sprintf(format_text: str, arguments: Sequence[object]) -> str:
    """Go's Sprintf. What does not fit shows in the text, as in `%!d(string=x)`; it is no error."""
    if "%" not in format_text and not arguments:
        return format_text
    return _Format(format_text, arguments).run()


class _Format:
    """One run over a format string."""

    def __init__(self, format_text: str, arguments: Sequence[object]) -> None:
        self.format = format_text
        self.arguments = arguments
        self.position = 0
        self.next_argument = 0
        self.reordered = False
        self.index_is_good = True
        self.after_index = False
        self.printer = _Printer()

    def run(self) -> str:
        write = self.printer.write
        while True:
            percent = self.format.find("%", self.position)
            if percent < 0:
                write(self.format[self.position :])
                break
            write(self.format[self.position : percent])
            self.position = percent + 1
            self.directive()
        if not self.reordered and self.next_argument < len(self.arguments):
            extra = [
                "<nil>" if argument is None else f"{type_name(argument)}={_show(argument)}"
                for argument in self.arguments[self.next_argument :]
            ]
            write(f"%!(EXTRA {', '.join(extra)})")
        return self.printer.text()

    def directive(self) -> None:
        """Grammar: `flags [index] [width] [. [index] precision] [index] verb`; the percent sign is past."""
        write = self.printer.write
        self.index_is_good, self.after_index = True, False
        match = _DIRECTIVE.match(self.format, self.position)
        marks = match[0] if match else ""
        self.position += len(marks)
        flags = PLAIN
        if marks:
            flags = Flags(
                minus="-" in marks,
                plus="+" in marks,
                sharp="#" in marks,
                space=" " in marks,
                zero="0" in marks,
            )
        self.read_index()
        flags = self.read_width(flags)
        # A point at the very end is no precision but the verb.
        if self.peek() == "." and self.position + 1 < len(self.format):
            self.position += 1
            flags = self.read_precision(flags)
        if not self.after_index:
            self.read_index()
        verb = self.peek()
        if not verb:
            write("%!(NOVERB)")
            return
        self.position += 1
        if verb == "%":
            write("%")
        elif not self.index_is_good:
            write(f"%!{verb}(BADINDEX)")
        elif self.next_argument >= len(self.arguments):
            write(f"%!{verb}(MISSING)")
        else:
            if marks and verb in "vw":
                flags = replace(flags, sharp=False, plus=False, sharp_v=flags.sharp, plus_v=flags.plus)
            self.printer.argument(self.arguments[self.next_argument], verb, flags)
            self.next_argument += 1

    def peek(self) -> str:
        return self.format[self.position : self.position + 1]

    def read_width(self, flags: Flags) -> Flags:
        if self.peek() == "*":
            self.position += 1
            self.after_index = False
            width = self.number_from_argument()
            if width is None:
                self.printer.write("%!(BADWIDTH)")
                return flags
            if width < 0:
                return replace(flags, width=-width, minus=True, zero=False)
            return replace(flags, width=width)
        digits = self.read_digits()
        if digits is not None and self.after_index:
            self.index_is_good = False
        return flags if digits is None else replace(flags, width=digits)

    def read_precision(self, flags: Flags) -> Flags:
        if self.after_index:
            self.index_is_good = False
        self.read_index()
        if self.peek() == "*":
            self.position += 1
            self.after_index = False
            precision = self.number_from_argument()
            if precision is None or precision < 0:
                self.printer.write("%!(BADPREC)")
                return flags
            return replace(flags, precision=precision)
        return replace(flags, precision=self.read_digits() or 0)

    def read_digits(self) -> int | None:
        match = _DIGITS.match(self.format, self.position)
        if match is None:
            return None
        if len(match[0].lstrip("0")) > 7 or int(match[0]) // 10 > _MAX_WIDTH:
            # Go gives up on the whole format here.
            self.position = len(self.format)
            return None
        self.position = match.end()
        return int(match[0])

    def read_index(self) -> None:
        """An explicit index such as `[2]`."""
        self.after_index = False
        if self.peek() != "[":
            return
        self.reordered = True
        match = _INDEX.match(self.format, self.position)
        if match is None:
            self.index_is_good = False
            self.position += 1
            return
        self.position = match.end()
        digits = match[1]
        is_number = digits.isascii() and digits.isdigit() and len(digits) < 8
        if is_number and 1 <= int(digits) <= len(self.arguments):
            self.next_argument = int(digits) - 1
            self.after_index = True
        else:
            self.index_is_good = False
            self.after_index = is_number

    def number_from_argument(self) -> int | None:
        if self.next_argument >= len(self.arguments):
            return None
        value = self.arguments[self.next_argument]
        self.next_argument += 1
        is_number = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _MAX_WIDTH
        return int(cast("int", value)) if is_number else None


class _Printer:
    """Collects what is printed, and stops when it becomes too much."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.room = MAX_TEXT

    def text(self) -> str:
        return "".join(self.parts)

    def write(self, text: str) -> None:
        self.room -= len(text) + PART_COST
        if self.room < 0:
            raise FunctionError("the value is too large to be printed", code="limit-output")
        self.parts.append(text)

    def argument(self, value: object, verb: str, flags: Flags) -> None:
        """A value that was given itself, not inside another."""
        if value is None or type(value) in NIL_CLASSES:
            self.write(flags.pad("<nil>") if verb in "Tv" else f"%!{verb}(<nil>)")
        elif verb == "T":
            self.write(_string(type_name(value), flags))
        elif verb == "p":
            self.pointer(value, verb, flags)
        elif verb == "w" and not isinstance(value, bytes):
            self.bad_verb(value, verb, flags)
        else:
            self.value(value, verb, flags, depth=0)

    def pointer(self, value: object, verb: str, flags: Flags) -> None:
        """A value as its address; all have the same one here, since Go's differ from run to run."""
        is_pointer = isinstance(value, GoObject) and value.go_type.startswith("*")
        has_address = is_pointer or kind_of(value) in {Kind.MAP, Kind.SLICE}
        if not has_address or verb not in "vpbodxX":
            self.bad_verb(value, verb, flags)
        elif flags.sharp_v:
            self.write(f"({type_name(value)})({ADDRESS:#x})")
        elif verb in "vp":
            self.write(_integer(ADDRESS, ADDRESS, "x", replace(flags, sharp=not flags.sharp)) or "")
        else:
            self.write(_integer(ADDRESS, ADDRESS, verb, flags) or "")

    def value(self, value: object, verb: str, flags: Flags, *, depth: int, followed: bool = False) -> None:
        """Any value; `depth` counts the containers around it, `followed` that no & is to be shown."""
        if depth > MAX_DEPTH:
            raise FunctionError("the value holds itself, or too many values inside each other, to be printed")
        if value is None:
            self.write("interface {}(nil)" if flags.sharp_v else "<nil>")
            return
        if isinstance(value, GoObject):
            self.object(value, verb, flags, depth, followed)
            return
        match kind_of(value):
            case Kind.BOOL:
                text = flags.pad("true" if value else "false") if verb in "tv" else None
            case Kind.INT | Kind.UINT:
                text = _integer(int(cast("int", value)), value, verb, flags)
            case Kind.FLOAT:
                text = _float(cast("float", value), verb, flags)
            case Kind.STRING:
                text = _text(str(cast("str", value)), verb, flags)
            case Kind.MAP:
                self.mapping(type_name(value), cast("dict[str, object]", value), verb, flags, depth)
                return
            case Kind.SLICE:
                if isinstance(value, bytes):
                    self.bytes(value, verb, flags)
                else:
                    self.sequence(type_name(value), cast("list[object]", value), verb, flags, depth)
                return
            case _:
                text = "{}"
        if text is None:
            self.bad_verb(value, verb, flags)
        else:
            self.write(text)

    def bad_verb(self, value: object, verb: str, flags: Flags) -> None:
        self.write(f"%!{verb}({type_name(value)}=")
        self.value(value, "v", flags, depth=0)
        self.write(")")

    def mapping(self, go_type: str, value: dict[str, object], verb: str, flags: Flags, depth: int) -> None:
        if flags.sharp_v and getattr(value, "is_nil", False):
            self.write(f"{go_type}(nil)")
            return
        self.write(f"{go_type}{{" if flags.sharp_v else "map[")
        for number, (key, element) in enumerate(sorted_items(value)):
            if number:
                self.write(", " if flags.sharp_v else " ")
            self.value(key, verb, flags, depth=depth + 1)
            self.write(":")
            self.value(element, verb, flags, depth=depth + 1)
        self.write("}" if flags.sharp_v else "]")

    def sequence(self, go_type: str, value: list[object], verb: str, flags: Flags, depth: int) -> None:
        if flags.sharp_v and getattr(value, "is_nil", False):
            self.write(f"{go_type}(nil)")
            return
        self.write(f"{go_type}{{" if flags.sharp_v else "[")
        for number, element in enumerate(value):
            if number:
                self.write(", " if flags.sharp_v else " ")
            self.value(element, verb, flags, depth=depth + 1)
        self.write("}" if flags.sharp_v else "]")

    def bytes(self, value: bytes, verb: str, flags: Flags) -> None:
        match verb:
            case "s":
                self.write(_string(from_bytes(value), flags))
            case "q":
                self.write(_quoted(from_bytes(value), flags))
            case "x" | "X":
                self.write(_hexadecimal(value, verb, flags))
            case "v" | "d" if flags.sharp_v:
                shown = (_integer(byte, byte, "x", replace(flags, sharp=True)) or "" for byte in value)
                self.write(f"[]byte{{{', '.join(shown)}}}")
            case "v" | "d" if flags == PLAIN:
                # Whole files are printed so by templates that print their scope.
                self.write(f"[{' '.join(map(str, value))}]")
            case _:
                self.sequence("[]uint8", [Uint8(byte) for byte in value], verb, flags, depth=0)

    def object(self, value: GoObject, verb: str, flags: Flags, depth: int, followed: bool) -> None:
        shown = value.go_string_of_pointer() if followed else value.go_string()
        if shown is not None and not flags.sharp_v and verb in "vsxXq":
            self.write(_text(shown, verb, flags) or "")
            return
        if isinstance(value, int):
            text = _integer(int(value), value, verb, flags)
            if text is None:
                self.bad_verb(value, verb, flags)
            else:
                self.write(text)
            return
        go_type = value.go_type
        underlying = plain(value)
        if isinstance(underlying, dict):
            self.mapping(go_type, underlying, verb, flags, depth)
            return
        if isinstance(underlying, list):
            self.sequence(go_type, underlying, verb, flags, depth)
            return
        if go_type.startswith("*") and not followed:
            if depth:
                self.pointer(value, verb, flags)
                return
            self.write("&")
        self.write(f"{go_type.lstrip('*')}{{" if flags.sharp_v else "{")
        for number, (name, element) in enumerate(value.go_printed_fields().items()):
            if number:
                self.write(", " if flags.sharp_v else " ")
            if flags.plus_v or flags.sharp_v:
                self.write(f"{name}:")
            self.value(element, verb, flags, depth=depth + 1)
        self.write("}")


def _string(text: str, flags: Flags) -> str:
    return flags.pad(text if flags.precision is None else text[: flags.precision])


def _quoted(text: str, flags: Flags) -> str:
    if flags.precision is not None:
        text = text[: flags.precision]
    if flags.sharp and can_backquote(text):
        return flags.pad(f"`{text}`")
    return flags.pad(quote(text, to_ascii=flags.plus))


def _text(text: str, verb: str, flags: Flags) -> str | None:
    """A string; None where the verb is not for strings."""
    match verb:
        case "v" if flags.sharp_v:
            return _quoted(text, flags)
        case "v" | "s":
            return _string(text, flags)
        case "q":
            return _quoted(text, flags)
        case "x" | "X":
            return _hexadecimal(to_bytes(text), verb, flags)
    return None


def _hexadecimal(data: bytes, verb: str, flags: Flags) -> str:
    if flags.precision is not None:
        data = data[: flags.precision]
    if 2 * len(data) > MAX_TEXT:
        raise FunctionError("the value is too large to be printed", code="limit-output")
    prefix = f"0{verb}" if flags.sharp and data else ""
    digits = data.hex(" ") if flags.space else data.hex()
    if verb == "X":
        digits = digits.upper()
    return flags.pad(prefix + digits.replace(" ", f" {prefix}"))


def _integer(number: int, value: object, verb: str, flags: Flags) -> str | None:
    """An integer; None where the verb is not for integers."""
    match verb:
        case "c":
            return flags.pad(_rune(number))
        case "q":
            return flags.pad(quote_rune(number, to_ascii=flags.plus))
        case "U":
            return flags.pad(_unicode(number, flags), zeros=False)
        case "v" if flags.sharp_v and isinstance(value, SizedInt) and not value.signed:
            base, letter, flags = 16, "x", replace(flags, sharp=True)
        case "v":
            base, letter = _BASES["d"]
        case _ if verb in _BASES:
            base, letter = _BASES[verb]
        case _:
            return None
    digits = format(abs(number), letter)
    sign = "-" if number < 0 else "+" if flags.plus else " " if flags.space else ""
    if flags.precision is not None:
        if flags.precision == 0 and number == 0:
            return " " * (flags.width or 0)
        digits = digits.rjust(flags.precision, "0")
    elif flags.zero and not flags.minus and flags.width:
        digits = digits.rjust(flags.width - len(sign), "0")
    if flags.sharp:
        digits = {2: "0b", 8: "" if digits[0] == "0" else "0", 16: f"0{letter}"}.get(base, "") + digits
    if verb == "O":
        digits = f"0o{digits}"
    return flags.pad(sign + digits, zeros=False)


def _rune(number: int) -> str:
    valid = 0 <= number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF
    return chr(number) if valid else "\ufffd"


def _unicode(number: int, flags: Flags) -> str:
    digits = f"{number % 2**64:X}".rjust(max(4, flags.precision or 0), "0")
    shown = (
        f" '{chr(number)}'"
        if flags.sharp and _rune(number) == chr(number % 0x110000) and is_printable(chr(number))
        else ""
    )
    return f"U+{digits}{shown}"


def _float(value: float, verb: str, flags: Flags) -> str | None:
    """A float; None where the verb is not for floats."""
    match verb:
        case "v":
            form, precision = "g", SHORTEST
        case "b" | "g" | "G" | "x" | "X":
            form, precision = verb, SHORTEST
        case "e" | "E" | "f" | "F":
            form, precision = verb.replace("F", "f"), 6
        case _:
            return None
    if flags.precision is not None:
        precision = flags.precision
    text = format_float(value, form, precision)
    sign, digits = (text[0], text[1:]) if text[0] in "+-" else ("+", text)
    if flags.space and sign == "+" and not flags.plus:
        sign = " "
    if digits in ("Inf", "NaN"):
        shows_sign = digits == "Inf" or flags.plus or flags.space
        return flags.pad((sign if shows_sign else "") + digits, zeros=False)
    if flags.sharp and form != "b":
        digits = _with_point(digits, form, precision)
    if sign == "+" and not flags.plus:
        return flags.pad(digits)
    if flags.zero and not flags.minus and flags.width:
        return sign + digits.rjust(flags.width - 1, "0")
    return flags.pad(sign + digits)


def _with_point(text: str, form: str, precision: int) -> str:
    """The # flag: a decimal point always, and %g keeps zeros at the end."""
    mark = next(
        (position for position, char in enumerate(text) if char in ("pP" if form in "xX" else "eEpP")),
        len(text),
    )
    digits, tail = text[:mark], text[mark:]
    wanted = 0
    if form in "gGx":
        wanted = 6 if precision == SHORTEST else precision
        wanted -= len(re.sub(r"[.]", "", digits).lstrip("0"))
    if "." not in digits:
        wanted -= digits == "0"
        digits += "."
    return digits + "0" * max(0, wanted) + tail
