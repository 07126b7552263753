"""How servers are asked.

Matrix: certificates, redirects (other origin, there and back, to http, endless, hostile), who gets the
Authorization header, what is tried again and what is not, slow, cut, dripping and too large bodies, silence,
proxies, plain http, addresses that are none, messages without secrets. Left out: what is asked for, which
test_vendor.py and tests/helm/test_vendor.py decide.
"""

from __future__ import annotations

import base64
import contextlib
import gc
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sro_render.edges.web import Credentials, Patience, Web, is_loopback, origin_of, shown
from sro_render.errors import InputError, ServerError, SroError

SECRET = Credentials(username="ann", password="s3cret").basic()
FAST = Patience(attempts=3, first_pause_s=0.01, longest_pause_s=0.02, connect_s=2, silence_s=0.3, request_s=1)

Make = Callable[..., Web]


def reply(body: bytes = b"", **fields: Any) -> dict[str, Any]:
    """An answer that is more than a body: see `Reply` in tests/conftest.py."""
    return {"body": body, **fields}


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def web(certificates: Any, said: list[str]) -> Make:
    def make(**options: Any) -> Web:
        return Web(**{"patience": FAST, "say": said.append, "ca_file": str(certificates.ca), **options})

    return make


def message(error: pytest.ExceptionInfo[SroError], *servers: Any) -> str:
    """The whole text, with a number for each server instead of its port."""
    text = str(error.value)
    for number, server in enumerate(servers, 1):
        text = text.replace(f":{server.port}", f":PORT{number}")
    return text


def test_what_is_served_is_what_comes(serve: Any, web: Make) -> None:
    server = serve()
    server.answer("/a?b=c", b"\x1f\x8b body")
    answer = web().get(f"{server.url}/a?b=c", max_bytes=100, accept="text/x")
    assert (answer.status, answer.body, answer.url) == (200, b"\x1f\x8b body", f"{server.url}/a?b=c")
    headers = server.requests[0][1]
    assert (headers["accept"], headers["accept-encoding"]) == ("text/x", "identity")
    assert headers["user-agent"].startswith("sro-render/")
    assert "authorization" not in headers


def test_a_certificate_of_an_unknown_ca_is_refused_at_once(serve: Any, web: Make) -> None:
    server = serve()
    with pytest.raises(ServerError) as error:
        web(ca_file="").get(f"{server.url}/a", max_bytes=100)
    assert message(error, server) == (
        "error[server-certificate]: the certificate of 127.0.0.1:PORT1 cannot be verified: "
        "unable to get local issuer certificate\n"
        "  help: name the CA's certificates as caFile of the repository in the spec, or in SSL_CERT_FILE"
    )
    assert server.requests == []


def test_a_certificate_of_another_host_is_refused(serve: Any, web: Make) -> None:
    server = serve(host="127.0.0.2")
    with pytest.raises(
        ServerError, match=r"IP address mismatch, certificate is not valid for '127\.0\.0\.2'"
    ):
        web().get(f"https://127.0.0.2:{server.port}/a", max_bytes=100)


def test_an_origin_may_be_left_unverified_and_no_other_one(serve: Any, web: Make) -> None:
    server, other = serve(), serve()
    server.answer("/a", b"a")
    server.answer("/b", reply(status=302, headers=(("Location", f"{other.url}/a"),)))
    lenient = web(ca_file="", unverified=frozenset({origin_of(server.url)}))
    assert lenient.get(f"{server.url}/a", max_bytes=100).body == b"a"
    with pytest.raises(ServerError, match="server-certificate"):
        lenient.get(f"{server.url}/b", max_bytes=100)
    assert other.requests == []


def test_the_systems_certificates_can_be_named_in_the_environment(
    serve: Any, web: Make, certificates: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca))
    server = serve()
    server.answer("/a", b"a")
    assert web(ca_file="").get(f"{server.url}/a", max_bytes=100).body == b"a"


