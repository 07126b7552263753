"""Whatever the bundle, its targets apply the same objects, each once, in an order that the states allow.

Matrix: bundles of up to three SRs that need each other, with states that are affine, not affine or both,
on up to three kernels, with builds, drivers, workloads and what is ready at once; the targets plain, argocd
and flux. Left out: what charts make hooks, which tests/unit/targets/test_argocd.py and test_flux.py look at.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sro_render.model.bundle import Bundle, RenderedObject, RenderedResource, State, StateName
from sro_render.model.lock import LockedResource, LockedState
from sro_render.model.objects import JsonObject, object_id
from sro_render.targets.choose import target_of
from sro_render.targets.layout import KUSTOMIZATION, paths_of, place, share
from sro_render.targets.options import ArgoOptions, FluxOptions
from sro_render.targets.parts import read_parts

ARGO = target_of(ArgoOptions(repo_url="https://git.example.com/x", path=""))
FLUX = target_of(FluxOptions(source_name="x", path=""))
KERNELS = ("4.18.0-1.el8_4.x86_64", "5.14.0-2.x86_64+rt", "5.14.0-2.x86-64+rt")
VERSIONS = {
    "BuildConfig": "build.openshift.io/v1",
    "ConfigMap": "v1",
    "DaemonSet": "apps/v1",
    "Deployment": "apps/v1",
    "Job": "batch/v1",
    "Namespace": "v1",
}
AFFINE = "specialresource.openshift.io/kernel-affine"
WAVE = "argocd.argoproj.io/sync-wave"

Names = dict[str, set[str]]


def rendered(kind: str, name: str, state: str, kernel: str = "") -> RenderedObject:
    annotations: JsonObject = {"sro.openshift.io/state": state}
    if kernel:
        annotations |= {AFFINE: "true", "sro.openshift.io/kernel": kernel}
    manifest: JsonObject = {
        "apiVersion": VERSIONS[kind],
        "kind": kind,
        "metadata": {"name": name, "namespace": "n", "annotations": annotations},
        "spec": {},
    }
    return RenderedObject(id=object_id(manifest), manifest=manifest, kernel=kernel)


@st.composite
def bundles(draw: st.DrawFn) -> Bundle:
    names = draw(st.lists(st.sampled_from(["a", "a-b", "c"]), min_size=1, max_size=3, unique=True))
    resources: list[RenderedResource] = []
    kinds = st.lists(st.sampled_from(sorted(VERSIONS)), max_size=2, unique=True)
    for name in names:
        states = []
        for number in range(draw(st.integers(0, 4))):
            state = f"{number}000-s"
            objects = [rendered(kind, f"{name}-{number}", state) for kind in draw(kinds)]
            for at, kernel in enumerate(KERNELS):
                objects += [rendered(kind, f"{name}-{number}-{at}", state, kernel) for kind in draw(kinds)]
            states.append(State(name=StateName(state), objects=tuple(objects)))
        needs = draw(st.lists(st.sampled_from([each.name for each in resources] or [""]), unique=True))
        resources.append(
            RenderedResource(
                name=name,
                namespace="n",
                states=tuple(states),
                chart_name="c",
                chart_version="1",
                chart_digest="",
                dependencies=tuple(sorted(filter(None, needs))),
            )
        )
    return Bundle(cluster="lab", resources=tuple(resources))


def locked(bundle: Bundle) -> tuple[LockedResource, ...]:
    return tuple(
        LockedResource(
            name=each.name,
            namespace=each.namespace,
            chart_digest="",
            states=tuple(LockedState(name=state.name) for state in each.states),
            dependencies=each.dependencies,
        )
        for each in bundle.resources
    )


def laid_out(bundle: Bundle, target: Any) -> tuple[dict[str, JsonObject], dict[str, Any]]:
    """The bundle's objects by path, and the target's own by path, kustomizations included."""
    dressed = target.dress(share(bundle))
    objects = {path: each.manifest for path, each in paths_of(place(dressed, is_split=True))}
    own = target.own_files("lab", read_parts(objects, locked(bundle)))
    return objects, {path: yaml.safe_load(data) for path, data in own.items()}


def kind_of(own: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The target's own objects of a kind by name, without those that are applied by hand."""
    return {
        each["metadata"]["name"]: each
        for path, each in own.items()
        if each["kind"] == kind and "metadata" in each and "/bootstrap/" not in path
    }


def below(objects: Mapping[str, JsonObject], folder: str) -> list[JsonObject]:
    return [each for path, each in objects.items() if path.startswith(f"{folder}/")]


def applications(bundle: Bundle) -> dict[str, tuple[str, int, list[JsonObject]]]:
    """The Applications with objects of the bundle: SR, wave and these objects, by name."""
    objects, own = laid_out(bundle, ARGO)
    found = {}
    for name, each in kind_of(own, "Application").items():
        folder = each["spec"]["source"]["path"].removeprefix("lab/")
        listed = own[f"{folder}/{KUSTOMIZATION}"]["resources"]
        if folder.count("/") == 2:
            applied = [o for base in listed for o in below(objects, base.removeprefix("../../../"))]
            annotations = each["metadata"]["annotations"]
            found[name] = annotations["sro.openshift.io/special-resource"], int(annotations[WAVE]), applied
    return found


