"""The HTTP server of `run`: metrics, probes and a page, to be read and nothing else."""

from __future__ import annotations

import socket
import socketserver
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from msgspec import Struct

from sro_apply.reporting.metrics import families
from sro_apply.reporting.page import STYLE_DIGEST, page
from sro_apply.web.address import Address
from sro_apply.web.board import Board
from sro_apply.web.exposition import CONTENT_TYPE, exposition
from sro_render.errors import InputError

_MOST: Final = 64
"""Clients at once, each with a thread of its own: probes and scrapes are few."""
_LONGEST_S: Final = 30.0
"""For a request and its answer; a scrape that takes longer is given up by Prometheus, too."""
_PAUSE_S: Final = 10.0
"""For each further part of a request or its answer."""
_TEXT: Final = "text/plain; charset=utf-8"
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src '{STYLE_DIGEST}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Answer(Struct, frozen=True):
    """What is answered."""

    status: HTTPStatus
    media_type: str
    body: bytes


class WebServer:
    """Serves a board until it is stopped, in threads of its own.

    Raises: InputError: `web-address` if nobody can listen there.
    """

    def __init__(self, address: Address, board: Board) -> None:
        self._server = _listen(address, _pages(board))
        self._thread = threading.Thread(target=self._server.serve_forever, name="web", daemon=True)

    @property
    def address(self) -> Address:
        """Where it listens, with the port that was free."""
        host, port = self._server.server_address[:2]
        return Address(str(host), int(port))

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def _pages(board: Board) -> Mapping[str, Callable[[], Answer]]:
    def metrics() -> Answer:
        shown = board.shown()
        return Answer(HTTPStatus.OK, CONTENT_TYPE, exposition(families(shown.picture, shown.work)))

    def status() -> Answer:
        shown = board.shown()
        text = page(shown.picture, shown.work)
        return Answer(HTTPStatus.OK, "text/html; charset=utf-8", text.encode())

    return {
        "/": status,
        "/metrics": metrics,
        "/healthz": lambda: _probe(board.stuck()),
        "/readyz": lambda: _probe(board.unready()),
    }


def _probe(fault: str) -> Answer:
    status = HTTPStatus.SERVICE_UNAVAILABLE if fault else HTTPStatus.OK
    return Answer(status, _TEXT, f"{fault or 'ok'}\n".encode())


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    pages: Mapping[str, Callable[[], Answer]]

    def __init__(self, address: Address, family: socket.AddressFamily) -> None:
        self.address_family = family
        self._clients: dict[socket.socket, float] = {}
        self._lock = threading.Lock()
        super().__init__((address.host, address.port), _Handler)

    def server_bind(self) -> None:
        """Without HTTPServer's question to DNS what we are called, which nobody uses."""
        if self.address_family == socket.AF_INET6 and not self.server_address[0]:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        socketserver.TCPServer.server_bind(self)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Where there are too many the oldest goes: whoever asks in earnest is answered at once."""
        with self._lock:
            while len(self._clients) >= _MOST:
                self._end(next(iter(self._clients)))
            self._clients[request] = time.monotonic()
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """A client has been answered."""
        with self._lock:
            self._clients.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Twice a second: who sends one letter after the other is not listened to without an end."""
        since = time.monotonic() - _LONGEST_S
        with self._lock:
            for request in [each for each, began_at in self._clients.items() if began_at < since]:
                self._end(request)

    def _end(self, request: socket.socket) -> None:
        """End a connection, whose thread then closes it."""
        del self._clients[request]
        with suppress(OSError):  # the client may have gone
            request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has gone away is no trouble of ours; anything else is said as the library does."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def _listen(address: Address, pages: Mapping[str, Callable[[], Answer]]) -> _Server:
    try:
        server = _bound(address)
    except OSError as error:
        raise InputError(
            "web-address",
            f"nobody can listen on {address}: {error.strerror or error}",
            hint="name an address of this machine and a port that is free",
        ) from error
    server.pages = pages
    return server


def _bound(address: Address) -> _Server:
    if address.host:
        return _Server(address, socket.AF_INET6 if ":" in address.host else socket.AF_INET)
    # All addresses: pods of some clusters have none of version 4, and some machines know none of version 6.
    if socket.has_dualstack_ipv6():
        with suppress(OSError):
            return _Server(address, socket.AF_INET6)
    return _Server(address, socket.AF_INET)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "sro-apply"
    sys_version = ""
    timeout = _PAUSE_S

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Probes every few seconds are nothing that anybody reads."""

    def _answer(self, *, with_body: bool) -> None:
        make = self.server.pages.get(self.path.partition("?")[0])
        answer = make() if make else Answer(HTTPStatus.NOT_FOUND, _TEXT, b"there is nothing here\n")
        self.send_response(answer.status)
        headers = {"Content-Type": answer.media_type, "Content-Length": str(len(answer.body)), **_HEADERS}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(answer.body)
