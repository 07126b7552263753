"""Reads of a cluster what a snapshot is made of, with as few requests and rights as that takes.

Asks; what the answers are good for is decided in `planning.snapshot`. An API that a cluster lacks is empty,
as on plain Kubernetes. One that does not answer, or that we may not read, is an error: a snapshot
without it would look as if the cluster had nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from sro_apply.kube.errors import PermanentError
from sro_apply.kube.interface import ApiVersions, Kind, Kube
from sro_apply.kube.patience import Sleep, patiently
from sro_apply.planning.snapshot import ReadCluster
from sro_apply.planning.snapshot_rights import CLUSTER_FACTS, PLURALS, TOOLKITS
from sro_apply.planning.specs import Needs
from sro_render.errors import some
from sro_render.model.objects import JsonObject, ObjectId

_T = TypeVar("_T")
_NOTHING: Final[Sequence[JsonObject]] = ()
_OPENSHIFT: Final = Kind("config.openshift.io/v1", "ClusterVersion")
"""What is served on OpenShift and nowhere else: where it is not, its objects are not asked for."""
_BUILDS: Final = "build.openshift.io/"
_SECRETS: Final = Kind("v1", "Secret")


def collect(kube: Kube, needs: Needs, sleep: Sleep) -> ReadCluster:
    """All that a snapshot is made of.

    Args:   sleep: waits so many seconds, where the server is busy.
    Raises: TransientError, PermanentError: `snapshot-forbidden` names every right that is missing.
    """
    return _Collector(kube, sleep).collect(needs)


class _Collector:
    """Asks, and remembers what it was not allowed to."""

    def __init__(self, kube: Kube, sleep: Sleep) -> None:
        self._kube, self._sleep = kube, sleep
        self._lacking: list[str] = []

    def collect(self, needs: Needs) -> ReadCluster:
        version = self._kube.version()  # a server that is not there is not waited for
        apis = patiently(self._kube.api_versions, self._sleep)
        nodes = self._asked("list nodes", lambda: self._kube.list(Kind("v1", "Node")), _NOTHING)
        facts = [each for identity in _facts_of(apis) if (each := self._get(identity)) is not None]
        if any(each.startswith(_BUILDS) for each in apis.served):
            for namespace in needs.namespaces:
                facts += self._secret_names(namespace)
        charts = {key: self._get(ObjectId("v1", "ConfigMap", *key)) for key in needs.charts}
        if self._lacking:
            raise _forbidden(self._lacking)
        return ReadCluster(
            nodes=tuple(nodes),
            facts=tuple(facts),
            charts=tuple(each for each in charts.values() if each is not None),
            missing=tuple(key for key, each in charts.items() if each is None),
            version=version,
            api_versions=apis.served,
            silent=apis.silent,
        )

    def _get(self, identity: ObjectId) -> JsonObject | None:
        place = f" in namespace {identity.namespace}" if identity.namespace else ""
        resource = ".".join(filter(None, (PLURALS[identity.kind], identity.group)))
        right = f"get {resource} named {identity.name}{place}"
        return self._asked(right, lambda: self._kube.get(identity), None)

    def _secret_names(self, namespace: str) -> Sequence[JsonObject]:
        right = f"list secrets in namespace {namespace} (only their names are read)"
        return self._asked(right, lambda: self._kube.metadata(_SECRETS, namespace), _NOTHING)

    def _asked(self, right: str, ask: Callable[[], _T], without: _T) -> _T:
        """The answer. Args: right: what it takes; without: what stands for an answer that is refused."""
        try:
            return patiently(ask, self._sleep)
        except PermanentError as error:
            if error.status != 403:
                raise
            self._lacking.append(right)
            return without


def _facts_of(apis: ApiVersions) -> list[ObjectId]:
    """What may be asked for: a right that is of no use is not asked of anybody."""
    # An API that is silent is asked, so that it is not taken for one that is not there.
    is_silent = _OPENSHIFT.api_version in apis.silent
    is_openshift = is_silent or f"{_OPENSHIFT.api_version}/{_OPENSHIFT.name}" in apis.served
    facts = [*CLUSTER_FACTS] if is_openshift else []
    return [*facts, TOOLKITS] if TOOLKITS.api_version in apis.served else facts


def _forbidden(rights: list[str]) -> PermanentError:
    error = PermanentError(
        "snapshot-forbidden",
        "a snapshot takes rights that are missing",
        notes=tuple(f"may not {right}" for right in some(rights)),
        hint="sro-apply manifests SPEC --for snapshot prints roles that have them",
    )
    error.status = 403
    return error
