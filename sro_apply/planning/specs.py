"""What a snapshot must bring for the sake of some SpecialResources: their namespaces and their charts.

Only that is read of a spec. What else may be wrong with one is told by `sro-render`, which renders it.
Source: as `sro_render.model.specialresource`; the form of `cm://` as sro_render's charts are found by.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from sro_render.errors import Faults, InputError, SroError
from sro_render.kernels.snapshot import objects_in
from sro_render.limits import Limits
from sro_render.model.objects import JsonObject, kinds_of, mapping_of, object_id, text_of
from sro_render.model.specialresource import API_VERSION, KIND, ChartReference, ManagementState
from sro_render.source import Source
from sro_render.yamltext.reader import read_stream

_CONFIG_MAP_URL = "cm://"


class Needs(Struct, frozen=True, kw_only=True):
    """What some specs need of a cluster. Each A-Z and once.

    namespaces: in which their builds push; charts: (namespace, name) of ConfigMaps with charts.
    """

    namespaces: tuple[str, ...] = ()
    charts: tuple[tuple[str, str], ...] = ()


def read_needs(sources: Sequence[Source]) -> Needs:
    """What the SpecialResources of these files need; none of no files.

    Raises: InputError, or a group of them: a file is no YAML, or there is no SpecialResource in any.
    """
    faults = Faults()
    objects: list[JsonObject] = []
    for source in sources:
        try:
            for document in read_stream(source, Limits()):
                objects += (value for value, _ in objects_in(mapping_of(document.value)))
        except (SroError, ExceptionGroup) as error:
            faults.add(error)
    faults.raise_if_any()
    specs = [each for each in objects if each.get("kind") == KIND]
    if sources and not specs:
        raise _without_specs(sources, objects)
    return _needs(specs, {_key(each) for each in objects if each.get("kind") == "ConfigMap"})


def _needs(specs: Iterable[JsonObject], given: set[tuple[str, str]]) -> Needs:
    """Args: given: ConfigMaps that are among the specs, and need not be brought."""
    namespaces, charts = set(), set()
    for value in specs:
        spec = mapping_of(value.get("spec"))
        if spec.get("managementState") == ManagementState.REMOVED:
            continue
        namespaces.add(text_of(spec.get("namespace")) or object_id(value).name)
        charts.add(ChartReference.from_mapping(mapping_of(spec.get("chart"))))
        for chart in _dependencies(spec):
            # A dependency is rendered as an SR named after its chart.
            namespaces.add(chart.name)
            charts.add(chart)
    found = (_config_map(each.url) for each in charts)
    return Needs(
        namespaces=tuple(sorted(namespaces - {""})),
        charts=tuple(sorted({each for each in found if each is not None} - given)),
    )


def _dependencies(spec: JsonObject) -> Iterator[ChartReference]:
    listed = spec.get("dependencies")
    for each in listed if isinstance(listed, list) else ():
        yield ChartReference.from_mapping(mapping_of(mapping_of(each).get("chart")))


def _config_map(url: str) -> tuple[str, str] | None:
    """Namespace and name of `cm://NAMESPACE/NAME` and `cm:///NAMESPACE/NAME`; None of other URLs."""
    if not url.startswith(_CONFIG_MAP_URL):
        return None
    namespace, _, rest = url.removeprefix(_CONFIG_MAP_URL).strip("/").partition("/")
    name = rest.partition("/")[0]
    return (namespace, name) if namespace and name else None


def _key(config_map: JsonObject) -> tuple[str, str]:
    identity = object_id(config_map)
    return identity.namespace, identity.name


def _without_specs(sources: Iterable[Source], objects: Sequence[JsonObject]) -> InputError:
    return InputError(
        "spec-empty",
        f"no SpecialResource in {', '.join(sorted(each.name for each in sources))}",
        notes=(f"there is {kinds_of(objects)}",) if objects else (),
        hint=f"a spec is YAML with kind: {KIND}, apiVersion: {API_VERSION}",
    )
