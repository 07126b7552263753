"""Sprig's functions of chance: passwords, numbers, a shuffle, a UUID.

Decides how their values follow from the bytes of `ambient.Stream`, so that they never change while the
seed, the release, the template and the number of the call in it stay the same:
- texts: character after character, each one picked from the alphabet by `below`, in the order of ASCII;
- `randInt`: `below` of the range, added to its start; `randBytes`: the bytes as they come;
- `shuffle`: Fisher and Yates from the end, the partner of place i by `below` of i + 1;
- `uuidv4`: sixteen bytes, with version and variant set as RFC 9562 wants.
Source: Sprig v3 strings.go, crypto.go; goutils cryptorandomstringutils.go for the alphabets.
"""

from __future__ import annotations

import string
from base64 import b64encode

from sro_render.gotemplate.functions import Function, FunctionError, go_function
from sro_render.gotemplate.runtime import Run
from sro_render.sprig.ambient import chance_of
from sro_render.sprig.runes import runes

FUNCTIONS: dict[str, Function] = {}

_ALPHABETS = {
    "randAlphaNum": string.digits + string.ascii_uppercase + string.ascii_lowercase,
    "randAlpha": string.ascii_uppercase + string.ascii_lowercase,
    "randNumeric": string.digits,
    "randAscii": "".join(map(chr, range(32, 127))),
}


def _text_function(name: str, alphabet: str) -> None:
    """Register the function that gives a text of that alphabet; none below a length of 0, as in Sprig."""

    def call(run: Run, length: int) -> str:
        _check_length(run, length)
        stream = chance_of(run, name)
        return "".join(alphabet[stream.below(len(alphabet))] for _ in range(length))

    FUNCTIONS[name] = Function(name, call, "(int) string", wants_run=True)


for _name, _alphabet in _ALPHABETS.items():
    _text_function(_name, _alphabet)


def _check_length(run: Run, length: int) -> None:
    allowed = run.limits.max_output_bytes
    if length > allowed:
        message = f"{length:,} characters are more than the {allowed:,} bytes of all output"
        raise FunctionError(message, code="limit-output")


@go_function(FUNCTIONS, "randBytes", "(int) string", wants_run=True)
def rand_bytes(run: Run, length: int) -> str:
    """That many bytes, in base 64."""
    if length < 0:
        raise FunctionError(f"randBytes cannot make {length} bytes")
    _check_length(run, length)
    return b64encode(chance_of(run, "randBytes").read(length)).decode()


@go_function(FUNCTIONS, "randInt", "(int, int) int", wants_run=True)
def rand_int(run: Run, start: int, stop: int) -> int:
    """A number from `start` up to, but without, `stop`."""
    if not 0 < stop - start < 2**63:
        raise FunctionError(f"there is no number from {start} up to, but without, {stop}")
    return start + chance_of(run, "randInt").below(stop - start)


@go_function(FUNCTIONS, "shuffle", "(string) string", wants_run=True)
def shuffle(run: Run, text: str) -> str:
    """The characters of a text in another order."""
    stream = chance_of(run, "shuffle")
    characters = list(runes(text))
    for place in range(len(characters) - 1, 0, -1):
        partner = stream.below(place + 1)
        characters[place], characters[partner] = characters[partner], characters[place]
    return "".join(characters)


@go_function(FUNCTIONS, "uuidv4", "() string", wants_run=True)
def uuidv4(run: Run) -> str:
    """A UUID of version 4."""
    number = int.from_bytes(chance_of(run, "uuidv4").read(16), "big")
    number = number & ~(0xF000 << 64) | (0x4000 << 64)
    number = number & ~(0xC000 << 48) | (0x8000 << 48)
    digits = f"{number:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
