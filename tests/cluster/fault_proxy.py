"""Stands between a client and the API server: counts requests, and lets them go wrong as a test says.

A test gives `decide`, which sees each request before the server does. It may let it through (None), answer in
the server's place, or cut the connection: before the server hears of the request, or after the server has
done it, when the client cannot know that it is done.
"""

from __future__ import annotations

import itertools
import json
import ssl
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import urllib3

WRITES = ("POST", "PUT", "PATCH", "DELETE")
HOP_BY_HOP = ("connection", "transfer-encoding", "content-length", "host", "keep-alive")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request: its path with the query, and its body."""

    method: str
    path: str
    body: bytes = b""

    @property
    def is_write(self) -> bool:
        return self.method in WRITES

    @property
    def is_of_lease(self) -> bool:
        return "/apis/coordination.k8s.io/" in self.path


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the client gets in the server's place."""

    status: int
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()


class Cut:
    """The connection ends without an answer: before the server hears, or after it has done it."""

    BEFORE = "before"
    AFTER = "after"


def failure(status: int, reason: str, message: str, *, retry_after_s: int | None = None) -> Answer:
    """The Status object of a refusal, as Kubernetes words it."""
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status}
    headers = () if retry_after_s is None else (("Retry-After", str(retry_after_s)),)
    return Answer(status=status, body={**body, "reason": reason, "message": message}, headers=headers)


Decide = Callable[[Asked], Answer | str | None]


def now_and_then(every: int, *, first: int = 0) -> Callable[[Asked], bool]:
    """Whether it is a request's turn to go wrong: the first of its sort (or a later one), and every so many.

    Counted for each path, and its watch, by itself: of all requests together, one of them might by chance have
    the turn each time, and would never get through.
    """
    counts: defaultdict[tuple[str, str, bool], Iterator[int]] = defaultdict(itertools.count)

    def has_turn(asked: Asked) -> bool:
        path = asked.path.partition("?")[0]
        return next(counts[asked.method, path, "watch=1" in asked.path]) % every == first

    return has_turn


@dataclass
class FaultProxy:
    """A server on loopback in front of an API server. `decide` and `after_write` may be set at any time."""

    upstream: str
    ca: Path
    certificate: Path
    decide: Decide = lambda _: None
    after_write: Callable[[Asked], None] = lambda _: None
    """Called when the server has done a write of the work, before the client hears of it: a test kills it here."""
    asked: list[Asked] = field(default_factory=list)
    """All requests, in the order in which they came."""
    answered: list[tuple[Asked, int]] = field(default_factory=list)
    """Those that the server has answered, with its status."""
    _listener: ThreadingHTTPServer | None = None
    _thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        assert self._listener is not None, "start comes first"
        return f"https://127.0.0.1:{self._listener.server_address[1]}"

    def writes(self) -> list[Asked]:
        """What was written, but for the Lease: that is how it is known who writes, and goes on all the time."""
        return [asked for asked in self.work() if asked.is_write]

    def work(self) -> list[Asked]:
        """All requests but those for the Lease."""
        return [asked for asked in self.asked if not asked.is_of_lease]

    def start(self) -> None:
        pool = urllib3.PoolManager(ca_certs=str(self.ca), retries=False, maxsize=32, timeout=60)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self.certificate)
        self._listener = _Listener(("127.0.0.1", 0), _handler(self, pool))
        self._listener.socket = tls.wrap_socket(
            self._listener.socket, server_side=True, do_handshake_on_connect=False
        )
        self._thread = threading.Thread(
            target=self._listener.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        if self._listener is not None and self._thread is not None:
            self._listener.shutdown()
            self._thread.join()
            self._listener.server_close()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a watch may be open for a minute

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever hangs up in the middle is part of the tests."""
        del request, client_address


def _handler(proxy: FaultProxy, pool: urllib3.PoolManager) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            asked = Asked(method=self.command, path=self.path, body=self.rfile.read(length))
            proxy.asked.append(asked)
            decided = proxy.decide(asked)
            if isinstance(decided, Answer):
                self._answer(decided)
            elif decided == Cut.BEFORE:
                self.close_connection = True
            else:
                self._forward(asked, cut=decided == Cut.AFTER)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815 - as http.server calls them

        def _answer(self, answer: Answer) -> None:
            body = json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in (*answer.headers, ("Content-Type", "application/json")):
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _forward(self, asked: Asked, *, cut: bool) -> None:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
            try:
                theirs = pool.request(
                    asked.method,
                    proxy.upstream + asked.path,
                    body=asked.body or None,
                    headers=headers,
                    preload_content=False,
                    decode_content=False,
                )
            except urllib3.exceptions.HTTPError:
                self.close_connection = True  # the server is down, and so are we
                return
            proxy.answered.append((asked, theirs.status))
            try:
                if asked.is_write:
                    theirs.read(decode_content=False, cache_content=True)
                    if not asked.is_of_lease:
                        proxy.after_write(asked)
                if cut:
                    self.close_connection = True
                else:
                    self._pass_on(theirs)
            finally:
                theirs.release_conn() if asked.is_write else theirs.close()

        def _pass_on(self, theirs: urllib3.BaseHTTPResponse) -> None:
            """Head and body as they come: the events of a watch must not wait for one another."""
            self.send_response(theirs.status)
            for name, value in theirs.headers.items():
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            chunks = [theirs.data] if self.command in WRITES else theirs.stream(65_536, decode_content=False)
            for chunk in chunks:
                if chunk:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            self.wfile.write(b"0\r\n\r\n")

        def log_message(self, *arguments: object) -> None:
            del arguments

    return Handler
