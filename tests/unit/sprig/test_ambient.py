"""Time and chance as inputs: what the stream of bytes is, and what whoever lacks one of them is told.

Matrix: bytes against an HMAC of the test's own, reading in pieces, numbers below a limit (counted over
every byte there is), what the label of a call is made of, errors, and where the seed must not show.
Left out: what is made of the bytes (test_crypto.py).

Why an attacker who sees some outputs learns nothing of others or of the seed: each block is
HMAC-SHA-256 under the seed of a message that no other block has: the label, which names one call, a
zero byte, and a counter of fixed length. HMAC-SHA-256 is a pseudo-random function (NIST SP 800-108,
section 4), so blocks of different messages look independent, and the key cannot be had from them.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from sro_render.gotemplate.functions import FunctionError
from sro_render.gotemplate.program import Program
from sro_render.gotemplate.runtime import Run
from sro_render.limits import Limits
from sro_render.sprig.ambient import Ambient, Stream, ambient_of, chance_of, now_of

SEED = b"a seed of the test, 32 bytes long"
NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)


def blocks(seed: bytes, label: bytes, count: int) -> bytes:
    """The stream by the definition of HMAC (RFC 2104), without the hmac module."""
    key = seed.ljust(64, b"\0")
    inner, outer = bytes(b ^ 0x36 for b in key), bytes(b ^ 0x5C for b in key)
    messages = (label + b"\0" + number.to_bytes(8, "big") for number in range(count))
    digests = (hashlib.sha256(inner + message).digest() for message in messages)
    return b"".join(hashlib.sha256(outer + digest).digest() for digest in digests)


def run_of(ambient: Ambient | None, template: str = "c/templates/a.yaml") -> Run:
    run = Run(Program((), {}), Limits(), None, ambient)
    run.template = template
    return run


class Given(Stream):
    """A stream of bytes that the test hands in."""

    def __init__(self, data: bytes) -> None:
        super().__init__(b"", "")
        self.data = iter(data)

    def read(self, size: int) -> bytes:
        return bytes(next(self.data) for _ in range(size))

    def numbers(self, limit: int) -> Iterator[int]:
        """All numbers below the limit until the bytes are used up."""
        try:
            while True:
                yield self.below(limit)
        except (StopIteration, RuntimeError):
            return


def test_the_definition_in_the_test_is_hmac() -> None:
    assert blocks(SEED, b"l", 1) == hmac.digest(SEED, b"l\0" + bytes(8), "sha256")


@pytest.mark.parametrize("label", ["", "n/r\0c/templates/a.yaml\0genCA\0000", "ü", "\udc80"])
def test_the_stream_is_hmac_of_label_and_counter(label: str) -> None:
    expected = blocks(SEED, label.encode("utf-8", "surrogateescape"), 5)
    assert Stream(SEED, label).read(160) == expected


def test_reading_in_pieces_gives_the_same_bytes() -> None:
    stream = Stream(SEED, "l")
    sizes = (0, 1, 31, 32, 33, 0, 64, 7, 100)
    assert b"".join(stream.read(size) for size in sizes) == Stream(SEED, "l").read(sum(sizes))


def test_much_can_be_read_at_once() -> None:
    data = Stream(SEED, "l").read(1_000_000)
    assert data[-32:] == hmac.digest(SEED, b"l\0" + (31_249).to_bytes(8, "big"), "sha256")


@pytest.mark.parametrize("limit", range(1, 257))
def test_each_number_below_a_limit_comes_from_as_many_bytes(limit: int) -> None:
    # A byte of the stream is each of 256 values equally often, so counting over all is the proof.
    counts = Counter(Given(bytes(range(256))).numbers(limit))
    assert set(counts) == set(range(limit))
    assert set(counts.values()) == {256 // limit}


@pytest.mark.parametrize("limit", [257, 1000, 32768, 40000, 65535, 65536])
def test_each_number_below_a_limit_comes_from_as_many_pairs_of_bytes(limit: int) -> None:
    pairs = b"".join(number.to_bytes(2, "big") for number in range(1 << 16))
    counts = Counter(Given(pairs).numbers(limit))
    assert set(counts) == set(range(limit))
    assert set(counts.values()) == {65536 // limit}


def test_a_call_has_bytes_of_its_own() -> None:
    run = run_of(Ambient(seed=SEED, label="ns/rel"))
    calls = [("genCA", 0), ("genCA", 1), ("bcrypt", 0), ("genCA", 2)]
    labels = [f"ns/rel\0c/templates/a.yaml\0{name}\0{number}".encode() for name, number in calls]
    read = [chance_of(run, name).read(32) for name, _ in calls]
    assert read == [blocks(SEED, label, 1) for label in labels]


def test_other_releases_templates_and_seeds_have_other_bytes() -> None:
    runs = [
        run_of(Ambient(seed=SEED, label="ns/rel")),
        run_of(Ambient(seed=SEED, label="ns/other")),
        run_of(Ambient(seed=SEED, label="ns/rel"), "c/templates/b.yaml"),
        run_of(Ambient(seed=SEED + b"!", label="ns/rel")),
    ]
    assert len({chance_of(run, "genCA").read(32) for run in runs}) == len(runs)


def test_the_calls_of_one_template_do_not_move_those_of_another() -> None:
    run = run_of(Ambient(seed=SEED))
    for template in ("a", "b", "a"):
        run.template = template
        chance_of(run, "f")
    run.template = "b"
    assert chance_of(run, "f").read(32) == blocks(SEED, b"\0b\0f\0001", 1)


def test_a_run_without_a_seed_says_how_to_give_one() -> None:
    with pytest.raises(FunctionError) as caught:
        chance_of(run_of(Ambient(now=NOON)), "genCA")
    error = caught.value
    assert (error.code, error.message, error.hint) == (
        "no-seed",
        "genCA needs chance, and rendering has none: it gives the same bytes every time",
        "give a secret file with --seed-file, from which such values are derived, or set the value that the chart would make up",
    )


def test_a_run_without_a_time_says_how_to_give_one() -> None:
    with pytest.raises(FunctionError) as caught:
        now_of(run_of(Ambient(seed=SEED)), "genCA")
    error = caught.value
    assert (error.code, error.message, error.hint) == (
        "no-time",
        "genCA needs the time, and rendering looks at no clock",
        "give the time with --now, such as --now 2024-01-31T12:00:00Z",
    )


def test_a_run_gives_the_time_that_it_was_given() -> None:
    assert now_of(run_of(Ambient(now=NOON)), "now") == NOON


def test_a_run_with_another_state_has_neither() -> None:
    assert ambient_of(run_of(None)) == Ambient()


def test_the_seed_is_in_no_text_about_what_a_run_was_given() -> None:
    assert SEED.decode() not in repr(Ambient(seed=SEED, label="ns/rel"))
    assert SEED.decode() not in repr(Stream(SEED, "l"))
