"""One connection to an API server: sends requests, and gives what was answered.

Decides when a request may be sent: never past its gate. Knows no kinds and no paths.
"""

from __future__ import annotations

import re
import ssl
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

import urllib3
from msgspec import Struct
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from sro_apply.config import MANAGER
from sro_apply.kube.access import SERVICE_ACCOUNT, Access
from sro_apply.kube.errors import PermanentError, TransientError, unreachable
from sro_apply.kube.interface import Gate
from sro_apply.kube.kubeconfig import plain_access
from sro_apply.kube.pace import Pace
from sro_render.version import __version__

CONNECT_S: Final = 10.0
"""For a connection."""
ANSWER_S: Final = 60.0
"""For an answer to begin, and for each further part of it."""
SILENCE_S: Final = 90.0
"""Of a watch, in which a server says at least every minute that it is there."""
_CHUNK: Final = 65_536


class Answer(Struct, frozen=True):
    """What a server answered, whatever it is."""

    status: int
    headers: Mapping[str, str]
    data: bytes


class Stream:
    """An answer that comes line after line."""

    def __init__(self, answer: urllib3.BaseHTTPResponse, what: str) -> None:
        self._answer, self._what = answer, what
        self.status = answer.status
        self.headers: Mapping[str, str] = answer.headers

    def lines(self) -> Iterator[bytes]:
        """Each line, until the server ends it or somebody stops it.

        Raises: TransientError: the connection broke.
        """
        rest = b""
        try:
            for chunk in self._answer.stream(_CHUNK):
                *lines, rest = (rest + chunk).split(b"\n")
                yield from lines
            if rest:
                yield rest
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            # ValueError: it was closed between two reads.
            raise unreachable(self._what, error) from error
        finally:
            self._answer.close()

    def read(self) -> bytes:
        """All of it at once: of a refusal. Raises: TransientError: the connection broke."""
        try:
            return self._answer.data
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise unreachable(self._what, error) from error

    def stop(self) -> None:
        """End it; a thread that waits for the next line goes on."""
        with suppress(Exception):  # whatever state another thread has it in: it is to end
            self._answer.shutdown()


class Connection:
    """To a server, as a user.

    counts: how many requests were made, by their method and the answer's status, or `none`.
    """

    def __init__(self, access: Access, gate: Gate | None = None, pace: Pace | None = None) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self._access, self._gate, self._pace = access, gate, pace
        self._lock = threading.Lock()
        self._pool = self._made_pool()

    @property
    def namespace(self) -> str:
        """The applier's own: of the pod, or of the kubeconfig's context."""
        return self._access.namespace

    def behind(self, gate: Gate, *, is_urgent: bool = False) -> Connection:
        """To the same server as the same user, but each request asks `gate` first. is_urgent: at any pace."""
        made = Connection(self._access, gate, None if is_urgent else self._pace)
        made.counts = self.counts
        made._lock = self._lock
        return made

    def exchange(
        self,
        method: str,
        path: str,
        what: str,
        *,
        body: bytes | None = None,
        media_type: str = "",
        accept: str = "",
    ) -> Answer:
        """Send one request.

        Args: path: with its query; what: the request in words; accept: the form of the answer, else any JSON.

        Raises:
            TransientError: there was no answer.
            PermanentError: the server is not who it should be.
        """
        headers = {"Content-Type": media_type} if media_type else {}
        if accept:
            headers["Accept"] = accept
        left_s = self._turn()
        timeout = urllib3.Timeout(connect=min(CONNECT_S, left_s), read=min(ANSWER_S, left_s))
        answer = self._request(method, path, what, body=body, headers=headers, timeout=timeout)
        return Answer(answer.status, answer.headers, answer.data)

    def stream(self, path: str, what: str) -> Stream:
        """Ask for what the server sends line after line, for as long as it likes; otherwise as above."""
        timeout = urllib3.Timeout(connect=min(CONNECT_S, self._turn()), read=SILENCE_S)
        answer = self._request("GET", path, what, headers={}, timeout=timeout, preload_content=False)
        return Stream(answer, what)

    def _request(
        self, method: str, path: str, what: str, *, headers: Mapping[str, str], **more: Any
    ) -> urllib3.BaseHTTPResponse:
        sent, status = {**self._headers(what), **headers}, "none"
        try:
            answer = self._pool.request(
                method, f"{self._access.host}{path}", headers=sent, retries=False, **more
            )
            status = str(answer.status)
        except urllib3.exceptions.HTTPError as error:
            fault = _no_answer(what, error)
            if isinstance(fault, PermanentError):
                self._pool = self._made_pool()  # certificates are renewed: those of now are read
            raise fault from error
        finally:
            with self._lock:
                self.counts[method, status] += 1
        return answer

    def _turn(self) -> float:
        """Wait for it; then for how many seconds a request may be under way."""
        if self._pace is not None:
            self._pace.take()
        return ANSWER_S if self._gate is None else self._gate()

    def _made_pool(self) -> urllib3.PoolManager:
        made: urllib3.PoolManager = self._access.pool()
        if self._gate is not None:
            made.pool_classes_by_scheme = _gated(self._gate)
        return made

    def _headers(self, what: str) -> dict[str, str]:
        """What every request has. A token that has run out is read again here, by one thread.

        Raises: TransientError: it cannot be read, as while somebody writes it anew.
        """
        try:
            with self._lock:
                user = self._access.user()
        except Exception as error:  # whatever a program that fetches tokens, or the library, stumbles over
            raise TransientError(
                "server-credentials",
                f"{what}: the user's token cannot be read ({type(error).__name__})",
                hint="see that the file or the program that the kubeconfig names for it is there and works",
            ) from error
        made = {"Accept": "application/json, */*", "User-Agent": f"{MANAGER}/{__version__}"}
        return {**made, "Authorization": user} if user else made


