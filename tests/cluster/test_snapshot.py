"""`sro-apply snapshot` of a real control plane: what it says, what it takes, and when it stays the same.

Matrix: 24 nodes on 3 kernels with OpenShift's kinds played: the schema, heartbeats and all else that is counted, a
build beside one from what kubectl prints, API versions beside helm's, requests; plain Kubernetes with no right but
one; rights that are missing and those that suffice; an aggregated API that is down, a server that is busy; no nodes,
nodes that are silent, charts that are missing. Left out: OpenShift's own API server, whose kinds are CRDs here.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jsonschema_rs
import playing_openshift
import pytest
import rights
import yaml
from clusters import Cluster, until
from fault_proxy import Asked, Cut, FaultProxy, failure
from kubernetes.client.exceptions import ApiException
from playing import change_kernel
from raw_api import Object
from simple_kmod import EXAMPLE, KERNELS, NEW, OLD

from sro_apply.kube.client import Client
from sro_apply.kube.connection import connect
from sro_apply.kube.interface import Kind

SPEC = EXAMPLE / "specialresource.yaml"
SCHEMA = Path(__file__).parents[2] / "schemas" / "nodeinventory.schema.json"
TOOLKIT = "quay.io/openshift-release-dev/ocp-v4.0-art-dev@sha256:d07d"
CHART = "simple-kmod-chart"


def snapshot(cluster: Cluster, *options: str | Path, kubeconfig: Path | None = None) -> Any:
    return subprocess.run(
        [
            *(sys.executable, "-m", "sro_apply", "snapshot", "--kubeconfig", kubeconfig or cluster.admin),
            *options,
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def taken(cluster: Cluster, *options: str | Path, kubeconfig: Path | None = None) -> list[Any]:
    """The documents of a snapshot that succeeds."""
    done = snapshot(cluster, *options, kubeconfig=kubeconfig)
    assert (done.returncode, done.stderr) == (0, "")
    return list(yaml.safe_load_all(done.stdout))


def objects() -> list[Object]:
    """What OpenShift has beside nodes, as far as rendering reads it; much else beside that it does not."""
    return [
        *(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            for name in ("openshift", "openshift-machine-config-operator", "simple-kmod")
        ),
        {
            "apiVersion": "config.openshift.io/v1",
            "kind": "ClusterVersion",
            "metadata": {"name": "version"},
            "status": {
                "history": [
                    {"state": "Partial", "version": "4.10.12"},
                    {"state": "Completed", "version": "4.10.11"},
                ]
            },
        },
        {
            "apiVersion": "config.openshift.io/v1",
            "kind": "Proxy",
            "metadata": {"name": "cluster"},
            "spec": {"httpProxy": "http://asked:3128", "trustedCA": {"name": "user-ca"}},
            "status": {"httpProxy": "http://in.force:3128", "noProxy": ".svc"},
        },
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": "machine-config-osimageurl",
                "namespace": "openshift-machine-config-operator",
            },
            "data": {"osImageURL": "quay.io/os@sha256:0505"},
        },
        {
            "apiVersion": "image.openshift.io/v1",
            "kind": "ImageStream",
            "metadata": {"name": "driver-toolkit", "namespace": "openshift"},
            "spec": {"tags": [{"name": "latest", "from": {"kind": "DockerImage", "name": TOOLKIT}}]},
            "status": {
                "tags": [
                    {
                        "tag": "410.84.202203221702-0",
                        "items": [{"created": "2022-03-22T17:02:00Z", "dockerImageReference": TOOLKIT}],
                    }
                ]
            },
        },
        *(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": name, "namespace": "simple-kmod"},
                "stringData": {"password": "hunter2"},
            }
            for name in ("builder-dockercfg-x7x7x", "other")
        ),
    ]


@pytest.fixture(scope="module")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ConfigMap that the documentation's SpecialResource names for its chart."""
    (folder,) = [each for each in (EXAMPLE / "charts").iterdir() if each.is_dir()]
    made = tmp_path_factory.mktemp("chart") / "chart.yaml"
    subprocess.run(
        [
            *(sys.executable, "-m", "sro_render", "package", folder),
            *("--configmap", f"simple-kmod/{CHART}", "--out", made),
        ],
        check=True,
        capture_output=True,
    )
    return made


@pytest.fixture
def filled(openshift: Cluster, chart: Path) -> Cluster:
    """OpenShift with 24 nodes, and with all that a snapshot may find."""
    for each in [*objects(), yaml.safe_load(chart.read_text(encoding="utf-8"))]:
        openshift.api.create(each)
    return openshift


