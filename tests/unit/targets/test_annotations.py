"""What Argo CD and Flux are told of an object.

Matrix: drivers, what takes others with it, hooks of each policy and weight, and ordinary objects, for both
targets. Left out: that every object keeps its other fields, and the order of states, which
tests/laws/test_target_laws.py shows.
"""

from __future__ import annotations

import pytest

from sro_render.errors import Finding
from sro_render.model.bundle import Bundle, RenderedObject, RenderedResource, State, StateName
from sro_render.model.objects import JsonObject, annotations_of, object_id
from sro_render.targets.choose import target_of
from sro_render.targets.interface import Target
from sro_render.targets.options import ArgoOptions, FluxOptions

ARGO = target_of(ArgoOptions(repo_url="https://git.example.com/x", path=""))
FLUX = target_of(FluxOptions(source_name="x", path=""))
AFFINE = {"specialresource.openshift.io/kernel-affine": "true"}
NOT_PRUNED = "kustomize.toolkit.fluxcd.io/prune"


def made(kind: str, name: str = "x", spec: JsonObject | None = None, **annotations: str) -> RenderedObject:
    versions = {
        "CustomResourceDefinition": "apiextensions.k8s.io/v1",
        "DaemonSet": "apps/v1",
        "Job": "batch/v1",
    }
    given = {key.replace("__", "/").replace("_", "-"): value for key, value in annotations.items()}
    own: JsonObject = {key.replace("helm-sh", "helm.sh"): value for key, value in given.items()}
    manifest: JsonObject = {
        "apiVersion": versions.get(kind, "v1"),
        "kind": kind,
        "metadata": {"name": name, "namespace": "n", "annotations": own},
        "spec": spec or {},
    }
    return RenderedObject(id=object_id(manifest), manifest=manifest)


def affine(each: RenderedObject, **more: str) -> RenderedObject:
    own: JsonObject = {**annotations_of(each.manifest), **AFFINE, **more}
    metadata: JsonObject = {"name": each.id.name, "namespace": "n", "annotations": own}
    return RenderedObject(id=each.id, manifest={**each.manifest, "metadata": metadata}, kernel="k")


def bundle(*objects: RenderedObject, removed: tuple[str, ...] = ()) -> Bundle:
    state = State(name=StateName("pre-install"), objects=objects)
    last = State(name=StateName("9000-last"), objects=(made("ConfigMap", "last"),))
    resource = RenderedResource(
        name="a",
        namespace="n",
        states=(state, last),
        chart_name="",
        chart_version="",
        chart_digest="",
    )
    return Bundle(cluster="c", resources=(resource,), removed=removed)


def told(target: Target, *objects: RenderedObject) -> list[dict[str, object]]:
    """The target's annotations on each object of the first state."""
    state = target.dress(bundle(*objects)).resources[0].states[0]
    ours = ("argocd.argoproj.io/", "kustomize.toolkit.fluxcd.io/")
    return [
        {key: value for key, value in annotations_of(each.manifest).items() if key.startswith(ours)}
        for each in state.objects
    ]


def test_an_ordinary_object_has_its_wave_and_nothing_more() -> None:
    assert told(ARGO, made("ConfigMap")) == [{"argocd.argoproj.io/sync-wave": "0"}]
    assert told(FLUX, made("ConfigMap")) == [{}]


@pytest.mark.parametrize("kind", ["CustomResourceDefinition", "Namespace", "PersistentVolumeClaim"])
def test_what_takes_others_along_is_not_pruned(kind: str) -> None:
    (argo,), (flux,) = told(ARGO, made(kind)), told(FLUX, made(kind))
    assert argo["argocd.argoproj.io/sync-options"] == "Delete=false,Prune=false"
    assert flux == {NOT_PRUNED: "disabled"}


def test_a_driver_is_not_pruned_and_another_daemonset_is() -> None:
    objects = affine(made("DaemonSet")), made("DaemonSet", "plugin")
    assert told(FLUX, *objects) == [{NOT_PRUNED: "disabled"}, {}]
    assert ["argocd.argoproj.io/sync-options" in each for each in told(ARGO, *objects)] == [True, False]


def test_force_lifts_the_guard() -> None:
    driver = affine(made("DaemonSet"), **{"sro.openshift.io/prune": "force"})
    assert told(FLUX, driver) == [{}]
    assert told(ARGO, driver) == [{"argocd.argoproj.io/sync-wave": "0"}]


def test_options_that_a_chart_sets_are_kept() -> None:
    driver = affine(made("DaemonSet"), **{"argocd.argoproj.io/sync-options": "Replace=true, Prune=false"})
    assert told(ARGO, driver)[0]["argocd.argoproj.io/sync-options"] == "Replace=true,Prune=false,Delete=false"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("", "BeforeHookCreation"),
        ("hook-succeeded", "HookSucceeded"),
        ("before-hook-creation, hook-failed", "BeforeHookCreation,HookFailed"),
    ],
)
def test_a_hook_is_a_hook_of_its_wave_with_its_delete_policy(written: str, expected: str) -> None:
    hook = made("Job", helm_sh__hook="pre-install")
    if written:
        hook = made("Job", helm_sh__hook="pre-install", helm_sh__hook_delete_policy=written)
    assert told(ARGO, hook) == [
        {
            "argocd.argoproj.io/hook": "Sync",
            "argocd.argoproj.io/hook-delete-policy": expected,
            "argocd.argoproj.io/sync-wave": "0",
        }
    ]


def test_hooks_of_one_state_go_by_weight() -> None:
    hooks = [
        made("Job", str(w), helm_sh__hook="pre-install", helm_sh__hook_weight=str(w)) for w in (-5, 10, 3, 10)
    ]
    assert [each["argocd.argoproj.io/sync-wave"] for each in told(ARGO, *hooks)] == ["0", "4", "2", "4"]


def test_flux_makes_a_changed_hook_anew() -> None:
    assert told(FLUX, made("Job", helm_sh__hook="pre-install")) == [
        {"kustomize.toolkit.fluxcd.io/force": "enabled"}
    ]


def codes(found: tuple[Finding, ...]) -> list[str]:
    return [each.code for each in found]


def test_nothing_is_said_that_does_not_matter() -> None:
    assert ARGO.findings(bundle(made("ConfigMap"))) == ()
    assert FLUX.findings(bundle(made("ConfigMap"))) == ()


def test_what_only_sro_apply_does_is_said() -> None:
    driver = affine(made("DaemonSet", spec={"updateStrategy": {"type": "OnDelete"}}))
    hook = made("Job", "h", helm_sh__hook="pre-install")
    common = ["target-node-labels", "target-driver-kept", "target-lane-holds-up", "target-removed-kept"]
    given = bundle(driver, hook, removed=("old",))
    assert codes(ARGO.findings(given)) == [*common, "target-order-once", "target-driver-not-awaited"]
    assert codes(FLUX.findings(given)) == [*common, "target-hook-as-object"]


def test_what_is_accepted_is_not_said_again() -> None:
    accepting = FluxOptions(source_name="x", path="", accepted=("target-driver-kept", "target-node-labels"))
    found = target_of(accepting).findings(bundle(affine(made("DaemonSet"))))
    assert codes(found) == ["target-lane-holds-up"]


def test_every_cluster_brings_the_same_application_set() -> None:
    place = "_argocd/bootstrap/applicationset.yaml"
    assert ARGO.own_files("one", ())[place] == ARGO.own_files("two", ())[place]
    assert ARGO.own_files("one", ()).keys() == {
        place, "_argocd/bootstrap/kustomization.yaml", "_argocd/kustomization.yaml",
    }  # fmt: skip
