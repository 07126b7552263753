"""Pulls charts from an OCI registry.

Decides what is asked for and who gets credentials; what the answers mean is decided in `charts.oci`.
Credentials go to the registry's own origin, and to the realm of tokens that the registry itself names
(a redirect's target does not count), as docker, containerd and helm do it: large registries keep their
token service on another host. The realm must be https where the registry is. A token goes to the
registry alone, and only the right to pull this one repository is asked for.
Source: OCI distribution-spec v1.1; https://distribution.github.io/distribution/spec/auth/token/
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NoReturn
from urllib.parse import quote, urlencode, urljoin, urlsplit

from sro_render.charts.oci import (
    MANIFEST_TYPE,
    OciReference,
    matches_digest,
    parse_challenges,
    read_json,
    read_manifest,
    tag_of,
    version_of,
)
from sro_render.charts.repository import choose_version, is_exact, no_such_version
from sro_render.edges.web import Answer, Credentials, Web, is_loopback, join, origin_of, shown
from sro_render.errors import ChartError, ServerError
from sro_render.limits import Limits, leave_out
from sro_render.model.objects import text_of
from sro_render.sprig.versions import parse_version

_MAX_PAGES = 100
_NEXT = re.compile(r'<([^<>]*)>\s*;\s*rel="?next"?')
_DOCKER_HUB = "registry-1.docker.io"


class Registry:
    """One repository in a registry."""

    def __init__(
        self,
        web: Web,
        reference: OciReference,
        limits: Limits,
        *,
        find_credentials: Callable[[], Credentials | None],
        plain_http: bool,
    ) -> None:
        """Prepare; nothing is sent yet.

        Args: find_credentials: is asked when the registry wants to know who we are, and not before.
              plain_http: speak http to a registry on a loopback address.
        """
        host = _DOCKER_HUB if reference.host == "docker.io" else reference.host
        # With a name before it, so that a port alone or an address in brackets is read as a host.
        scheme = "http" if plain_http and is_loopback(urlsplit(f"//{host}").hostname or "") else "https"
        self._base = f"{scheme}://{host}/v2/{reference.repository}/"
        self._web = web
        self._reference = reference
        self._limits = limits
        self._find_credentials = find_credentials
        self._authorization = ""

    def pull(self, name: str, wanted: str) -> tuple[str, bytes]:
        """The version that is meant, and its archive, of the size and digest that its manifest states.

        A version with all its numbers is asked for as it is; for anything else the tags are listed.
        Raises: ServerError; ChartError: there is none, or it is not what it should be.
        """
        version = wanted if is_exact(wanted) else self._choose(name, wanted)
        return version, self.pull_tag(tag_of(version), name, wanted)

    def pull_tag(self, tag: str, name: str, wanted: str) -> bytes:
        """The archive behind a tag; `name` and `wanted` say in messages what it was to be."""
        url = urljoin(self._base, f"manifests/{quote(tag)}")
        answer = self._get(url, self._limits.max_registry_answer_bytes, MANIFEST_TYPE)
        if answer.status == 404:
            self._tell_missing(name, wanted)
        answer.expect_success(shown(url))
        what = f"{self._reference}:{tag}"
        stated = answer.headers.get("docker-content-digest", "")
        if stated and not matches_digest(answer.body, stated):
            _fail_digest("the manifest", what, stated)
        layer = read_manifest(answer.body, what)
        if layer.size > self._limits.max_archive_bytes:
            raise ChartError(
                "archive-size",
                f"the archive has {layer.size} bytes; at most {self._limits.max_archive_bytes} bytes are "
                "allowed",
                path=what,
                hint=leave_out("archive-bytes"),
            )
        blob = urljoin(self._base, f"blobs/{layer.digest}")
        archive = self._get(blob, layer.size).expect_success(shown(blob)).body
        if len(archive) != layer.size or not matches_digest(archive, layer.digest):
            _fail_digest("the archive", what, layer.digest)
        return archive

    def _choose(self, name: str, wanted: str) -> str:
        return choose_version(self._versions(), name, wanted, str(self._reference))

    def _versions(self) -> list[str]:
        """The versions among the tags: those with all their numbers and nothing before them, as in Helm."""
        url = urljoin(self._base, "tags/list")
        versions: list[str] = []
        for _ in range(_MAX_PAGES):
            answer = self._get(url, self._limits.max_registry_answer_bytes)
            answer.expect_success(shown(url))
            tags = read_json(answer.body, shown(url)).get("tags")
            for tag in tags if isinstance(tags, list) else []:
                version = parse_version(version_of(text_of(tag)))
                if version is not None and version.original == str(version):
                    versions.append(version.original)
            following = _NEXT.search(answer.headers.get("link", ""))
            if following is None:
                return versions
            url = join(url, following[1])
            if not url.startswith(self._base):
                break
        raise ServerError(
            "server-redirects",
            f"{shown(self._base)}tags/list does not end: it leads to {shown(url)}",
            hint="name the version with all of its numbers, so that no list is needed",
        )

    def _tell_missing(self, name: str, wanted: str) -> NoReturn:
        """Raise ChartError with what there is instead, if the registry tells that."""
        try:
            versions = self._versions()
        except (ServerError, ChartError):
            versions = []
        if versions:
            raise no_such_version(versions, name, wanted, str(self._reference))
        raise ChartError(
            "chart-not-found",
            f"{self._reference} has no chart, or not version {wanted} of it",
            path="spec.chart",
            hint="the address is oci://HOST/PATH of the spec with the chart's name behind it",
        )

    def _get(self, url: str, max_bytes: int, accept: str = "") -> Answer:
        answer = self._web.get(url, max_bytes=max_bytes, accept=accept, authorization=self._authorization)
        if answer.status != 401 or self._authorization or origin_of(answer.url) != origin_of(url):
            return answer
        self._authorization = self._authorize(answer.headers.get("www-authenticate", ""))
        if not self._authorization:
            return answer
        return self._web.get(url, max_bytes=max_bytes, accept=accept, authorization=self._authorization)

    def _authorize(self, header: str) -> str:
        """The `Authorization` that a challenge asks for; empty where we have none."""
        challenges = parse_challenges(header)
        credentials = self._find_credentials()
        bearer = challenges.get("bearer", {})
        if bearer.get("realm"):
            return self._token(bearer, credentials)
        return credentials.basic() if credentials is not None and "basic" in header.lower() else ""

    def _token(self, challenge: dict[str, str], credentials: Credentials | None) -> str:
        realm = challenge["realm"]
        self._web.check(realm, came_from=self._base)
        query = {"scope": f"repository:{self._reference.repository}:pull"}
        if challenge.get("service"):
            query = {"service": challenge["service"], **query}
        url = f"{realm}{'&' if urlsplit(realm).query else '?'}{urlencode(query)}"
        answer = self._web.get(
            url,
            max_bytes=self._limits.max_registry_answer_bytes,
            authorization=credentials.basic() if credentials else "",
            came_from=self._base,
        ).expect_success(shown(realm))
        value = read_json(answer.body, shown(realm))
        token = text_of(value.get("token")) or text_of(value.get("access_token"))
        if not token or not token.isascii() or not token.isprintable():
            raise ChartError(
                "registry-answer",
                "the token service answers without a token",
                path=shown(realm),
                hint="ask whoever runs the registry",
            )
        return f"Bearer {token}"


def _fail_digest(what: str, where: str, stated: str) -> NoReturn:
    raise ChartError(
        "chart-digest",
        f"{what} is not what the registry states: size or digest differ",
        path=where,
        notes=(f"stated: {stated[:150]}",),
        hint="somebody between here and the registry changes what is sent, or the registry is damaged",
    )
