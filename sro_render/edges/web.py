"""GET over HTTPS, with all that a stranger's server may do to us bounded: the only door to the network.

Decides who is spoken to, how long, how much is taken, and what is tried again. The rules:

- https with verified certificates. Plain http only to a loopback address, and only when the user asked
  for it. A redirect or a token's realm never leads from https to http.
- An `Authorization` header goes to the origin (scheme, host, port) for which the caller gives it. It is
  left out from the first redirect to another origin on, even if a later one leads back.
- A repository's own CA file is trusted beside the system's, for its server and for whom that names.
  Certificates are left unverified only at the origins that the caller lists.
- Bodies are taken as they come, without decompression, up to a size; a request has a limit for
  connecting, for silence, and for its body. (Headers are bounded in size and in silence alone.)
- What may pass is tried again with growing pauses: no connection, broken and cut answers, 429 and 5xx.
  A `Retry-After` is honoured up to a limit. A certificate that does not fit, a 4xx or a wrong content
  stays wrong.
- Proxies come from the environment (HTTPS_PROXY, NO_PROXY); loopback is always reached directly.
- Messages show a URL without user, password, query and fragment.
"""

from __future__ import annotations

import ipaddress
import re
import ssl
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import NoReturn
from urllib.parse import SplitResult, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from msgspec import Struct
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    IncompleteRead,
    InsecureRequestWarning,
    InvalidHeader,
    LocationValueError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

from sro_render.errors import InputError, ServerError
from sro_render.version import __version__

_MAX_REDIRECTS = 10
"""As many as Go's client follows, which Helm uses."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})
_CHUNK_BYTES = 65_536
_DEFAULT_PORTS = {"https": 443, "http": 80}
_HOST = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]")

Origin = tuple[str, str, int]
"""Scheme, host in small letters, port."""


class Patience(Struct, frozen=True, kw_only=True):
    """How long a server is waited for, in seconds, and how often it is asked."""

    attempts: int = 4
    first_pause_s: float = 0.5
    longest_pause_s: float = 30.0
    connect_s: float = 10.0
    silence_s: float = 30.0
    request_s: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A user's name and password; neither shows in `repr`."""

    username: str = field(repr=False)
    password: str = field(repr=False)

    def basic(self) -> str:
        """The `Authorization` header that carries them."""
        pair = f"{self.username}:{self.password}".encode()
        return f"Basic {b64encode(pair).decode('ascii')}"


