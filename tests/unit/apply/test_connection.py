"""Requests as they go out and answers as they come in: who is trusted, who we are, what is no answer.

Matrix: a server whose CA is the kubeconfig's, another's, of a name that does not fit; tokens; answers that are no JSON;
a gate that shuts while the connection is made. Left out: everything that only an API server answers.
"""

from __future__ import annotations

import base64
import errno
import os
import socket
import threading
from pathlib import Path
from typing import Any

import pytest
import urllib3
import yaml

from sro_apply.cli.sync import command
from sro_apply.kube.access import CONNECTIONS, Access
from sro_apply.kube.client import Client
from sro_apply.kube.connection import Connection, Stream, connect
from sro_apply.kube.errors import LeaseLostError, PermanentError, TransientError


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def connected(tmp_path: Path, server: Any, ca: Path, **cluster: str) -> Connection:
    """Args: cluster: further fields; a file for the CA is read instead of what `ca` has now."""
    if "certificate-authority" not in cluster:
        cluster["certificate-authority-data"] = base64.b64encode(ca.read_bytes()).decode()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "x",
        "clusters": [
            {
                "name": "x",
                "cluster": {"server": f"https://127.0.0.1:{server.port}", **cluster},
            }
        ],
        "users": [{"name": "x", "user": {"token": "secret"}}],
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
    }
    file = tmp_path / "config"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    return connect(str(file), None)


@pytest.fixture
def server(serve: Any) -> Any:
    """Answers each path with a version."""
    made = serve()
    made.fallback = b'{"gitVersion": "v1.20.2"}'
    return made


def test_a_server_of_the_kubeconfig_s_ca_is_asked_with_the_user_s_token(
    server: Any, certificates: Any, tmp_path: Path
) -> None:
    client = Client(connected(tmp_path, server, certificates.ca))
    assert client.version() == "v1.20.2"
    ((path, headers),) = server.requests
    assert (path, headers["authorization"]) == ("/version", "Bearer secret")
    assert headers["user-agent"].startswith("sro-apply/")
    assert dict(client.counts) == {("GET", "200"): 1}


def test_another_name_of_the_server_is_checked_if_the_kubeconfig_has_one(
    server: Any, certificates: Any, tmp_path: Path
) -> None:
    fitting = connected(tmp_path, server, certificates.ca, **{"tls-server-name": "charts.example.test"})
    assert Client(fitting).version() == "v1.20.2"
    other = connected(tmp_path, server, certificates.ca, **{"tls-server-name": "other.example.test"})
    with pytest.raises(PermanentError) as refused:
        Client(other).version()
    assert refused.value.finding.code == "server-tls"


def test_a_server_of_another_ca_is_told_nothing(server: Any, tmp_path: Path) -> None:
    from certificates import make_certificates  # noqa: PLC0415 - takes a while to import

    (tmp_path / "other").mkdir()
    other = make_certificates(tmp_path / "other").ca
    with pytest.raises(PermanentError) as refused:
        Client(connected(tmp_path, server, other)).version()
    assert refused.value.finding.code == "server-tls"
    assert refused.value.finding.hint == "check the certificate authority of the kubeconfig"
    assert server.requests == []


@pytest.mark.parametrize("answer", [b"<html>", b'{"gitVersion": "\xff"}'], ids=["a page", "no UTF-8"])
def test_an_answer_that_is_no_json_is_none(
    server: Any, certificates: Any, tmp_path: Path, answer: bytes
) -> None:
    server.fallback = answer
    with pytest.raises(TransientError) as strange:
        Client(connected(tmp_path, server, certificates.ca)).version()
    assert strange.value.finding.message == "read the server's version: the answer is no JSON"


def kept_from(url: str) -> str:
    """What is said of a server that cannot be asked."""
    access = Access(host=url, pool=urllib3.PoolManager, user=lambda: "", namespace="default")
    with pytest.raises(TransientError) as caught:
        Client(Connection(access, gate=lambda: 60.0)).version()
    assert caught.value.finding.code == "server-unreachable"
    return caught.value.finding.message


