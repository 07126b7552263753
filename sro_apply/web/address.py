"""Where the web server listens, as the user writes it."""

from __future__ import annotations

from msgspec import Struct

from sro_render.errors import InputError

_PORTS = range(2**16)


class Address(Struct, frozen=True):
    """host: empty for all of the machine's; port: 0 for any that is free."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """`HOST:PORT`, `:PORT` for all addresses of the machine, `[::1]:PORT`.

    Raises: InputError: `web-address`.
    """
    host, colon, port = text.rpartition(":")
    is_bracketed = host.startswith("[") and host.endswith("]")
    if is_bracketed:
        host = host[1:-1]
    is_port = port.isascii() and port.isdigit() and len(port) <= 5 and int(port) in _PORTS
    is_host = host.isascii() and host.isprintable() and not any(each in host for each in "[]/ ")
    if not colon or not is_port or not is_host or (":" in host and not is_bracketed):
        raise InputError(
            "web-address",
            f"{text!r} is not an address to listen on",
            hint="write HOST:PORT, such as 127.0.0.1:8080, [::1]:8080, or :8080 for all addresses",
        )
    return Address(host, int(port))
