"""Sprig's `urlParse` and `urlJoin`.

Decides what Go's package net/url takes for an address, where it escapes, and what it refuses.
Source: Sprig v3 url.go; Go net/url/url.go.
"""

from __future__ import annotations

import re
from typing import Any, Final

from msgspec import Struct

from sro_render.gotemplate.functions import Function, FunctionError, go_function
from sro_render.gotemplate.quoting import quote
from sro_render.gotemplate.values import from_bytes, kind_of, plain, to_bytes

FUNCTIONS: dict[str, Function] = {}

_UNRESERVED: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"
# What stays as it is in each part of an address; Go's own table, not that of RFC 3986.
_PATH: Final = frozenset((_UNRESERVED + "$&+,/:;=@").encode())
_USER: Final = frozenset((_UNRESERVED + "$&+,;=").encode())
_FRAGMENT: Final = frozenset((_UNRESERVED + "!$&()*+,/:;=?@").encode())
_HOST: Final = frozenset((_UNRESERVED + "!\"$&'()*+,:;<=>[]").encode())

_SCHEME: Final = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*)?:")
_ESCAPE: Final = re.compile(rb"%([0-9A-Fa-f]{2})?")
_PORT: Final = re.compile(r"(?::[0-9]*)?")
_USER_INFO: Final = re.compile(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*")


class Url(Struct, frozen=True, kw_only=True):
    """The parts of an address, unescaped but for `opaque` and `query`. `user` is escaped again."""

    scheme: str = ""
    opaque: str = ""
    user: str | None = None
    host: str = ""
    path: str = ""
    query: str = ""
    fragment: str = ""

    @property
    def hostname(self) -> str:
        """The host without a port, and without the brackets of an IPv6 address."""
        name, colon, port = self.host.rpartition(":")
        name = name if colon and re.fullmatch(r"[0-9]*", port) else self.host
        return name[1:-1] if name.startswith("[") and name.endswith("]") else name

    def __str__(self) -> str:
        """The address. Source: Go `URL.String`."""
        head = f"{self.scheme}:" if self.scheme else ""
        tail = f"?{self.query}" if self.query else ""
        if self.fragment:
            tail += "#" + _escape(self.fragment, _FRAGMENT)
        if self.opaque:
            return head + self.opaque + tail
        if (self.scheme or self.host or self.user is not None) and (
            self.host or self.path or self.user is not None
        ):
            head += "//" + ("" if self.user is None else f"{self.user}@") + _escape(self.host, _HOST)
        path = "*" if self.path == "*" else _escape(self.path, _PATH)
        if path and not path.startswith("/") and self.host:
            head += "/"
        if not head and ":" in path.partition("/")[0]:
            head = "./"
        return head + path + tail


def parse_url(text: str) -> Url:
    """An address in its parts.

    Raises: ValueError: Go refuses it; says why.
    """
    address, _, fragment = text.partition("#")
    if re.search(r"[\x00-\x1f\x7f]", address):
        raise ValueError("it has a control character in it")
    if address == "*":
        return Url(path="*", fragment=_unescape(fragment))
    scheme, rest = _split_scheme(address)
    if rest.endswith("?") and rest.count("?") == 1:
        rest, query = rest[:-1], ""
    else:
        rest, _, query = rest.partition("?")
    user, host = None, ""
    if not rest.startswith("/"):
        if scheme:
            return Url(scheme=scheme, opaque=rest, query=query, fragment=_unescape(fragment))
        if ":" in rest.partition("/")[0]:
            raise ValueError("its first segment has a colon, as if it were a scheme")
    if rest.startswith("//") and (scheme or not rest.startswith("///")):
        authority, slash, rest = rest[2:].partition("/")
        user, host = _parse_authority(scheme, authority)
        rest = slash + rest
    path = _unescape(rest)
    return Url(scheme=scheme, user=user, host=host, path=path, query=query, fragment=_unescape(fragment))


def _split_scheme(address: str) -> tuple[str, str]:
    found = _SCHEME.match(address)
    if found is None:
        return "", address
    if not found[1]:
        raise ValueError("a scheme is missing before its colon")
    return found[1].lower(), address[found.end() :]


def _parse_authority(scheme: str, authority: str) -> tuple[str | None, str]:
    info, at, host = authority.rpartition("@")
    host = _parse_host(scheme, host)
    if not at:
        return None, host
    if not _USER_INFO.fullmatch(info):
        raise ValueError("its user has characters that must be escaped")
    return ":".join(_escape(_unescape(part), _USER) for part in info.split(":", 1)), host


def _parse_host(scheme: str, host: str) -> str:
    """Source: Go `parseHost`."""
    if host.startswith("[") and host.rfind("[") == 0:
        end = host.rfind("]")
        if end < 0:
            raise ValueError("its host lacks the closing bracket")
        _check_port(host[end + 1 :])
        name, zone_mark, zone = host[1:end].partition("%25")
        name = _unescape_host(name) + (_unescape(zone_mark + zone) if zone_mark else "")
        _check_ipv6(name)
        return f"[{name}]{host[end + 1 :]}"
    if "[" in host:
        raise ValueError("its host has a bracket in the middle")
    if ":" in host:
        first = host.index(":") if scheme in {"http", "https"} else host.rindex(":")
        _check_port(host[first:])
    return _unescape_host(host)


def _check_port(text: str) -> None:
    if not _PORT.fullmatch(text):
        raise ValueError(f"{quote(text)} is no port")


def _check_ipv6(address: str) -> None:
    # An address in brackets is rare, and the library takes its time to be imported.
    import ipaddress  # noqa: PLC0415

    ipaddress.IPv6Address(address)


def _unescape_host(text: str) -> str:
    """Only bytes beyond ASCII may be escaped in a host."""
    for found in _ESCAPE.finditer(to_bytes(text)):
        if found[1] is None or (int(found[1], 16) < 0x80 and found[1] != b"25"):
            raise ValueError(f"{quote(from_bytes(found[0]))} is no escape that a host may have")
    for byte in to_bytes(text):
        if byte < 0x80 and byte not in _HOST and byte != ord("%"):
            raise ValueError(f"its host has the character {quote(chr(byte))}")
    return _unescape(text)


def _unescape(text: str) -> str:
    return from_bytes(_ESCAPE.sub(_unescaped, to_bytes(text))) if "%" in text else text


def _unescaped(found: re.Match[bytes]) -> bytes:
    if found[1] is None:
        raise ValueError("a percent sign stands without two hexadecimal digits behind it")
    return bytes([int(found[1], 16)])


def _escape(text: str, kept: frozenset[int]) -> str:
    return "".join(chr(byte) if byte in kept else f"%{byte:02X}" for byte in to_bytes(text))


@go_function(FUNCTIONS, "urlParse", "(string) map[string]any")
def url_parse(text: str) -> dict[str, Any]:
    """The parts of an address as a map."""
    try:
        url = parse_url(text)
    except ValueError as fault:
        raise FunctionError(f"{quote(text)} is no address: {fault}") from None
    return {
        "scheme": url.scheme,
        "host": url.host,
        "hostname": url.hostname,
        "path": url.path,
        "query": url.query,
        "opaque": url.opaque,
        "fragment": url.fragment,
        "userinfo": url.user or "",
    }


@go_function(FUNCTIONS, "urlJoin", "(map[string]any) string")
def url_join(parts: dict[str, Any]) -> str:
    """An address out of a map as `urlParse` gives it."""
    user = _text_part(parts, "userinfo")
    try:
        escaped = parse_url(f"proto://{user}@host").user if user else None
    except ValueError as fault:
        raise FunctionError(f"userinfo {quote(user)} cannot stand in an address: {fault}") from None
    return str(
        Url(
            scheme=_text_part(parts, "scheme"),
            host=_text_part(parts, "host"),
            path=_text_part(parts, "path"),
            query=_text_part(parts, "query"),
            opaque=_text_part(parts, "opaque"),
            fragment=_text_part(parts, "fragment"),
            user=escaped,
        )
    )


def _text_part(parts: dict[str, Any], key: str) -> str:
    value = plain(parts.get(key, ""))
    if not isinstance(value, str):
        raise FunctionError(f"{key} must be a text, not of kind {kind_of(value).value}")
    return value
