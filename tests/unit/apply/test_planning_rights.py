"""Which rights a bundle takes, and how they are folded into rules; what kinds are called there.

Matrix: objects with and without a namespace, kernel-affine ones, roles and bindings, what is never deleted, CRDs
of the bundle and kinds that nobody knows; folding and unfolding gives the same. Left out: whether a server asks for
just these rights, which tests/cluster/test_rights.py has.
"""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from sro_apply.errors import RightsError
from sro_apply.planning.kinds import KindNames, kind_names, plural_of
from sro_apply.planning.parts import BundleObject, BundleResource, BundleState, RenderedBundle
from sro_apply.planning.rights import Needs, Purpose, Right, rights_of, roles_of
from sro_render.model.objects import JsonObject, object_id

SYNC = Needs(namespace="ops", purpose=Purpose.SYNC)


def manifest(api_version: str, kind: str, name: str, namespace: str = "", **fields: Any) -> JsonObject:
    metadata: JsonObject = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}


def bundle(*manifests: JsonObject, kernel: str = "") -> RenderedBundle:
    objects = tuple(
        BundleObject(id=object_id(each), manifest=each, file=f"{number}.yaml", kernel=kernel)
        for number, each in enumerate(manifests)
    )
    states = (BundleState(name="0000-all", objects=objects),)
    return RenderedBundle(
        cluster="lab", resources=(BundleResource(name="sr", namespace="drivers", states=states),)
    )


def rights(*manifests: JsonObject, needs: Needs = SYNC, kernel: str = "", **plurals: str) -> set[str]:
    """`NAMESPACE RESOURCE.GROUP VERB NAME` of each right that these objects add."""
    given = {name.replace("_", "."): plural for name, plural in plurals.items()}
    names = kind_names(manifests, given)
    found = {*rights_of(bundle(*manifests, kernel=kernel), names, needs)} - {
        *rights_of(bundle(), names, needs)
    }
    return {
        " ".join(
            filter(None, (each.namespace, f"{each.resource}.{each.group}".strip("."), each.verb, each.name))
        )
        for each in found
    }


def test_an_object_takes_reading_its_kind_and_writing_it_in_its_namespace() -> None:
    assert rights(manifest("v1", "Secret", "a", "drivers")) == {
        "drivers secrets list",
        "drivers secrets patch",
        "drivers secrets create",
        "drivers secrets get",
        "drivers secrets delete",
        # Members of a set may be where its parent is.
        "ops secrets list",
    }


def test_members_of_a_set_are_looked_for_in_all_of_its_namespaces() -> None:
    found = rights(manifest("v1", "Secret", "a", "drivers"), manifest("apps/v1", "DaemonSet", "d", "others"))
    assert {"others secrets list", "drivers daemonsets.apps list"} <= found
    assert "others secrets patch" not in found


def test_an_object_that_names_no_namespace_lies_in_that_of_its_special_resource() -> None:
    assert "drivers configmaps patch" in rights(manifest("v1", "ConfigMap", "a"))


def test_who_runs_in_the_cluster_watches_too() -> None:
    needs = Needs(namespace="ops", purpose=Purpose.RUN)
    assert "drivers configmaps watch" in rights(manifest("v1", "ConfigMap", "a", "drivers"), needs=needs)


def test_what_lies_in_no_namespace_is_named_unless_its_name_has_a_kernel_in_it() -> None:
    driver = manifest("storage.k8s.io/v1", "CSIDriver", "csi.example.com")
    reading = {"csidrivers.storage.k8s.io list"}
    verbs = {"patch", "create", "get", "delete"}
    assert rights(driver) == reading | {f"csidrivers.storage.k8s.io {verb} csi.example.com" for verb in verbs}
    assert rights(driver, kernel="5.14") == reading | {f"csidrivers.storage.k8s.io {verb}" for verb in verbs}


def test_a_namespace_is_there_with_the_rights_and_goes_only_if_the_user_says_so() -> None:
    one = manifest("v1", "Namespace", "drivers")
    assert rights(one) == {"namespaces list", "namespaces patch drivers"}
    needs = Needs(namespace="ops", purpose=Purpose.SYNC, deletes_namespaces=True)
    assert rights(one, needs=needs) == {
        "namespaces list",
        "namespaces patch drivers",
        "namespaces get drivers",
        "namespaces delete drivers",
        # Whatever is in it that is nobody's of ours keeps it.
        "drivers *.* list",
    }
    # Which says it of every kind.
    driver = manifest("apps/v1", "DaemonSet", "driver", "drivers")
    assert "drivers daemonsets.apps list" not in rights(one, driver, needs=needs)


