"""Charts in a ConfigMap, as `cm://NAMESPACE/NAME` names them: read, and made.

Such a ConfigMap is a chart repository: `helm package CHART`, `helm repo index . --url
cm://NAMESPACE/NAME`, `oc create cm NAME --from-file=index.yaml --from-file=CHART.tgz`.
Decides which archive an index entry means and whether it is the one that was indexed. What is in an
archive is for `archive.py`.
Source: special-resource-operator docs and pkg/helmer; helm pkg/repo/v1/index.go.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from sro_render.charts.metadata import Metadata
from sro_render.errors import ChartError, Faults
from sro_render.limits import Limits
from sro_render.model.objects import JsonObject, JsonValue, mapping_of, text_of
from sro_render.source import Source
from sro_render.sprig.versions import parse_version
from sro_render.yamltext import go_yaml
from sro_render.yamltext.reader import read_manifest

if TYPE_CHECKING:  # what packs charts is not loaded for who only reads them
    from sro_render.charts.package import Package

INDEX = "index.yaml"
# Kubernetes' `IsConfigMapKey`; no archive is named `..` or the like.
_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_TIME = "1980-01-01T00:00:00Z"
"""In place of the clock's time, so that the same charts give the same ConfigMap."""


def read_chart_configmap(manifest: Mapping[str, JsonValue], limits: Limits) -> dict[tuple[str, str], bytes]:
    """The chart archives of a ConfigMap.

    Args:    manifest: a ConfigMap with an `index.yaml` and archives in `binaryData` or `data`.
    Returns: (chart, version) -> archive, in the order of the index.
    Raises:  ChartError `chart-configmap`, with the ConfigMap's `cm://` name; YamlError: the index.
    """
    reference = reference_of(manifest)
    contents = _contents(manifest, reference)
    if INDEX not in contents:
        _fail(
            reference,
            f"it has no {INDEX}",
            hint="make it with `helm repo index .`, and create the ConfigMap with --from-file=index.yaml",
        )
    text = contents[INDEX].decode("utf-8", "surrogateescape")
    index = mapping_of(read_manifest(Source(f"{reference}/{INDEX}", text), limits))
    if text_of(index.get("apiVersion")) != "v1":
        _fail(
            reference,
            f"its {INDEX} is no index of a chart repository",
            hint="it starts with `apiVersion: v1`",
        )
    archives: dict[tuple[str, str], bytes] = {}
    for name, versions in mapping_of(index.get("entries")).items():
        for entry in map(mapping_of, versions if isinstance(versions, list) else []):
            archives[name, _text(entry.get("version"))] = _archive(name, entry, contents, reference)
    return archives


def reference_of(manifest: Mapping[str, JsonValue]) -> str:
    """How charts in a ConfigMap are called: `cm://NAMESPACE/NAME`."""
    metadata = mapping_of(manifest.get("metadata"))
    return f"cm://{text_of(metadata.get('namespace'))}/{text_of(metadata.get('name'))}"


def chart_config_maps(manifests: Iterable[Mapping[str, JsonValue]]) -> list[JsonObject]:
    """Those of the ConfigMaps that have charts, by namespace and name, without what a server adds.

    Raises: ChartError: two of one name have different content.
    """
    found: dict[str, JsonObject] = {}
    for manifest in manifests:
        data = {key: mapping_of(manifest.get(key)) for key in ("data", "binaryData")}
        if not any(INDEX in part for part in data.values()):
            continue
        metadata = mapping_of(manifest.get("metadata"))
        name = {key: text_of(metadata.get(key)) for key in ("name", "namespace") if metadata.get(key)}
        kept: JsonObject = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": dict(name)}
        kept |= {key: part for key, part in data.items() if part}
        reference = reference_of(manifest)
        if found.setdefault(reference, kept) != kept:
            _fail(reference, "there are two of it, with different content", hint="drop the older one")
    return [found[reference] for reference in sorted(found)]


def find_chart(
    archives: Mapping[tuple[str, str], bytes], name: str, version: str, reference: str
) -> tuple[str, bytes]:
    """The version and archive of a chart; without a version the newest that is no pre-release.

    Raises: ChartError `chart-configmap`, which lists what is there.
    """
    versions = [found for chart, found in archives if chart == name]
    if not version:
        parsed = [(parse_version(found), found) for found in versions]
        released = [(known, found) for known, found in parsed if known and not known.prerelease]
        version = max(released)[1] if released else ""
    if (name, version) not in archives:
        what, there = f"no chart {name}", sorted({chart for chart, _ in archives})
        if versions:
            what, there = f"no version {version or 'that is a release'} of the chart {name}", sorted(versions)
        _fail(reference, f"it has {what}", hint=f"it has {', '.join(there) or 'no chart at all'}")
    return version, archives[name, version]


