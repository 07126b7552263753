"""What became of each object: pairs, rollovers, folding, marks, nodes, and what is hidden.

Matrix: objects that move between files and versions; rollovers by nodes, by kind of kernel and by
architecture; changes that fold and that do not; each mark, where it stands and where it must not; nodes by
kernel, by selector and by name; losses for each reason; ignore rules.
Left out: fields (test_fields.py), reading of bundles and reports (tests/unit/cli/test_diff.py), what holds for
all (tests/laws/test_diff_laws.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from sro_render.diff.bundles import FilePair, Side, StoredObject, diff_bundles
from sro_render.diff.records import BundleShape, ChangeKind, Diff, Mark, ObjectRef
from sro_render.errors import InputError
from sro_render.model.objects import object_id

Json = dict[str, Any]

OLD, NEW, OTHER = "5.14.0-1.el9.x86_64", "5.14.0-2.el9.x86_64", "5.14.0-2.rt7.el9.x86_64"
ARM = "5.14.0-2.el9.aarch64"
HASHES = {
    OLD: "aaaaaaaaaaaaaaaa",
    NEW: "bbbbbbbbbbbbbbbb",
    OTHER: "cccccccccccccccc",
    ARM: "dddddddddddddddd",
}
KERNEL_LABEL = "feature.node.kubernetes.io/kernel-version.full"


def daemon_set(name: str = "driver", kernel: str = "", image: str = "r/driver:1", **pod: Any) -> Json:
    full = f"{name}-{HASHES[kernel]}" if kernel else name
    selector = {KERNEL_LABEL: kernel} if kernel else {}
    container: Json = {"name": "c", "image": f"{image}-{kernel}"}
    container["securityContext"] = pod.pop("context", {})
    spec = {"nodeSelector": selector, "containers": [container], **pod}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": full, "namespace": "ns"},
        "spec": {"selector": {"matchLabels": {"app": full}}, "template": {"spec": spec}},
    }


def plain(kind: str, api_version: str = "v1", **body: Any) -> Json:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}, **body}


def stored(manifest: Json, file: str = "f.yaml") -> StoredObject:
    identity = object_id(manifest)
    kernel = next((each for each, word in HASHES.items() if identity.name.endswith(word)), "")
    ref = ObjectRef(id=identity, special_resource="kmod", state="1000", kernel=kernel, file=file)
    return StoredObject(ref=ref, manifest=manifest)


def side(objects: Sequence[Json], nodes: Mapping[str, Sequence[str]]) -> Side:
    kernels = tuple((kernel, tuple(names)) for kernel, names in sorted(nodes.items()))
    found = [stored(each).ref for each in objects]
    return Side(
        shape=BundleShape(name="x", cluster="x" if nodes else "", kernels=kernels),
        drivers=frozenset(
            ("kmod", each.kernel) for each in found if each.kernel and each.id.kind == "DaemonSet"
        ),
    )


def diff_of(
    before: Sequence[Json],
    after: Sequence[Json],
    nodes_before: Mapping[str, Sequence[str]] = {},
    nodes_after: Mapping[str, Sequence[str]] | None = None,
    rules: Sequence[str] = (),
) -> Diff:
    pair = FilePair(before=tuple(map(stored, before)), after=tuple(map(stored, after)))
    last = nodes_before if nodes_after is None else nodes_after
    return diff_bundles(side(before, nodes_before), side(after, last), [pair], rules)


def kinds(diff: Diff) -> list[tuple[str, str, str]]:
    """What became of each object, with the hashes of its kernels."""
    return [
        (
            change.kind.value,
            change.before.suffix[:1] if change.before else "",
            change.after.suffix[:1] if change.after else "",
        )
        for change in diff.changes
    ]


def marks(diff: Diff) -> list[str]:
    return sorted(
        f"{mark.code}: {mark.message}"
        for change in diff.changes
        for mark in {*change.marks, *(each for field in change.fields for each in field.marks)}
    )


def test_what_has_a_mark_of_its_own_is_shown_though_nothing_differs() -> None:
    known = Mark("refused", "the server says no")
    pair = FilePair(before=(stored(plain("Role")),), after=(replace(stored(plain("Role")), marks=(known,)),))
    sides = side([], {}), side([], {})
    [change] = diff_bundles(*sides, [pair]).changes
    assert (change.kind, change.fields, change.marks) == (ChangeKind.CHANGED, (), (known,))
    hidden = diff_bundles(*sides, [pair], ["Role/*"])
    assert hidden.is_empty
    assert hidden.hidden[1].count == 1


# -- pairs


def test_an_object_is_the_same_in_another_file_and_version() -> None:
    before, after = plain("Job", "batch/v1beta1"), plain("Job", "batch/v1")
    pairs = [FilePair(before=(stored(before, "a.yaml"),)), FilePair(after=(stored(after, "b.yaml"),))]
    diff = diff_bundles(side([], {}), side([], {}), pairs)
    assert [(each.kind, [field.path for field in each.fields]) for each in diff.changes] == [
        (ChangeKind.CHANGED, [("apiVersion",)])
    ]


def test_another_group_is_another_object() -> None:
    diff = diff_of([plain("Ingress", "extensions/v1beta1")], [plain("Ingress", "networking.k8s.io/v1")])
    assert sorted(kind for kind, _, _ in kinds(diff)) == ["added", "removed"]


def test_an_object_that_is_there_twice_is_an_error_that_names_both_places() -> None:
    with pytest.raises(InputError) as caught:
        diff_of([plain("Pod"), plain("Pod")], [])
    assert str(caught.value) == (
        "error[object-twice]: Pod/x is there twice: f.yaml:1 and f.yaml:1\n"
        "  help: compare folders in which each object is once, such as one cluster's"
    )


def test_an_old_kernels_object_and_a_new_ones_are_a_rollover() -> None:
    diff = diff_of([daemon_set(kernel=OLD)], [daemon_set(kernel=NEW)], {OLD: ["a", "b"]}, {NEW: ["a", "b"]})
    assert kinds(diff) == [("rolled over", "a", "b")]
    [change] = diff.changes
    assert change.fields
    assert all(field.follows_kernel for field in change.fields)
    assert [(each.name, each.kernel_before, each.kernel_after) for each in diff.touched] == [
        ("a", OLD, NEW),
        ("b", OLD, NEW),
    ]
    assert (diff.losses, marks(diff)) == ((), [])


def test_what_differs_beside_the_kernel_is_told_apart() -> None:
    diff = diff_of([daemon_set(kernel=OLD)], [daemon_set(kernel=NEW, image="r/driver:2")])
    [image] = [field for field in diff.changes[0].fields if not field.follows_kernel]
    assert (image.path[-1], image.before, image.after) == ("image", f"r/driver:1-{OLD}", f"r/driver:2-{NEW}")


def test_the_nodes_say_which_kernel_follows_which() -> None:
    diff = diff_of(
        [daemon_set(kernel=OLD)],
        [daemon_set(kernel=NEW), daemon_set(kernel=OTHER)],
        {OLD: ["a", "b", "c"]},
        {OTHER: ["a", "b"], NEW: ["c"]},
    )
    assert sorted(kinds(diff)) == [("added", "", "b"), ("rolled over", "a", "c")]


def test_without_nodes_a_kernel_is_followed_by_one_of_its_kind() -> None:
    diff = diff_of([daemon_set(kernel=OLD)], [daemon_set(kernel=OTHER), daemon_set(kernel=NEW)])
    assert sorted(kinds(diff)) == [("added", "", "c"), ("rolled over", "a", "b")]


def test_a_kernel_is_not_followed_by_one_of_another_architecture() -> None:
    diff = diff_of([daemon_set(kernel=OLD)], [daemon_set(kernel=ARM)])
    assert sorted(kinds(diff)) == [("added", "", "d"), ("removed", "a", "")]


# -- folding


def test_one_change_in_many_kernels_is_shown_once() -> None:
    kernels = [OLD, NEW, OTHER, ARM]
    before = [daemon_set(kernel=each) for each in kernels]
    after = [daemon_set(kernel=each, image="r/driver:2") for each in kernels]
    [folded] = diff_of(before, after).folded
    assert folded.kernels == tuple(sorted(kernels))
    assert folded.shown.ref.kernel == min(kernels)
    assert (len(folded.changes), folded.has_digests) == (4, False)


def test_digests_that_each_kernel_has_of_its_own_do_not_keep_a_change_apart() -> None:
    def with_digest(kernel: str, digit: str) -> Json:
        return daemon_set(kernel=kernel, image=f"r/driver@sha256:{digit * 64}")

    before = [with_digest(OLD, "1"), with_digest(NEW, "2")]
    after = [with_digest(OLD, "3"), with_digest(NEW, "4")]
    [folded] = diff_of(before, after).folded
    assert folded.has_digests
    # Here the second kernel's image stays the other one's: that is another change.
    mixed = [daemon_set(kernel=OLD, image="r/a:2"), daemon_set(kernel=NEW, image="r/b:2")]
    assert len(diff_of([daemon_set(kernel=OLD), daemon_set(kernel=NEW)], mixed).folded) == 2


def test_objects_that_exist_once_are_never_folded() -> None:
    before = [daemon_set("one"), daemon_set("two")]
    after = [daemon_set("one", image="r/2"), daemon_set("two", image="r/2")]
    assert len(diff_of(before, after).folded) == 2


# -- marks

IMMUTABLE = "immutable-field: an API server refuses the change: the object must be deleted and made anew"
RBAC = "rbac.authorization.k8s.io/v1"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (daemon_set(), {**daemon_set(), "spec": {**daemon_set()["spec"], "selector": {"matchLabels": {}}}}),
        (
            plain("Job", "batch/v1", spec={"template": {"a": 1}}),
            plain("Job", "batch/v1", spec={"template": {"a": 2}}),
        ),
        (plain("Service", spec={"clusterIP": "None"}), plain("Service", spec={"clusterIP": "10.0.0.1"})),
        (
            plain("StatefulSet", "apps/v1", spec={"volumeClaimTemplates": []}),
            plain("StatefulSet", "apps/v1", spec={"volumeClaimTemplates": [{"metadata": {"name": "a"}}]}),
        ),
        (plain("Secret", type="Opaque"), plain("Secret", type="kubernetes.io/tls")),
        (plain("Pod", spec={"nodeName": "a"}), plain("Pod", spec={"nodeName": "b"})),
        (
            plain("StorageClass", "storage.k8s.io/v1", provisioner="a"),
            plain("StorageClass", "storage.k8s.io/v1", provisioner="b"),
        ),
    ],
)
def test_a_field_that_can_be_set_once_is_marked(before: Json, after: Json) -> None:
    assert marks(diff_of([before], [after])) == [IMMUTABLE]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (plain("Service", spec={"clusterIP": "10.0.0.1"}), plain("Service", spec={})),
        (plain("Job", "batch/v1", spec={"suspend": True}), plain("Job", "batch/v1", spec={"suspend": False})),
        (plain("ConfigMap", data={"a": "1"}), plain("ConfigMap", data={"a": "2"})),
        (
            plain("Pod", spec={"containers": [{"name": "c", "image": "1"}]}),
            plain("Pod", spec={"containers": [{"name": "c", "image": "2"}]}),
        ),
        (
            plain("Pod", spec={"tolerations": []}),
            plain("Pod", spec={"tolerations": [{"key": "a", "operator": "Exists"}]}),
        ),
        (daemon_set(kernel=OLD), daemon_set(kernel=NEW)),
    ],
)
def test_what_may_change_is_not_marked(before: Json, after: Json) -> None:
    assert marks(diff_of([before], [after])) == []


def test_data_that_is_marked_as_immutable_is_fixed() -> None:
    before = plain("ConfigMap", immutable=True, data={"a": "1"})
    after = plain("ConfigMap", immutable=True, data={"a": "2"})
    assert marks(diff_of([before], [after])) == [
        "immutable-field: it is marked as immutable: it must be deleted and made anew"
    ]


def role(*verbs: str, **more: Any) -> Json:
    return plain(
        "Role", RBAC, rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": list(verbs), **more}]
    )


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (role("get"), role("get", "delete"), "the role may do more"),
        (role("get"), role("get", "*"), "the role may do more: * stands for everything"),
        (
            plain("Role", RBAC, rules=[]),
            plain("Role", RBAC, rules=role("get")["rules"]),
            "the role may do more",
        ),
        (role("get", resourceNames=["a"]), role("get"), "the role may do more"),
        (
            plain("RoleBinding", RBAC, subjects=[]),
            plain("RoleBinding", RBAC, subjects=[{"kind": "User", "name": "u"}]),
            "others get the role's rights",
        ),
    ],
)
def test_widened_rights_are_marked(before: Json, after: Json, message: str) -> None:
    assert marks(diff_of([before], [after])) == [f"widens-rbac: {message}"]
    assert marks(diff_of([role("get", "delete")], [role("get")])) == []


def test_a_role_that_becomes_part_of_others_is_marked() -> None:
    label = {"rbac.authorization.k8s.io/aggregate-to-edit": "true"}
    before, after = (
        {**plain("ClusterRole", RBAC), "metadata": {"name": "x", "labels": labels}} for labels in ({}, label)
    )
    assert marks(diff_of([before], [after])) == ["widens-rbac: other roles get its rules"]
    grown = plain("ClusterRole", RBAC, aggregationRule={"clusterRoleSelectors": []})
    assert marks(diff_of([plain("ClusterRole", RBAC)], [grown])) == [
        "widens-rbac: other roles' rules become part of it"
    ]


def test_another_role_in_a_binding_is_marked_twice() -> None:
    before, after = (
        plain("RoleBinding", RBAC, roleRef={"kind": "Role", "name": name}, subjects=[]) for name in "ab"
    )
    assert marks(diff_of([before], [after])) == [
        IMMUTABLE,
        "widens-rbac: the subjects get another role's rights",
    ]


def test_new_roles_and_bindings_are_marked() -> None:
    binding = plain("ClusterRoleBinding", RBAC, roleRef={"kind": "ClusterRole", "name": "admin"})
    assert marks(diff_of([], [plain("Role", RBAC), binding])) == [
        "widens-rbac: a role is new",
        "widens-rbac: subjects get the rights of ClusterRole admin",
    ]


@pytest.mark.parametrize(
    ("pod", "message"),
    [
        ({"context": {"privileged": True}}, "a privileged container, c"),
        ({"context": {"capabilities": {"add": ["SYS_MODULE"]}}}, "container c has the capability SYS_MODULE"),
        ({"context": {"allowPrivilegeEscalation": True}}, "container c may get more privileges"),
        ({"hostNetwork": True}, "a pod in its node's network namespace"),
        ({"hostPID": True}, "a pod in its node's process namespace"),
        ({"volumes": [{"name": "v", "hostPath": {"path": "/etc"}}]}, "a pod mounts /etc of its node"),
    ],
)
def test_a_new_privilege_is_marked_and_one_that_was_there_is_not(pod: Json, message: str) -> None:
    after = daemon_set(**dict(pod))
    assert marks(diff_of([daemon_set()], [after])) == [f"new-privilege: {message}"]
    assert marks(diff_of([], [after])) == [f"new-privilege: {message}"]
    assert marks(diff_of([after], [daemon_set(image="r/2", **dict(pod))])) == []
    assert marks(diff_of([after], [daemon_set()])) == []


def test_a_constraint_or_a_namespace_that_allows_more_is_marked() -> None:
    api = "security.openshift.io/v1"
    before = plain("SecurityContextConstraints", api, allowHostPID=False, users=["a"])
    after = plain("SecurityContextConstraints", api, allowHostPID=True, users=["b", "a"])
    assert marks(diff_of([before], [after])) == [
        "new-privilege: the constraint is for the user b",
        "new-privilege: the constraint says allowHostPID",
    ]
    labelled = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x", "labels": {}}}
    other: Json = {
        **labelled,
        "metadata": {"name": "x", "labels": {"pod-security.kubernetes.io/enforce": "privileged"}},
    }
    assert marks(diff_of([labelled], [other])) == ["new-privilege: pods of the namespace may be privileged"]


def test_what_is_lost_with_an_object_is_marked() -> None:
    nodes = {OLD: ["a", "b"]}
    gone = [
        daemon_set(kernel=OLD),
        plain("CustomResourceDefinition", "apiextensions.k8s.io/v1"),
        plain("Namespace"),
        plain("PersistentVolumeClaim"),
        daemon_set("plugin"),
    ]
    assert marks(diff_of(gone, [], nodes)) == [
        "deletes-data: deleting it deletes all objects of its kind",
        "deletes-data: deleting it deletes everything in it",
        "deletes-data: deleting it may delete the volume and what is on it",
        "unloads-module: deleting it unloads the kernel module on 2 nodes",
    ]


def test_a_driver_whose_nodes_have_all_left_its_kernel_unloads_nothing() -> None:
    before = [daemon_set(kernel=OLD), daemon_set(kernel=NEW)]
    nodes = {OLD: ["a"], NEW: ["b"]}
    assert marks(diff_of(before, [daemon_set(kernel=NEW)], nodes, {NEW: ["a", "b"]})) == []
    assert marks(diff_of(before, [daemon_set(kernel=NEW)], nodes, {NEW: ["b"]})) == [
        "unloads-module: deleting it unloads the kernel module on 1 node"
    ]
    assert marks(diff_of([daemon_set(kernel=OLD)], [])) == [
        "unloads-module: deleting it unloads the kernel module"
    ]


# -- nodes


def touched(diff: Diff) -> list[str]:
    return [each.name for each in diff.touched]


def test_a_kernels_object_touches_its_kernels_nodes_and_a_daemon_set_all_that_it_may_run_on() -> None:
    nodes = {OLD: ["a", "b"], NEW: ["c"]}
    change = [daemon_set(kernel=NEW)], [daemon_set(kernel=NEW, image="r/2")]
    assert touched(diff_of(*change, nodes)) == ["c"]
    assert touched(diff_of([daemon_set()], [daemon_set(image="r/2")], nodes)) == ["a", "b", "c"]
    one: Json = {"nodeSelector": {"kubernetes.io/hostname": "b", "rack": "1"}}
    assert touched(diff_of([daemon_set(**one)], [daemon_set(image="r/2", **one)], nodes)) == ["b"]
    fields = [{"key": "metadata.name", "operator": "In", "values": ["c"]}]
    terms = {"nodeSelectorTerms": [{"matchFields": fields, "matchExpressions": []}]}
    named: Json = {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}}
    assert touched(diff_of([daemon_set(**named)], [daemon_set(image="r/2", **named)], nodes)) == ["c"]


def test_what_no_node_runs_touches_none() -> None:
    assert touched(diff_of([plain("ConfigMap")], [plain("ConfigMap", data={})], {OLD: ["a"]})) == []
    deployment = plain("Deployment", "apps/v1", spec={"replicas": 1})
    assert touched(diff_of([deployment], [], {OLD: ["a"]})) == []


def test_a_node_with_another_kernel_is_touched_though_no_object_changes() -> None:
    objects = [daemon_set(kernel=OLD), daemon_set(kernel=NEW)]
    diff = diff_of(objects, objects, {OLD: ["a", "b"], NEW: ["c"]}, {OLD: ["a"], NEW: ["b", "c"]})
    assert (diff.changes, touched(diff), diff.is_empty) == ((), ["b"], False)


def test_nodes_that_lose_their_driver_are_named_with_the_reason() -> None:
    before = [daemon_set(kernel=OLD), daemon_set(kernel=NEW)]
    diff = diff_of(
        before,
        [daemon_set(kernel=NEW)],
        {OLD: ["a", "b"], NEW: ["c", "d"]},
        {OLD: ["a"], OTHER: ["c"], NEW: ["b"]},
    )
    assert [(each.node, each.special_resource, each.reason) for each in diff.losses] == [
        ("a", "kmod", "the driver of its kernel is removed"),
        ("c", "kmod", f"it moves to kernel {OTHER}, which has no driver of kmod"),
        (
            "d",
            "kmod",
            "the bundle does not name the node any more: it is gone, or no SpecialResource selects it",
        ),
    ]
    [loss] = diff_of([daemon_set(kernel=OLD)], [], {OLD: ["a"]}).losses
    assert loss.reason == "kmod has no driver any more"


def test_without_a_lock_on_both_sides_no_node_is_known() -> None:
    diff = diff_of([daemon_set(kernel=OLD)], [], {OLD: ["a"]}, {})
    assert (diff.losses, touched(diff)) == ((), ["a"])


# -- what is hidden

DIGEST = "*:metadata.annotations[sro.openshift.io/digest]"


@pytest.mark.parametrize(
    ("rule", "hidden"),
    [
        ("DaemonSet/ns/driver:spec.template.spec.containers[*].image", 1),
        ("DaemonSet/*:spec.template.spec.containers[name=c]", 1),
        ("*:spec", 1),
        ("DaemonSet/ns/d*", 1),
        ("ConfigMap/*:spec", 0),
        ("DaemonSet/ns/driver:spec.template.spec.containers[*].args", 0),
    ],
)
def test_a_rule_hides_what_it_names_and_is_counted(rule: str, hidden: int) -> None:
    diff = diff_of([daemon_set()], [daemon_set(image="r/2")], rules=[rule])
    assert len(diff.changes) == 1 - hidden
    assert [(each.rule, each.count) for each in diff.hidden] == [(DIGEST, 0), (rule, hidden)]


def test_a_rule_without_a_path_hides_what_is_added_removed_or_rolled_over() -> None:
    rule = "DaemonSet/*"
    assert diff_of([daemon_set()], [], rules=[rule]).is_empty
    assert diff_of([], [daemon_set()], rules=[rule]).is_empty
    assert diff_of([daemon_set(kernel=OLD)], [daemon_set(kernel=NEW)], rules=[rule]).is_empty


@pytest.mark.parametrize("rule", ["", ":spec", "DaemonSet/*:", "Pod/*:a..b", "Pod/*:a.b]", ":"])
def test_what_is_no_rule_is_an_error(rule: str) -> None:
    with pytest.raises(InputError) as caught:
        diff_of([], [], rules=[rule])
    assert str(caught.value) == (
        f"error[ignore-rule]: {rule!r} is no rule of what to ignore\n"
        "  help: write Kind/namespace/name:field.path, such as 'DaemonSet/*:metadata.annotations'"
    )