def test_a_ca_file_that_is_absent_or_holds_none_is_told(web: Make, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("not a certificate\n")
    with pytest.raises(InputError) as error:
        web(ca_file=str(tmp_path / "ca.pem"))
    assert str(error.value) == (
        f"error[ca-file]: {tmp_path}/ca.pem holds no certificates\n"
        "  --> spec.chart.repository.caFile\n"
        "  help: it is a file in PEM form: -----BEGIN CERTIFICATE-----"
    )
    with pytest.raises(InputError) as error:
        web(ca_file=str(tmp_path / "cb.pem"))
    assert str(error.value) == (
        f"error[ca-file]: {tmp_path}/cb.pem cannot be read: No such file or directory\n"
        "  --> spec.chart.repository.caFile\n"
        "  help: a path that is not absolute starts at the folder of the spec"
    )


def test_a_server_that_speaks_plain_http_on_an_https_address_is_told(serve: Any, web: Make) -> None:
    server = serve(tls=False)
    with pytest.raises(ServerError) as error:
        web().get(f"https://127.0.0.1:{server.port}/a", max_bytes=100)
    assert message(error, server) == (
        "error[server-tls]: 127.0.0.1:PORT1 does not speak TLS as it should\n"
        "  help: look at the port; for a registry on this machine without TLS, --plain-http"
    )


def test_credentials_go_to_their_origin_and_stay_there_over_redirects(serve: Any, web: Make) -> None:
    server = serve()
    server.answer("/a", reply(status=307, headers=(("Location", "b"),)))
    server.answer("/b", b"b")
    assert web().get(f"{server.url}/a", max_bytes=100, authorization=SECRET).body == b"b"
    assert [headers.get("authorization") for _, headers in server.requests] == [SECRET, SECRET]


@pytest.mark.parametrize("other_host", [True, False])
def test_credentials_never_reach_another_origin_and_do_not_come_back(
    serve: Any, web: Make, other_host: bool
) -> None:
    server, other = serve(), serve()
    there = server.other_url if other_host else other.url
    server.answer("/a", reply(status=302, headers=(("Location", f"{there}/b"),)))
    for each in (server, other):
        each.answer("/b", reply(status=301, headers=(("Location", f"{server.url}/c"),)))
    server.answer("/c", b"c")
    assert web().get(f"{server.url}/a", max_bytes=100, authorization=SECRET).body == b"c"
    seen = {path: headers.get("authorization") for path, headers in (*server.requests, *other.requests)}
    assert seen == {"/a": SECRET, "/b": None, "/c": None}


def test_no_redirect_leads_from_https_to_http_not_even_on_this_machine(serve: Any, web: Make) -> None:
    server, plain = serve(), serve(tls=False)
    server.answer("/a", reply(status=302, headers=(("Location", f"{plain.url}/b?token=x"),)))
    with pytest.raises(ServerError) as error:
        web(plain_http=True).get(f"{server.url}/a", max_bytes=100)
    assert message(error, server, plain) == (
        "error[server-redirects]: http://127.0.0.1:PORT2/b is not encrypted, and https led there\n"
        "  note: https://127.0.0.1:PORT1/a leads there\n"
        "  help: ask whoever runs that server"
    )
    assert plain.requests == []


def test_endless_redirects_end(serve: Any, web: Make) -> None:
    server = serve()
    server.answer("/a", reply(status=302, headers=(("Location", "/a"),)))
    with pytest.raises(ServerError) as error:
        web().get(f"{server.url}/a", max_bytes=100)
    assert message(error, server) == (
        "error[server-redirects]: https://127.0.0.1:PORT1/a leads through more than 10 redirects\n"
        "  help: look at the repository's URL, or ask whoever runs the server"
    )
    assert len(server.requests) == 11


@pytest.mark.parametrize(
    ("location", "shows"),
    [
        ("file:///etc/passwd", "'file:///etc/passwd' is not a URL"),
        ("ftp://h/a", "ftp://h/a is of a kind that is not fetched"),
        ("https://[", "'https://[' is not a URL"),
        ("https://user:pw@h\x01/a", "'https://h\\x01/a' is not a URL"),
        ("http://h/a", "http://h/a is not encrypted, and https led there"),
    ],
)
def test_a_redirect_to_what_is_not_asked_is_refused(serve: Any, web: Make, location: str, shows: str) -> None:
    server = serve()
    server.answer("/a", reply(status=302, headers=(("Location", location),)))
    with pytest.raises(ServerError) as error:
        web().get(f"{server.url}/a", max_bytes=100)
    assert error.value.finding.message == shows


def test_what_may_pass_is_tried_again_with_growing_pauses(serve: Any, web: Make, said: list[str]) -> None:
    server = serve()
    server.answer("/a", reply(status=500), reply(status=429, headers=(("Retry-After", "0"),)), b"a")
    assert web().get(f"{server.url}/a", max_bytes=100).body == b"a"
    assert [each.replace(f":{server.port}", "") for each in said] == [
        "GET https://127.0.0.1/a",
        "https://127.0.0.1/a: the server answers 500 Internal Server Error; trying again in 0.0 s",
        "GET https://127.0.0.1/a",
        "https://127.0.0.1/a: the server answers 429 Too Many Requests; trying again in 0.0 s",
        "GET https://127.0.0.1/a",
    ]


def test_a_long_retry_after_is_cut(serve: Any, web: Make) -> None:
    server = serve()
    server.answer("/a", reply(status=503, headers=(("Retry-After", "86400"),)), b"a")
    start = time.monotonic()
    assert web().get(f"{server.url}/a", max_bytes=100).body == b"a"
    assert time.monotonic() - start < 5


def test_what_does_not_pass_is_told_with_the_number_of_tries(serve: Any, web: Make) -> None:
    server = serve()
    server.answer("/a?token=s3cret", reply(status=503))
    with pytest.raises(ServerError) as error:
        web().get(f"{server.url}/a?token=s3cret", max_bytes=100)
    assert message(error, server) == (
        "error[server-unreachable]: https://127.0.0.1:PORT1/a cannot be fetched: the server answers "
        "503 Service Unavailable\n"
        "  note: tried 3 times\n"
        "  help: try again later; behind a proxy, set HTTPS_PROXY"
    )


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 501])
def test_an_answer_that_stays_is_not_asked_for_again(serve: Any, web: Make, status: int) -> None:
    server = serve()
    server.answer("/a", reply(b"for people", status=status))
    answer = web().get(f"{server.url}/a", max_bytes=100)
    assert (answer.status, answer.body, len(server.requests)) == (status, b"", 1)


