"""The kubelets' own server, as far as logs go: what `kubectl logs` reads through the API server."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit


class KubeletLogs:
    """One server for all nodes, which give its port as theirs. `read`: namespace and pod to the log."""

    def __init__(self, certificate: Path, read: Callable[[str, str], str | None]) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(read))
        self._server.daemon_threads = True
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
        self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler(read: Callable[[str, str], str | None]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            # /containerLogs/NAMESPACE/POD/CONTAINER
            parts = urlsplit(self.path).path.split("/")
            log = read(parts[2], parts[3]) if len(parts) == 5 and parts[1] == "containerLogs" else None
            body = (log or "").encode()
            self.send_response(404 if log is None else 200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            del arguments

    return Handler