class Answer(Struct, frozen=True, kw_only=True):
    """What a server said in the end. url: who said it, after redirects. Names of headers in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str

    def expect_success(self, what: str) -> Answer:
        """The answer, if it is a success.

        Raises: ServerError `server-refused`. `what` is the URL that was asked for, as it is shown.
        """
        if 200 <= self.status < 300:
            return self
        phrase = _phrase(self.status)
        asked = shown(self.url)
        raise ServerError(
            "server-refused",
            f"{what}: the server answers {self.status}{phrase and ' '}{phrase}",
            notes=() if asked == what else (f"asked at {asked}",),
            hint=_ADVICE.get(self.status, "look at the address, or ask whoever runs the server"),
        )


_WHO = (
    "give credentials: username and password of the repository in the spec, SRO_RENDER_HOST, "
    "SRO_RENDER_USERNAME and SRO_RENDER_PASSWORD, or for oci:// `docker login`"
)
_ADVICE = {
    401: _WHO,
    403: _WHO,
    404: "look at the repository's URL: what is asked for is not there",
}


class _Passing(Exception):  # noqa: N818 - not a fault yet: it is tried again
    """A fault that may pass; the text says why, for people."""

    def __init__(self, why: str, pause_s: float | None = None) -> None:
        super().__init__(why)
        self.pause_s = pause_s


class Web:
    """Asks servers. One for each repository: it knows whom that trusts."""

    def __init__(
        self,
        *,
        patience: Patience,
        say: Callable[[str], None],
        ca_file: str = "",
        unverified: frozenset[Origin] = frozenset(),
        plain_http: bool = False,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args:   say: is told what is asked for and tried again.
        Raises: InputError `ca-file`: it cannot be read or holds no certificate.
        """
        self._patience = patience
        self._unverified = unverified
        self._plain_http = plain_http
        self._say = say
        self._verified = ssl.create_default_context()
        if ca_file:
            _trust(self._verified, ca_file)
        self._pools: dict[tuple[str, bool], urllib3.PoolManager] = {}

    def get(
        self, url: str, *, max_bytes: int, accept: str = "", authorization: str = "", came_from: str = ""
    ) -> Answer:
        """Ask for a URL until there is an answer that stays, and follow redirects.

        Args:   authorization: a header for the URL's own origin. came_from: the URL that led here.
        Returns: any answer but those that are tried again; the caller looks at its status.
        Raises: ServerError, InputError: the URL is not one that is asked.
        """
        self.check(url, came_from=came_from)
        headers = {"User-Agent": f"sro-render/{__version__}", "Accept-Encoding": "identity"}
        if accept:
            headers["Accept"] = accept
        pause_s = self._patience.first_pause_s
        for attempt in range(1, self._patience.attempts + 1):
            self._say(f"GET {shown(url)}")
            try:
                return self._follow(url, headers, authorization, max_bytes)
            except _Passing as fault:
                if attempt == self._patience.attempts:
                    raise ServerError(
                        "server-unreachable",
                        f"{shown(url)} cannot be fetched: {fault}",
                        notes=(f"tried {attempt} times",),
                        hint="try again later; behind a proxy, set HTTPS_PROXY",
                    ) from fault
                wait_s = min(fault.pause_s or pause_s, self._patience.longest_pause_s)
                self._say(f"{shown(url)}: {fault}; trying again in {wait_s:.1f} s")
            time.sleep(wait_s)
            pause_s *= 2
        raise AssertionError("unreachable")

    def check(self, url: str, *, came_from: str = "") -> None:
        """Raise InputError or ServerError if this is not a URL that is asked, or not from where it comes."""
        parts = _split(url)
        if parts is None:
            _refuse(f"{shown(url)!r} is not a URL", came_from, "https://HOST[:PORT]/PATH")
        if parts.scheme not in _DEFAULT_PORTS:
            _refuse(f"{shown(url)} is of a kind that is not fetched", came_from, "use https://")
        if parts.scheme == "https":
            return
        if came_from.startswith("https:"):
            _refuse(f"{shown(url)} is not encrypted, and https led there", came_from, "")
        if not is_loopback(parts.hostname or ""):
            _refuse(f"{shown(url)} is not encrypted", came_from, "use https://")
        if not self._plain_http:
            _refuse(
                f"{shown(url)} is not encrypted", came_from, "use https://, or --plain-http on this machine"
            )

    def _follow(self, url: str, headers: Mapping[str, str], authorization: str, max_bytes: int) -> Answer:
        end = time.monotonic() + self._patience.request_s
        start = url
        for _ in range(_MAX_REDIRECTS + 1):
            secret = {"Authorization": authorization} if authorization else {}
            answer = self._ask(url, {**headers, **secret}, max_bytes, end)
            location = answer.headers.get("location", "")
            if answer.status not in _REDIRECTS or not location:
                return answer
            target = join(url, location)
            self.check(target, came_from=url)
            if origin_of(target) != origin_of(url):
                authorization = ""
            url = target
        raise ServerError(
            "server-redirects",
            f"{shown(start)} leads through more than {_MAX_REDIRECTS} redirects",
            hint="look at the repository's URL, or ask whoever runs the server",
        )

    def _ask(self, url: str, headers: Mapping[str, str], max_bytes: int, end: float) -> Answer:
        pool, where = self._pool(url)
        try:
            response = pool.request(
                "GET",
                # The user's name and password travel in the header alone.
                _without_user(url),
                headers=dict(headers),
                redirect=False,
                retries=False,
                preload_content=False,
                decode_content=False,
            )
            try:
                names = {name.lower(): value for name, value in response.headers.items()}
                if response.status in _TRANSIENT:
                    phrase = _phrase(response.status)
                    why = f"the server answers {response.status}{phrase and ' '}{phrase}"
                    raise _Passing(why, self._pause(names))
                is_success = response.status < 300
                body = self._take(response, url, max_bytes, end) if is_success else b""
            finally:
                # What was not read would be taken for the next answer.
                response.close()
        except HTTPError as fault:
            _tell(fault, url, where)
        return Answer(status=response.status, headers=names, body=body, url=url)

    def _take(self, response: urllib3.BaseHTTPResponse, url: str, max_bytes: int, end: float) -> bytes:
        body = bytearray()
        # One read of the socket at a time, so that a server that drips is seen.
        while chunk := response.read1(_CHUNK_BYTES, decode_content=False):
            body += chunk
            if len(body) > max_bytes:
                raise ServerError(
                    "server-too-much",
                    f"{shown(url)} has more than {max_bytes:,} bytes",
                    hint="look at what is served there, or take more: `sro-render vendor --limit`",
                )
            if time.monotonic() > end:
                raise ServerError(
                    "server-slow",
                    f"{shown(url)} is not through after {self._patience.request_s:g} s",
                    hint="try again later, or look at the way to the server",
                )
        return bytes(body)

    def _pause(self, headers: Mapping[str, str]) -> float | None:
        try:
            return urllib3.Retry().parse_retry_after(headers["retry-after"])
        except (KeyError, InvalidHeader):
            return None

    def _pool(self, url: str) -> tuple[urllib3.PoolManager, str]:
        """The pool for a URL, and the proxy that it uses, as it is shown."""
        proxy = _proxy_for(url)
        is_verified = origin_of(url) not in self._unverified
        pool = self._pools.get((proxy, is_verified))
        if pool is None:
            pool = self._pools[proxy, is_verified] = self._new_pool(proxy, is_verified=is_verified)
        return pool, shown(proxy) if proxy else ""

    def _new_pool(self, proxy: str, *, is_verified: bool) -> urllib3.PoolManager:
        if not is_verified:
            urllib3.disable_warnings(InsecureRequestWarning)  # the caller says so in words of ours
        context = self._verified if is_verified else _unverified_context()
        timeout = urllib3.Timeout(connect=self._patience.connect_s, read=self._patience.silence_s)
        if not proxy:
            return urllib3.PoolManager(ssl_context=context, timeout=timeout)
        parts = urlsplit(proxy)
        user = f"{parts.username}:{parts.password or ''}" if parts.username else None
        return urllib3.ProxyManager(
            _without_user(proxy),
            ssl_context=context,
            timeout=timeout,
            proxy_headers=urllib3.make_headers(proxy_basic_auth=user) if user else None,
        )