def test_a_body_that_is_cut_is_fetched_again(serve: Any, web: Make) -> None:
    server = serve()
    server.answer("/a", reply(b"0123456789", cut=4), b"0123456789")
    assert web().get(f"{server.url}/a", max_bytes=100).body == b"0123456789"
    server.answer("/a", reply(b"0123456789", cut=4))
    with pytest.raises(ServerError, match="cannot be fetched: the connection breaks off"):
        web().get(f"{server.url}/a", max_bytes=100)


def test_a_body_is_taken_up_to_its_limit_and_no_further(serve: Any, web: Make) -> None:
    server = serve()
    server.answer("/a", bytes(5000))
    assert len(web().get(f"{server.url}/a", max_bytes=5000).body) == 5000
    with pytest.raises(ServerError) as error:
        web().get(f"{server.url}/a", max_bytes=4999)
    assert message(error, server) == (
        "error[server-too-much]: https://127.0.0.1:PORT1/a has more than 4,999 bytes\n"
        "  help: look at what is served there, or take more: `sro-render vendor --limit`"
    )


def test_a_server_that_drips_is_given_up(serve: Any, web: Make) -> None:
    server = serve()
    server.answer("/a", reply(bytes(200), drip_s=0.05))
    start = time.monotonic()
    with pytest.raises(ServerError) as error:
        web().get(f"{server.url}/a", max_bytes=1000)
    assert time.monotonic() - start < 4
    assert message(error, server) == (
        "error[server-slow]: https://127.0.0.1:PORT1/a is not through after 1 s\n"
        "  help: try again later, or look at the way to the server"
    )