def test_who_refuses_a_connection_is_named_and_no_class_of_a_library() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert kept_from(f"http://127.0.0.1:{port}") == (
        f"read the server's version: 127.0.0.1:{port}: Failed to establish a new connection: "
        f"[Errno {errno.ECONNREFUSED}] {os.strerror(errno.ECONNREFUSED)}"
    )


def test_a_connection_that_ends_without_an_answer_is_said_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)

        thread = threading.Thread(target=hang_up)
        thread.start()
        said = kept_from(f"http://127.0.0.1:{listener.getsockname()[1]}")
        thread.join()
    assert said == "read the server's version: Remote end closed connection without response"


def test_a_gate_that_shuts_while_the_connection_is_made_lets_nothing_through(
    server: Any, certificates: Any, tmp_path: Path
) -> None:
    asked: list[int] = []

    def gate() -> float:
        asked.append(1)
        if len(asked) > 1:  # the first time before the connection, the second when it is open
            raise LeaseLostError("b", "b has it", hint="")
        return 10.0

    client = Client(connected(tmp_path, server, certificates.ca)).behind(gate)
    with pytest.raises(LeaseLostError):
        client.version()
    assert len(asked) == 2
    assert server.requests == []


def test_a_refusal_whose_end_is_lost_is_a_broken_connection() -> None:
    class Cut:
        status, headers = 403, dict[str, str]()

        @property
        def data(self) -> bytes:
            raise urllib3.exceptions.ProtocolError("Connection broken")

    cut: Any = Cut()
    with pytest.raises(TransientError) as fault:
        Stream(cut, "watch Pod").read()
    assert fault.value.finding.message == "watch Pod: Connection broken"


def test_a_token_that_cannot_be_read_for_a_moment_is_asked_for_again() -> None:
    """As while a pod's token is renewed, or where a program that fetches one fails."""

    def user() -> str:
        raise FileNotFoundError("/var/run/secrets/token")

    access = Access(host="https://127.0.0.1:1", namespace="ops", pool=urllib3.PoolManager, user=user)
    with pytest.raises(TransientError) as fault:
        Client(Connection(access)).version()
    assert fault.value.finding.code == "server-credentials"
    assert fault.value.finding.message == (
        "read the server's version: the user's token cannot be read (FileNotFoundError)"
    )


def test_a_certificate_authority_that_was_renewed_is_read_again(
    server: Any, certificates: Any, tmp_path: Path
) -> None:
    from certificates import make_certificates  # noqa: PLC0415 - takes a while to import

    (tmp_path / "other").mkdir()
    trusted = [make_certificates(tmp_path / "other").ca]

    def pool() -> urllib3.PoolManager:
        return urllib3.PoolManager(ca_certs=str(trusted[-1]))

    access = Access(host=f"https://127.0.0.1:{server.port}", namespace="ops", pool=pool, user=str)
    client = Client(Connection(access)).behind(lambda: 10.0)
    with pytest.raises(PermanentError):
        client.version()
    trusted.append(certificates.ca)
    with pytest.raises(PermanentError):
        client.version()
    assert client.version() == "v1.20.2"


def test_as_many_connections_are_kept_as_requests_can_be_sent_at_once() -> None:
    (option,) = (each for each in command.params if each.name == "concurrency")
    most: Any = option.type
    assert most.max < CONNECTIONS


def test_a_file_for_the_certificate_authority_that_was_renewed_is_read_again(
    server: Any, certificates: Any, tmp_path: Path
) -> None:
    from certificates import make_certificates  # noqa: PLC0415 - takes a while to import

    (tmp_path / "other").mkdir()
    ca = tmp_path / "ca.pem"
    ca.write_bytes(make_certificates(tmp_path / "other").ca.read_bytes())
    client = Client(connected(tmp_path, server, ca, **{"certificate-authority": "ca.pem"}))
    with pytest.raises(PermanentError):
        client.version()
    ca.unlink()  # somebody is writing it anew
    with pytest.raises(PermanentError):
        client.version()
    ca.write_bytes(certificates.ca.read_bytes())
    with pytest.raises(PermanentError):
        client.version()
    assert client.version() == "v1.20.2"
