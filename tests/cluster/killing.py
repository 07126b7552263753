"""Kills the applier after any of its writes, in many places of one cluster beside each other.

A place has an SR, an applier's namespace and a proxy of its own, so that none hears of another. What is written
in it, and what is there in the end, is told without its name, as if all of them were one. The Lease of who was
killed is taken away, as if its time were over: test_lease.py waits for that.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import yaml
from clusters import Cluster
from fault_proxy import Answer, Asked, FaultProxy
from forked import Forked
from instantiating import instantiating
from raw_api import Object, RawApi

from sro_apply.config import MANAGER
from sro_render.model.lock import digest_of

NAME = "little"
"""Of the SR in a bundle as it is rendered; the names of the places begin with it."""
KILLED = -9
Write: TypeAlias = tuple[str, ...]
"""What one request did: a line for each label of a node, else one line."""
Left: TypeAlias = dict[str, list[Any]]
"""What is there, by kind and name."""
_PLACE = re.compile(rf"{NAME}-\d\d")
_SET = re.compile(r"applyset-[-\w]{43}-v1")
_VOLATILE = frozenset(
    {"uid", "resourceVersion", "creationTimestamp", "lastTransitionTime", "time", "selfLink", "secrets"}
)
_LOCK = "sro.lock.yaml"
_IN_EVERY_NAMESPACE = ("ServiceAccount default", "Secret default-token-*", "ConfigMap kube-root-ca.crt")
"""They come whenever controllers find the time."""


class Place:
    """One SR in one applier's namespace, behind a proxy."""

    def __init__(self, cluster: Cluster, proxy: FaultProxy, number: int, folder: Path) -> None:
        self.name, self._cluster, self._proxy = f"{NAME}-{number:02}", cluster, proxy
        self._folder = folder / self.name
        self._folder.mkdir()
        self.writes: list[Write] = []
        """All that the server has done for any of the processes."""
        self._dies_after: Write | None = None
        self._dies_at_once = False
        self._process: Forked | None = None
        self._has_started = threading.Event()
        self._instantiate = instantiating(cluster)
        proxy.decide, proxy.after_write = self._decide, self._hear
        self._home = cluster.namespace(f"of-{self.name}")
        self._kubeconfig = self._write_kubeconfig()

    def bundle(self, rendered: Path) -> Path:
        """A bundle with the name of the place instead of `NAME`."""
        return _renamed(rendered, self._folder / rendered.parts[-3], self.name)

    def run(self, *arguments: str | Path, dies_after: Write | None = None, dies_at_once: bool = False) -> int:
        """Run `sro-apply`; its exit code, or `KILLED`.

        Args: dies_after: a write after which it is killed; dies_at_once: after the first, whichever it is.
        """
        self._dies_after, self._dies_at_once = dies_after, dies_at_once
        self._has_started.clear()
        options = ["--kubeconfig", str(self._kubeconfig), "--timeout", "180", "-o", "json"]
        self._process = Forked([*map(str, arguments), *options], self._folder / "printed")
        self._has_started.set()
        code = self._process.wait()
        if code == KILLED:
            leases = f"/apis/coordination.k8s.io/v1/namespaces/{self._home}/leases"
            self._cluster.api.delete(f"{leases}/sro-apply")
        return code

    def end(self) -> str:
        """The end of what all processes have printed."""
        return (self._folder / "printed").read_text(encoding="utf-8")[-1500:]

    def _decide(self, asked: Asked) -> Answer | str | None:
        answer = self._instantiate(asked)
        if isinstance(answer, Answer):
            self._note(asked, answer.status)
        return answer

    def _hear(self, asked: Asked) -> None:
        self._note(asked, next(status for each, status in self._proxy.answered[::-1] if each is asked))

    def _note(self, asked: Asked, status: int) -> None:
        if status >= 300:
            return
        write = _write_of(asked, self.name)
        self.writes.append(write)
        if write == self._dies_after or self._dies_at_once:
            self._has_started.wait()
            assert self._process is not None
            self._process.kill()

    def _write_kubeconfig(self) -> Path:
        file = self._cluster.kubeconfig("admin", self._proxy.url)
        config = yaml.safe_load(file.read_text(encoding="utf-8"))
        config["contexts"][0]["context"]["namespace"] = self._home
        own = self._folder / "kubeconfig"
        own.write_text(yaml.safe_dump(config), encoding="utf-8")
        return own


@contextmanager
def placed(cluster: Cluster, certificates: Any, number: int, folder: Path) -> Iterator[Place]:
    """A place that is there until the end of the block."""
    proxy = FaultProxy(upstream=cluster.servers.url, ca=certificates.ca, certificate=certificates.server)
    proxy.start()
    try:
        yield Place(cluster, proxy, number, folder)
    finally:
        proxy.stop()


