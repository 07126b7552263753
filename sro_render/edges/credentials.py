"""Who we say we are to a server: from the spec, the environment, and what Docker keeps.

Decides for which host credentials are meant; whom they are sent to is decided in `web` and
`oci_registry`. In this order:

1. `username` and `password` of the repository in the spec, or those in its URL: for its host.
2. SRO_RENDER_USERNAME and SRO_RENDER_PASSWORD, for the one host that SRO_RENDER_HOST names: as
   `HOST` or `HOST:PORT`, exactly as in the URL.
3. For registries what Docker has: DOCKER_AUTH_CONFIG (the text of a config.json), else config.json in
   DOCKER_CONFIG or ~/.docker. There `credHelpers` come before `credsStore`, and that before `auths`.

No message, lock or log shows any of them, nor a line of a file that holds them.
Source: https://docs.docker.com/reference/cli/docker/login/ and docker-credential-helpers.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit

from sro_render.edges.web import Credentials, is_url
from sro_render.errors import InputError
from sro_render.limits import Limits
from sro_render.model.objects import JsonValue, mapping_of, text_of
from sro_render.model.specialresource import SpecialResource
from sro_render.yamltext.reader import read_stream

_ENVIRONMENT = ("SRO_RENDER_HOST", "SRO_RENDER_USERNAME", "SRO_RENDER_PASSWORD")
_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_HELPER_S = 30
_MAX_CONFIG_BYTES = 2**20
_TOKEN_USER = "<token>"  # noqa: S105 - how helpers mark an identity token
_DOCKER_HUB = ("docker.io", "index.docker.io", "registry-1.docker.io")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a spec says about reaching a repository. url: as written, with all that is in it."""

    url: str = field(repr=False)
    credentials: Credentials | None = None
    ca_file: str = ""
    is_unverified: bool = False


def access_of(resource: SpecialResource, dependency: int | None, limits: Limits) -> Access:
    """What the spec says about a chart's repository, read anew: an SR itself holds no credentials.

    Args:   dependency: the index among the SR's dependencies, None for its own chart.
    Raises: InputError `client-certificate`: it wants one to be offered.
    """
    if resource.source is None:
        return Access(url="")
    node: JsonValue = read_stream(resource.source, limits)[resource.document].value
    inside = ("spec",) if dependency is None else ("spec", "dependencies", dependency)
    for step in (*resource.prefix, *inside, "chart", "repository"):
        node = node[step] if isinstance(node, list) and isinstance(step, int) else mapping_of(node)[str(step)]
    repository = mapping_of(node)
    url = text_of(repository.get("url"))
    if repository.get("certFile") or repository.get("keyFile"):
        raise InputError(
            "client-certificate",
            "client certificates are not offered to a repository",
            path="spec.chart.repository",
            hint="fetch the chart with `helm pull` into the charts folder, and name it by file://",
        )
    return Access(
        url=url,
        credentials=_spec_credentials(repository, url),
        ca_file=_path_beside(text_of(repository.get("caFile")), resource.source.name),
        is_unverified=repository.get("insecure_skip_tls_verify") is True,
    )


def _spec_credentials(repository: Mapping[str, JsonValue], url: str) -> Credentials | None:
    username, password = text_of(repository.get("username")), text_of(repository.get("password"))
    if username or password:
        return Credentials(username=username, password=password)
    if not is_url(url):
        return None
    parts = urlsplit(url)
    if parts.username or parts.password:
        return Credentials(username=unquote(parts.username or ""), password=unquote(parts.password or ""))
    return None


def _path_beside(path: str, spec: str) -> str:
    """A path in a spec, which starts at the spec's folder."""
    return str(Path(spec).parent / path) if path else ""


