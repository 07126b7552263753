"""`sro-apply manifests`: what is printed, from what the user asks for; no cluster is there.

Matrix: each option; what is missing or wrong; the pods against each rule of Pod Security's level `restricted`; the
kinds that the schemas of Kubernetes know. Judges: kubernetes-validate's schemas. Left out: what a server says of it
(tests/cluster/test_manifests.py), whether alerts fire (test_alerts.py), which rights there are (test_planning_rights.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from sro_apply.cli.main import run

GOLDEN = Path(__file__).parents[2] / "golden" / "01-simple-kmod" / "cluster"
SPEC = Path(__file__).parents[3] / "examples" / "01-simple-kmod" / "specialresource.yaml"
IMAGE = ("--image", "registry.example.com/sro-apply:1")
GIT = "git+https://git.example.com/fleet.git@main:out/cluster"
SOURCE = ("--source", GIT)
# Kinds of others, of which the schemas know nothing.
FOREIGN = {"CustomResourceDefinition", "PrometheusRule", "ServiceMonitor"}


def printed(capsys: pytest.CaptureFixture[str], *options: str) -> list[dict[str, Any]]:
    code = run(["manifests", str(GOLDEN), *options])
    said = capsys.readouterr()
    assert (code, said.err) == (0, "")
    return list(yaml.safe_load_all(said.out))


def names(manifests: list[dict[str, Any]]) -> list[str]:
    """`Kind/namespace/name` of each."""
    return [
        "/".join(filter(None, (each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"])))
        for each in manifests
    ]


def of(kind: str, manifests: list[dict[str, Any]]) -> dict[str, Any]:
    (found,) = [each for each in manifests if each["kind"] == kind]
    return found


def test_it_prints_all_in_the_order_in_which_a_server_wants_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert names(printed(capsys, *IMAGE, *SOURCE)) == [
        "CustomResourceDefinition/specialresources.sro.openshift.io",
        "Namespace/sro-apply",
        "Namespace/simple-kmod",
        "ServiceAccount/sro-apply/sro-apply",
        "ClusterRole/sro-apply",
        "ClusterRoleBinding/sro-apply",
        "Role/default/sro-apply",
        "RoleBinding/default/sro-apply",
        "Role/simple-kmod/sro-apply",
        "RoleBinding/simple-kmod/sro-apply",
        "Role/sro-apply/sro-apply",
        "RoleBinding/sro-apply/sro-apply",
        "Deployment/sro-apply/sro-apply",
        "Service/sro-apply/sro-apply",
        "ServiceMonitor/sro-apply/sro-apply",
        "PrometheusRule/sro-apply/sro-apply",
        "ConfigMap/sro-apply/sro-apply-dashboard",
    ]


def test_who_syncs_from_outside_gets_an_account_and_its_rights(capsys: pytest.CaptureFixture[str]) -> None:
    kinds = {each["kind"] for each in printed(capsys, "--for", "sync")}
    assert kinds == {
        "Namespace",
        "ServiceAccount",
        "ClusterRole",
        "ClusterRoleBinding",
        "Role",
        "RoleBinding",
    }


def test_who_only_observes_runs_so_and_may_bring_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    made = printed(capsys, *IMAGE, *SOURCE, "--for", "observe")
    (container,) = of("Deployment", made)["spec"]["template"]["spec"]["containers"]
    assert container["args"] == ["run", GIT, "--observe"]
    rules = [rule for each in made if each["kind"] == "Role" for rule in each["rules"]]
    assert not [rule for rule in rules if "daemonsets" in rule["resources"] and "patch" in rule["verbs"]]


def test_who_takes_snapshots_gets_an_account_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """On plain Kubernetes OpenShift's namespaces are not there to hold a role."""
    assert run(["manifests", str(SPEC), "--for", "snapshot", "--without", "openshift"]) == 0
    assert names(list(yaml.safe_load_all(capsys.readouterr().out))) == [
        "Namespace/sro-apply",
        "Namespace/simple-kmod",
        "ServiceAccount/sro-apply/sro-snapshot",
        "ClusterRole/sro-snapshot",
        "ClusterRoleBinding/sro-snapshot",
        "Role/simple-kmod/sro-snapshot",
        "RoleBinding/simple-kmod/sro-snapshot",
    ]


def test_parts_can_be_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    without = [option for part in ("crd", "namespaces", "monitoring") for option in ("--without", part)]
    kinds = {each["kind"] for each in printed(capsys, *IMAGE, *SOURCE, *without)}
    assert not kinds & {"CustomResourceDefinition", "Namespace", "ServiceMonitor", "PrometheusRule"}
    assert {"Deployment", "Service"} <= kinds


def test_the_pods_run_what_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    made = printed(capsys, *IMAGE, *SOURCE, "--replicas", "3", "--", "--interval", "60")
    deployment = of("Deployment", made)
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert deployment["spec"]["replicas"] == 3
    assert container["image"] == "registry.example.com/sro-apply:1"
    assert container["args"] == ["run", GIT, "--interval", "60"]
    assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
    assert container["ports"] == [{"containerPort": 8080, "name": "http", "protocol": "TCP"}]


def test_another_namespace_is_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    made = printed(capsys, *IMAGE, *SOURCE, "--namespace", "fleet")
    places = {each["metadata"].get("namespace", "") for each in made}
    assert places == {"", "default", "fleet", "simple-kmod"}
    # Another installation beside it has other rights: they must not meet.
    meeting = {
        "ClusterRole/sro-apply-fleet",
        "Role/default/sro-apply-fleet",
        "Role/simple-kmod/sro-apply-fleet",
    }
    assert meeting <= {*names(made)}
    subjects = [subject for each in made for subject in each.get("subjects", [])]
    assert {each["namespace"] for each in subjects} == {"fleet"}
    rules = of("PrometheusRule", made)["spec"]["groups"][0]["rules"]
    assert all('namespace="fleet"' in each["expr"] for each in rules)