def test_a_snapshot_has_what_rendering_reads_and_fits_its_schema(filled: Cluster, chart: Path) -> None:
    done = snapshot(filled, SPEC, "--cluster", "prod")

    assert (done.returncode, done.stderr) == (0, "")
    assert "hunter2" not in done.stdout
    secrets = Client(connect(str(filled.admin), None)).metadata(Kind("v1", "Secret"), "simple-kmod")
    assert {tuple(sorted(each)) for each in secrets} == {("apiVersion", "kind", "metadata")}
    inventory, config_map = yaml.safe_load_all(done.stdout)
    jsonschema_rs.validator_for(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(inventory)
    assert inventory["metadata"] == {"name": "prod"}
    versions = inventory["cluster"].pop("apiVersions")
    assert versions == sorted(versions)
    assert {"v1", "v1/Pod", "apps/v1/DaemonSet", "build.openshift.io/v1/BuildConfig"} <= {*versions}
    assert inventory["cluster"] == {
        "version": "4.10.11",
        "kubernetesVersion": filled.api.get("/version")["gitVersion"],
        "osImageURL": "quay.io/os@sha256:0505",
        "proxy": {"httpProxy": "http://in.force:3128", "noProxy": ".svc", "trustedCA": "user-ca"},
    }
    assert inventory["driverToolkits"] == [
        {"image": TOOLKIT, "tag": "410.84.202203221702-0"},
        {"image": TOOLKIT, "tag": "latest"},
    ]
    assert inventory["pushSecrets"] == {"simple-kmod": "builder-dockercfg-x7x7x"}
    kernels = [each["kernelVersion"] for each in inventory["nodes"]]
    assert {kernel: kernels.count(kernel) for kernel in kernels} == KERNELS
    assert config_map == yaml.safe_load(chart.read_text(encoding="utf-8"))


def test_nothing_but_what_matters_changes_a_snapshot(filled: Cluster, tmp_path: Path) -> None:
    out = tmp_path / "prod.yaml"
    assert snapshot(filled, SPEC, "--out", out).stderr == f"wrote {out}\n"
    before, time = out.read_bytes(), out.stat().st_mtime_ns
    for number in (1, 2):
        beat = {"type": "Ready", "status": "True", "lastHeartbeatTime": f"2030-01-01T00:00:0{number}Z"}
        for node in ("w0-00", "w1-03"):
            path = f"/api/v1/nodes/{node}"
            filled.api.patch(f"{path}/status", {"status": {"conditions": [beat], "images": []}})
            filled.api.patch(path, {"metadata": {"annotations": {"beat": str(number)}}})
            label = "specialresource.openshift.io/state-simple-kmod-0000"
            filled.api.patch(path, {"metadata": {"labels": {label: "Ready"}}})
    chart = f"/api/v1/namespaces/simple-kmod/configmaps/{CHART}"
    filled.api.patch(chart, {"metadata": {"annotations": {"touched": "yes"}}})

    assert snapshot(filled, SPEC, "--out", out).stderr == f"{out} is the same\n"
    assert (out.read_bytes(), out.stat().st_mtime_ns) == (before, time)

    change_kernel(filled.api, "w0-00", NEW)
    assert snapshot(filled, SPEC, "--out", out).stderr == f"wrote {out}\n"
    lines = [{*data.decode().splitlines()} for data in (before, out.read_bytes())]
    assert not lines[0] ^ lines[1]
    assert out.read_bytes().count(OLD.encode()) == before.count(OLD.encode()) - 2


def test_a_bundle_of_a_snapshot_is_that_of_what_kubectl_prints(
    filled: Cluster, kubectl: Path, tmp_path: Path
) -> None:
    taking = tmp_path / "taken"
    taking.mkdir()
    assert snapshot(filled, SPEC, "--out", taking / "snapshot.yaml").returncode == 0
    printed = tmp_path / "printed"
    printed.mkdir()
    asked = (
        "nodes",
        "clusterversions/version",
        "proxies/cluster",
        "configmaps/machine-config-osimageurl --namespace=openshift-machine-config-operator",
        "imagestreams/driver-toolkit --namespace=openshift",
        "secrets --namespace=simple-kmod",
        f"configmaps/{CHART} --namespace=simple-kmod",
    )
    for number, what in enumerate(asked):
        done = subprocess.run(
            [kubectl, f"--kubeconfig={filled.admin}", "get", *what.split(), "-o", "yaml"],
            check=True,
            capture_output=True,
        )
        (printed / f"{number}.yaml").write_bytes(done.stdout)

    of_snapshot, of_kubectl = (built(folder, tmp_path / f"{folder.name}-out") for folder in (taking, printed))

    assert len(of_snapshot) > 10
    assert of_snapshot == of_kubectl


def built(inventory: Path, out: Path) -> dict[str, bytes]:
    """The files of a bundle, but for the lock, which names its inputs."""
    done = subprocess.run(
        [sys.executable, "-m", "sro_render", "build", SPEC, "--inventory", inventory, "--out", out],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    files = (each for each in out.rglob("*") if each.is_file() and each.name != "sro.lock.yaml")
    return {each.relative_to(out).as_posix(): each.read_bytes() for each in files}


def test_api_versions_are_those_that_helm_finds(
    cluster: Cluster, inventory: Path, helm: Path, tmp_path: Path
) -> None:
    cluster.play_nodes(inventory)
    cluster.play_kinds(playing_openshift.crds()[:1])
    chart = tmp_path / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: asks\nversion: 1.0.0\n", encoding="utf-8")
    (chart / "templates" / "all.yaml").write_text(
        "kind: ConfigMap\napiVersion: v1\nmetadata: {name: all}\n"
        "data: {all: {{ .Capabilities.APIVersions | toJson | quote }}, "
        "version: {{ .Capabilities.KubeVersion.Version | quote }}}\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [helm, "template", "x", chart, "--dry-run=server", "--kubeconfig", cluster.admin],
        check=True,
        capture_output=True,
        text=True,
    )
    data = yaml.safe_load(done.stdout)["data"]

    read = taken(cluster)[0]["cluster"]

    assert read["apiVersions"] == sorted(json.loads(data["all"]))
    assert read["kubernetesVersion"] == data["version"]


def grant(cluster: Cluster, rights: Sequence[Object], namespace: str = "") -> None:
    """Let alice do something, in a namespace or in all of the cluster."""
    group, scope = "rbac.authorization.k8s.io", "" if namespace else "Cluster"
    where = {"namespace": namespace} if namespace else {}
    name = {"name": "alice-takes", **where}
    cluster.api.create(
        {"apiVersion": f"{group}/v1", "kind": f"{scope}Role", "metadata": name, "rules": list(rights)}
    )
    cluster.api.create(
        {
            "apiVersion": f"{group}/v1",
            "kind": f"{scope}RoleBinding",
            "metadata": name,
            "subjects": [{"apiGroup": group, "kind": "User", "name": "alice"}],
            "roleRef": {"apiGroup": group, "kind": f"{scope}Role", "name": "alice-takes"},
        }
    )


def right(verb: str, group: str, resource: str, name: str = "") -> Object:
    named = {"resourceNames": [name]} if name else {}
    return {"verbs": [verb], "apiGroups": [group], "resources": [resource], **named}


def test_every_right_that_is_missing_is_named(filled: Cluster) -> None:
    alice = filled.kubeconfig("alice")
    refused = snapshot(filled, SPEC, kubeconfig=alice)
    assert (refused.returncode, refused.stdout) == (4, "")
    assert refused.stderr == (
        "error[snapshot-forbidden]: a snapshot takes rights that are missing\n"
        "  note: may not list nodes\n"
        "  note: may not get clusterversions.config.openshift.io named version\n"
        "  note: may not get proxies.config.openshift.io named cluster\n"
        "  note: may not get configmaps named machine-config-osimageurl "
        "in namespace openshift-machine-config-operator\n"
        "  note: may not get imagestreams.image.openshift.io named driver-toolkit in namespace openshift\n"
        "  note: may not list secrets in namespace simple-kmod (only their names are read)\n"
        "  note: may not get configmaps named simple-kmod-chart in namespace simple-kmod\n"
        "  help: sro-apply manifests SPEC --for snapshot prints roles that have them\n"
    )


def test_the_printed_account_suffices_and_may_do_no_more(
    filled: Cluster, kubectl: Path, fault_proxy: FaultProxy
) -> None:
    manifests = rights.printed(SPEC, "--for", "snapshot")
    rights.install(kubectl, filled, manifests)
    account = filled.service_account(rights.OWN, "sro-snapshot", fault_proxy.url)
    until(lambda: snapshot(filled, SPEC, kubeconfig=account).returncode == 0)
    fault_proxy.answered.clear()

    assert (
        snapshot(filled, SPEC, kubeconfig=account).stdout
        == snapshot(filled, SPEC, kubeconfig=filled.admin).stdout
    )
    assert rights.asked_for(fault_proxy.answered) == rights.granted(manifests)


def test_plain_kubernetes_takes_one_right_and_is_asked_for_nothing_else(
    cluster: Cluster, inventory: Path, fault_proxy: FaultProxy, tmp_path: Path
) -> None:
    cluster.play_nodes(inventory)
    grant(cluster, [right("list", "", "nodes")])
    spec = tmp_path / "spec.yaml"
    local = SPEC.read_text(encoding="utf-8").replace("cm://simple-kmod/simple-kmod-chart", "file:///charts")
    spec.write_text(local, encoding="utf-8")
    alice = cluster.kubeconfig("alice", fault_proxy.url)
    until(lambda: snapshot(cluster, spec, kubeconfig=alice).returncode == 0)
    fault_proxy.asked.clear()

    (read,) = taken(cluster, spec, kubeconfig=alice)

    assert [*read] == ["apiVersion", "cluster", "kind", "nodes"]
    assert [*read["cluster"]] == ["apiVersions", "kubernetesVersion"]
    assert len(read["nodes"]) == 24
    paths = [each.path for each in fault_proxy.asked]
    groups = cluster.api.get("/apis")["groups"]
    versions = [version["groupVersion"] for group in groups for version in group["versions"]]
    discovery = {"/version", "/apis", "/api/v1", *(f"/apis/{version}" for version in versions)}
    assert sorted(paths) == sorted([*discovery, "/api/v1/nodes?limit=500"])


METRICS = "/apis/metrics.k8s.io/v1beta1"


@pytest.fixture
def silent_api(cluster: Cluster) -> Iterator[str]:
    """An aggregated API whose server is not there."""
    made = cluster.api.create(
        {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": "v1beta1.metrics.k8s.io"},
            "spec": {
                "group": "metrics.k8s.io",
                "version": "v1beta1",
                "groupPriorityMinimum": 100,
                "versionPriority": 100,
                "insecureSkipTLSVerify": True,
                "service": {"name": "nobody", "namespace": "kube-system"},
            },
        }
    )
    until(lambda: status_of(cluster, METRICS) == 503)
    yield "metrics.k8s.io/v1beta1"
    cluster.api.delete(cluster.api.path_of(made))
    until(lambda: status_of(cluster, METRICS) == 404)


def status_of(cluster: Cluster, path: str) -> int:
    try:
        cluster.api.get(path)
    except ApiException as fault:
        return int(fault.status)
    return 200


def test_an_aggregated_api_that_is_down_is_told_and_holds_up_nothing(
    cluster: Cluster, inventory: Path, silent_api: str
) -> None:
    cluster.play_nodes(inventory)

    done = snapshot(cluster)

    assert done.returncode == 0
    assert done.stderr == (
        f"warning[snapshot-api-silent]: these APIs do not answer: {silent_api}\n"
        "  note: their kinds are missing in the API versions, which charts may ask for\n"
        "  help: see kubectl get apiservices, and take the snapshot again when they are available\n"
    )
    assert silent_api in yaml.safe_load(done.stdout)["cluster"]["apiVersions"]


def test_a_server_that_is_busy_is_asked_again_and_one_that_stays_it_is_told(
    filled: Cluster, fault_proxy: FaultProxy
) -> None:
    admin = filled.kubeconfig("admin", fault_proxy.url)
    faults: dict[str, Any] = {
        "/nodes?": failure(429, "TooManyRequests", "later", retry_after_s=1),
        "/proxies/cluster": failure(503, "ServiceUnavailable", "not now"),
        "/imagestreams/": Cut.BEFORE,
    }

    def once(asked: Asked) -> Any:
        return next((faults.pop(part) for part in [*faults] if part in asked.path), None)

    fault_proxy.decide = once
    assert taken(filled, kubeconfig=admin) == taken(filled)
    assert not faults

    def down(asked: Asked) -> Any:
        is_down = "/apis/image.openshift.io/v1" in asked.path
        return failure(503, "ServiceUnavailable", "unable to handle the request") if is_down else None

    fault_proxy.decide = down
    done = snapshot(filled, kubeconfig=admin)
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith(
        "error[server-busy]: read the kinds of image.openshift.io/v1: unable to handle the request\n"
    )


def test_a_cluster_without_nodes_is_refused(cluster: Cluster) -> None:
    done = snapshot(cluster)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error[snapshot-empty]: the cluster has no nodes\n"
        "  help: wait until kubelets have joined, or see whether --kubeconfig and --context name the cluster "
        "that you mean\n"
    )


def test_a_node_that_is_silent_and_a_chart_that_is_missing_are_told(
    cluster: Cluster, inventory: Path
) -> None:
    cluster.play_nodes(inventory)
    cluster.api.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "new"}})

    done = snapshot(cluster, SPEC)

    assert done.returncode == 0
    assert done.stderr == (
        "warning[snapshot-node-silent]: 1 node reports no kernel, and nothing is rendered for it\n"
        "  note: new\n"
        "  help: take the snapshot again when the kubelet there has reported\n"
        "warning[snapshot-chart-missing]: there is no ConfigMap simple-kmod/simple-kmod-chart, "
        "which a spec names for its chart\n"
        "  help: create it: oc create cm simple-kmod-chart -n simple-kmod --from-file=index.yaml "
        "--from-file=CHART.tgz; or give sro-render the chart in a folder, with --charts\n"
    )
    assert len(yaml.safe_load(done.stdout)["nodes"]) == 24