def kustomizations(bundle: Bundle) -> dict[str, tuple[str, set[str], list[JsonObject]]]:
    """The Kustomizations with objects of the bundle: folder, all that comes before, objects, by name."""
    objects, own = laid_out(bundle, FLUX)
    found = kind_of(own, "Kustomization")
    direct = {
        name: {one["name"] for one in each["spec"].get("dependsOn", ())} for name, each in found.items()
    }
    before: Names = {}
    while len(before) < len(direct):
        ready = [name for name, needs in direct.items() if name not in before and needs <= before.keys()]
        assert ready, "a circle, or something that does not exist"
        for name in ready:
            before[name] = direct[name].union(*(before[need] for need in direct[name]))
    folders = {name: each["spec"]["path"].removeprefix("./lab/") for name, each in found.items()}
    return {name: (folder, before[name], below(objects, folder)) for name, folder in folders.items()}


def ids(objects: Any) -> Counter[str]:
    return Counter(str(object_id(each)) for each in objects)


def state_of(manifest: Any) -> str:
    return str(manifest["metadata"]["annotations"]["sro.openshift.io/state"])


def kernel_of(manifest: Any) -> str:
    return str(manifest["metadata"]["annotations"].get("sro.openshift.io/kernel", ""))


def wave_of(manifest: Any) -> int:
    return int(manifest["metadata"]["annotations"][WAVE])


@given(bundles())
@settings(max_examples=40, deadline=None)
def test_every_target_has_the_same_objects_but_for_its_own(bundle: Bundle) -> None:
    plain = {str(each.id): each.manifest for _, each in paths_of(place(share(bundle)))}
    for target in (ARGO, FLUX):
        objects = {
            str(object_id(each)): target.undress(each) for each in laid_out(bundle, target)[0].values()
        }
        assert {name: objects[name] for name in plain} == plain
        assert all("/wait-" in name for name in objects.keys() - plain.keys())


@given(bundles())
@settings(max_examples=40, deadline=None)
def test_every_object_is_applied_by_one_application_and_by_one_kustomization(bundle: Bundle) -> None:
    applied = ids(each for *_, objects in applications(bundle).values() for each in objects)
    assert applied == ids(laid_out(bundle, ARGO)[0].values())
    applied = ids(each for *_, objects in kustomizations(bundle).values() for each in objects)
    assert applied == ids(laid_out(bundle, FLUX)[0].values())


@given(bundles())
@settings(max_examples=40, deadline=None)
def test_waves_ascend_with_the_states_and_a_build_is_waited_for_before_the_next(bundle: Bundle) -> None:
    objects = list(laid_out(bundle, ARGO)[0].values())
    for resource in bundle.resources:
        own = {str(each.id) for state in resource.states for each in state.objects}
        waves: dict[str, list[int]] = {}
        for each in objects:
            if str(object_id(each)) in own:
                waves.setdefault(state_of(each), []).append(wave_of(each))
        ordered = [waves[state] for state in sorted(waves)]
        assert all(max(one) + 1 < min(other) for one, other in pairwise(ordered))


@given(bundles())
@settings(max_examples=40, deadline=None)
def test_a_lane_is_one_application_and_states_without_kernels_come_before_or_after_it(bundle: Bundle) -> None:
    found = applications(bundle)
    for resource, wave, objects in found.values():
        assert len(set(map(kernel_of, objects))) == 1
        if kernel_of(objects[0]):
            continue
        others = [other for other in found.values() if other[0] == resource and kernel_of(other[2][0])]
        for _, lane_wave, lane in others:
            active = [each for each in objects if each["kind"] not in {"ConfigMap", "Namespace"}]
            pure = not any(state_of(each) == state_of(one) for each in active for one in lane)
            if pure and active and wave > lane_wave:
                assert min(map(state_of, objects)) > max(map(state_of, lane))


@given(bundles())
@settings(max_examples=40, deadline=None)
def test_a_kustomization_waits_for_what_comes_before_it_and_for_no_other_kernel(bundle: Bundle) -> None:
    found = kustomizations(bundle)
    needs = {each.name: each.dependencies for each in bundle.resources}
    affine = {
        (each.name, state.name)
        for each in bundle.resources
        for state in each.states
        if any(one.kernel for one in state.objects)
    }
    for folder, before, objects in found.values():
        resource, state, kernel = folder.split("/")[0], state_of(objects[0]), kernel_of(objects[0])
        is_whole = (resource, state) not in affine
        for name, (other_folder, _, others) in found.items():
            other, other_state, other_kernel = (
                other_folder.split("/")[0],
                state_of(others[0]),
                kernel_of(others[0]),
            )
            if other in needs[resource]:
                assert name in before
            elif other == resource and other_state < state:
                other_is_whole = (other, other_state) not in affine
                if is_whole or other_is_whole or (kernel and kernel == other_kernel):
                    assert name in before
                elif (
                    kernel
                    and other_kernel
                    and not any(
                        (resource, each.name) not in affine
                        and each.objects
                        and other_state < each.name < state
                        for one in bundle.resources
                        if one.name == resource
                        for each in one.states
                    )
                ):
                    assert name not in before
            elif other == resource and other_state == state and kernel and other_kernel:
                assert name not in before


@given(bundles())
@settings(max_examples=40, deadline=None)
def test_names_fit_into_labels_and_differ(bundle: Bundle) -> None:
    for target in (ARGO, FLUX):
        own = [
            each
            for path, each in laid_out(bundle, target)[1].items()
            if "metadata" in each and "/bootstrap/" not in path
        ]
        names = [each["metadata"]["name"] for each in own]
        assert len(set(names)) == len(names)
        label = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
        assert all(len(name) <= 63 and re.fullmatch(rf"{label}(\.{label})*", name) for name in names)
