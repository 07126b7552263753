"""What a driver that stays uses, and what it does not: by what its pods name.

Matrix: each way of naming, with an object that fits and one that does not. Left out: which drivers stay
(tests/laws, tests/cluster).
"""

from __future__ import annotations

from typing import Any

import pytest

from sro_apply.planning.parts import BundleObject, BundleResource, BundleState, RenderedBundle
from sro_apply.planning.picture import SeenNode
from sro_apply.planning.prune import Situation, plan_prune
from sro_apply.planning.sets import LiveSet, Member
from sro_apply.planning.uses import used_by
from sro_render.model.objects import object_id

Object = dict[str, Any]
POD: Object = {
    "serviceAccountName": "driver",
    "priorityClassName": "high",
    "runtimeClassName": "bare",
    "imagePullSecrets": [{"name": "pull"}],
    "volumes": [
        {"configMap": {"name": "scripts"}},
        {"secret": {"secretName": "keys"}},
        {"persistentVolumeClaim": {"claimName": "data"}},
        {"projected": {"sources": [{"configMap": {"name": "part"}}, {"secret": {"name": "half"}}]}},
    ],
    "initContainers": [
        {
            "image": "registry/a/built:v1",
            "envFrom": [{"configMapRef": {"name": "all"}}, {"secretRef": {"name": "whole"}}],
        },
        {"image": "registry/a/pinned@sha256:0"},
        {"image": "registry/a/bare"},
        {"image": "registry/b/elsewhere:v1"},
    ],
    "containers": [
        {
            "image": "quay.io/other@sha256:0",
            "env": [
                {"valueFrom": {"secretKeyRef": {"name": "one", "key": "k"}}},
                {"valueFrom": {"configMapKeyRef": {"name": "single", "key": "k"}}},
                {"value": "x"},
            ],
        }
    ],
}


def member(kind: str, name: str, api_version: str = "v1", namespace: str = "a", **more: Any) -> Member:
    metadata: Object = {
        "name": name,
        "uid": f"{kind}{name}",
        "managedFields": [{"manager": "sro-apply", "operation": "Apply"}],
        "annotations": {"sro.openshift.io/kernel": "k"} if kind == "DaemonSet" else {},
    }
    if namespace:
        metadata["namespace"] = namespace
    return Member(resource="sr", live={"apiVersion": api_version, "kind": kind, "metadata": metadata, **more})


DRIVER = member("DaemonSet", "driver", "apps/v1", spec={"template": {"spec": POD}})
RBAC = "rbac.authorization.k8s.io/v1"
ACCOUNT: Object = {"kind": "ServiceAccount", "name": "driver"}
USER = "system:serviceaccount:a:driver"


def group(name: str) -> Member:
    """A binding of a group."""
    return member("ClusterRoleBinding", "x", RBAC, "", subjects=[{"kind": "Group", "name": name}])


@pytest.mark.parametrize(
    ("other", "is_used"),
    [
        (member("ServiceAccount", "driver"), True),
        (member("ServiceAccount", "other"), False),
        (member("ServiceAccount", "driver", namespace="b"), False),
        (member("Secret", "pull"), True),
        (member("ConfigMap", "scripts"), True),
        (member("ConfigMap", "keys"), False),
        (member("Secret", "keys"), True),
        (member("PersistentVolumeClaim", "data"), True),
        (member("ConfigMap", "part"), True),
        (member("Secret", "half"), True),
        (member("ConfigMap", "all"), True),
        (member("Secret", "one"), True),
        (member("ImageStream", "built", "image.openshift.io/v1"), True),
        (member("Secret", "whole"), True),
        (member("ConfigMap", "single"), True),
        (member("ImageStream", "pinned", "image.openshift.io/v1"), True),
        (member("ImageStream", "bare", "image.openshift.io/v1"), True),
        (member("ImageStream", "build", "image.openshift.io/v1"), False),
        (member("ImageStream", "elsewhere", "image.openshift.io/v1"), False),
        (member("RoleBinding", "x", RBAC, subjects=[ACCOUNT]), True),
        (member("RoleBinding", "x", RBAC, subjects=[{**ACCOUNT, "namespace": "b"}]), False),
        (member("RoleBinding", "x", RBAC, subjects=[{**ACCOUNT, "name": "other"}]), False),
        (member("RoleBinding", "x", RBAC, subjects=[{"kind": "User", "name": USER}]), True),
        (member("RoleBinding", "x", RBAC, subjects=[{"kind": "Group", "name": USER}]), False),
        (member("RoleBinding", "x", RBAC, subjects=[{"kind": "User", "name": "driver"}]), False),
        # Rights in another namespace; an account without one is of where the binding is.
        (member("RoleBinding", "x", RBAC, "b", subjects=[{**ACCOUNT, "namespace": "a"}]), True),
        (member("RoleBinding", "x", RBAC, "b", subjects=[ACCOUNT]), False),
        (
            member("ClusterRoleBinding", "x", RBAC, "", subjects=[{**ACCOUNT, "namespace": "a"}]),
            True,
        ),
        (
            member(
                "SecurityContextConstraints",
                "x",
                "security.openshift.io/v1",
                "",
                users=[USER],
            ),
            True,
        ),
        (member("SecurityContextConstraints", "x", "security.openshift.io/v1", "", users=[]), False),
        (
            member(
                "SecurityContextConstraints",
                "x",
                "security.openshift.io/v1",
                "",
                users=[],
                groups=["system:serviceaccounts:a"],
            ),
            True,
        ),
        (group("system:serviceaccounts:a"), True),
        (group("system:serviceaccounts:b"), False),
        (group("system:serviceaccounts"), True),
        (group("system:authenticated"), True),
        (group("system:masters"), False),
        (member("PriorityClass", "high", "scheduling.k8s.io/v1", ""), True),
        (member("PriorityClass", "low", "scheduling.k8s.io/v1", ""), False),
        (member("RuntimeClass", "bare", "node.k8s.io/v1", ""), True),
        (member("Deployment", "driver", "apps/v1"), False),
    ],
)
def test_what_its_pods_name_is_used(other: Member, is_used: bool) -> None:
    found = used_by([DRIVER], [DRIVER, other])
    key = (other.id.group, other.id.kind, other.id.namespace, other.id.name)
    assert (found.get(key) == "DaemonSet/a/driver") is is_used


