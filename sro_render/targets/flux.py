"""The target `flux`: a Kustomization of Flux over each folder of a bundle that is applied as a whole.

Decides which Kustomizations there are, what each depends on and how its health is told, and what Flux is
told of each object.

A kernel's folder of a state depends on the same kernel's folder of the state before, and on nothing of
other kernels; a state that is not affine depends on the end of all lanes before it.

Source: kustomize-controller docs/spec/v1/kustomizations.md; fluxcd.io/flux/cheatsheets/cel-healthchecks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from sro_render.errors import Finding
from sro_render.model.bundle import Bundle
from sro_render.model.objects import JsonObject, JsonValue, object_id
from sro_render.targets.annotating import dressed, is_guarded, is_hook_object, without_annotations
from sro_render.targets.build_waits import WaitOptions, with_waits
from sro_render.targets.findings import flux_findings
from sro_render.targets.layout import KUSTOMIZATION
from sro_render.targets.options import FluxOptions
from sro_render.targets.parts import Part, ResourceParts, object_name
from sro_render.targets.plain import kustomization
from sro_render.yamltext import writer

FOLDER: Final = "_flux"
BOOTSTRAP: Final = f"{FOLDER}/bootstrap"
API_VERSION: Final = "kustomize.toolkit.fluxcd.io/v1"
PRUNE: Final = "kustomize.toolkit.fluxcd.io/prune"
FORCE: Final = "kustomize.toolkit.fluxcd.io/force"

_READY = "status.conditions.exists(e, e.type == 'Ready' && e.status == 'True')"
_SUCCEEDED = "status.conditions.exists(e, e.type == 'Succeeded' && e.status == '{}')"
# By group and kind: how Flux tells that an object is done where kstatus, which looks for conditions of
# the usual names, takes it for ready as long as it has none. A field that is not there yet is an error of the
# expression, and counts as not yet.
_EXPRESSIONS: Mapping[tuple[str, str], JsonObject] = MappingProxyType(
    {
        ("build.openshift.io", "Build"): {
            "current": "status.phase == 'Complete'",
            "failed": "status.phase in ['Cancelled', 'Error', 'Failed']",
        },
        ("cert-manager.io", "Certificate"): {"current": _READY},
        ("cert-manager.io", "ClusterIssuer"): {"current": _READY},
        ("cert-manager.io", "Issuer"): {"current": _READY},
        ("shipwright.io", "BuildRun"): {
            "current": _SUCCEEDED.format("True"),
            "failed": _SUCCEEDED.format("False"),
        },
    }
)


class FluxTarget:
    """See the module."""

    name = "flux"
    is_split = True

    def __init__(self, options: FluxOptions) -> None:
        self._options = options

    def dress(self, bundle: Bundle) -> Bundle:
        """See `Target`."""
        waits = WaitOptions(image=self._options.wait_image, timeout_s=self._options.build_timeout_s)
        return dressed(with_waits(bundle, waits), lambda manifest, _: _words(manifest))

    def undress(self, manifest: JsonObject) -> JsonObject:
        """See `Target`."""
        return without_annotations(manifest, (PRUNE, FORCE))

    def findings(self, bundle: Bundle) -> tuple[Finding, ...]:
        """See `Target`."""
        return flux_findings(bundle, self._options.accepted)

    def own_files(self, cluster: str, resources: Sequence[ResourceParts]) -> Mapping[str, bytes]:
        """See `Target`.

        `_flux/SR` has a Kustomization for each state and lane; `_flux/bootstrap` one of `_flux` itself,
        which is applied once, by hand.
        """
        own = self._kustomization(object_name("sro", cluster), f"{cluster}/{FOLDER}", (), ())
        files = dict(_listing(BOOTSTRAP, [("kustomization-all.yaml", own)]))
        files[f"{FOLDER}/{KUSTOMIZATION}"] = kustomization(each.folder for each in resources)
        waits = _waits(resources)
        for each in resources:
            objects = [
                (
                    f"kustomization-{_name(each, part)}.yaml",
                    self._kustomization(
                        _name(each, part), f"{cluster}/{part.folder}", after, part.objects, part.kernel
                    ),
                )
                for part, after in waits[each.name]
            ]
            files |= _listing(f"{FOLDER}/{each.folder}", objects)
        return files

    def _kustomization(
        self,
        name: str,
        path: str,
        after: Iterable[str],
        objects: Sequence[JsonObject],
        kernel: str = "",
    ) -> JsonObject:
        options = self._options
        source: JsonObject = {"kind": options.source_kind, "name": options.source_name}
        if options.source_namespace:
            source["namespace"] = options.source_namespace
        spec: JsonObject = {
            "interval": options.interval,
            "path": f"./{options.path}/{path}" if options.path else f"./{path}",
            "prune": True,
            "retryInterval": options.retry_interval,
            "sourceRef": source,
            "timeout": options.timeout,
            "wait": bool(objects),
        }
        needed: list[JsonValue] = [{"name": each} for each in after]
        expressions = _expressions(objects)
        return {
            "apiVersion": API_VERSION,
            "kind": "Kustomization",
            "metadata": {
                "name": name,
                "namespace": options.namespace,
                **({"annotations": {"sro.openshift.io/kernel": kernel}} if kernel else {}),
            },
            "spec": {
                **spec,
                **({"dependsOn": needed} if needed else {}),
                **({"healthCheckExprs": expressions} if expressions else {}),
            },
        }


def _words(manifest: JsonObject) -> Mapping[str, str]:
    """What Flux is told of an object."""
    added = {PRUNE: "disabled"} if is_guarded(manifest) else {}
    # A hook of a chart keeps its name when it changes, and a Job cannot be changed.
    return {**added, FORCE: "enabled"} if is_hook_object(manifest) else added


def _name(resource: ResourceParts, part: Part) -> str:
    """Of a part's Kustomization."""
    return object_name(resource.name.lstrip("_"), *part.folder.split("/")[1:])


