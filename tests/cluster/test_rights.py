"""The rights that `sro-apply manifests` prints, before the real authorizer: they suffice, and each is needed.

Matrix: the documentation's bundle synced by the printed account; each single right (verb, resource, name) against
the requests of that run, so that none is granted that nothing asks for; some of each sort really taken away, with
what is said then; a bundle that goes beyond them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import rights
from clusters import Cluster
from fault_proxy import FaultProxy
from raw_api import Object
from simple_kmod import sync

SYNC = ("--for", "sync")


@pytest.fixture
def installed(
    openshift: Cluster, kubectl: Path, tmp_path: Path, fault_proxy: FaultProxy
) -> Callable[[list[Object]], Path]:
    """Installs what is given, and gives the account's kubeconfig, through the proxy."""

    def install(manifests: list[Object]) -> Path:
        rights.install(kubectl, openshift, manifests)
        return rights.account(openshift, tmp_path, fault_proxy.url)

    return install


Install = Callable[[list[Object]], Path]


def test_what_is_printed_suffices_and_each_right_is_asked_for(
    openshift: Cluster, bundle: Path, installed: Install, fault_proxy: FaultProxy
) -> None:
    manifests = rights.printed(bundle, *SYNC)
    account = installed(manifests)

    done = sync(openshift, bundle, kubeconfig=account)

    assert (done.code, done.errors) == (0, ""), done.of("failed")
    asked = rights.asked_for(fault_proxy.answered)
    granted = rights.granted(manifests)
    assert not [each for each in granted if not any(each.allows(other) for other in asked)]
    assert not [each for each in asked if not any(other.allows(each) for other in granted)]
