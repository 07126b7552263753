"""The rule that is missing, from what servers say when they forbid something.

Matrix: kinds of groups and of none, in namespaces and cluster-wide, subresources; roles and bindings that would give
more than one has; words that are none of these; a Secret. Judge of the words: the real server, in
tests/cluster/test_rights.py.
"""

from __future__ import annotations

import json

import pytest

from sro_apply.kube.errors import PermanentError, error_of
from sro_apply.kube.forbidden import missing_rule

WHO = 'User "system:serviceaccount:sro-apply:sro-apply"'


@pytest.mark.parametrize(
    ("message", "rule"),
    [
        (
            (
                f'daemonsets.apps "d" is forbidden: {WHO} cannot patch resource "daemonsets" in API group "apps" in the '
                'namespace "kmod"'
            ),
            "apiGroups: [apps], resources: [daemonsets], verbs: [patch], namespace kmod",
        ),
        (
            f'nodes is forbidden: {WHO} cannot list resource "nodes" in API group "" at the cluster scope',
            'apiGroups: [""], resources: [nodes], verbs: [list], cluster-wide',
        ),
        (
            (
                f'buildconfigs.build.openshift.io "b" is forbidden: {WHO} cannot create resource '
                '"buildconfigs/instantiate" in API group "build.openshift.io" in the namespace "kmod"'
            ),
            "apiGroups: [build.openshift.io], resources: [buildconfigs/instantiate], verbs: [create], namespace kmod",
        ),
        (
            (
                'roles.rbac.authorization.k8s.io "driver" is forbidden: user "x" (groups=["a" "b"]) is attempting to '
                'grant RBAC permissions not currently held:\n{APIGroups:["apps"], Resources:["pods"], Verbs:["get"]}'
            ),
            "apiGroups: [rbac.authorization.k8s.io], resources: [roles], resourceNames: [driver], verbs: [escalate]",
        ),
        (
            (
                'rolebindings.rbac.authorization.k8s.io "driver" is forbidden: user "x" (groups=["a"]) is attempting to '
                "grant RBAC permissions not currently held:\n{}"
            ),
            (
                "apiGroups: [rbac.authorization.k8s.io], resources: [roles, clusterroles], verbs: [bind] "
                "for the role that driver refers to"
            ),
        ),
        (
            'daemonsets.apps "driver" is forbidden: ',
            "apiGroups: [apps], resources: [daemonsets], verbs: [create], where driver lies",
        ),
        (
            'configmaps "c" is forbidden:',
            'apiGroups: [""], resources: [configmaps], verbs: [create], where c lies',
        ),
        ('pods "p" is forbidden: violates PodSecurity "restricted:latest"', ""),
        ("", ""),
    ],
)
def test_the_missing_rule_is_read_from_the_servers_words(message: str, rule: str) -> None:
    assert missing_rule(message) == rule


def test_the_error_says_it_with_what_prints_it() -> None:
    message = f'secrets "s" is forbidden: {WHO} cannot patch resource "secrets" in API group "" in the namespace "a"'
    body = json.dumps({"reason": "Forbidden", "message": message}).encode()
    error = error_of(403, body, "apply ConfigMap/a/s", "ConfigMap", {})
    rule = 'apiGroups: [""], resources: [secrets], verbs: [patch], namespace a'
    assert error.finding.message == (
        f"apply ConfigMap/a/s: {message}; sro-apply manifests SOURCE prints the rule that is missing: {rule}"
    )
    assert (isinstance(error, PermanentError) and error.rule) == rule
    assert error.finding.hint == (
        "print the manifests again for this bundle and apply them, or give the user this right yourself"
    )
    # What a server says of a Secret is not repeated; the rule is.
    secret = error_of(403, body, "apply Secret/a/s", "Secret", {}).finding.message
    assert secret == (
        "apply Secret/a/s: Forbidden (what it says is not shown: it may repeat the Secret); "
        f"sro-apply manifests SOURCE prints the rule that is missing: {rule}"
    )
