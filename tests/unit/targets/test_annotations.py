"""What Argo CD and Flux are told of an object.

Matrix: drivers, what takes others with it, hooks of each policy and weight, and ordinary objects, for both
targets. Left out: that every object keeps its other fields, and the order of states, which
tests/laws/test_target_laws.py shows.
"""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from sro_render.errors import Finding, describe
from sro_render.model.bundle import Bundle, RenderedObject, RenderedResource, State, StateName
from sro_render.model.objects import JsonObject, annotations_of, object_id
from sro_render.targets.annotating import PRUNE
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


COMMON = """\
warning[target-node-labels]: {tool} sets no label specialresource.openshift.io/state-SR-NNNN on the nodes whose drivers are ready, and serves none of SRO's metrics
  help: run `sro-apply run --observe` beside it, and say so with --target-option accept=target-node-labels
warning[target-driver-kept]: {tool} never prunes 1 driver: it does not know when the last node has left a kernel
  note: DaemonSet/n/x
  help: run `sro-apply run --observe` beside it, and say so with --target-option accept=target-driver-kept; or delete a driver by hand when no node runs its kernel any more
warning[target-lane-holds-up]: under {tool} a kernel that fails holds up the states after it that are there once
  in: a
  help: sro-apply goes on when every lane is ready or has failed, and one at least is ready
warning[target-removed-kept]: {tool} leaves drivers, CRDs, claims and namespaces of removed SpecialResources: old
  help: delete them by hand, or with `sro-apply delete`
"""
OF_ARGO = """\
warning[target-order-once]: Argo CD keeps the order of Applications only while it creates them: a later commit reaches what is there once and all kernels at the same time
  help: within a kernel builds and drivers keep their order; README.md has the health check that Argo CD needs to wait for Applications at all
warning[target-driver-not-awaited]: Argo CD takes a DaemonSet with updateStrategy OnDelete for healthy as soon as it is there: 1 driver is not waited for
  note: DaemonSet/n/x
  help: let what needs the driver wait for it, for example in an init container
"""
OF_FLUX = """\
warning[target-hook-as-object]: Flux knows no hooks: 1 hook is applied in order, by state but not by weight, and run again only when changed
  note: Job/n/h
  help: make it a Job of a state if its weight matters
"""
ON_DELETE: JsonObject = {"updateStrategy": {"type": "OnDelete"}}


def said(target: Target, given: Bundle) -> str:
    return "".join(f"{describe(each, severity='warning')}\n" for each in target.findings(given))


def test_what_only_sro_apply_does_is_said() -> None:
    driver = affine(made("DaemonSet", spec=ON_DELETE))
    hook = made("Job", "h", helm_sh__hook="pre-install")
    given = bundle(driver, hook, removed=("old",))
    assert said(ARGO, given) == COMMON.format(tool="Argo CD") + OF_ARGO
    assert said(FLUX, given) == COMMON.format(tool="Flux") + OF_FLUX


def test_many_drivers_are_named_in_part() -> None:
    drivers = [affine(made("DaemonSet", str(number), ON_DELETE)) for number in range(5)]
    found = {each.code: each for each in ARGO.findings(bundle(*drivers))}
    awaited, kept = found["target-driver-not-awaited"], found["target-driver-kept"]
    assert awaited.message.endswith("as soon as it is there: 5 drivers are not waited for")
    assert kept.message.startswith("Argo CD never prunes 5 drivers: ")
    assert awaited.notes == kept.notes == ("DaemonSet/n/0, DaemonSet/n/1, DaemonSet/n/2, and 2 more",)


@pytest.mark.parametrize("target", [ARGO, FLUX])
def test_a_driver_that_may_be_pruned_is_not_said_to_be_kept(target: Target) -> None:
    driver = affine(made("DaemonSet"), **{PRUNE: "force"})
    assert {"target-node-labels", "target-driver-kept"}.isdisjoint(codes(target.findings(bundle(driver))))


@pytest.mark.parametrize("target", [ARGO, FLUX])
def test_a_driver_that_is_updated_as_usual_and_in_the_last_state_needs_no_warning(target: Target) -> None:
    usual = bundle(affine(made("DaemonSet")))
    resource = usual.resources[0]
    given = replace(usual, resources=(replace(resource, states=resource.states[:1]),))
    assert {"target-lane-holds-up", "target-driver-not-awaited", "target-hook-as-object"}.isdisjoint(
        codes(target.findings(given))
    )


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
