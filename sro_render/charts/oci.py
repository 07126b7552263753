"""Charts in OCI registries: what a registry says about them, as data.

Decides the names of repositories and tags, what a manifest must be to hold a chart, and what a
challenge asks for. Asking the registry is for the edges.
Source: OCI distribution-spec v1.1 (names, tags, manifests), OCI image-spec v1.1 (descriptors),
RFC 9110 section 11 (challenges), helm pkg/registry (media types, `+` as `_` in tags).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from sro_render.errors import ChartError, InputError
from sro_render.model.objects import mapping_of, text_of

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.cncf.helm.config.v1+json"
LAYER_TYPES = ("application/vnd.cncf.helm.chart.content.v1.tar+gzip", "application/tar+gzip")
"""The archive's layer; the second is what Helm wrote before its own type was registered."""

# https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pulling-manifests
_REPOSITORY = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
# The algorithms that the image-spec registers.
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")

_PARAMETER = r'[\w!#$%&\'*+.^`|~-]+\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s,"]+)'
# A scheme is a whole word: else a long one would be tried from each of its letters on.
_CHALLENGE = re.compile(rf"(?<![A-Za-z])([A-Za-z]+)\s+({_PARAMETER}(?:\s*,\s*{_PARAMETER})*)")
_PARTS = re.compile(r'([\w!#$%&\'*+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


class OciReference(Struct, frozen=True, kw_only=True):
    """A chart in a registry: `HOST[:PORT]`, the repository's name there, and a tag, which may be empty."""

    host: str
    repository: str
    tag: str = ""

    def __str__(self) -> str:
        return f"oci://{self.host}/{self.repository}" + (f":{self.tag}" if self.tag else "")


class Layer(Struct, frozen=True, kw_only=True):
    """The archive's descriptor."""

    digest: str
    size: int


def parse_reference(url: str, name: str = "") -> OciReference:
    """`oci://HOST/PATH[:TAG]`, with a chart's name as the last part of the path.

    Raises: InputError `chart-reference`.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    path, _, tag = parts.path.strip("/").partition(":")
    repository = f"{path}/{name}".strip("/") if name else path
    host = parts.netloc.rpartition("@")[2]
    if not host or not _REPOSITORY.fullmatch(repository) or (tag and not _TAG.fullmatch(tag)):
        raise InputError(
            "chart-reference",
            f"{repository!r} is not the name of a repository in a registry",
            path="spec.chart.repository.url",
            hint="oci://HOST/PATH in small letters, without a tag; the chart's name comes behind PATH",
        )
    return OciReference(host=host, repository=repository, tag=tag)


def tag_of(version: str) -> str:
    """The tag of a version: tags have no plus sign, so Helm writes `_`."""
    return version.replace("+", "_")


def version_of(tag: str) -> str:
    """The version that a tag stands for."""
    return tag.replace("_", "+")


def read_json(data: bytes, what: str) -> Mapping[str, Any]:
    """A registry's answer, which must be a JSON object.

    Raises: ChartError `registry-answer`.
    """
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ChartError(
            "registry-answer",
            "the registry's answer is not a JSON object",
            path=what,
            hint="is this the address of an OCI registry?",
        )
    return value


def read_manifest(data: bytes, what: str) -> Layer:
    """The archive's layer in a manifest.

    Raises: ChartError `registry-answer`: it is no manifest; `not-a-chart`: it is of something else.
    """
    manifest = read_json(data, what)
    config = mapping_of(manifest.get("config"))
    layers = manifest.get("layers")
    kind = text_of(config.get("mediaType")) or text_of(manifest.get("mediaType")) or "unknown"
    found = [
        mapping_of(layer)
        for layer in (layers if isinstance(layers, list) else [])
        if mapping_of(layer).get("mediaType") in LAYER_TYPES
    ]
    if kind != CONFIG_TYPE or len(found) != 1:
        raise ChartError(
            "not-a-chart",
            f"this is no Helm chart, but of the type {kind}"
            if kind != CONFIG_TYPE
            else f"this chart has {len(found)} archives instead of one",
            path=what,
            hint="name a repository into which `helm push` put a chart",
        )
    digest, size = text_of(found[0].get("digest")), found[0].get("size")
    if not _DIGEST.fullmatch(digest) or not isinstance(size, int) or size < 1:
        raise ChartError(
            "registry-answer",
            "the manifest has no usable digest and size for the archive",
            path=what,
            hint="push the chart again with `helm push`",
        )
    return Layer(digest=digest, size=size)


def matches_digest(data: bytes, digest: str) -> bool:
    """Whether bytes have a digest `ALGORITHM:HEX`; one of another form matches nothing."""
    algorithm, _, digits = digest.partition(":")
    return _DIGEST.fullmatch(digest) is not None and hashlib.new(algorithm, data).hexdigest() == digits


def parse_challenges(header: str) -> dict[str, dict[str, str]]:
    """The challenges of `WWW-Authenticate` by scheme, both in small letters; of a scheme the first one."""
    challenges: dict[str, dict[str, str]] = {}
    for scheme, parameters in _CHALLENGE.findall(header):
        challenges.setdefault(
            scheme.lower(),
            {
                key.lower(): re.sub(r"\\(.)", r"\1", quoted) or bare
                for key, quoted, bare in _PARTS.findall(parameters)
            },
        )
    return challenges
