"""Reads the kubeconfigs that most people have: one file, a CA, and a token or a certificate.

The official client takes longer to import than a small sync takes, so these are read here. Whatever is not
exactly this (programs that fetch tokens, other ways to log in, several files, proxies, no check of the
server, mistakes) is left to it, in whose words mistakes are told, too.
Source: kubernetes client-go tools/clientcmd/api/v1/types.go; the official client's kube_config.py.
"""

from __future__ import annotations

import base64
import os
import ssl
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import urllib3
from msgspec import Struct
from urllib3.util.ssl_ import create_urllib3_context

from sro_apply.kube.access import CONNECTIONS, Access
from sro_render.errors import SroError
from sro_render.limits import Limits
from sro_render.model.objects import JsonObject, JsonValue, mapping_of, text_of
from sro_render.yamltext.canonical import read_written

_CLUSTER = frozenset(
    {"server", "certificate-authority", "certificate-authority-data", "tls-server-name", "extensions"}
)
_USER = frozenset(
    {"token", "client-certificate", "client-certificate-data", "client-key", "client-key-data", "extensions"}
)
_MISTAKES = (OSError, ValueError, SroError, ExceptionGroup)
"""What comes of a kubeconfig that cannot be read."""
_PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy"})


class Plain(Struct, frozen=True, kw_only=True):
    """What such a kubeconfig says. ca, certificate, key: PEM; empty where there is none."""

    server: str
    namespace: str
    server_name: str = ""
    token: str = ""
    ca: bytes = b""
    certificate: bytes = b""
    key: bytes = b""


def plain_access(kubeconfig: str | None, context: str | None) -> Access | None:
    """Access as a kubeconfig says; None where the official client must see to it."""
    name = _names(kubeconfig)
    if os.pathsep in name or any(each.lower() in _PROXIES for each in os.environ):
        return None
    path = _expanded(name)
    try:
        plain = read_plain(path.read_text(encoding="utf-8"), path.parent, context)
        if plain is None:
            return None
        tls = _tls(plain)
    except _MISTAKES:
        return None

    def newest() -> ssl.SSLContext:
        """With the certificates of now, for they are renewed; those of before where they cannot be read."""
        with suppress(*_MISTAKES):
            now = read_plain(path.read_text(encoding="utf-8"), path.parent, context)
            if now is not None and now != plain:
                return _tls(now)
        return tls

    more: dict[str, Any] = {"server_hostname": plain.server_name} if plain.server_name else {}
    return Access(
        host=plain.server,
        namespace=plain.namespace,
        pool=lambda: urllib3.PoolManager(maxsize=CONNECTIONS, ssl_context=newest(), **more),
        user=lambda: f"Bearer {plain.token}" if plain.token else "",
    )


def missing_files(kubeconfig: str | None) -> list[str]:
    """The kubeconfigs that are looked for, where not one of them is there."""
    names = [name for name in _names(kubeconfig).split(os.pathsep) if name]
    return [] if any(_expanded(name).exists() for name in names) else names


def _expanded(name: str) -> Path:
    """A `~` stays as it is where nobody knows a home, as of users that only a container knows."""
    return Path(os.path.expanduser(name))  # noqa: PTH111 - Path raises then


def _names(kubeconfig: str | None) -> str:
    return kubeconfig or os.environ.get("KUBECONFIG", "") or "~/.kube/config"


def read_plain(text: str, folder: Path, context: str | None) -> Plain | None:
    """A kubeconfig. Args: folder: where relative paths start; context: the current one where None.

    Raises: OSError, ValueError, SroError: it or a file that it names cannot be read.
    """
    config = mapping_of(read_written(text.encode(), "kubeconfig", Limits()))
    chosen = _named(config, "contexts", context or text_of(config.get("current-context")), "context")
    cluster = _named(config, "clusters", text_of(chosen.get("cluster")), "cluster")
    user = _named(config, "users", text_of(chosen.get("user")), "user")
    server = text_of(cluster.get("server")).rstrip("/")
    if not server.startswith("https://") or not user:
        return None
    if not (cluster.keys() <= _CLUSTER and user.keys() <= _USER):
        return None
    return Plain(
        server=server,
        namespace=text_of(chosen.get("namespace")) or "default",
        server_name=text_of(cluster.get("tls-server-name")),
        token=text_of(user.get("token")),
        ca=_pem(cluster, "certificate-authority", folder),
        certificate=_pem(user, "client-certificate", folder),
        key=_pem(user, "client-key", folder),
    )


def _named(config: JsonObject, key: str, name: str, inner: str) -> JsonObject:
    """The one of this name; an empty one where there is none, or where it is not the only one."""
    found = [each for each in _mappings(config.get(key)) if each.get("name") == name]
    return mapping_of(found[0].get(inner)) if len(found) == 1 else {}


def _mappings(value: JsonValue) -> Iterable[JsonObject]:
    return map(mapping_of, value) if isinstance(value, list) else ()


def _pem(fields: JsonObject, key: str, folder: Path) -> bytes:
    """What a field has in it, else what the file has that it names."""
    data, name = text_of(fields.get(f"{key}-data")), text_of(fields.get(key))
    if data:
        return base64.b64decode("".join(data.split()), validate=True)
    return (folder / name).read_bytes() if name else b""


def _tls(plain: Plain) -> ssl.SSLContext:
    """Checks servers as Go does: a CA that lacks what newer standards ask for is one all the same."""
    made: ssl.SSLContext = create_urllib3_context()
    made.verify_flags = (made.verify_flags | ssl.VERIFY_X509_PARTIAL_CHAIN) & ~ssl.VERIFY_X509_STRICT
    if plain.ca:
        made.load_verify_locations(cadata=plain.ca.decode("ascii"))
    else:
        made.load_default_certs()
    if plain.certificate:
        # There is no other way in than through a file.
        with TemporaryDirectory(prefix="sro-apply-") as name:
            file = Path(name, "user.pem")
            file.touch(mode=0o600)
            file.write_bytes(plain.certificate + b"\n" + plain.key)
            made.load_cert_chain(file)
    return made
