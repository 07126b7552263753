"""Secrets on a real control plane: as written with `stringData`, and as the server keeps them.

Matrix: a second sync, a key that has left. Left out: each form of a Secret (tests/unit/apply/test_secret_data.py).
"""

from __future__ import annotations

import base64
from pathlib import Path

from clusters import Cluster
from little import NODES, build, play, yaml_of
from raw_api import Object
from simple_kmod import sync

SECRET = "/api/v1/namespaces/little/secrets/s"


def bundle(folder: Path, **texts: str) -> Path:
    metadata: Object = {"name": "s", "annotations": {"sro.openshift.io/plain-secret": "allowed"}}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": texts}
    return build(folder, {"little": {"0000-x.yaml": yaml_of(secret)}}, NODES)


def test_a_secret_with_string_data_is_written_once_and_loses_what_left_it(
    cluster: Cluster, tmp_path: Path
) -> None:
    play(cluster, tmp_path)
    both = bundle(tmp_path / "1", user="me", password="x")
    assert sync(cluster, both).code == 0
    made = cluster.api.get(SECRET)
    texts = {key: base64.b64decode(value).decode() for key, value in made["data"].items()}
    assert texts == {"user": "me", "password": "x"}

    again = sync(cluster, both)

    assert (again.code, again.finished["written"]) == (0, 0)
    assert cluster.api.get(SECRET)["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
    assert sync(cluster, bundle(tmp_path / "2", user="me")).code == 0
    assert cluster.api.get(SECRET)["data"].keys() == {"user"}