def connect(kubeconfig: str | None, context: str | None, *, qps: float = 0.0) -> Connection:
    """Connect as kubectl does: a kubeconfig, else the pod's ServiceAccount.

    Args: qps: requests a second at most; 0: as many as the server takes.

    Raises:
        InputError: there is neither, or it cannot be used.
        ModuleNotFoundError: it takes the official client, which is not installed.
    """
    is_in_pod = kubeconfig is None and context is None and SERVICE_ACCOUNT.exists()
    access = None if is_in_pod else plain_access(kubeconfig, context)
    if access is None:
        # Takes longer to import than a small sync takes.
        from sro_apply.kube.official import official_access  # noqa: PLC0415

        access = official_access(kubeconfig, context)
    return Connection(access, pace=Pace(qps) if qps else None)


def _no_answer(what: str, error: urllib3.exceptions.HTTPError) -> Exception:
    """A certificate that does not fit stays so; all else that TLS stumbles over is a broken connection."""
    if isinstance(error, urllib3.exceptions.SSLError) and isinstance(
        error.args[0] if error.args else None, ssl.SSLCertVerificationError
    ):
        return PermanentError(
            "server-tls", f"{what}: {error}", hint="check the certificate authority of the kubeconfig"
        )
    return unreachable(what, error, _words_of(error))


def _words_of(error: urllib3.exceptions.HTTPError) -> str:
    """What the library says, without the names of its classes."""
    text = str(error.args[-1] if error.args[:1] == _ABORTED else error)
    return _CONNECTION.sub(r"\1:\2: ", text)


_ABORTED: Final = ("Connection aborted.",)
"""What is beside the cause: nothing that it would not say itself."""
_CONNECTION: Final = re.compile(r"^\w+\(host='([^']*)', port=(\d+)\): ")


def _gated(gate: Gate) -> dict[str, Any]:
    """Pools whose connections ask when they are open and nothing but the request is left to be sent.

    To connect takes as long as it takes, and to wait for one's turn too: a look at the clock before that
    would be too early.
    """

    class GatedHTTP(HTTPConnection):
        def send(self, data: Any) -> None:
            if self.sock is None:
                self.connect()
            gate()
            super().send(data)

    class GatedHTTPS(HTTPSConnection):
        def send(self, data: Any) -> None:
            if self.sock is None:
                self.connect()
            gate()
            super().send(data)

    class HTTPPool(HTTPConnectionPool):
        ConnectionCls = GatedHTTP

    class HTTPSPool(HTTPSConnectionPool):
        ConnectionCls = GatedHTTPS

    return {"http": HTTPPool, "https": HTTPSPool}
