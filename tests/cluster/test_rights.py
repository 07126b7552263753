"""The rights that `sro-apply manifests` prints, before the real authorizer: they suffice, and each is asked for.

Matrix: the documentation's bundle brought, mended and removed again by the printed account of sync and of run, and
looked at by that of run --observe, with each single right (verb, resource, name) against the requests of that; a
bundle that goes beyond them.
Left out: what is said without a right, which test_single_rights.py has of each.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import little
import pytest
import rights
from clusters import Cluster, until
from fault_proxy import Answer, Asked, Decide, FaultProxy
from instantiating import instantiated, instantiating
from playing_openshift import COMPLETE, build_failed
from raw_api import Object
from simple_kmod import NEW, OLD, SPECIAL_RESOURCE, build_config, daemon_set, sync

SYNC = ("--for", "sync")
RUN, OBSERVE = rights.IN_CLUSTER, (*rights.IN_CLUSTER, "--for", "observe")
EVENTS, NAMESPACE = "/api/v1/namespaces/default/events", "/api/v1/namespaces/simple-kmod"
DAEMON_SETS = "/apis/apps/v1/namespaces/simple-kmod/daemonsets"
PARENT = "/api/v1/namespaces/sro-apply/configmaps/sro-apply-simple-kmod"
Install = Callable[[list[Object]], Path]


@pytest.fixture
def installed(openshift: Cluster, kubectl: Path, tmp_path: Path, fault_proxy: FaultProxy) -> Install:
    """Installs what is given, and gives the account's kubeconfig, through the proxy."""

    def install(manifests: list[Object]) -> Path:
        rights.install(kubectl, openshift, manifests)
        return rights.account(openshift, tmp_path, fault_proxy.url)

    return install


def test_what_is_printed_suffices_and_each_right_is_asked_for(
    openshift: Cluster, bundle: Path, removed: Path, installed: Install, fault_proxy: FaultProxy
) -> None:
    manifests = rights.printed(bundle, *SYNC)
    account = installed(manifests)
    openshift.api.create(SPECIAL_RESOURCE)
    fault_proxy.decide = mending(openshift, build_config(OLD, bundle))
    first = sync(openshift, bundle, kubeconfig=account)
    assert (first.code, first.errors) == (0, ""), first.events
    openshift.api.delete(f"{DAEMON_SETS}/{daemon_set(NEW, bundle)}")
    again = sync(openshift, bundle, kubeconfig=account)
    assert (again.code, again.errors) == (0, ""), again.events
    gone = sync(openshift, removed, "--prune", kubeconfig=account)
    assert (gone.code, gone.errors) == (0, ""), gone.events
    # Nobody lets it see what else is in the namespace.
    assert "sro-apply manifests --delete-namespaces" in little.kept(gone)["Namespace/simple-kmod"]
    assert_exact(manifests, fault_proxy, but=r"GET /apis?/.*/namespaces/simple-kmod/[a-z]+\?limit=500")


def assert_exact(manifests: list[Object], proxy: FaultProxy, *, but: str = "") -> None:
    """All that was asked for is granted, and all that is granted was asked for.

    Args: but: method and path, as a regular expression, of what may be refused.
    """
    refused = [f"{asked.method} {asked.path}" for asked, status in proxy.answered if status == 403]
    assert bool(refused) == bool(but)
    assert not [each for each in refused if not re.fullmatch(but, each)]
    # What the proxy answers itself a server would have had to allow.
    ours = [(asked, 201) for asked in proxy.asked if instantiated(asked)]
    taken = [(asked, status) for asked, status in proxy.answered if status != 403]
    asked, granted = rights.asked_for([*taken, *ours]), rights.granted(manifests)
    assert not [each for each in granted if not any(each.allows(other) for other in asked)]
    assert not [each for each in asked if not any(other.allows(each) for other in granted)]


@contextmanager
def running(source: Path, account: Path, *options: str) -> Iterator[None]:
    """`sro-apply run` of the account."""
    command = [sys.executable, "-m", "sro_apply", "run", str(source), "--kubeconfig", str(account)]
    with subprocess.Popen(
        [*command, "--interval", "1", "--listen", "127.0.0.1:0", *options], stdout=subprocess.DEVNULL
    ) as process:
        try:
            yield
        finally:
            process.terminate()


def was_ready(cluster: Cluster, times: int) -> bool:
    """Whether the SpecialResource is ready, and has become so as often as this."""
    found = cluster.api.get("/apis/sro.openshift.io/v1beta1/specialresources/simple-kmod").get("status", {})
    told = [each["count"] for each in cluster.api.items(EVENTS) if each["reason"] == "Ready"]
    return told == [times] and {"Ready": "True"} in [
        {each["type"]: each["status"]} for each in found.get("conditions", [])
    ]


def mending(cluster: Cluster, config: str) -> Decide:
    """Lets the first build of a BuildConfig fail; the one that is started again is a good one."""
    cluster.builds.rule(config, build_failed())
    answer = instantiating(cluster)

    def decide(asked: Asked) -> Answer | str | None:
        if instantiated(asked):
            cluster.builds.rule(config, COMPLETE)
        return answer(asked)

    return decide


def test_what_runs_in_the_cluster_asks_for_just_what_is_printed(
    openshift: Cluster,
    bundle: Path,
    removed: Path,
    installed: Install,
    fault_proxy: FaultProxy,
    tmp_path: Path,
) -> None:
    manifests = rights.printed(bundle, *RUN, "--delete-namespaces")
    account = installed(manifests)
    openshift.api.create(SPECIAL_RESOURCE)
    fault_proxy.decide = mending(openshift, build_config(OLD, bundle))
    source = tmp_path / "source"
    source.symlink_to(bundle.parent)
    with running(source / "cluster", account):
        until(lambda: was_ready(openshift, 1), seconds=60)
        # Ready once more is the same Event once more.
        openshift.api.delete(f"{DAEMON_SETS}/{daemon_set(NEW, bundle)}")
        until(lambda: was_ready(openshift, 2), seconds=60)
        (tmp_path / "other").symlink_to(removed.parent)
        (tmp_path / "other").rename(source)
        until(lambda: not little.is_there(openshift, NAMESPACE), seconds=60)
    # The set's parent goes with the next look, which is soonest at a start.
    with running(source / "cluster", account):
        until(lambda: not little.is_there(openshift, PARENT), seconds=60)
    assert_exact(manifests, fault_proxy)


def test_who_only_observes_asks_for_no_more_than_that(
    openshift: Cluster, bundle: Path, installed: Install, fault_proxy: FaultProxy
) -> None:
    manifests = rights.printed(bundle, *OBSERVE)
    account = installed(manifests)
    openshift.api.create(SPECIAL_RESOURCE)
    with running(bundle, account, "--observe"):
        # Who does not wait tells nothing itself.
        assert sync(openshift, bundle, "--no-wait").code == 0
        until(lambda: was_ready(openshift, 1), seconds=30)
        openshift.api.delete(f"{DAEMON_SETS}/{daemon_set(NEW, bundle)}")
        until(lambda: not was_ready(openshift, 1))
        assert sync(openshift, bundle, "--no-wait").code == 0
        until(lambda: was_ready(openshift, 2), seconds=30)
    assert_exact(manifests, fault_proxy)


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
