"""What of a server's answers is a difference, and how it is marked, in memory.

Matrix: what the server counts; data of Secrets, in each form; objects that the bundle no longer has: with and without a
controller, of a driver, of an SR that is removed, beside their successor of another kernel; live nodes beside the
lock's; answers that fail now and then, kinds that have gone. Left out: what a real server answers (tests/cluster).
"""

from __future__ import annotations

from typing import Any

import pytest
from kube_double import Double, Fault

from sro_apply.applying import Applier
from sro_apply.asking import Asker
from sro_apply.config import SyncSettings
from sro_apply.kube.errors import PermanentError, TransientError
from sro_apply.kube.view import View
from sro_apply.planning.applyset import PART_OF, parent_id, parent_manifest, set_id
from sro_apply.planning.live_diff import Checked, live_diff
from sro_apply.planning.parts import BundleObject, BundleResource, BundleState, RenderedBundle
from sro_apply.planning.sets import Member
from sro_render.diff.records import ChangeKind, Diff
from sro_render.model.objects import object_id
from sro_render.review.diff_html import PageAssets, html_report
from sro_render.review.diff_json import diff_json_report
from sro_render.review.diff_markdown import markdown_report
from sro_render.review.diff_text import text_report

OLD, NEW = "5.14.0-1.el9.x86_64", "5.14.0-2.el9.x86_64"
SUFFIXES = {OLD: "aaaa1111", NEW: "bbbb2222"}


def config_map(name: str = "c", **data: str) -> Any:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "a", "labels": {PART_OF: set_id(parent_id("a", "ops"))}},
        "data": data,
    }


def driver(kernel: str) -> Any:
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {
            "name": f"driver-{SUFFIXES[kernel]}",
            "namespace": "a",
            "annotations": {"sro.openshift.io/kernel": kernel, "sro.openshift.io/state": "s"},
        },
        "spec": {"template": {"spec": {"nodeSelector": {"kernel": kernel}}}},
    }


def node(name: str, kernel: str) -> Any:
    info = {"kernelVersion": kernel}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": {"nodeInfo": info}}


def bundle_of(*manifests: Any, removed: tuple[str, ...] = ()) -> RenderedBundle:
    objects = tuple(
        BundleObject(
            id=object_id(each),
            manifest=each,
            file=f"a/s/{each['metadata']['name']}.yaml",
            kernel=each["metadata"].get("annotations", {}).get("sro.openshift.io/kernel", ""),
        )
        for each in manifests
    )
    resource = BundleResource(name="a", namespace="a", states=(BundleState(name="s", objects=objects),))
    return RenderedBundle(cluster="prod", resources=(resource,), removed=removed)


def checked(bundle: RenderedBundle, live: Any = None, answer: Any = None) -> list[Checked]:
    return [
        Checked(resource="a", state="s", object=each, wanted=each.manifest, live=live, answer=answer)
        for each in bundle.objects
    ]


def difference(
    bundle: RenderedBundle, found: list[Checked], stale: list[Any] | None = None, *nodes: Any
) -> Diff:
    members = [Member(resource="a", live=each) for each in stale or ()]
    return live_diff(bundle, found, members, nodes, ("live", "out"))


def test_what_the_server_counts_is_no_difference() -> None:
    live, answer = config_map(x="1"), config_map(x="1")
    live["metadata"] |= {"generation": 1, "resourceVersion": "7", "uid": "u", "managedFields": [{}]}
    live["metadata"]["annotations"] = {"deprecated.daemonset.template.generation": "1"}
    answer["metadata"] |= {"generation": 2, "resourceVersion": "8", "creationTimestamp": "2030"}
    answer["metadata"]["annotations"] = {"deprecated.daemonset.template.generation": "2"}
    answer["status"] = {"x": 1}
    bundle = bundle_of(config_map(x="1"))
    assert difference(bundle, checked(bundle, live, answer)).is_empty


def test_data_of_a_secret_is_in_no_report() -> None:
    def secret(value: str) -> Any:
        return {**config_map(password=value), "kind": "Secret"}

    bundle = bundle_of(secret("new-hunter"))
    refused = [
        Checked(
            resource="a",
            state="s",
            object=bundle.objects[0],
            wanted=secret("new-hunter"),
            live=secret("old-hunter"),
            refusal="refused",
        )
    ]
    for found in (checked(bundle, secret("old-hunter"), secret("new-hunter")), checked(bundle), refused):
        diff = difference(bundle, found, [secret("old-hunter") | {"metadata": {"name": "gone"}}])
        assert len(diff.changes) == 2
        page = html_report(diff, PageAssets(style="", script=""))
        for report in (text_report(diff), diff_json_report(diff), markdown_report(diff), page):
            assert "Secret" in report
            assert "hunter" not in report