def is_url(text: str) -> bool:
    """Whether a text is a URL with a host, whatever its scheme."""
    return _split(text) is not None


def join(base: str, reference: str) -> str:
    """A reference relative to a URL; as it is where it is none, to be refused by `Web.check`."""
    try:
        return urljoin(base, reference)
    except ValueError:
        return reference


def origin_of(url: str) -> Origin:
    """The origin of a URL that was checked."""
    parts = urlsplit(url)
    return (parts.scheme, (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS.get(parts.scheme, 0))


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its name or address alone; no name is looked up."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def shown(url: str) -> str:
    """A URL for messages: no user, password, query and fragment, and not without end."""
    parts = urlsplit(re.split(r"[?#]", url, maxsplit=1)[0]) if _split(url) else None
    if parts is None:
        return re.sub(r"//[^/]*@", "//", re.split(r"[?#]", url, maxsplit=1)[0])[:200]
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"[:200]


def _split(url: str) -> SplitResult | None:
    """The parts of a URL; None where it has no usable host or port, or characters that URLs do not have."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        _ = parts.port
    except ValueError:
        return None
    name = host if host.endswith("]") else host.rpartition(":")[0] if ":" in host else host
    if not _HOST.fullmatch(name) or not url.isprintable() or " " in url or "\\" in url:
        return None
    return parts


def _without_user(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _phrase(status: int) -> str:
    """What a status is called: the standard's words, not the server's."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _refuse(what: str, came_from: str, hint: str) -> NoReturn:
    if came_from:
        raise ServerError(
            "server-redirects",
            what,
            notes=(f"{shown(came_from)} leads there",),
            hint="ask whoever runs that server",
        )
    raise InputError("repository-url", what, path="spec.chart.repository.url", hint=hint)


def _tell(fault: HTTPError, url: str, proxy: str) -> NoReturn:
    """Raise what a library's error means for us: its own text may hold addresses and headers."""
    host = urlsplit(url).netloc.rpartition("@")[2]
    if isinstance(fault, ProxyError):
        tunnel = re.search(r"Tunnel connection failed: (\d{3})", str(fault.original_error))
        why = f"it answers {tunnel[1]}" if tunnel else "it cannot be reached"
        raise _Passing(f"the proxy {proxy} does not help: {why}") from fault
    if isinstance(fault, SSLError):
        _tell_tls(fault, host)
    if isinstance(fault, NameResolutionError):
        raise _Passing(f"the name {urlsplit(url).hostname} is not known") from fault
    if isinstance(fault, NewConnectionError):
        cause = fault.__cause__
        why = cause.strerror if isinstance(cause, OSError) and cause.strerror else "no connection"
        raise _Passing(f"{host}: {why}") from fault
    if isinstance(fault, ConnectTimeoutError | ReadTimeoutError):
        raise _Passing("no answer in time") from fault
    if isinstance(fault, IncompleteRead | ProtocolError):
        raise _Passing("the connection breaks off") from fault
    if isinstance(fault, LocationValueError):
        raise InputError("repository-url", f"{shown(url)!r} is not a URL", hint="https://HOST[:PORT]/PATH")
    raise ServerError(
        "server-unreachable",
        f"{shown(url)} cannot be fetched: the server does not speak HTTP as it should",
        hint="look at the repository's URL, or ask whoever runs the server",
    ) from fault


def _tell_tls(fault: SSLError, host: str) -> NoReturn:
    cause = fault.args[0] if fault.args else None
    if isinstance(cause, ssl.SSLCertVerificationError):
        raise ServerError(
            "server-certificate",
            f"the certificate of {host} cannot be verified: {cause.verify_message}",
            hint="name the CA's certificates as caFile of the repository in the spec, or in SSL_CERT_FILE",
        ) from fault
    if isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        raise _Passing("the connection breaks off") from fault
    raise ServerError(
        "server-tls",
        f"{host} does not speak TLS as it should",
        hint="look at the port; for a registry on this machine without TLS, --plain-http",
    ) from fault


def _trust(context: ssl.SSLContext, ca_file: str) -> None:
    try:
        context.load_verify_locations(cafile=ca_file)
    except ssl.SSLError as error:
        raise InputError(
            "ca-file",
            f"{ca_file} holds no certificates",
            path="spec.chart.repository.caFile",
            hint="it is a file in PEM form: -----BEGIN CERTIFICATE-----",
        ) from error
    except OSError as error:
        raise InputError(
            "ca-file",
            f"{ca_file} cannot be read: {error.strerror}",
            path="spec.chart.repository.caFile",
            hint="a path that is not absolute starts at the folder of the spec",
        ) from error


def _unverified_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _proxy_for(url: str) -> str:
    """The proxy's URL for a URL, by the environment; empty for none.

    Raises: InputError `proxy`: it is of a kind that is not spoken.
    """
    parts = urlsplit(url)
    if is_loopback(parts.hostname or "") or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return ""
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all") or ""
    if not proxy:
        return ""
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if _split(proxy) is None or urlsplit(proxy).scheme not in _DEFAULT_PORTS:
        raise InputError(
            "proxy",
            f"the proxy {shown(proxy)!r} in the environment cannot be used",
            hint="HTTPS_PROXY is http://[USER:PASSWORD@]HOST:PORT, or https://…",
        )
    return proxy