def test_git_finds_its_secret(capsys: pytest.CaptureFixture[str]) -> None:
    made = printed(capsys, *IMAGE, *SOURCE, "--git-secret", "fleet-git")
    pod = of("Deployment", made)["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert {"name": "git", "secret": {"secretName": "fleet-git", "defaultMode": 0o444}} in pod["volumes"]
    assert {"name": "git", "mountPath": "/etc/sro-apply/git", "readOnly": True} in container["volumeMounts"]
    environment = {each["name"]: each["value"] for each in container["env"]}
    assert environment["HOME"] == "/etc/sro-apply/git"
    assert "/etc/sro-apply/git/ssh-privatekey" in environment["GIT_SSH_COMMAND"]


def test_namespaces_go_only_if_the_user_wants_it(capsys: pytest.CaptureFixture[str]) -> None:
    def verbs(*options: str) -> set[str]:
        rules = of("ClusterRole", printed(capsys, "--for", "sync", *options))["rules"]
        return {verb for rule in rules if "namespaces" in rule["resources"] for verb in rule["verbs"]}

    assert "delete" not in verbs()
    assert "delete" in verbs("--delete-namespaces")


def test_the_pods_meet_every_rule_of_the_level_restricted(capsys: pytest.CaptureFixture[str]) -> None:
    pod = of("Deployment", printed(capsys, *IMAGE, *SOURCE, "--git-secret", "s"))["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    # https://kubernetes.io/docs/concepts/security/pod-security-standards/, in its order.
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers", "ephemeralContainers"} & pod.keys()
    assert not any("hostPort" in port for port in container["ports"])
    allowed = {
        *("configMap", "csi", "downwardAPI", "emptyDir"),
        *("ephemeral", "persistentVolumeClaim", "projected", "secret"),
    }
    assert {key for volume in pod["volumes"] for key in volume} <= allowed | {"name"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert pod["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


def test_the_namespace_holds_them_to_it_and_not_the_drivers(capsys: pytest.CaptureFixture[str]) -> None:
    made = printed(capsys, "--for", "sync")
    labels = {
        each["metadata"]["name"]: each["metadata"].get("labels", {})
        for each in made
        if each["kind"] == "Namespace"
    }
    assert labels["sro-apply"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert labels["simple-kmod"] == {}


@pytest.mark.parametrize("version", ["1.28", "1.33"])
def test_the_schemas_of_kubernetes_find_no_fault(version: str, capsys: pytest.CaptureFixture[str]) -> None:
    known = [each for each in printed(capsys, *IMAGE, *SOURCE) if each["kind"] not in FOREIGN]
    assert len(known) == 14
    for each in known:
        kubernetes_validate.validate(each, version, strict=True)


def test_without_an_image_there_is_nothing_to_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["manifests", str(GOLDEN)]) == 2
    assert capsys.readouterr().err == (
        "error[image-missing]: there is nothing to run in the cluster without an image\n"
        "  help: build one of the Dockerfile of sro-render and name it with --image, or print the rights "
        "alone with --for sync\n"
    )


def test_credentials_belong_into_a_secret(capsys: pytest.CaptureFixture[str]) -> None:
    source = "git+https://robot:hunter2@example.com/fleet.git@main:out"
    assert run(["manifests", str(GOLDEN), *IMAGE, "--source", source]) == 2
    assert capsys.readouterr().err == (
        "error[source-credentials]: git+https://***@example.com/fleet.git@main:out has credentials in it, and "
        "whoever may read the Deployment reads them\n"
        "  help: leave them out, and name a Secret that has them: --git-secret NAME\n"
    )
    assert (
        run(["manifests", str(GOLDEN), *IMAGE, "--source", "git+ssh://git@example.com/fleet@main:out"]) == 0
    )


def test_a_folder_here_is_nothing_that_pods_can_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["manifests", str(GOLDEN), *IMAGE]) == 2
    assert capsys.readouterr().err == (
        f"error[source-missing]: pods cannot read {GOLDEN}, which is a folder here\n"
        "  help: say where they find the same bundle: "
        "--source git+https://HOST/REPOSITORY@BRANCH:OUT/CLUSTER\n"
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--namespace", "No Name"), "'No Name' is no name of a namespace"),
        (("--resource", "widget"), "'widget' is not KIND.GROUP=PLURAL, such as Widget.example.com=widgets"),
        (("--without", "rights"), "'rights' is not one of 'crd', 'namespaces', 'monitoring', 'openshift'"),
        (("--for", "sync", "--image", "x"), "--for sync has no use for --image"),
        (("--for", "sync", "--", "--interval", "3"), "--for sync has no use for options after --"),
        (
            ("--for", "snapshot", "--replicas", "2", "--delete-namespaces"),
            "--for snapshot has no use for --replicas, --delete-namespaces",
        ),
        (
            ("--for", "sync", "--without", "openshift"),
            "--for sync asks for nothing of OpenShift: --without openshift is of snapshots",
        ),
        (("--replicas", "0"), "0 is not in the range x>=1"),
    ],
)
def test_wrong_options_are_refused(
    options: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["manifests", str(GOLDEN), *options]) == 2
    assert said in capsys.readouterr().err
