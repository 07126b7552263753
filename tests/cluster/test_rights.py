"""The rights that `sro-apply manifests` prints, before the real authorizer: they suffice, and each is needed.

Matrix: the documentation's bundle brought, mended and removed again by the printed account, with each single right
(verb, resource, name) against the requests of that; rights of each sort really taken away, with what is said then; a
bundle that goes beyond them.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import little
import pytest
import rights
import yaml
from clusters import Cluster, until
from fault_proxy import Answer, Asked, FaultProxy
from instantiating import instantiated, instantiating
from playing_openshift import COMPLETE, build_failed
from raw_api import Object
from rights import Right
from simple_kmod import DRIVER, EXAMPLE, NEW, OLD, build_config, daemon_set, sync

SYNC = ("--for", "sync")
Install = Callable[[list[Object]], Path]


@pytest.fixture
def installed(openshift: Cluster, kubectl: Path, tmp_path: Path, fault_proxy: FaultProxy) -> Install:
    """Installs what is given, and gives the account's kubeconfig, through the proxy."""

    def install(manifests: list[Object]) -> Path:
        rights.install(kubectl, openshift, manifests)
        return rights.account(openshift, tmp_path, fault_proxy.url)

    return install


@pytest.fixture(scope="session")
def removed(inventory: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle when the documentation's SpecialResource is removed."""
    folder = tmp_path_factory.mktemp("removed")
    manifest = yaml.safe_load((EXAMPLE / "specialresource.yaml").read_text("utf-8"))
    manifest["spec"]["managementState"] = "Removed"
    (folder / "spec.yaml").write_text(yaml.safe_dump(manifest), encoding="utf-8")
    subprocess.run(
        [
            *(sys.executable, "-m", "sro_render", "build", folder / "spec.yaml", "--out", folder / "out"),
            *("--inventory", inventory, "--charts", EXAMPLE / "charts"),
        ],
        check=True,
        capture_output=True,
    )
    return folder / "out" / "cluster"


def test_what_is_printed_suffices_and_each_right_is_asked_for(
    openshift: Cluster, bundle: Path, removed: Path, installed: Install, fault_proxy: FaultProxy
) -> None:
    manifests = rights.printed(bundle, *SYNC, "--delete-namespaces")
    account = installed(manifests)
    openshift.api.create(yaml.safe_load((EXAMPLE / "specialresource.yaml").read_text("utf-8")))
    failing = build_config(OLD, bundle)
    openshift.builds.rule(failing, build_failed())
    answer = instantiating(openshift)

    def mend(asked: Asked) -> Answer | str | None:
        """The build that is started again is a good one."""
        if instantiated(asked):
            openshift.builds.rule(failing, COMPLETE)
        return answer(asked)

    fault_proxy.decide = mend
    first = sync(openshift, bundle, kubeconfig=account)
    assert (first.code, first.errors) == (0, ""), first.events
    openshift.api.delete(f"/apis/apps/v1/namespaces/simple-kmod/daemonsets/{daemon_set(NEW, bundle)}")
    again = sync(openshift, bundle, kubeconfig=account)
    assert (again.code, again.errors) == (0, ""), again.events
    gone = sync(openshift, removed, "--prune", kubeconfig=account)
    assert (gone.code, gone.errors) == (0, ""), gone.events

    assert not [asked for asked, status in fault_proxy.answered if status == 403]
    # What the proxy answers itself a server would have had to allow.
    ours = [(asked, 201) for asked in fault_proxy.asked if instantiated(asked)]
    asked, granted = rights.asked_for([*fault_proxy.answered, *ours]), rights.granted(manifests)
    assert not [each for each in granted if not any(each.allows(other) for other in asked)]
    assert not [each for each in asked if not any(other.allows(each) for other in granted)]


APPS, RBAC = ("simple-kmod", "apps"), ("simple-kmod", "rbac.authorization.k8s.io")
TAKEN = {
    Right(
        *APPS, "daemonsets", "list"
    ): "apiGroups: [apps], resources: [daemonsets], verbs: [list], namespace simple-kmod",
    Right(
        *APPS, "daemonsets", "patch"
    ): "apiGroups: [apps], resources: [daemonsets], verbs: [patch], namespace simple-kmod",
    # The server does not say where.
    Right(
        *APPS, "daemonsets", "create"
    ): "apiGroups: [apps], resources: [daemonsets], verbs: [create], where simple-kmod-driver-container-",
    Right(*RBAC, "roles", "escalate", DRIVER): (
        "apiGroups: [rbac.authorization.k8s.io], resources: [roles], "
        f"resourceNames: [{DRIVER}], verbs: [escalate]"
    ),
    Right(*RBAC, "roles", "bind", DRIVER): (
        "apiGroups: [rbac.authorization.k8s.io], resources: [roles, clusterroles], verbs: [bind] "
        f"for the role that {DRIVER} refers to"
    ),
    Right("", "", "namespaces", "patch", "simple-kmod"): (
        'apiGroups: [""], resources: [namespaces], verbs: [patch], namespace simple-kmod'
    ),
    Right(rights.OWN, "", "configmaps", "get", "sro-apply-simple-kmod"): (
        'apiGroups: [""], resources: [configmaps], verbs: [get], namespace sro-apply'
    ),
}
"""Rights, and what is said without them."""


def test_whichever_is_taken_away_is_missed_and_named(
    openshift: Cluster, bundle: Path, installed: Install
) -> None:
    manifests = rights.printed(bundle, *SYNC)
    account = installed(manifests)
    # A dry run asks for what writing asks for. The role is there, so that a binding may refer to it.
    openshift.api.create(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": {"name": DRIVER, "namespace": "simple-kmod"},
            "rules": [{"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["use"]}],
        }
    )
    whole = sync(openshift, bundle, "--dry-run", kubeconfig=account)
    assert (whole.code, whole.errors) == (0, "")
    for right, rule in TAKEN.items():
        installed(rights.without(manifests, right))
        until(lambda right=right: not rights.may(openshift, right))  # type: ignore[misc]
        done = sync(openshift, bundle, "--dry-run", kubeconfig=account)
        said = done.errors + "".join(each["reason"] for each in done.of("failed"))
        assert done.code == 4, right
        assert f"sro-apply manifests SOURCE prints the rule that is missing: {rule}" in said


def test_a_bundle_that_goes_beyond_them_is_told_what_it_lacks(
    openshift: Cluster, bundle: Path, installed: Install, tmp_path: Path
) -> None:
    account = installed(rights.printed(bundle, *SYNC))
    job = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: more}\n"
    more = little.build(tmp_path, {"simple-kmod": {"0000-job.yaml": job}}, little.NODES)
    done = sync(openshift, more, "--dry-run", kubeconfig=account)
    (failed,) = done.of("failed")
    rule = "apiGroups: [batch], resources: [jobs], verbs: [list], namespace simple-kmod"
    assert failed["reason"].endswith(f"sro-apply manifests SOURCE prints the rule that is missing: {rule}")
    assert done.code == 4
