"""What `sro-apply sync --prune` leaves alone on a real control plane, and what it tells the user to do about it.

Matrix: definitions, claims, a Namespace with strangers, the share limit, deletions that a webhook refuses, that
nobody answers, and that a finalizer holds; a bundle that renders nothing, a lost inventory; an SR that is not
ready. Judge: the server for what is there. Left out: drivers whose kernel runs (test_prune.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import playing
import yaml
from clusters import Cluster
from little import (
    DRIVER,
    MAPS,
    NODES,
    build,
    claim,
    config_map,
    definition,
    is_there,
    kept,
    names,
    play,
    pruned,
    yaml_of,
)
from simple_kmod import sync
from webhooks import REFUSED, UNANSWERED, Refuser, configuration


def test_what_must_not_or_cannot_go_stays_and_the_message_says_what_to_do(
    cluster: Cluster, tmp_path: Path, certificates: Any
) -> None:
    play(cluster, tmp_path)
    spaces = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in ("lonely", "shared")
    ]
    first = yaml_of(config_map("a"), *spaces)
    second = yaml_of(
        config_map("goes"),
        config_map("held", finalizers=["example.com/hold"]),
        config_map("refused", labels=REFUSED),
        config_map("unanswered", labels=UNANSWERED),
        config_map("inside", "shared"),
        config_map("inside", "lonely"),
        claim("data"),
        definition(),
    )
    one = build(tmp_path / "1", {"little": {"0000-x.yaml": first, "0100-y.yaml": second}}, NODES)
    two = build(tmp_path / "2", {"little": {"0000-x.yaml": yaml_of(config_map("a"))}}, NODES)
    assert sync(cluster, one, "--no-wait").code == 0
    cluster.api.create(config_map("stranger", "shared"))
    with Refuser(certificates.server, "not on a weekday") as refuser:
        cluster.api.create(configuration(refuser.url, certificates.ca.read_bytes()))

        stopped = sync(cluster, two, "--prune")
        assert stopped.code == 1
        (stop,) = stopped.of("prune-stopped")
        assert (stop["code"], stop["reason"]) == (
            "prune-limit",
            "8 of 12 objects of little would go, more than the share of 0.5: none of them does",
        )
        assert stop["hint"] == "if that is meant, say so with a larger --prune-limit, such as 1"
        assert len(stop["objects"]) == 8
        assert pruned(stopped) == []

        done = sync(cluster, two, "--prune", "--prune-limit", "1")

        assert done.code == 4
        assert pruned(done) == [
            "ConfigMap/shared/inside",
            "ConfigMap/lonely/inside",
            "ConfigMap/little/held",
            "ConfigMap/little/goes",
            "Namespace/lonely",
        ]
        said = kept(done)
        assert set(said) == {
            "ConfigMap/little/held",
            "ConfigMap/little/refused",
            "ConfigMap/little/unanswered",
            "CustomResourceDefinition/things.example.com",
            "Namespace/shared",
            "PersistentVolumeClaim/little/data",
        }
        assert said["ConfigMap/little/held"] == (
            "it is being deleted, and waits for the finalizer example.com/hold; "
            "see what should take the finalizer away, and why it does not"
        )
        assert "not on a weekday" in said["ConfigMap/little/refused"]
        assert 'failed calling webhook "nobody.example.com"' in said["ConfigMap/little/unanswered"]
        assert said["ConfigMap/little/unanswered"].endswith("; it is tried again with the next sync")
        assert said["Namespace/shared"] == (
            "with it would go an object that must not (ConfigMap/shared/stranger); move them away or delete them; "
            "or delete all of it: kubectl delete namespace shared"
        )
        assert said["PersistentVolumeClaim/little/data"] == (
            "with a claim goes what is stored; if it is not needed: "
            "kubectl delete -n little persistentvolumeclaim data"
        )
        assert said["CustomResourceDefinition/things.example.com"] == (
            "with a definition goes every object of its kind, whosever it is; "
            "if nobody uses it any more: kubectl delete crd things.example.com"
        )
        assert names(cluster, MAPS) == ["a", "held", "refused", "unanswered"]
        assert names(cluster, "/api/v1/namespaces/shared/configmaps") == ["stranger"]
        assert not is_there(cluster, "/api/v1/namespaces/lonely")
    cluster.api.patch(f"{MAPS}/held", {"metadata": {"finalizers": None}})
    cluster.api.delete("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/deletions")
    cluster.api.delete("/api/v1/namespaces/shared/configmaps/stranger")

    done = sync(cluster, two, "--prune", "--prune-limit", "1")

    assert done.code == 0
    assert pruned(done) == ["ConfigMap/little/unanswered", "ConfigMap/little/refused", "Namespace/shared"]
    assert set(kept(done)) == {
        "PersistentVolumeClaim/little/data",
        "CustomResourceDefinition/things.example.com",
    }


def test_a_bundle_that_renders_nothing_and_one_without_nodes_prune_nothing(
    cluster: Cluster, tmp_path: Path
) -> None:
    play(cluster, tmp_path)
    one = build(tmp_path / "1", {"little": {"0000-x.yaml": yaml_of(config_map("a"), config_map("b"))}}, NODES)
    empty = build(tmp_path / "2", {"little": {}}, NODES)
    less = build(tmp_path / "3", {"little": {"0000-x.yaml": yaml_of(config_map("a"))}}, NODES)
    lost = build(tmp_path / "4", {"little": {"0000-x.yaml": yaml_of(config_map("a"))}}, NODES)
    lock = yaml.safe_load((lost / "sro.lock.yaml").read_text(encoding="utf-8"))
    lock["inventory"]["kernels"] = {}
    (lost / "sro.lock.yaml").write_text(yaml.safe_dump(lock), encoding="utf-8")
    assert sync(cluster, one).code == 0

    done = sync(cluster, empty, "--prune")
    assert (done.code, pruned(done)) == (1, [])
    assert done.of("prune-stopped") == [
        {
            "event": "prune-stopped",
            "specialresource": "little",
            "code": "empty-bundle",
            "reason": "2 objects of little stay: the bundle has nothing of it any more",
            "hint": "see why it renders nothing; to be rid of it, set managementState: Removed in little",
            "objects": [],
        }
    ]

    done = sync(cluster, lost, "--prune")
    assert (done.code, pruned(done)) == (1, [])
    (stop,) = done.of("prune-stopped")
    assert (stop["code"], stop["hint"]) == (
        "lost-inventory",
        "take a new snapshot and build again; see whether the nodes can be read",
    )
    for name in NODES:
        cluster.api.delete(f"/api/v1/nodes/{name}")
    done = sync(cluster, less, "--prune")
    assert (done.code, pruned(done)) == (1, [])
    assert done.of("prune-stopped")[0]["reason"] == (
        "1 object of little stay: the cluster shows no node, so that nothing says which kernels run"
    )
    assert names(cluster, MAPS) == ["a", "b"]


def test_what_an_sr_that_is_not_ready_has_replaced_stays_until_it_is(
    cluster: Cluster, tmp_path: Path
) -> None:
    play(cluster, tmp_path)
    one = build(tmp_path / "1", {"little": {"0000-x.yaml": yaml_of(config_map("a"))}}, NODES)
    two = build(tmp_path / "2", {"little": {"1000-driver.yaml": DRIVER}}, NODES)
    assert sync(cluster, one).code == 0
    cluster.kubelet.rule("driver:5.2", playing.NOT_READY)

    done = sync(cluster, two, "--prune", "--timeout", "3")
    assert (done.code, pruned(done)) == (1, [])
    assert kept(done) == {
        "ConfigMap/little/a": "it goes when all of little is ready, so that what replaces it is there before; "
        "see what is waited for"
    }
    done = sync(cluster, two, "--prune", "--no-wait")
    assert (done.code, pruned(done)) == (0, [])

    cluster.kubelet.rule("driver:5.2", playing.RUNNING)
    done = sync(cluster, two, "--prune")
    assert (done.code, pruned(done)) == (0, ["ConfigMap/little/a"])