def test_a_server_that_says_nothing_is_given_up(web: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(ServerError) as error:
        web(plain_http=True).get(f"http://127.0.0.1:{silent.getsockname()[1]}/a", max_bytes=100)
    assert error.value.finding.message.endswith("/a cannot be fetched: no answer in time")


def told(web: Web, url: str) -> str:
    """The message of the fault; the fault itself, with what hangs on it, is gone then."""
    try:
        web.get(url, max_bytes=100)
    except ServerError as error:
        return error.finding.message
    return ""


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
BREAKS = "cannot be fetched: the connection breaks off"
ODD = "cannot be fetched: the server does not speak HTTP as it should"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (CHUNKED + b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", b"hello world"),
        (CHUNKED + b"5\r\nhel", BREAKS),
        (CHUNKED + b"5\r\nhello\r\n", BREAKS),
        (CHUNKED + b"zz\r\nhello\r\n", BREAKS),
        (b"HTTP/1.0 200 OK\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b", b"\x1f\x8b"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", b"ok"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nhello", ODD),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", BREAKS),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", BREAKS),
        (b"SSH-2.0-OpenSSH\r\n", BREAKS),
        (b"", BREAKS),
    ],
)
def test_answers_of_every_form_are_taken_or_told(web: Make, answer: bytes, expected: bytes | str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as raw:

        def run() -> None:
            for _ in range(FAST.attempts):
                try:
                    client, _ = raw.accept()
                except OSError:
                    return
                with client, contextlib.suppress(OSError):  # a client may hang up before the end
                    client.recv(65_536)
                    client.sendall(answer)
                    client.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{raw.getsockname()[1]}/a"
        try:
            if isinstance(expected, bytes):
                assert web(plain_http=True).get(url, max_bytes=100).body == expected
            else:
                assert told(web(plain_http=True), url) == f"{url} {expected}"
        finally:
            raw.shutdown(socket.SHUT_RDWR)
            thread.join()
            if expected is ODD:
                # The library leaves the socket of such an answer to the collector: no warning, here and now.
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", ResourceWarning)
                    gc.collect()


def test_a_port_where_nobody_listens_is_told(web: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(ServerError) as error:
        web().get(f"https://127.0.0.1:{port}/a", max_bytes=100)
    assert str(error.value).replace(str(port), "PORT") == (
        "error[server-unreachable]: https://127.0.0.1:PORT/a cannot be fetched: 127.0.0.1:PORT: "
        "Connection refused\n"
        "  note: tried 3 times\n"
        "  help: try again later; behind a proxy, set HTTPS_PROXY"
    )


@pytest.mark.parametrize(
    ("url", "options", "shows", "hint"),
    [
        ("http://charts.example.com/a", {}, "http://charts.example.com/a is not encrypted", "use https://"),
        (
            "http://charts.example.com/a",
            {"plain_http": True},
            "http://charts.example.com/a is not encrypted",
            "use https://",
        ),
        (
            "http://localhost:1/a",
            {},
            "http://localhost:1/a is not encrypted",
            "use https://, or --plain-http on this machine",
        ),
        ("https:///a", {}, "'https:///a' is not a URL", "https://HOST[:PORT]/PATH"),
        ("https://h:99999/a", {}, "'https://h:99999/a' is not a URL", "https://HOST[:PORT]/PATH"),
        ("https://ann:s3cret@h h/a", {}, "'https://h h/a' is not a URL", "https://HOST[:PORT]/PATH"),
        ("https://h/a\r\nX: y", {}, "'https://h/a\\r\\nX: y' is not a URL", "https://HOST[:PORT]/PATH"),
    ],
)
def test_an_address_that_is_not_asked_is_told(
    web: Make, url: str, options: Any, shows: str, hint: str
) -> None:
    with pytest.raises(InputError) as error:
        web(**options).get(url, max_bytes=1)
    assert (error.value.finding.message, error.value.finding.hint) == (shows, hint)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("LOCALHOST", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
        ("10.0.0.1", False),
        ("0.0.0.0", False),
        ("2130706433", False),
    ],
)
def test_this_machine_is_known_by_its_name_or_address_alone(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://ann:s3cret@h:8/a?b=s3cret#s3cret", "https://h:8/a"),
        ("https://ann:s3cret@[/a?s3cret", "https://[/a"),
        ("https://ann:s3/cret@h/a", "https://ann:s3/cret@h/a"),
    ],
)
def test_messages_show_no_secret_of_a_url(url: str, expected: str) -> None:
    # The third one is no user by the standard: the host is `ann`, and the path holds the rest.
    assert shown(url) == expected