@pytest.mark.parametrize(
    "kept",
    [
        manifest("v1", "PersistentVolumeClaim", "a", "drivers"),
        manifest("apiextensions.k8s.io/v1", "CustomResourceDefinition", "a.example.com"),
    ],
)
def test_what_pruning_never_deletes_needs_no_right_for_it(kept: JsonObject) -> None:
    assert not {each for each in rights(kept) if "delete" in each}


def test_a_role_is_given_on_by_name_without_having_its_rights() -> None:
    assert "drivers roles.rbac.authorization.k8s.io escalate driver" in rights(
        manifest("rbac.authorization.k8s.io/v1", "Role", "driver", "drivers")
    )
    assert "clusterroles.rbac.authorization.k8s.io escalate driver" in rights(
        manifest("rbac.authorization.k8s.io/v1", "ClusterRole", "driver")
    )


@pytest.mark.parametrize(
    ("binding", "namespace", "role", "right"),
    [
        ("RoleBinding", "drivers", "Role", "drivers roles.rbac.authorization.k8s.io bind driver"),
        (
            "RoleBinding",
            "drivers",
            "ClusterRole",
            "drivers clusterroles.rbac.authorization.k8s.io bind driver",
        ),
        ("ClusterRoleBinding", "", "ClusterRole", "clusterroles.rbac.authorization.k8s.io bind driver"),
    ],
)
def test_a_role_is_bound_by_name_where_the_binding_lies(
    binding: str, namespace: str, role: str, right: str
) -> None:
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": role, "name": "driver"}
    found = rights(manifest("rbac.authorization.k8s.io/v1", binding, "one", namespace, roleRef=reference))
    assert right in found
    assert sum("bind " in each for each in found) == 1


def test_pods_are_read_for_what_makes_them_and_logs_only_where_a_chart_waits_for_them() -> None:
    driver = manifest("apps/v1", "DaemonSet", "driver", "drivers")
    assert "drivers pods list" in rights(driver)
    assert "drivers pods/log get" not in rights(driver)
    metadata: Any = driver["metadata"]
    waits = {**metadata, "annotations": {"specialresource.openshift.io/wait-for-logs": "ready"}}
    assert "drivers pods/log get" in rights({**driver, "metadata": waits})


def test_a_build_config_takes_builds_and_their_start() -> None:
    found = rights(manifest("build.openshift.io/v1", "BuildConfig", "build", "drivers"))
    assert {
        "drivers builds.build.openshift.io list",
        "drivers buildconfigs/instantiate.build.openshift.io create",
    } <= found


def test_a_crd_of_the_bundle_says_what_its_kind_is_called_and_where_it_lies() -> None:
    crd = manifest(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        "chassis.example.com",
        spec={
            "group": "example.com",
            "scope": "Cluster",
            "names": {"kind": "Chassis", "plural": "chassis"},
        },
    )
    assert "chassis.example.com patch one" in rights(crd, manifest("example.com/v1", "Chassis", "one"))


def test_a_kind_that_nobody_knows_is_named_with_the_way_out() -> None:
    with pytest.raises(RightsError) as raised:
        rights(manifest("example.com/v1", "Widget", "one", "drivers"))
    assert str(raised.value) == (
        "error[kind-unknown]: what rights for Widget.example.com are called is not known: "
        "Widget/drivers/one is of it, and no CRD of the bundle says its plural\n"
        "  help: say the plural, which kubectl api-resources shows: --resource Widget.example.com=PLURAL"
    )
    known = rights(manifest("example.com/v1", "Widget", "one", "drivers"), Widget_example_com="widgetry")
    assert "drivers widgetry.example.com patch" in known


def test_a_mistyped_kind_gets_the_one_that_was_meant() -> None:
    with pytest.raises(RightsError) as raised:
        rights(manifest("apps/v1", "Daemonset", "one", "drivers"))
    assert "did you mean DaemonSet? Else say the plural" in str(raised.value)


