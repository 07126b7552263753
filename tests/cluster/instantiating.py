"""OpenShift's subresource `instantiate`, which a control plane with CRDs lacks: a proxy answers it."""

from __future__ import annotations

import json
import re

from clusters import Cluster
from fault_proxy import Answer, Asked, Decide, failure
from kubernetes.client.exceptions import ApiException
from playing_openshift import TooLateError

_PATH = re.compile(
    r"/apis/build\.openshift\.io/v1/namespaces/(?P<namespace>[^/]+)/buildconfigs/(?P<name>[^/]+)/instantiate"
)


def instantiated(asked: Asked) -> str:
    """The name of the BuildConfig that a request is to start a build of; empty for other requests."""
    match = _PATH.fullmatch(asked.path.partition("?")[0])
    return match["name"] if match and asked.method == "POST" else ""


def instantiating(cluster: Cluster) -> Decide:
    """Answers what is asked of the subresource; everything else goes on to the server."""

    def decide(asked: Asked) -> Answer | None:
        match = _PATH.fullmatch(asked.path.partition("?")[0])
        if not match or asked.method != "POST":
            return None
        request = json.loads(asked.body)
        assert (request["kind"], request["metadata"]["name"]) == ("BuildRequest", match["name"])
        try:
            made = cluster.builds.instantiate(match["namespace"], match["name"], request.get("lastVersion"))
        except TooLateError as fault:
            return failure(400, "BadRequest", str(fault))
        except ApiException as fault:
            return failure(fault.status or 500, fault.reason or "", str(fault.body))
        return Answer(status=201, body=made)

    return decide
