"""Sprig's encodings and checksums of texts.

Source: Sprig v3 strings.go and crypto.go; what is damaged comes out as the text of Go's error.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zlib

from sro_render.gotemplate.functions import Function, go_function
from sro_render.gotemplate.values import from_bytes, to_bytes

FUNCTIONS: dict[str, Function] = {}
_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_BASE32 = re.compile(rb"(?:[A-Z2-7]{8})*(?:[A-Z2-7]{2}={6}|[A-Z2-7]{4}={4}|[A-Z2-7]{5}={3}|[A-Z2-7]{7}=)?")
_PASSED_OVER_32 = 7
"""Go looks at nothing behind complete padding if no more bytes than these follow the first `=`."""
_DIGITS64 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
_LINE_BREAKS = re.compile(rb"[\r\n]")
_LINE_BREAKS_HERE = re.compile(rb"[\r\n]*")
_WORD32 = re.compile(rb"[A-Z2-7]*")


@go_function(FUNCTIONS, "b64enc", "(string) string")
def b64enc(text: str) -> str:
    """In base 64."""
    return base64.b64encode(to_bytes(text)).decode()


@go_function(FUNCTIONS, "b64dec", "(string) string")
def b64dec(text: str) -> str:
    """Out of base 64; line breaks in it do not count."""
    data = decode_base64(to_bytes(text))
    if data is not None:
        return from_bytes(data)
    return f"illegal base64 data at input byte {_damage_64(to_bytes(text))}"


def decode_base64(text: bytes) -> bytes | None:
    """The bytes behind a text in base 64, in which line breaks do not count; None: it is damaged."""
    data = _LINE_BREAKS.sub(b"", text)
    return base64.b64decode(data) if _BASE64.fullmatch(data) else None


@go_function(FUNCTIONS, "b32enc", "(string) string")
def b32enc(text: str) -> str:
    """In base 32."""
    return base64.b32encode(to_bytes(text)).decode()


@go_function(FUNCTIONS, "b32dec", "(string) string")
def b32dec(text: str) -> str:
    """Out of base 32; line breaks in it do not count."""
    data = _LINE_BREAKS.sub(b"", to_bytes(text))
    sound = _BASE32.match(data)[0]  # type: ignore[index]  # it matches nothing, too
    if sound == data or (b"=" in sound and len(data) - sound.index(b"=") - 1 <= _PASSED_OVER_32):
        return from_bytes(base64.b32decode(sound))
    digits = len(_WORD32.match(data)[0])  # type: ignore[index]  # it matches nothing, too
    return f"illegal base32 data at input byte {_damage_32(data, digits)}"


def _damage_64(data: bytes) -> int:
    """Where Go says that the damage is. Line breaks count here, though they are passed over.

    Source: Go's encoding/base64 `decodeQuantum`.
    """
    seen = 0
    for position, byte in enumerate(data):
        if byte in b"\r\n":
            continue
        if byte in _DIGITS64:
            seen += 1
            continue
        if byte != ord("=") or seen % 4 < 2:
            return position
        behind = position + 1 + len(_LINE_BREAKS_HERE.match(data, position + 1)[0])  # type: ignore[index]
        if seen % 4 == 2:
            if behind == len(data):
                return behind
            if data[behind] != ord("="):
                return behind - 1
            behind += 1 + len(_LINE_BREAKS_HERE.match(data, behind + 1)[0])  # type: ignore[index]
        return behind
    return len(data) - seen % 4


def _damage_32(data: bytes, digits: int) -> int:
    """The same for base 32, of which Go takes the line breaks out first. digits: how many it begins with.

    Source: Go's encoding/base32 `decode`.
    """
    group = digits % 8
    if digits == len(data):
        return digits - group
    behind = len(data) - digits - 1
    if data[digits] != ord("=") or group < 2 or behind > _PASSED_OVER_32:
        return digits
    if behind + group < 7:
        return len(data)
    padding = data[digits + 1 : digits + 8 - group]
    wrong = next((place for place, byte in enumerate(padding) if byte != ord("=")), None)
    return digits if wrong is None else digits + wrong


@go_function(FUNCTIONS, "sha1sum", "(string) string")
def sha1sum(text: str) -> str:
    """SHA-1, in hexadecimal digits."""
    return hashlib.sha1(to_bytes(text), usedforsecurity=False).hexdigest()


@go_function(FUNCTIONS, "sha256sum", "(string) string")
def sha256sum(text: str) -> str:
    """SHA-256, in hexadecimal digits."""
    return hashlib.sha256(to_bytes(text)).hexdigest()


@go_function(FUNCTIONS, "sha512sum", "(string) string")
def sha512sum(text: str) -> str:
    """SHA-512, in hexadecimal digits."""
    return hashlib.sha512(to_bytes(text)).hexdigest()


@go_function(FUNCTIONS, "adler32sum", "(string) string")
def adler32sum(text: str) -> str:
    """Adler-32, as a decimal number."""
    return str(zlib.adler32(to_bytes(text)))