class CredentialStore:
    """Knows the environment's credentials and Docker's; asks helpers once for each host."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Take what the environment says.

        Raises: InputError `credentials`: one of the three variables is missing.
        """
        self._environment = environment
        self._known: dict[str, Credentials | None] = {}
        given = [name for name in _ENVIRONMENT if environment.get(name)]
        if given and len(given) < len(_ENVIRONMENT):
            missing = [name for name in _ENVIRONMENT if name not in given]
            raise InputError(
                "credentials",
                f"{' and '.join(given)} {'is' if len(given) == 1 else 'are'} set, but not "
                f"{' and '.join(missing)}",
                hint="set all three, or none: SRO_RENDER_HOST says whom name and password are for",
            )

    def for_repository(self, host: str) -> Credentials | None:
        """Credentials for `HOST[:PORT]` of a chart repository."""
        if host and host.lower() == self._environment.get("SRO_RENDER_HOST", "").lower():
            return Credentials(
                username=self._environment["SRO_RENDER_USERNAME"],
                password=self._environment["SRO_RENDER_PASSWORD"],
            )
        return None

    def for_registry(self, host: str) -> Credentials | None:
        """Credentials for `HOST[:PORT]` of a registry.

        Raises: InputError `docker-config`, `credential-helper`.
        """
        found = self.for_repository(host)
        if found is not None:
            return found
        if host not in self._known:
            self._known[host] = self._from_docker(host)
        return self._known[host]

    def _from_docker(self, host: str) -> Credentials | None:
        config, name = self._docker_config()
        key = "https://index.docker.io/v1/" if host in _DOCKER_HUB else host
        helper = text_of(mapping_of(config.get("credHelpers")).get(key)) or text_of(config.get("credsStore"))
        if helper:
            found = self._ask_helper(helper, key)
            if found is not None:
                return found
        for written, entry in mapping_of(config.get("auths")).items():
            if key in {written, re.sub(r"^https?://|/.*", "", written)}:
                return _entry_credentials(mapping_of(entry), name)
        return None

    def _docker_config(self) -> tuple[dict[str, Any], str]:
        """Docker's configuration and how it is called in messages; empty where there is none."""
        text = self._environment.get("DOCKER_AUTH_CONFIG", "")
        name = "DOCKER_AUTH_CONFIG"
        if not text:
            folder = self._environment.get("DOCKER_CONFIG", "")
            home = self._environment.get("HOME", "")
            if not folder and not home:
                return {}, ""
            path = (Path(folder) if folder else Path(home) / ".docker") / "config.json"
            name = path.as_posix()
            try:
                with path.open("rb") as file:
                    text = file.read(_MAX_CONFIG_BYTES).decode("utf-8", "replace")
            except FileNotFoundError:
                return {}, ""
            except OSError as error:
                _fail_config(name, f"cannot be read: {error.strerror}")
        try:
            config = json.loads(text)
        except (ValueError, RecursionError):
            config = None
        if not isinstance(config, dict):
            _fail_config(name, "is not a JSON object")
        return config, name

    def _ask_helper(self, helper: str, key: str) -> Credentials | None:
        """What `docker-credential-HELPER get` says; None if it has nothing for this host."""
        program = f"docker-credential-{helper}"
        path = shutil.which(program, path=self._environment.get("PATH", ""))
        if not _HELPER.fullmatch(helper) or path is None:
            _fail_helper(program, "is not on PATH")
        try:
            done = subprocess.run(  # noqa: S603 - a program that the user configured, without a shell
                [path, "get"],
                input=key.encode(),
                capture_output=True,
                timeout=_HELPER_S,
                check=False,
                env=dict(self._environment),
            )
        except subprocess.TimeoutExpired:
            _fail_helper(program, f"does not answer within {_HELPER_S} s")
        except OSError as error:
            _fail_helper(program, f"cannot be run: {error.strerror}")
        if done.returncode:
            if b"credentials not found" in done.stdout:
                return None
            _fail_helper(program, f"ends with {done.returncode}")
        try:
            answer = mapping_of(json.loads(done.stdout))
        except (ValueError, RecursionError):
            answer = {}
        username, password = text_of(answer.get("Username")), text_of(answer.get("Secret"))
        if not username or not password:
            _fail_helper(program, "answers without Username and Secret")
        if username == _TOKEN_USER:
            _fail_token(program)
        return Credentials(username=username, password=password)


def _entry_credentials(entry: Mapping[str, JsonValue], name: str) -> Credentials | None:
    """The credentials of an entry of `auths`; None where it is empty, as a helper's user leaves it."""
    if entry.get("identitytoken"):
        _fail_token(name)
    auth = text_of(entry.get("auth"))
    if not auth:
        username, password = text_of(entry.get("username")), text_of(entry.get("password"))
        return Credentials(username=username, password=password) if username else None
    try:
        username, colon, password = base64.b64decode(auth, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        colon = ""
    if not colon:
        _fail_config(name, "has an `auth` that is not USER:PASSWORD in base 64")
    return Credentials(username=username, password=password.rstrip("\0"))


def _fail_config(name: str, what: str) -> NoReturn:
    raise InputError("docker-config", f"{name} {what}", hint="write it anew with `docker login`")


def _fail_helper(program: str, what: str) -> NoReturn:
    raise InputError(
        "credential-helper",
        f"the credential helper {program} {what}",
        hint=f"try `{program} get`, or log in without a helper",
    )


def _fail_token(name: str) -> NoReturn:
    raise InputError(
        "credential-helper",
        f"{name} holds an identity token, which is not supported",
        hint="log in with a name and a password or access token: SRO_RENDER_HOST, SRO_RENDER_USERNAME and "
        "SRO_RENDER_PASSWORD, or `docker login --username`",
    )