def _waits(resources: Sequence[ResourceParts]) -> dict[str, list[tuple[Part, tuple[str, ...]]]]:
    """The parts of each SR in order, each with the names of what must be ready before it.

    What exists once goes one after the other; then each lane by itself; and what comes next waits for the
    ends of all lanes.
    """
    waits: dict[str, list[tuple[Part, tuple[str, ...]]]] = {}
    ends: dict[str, tuple[str, ...]] = {}
    for resource in resources:
        own: list[tuple[Part, tuple[str, ...]]] = []
        before = tuple(name for need in resource.dependencies for name in ends.get(need, ()))
        for step in resource.steps:
            before = _chain(resource, step.common, before, own)
            last = [_chain(resource, lane.parts, before, own) for lane in step.lanes]
            before = tuple(name for names in last for name in names) or before
        waits[resource.name] = own
        ends[resource.name] = before
    return waits


def _chain(
    resource: ResourceParts,
    parts: Iterable[Part],
    before: tuple[str, ...],
    found: list[tuple[Part, tuple[str, ...]]],
) -> tuple[str, ...]:
    """Note parts that go one after the other; what must be ready when all of them are."""
    for part in parts:
        found.append((part, before))
        before = (_name(resource, part),)
    return before


def _expressions(objects: Iterable[JsonObject]) -> list[JsonValue]:
    """How the health of these objects is told, for each kind that needs it once."""
    kinds = sorted({object_id(each).api_version + " " + object_id(each).kind for each in objects})
    found: list[JsonValue] = []
    for each in kinds:
        api_version, _, kind = each.partition(" ")
        expressions = _EXPRESSIONS.get((api_version.rpartition("/")[0], kind))
        if expressions:
            found.append({"apiVersion": api_version, "kind": kind, **expressions})
    return found


def _listing(folder: str, objects: Sequence[tuple[str, JsonObject]]) -> Iterator[tuple[str, bytes]]:
    """The files of a folder, with the kustomization that lists them."""
    yield f"{folder}/{KUSTOMIZATION}", kustomization(name for name, _ in objects)
    for name, manifest in objects:
        yield f"{folder}/{name}", writer.write(manifest).encode()