def write_chart_configmap(packages: Sequence[Package], *, namespace: str, name: str) -> JsonObject:
    """A ConfigMap with these charts, and the same bytes each time.

    Raises: ChartError `configmap-key`, or a group of them: an archive's name cannot be a key.
    """
    faults = Faults()
    for package in packages:
        if not _KEY.fullmatch(package.file_name):
            faults.add(_refused_key(package))
    faults.raise_if_any()
    ordered = sorted(packages, key=lambda package: package.file_name)
    entries: dict[str, Any] = {}
    for package in ordered:
        entry = _index_entry(package, f"cm://{namespace}/{name}/{package.file_name}")
        entries.setdefault(package.chart.name, []).append(entry)
    for versions in entries.values():
        versions.sort(key=lambda entry: parse_version(entry["version"]), reverse=True)
    index = go_yaml.marshal({"apiVersion": "v1", "entries": entries, "generated": _TIME})
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": {INDEX: index},
        "binaryData": {package.file_name: base64.b64encode(package.data).decode() for package in ordered},
    }


def _refused_key(package: Package) -> ChartError:
    chart = package.chart
    return ChartError(
        "configmap-key",
        f"{package.file_name!r} cannot be a key of a ConfigMap",
        path=chart.origin,
        notes=("a key has letters, digits, '-', '_' and '.', and at most 253 of them",),
        hint=f"give {chart.name} a version without '+', or keep it in a --charts folder"
        if "+" in chart.version
        else f"give {chart.name} another name or version, or keep it in a --charts folder",
    )


def _index_entry(package: Package, url: str) -> dict[str, Any]:
    return {
        **_index_metadata(package.chart.metadata),
        "created": _TIME,
        "digest": package.digest,
        "urls": [url],
    }


def _index_metadata(metadata: Metadata) -> dict[str, Any]:
    """The fields of Chart.yaml that are not empty, by their names in YAML."""
    dependencies = [
        {
            "name": requirement.name,
            "repository": requirement.repository,
            **_given(
                version=requirement.version,
                condition=requirement.condition,
                tags=list(requirement.tags),
                enabled=requirement.enabled,
                alias=requirement.alias,
            ),
            **_given(**{"import-values": list(requirement.import_values)}),
        }
        for requirement in metadata.dependencies or ()
    ]
    return _given(
        name=metadata.name,
        home=metadata.home,
        sources=list(metadata.sources),
        version=metadata.version,
        description=metadata.description,
        keywords=list(metadata.keywords),
        maintainers=[_given(name=m.name, email=m.email, url=m.url) for m in metadata.maintainers],
        icon=metadata.icon,
        apiVersion=metadata.api_version,
        condition=metadata.condition,
        tags=metadata.tags,
        appVersion=metadata.app_version,
        deprecated=metadata.deprecated,
        annotations=dict(metadata.annotations or {}),
        kubeVersion=metadata.kube_version,
        dependencies=dependencies,
        type=metadata.type,
    )


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def _contents(manifest: Mapping[str, JsonValue], reference: str) -> dict[str, bytes]:
    """All entries of a ConfigMap as bytes."""
    contents = {
        key: text.encode("utf-8", "surrogateescape")
        for key, text in mapping_of(manifest.get("data")).items()
        if isinstance(text, str)
    }
    for key, text in mapping_of(manifest.get("binaryData")).items():
        try:
            contents[key] = base64.b64decode("".join(text_of(text).split()), validate=True)
        except (binascii.Error, ValueError):
            _fail(reference, f'its entry "{key}" is not in base 64', hint="create the ConfigMap again")
    return contents


def _archive(
    name: str, entry: Mapping[str, JsonValue], contents: Mapping[str, bytes], reference: str
) -> bytes:
    """The archive of an index entry, by the last part of its first address."""
    version = _text(entry.get("version"))
    urls = entry.get("urls")
    url = text_of(urls[0]) if isinstance(urls, list) and urls else ""
    key = url.rpartition("/")[2]
    if key not in contents:
        wanted = f'"{key}"' if key else "an address"
        _fail(
            reference,
            f"its index names {wanted} for {name} {version}, which is not there"
            if key
            else f"its index gives no address for {name} {version}",
            hint=f"it has {', '.join(sorted(contents))}",
        )
    data = contents[key]
    digest = text_of(entry.get("digest")).removeprefix("sha256:")
    if digest and digest != hashlib.sha256(data).hexdigest():
        _fail(
            reference,
            f'"{key}" is not the archive that its index describes: the digests differ',
            hint="run `helm repo index` again after `helm package`",
        )
    return data


def _text(value: JsonValue) -> str:
    """A version, which YAML may have read as a number."""
    return "" if value is None else str(value)


def _fail(reference: str, fault: str, *, hint: str) -> NoReturn:
    raise ChartError(
        "chart-configmap", f"the charts in the ConfigMap cannot be used: {fault}", path=reference, hint=hint
    )