def _renamed(bundle: Path, folder: Path, name: str) -> Path:
    lock = (bundle / _LOCK).read_text(encoding="utf-8").replace(NAME, name)
    for file in (each for each in bundle.rglob("*.yaml") if each.name != _LOCK):
        before = file.read_bytes()
        after = before.replace(NAME.encode(), name.encode())
        copy = folder / file.relative_to(bundle).as_posix().replace(NAME, name)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(after)
        lock = lock.replace(digest_of(before), digest_of(after))
    (folder / _LOCK).write_text(lock, encoding="utf-8")
    return folder


def _write_of(asked: Asked, name: str) -> Write:
    """What a request writes, so that two of one sync are never told alike."""
    body = json.loads(asked.body or b"{}")
    path, _, query = asked.path.partition("?")
    where = f"{asked.method} {path}"
    if "/nodes/" in path:
        told = [f"{where} {label}={value}" for label, value in body["metadata"]["labels"].items()]
    elif path.endswith("/status"):
        told = [f"{where} {body['status']['state']}"]
    elif path.endswith("/events"):
        # Whom a state waits for is what it tells, and not how far that has come.
        told = [f"{where} {body['reason']}: {body['message'].partition(': ')[0]}"]
    elif asked.method == "PATCH" and "force=" not in query:  # no apply
        told = [f"{where} {json.dumps(_lasting(body), sort_keys=True)}"]
    else:
        told = [where]
    return tuple(each.replace(name, NAME) for each in told)


def left_in(cluster: Cluster) -> dict[str, Left]:
    """All that is in each place: every object of every kind, and labels of nodes.

    Of what was applied all but versions and times, of what others made of it how many there are.
    """
    places: dict[str, Left] = {}
    for item in _everything(cluster.api):
        metadata = item["metadata"]
        if item["kind"] == "Node":
            for label, value in metadata.get("labels", {}).items():
                _put(places, label, f"{metadata['name']} {label}", value)
        elif f"{item['kind']} {_name_of(item)}" not in _IN_EVERY_NAMESPACE:
            key = f"{item['kind']}/{metadata.get('namespace', '')}/{_name_of(item)}"
            _put(places, key, key, _content(item))
    return places


def told_in(cluster: Cluster) -> dict[str, Left]:
    """How often each Event of each place's SpecialResource was told."""
    places: dict[str, Left] = {}
    for event in cluster.api.items("/api/v1/namespaces/default/events"):
        about = event["involvedObject"]
        if about["kind"] == "SpecialResource":
            _put(places, about["name"], f"{event['reason']}: {event['message']}", event["count"])
    return places


def _put(places: dict[str, Left], where: str, key: str, value: Any) -> None:
    found = _PLACE.search(where)
    if found:
        text = json.dumps([key, value], sort_keys=True).replace(found[0], NAME)
        key, value = json.loads(_SET.sub("applyset", text))
        places.setdefault(found[0], {}).setdefault(key, []).append(value)


def _everything(api: RawApi) -> Iterator[Object]:
    """Every object of the cluster but Events and Leases, each once."""
    seen: set[str] = set()
    groups = [each["preferredVersion"]["groupVersion"] for each in api.get("/apis")["groups"]]
    for root in ("/api/v1", *(f"/apis/{each}" for each in groups)):
        for resource in api.get(root)["resources"]:
            if "list" not in resource["verbs"] or resource["kind"] in {"Event", "Lease"}:
                continue
            for item in api.items(f"{root}/{resource['name']}"):
                uid = item["metadata"].get("uid")  # a ComponentStatus has none
                if uid and uid not in seen:
                    seen.add(uid)
                    yield {**item, "kind": resource["kind"]}


def _name_of(item: Object) -> str:
    """What a controller made has the name of its owner; the secret of an account has one by chance."""
    for owner in item["metadata"].get("ownerReferences", ()):
        if owner.get("controller"):
            return f"of {owner['kind']} {owner['name']}"
    return re.sub(r"-token-\w{5}$", "-token-*", item["metadata"]["name"])


def _content(item: Object) -> Any:
    labels = item["metadata"].get("labels", {})
    is_ours = any(each.startswith("applyset.kubernetes.io/") for each in labels)
    is_copy = bool(item["metadata"].get("ownerReferences"))
    return _lasting(item) if (is_ours and not is_copy) or item["kind"] == "SpecialResource" else None


def _lasting(value: Any) -> Any:
    """Without what every write counts; of who manages fields only us, for others are named by chance."""
    if isinstance(value, dict):
        own = [each for each in value.get("managedFields", ()) if each["manager"] == MANAGER]
        kept = {key: _lasting(each) for key, each in value.items() if key not in _VOLATILE}
        return {**kept, "managedFields": _lasting(own)} if "managedFields" in value else kept
    return [_lasting(each) for each in value] if isinstance(value, list) else value