@pytest.mark.parametrize(
    ("group", "kind", "plural"),
    [
        ("apps", "DaemonSet", "daemonsets"),
        ("networking.k8s.io", "NetworkPolicy", "networkpolicies"),
        ("networking.k8s.io", "Ingress", "ingresses"),
        ("storage.k8s.io", "StorageClass", "storageclasses"),
        ("", "Endpoints", "endpoints"),
        ("config.openshift.io", "Proxy", "proxies"),
        ("security.openshift.io", "SecurityContextConstraints", "securitycontextconstraints"),
        ("k8s.cni.cncf.io", "NetworkAttachmentDefinition", "network-attachment-definitions"),
        ("gateway.networking.k8s.io", "Gateway", "gateways"),
        ("kmm.sigs.x-k8s.io", "PreflightValidationOCP", "preflightvalidationsocp"),
        ("example.com", "DaemonSet", ""),
    ],
)
def test_plurals_are_those_of_the_servers(group: str, kind: str, plural: str) -> None:
    assert plural_of(group, kind) == plural


def unfolded(rules: list[Any]) -> set[tuple[str, str, str, str]]:
    return {
        each
        for rule in rules
        for each in itertools.product(
            rule["apiGroups"], rule["resources"], rule["verbs"], rule.get("resourceNames", [""])
        )
    }


def test_rules_say_exactly_the_rights_and_each_resource_once_for_the_same_verbs() -> None:
    given = [
        Right("a", "", "pods", "list"),
        Right("a", "", "secrets", "list"),
        Right("a", "", "secrets", "patch"),
        Right("a", "", "configmaps", "patch", "one"),
        Right("a", "", "configmaps", "patch", "two"),
        Right("a", "", "configmaps", "get", "one"),
        Right("", "", "nodes", "list"),
    ]
    folded = roles_of(given)
    assert {namespace: unfolded(rules) for namespace, rules in folded.items()} == {
        namespace: {
            (each.group, each.resource, each.verb, each.name) for each in given if each.namespace == namespace
        }
        for namespace in ("", "a")
    }
    assert roles_of(given[::-1]) == folded


def parent_verbs(needs: Needs, *manifests: JsonObject) -> set[str]:
    found = rights_of(bundle(*manifests), KindNames(), needs)
    return {each.verb for each in found if each.resource == "configmaps" and each.name == "sro-apply-sr"}


def test_the_parent_of_a_set_goes_where_the_last_of_its_members_may() -> None:
    account = manifest("v1", "ServiceAccount", "a")
    namespace = manifest("v1", "Namespace", "drivers")
    deleting = Needs(namespace="ops", purpose=Purpose.SYNC, deletes_namespaces=True)
    assert parent_verbs(SYNC, account) == {"get", "patch", "create", "delete"}
    assert parent_verbs(SYNC, account, namespace) == {"get", "patch", "create"}
    assert parent_verbs(deleting, account, namespace) == {"get", "patch", "create", "delete"}


def test_the_parent_of_a_removed_one_may_shrink_and_go() -> None:
    nothing = RenderedBundle(cluster="lab", resources=(), removed=("sr",))
    found = rights_of(nothing, KindNames(), SYNC)
    assert {each.verb for each in found if each.name == "sro-apply-sr"} == {"patch", "delete"}


def test_who_only_observes_writes_labels_status_and_events_alone() -> None:
    needs = Needs(namespace="ops", purpose=Purpose.OBSERVE)
    given = bundle(
        manifest("apps/v1", "DaemonSet", "d"), manifest("build.openshift.io/v1", "BuildConfig", "b")
    )
    found = rights_of(given, KindNames(), needs)
    writing = {(each.resource, each.verb) for each in found if each.verb not in {"get", "list", "watch"}}
    assert writing == {
        ("nodes", "patch"),
        ("specialresources/status", "patch"),
        ("events", "create"),
        ("events", "patch"),
        ("leases", "create"),
        ("leases", "update"),
    }


def test_what_any_name_allows_is_not_said_again_of_one() -> None:
    names = KindNames()
    affine = bundle(manifest("storage.k8s.io/v1", "CSIDriver", "a"), kernel="5.14").resources[0]
    plain = bundle(manifest("storage.k8s.io/v1", "CSIDriver", "b")).resources[0]
    found = rights_of(RenderedBundle(cluster="lab", resources=(affine, plain)), names, SYNC)
    assert {each.name for each in found if each.resource == "csidrivers"} == {""}
