"""The proxy that lets requests go wrong: does the client see what a test says, and the server what the proxy says?

Matrix: let through (answers, refusals, watches), answered, cut before and after, the hook after a write.
"""

from __future__ import annotations

import json

import pytest
from clusters import Cluster, until
from fault_proxy import Answer, Asked, Cut, FaultProxy, failure
from kubernetes.client.exceptions import ApiException
from raw_api import Object, RawApi
from urllib3.exceptions import HTTPError

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


def config_map(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}}


def names(cluster: Cluster) -> set[str]:
    return {item["metadata"]["name"] for item in cluster.api.items(CONFIG_MAPS)} - {"kube-root-ca.crt"}


@pytest.fixture
def through(cluster: Cluster, fault_proxy: FaultProxy) -> RawApi:
    """The administrator, behind the proxy."""
    return RawApi(cluster.kubeconfig("admin", fault_proxy.url))


def test_what_it_lets_through_is_as_without_it(
    cluster: Cluster, fault_proxy: FaultProxy, through: RawApi
) -> None:
    through.create(config_map("a"))

    assert through.get(f"{CONFIG_MAPS}/a") == cluster.api.get(f"{CONFIG_MAPS}/a")
    with pytest.raises(ApiException) as refused:
        through.create(config_map("a"))
    assert refused.value.status == 409
    assert [asked.path for asked in fault_proxy.writes()] == [CONFIG_MAPS, CONFIG_MAPS]


def test_the_events_of_a_watch_come_as_they_happen(cluster: Cluster, through: RawApi) -> None:
    version = through.get(CONFIG_MAPS)["metadata"]["resourceVersion"]
    events = iter(through.lines(CONFIG_MAPS, resourceVersion=version, timeoutSeconds=20))
    for name in ("a", "b"):
        cluster.api.create(config_map(name))
        assert next(events)["object"]["metadata"]["name"] == name


def test_an_answer_in_the_server_s_place_is_all_that_happens(
    cluster: Cluster, fault_proxy: FaultProxy, through: RawApi
) -> None:
    busy = failure(429, "TooManyRequests", "try again later", retry_after_s=1)
    fault_proxy.decide = lambda asked: busy if asked.is_write else None

    with pytest.raises(ApiException) as refused:
        through.create(config_map("a"))

    assert refused.value.status == 429
    assert json.loads(str(refused.value.body))["message"] == "try again later"
    assert names(cluster) == set()


def test_it_answers_a_subresource_that_the_server_lacks(fault_proxy: FaultProxy, through: RawApi) -> None:
    def instantiate(asked: Asked) -> Answer | None:
        return Answer(status=201, body={"kind": "Build"}) if asked.path.endswith("/instantiate") else None

    fault_proxy.decide = instantiate
    path = "/apis/build.openshift.io/v1/namespaces/a/buildconfigs/b/instantiate"
    assert through.request("POST", path, {"kind": "BuildRequest"}) == {"kind": "Build"}


@pytest.mark.parametrize(
    ("cut", "made"), [(Cut.BEFORE, set[str]()), (Cut.AFTER, {"a"})], ids=["before", "after"]
)
def test_a_cut_connection_leaves_what_the_server_had_done(
    cluster: Cluster, fault_proxy: FaultProxy, through: RawApi, cut: str, made: set[str]
) -> None:
    fault_proxy.decide = lambda asked: cut if asked.is_write else None

    with pytest.raises(HTTPError):
        through.create(config_map("a"))

    assert names(cluster) == made


def test_a_test_can_act_between_a_write_and_its_answer(
    cluster: Cluster, fault_proxy: FaultProxy, through: RawApi
) -> None:
    seen: list[set[str]] = []
    fault_proxy.after_write = lambda _: seen.append(names(cluster))

    through.create(config_map("a"))

    assert seen == [{"a"}]


def test_a_server_that_is_down_is_down_behind_it_too(cluster: Cluster, through: RawApi) -> None:
    cluster.servers.stop_api_server(kill=True)
    with pytest.raises(HTTPError):
        through.get(CONFIG_MAPS)
    cluster.servers.start_api_server()
    assert until(lambda: through.get(CONFIG_MAPS)["kind"]) == "ConfigMapList"
