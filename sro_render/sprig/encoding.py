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
_WORD64 = re.compile(rb"[A-Za-z0-9+/]*")
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
    return f"illegal base64 data at input byte {_damage(to_bytes(text), _WORD64, 4)}"


def decode_base64(text: bytes) -> bytes | None:
    """The bytes behind a text in base 64, in which line breaks do not count; None: it is damaged."""
    data = re.sub(rb"[\r\n]", b"", text)
    return base64.b64decode(data) if _BASE64.fullmatch(data) else None


@go_function(FUNCTIONS, "b32enc", "(string) string")
def b32enc(text: str) -> str:
    """In base 32."""
    return base64.b32encode(to_bytes(text)).decode()


@go_function(FUNCTIONS, "b32dec", "(string) string")
def b32dec(text: str) -> str:
    """Out of base 32; line breaks in it do not count."""
    data = re.sub(rb"[\r\n]", b"", to_bytes(text))
    if _BASE32.fullmatch(data):
        return from_bytes(base64.b32decode(data))
    return f"illegal base32 data at input byte {_damage(to_bytes(text), _WORD32, 8)}"


def _damage(data: bytes, word: re.Pattern[bytes], group: int) -> int:
    """Where Go says that the damage is: at the first foreign byte, else at the start of the last group."""
    match = word.match(data)
    good = match.end() if match else 0
    return good if good < len(data) else good - good % group


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
