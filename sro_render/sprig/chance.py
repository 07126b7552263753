"""Sprig's functions of chance that give texts, numbers and a shuffle. Not here: `passwords`.

Decides how their values follow from the bytes of `ambient.Stream`, so that they never change while the
seed, the release, the template and the number of the call in it stay the same:
- texts: character after character, each one picked from the alphabet by `below`, in the order of ASCII;
- `randInt`: `below` of the range, added to its start;
- `shuffle`: Fisher and Yates from the end, the partner of place i by `below` of i + 1.
Source: Sprig v3 strings.go and functions.go; xstrings convert.go `Shuffle`; goutils
cryptorandomstringutils.go for the alphabets.
"""

from __future__ import annotations

import string

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
