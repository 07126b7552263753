"""What of a server's answers is a difference, and how it is marked, in memory.

Matrix: what the server counts; data of Secrets, in each form; objects that the bundle no longer has: with and without a
controller, of a driver, of an SR that is removed, beside their successor of another kernel, kept by a guard, in a set
that is not touched, in each form; Namespaces; sets of other bundles; objects of an operator, adopted and not; hooks;
live nodes beside the lock's; answers that fail now and then, kinds that have gone. Left out: what a real server answers
(tests/cluster), and which plans of pruning there are (tests/laws).
"""

from __future__ import annotations

from typing import Any

import pytest
from kube_double import Double, Fault
from msgspec.structs import replace

from sro_apply.applying import Applier
from sro_apply.asking import Answers, Asker
from sro_apply.config import SyncSettings
from sro_apply.kube.errors import PermanentError, TransientError
from sro_apply.kube.view import View
from sro_apply.planning.applyset import PART_OF, parent_id, parent_manifest, set_id
from sro_apply.planning.hooks import record_patch, revision_of
from sro_apply.planning.live_diff import Checked, live_diff
from sro_apply.planning.live_prune import Fate
from sro_apply.planning.parts import BundleObject, BundleResource, BundleState, RenderedBundle
from sro_apply.planning.sets import Member
from sro_render.diff.records import ChangeKind, Diff, Mark
from sro_render.model.objects import object_id
from sro_render.review.diff_github import diff_github_report
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
            "labels": config_map()["metadata"]["labels"],
            "uid": kernel,
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
    return RenderedBundle(cluster="prod", resources=(resource,), removed=removed, kernels={NEW: ("w2",)})


def checked(bundle: RenderedBundle, live: Any = None, answer: Any = None) -> list[Checked]:
    return [
        Checked(resource="a", state="s", object=each, wanted=each.manifest, live=live, answer=answer)
        for each in bundle.objects
    ]


def difference(
    bundle: RenderedBundle, found: list[Checked], stale: list[Any] | None = None, *nodes: Any
) -> Diff:
    going = [
        Fate(member=Member(resource="a", live=each), goes=True, mark=Mark("needs-prune", "it goes"))
        for each in stale or ()
    ]
    return live_diff(bundle, found, going, nodes, ("live", "out"))


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


def test_a_driver_that_no_node_needs_gives_way_to_its_successor() -> None:
    diff = ask(cluster(driver(OLD)), bundle_of(driver(NEW)))
    (change,) = diff.changes
    assert change.kind is ChangeKind.ROLLED_OVER
    assert change.marks == (
        Mark("needs-prune", f"a sync leaves it where it is; --prune deletes it: no node runs {OLD}"),
    )
    assert change.nodes == ("w2",)
    assert diff.losses == ()


def test_a_driver_whose_kernel_runs_is_kept_and_each_form_says_why_and_what_to_do() -> None:
    diff = ask(cluster(driver(OLD), node("w1", OLD)), bundle_of(driver(NEW)))
    assert [each.kind for each in diff.changes] == [ChangeKind.KEPT, ChangeKind.ADDED]
    assert (diff.count(ChangeKind.REMOVED), diff.losses) == (0, ())
    why = "it is a driver for a kernel that a node runs (w1), and deleting it unloads the module; "
    what = "sro.openshift.io/prune=force"
    for report in reports(diff):
        assert why in report
        assert what in report
        assert "sro-render" not in report
    assert "  = DaemonSet/a/driver in kernel" in text_report(diff)
    assert "objects: 1 added, 0 changed, 0 removed, 0 rolled over, 1 kept\n" in text_report(diff)


def test_what_is_kept_alone_is_no_difference_and_can_be_ignored() -> None:
    kube = cluster(driver(OLD), driver(NEW), node("w1", OLD))
    answers = answers_of(kube, bundle_of(driver(NEW)))
    same = [replace(each, answer=None) for each in answers.checked]
    for rules, kinds in (((), [ChangeKind.KEPT]), (("DaemonSet/*",), [])):
        diff = live_diff(
            bundle_of(driver(NEW)), same, answers.fates, answers.nodes, ("live", "out"), (*rules,)
        )
        assert (diff.is_empty, [each.kind for each in diff.changes]) == (True, kinds)


def test_a_driver_that_goes_although_its_kernel_runs_leaves_nodes_without_one() -> None:
    forced = driver(OLD)
    forced["metadata"]["annotations"]["sro.openshift.io/prune"] = "force"
    diff = ask(cluster(forced, node("w1", OLD)), bundle_of(config_map()))
    assert [each.node for each in diff.losses] == ["w1"]


