"""Large primes and what keys need of them, out of a stream of bytes.

Decides how bytes become numbers; which bytes these are is decided by whoever hands in the stream.
The library that signs takes its chance from the system, and would give other keys every time.
A change here changes every key that anybody derived from a seed: tests pin the numbers.

A candidate is a fresh number of the right size with its lowest bit set, so that each prime of that
size is as likely as any other. Numbers with a small factor are left out by a greatest common divisor,
and the rest is tried by Miller and Rabin's test with bases from the same stream.
Source: FIPS 186-5, A.1.3 and B.3.1 (RSA); Go's crypto/dsa, which follows FIPS 186-3 but for the seed.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from math import gcd, lcm, prod
from typing import Final

from msgspec import Struct

from sro_render.sprig.ambient import Stream

RSA_EXPONENT: Final = 65537
_SMALL: Final = 1024
_MIDDLE: Final = 1 << 16
"""Primes below are divided by. More cost more than the tests that they save."""


class RsaNumbers(Struct, frozen=True):
    """The numbers of an RSA key: modulus, both exponents, both primes."""

    n: int
    e: int
    d: int
    p: int
    q: int


class DsaNumbers(Struct, frozen=True):
    """The numbers of a DSA key: the group (p, q, g), the public number and the private one."""

    p: int
    q: int
    g: int
    y: int
    x: int


def make_rsa(stream: Stream, size: int) -> RsaNumbers:
    """An RSA key whose modulus has `size` bits, an even number.

    The top two bits of both primes are set, so that the modulus is never a bit short, and that both
    are above the square root of two times 2 ** (size/2 - 1), as FIPS 186-5 wants.
    """
    half = size // 2
    while True:
        p, q = _rsa_prime(stream, half), _rsa_prime(stream, half)
        if abs(p - q) <= 1 << (half - 100):
            continue
        d = pow(RSA_EXPONENT, -1, lcm(p - 1, q - 1))
        if d > 1 << half:
            # The larger one first: older libraries want it so.
            return RsaNumbers(p * q, RSA_EXPONENT, d, max(p, q), min(p, q))


def _rsa_prime(stream: Stream, size: int) -> int:
    top = 3 << (size - 2)
    while True:
        candidate = _read_bits(stream, size) | top | 1
        if candidate % RSA_EXPONENT != 1 and is_prime(stream, candidate):
            return candidate


def make_dsa(stream: Stream, size: int, group: int) -> DsaNumbers:
    """A DSA key with a modulus of `size` bits and a group of an order of `group` bits."""
    p, q = next(_dsa_primes(stream, size, group))
    # 2 ** ((p-1)/q) is 1 once in 2 ** 256 times; then 3 is next.
    g = next(g for g in (pow(h, (p - 1) // q, p) for h in range(2, p)) if g != 1)
    x = 1 + stream.below(q - 1)
    return DsaNumbers(p, q, g, pow(g, x, p), x)


def _dsa_primes(stream: Stream, size: int, group: int) -> Iterator[tuple[int, int]]:
    """Pairs of primes the second of which divides the first one less 1."""
    while True:
        q = _read_bits(stream, group) | 1 << (group - 1) | 1
        if not is_prime(stream, q):
            continue
        for _ in range(4 * size):
            p = _read_bits(stream, size) | 1 << (size - 1)
            # The next one below that leaves 1 when divided by q and by 2.
            p -= p % (2 * q) - 1
            if p.bit_length() == size and is_prime(stream, p):
                yield p, q


def _read_bits(stream: Stream, size: int) -> int:
    """A number of at most `size` bits, a multiple of 8."""
    return int.from_bytes(stream.read(size // 8), "big")


def is_prime(stream: Stream, number: int) -> bool:
    """Whether a random odd number above 2 ** 32 is prime; wrong less than once in 2 ** 100 times.

    The bound holds for numbers that nobody chose: a number from a stranger may be built to deceive.
    """
    if any(gcd(number, product) != 1 for product in _small_products()):
        return False
    # BoringSSL's table of rounds, coarser: enough for the smallest number of each line.
    rounds = 5 if number.bit_length() >= 476 else 27
    return all(_passes(number, 2 + stream.below(number - 3)) for _ in range(rounds))


def _passes(number: int, base: int) -> bool:
    """One round of Miller and Rabin's test."""
    twos = ((number - 1) & -(number - 1)).bit_length() - 1
    power = pow(base, (number - 1) >> twos, number)
    if power in {1, number - 1}:
        return True
    for _ in range(twos - 1):
        power = power * power % number
        if power == number - 1:
            return True
    return False


@cache
def _small_products() -> tuple[int, int]:
    """The product of the odd primes below 1024, and of those from there up to 65536.

    The first finds most composites fast; the second is dear and is tried on what is left.
    """
    is_composite = bytearray(_MIDDLE)
    for number in range(3, 1 << 8, 2):
        if not is_composite[number]:
            step = 2 * number
            is_composite[number * number :: step] = b"\1" * len(range(number * number, _MIDDLE, step))
    odd = [number for number in range(3, _MIDDLE, 2) if not is_composite[number]]
    return prod(n for n in odd if n < _SMALL), prod(n for n in odd if n > _SMALL)
