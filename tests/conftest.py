"""Fixtures that all tests share: the real programs that judge us, and servers on loopback."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

if TYPE_CHECKING:
    from certificates import Certificates


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rewrite-golden",
        action="store_true",
        help="write what the examples give over tests/golden, instead of comparing",
    )


def _judge(program: str) -> Path:
    """The real program: from the folder that JUDGES names, else from PATH."""
    folder = os.environ.get("JUDGES", "")
    found = shutil.which(program, path=folder) if folder else shutil.which(program)
    if not found:
        _do_without(
            f"{program} is not here: put it on PATH, or run tests/judges.py FOLDER and set JUDGES=FOLDER"
        )
    return Path(found)


def _do_without(reason: str) -> NoReturn:
    """A judge is missing: locally its tests are skipped, in CI they fail."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def helm() -> Path:
    """Helm v4, the reference for templates and charts."""
    return _judge("helm")


@pytest.fixture(scope="session")
def kubectl() -> Path:
    """Kubectl, a reader of YAML and of kustomizations."""
    return _judge("kubectl")


@pytest.fixture(scope="session")
def docker_registry() -> Path:
    """Distribution, the reference for OCI registries."""
    return _judge("docker-registry")


@pytest.fixture(scope="session")
def promtool() -> Path:
    """Prometheus' own tool, the judge of metrics and alert rules."""
    return _judge("promtool")


@pytest.fixture(scope="session")
def chromium() -> Path:
    """A browser, the judge of the page of a diff."""
    return _judge("chromium")


@pytest.fixture(scope="session")
def schema_faults() -> Callable[[list[Any]], list[list[str]]]:
    """What the published schemas of Argo CD and Flux find wrong with each of some objects."""
    folder = Path(os.environ.get("JUDGES", "")).absolute()
    schemas = folder / "schemas"
    node = shutil.which("node") or shutil.which("node", path=folder / "node" / "bin")
    if not os.environ.get("JUDGES") or not schemas.is_dir() or node is None:
        _do_without("the schemas are not here: run tests/judges.py FOLDER and set JUDGES=FOLDER")
    script = Path(__file__).parent / "helm" / "schema_judge.mjs"

    def judge(objects: list[Any]) -> list[list[str]]:
        done = subprocess.run(
            [node, script, schemas], input=json.dumps(objects), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        judged: list[list[str]] = json.loads(done.stdout)
        return judged

    return judge


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    from certificates import make_certificates  # noqa: PLC0415 - only these tests pay for cryptography

    return make_certificates(tmp_path_factory.mktemp("certificates"))


@dataclass(frozen=True)
class Reply:
    """What a server answers. cut: so many bytes of the body are kept back; drip_s: a pause after each."""

    body: bytes = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    cut: int = 0
    drip_s: float = 0.0


@dataclass
class Server:
    """A server on loopback: its answers by path, one after the other, the last one again and again."""

    port: int
    scheme: str
    replies: dict[str, list[Reply]] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Path and headers, names in small letters."""
    fallback: bytes | None = None
    """The body for paths without an answer, which are else 404."""

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def other_url(self) -> str:
        """The same server as another host."""
        return f"{self.scheme}://localhost:{self.port}"

    def answer(self, path: str, *replies: bytes | dict[str, Any]) -> None:
        """What a path answers: a body, or the fields of a Reply."""
        self.replies[path] = [Reply(each) if isinstance(each, bytes) else Reply(**each) for each in replies]

    def paths(self) -> list[str]:
        return [path for path, _ in self.requests]

    def take(self, path: str, headers: dict[str, str]) -> Reply:
        self.requests.append((path, headers))
        other = Reply(status=404) if self.fallback is None else Reply(self.fallback)
        replies = self.replies.get(path) or [other]
        return replies.pop(0) if len(replies) > 1 else replies[0]


Serve = Callable[..., Server]


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            reply = server.take(self.path, {name.lower(): value for name, value in self.headers.items()})
            self.send_response(reply.status)
            for name, value in reply.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.send_header("Connection", "close")
            self.end_headers()
            body = reply.body[: len(reply.body) - reply.cut]
            try:
                for start in range(0, len(body), 1 if reply.drip_s else 65_536):
                    self.wfile.write(body[start : start + (1 if reply.drip_s else 65_536)])
                    self.wfile.flush()
                    time.sleep(reply.drip_s)
            except OSError:
                pass  # the client has gone, as some of these tests want it
            self.close_connection = True

        def log_message(self, *arguments: object) -> None:
            del arguments

    return Handler


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    tls: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        # In the connection's own thread, so that a client which refuses the certificate stops nobody.
        try:
            if self.tls is not None:
                request = self.tls.wrap_socket(request, server_side=True)
            super().finish_request(request, client_address)
        except OSError:
            pass
        finally:
            request.close()


@pytest.fixture
def serve(certificates: Certificates) -> Iterator[Serve]:
    """Starts servers: `serve()` with TLS, `serve(tls=False)` without."""
    listeners: list[tuple[_Listener, threading.Thread]] = []

    def start(*, tls: bool = True, host: str = "127.0.0.1") -> Server:
        listener = _Listener((host, 0), BaseHTTPRequestHandler)
        if tls:
            listener.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            listener.tls.load_cert_chain(certificates.server)
        server = Server(port=listener.server_address[1], scheme="https" if tls else "http")
        listener.RequestHandlerClass = _handler(server)
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        listeners.append((listener, thread))
        return server

    yield start
    for listener, thread in listeners:
        listener.shutdown()
        thread.join()
        listener.server_close()