def test_a_set_that_pruning_does_not_touch_is_kept_as_a_whole() -> None:
    many = [config_map(f"old-{number}") for number in range(6)]
    diff = ask(cluster(*many), bundle_of(config_map("new")))
    assert diff.count(ChangeKind.KEPT) == 6
    (mark,) = {mark for each in diff.changes for mark in each.marks}
    assert mark.code == "prune-limit"
    assert mark.message.endswith("if that is meant, say so with a larger --prune-limit, such as 1")


def test_an_sr_in_which_something_is_refused_keeps_what_would_be_replaced() -> None:
    refusal = PermanentError("server-invalid", "no")
    kube = cluster(
        config_map("old"),
        node("w2", NEW),
        fault=lambda method, _: refusal if method == "apply" else None,
    )
    diff = ask(kube, bundle_of(config_map("new")))
    (kept,) = [each for each in diff.changes if each.kind is ChangeKind.KEPT]
    assert kept.marks[0].message.startswith("it goes when all of a is ready")


def test_a_namespace_is_looked_into_before_it_is_shown_as_removed() -> None:
    space: Any = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "n", "uid": "n", "labels": config_map()["metadata"]["labels"]},
    }
    stranger: Any = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "n"}}
    for inside, kind in (((), ChangeKind.REMOVED), ((stranger,), ChangeKind.KEPT)):
        kube = cluster(space, known=bundle_of(space))
        kube.objects |= {object_id(each): each for each in inside}
        changes = {each.ref.id.kind: each.kind for each in ask(kube, bundle_of(config_map())).changes}
        assert changes == {"Namespace": kind, "ConfigMap": ChangeKind.ADDED}


def test_a_set_of_no_sr_of_the_bundle_is_named_and_its_objects_are_another_matter() -> None:
    kube = cluster(config_map("theirs"))
    other = BundleResource(name="b", namespace="b", states=())
    bundle = RenderedBundle(cluster="prod", resources=(other,))
    answers = answers_of(kube, bundle)
    assert (answers.unknown, answers.fates) == (("a",), ())


@pytest.mark.parametrize("adopts", [True, False])
def test_an_object_of_the_operator_is_refused_or_adopted(*, adopts: bool) -> None:
    owner = {"apiVersion": "sro.openshift.io/v1beta1", "kind": "SpecialResource", "name": "x"}
    other = {"apiVersion": "v1", "kind": "ConfigMap", "name": "y"}
    live, bundle = config_map(), bundle_of(config_map())
    live["metadata"] |= {"ownerReferences": [owner, other], "uid": "u"}
    found = [replace(each, adopts=adopts) for each in checked(bundle, live)]
    (change,) = difference(bundle, found).changes
    if adopts:
        assert (change.marks, [each.path[:2] for each in change.fields]) == (
            (),
            [("metadata", "ownerReferences")],
        )
    else:
        assert change.fields == ()
        assert change.marks == (
            Mark(
                "owned-by-operator",
                "it belongs to SpecialResource/x, whose deletion takes it along: a sync refuses it, "
                "and sync --adopt takes it over",
            ),
        )


def test_a_hook_that_ran_need_not_be_there_and_a_changed_one_runs_again() -> None:
    def job(image: str) -> Any:
        metadata = {"name": "j", "namespace": "a", "annotations": {"helm.sh/hook": "pre-install"}}
        return {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": metadata,
            "spec": {"template": {"spec": {"containers": [{"name": "j", "image": image}]}}},
        }

    kube, bundle = cluster(), bundle_of(job("one"))
    assert [each.kind for each in ask(kube, bundle).changes] == [ChangeKind.ADDED]
    settings = SyncSettings(namespace="ops", version="1", timeout_s=0)
    live = Applier(kube, View(kube), bundle, settings).wanted("a", bundle.objects[0])
    parent: Any = kube.objects[parent_id("a", "ops")]
    parent["metadata"]["annotations"] |= record_patch(
        {bundle.objects[0].file: revision_of(live)}, [bundle.objects[0].file]
    )["metadata"]["annotations"]  # type: ignore[index,call-overload]
    assert ask(kube, bundle).is_empty
    kube.objects[object_id(live)] = live
    (change,) = ask(kube, bundle_of(job("two"))).changes
    assert (change.kind, [each.code for each in change.marks]) == (ChangeKind.CHANGED, ["runs-again"])


