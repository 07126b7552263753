"""An admission webhook that refuses what a label marks, and one that nobody answers."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

from raw_api import Object

REFUSED = {"refuse": "true"}
UNANSWERED = {"unanswered": "true"}


class Refuser:
    """Refuses every deletion that it is asked about."""

    def __init__(self, certificate: Path, message: str) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                response = {
                    "uid": review["request"]["uid"],
                    "allowed": False,
                    "status": {"code": 403, "message": message},
                }
                body = json.dumps({**review, "response": response}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._server.server_port}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def configuration(url: str, ca: bytes) -> Object:
    """For deletions of ConfigMaps: those marked as refused go to the URL, the others to nobody."""
    hook: Object = {
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "failurePolicy": "Fail",
        "timeoutSeconds": 2,
        "rules": [
            {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["DELETE"], "resources": ["configmaps"]}
        ],
    }
    bundle = base64.b64encode(ca).decode()
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "deletions"},
        "webhooks": [
            {
                **hook,
                "name": "refuse.example.com",
                "clientConfig": {"url": url, "caBundle": bundle},
                "objectSelector": {"matchLabels": REFUSED},
            },
            {
                **hook,
                "name": "nobody.example.com",
                "clientConfig": {"url": "https://127.0.0.1:1/", "caBundle": bundle},
                "objectSelector": {"matchLabels": UNANSWERED},
            },
        ],
    }
