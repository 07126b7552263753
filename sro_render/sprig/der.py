"""The bytes of ASN.1: written in DER, and read as strictly as Go reads them.

Decides nothing about keys or certificates. Written here, and not by a library, so that the same
values give the same bytes whatever version of a library is there.
Source: ITU-T X.690; Go's encoding/asn1 for what is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
NULL: Final = 0x05
OBJECT_ID: Final = 0x06
UTF8_STRING: Final = 0x0C
PRINTABLE_STRING: Final = 0x13
UTC_TIME: Final = 0x17
GENERALIZED_TIME: Final = 0x18
SEQUENCE: Final = 0x30
SET: Final = 0x31
CONTEXT: Final = 0x80
CONSTRUCTED: Final = 0x20
TRUE: Final = bytes((BOOLEAN, 1, 0xFF))


class DerError(ValueError):
    """Bytes that are not the ASN.1 that was looked for; the text says what is missing."""


def element(tag: int, *parts: bytes) -> bytes:
    """A tag, the length, and the parts."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def sequence(*parts: bytes) -> bytes:
    """A SEQUENCE of elements."""
    return element(SEQUENCE, *parts)


def integer(number: int) -> bytes:
    """An INTEGER that is not negative, with a zero byte where the highest bit would say otherwise."""
    return element(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def octets(data: bytes) -> bytes:
    """An OCTET STRING."""
    return element(OCTET_STRING, data)


def bits(data: bytes, unused: int = 0) -> bytes:
    """A BIT STRING whose last byte has some bits that do not count."""
    return element(BIT_STRING, bytes((unused,)), data)


def object_id(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER from its numbers."""
    first, second, *rest = map(int, dotted.split("."))
    return element(OBJECT_ID, *map(_base128, (40 * first + second, *rest)))


def _base128(number: int) -> bytes:
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(number & 0x7F | 0x80)
    return bytes(reversed(groups))


def time(moment: datetime) -> bytes:
    """A moment in UTC: with two digits of the year from 1950 to 2049, else with four (RFC 5280, 4.1.2.5)."""
    rest = f"{moment:%m%d%H%M%S}Z"
    if 1950 <= moment.year < 2050:
        return element(UTC_TIME, f"{moment.year % 100:02}{rest}".encode())
    return element(GENERALIZED_TIME, f"{moment.year:04}{rest}".encode())


class Element(Struct, frozen=True):
    """An element that was read: its tag, what it holds, and all of its bytes."""

    tag: int
    content: bytes
    whole: bytes

    def children(self) -> list[Element]:
        """The elements that it holds.

        Raises: DerError: it holds something else.
        """
        found = []
        position = 0
        while position < len(self.content):
            child = read(self.content, position)
            found.append(child)
            position += len(child.whole)
        return found

    def number(self) -> int:
        """The number of an INTEGER, which may be negative.

        Raises: DerError: it is none, or written with needless bytes.
        """
        content = self.expect(INTEGER).content
        padded = content[:1] in {b"\0", b"\xff"} and len(content) > 1
        if not content or (padded and (content[0] ^ content[1]) < 0x80):
            raise DerError("a number is not written in the shortest form")
        return int.from_bytes(content, "big", signed=True)

    def bit_string(self) -> bytes:
        """The bytes of a BIT STRING all of whose bits count.

        Raises: DerError: it is none.
        """
        content = self.expect(BIT_STRING).content
        if content[:1] != b"\0":
            raise DerError("a string of bits does not end with a byte")
        return content[1:]

    def expect(self, tag: int) -> Element:
        """The element itself.

        Raises: DerError: it has another tag.
        """
        if self.tag != tag:
            raise DerError(f"an element has the tag {self.tag:#04x} where {tag:#04x} should be")
        return self


def read(data: bytes, position: int = 0) -> Element:
    """The element at a position; more may follow it.

    Raises: DerError: there is none, it is cut off, or its length is not in the shortest form.
    """
    head = data[position : position + 2]
    if len(head) < 2 or head[0] & 0x1F == 0x1F:
        raise DerError("an element is cut off or has an unknown tag")
    size, start = head[1], position + 2
    if size >= 0x80:
        length = data[start : start + size - 0x80]
        start += size - 0x80
        size = int.from_bytes(length, "big")
        if not length or not length[0] or size < 0x80 or len(length) > 4:
            raise DerError("the length of an element is not in the shortest form")
    end = start + size
    if len(data) < end:
        raise DerError("an element is cut off")
    return Element(head[0], data[start:end], data[position:end])


def read_sequence(data: bytes, least: int) -> Sequence[Element]:
    """The elements of the SEQUENCE at the start; more may follow it, as Go allows.

    Raises: DerError: there is none, or it holds fewer than `least` elements.
    """
    children = read(data).expect(SEQUENCE).children()
    if len(children) < least:
        raise DerError(f"{len(children)} elements stand where {least} should be")
    return children
