"""A chart repository's `index.yaml`: which versions it has, which one is meant, and where it lies.

Decides on data alone; fetching is for the edges.
Source: helm pkg/repo/v1/index.go and chartrepo.go `ResolveReferenceURL`; pkg/registry/tag.go.
Differs: an entry without an address is told where it is the one that is wanted; a relative address keeps
its query, where Helm puts the repository's own in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urljoin, urlsplit

from msgspec import Struct

from sro_render.errors import ChartError, InputError, nearest
from sro_render.limits import Limits
from sro_render.model.objects import JsonValue, mapping_of, text_of
from sro_render.sprig.versions import parse_constraint, parse_version
from sro_render.yamltext.reader import decode, read_manifest

MAX_SHOWN = 10
"""So many versions or names are listed in a message."""


class IndexedChart(Struct, frozen=True, kw_only=True):
    """One entry of an index. url: absolute. digest: as it is written, perhaps empty."""

    name: str
    version: str
    url: str
    digest: str


def read_index(data: bytes, url: str, limits: Limits) -> Mapping[str, JsonValue]:
    """The entries of an index by the charts' names.

    Args:   url: of the index, without credentials.
    Raises: YamlError: it is not YAML; ChartError `chart-index`: it is no index.
    """
    index = mapping_of(read_manifest(decode(data, url), limits))
    entries = index.get("entries")
    if not text_of(index.get("apiVersion")) or not isinstance(entries, dict | None):
        raise ChartError(
            "chart-index",
            "this is no index of a chart repository",
            path=url,
            hint="it has `apiVersion: v1` and `entries`; is it a page for people that is served here?",
        )
    return mapping_of(entries)


def find_indexed(entries: Mapping[str, JsonValue], name: str, wanted: str, repository: str) -> IndexedChart:
    """The entry that a spec means: the very version, else the highest that fulfils the constraint.

    Raises: ChartError `chart-not-found`, `chart-version-not-found`, `chart-index`;
            InputError `version-constraint`.
    """
    if name not in entries:
        meant = nearest(name, entries)
        raise ChartError(
            "chart-not-found",
            f"{repository} has no chart {name}",
            path="spec.chart.name",
            hint=f"did you mean {meant}?" if meant else f"it has {listing(sorted(entries))}",
        )
    versions = entries[name]
    found: dict[str, Mapping[str, JsonValue]] = {}
    for entry in map(mapping_of, versions if isinstance(versions, list) else []):
        found.setdefault(text_of(entry.get("version")), entry)
    version = choose_version(found, name, wanted, repository)
    urls = found[version].get("urls")
    address = text_of(urls[0]) if isinstance(urls, list) and urls else ""
    if not address:
        raise ChartError(
            "chart-index",
            f"the index gives no address for {name} {version}",
            path=repository,
            hint="whoever publishes the repository runs `helm repo index` again",
        )
    return IndexedChart(
        name=name,
        version=version,
        url=resolve_address(repository, address),
        digest=text_of(found[version].get("digest")),
    )


def choose_version(versions: Iterable[str], name: str, wanted: str, repository: str) -> str:
    """The version that is meant. What is no version at all is passed over, as Helm does.

    Raises: ChartError `chart-version-not-found`, InputError `version-constraint`.
    """
    parsed = {text: version for text in versions if (version := parse_version(text))}
    if wanted in parsed:
        return wanted
    constraint = parse_constraint(wanted)
    if constraint is None:
        raise InputError(
            "version-constraint",
            f"{wanted!r} is neither a version nor a constraint",
            path="spec.chart.version",
            hint="such as 1.2.3, ~1.2, ^1.2.3 or `>=1.2.0 <2.0.0`",
        )
    # Versions that differ only behind the plus sign are equal: the text decides, so that it is always one.
    fitting = [(version, text) for text, version in parsed.items() if constraint.admits(version)]
    if not fitting:
        raise no_such_version(parsed, name, wanted, repository)
    return max(fitting)[1]


def no_such_version(versions: Iterable[str], name: str, wanted: str, repository: str) -> ChartError:
    """The error that lists the versions that there are instead, the highest first."""
    known = sorted(((version, text) for text in versions if (version := parse_version(text))), reverse=True)
    return ChartError(
        "chart-version-not-found",
        f"chart {name} has no version {wanted} in {repository}",
        path="spec.chart.version",
        hint=f"versions there: {listing([text for _, text in known])}",
    )


def is_exact(wanted: str) -> bool:
    """Whether a text names one version with all of its numbers."""
    version = parse_version(wanted)
    return version is not None and wanted.removeprefix("v") == str(version)


def resolve_address(repository: str, address: str) -> str:
    """An archive's address in an index, which may be relative to the repository.

    Raises: ChartError `chart-index`: it is no address.
    """
    try:
        return address if urlsplit(address).scheme else urljoin(repository.rstrip("/") + "/", address)
    except ValueError as error:
        raise ChartError(
            "chart-index",
            f"the index has an address that is none: {address[:150]!r}",
            path=repository,
            hint="whoever publishes the repository runs `helm repo index` again",
        ) from error


def listing(names: list[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - MAX_SHOWN} more" if len(names) > MAX_SHOWN else ""
    return (", ".join(names[:MAX_SHOWN]) + more) or "none"