def reports(diff: Diff) -> list[str]:
    """In each form, as `sro-apply diff` prints them; without the marks of HTML."""
    page = html_report(diff, PageAssets(style="", script=""), program="sro-apply")
    return [
        text_report(diff),
        diff_json_report(diff),
        markdown_report(diff, program="sro-apply"),
        diff_github_report(diff, program="sro-apply"),
        page,
    ]


def test_nodes_that_only_the_lock_knows_are_no_difference() -> None:
    bundle = bundle_of(driver(NEW))
    diff = difference(bundle, checked(bundle, driver(NEW), driver(NEW)), [], node("w9", OLD))
    assert diff.is_empty
    assert diff.after.kernels == ((OLD, ("w9",)),)


SETTINGS = SyncSettings(namespace="ops", version="1", timeout_s=0, is_dry_run=True)


def answers_of(kube: Double, bundle: RenderedBundle) -> Answers:
    return Asker(kube, View(kube), bundle, SETTINGS, lambda _: None).ask()


def ask(kube: Double, bundle: RenderedBundle) -> Diff:
    answers = answers_of(kube, bundle)
    return live_diff(bundle, answers.checked, answers.fates, answers.nodes, ("live", "out"))


def cluster(*live: Any, fault: Fault = lambda *_: None, known: RenderedBundle | None = None) -> Double:
    """With a node, and the set of an SR `a`, which had the objects of another bundle."""
    kube = Double(fault)
    parent = parent_manifest((known or bundle_of(*live)).resources[0], "ops", "1", None)
    applied: Any = {"managedFields": [{"manager": "sro-apply", "operation": "Apply"}]}
    for each in (parent, node("w2", NEW), *live):
        metadata = {**each["metadata"], **applied, "uid": str(object_id(each))}
        kube.objects[object_id(each)] = {**each, "metadata": metadata}
    return kube


def test_what_the_bundle_no_longer_has_is_removed_but_not_what_a_controller_made() -> None:
    inherited = config_map("inherited")
    inherited["metadata"]["ownerReferences"] = [{"kind": "Build", "name": "b", "controller": True}]
    stranger = config_map("stranger")
    stranger["metadata"]["labels"] = {PART_OF: "applyset-other-v1"}
    diff = ask(cluster(config_map("gone"), inherited, stranger), bundle_of(config_map("new")))
    assert [(str(each.ref.id), each.kind.value) for each in diff.changes if each.before] == [
        ("ConfigMap/a/gone", "removed")
    ]


def test_kinds_that_the_bundle_has_no_more_are_looked_for_and_those_that_have_gone_are_not() -> None:
    gone = {**config_map("x"), "apiVersion": "gone.io/v1", "kind": "Gone"}
    kube = cluster(driver(OLD), known=bundle_of(driver(OLD), gone))
    (change,) = ask(kube, bundle_of(config_map())).changes[1:]
    assert (change.kind, change.ref.id.kind) == (ChangeKind.REMOVED, "DaemonSet")


def test_all_of_an_sr_that_is_removed_is_shown() -> None:
    bundle = RenderedBundle(cluster="prod", resources=(), removed=("a",))
    assert [each.ref.special_resource for each in ask(cluster(config_map("x")), bundle).changes] == ["a"]


def test_an_answer_that_fails_now_and_then_is_asked_for_again_but_not_the_first() -> None:
    failed: list[str] = []

    def once(method: str, name: str) -> Exception | None:
        if method in failed or method == "get" or name == "ConfigMap":
            return None
        failed.append(method)
        return TransientError("server-busy", "later")

    diff = ask(cluster(fault=once), bundle_of(config_map(x="1")))
    assert [each.kind for each in diff.changes] == [ChangeKind.ADDED]
    assert {*failed} == {"list", "apply"}
    asked: list[str] = []

    def always(method: str, _: str) -> Exception:
        asked.append(method)
        return TransientError("server-busy", "later")

    with pytest.raises(TransientError):
        ask(cluster(fault=always), bundle_of())
    assert asked == ["list"]


def test_a_token_that_is_not_accepted_is_no_difference() -> None:
    unauthorized = PermanentError("server-unauthorized", "who are you")
    unauthorized.status = 401
    with pytest.raises(PermanentError, match="who are you"):
        ask(
            cluster(fault=lambda method, _: unauthorized if method == "apply" else None),
            bundle_of(config_map()),
        )