def test_a_driver_gives_way_to_its_successor_and_needs_a_prune() -> None:
    bundle = bundle_of(driver(NEW))
    diff = difference(bundle, checked(bundle), [driver(OLD)], node("w1", OLD), node("w2", NEW))
    (change,) = diff.changes
    assert change.kind is ChangeKind.ROLLED_OVER
    assert [mark.message for mark in change.marks] == [
        "a sync leaves it where it is; --prune deletes it, unless a node runs its kernel"
    ]
    assert change.nodes == ("w1", "w2")
    assert diff.losses == ()


def test_nodes_that_only_the_lock_knows_are_no_difference() -> None:
    bundle = bundle_of(driver(NEW))
    diff = difference(bundle, checked(bundle, driver(NEW), driver(NEW)), [], node("w9", OLD))
    assert diff.is_empty
    assert diff.after.kernels == ((OLD, ("w9",)),)


SETTINGS = SyncSettings(namespace="ops", version="1", timeout_s=0, is_dry_run=True)


def ask(kube: Double, bundle: RenderedBundle) -> Diff:
    asker = Asker(
        kube,
        Applier(kube, View(kube), bundle, SETTINGS),
        bundle,
        namespace="ops",
        takes_over=True,
        concurrency=2,
        sleep=lambda _: None,
    )
    answers = asker.ask()
    return live_diff(bundle, answers.checked, answers.stale, answers.nodes, ("live", "out"))


def cluster(*live: Any, fault: Fault = lambda *_: None, known: RenderedBundle | None = None) -> Double:
    """With the set of an SR `a` in it, which had the objects of another bundle."""
    kube = Double(fault)
    parent = parent_manifest((known or bundle_of(*live)).resources[0], "ops", "1", None)
    applied: Any = {"managedFields": [{"manager": "sro-apply", "operation": "Apply"}]}
    for each in (parent, *live):
        metadata = {**each["metadata"], **applied, "uid": str(object_id(each))}
        kube.objects[object_id(each)] = {**each, "metadata": metadata}
    return kube


def test_what_the_bundle_no_longer_has_is_removed_but_not_what_a_controller_made() -> None:
    inherited = config_map("inherited")
    inherited["metadata"]["ownerReferences"] = [{"kind": "Build", "name": "b", "controller": True}]
    stranger = config_map("stranger")
    stranger["metadata"]["labels"] = {PART_OF: "applyset-other-v1"}
    diff = ask(cluster(config_map("gone"), inherited, stranger), bundle_of())
    assert [(str(each.ref.id), each.kind.value) for each in diff.changes] == [("ConfigMap/a/gone", "removed")]


def test_kinds_that_the_bundle_has_no_more_are_looked_for_and_those_that_have_gone_are_not() -> None:
    gone = {**config_map("x"), "apiVersion": "gone.io/v1", "kind": "Gone"}
    kube = cluster(driver(OLD), known=bundle_of(driver(OLD), gone))
    kube.objects[object_id(driver(OLD))]["metadata"]["labels"] = config_map()["metadata"]["labels"]  # type: ignore[index,call-overload]
    (change,) = ask(kube, bundle_of(config_map())).changes[1:]
    assert (change.kind, change.ref.id.kind) == (ChangeKind.REMOVED, "DaemonSet")


def test_all_of_an_sr_that_is_removed_is_shown() -> None:
    bundle = RenderedBundle(cluster="prod", resources=(), removed=("a",))
    assert [each.ref.special_resource for each in ask(cluster(config_map("x")), bundle).changes] == ["a"]


def test_an_answer_that_fails_now_and_then_is_asked_for_again() -> None:
    failed: list[str] = []

    def once(method: str, _: str) -> Exception | None:
        if method in failed or method == "get":
            return None
        failed.append(method)
        return TransientError("server-busy", "later")

    diff = ask(cluster(fault=once), bundle_of(config_map(x="1")))
    assert [each.kind for each in diff.changes] == [ChangeKind.ADDED]
    assert {*failed} == {"list", "apply"}


def test_a_token_that_is_not_accepted_is_no_difference() -> None:
    unauthorized = PermanentError("server-unauthorized", "who are you")
    unauthorized.status = 401
    with pytest.raises(PermanentError, match="who are you"):
        ask(
            cluster(fault=lambda method, _: unauthorized if method == "apply" else None),
            bundle_of(config_map()),
        )
