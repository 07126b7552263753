"""`sro-apply delete` on a real control plane: an SR goes with all that was applied of it.

Matrix: the documentation's chart on 24 nodes, from nothing to nothing; an SR with a CRD, a claim and a stranger in
its namespace; one with several namespaces, of which one stays, by `sync` too; a deletion that a finalizer holds, and
one that a webhook refuses: what the deleted stands on stays; a dry run; nobody to ask; an SR that is not there. Judge: the server for what is there. Left out: SRs that a lock
lists as removed (test_prune.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from clusters import Cluster
from little import (
    DRIVER,
    MAPS,
    NODES,
    build,
    claim,
    config_map,
    definition,
    delete,
    is_there,
    kept,
    names,
    play,
    pruned,
    yaml_of,
)
from simple_kmod import KERNELS, everything, sync
from webhooks import REFUSED, Refuser, configuration

PARENTS = "/api/v1/namespaces/default/configmaps"
SETS = "/apis/apps/v1/namespaces/little/daemonsets"


def test_an_sr_goes_from_its_last_state_to_its_namespace_and_leaves_nothing_behind(
    openshift: Cluster, bundle: Path
) -> None:
    before = set(everything(openshift))
    assert sync(openshift, bundle).code == 0
    assert any("state-simple-kmod" in each for each in node_labels(openshift))

    done = delete(openshift, "simple-kmod", "--yes")

    assert (done.code, done.errors) == (0, "")
    kinds = [each.partition("/")[0] for each in pruned(done)]
    assert kinds[: len(KERNELS)] == ["DaemonSet"] * len(KERNELS)
    assert kinds.index("BuildConfig") > kinds.index("ServiceAccount") > kinds.index("RoleBinding")
    assert kinds[-1] == "Namespace"
    assert (done.finished["pruned"], done.finished["kept"], done.finished["leaving"]) == (11, 0, 0)
    assert set(everything(openshift)) == before
    assert names(openshift, "/api/v1/namespaces/simple-kmod/pods") == []
    assert not any("state-simple-kmod" in each for each in node_labels(openshift))


@pytest.mark.parametrize("command", ["delete", "sync"])
def test_a_namespace_that_stays_holds_up_none_that_was_applied_before_it(
    cluster: Cluster, tmp_path: Path, command: str
) -> None:
    play(cluster, tmp_path)
    templates = {
        f"{number}000-x.yaml": yaml_of({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        for number, name in enumerate(["first", "second"])
    }
    assert sync(cluster, build(tmp_path / "1", {"little": templates}, NODES)).code == 0
    cluster.api.create(config_map("stranger", "second"))

    if command == "delete":
        done = delete(cluster, "little", "--yes")
        assert done.code == 1
    else:
        removed = build(tmp_path / "2", {"little": templates}, NODES, removed=["little"])
        done = sync(cluster, removed, "--prune", "--timeout", "20")
        assert done.code == 0

    assert done.errors == ""
    assert pruned(done) == ["Namespace/first", "Namespace/little"]
    assert [*kept(done)] == ["Namespace/second"]
    assert is_there(cluster, "/api/v1/namespaces/second/configmaps/stranger")


def node_labels(cluster: Cluster) -> set[str]:
    return {label for node in cluster.api.items("/api/v1/nodes") for label in node["metadata"]["labels"]}


def test_definitions_and_a_namespace_with_strangers_stay_and_are_listed(
    cluster: Cluster, tmp_path: Path
) -> None:
    play(cluster, tmp_path)
    templates = {"0000-x.yaml": yaml_of(config_map("a"), claim("data"), definition())}
    bundle = build(tmp_path / "1", {"little": templates}, NODES)
    assert sync(cluster, bundle, "--no-wait").code == 0
    cluster.api.create(config_map("stranger", "little"))

    dry = delete(cluster, "little", "--dry-run")
    assert dry.code == 1  # as it will be
    assert pruned(dry) == ["PersistentVolumeClaim/little/data", "ConfigMap/little/a"]
    assert names(cluster, MAPS) == ["a", "stranger"]

    done = delete(cluster, "little", "--yes")

    assert done.code == 1
    assert pruned(done) == pruned(dry)
    assert kept(done) == kept(dry)
    assert kept(done) == {
        "CustomResourceDefinition/things.example.com": "with a definition goes every object of its kind, whosever "
        "it is; if nobody uses it any more: kubectl delete crd things.example.com",
        "Namespace/little": "with it would go an object that must not (ConfigMap/little/stranger); move them away "
        "or delete them; or delete all of it: kubectl delete namespace little",
    }
    assert names(cluster, MAPS) == ["stranger"]
    assert is_there(cluster, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.example.com")

    # Its set stays as long as the namespace does, so that the same command ends what it began.
    assert names(cluster, PARENTS) == ["sro-apply-little"]
    cluster.api.delete(f"{MAPS}/stranger")
    again = delete(cluster, "little", "--yes")
    assert again.code == 0
    assert pruned(again) == ["Namespace/little"]
    assert names(cluster, PARENTS) == []
    assert is_there(cluster, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.example.com")


def test_what_a_held_or_refused_object_stands_on_stays_until_it_is_gone(
    cluster: Cluster, tmp_path: Path, certificates: Any
) -> None:
    play(cluster, tmp_path)
    templates = {
        "1000-driver.yaml": DRIVER,
        "2000-y.yaml": yaml_of(config_map("held", finalizers=["example.com/hold"], labels=REFUSED)),
    }
    bundle = build(tmp_path / "1", {"little": templates}, NODES)
    assert sync(cluster, bundle).code == 0
    with Refuser(certificates.server, "not on a weekday") as refuser:
        cluster.api.create(configuration(refuser.url, certificates.ca.read_bytes()))
        refused = delete(cluster, "little", "--yes")
    assert refused.code == 4
    assert pruned(refused) == []
    assert "not on a weekday" in kept(refused)["ConfigMap/little/held"]
    cluster.api.delete("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/deletions")

    waiting = delete(cluster, "little", "--yes", "--timeout", "4")
    assert waiting.code == 1
    assert pruned(waiting) == ["ConfigMap/little/held"]
    assert kept(waiting) == {
        "ConfigMap/little/held": "it is being deleted, and waits for the finalizer example.com/hold; "
        "see what should take the finalizer away, and why it does not"
    }
    assert waiting.of("leaving")[0]["object"] == "ConfigMap/little/held"
    assert (waiting.finished["leaving"], len(names(cluster, SETS))) == (1, 2)

    cluster.api.patch(f"{MAPS}/held", {"metadata": {"finalizers": None}})
    done = delete(cluster, "little", "--yes")
    assert done.code == 0
    assert "little" not in names(cluster, "/api/v1/namespaces")
    assert names(cluster, "/api/v1/namespaces/default/configmaps") == []


def test_nothing_goes_where_nobody_can_be_asked_or_nothing_is_there(cluster: Cluster, tmp_path: Path) -> None:
    play(cluster, tmp_path)
    bundle = build(tmp_path / "1", {"little": {"0000-x.yaml": yaml_of(config_map("a"))}}, NODES)
    assert sync(cluster, bundle).code == 0

    unasked = delete(cluster, "little")
    assert unasked.code == 2
    assert "nobody can be asked here: see with --dry-run what would go, and say --yes" in unasked.errors
    wrong = delete(cluster, "litle", "--yes")
    assert wrong.code == 2
    assert wrong.errors == (
        "error[no-set]: nothing of litle is in this cluster that sro-apply, in the namespace default, has applied\n"
        "  note: there is little\n"
        "  help: did you mean little?\n"
    )
    assert names(cluster, MAPS) == ["a"]
