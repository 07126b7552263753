"""What a snapshot reads of a cluster beside its nodes, and which rights that takes, and no other.

Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/. To list Secrets' names takes the right
to list Secrets: RBAC knows no smaller one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from sro_apply.planning.rights import Right
from sro_apply.planning.specs import Needs
from sro_render.model.objects import ObjectId

CLUSTER_FACTS: Final = (
    ObjectId("config.openshift.io/v1", "ClusterVersion", "", "version"),
    ObjectId("config.openshift.io/v1", "Proxy", "", "cluster"),
    ObjectId("v1", "ConfigMap", "openshift-machine-config-operator", "machine-config-osimageurl"),
)
"""What OpenShift has, and nothing else."""
TOOLKITS: Final = ObjectId("image.openshift.io/v1", "ImageStream", "openshift", "driver-toolkit")
PLURALS: Mapping[str, str] = MappingProxyType(
    {
        "ClusterVersion": "clusterversions",
        "Proxy": "proxies",
        "ConfigMap": "configmaps",
        "ImageStream": "imagestreams",
    }
)
"""Of all kinds of which single objects are read."""


def snapshot_rights(needs: Needs, *, is_openshift: bool) -> tuple[Right, ...]:
    """All rights for a snapshot, sorted.

    Args: is_openshift: plain Kubernetes has neither toolkits nor builds that push with a Secret.
    """
    return tuple(sorted({*_rights(needs, is_openshift=is_openshift)}))


def _rights(needs: Needs, *, is_openshift: bool) -> Iterator[Right]:
    yield Right("", "", "nodes", "list")
    for namespace, name in needs.charts:
        yield _get(ObjectId("v1", "ConfigMap", namespace, name))
    if is_openshift:
        yield from map(_get, (*CLUSTER_FACTS, TOOLKITS))
        for namespace in needs.namespaces:
            yield Right(namespace, "", "secrets", "list")


def _get(identity: ObjectId) -> Right:
    return Right(identity.namespace, identity.group, PLURALS[identity.kind], "get", identity.name)