def test_credentials_do_not_show() -> None:
    assert "s3cret" not in repr(Credentials(username="ann", password="s3cret"))


class Proxy:
    """A proxy that opens a tunnel to one server, whatever it is asked for."""

    def __init__(self, port: int, answer: bytes = b"HTTP/1.1 200 OK\r\n\r\n") -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.target = port
        self.answer = answer
        self.seen: list[str] = []
        self.threads = [threading.Thread(target=self.accept, daemon=True)]
        self.threads[0].start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.socket.getsockname()[1]}"

    def accept(self) -> None:
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            with client:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += client.recv(4096)
                self.seen.append(head.decode())
                client.sendall(self.answer)
                if b" 200 " not in self.answer:
                    continue
                with socket.create_connection(("127.0.0.1", self.target)) as server:
                    client.settimeout(5)
                    server.settimeout(5)
                    back = threading.Thread(target=self.copy, args=(server, client), daemon=True)
                    back.start()
                    self.copy(client, server)
                    back.join()

    @staticmethod
    def copy(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65_536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.threads[0].join()


@pytest.fixture
def proxies() -> Iterator[Callable[..., Proxy]]:
    made: list[Proxy] = []

    def start(*arguments: Any, **options: Any) -> Proxy:
        made.append(Proxy(*arguments, **options))
        return made[-1]

    yield start
    for proxy in made:
        proxy.close()


def test_a_proxy_of_the_environment_is_used_with_its_credentials(
    serve: Any, web: Make, proxies: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve()
    server.answer("/a", b"a")
    proxy = proxies(server.port)
    monkeypatch.setenv("HTTPS_PROXY", f"http://pam:pr0xy@{proxy.address}")
    answer = web().get("https://charts.example.test/a", max_bytes=100, authorization=SECRET)
    assert answer.body == b"a"
    assert proxy.seen[0].startswith("CONNECT charts.example.test:443 HTTP/1")
    assert base64.b64encode(b"pam:pr0xy").decode() in proxy.seen[0]
    assert SECRET not in proxy.seen[0]
    assert "proxy-authorization" not in server.requests[0][1]


def test_a_proxy_that_refuses_is_told_without_its_password(
    web: Make, proxies: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = proxies(0, answer=b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
    monkeypatch.setenv("HTTPS_PROXY", f"http://pam:pr0xy@{proxy.address}")
    with pytest.raises(ServerError) as error:
        web().get("https://charts.example.test/a", max_bytes=100)
    assert str(error.value).replace(proxy.address, "PROXY") == (
        "error[server-unreachable]: https://charts.example.test/a cannot be fetched: the proxy http://PROXY "
        "does not help: it answers 407\n"
        "  note: tried 3 times\n"
        "  help: try again later; behind a proxy, set HTTPS_PROXY"
    )


def test_this_machine_is_reached_without_a_proxy(
    serve: Any, web: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    for server in (serve(), serve(tls=False)):
        server.answer("/a", b"a")
        assert web(plain_http=True).get(f"{server.url}/a", max_bytes=100).body == b"a"


def test_a_proxy_of_an_unknown_kind_is_told(web: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://pam:pr0xy@127.0.0.1:1")
    with pytest.raises(InputError) as error:
        web().get("https://charts.example.test/a", max_bytes=100)
    assert str(error.value) == (
        "error[proxy]: the proxy 'socks5://127.0.0.1:1' in the environment cannot be used\n"
        "  help: HTTPS_PROXY is http://[USER:PASSWORD@]HOST:PORT, or https://…"
    )
