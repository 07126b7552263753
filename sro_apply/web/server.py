"""The HTTP server of `run`: metrics, probes and a page, to be read and nothing else."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from msgspec import Struct

from sro_apply.reporting.metrics import families
from sro_apply.reporting.page import STYLE_DIGEST, page
from sro_apply.web.address import Address
from sro_apply.web.board import Board
from sro_apply.web.exposition import CONTENT_TYPE, exposition
from sro_render.errors import InputError

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

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has gone away is no trouble of ours; anything else is said as the library does."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def _listen(address: Address, pages: Mapping[str, Callable[[], Answer]]) -> _Server:
    class _Here(_Server):
        address_family = socket.AF_INET6 if ":" in address.host else socket.AF_INET

    try:
        server = _Here((address.host, address.port), _Handler)
    except OSError as error:
        raise InputError(
            "web-address",
            f"nobody can listen on {address}: {error.strerror or error}",
            hint="name an address of this machine and a port that is free",
        ) from error
    server.pages = pages
    return server


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "sro-apply"
    sys_version = ""
    timeout = 10.0
    """Seconds in which a request must be written."""

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
