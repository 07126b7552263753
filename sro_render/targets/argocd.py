"""The target `argocd`: Applications over the folders of a bundle, and waves inside of them.

Decides which Applications there are, what waits for what, and what Argo CD is told of each object.

An Application of an SR holds Applications of its steps in waves: what exists once, then a lane for each
kernel, then what comes after the lanes. Argo CD cannot say `after these two`, only `after this wave`, so
that one Application for all that is not affine could not both precede and follow the lanes.

Source: argo-cd docs/user-guide/sync-waves.md, resource_hooks.md, sync-options.md, helm.md and
docs/operator-manual/health.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from sro_render.charts.manifests import hook_events
from sro_render.errors import Finding
from sro_render.model.bundle import Bundle
from sro_render.model.objects import JsonObject, annotations_of, text_of
from sro_render.targets.annotating import dressed, is_guarded, is_hook_object, listed, without_annotations
from sro_render.targets.build_waits import WaitOptions, is_wait, with_waits
from sro_render.targets.findings import argo_findings
from sro_render.targets.layout import KUSTOMIZATION
from sro_render.targets.options import ArgoOptions
from sro_render.targets.parts import Part, ResourceParts, object_name
from sro_render.targets.plain import kustomization
from sro_render.yamltext import writer

FOLDER: Final = "_argocd"
BOOTSTRAP: Final = f"{FOLDER}/bootstrap"
WAVE: Final = "argocd.argoproj.io/sync-wave"
HOOK: Final = "argocd.argoproj.io/hook"
DELETE_POLICY: Final = "argocd.argoproj.io/hook-delete-policy"
SYNC_OPTIONS: Final = "argocd.argoproj.io/sync-options"

_HERE = "https://kubernetes.default.svc"
_POLICIES: Mapping[str, str] = MappingProxyType(
    {
        "before-hook-creation": "BeforeHookCreation",
        "hook-succeeded": "HookSucceeded",
        "hook-failed": "HookFailed",
    }
)


class ArgoTarget:
    """See the module."""

    name = "argocd"
    is_split = True

    def __init__(self, options: ArgoOptions) -> None:
        self._options = options

    def dress(self, bundle: Bundle) -> Bundle:
        """See `Target`."""
        waits = WaitOptions(image=self._options.wait_image, timeout_s=self._options.build_timeout_s)
        return dressed(with_waits(bundle, waits), _words)

    def undress(self, manifest: JsonObject) -> JsonObject:
        """See `Target`."""
        return without_annotations(manifest, (WAVE, HOOK, DELETE_POLICY, SYNC_OPTIONS))

    def findings(self, bundle: Bundle) -> tuple[Finding, ...]:
        """See `Target`."""
        return argo_findings(bundle, self._options.accepted)

    def own_files(self, cluster: str, resources: Sequence[ResourceParts]) -> Mapping[str, bytes]:
        """See `Target`.

        `_argocd` has an Application for each SR, `_argocd/SR` one for each of its steps and lanes,
        `_argocd/SR/APPLICATION` what that one applies, and `_argocd/bootstrap` the ApplicationSet, which is
        the same in every cluster's folder and is applied once, by hand.
        """
        files = dict(_listing(BOOTSTRAP, {"applicationset.yaml": self._application_set()}))
        levels = _levels(resources)
        files |= _listing(
            FOLDER,
            {
                f"application-{each.folder}.yaml": self._resource_application(
                    cluster, each, levels[each.name]
                )
                for each in resources
            },
        )
        for each in resources:
            applications = {}
            for name, wave, parts in _applications(cluster, each):
                kernels = {part.kernel for part in parts}
                applications[f"application-{name}.yaml"] = self._application(
                    name,
                    wave,
                    f"{cluster}/{FOLDER}/{each.folder}/{name}",
                    self._destination(cluster),
                    _origin(each.name, kernels.pop() if len(kernels) == 1 else ""),
                )
                files[f"{FOLDER}/{each.folder}/{name}/{KUSTOMIZATION}"] = kustomization(
                    f"../../../{part.folder}" for part in parts
                )
            files |= _listing(f"{FOLDER}/{each.folder}", applications)
        return files

    def _resource_application(self, cluster: str, resource: ResourceParts, level: int) -> JsonObject:
        """The Application of an SR: it holds Applications, which lie where Argo CD itself runs."""
        destination: JsonObject = {"namespace": self._options.namespace, "server": _HERE}
        name = object_name(cluster, resource.name.lstrip("_"), "all")
        path = f"{cluster}/{FOLDER}/{resource.folder}"
        return self._application(name, level, path, destination, _origin(resource.name, ""))

    def _application(
        self, name: str, wave: int, path: str, destination: JsonObject, origin: Mapping[str, str]
    ) -> JsonObject:
        return {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {
                "annotations": {**origin, WAVE: str(wave)},
                # What an Application applied goes with it, but for what `Delete=false` guards.
                "finalizers": ["resources-finalizer.argocd.argoproj.io"],
                "name": name,
                "namespace": self._options.namespace,
            },
            "spec": self._spec(self._in_repository(path), destination),
        }

    def _application_set(self) -> JsonObject:
        """An Application for each folder of OUT, that is for each cluster."""
        options = self._options
        destination: JsonObject = {"namespace": options.namespace, "server": _HERE}
        return {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "ApplicationSet",
            "metadata": {"name": object_name("sro", options.path), "namespace": options.namespace},
            "spec": {
                "generators": [
                    {
                        "git": {
                            "directories": [{"path": self._in_repository("*")}],
                            "repoURL": options.repo_url,
                            "revision": options.revision,
                        }
                    }
                ],
                "goTemplate": True,
                "goTemplateOptions": ["missingkey=error"],
                # Whoever deletes the ApplicationSet by mistake must not lose the drivers of all clusters.
                "syncPolicy": {"preserveResourcesOnDeletion": True},
                "template": {
                    "metadata": {"name": "sro-{{ .path.basenameNormalized }}"},
                    "spec": self._spec("{{ .path.path }}/" + FOLDER, destination),
                },
            },
        }

    def _spec(self, path: str, destination: JsonObject) -> JsonObject:
        options = self._options
        policy: JsonObject = {
            "retry": {"backoff": {"duration": "30s", "factor": 2, "maxDuration": "10m"}, "limit": 5},
            # CRDs do not fit into the annotation that an apply by the client writes.
            "syncOptions": ["ServerSideApply=true"],
        }
        if options.is_automated:
            policy["automated"] = {"prune": True, "selfHeal": True}
        source: JsonObject = {
            "path": path,
            "repoURL": options.repo_url,
            "targetRevision": options.revision,
        }
        return {
            "destination": destination,
            "project": options.project,
            "source": source,
            "syncPolicy": policy,
        }

    def _destination(self, cluster: str) -> JsonObject:
        options = self._options
        if options.destination_server:
            return {"server": options.destination_server}
        return {"name": options.destination_name or cluster}

    def _in_repository(self, path: str) -> str:
        return f"{self._options.path}/{path}" if self._options.path else path


def _words(manifest: JsonObject, place: int) -> Mapping[str, str]:
    """What Argo CD is told of an object.

    Hooks are hooks of the phase Sync in their state's wave: PreSync would come before the SR's namespace
    and CRDs, which are in the same Application.
    """
    own = annotations_of(manifest)
    added = {WAVE: str(place)}
    if is_wait(manifest):
        # After the build, and again with every sync: a Job that failed would stay failed.
        return {WAVE: str(place + 1), HOOK: "Sync", DELETE_POLICY: "BeforeHookCreation,HookSucceeded"}
    if is_hook_object(manifest) and hook_events(own) and HOOK not in own:
        added[HOOK] = "Sync"
        written = text_of(own.get("helm.sh/hook-delete-policy")).split(",")
        policies = [_POLICIES[each.strip()] for each in written if each.strip() in _POLICIES]
        added[DELETE_POLICY] = ",".join(policies) or "BeforeHookCreation"
    if is_guarded(manifest):
        added[SYNC_OPTIONS] = listed(own.get(SYNC_OPTIONS), "Delete=false,Prune=false")
    return added


def _applications(cluster: str, resource: ResourceParts) -> Iterator[tuple[str, int, tuple[Part, ...]]]:
    """Name, wave and parts of each Application of an SR, in order.

    Names depend on what they hold and not on how many come before: an Application with another name is
    another one, and what the old one applied would go with it.
    """
    for number, step in enumerate(resource.steps):
        first = step.parts[0].state if number else ""
        names = (cluster, resource.name.lstrip("_"), first)
        if step.common:
            yield object_name(*names), 2 * number, step.common
        for lane in step.lanes:
            yield object_name(*names, lane.kernel or "workloads"), 2 * number + 1, lane.parts


def _levels(resources: Sequence[ResourceParts]) -> dict[str, int]:
    """The wave of each SR: one more than the highest of those that it needs."""
    levels: dict[str, int] = {}
    for each in resources:
        levels[each.name] = 1 + max((levels.get(name, -1) for name in each.dependencies), default=-1)
    return levels


def _origin(resource: str, kernel: str) -> dict[str, str]:
    """What an Application is for; a label could not hold every kernel's name."""
    origin = {"sro.openshift.io/special-resource": resource}
    return {**origin, "sro.openshift.io/kernel": kernel} if kernel else origin


def _listing(folder: str, objects: Mapping[str, JsonObject]) -> Iterator[tuple[str, bytes]]:
    """The files of a folder, with the kustomization that lists them."""
    yield f"{folder}/{KUSTOMIZATION}", kustomization(objects)
    for name, manifest in objects.items():
        yield f"{folder}/{name}", writer.write(manifest).encode()
