"""Which rule is missing where a server forbids something, read from what it says.

Only names of kinds, verbs and objects are taken from its words, so that nothing of a Secret is repeated.
Source: kubernetes pkg/apiserver endpoints/handlers/responsewriters `forbiddenMessage`, endpoints/handlers
`withAuthorization`, pkg/registry/rbac/validation `ConfirmNoEscalation`.
"""

from __future__ import annotations

import re

_DENIED = re.compile(
    r"cannot (?P<verb>[a-z]+) resource \"(?P<resource>[-a-z0-9./]+)\" in API group \"(?P<group>[-a-z0-9.]*)\""
    r"(?: in the namespace \"(?P<namespace>[-a-z0-9]+)\"| at the cluster scope)"
)
_ESCALATED = re.compile(
    r"^(?P<resource>(?:cluster)?role(?:binding)?s)\.rbac\.authorization\.k8s\.io "
    r"\"(?P<name>[-a-z0-9.:]+)\" is forbidden: user .* is attempting to grant RBAC permissions not "
    r"currently held",
    re.IGNORECASE,
)
_CREATED = re.compile(
    r"^(?P<resource>[a-z0-9-]+)(?:\.(?P<group>[-a-z0-9.]+))? \"(?P<name>[-a-z0-9.:]+)\" is forbidden:\s*$"
)
"""An apply that may patch but not create is refused without a reason."""


def missing_rule(message: str) -> str:
    """The rule as a role would have it, and where; empty where the message says nothing of one.

    Args: message: of a Status with the reason Forbidden.
    """
    denied = _DENIED.search(message)
    if denied:
        namespace = denied["namespace"]
        rule = _rule(denied["group"], denied["resource"], denied["verb"])
        return f"{rule}, {f'namespace {namespace}' if namespace else 'cluster-wide'}"
    created = _CREATED.match(message)
    if created:
        return f"{_rule(created['group'] or '', created['resource'], 'create')}, where {created['name']} lies"
    escalated = _ESCALATED.match(message)
    if not escalated:
        return ""
    resource, name = escalated["resource"].lower(), escalated["name"]
    if resource.endswith("bindings"):
        return f"{_rule(_RBAC, 'roles, clusterroles', 'bind')} for the role that {name} refers to"
    return _rule(_RBAC, resource, "escalate", name)


_RBAC = "rbac.authorization.k8s.io"


def _rule(group: str, resource: str, verb: str, name: str = "") -> str:
    named = f", resourceNames: [{name}]" if name else ""
    return f"apiGroups: [{group or chr(34) * 2}], resources: [{resource}]{named}, verbs: [{verb}]"