def test_a_role_is_where_its_binding_is() -> None:
    """A driver may read in another namespace: what lets it do so is there."""
    subjects = [{**ACCOUNT, "namespace": "a"}]
    binding = member("RoleBinding", "x", RBAC, "b", subjects=subjects, roleRef={"kind": "Role", "name": "r"})
    roles = [member("Role", "r", RBAC, namespace) for namespace in ("a", "b")]
    found = used_by([DRIVER], [DRIVER, binding, *roles])
    key = ("rbac.authorization.k8s.io", "Role")
    assert [(*key, namespace, "r") in found for namespace in ("a", "b")] == [False, True]


def test_who_names_no_account_has_the_one_that_every_namespace_has() -> None:
    plain = member("DaemonSet", "plain", "apps/v1", spec={"template": {"spec": {"containers": []}}})
    account = member("ServiceAccount", "default", imagePullSecrets=[{"name": "p"}])
    found = used_by([plain], [plain, account, member("Secret", "p")])
    assert {("", "ServiceAccount", "a", "default"), ("", "Secret", "a", "p")} <= found.keys()


def test_of_two_drivers_the_first_is_named() -> None:
    second = member("DaemonSet", "second", "apps/v1", spec={"template": {"spec": POD}})
    assert set(used_by([DRIVER, second], [DRIVER, second]).values()) == {"DaemonSet/a/driver"}


def test_what_its_account_names_is_used() -> None:
    account = member("ServiceAccount", "driver", imagePullSecrets=[{"name": "p"}], secrets=[{"name": "s"}])
    secrets = [member("Secret", name) for name in ("p", "s", "t")]
    found = used_by([DRIVER], [DRIVER, account, *secrets])
    assert [("", "Secret", "a", name) in found for name in ("p", "s", "t")] == [True, True, False]


@pytest.mark.parametrize(
    ("group", "kind", "resource"),
    [
        ("security.openshift.io", "SecurityContextConstraints", "securitycontextconstraints"),
        ("policy", "PodSecurityPolicy", "podsecuritypolicies"),
    ],
)
def test_what_lets_its_pods_in_may_be_named_in_a_role_alone(group: str, kind: str, resource: str) -> None:
    rule: Object = {"apiGroups": [group], "resources": [resource], "resourceNames": ["in"], "verbs": ["use"]}
    role = member("ClusterRole", "r", RBAC, "", rules=[rule])
    other = member("ClusterRole", "other", RBAC, "", rules=[{**rule, "resourceNames": ["out"]}])
    reference: Object = {"kind": "ClusterRole", "name": "r"}
    binding = member("RoleBinding", "x", RBAC, subjects=[ACCOUNT], roleRef=reference)
    allowing = [member(kind, name, f"{group}/v1", "") for name in ("in", "out")]
    found = used_by([DRIVER], [DRIVER, *allowing, other, role, binding])
    assert [(group, kind, "", name) in found for name in ("in", "out")] == [True, False]


@pytest.mark.parametrize(
    ("kernel", "left"), [("k", ["DaemonSet/a/driver", "Role/a/r", "RoleBinding/a/x"]), ("other", [])]
)
def test_what_a_driver_that_stays_uses_stays_with_it_and_goes_with_it(kernel: str, left: list[str]) -> None:
    binding = member("RoleBinding", "x", RBAC, subjects=[ACCOUNT], roleRef={"kind": "Role", "name": "r"})
    members = (DRIVER, binding, member("Role", "r", RBAC), member("ConfigMap", "else"))
    kept = member("ConfigMap", "kept").live
    state = BundleState(name="0000-x", objects=(BundleObject(id=object_id(kept), manifest=kept, file="f"),))
    resource = BundleResource(name="sr", namespace="a", states=(state,))
    given = Situation(
        bundle=RenderedBundle(cluster="c", resources=(resource,), kernels={"k": ("n",)}),
        sets=(LiveSet(resource="sr", parent={}, members=members),),
        keep=frozenset(),
        nodes=(SeenNode(name="n", kernel=kernel),),
        ready=frozenset({"sr"}),
        limit=1,
    )
    plan = plan_prune(given)
    assert sorted(each.object for each in plan.kept) == left
    assert len(plan.doomed) == 4 - len(left)
