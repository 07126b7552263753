"""Which kubeconfigs are read here, and that they mean what they mean to the official client, the judge.

Matrix: each field that is read; each sort of what is left to the official client; paths; contexts. Left out: whether a
server is spoken to well with what was read, for which tests/cluster has one, and what the official client makes
of what is left to it.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from sro_apply.kube.kubeconfig import Plain, plain_access, read_plain
from sro_apply.kube.official import official_access

CA, CERTIFICATE, KEY = b"the CA\n", b"the certificate\n", b"the key\n"


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def config(cluster: Mapping[str, Any], user: Mapping[str, Any], **context: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "preferences": {},
        "clusters": [{"name": "c", "cluster": {"server": "https://example.test:6443", **cluster}}],
        "users": [{"name": "u", "user": user}, {"name": "v", "user": {"token": "of-v"}}],
        "contexts": [
            {"name": "here", "context": {"cluster": "c", "user": "u", **context}},
            {"name": "there", "context": {"cluster": "c", "user": "v", "namespace": "far"}},
        ],
    }


def read(given: Any, folder: Path, context: str | None = None) -> Plain | None:
    return read_plain(yaml.safe_dump(given), folder, context)


PLAIN = {
    "token": config({}, {"token": "t"}),
    "namespace": config({}, {"token": "t"}, namespace="ops"),
    "CA": config({"certificate-authority-data": encoded(CA)}, {"token": "t"}),
    "CA in a file": config({"certificate-authority": "ca.pem"}, {"token": "t"}),
    "certificate": config(
        {}, {"client-certificate-data": encoded(CERTIFICATE), "client-key-data": encoded(KEY)}
    ),
    "certificate in files": config({}, {"client-certificate": "user.pem", "client-key": "keys/user.key"}),
    "data before a file": config(
        {"certificate-authority-data": encoded(CA), "certificate-authority": "/nowhere"}, {"token": "t"}
    ),
    "server name": config({"tls-server-name": "other.test"}, {"token": "t"}),
    "trailing slash": config({"server": "https://example.test/base/"}, {"token": "t"}),
    "extensions": config({"extensions": [{"name": "e", "extension": {}}]}, {"token": "t"}),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ca.pem").write_bytes(CA)
    (tmp_path / "user.pem").write_bytes(CERTIFICATE)
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "user.key").write_bytes(KEY)
    return tmp_path


@pytest.mark.parametrize("context", [None, "there"])
@pytest.mark.parametrize("given", PLAIN.values(), ids=PLAIN)
def test_it_means_what_it_means_to_the_official_client(
    folder: Path, given: Any, context: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = folder / "config"
    file.write_text(yaml.safe_dump(given), encoding="utf-8")
    asked: list[Any] = []
    # Its settings, without making use of them: what stands in for certificates here is none.
    monkeypatch.setattr("sro_apply.kube.official.RESTClientObject", asked.append)

    plain = read(given, folder, context)
    official = official_access(str(file), context)
    with pytest.raises(AttributeError):
        official.pool()

    assert plain is not None
    (settings,) = asked
    assert plain.server == official.host
    assert plain.namespace == official.namespace
    assert (f"Bearer {plain.token}" if plain.token else "") == official.user()
    for mine, theirs in (
        (plain.ca, settings.ssl_ca_cert),
        (plain.certificate, settings.cert_file),
        (plain.key, settings.key_file),
    ):
        assert mine == (Path(theirs).read_bytes() if theirs else b"")
    assert plain.server_name == (settings.tls_server_name or "")
    assert settings.verify_ssl


@pytest.mark.parametrize(
    "given",
    [
        config({}, {"exec": {"command": "aws", "apiVersion": "client.authentication.k8s.io/v1"}}),
        config({}, {"auth-provider": {"name": "oidc"}}),
        config({}, {"username": "u", "password": "p"}),
        config({}, {"tokenFile": "t"}),
        config({}, {"token": "t", "as": "other"}),
        config({"insecure-skip-tls-verify": True}, {"token": "t"}),
        config({"proxy-url": "http://proxy.test"}, {"token": "t"}),
        config({"server": "http://example.test"}, {"token": "t"}),
        config({}, {}),
        {**config({}, {"token": "t"}), "current-context": "other"},
        {**config({}, {"token": "t"}), "users": [{"name": "u", "user": {"token": "t"}}] * 2},
        {**config({}, {"token": "t"}), "clusters": 7},
        [1, 2],
    ],
)
def test_what_takes_more_than_reading_is_left_to_the_official_client(tmp_path: Path, given: Any) -> None:
    assert read(given, tmp_path) is None


@pytest.mark.parametrize(
    "text",
    [
        "a: b: c",
        yaml.safe_dump(config({"certificate-authority": "missing.pem"}, {"token": "t"})),
        yaml.safe_dump(config({"certificate-authority-data": "%"}, {"token": "t"})),
        yaml.safe_dump(config({"certificate-authority-data": encoded(b"no PEM")}, {"token": "t"})),
    ],
)
def test_mistakes_are_left_to_it_too(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    file = tmp_path / "config"
    file.write_text(text, encoding="utf-8")
    assert plain_access(str(file), None) is None
    assert plain_access(str(tmp_path / "missing"), None) is None


def test_several_files_and_proxies_are_left_to_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    file = folder / "config"
    file.write_text(yaml.safe_dump(config({}, {"token": "t"}, namespace="ops")), encoding="utf-8")
    monkeypatch.setenv("KUBECONFIG", str(file))
    access = plain_access(None, None)
    assert access is not None
    assert (access.host, access.namespace, access.user()) == ("https://example.test:6443", "ops", "Bearer t")

    monkeypatch.setenv("KUBECONFIG", f"{file}:{file}")
    assert plain_access(None, None) is None
    monkeypatch.setenv("KUBECONFIG", str(file))
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test")
    assert plain_access(None, None) is None
