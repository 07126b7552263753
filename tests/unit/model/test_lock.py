"""The lock as a document: written and read back, refused when it is damaged or foreign.

Matrix: a full and an empty lock; each kind of damage with its whole text; schemas/lock.schema.json
accepts and refuses the same documents. Left out: the lock's YAML text, and which files a lock that
lies in a folder makes ours (edges/test_tree.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from sro_render.errors import InputError
from sro_render.model.bundle import InputFile
from sro_render.model.lock import (
    Lock,
    LockedChart,
    LockedResource,
    LockedState,
    StaleFiles,
    digest_of,
    is_own_path,
)

DIGEST = digest_of(b"")
SCHEMA = jsonschema_rs.validator_for(
    json.loads((Path(__file__).parents[3] / "schemas/lock.schema.json").read_text())
)
WAY_OUT = (
    "take the committed one back (git checkout), or remove the cluster's whole folder and build again: "
    "every file in it is made anew"
)

FULL = Lock(
    cluster="prod",
    tool_version="0.1.0",
    options={"api-versions": ["a/v1"], "secrets": "refuse"},
    specs=(InputFile(path="../../specs/simple-kmod.yaml", digest=DIGEST),),
    charts=(
        LockedChart(
            special_resource="simple-kmod",
            name="simple-kmod",
            version="0.0.1",
            source="cm://charts/simple-kmod",
            digest=DIGEST,
        ),
    ),
    resources=(
        LockedResource(
            name="_shared", namespace="", chart_digest="", states=(LockedState(name="namespace"),)
        ),
        LockedResource(
            name="simple-kmod",
            namespace="simple-kmod",
            chart_digest=DIGEST,
            states=(
                LockedState(
                    name="0000-buildconfig", template="templates/0000-buildconfig.yaml", is_affine=True
                ),
                LockedState(name="stateless"),
            ),
            dependencies=("base", "tools"),
        ),
    ),
    inventory=(InputFile(path="../../nodes.yaml", digest=DIGEST),),
    kernels=(("4.18.0-305.el8.x86_64", ("worker-0", "worker-1")), ("5.14.0-70.el9.x86_64", ())),
    files={"kustomization.yaml": DIGEST, "simple-kmod/stateless/service-a.yaml": DIGEST},
    shared={"_shared/namespace/namespace-both.yaml": ("other", "simple-kmod")},
    removed=("old",),
    stale=(
        StaleFiles(
            special_resource="simple-kmod",
            kernel="4.18.0-305.el8.x86_64",
            files=("simple-kmod/stateless/service-a.yaml",),
        ),
    ),
)
EMPTY = Lock(cluster="prod")


@pytest.mark.parametrize("lock", [FULL, EMPTY], ids=["full", "empty"])
def test_a_lock_is_read_back_as_it_was_written(lock: Lock) -> None:
    document = json.loads(json.dumps(lock.to_mapping()))
    assert Lock.from_mapping(document) == lock
    assert SCHEMA.is_valid(document)


def test_a_lock_from_before_there_were_dependencies_is_read() -> None:
    document = json.loads(json.dumps(FULL.to_mapping()))
    assert [entry.get("dependencies") for entry in document["specialResources"]] == [None, ["base", "tools"]]
    del document["specialResources"][1]["dependencies"]
    assert SCHEMA.is_valid(document)
    assert [entry.dependencies for entry in Lock.from_mapping(document).resources] == [(), ()]


def test_check_compares_neither_nodes_nor_the_version_of_the_tool() -> None:
    compared = FULL.without_nodes()
    assert (compared.inventory, compared.kernels, compared.tool_version) == ((), (), "")
    assert compared.files == FULL.files
    assert compared.specs == FULL.specs


def test_a_digest_names_its_algorithm() -> None:
    assert digest_of(b"a") == "sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"


def _set(*path: str | int, to: object) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        for key in path[:-1]:
            document = document[key]
        document[path[-1]] = to

    return change


def _drop(*path: str | int) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        for key in path[:-1]:
            document = document[key]
        del document[path[-1]]

    return change


DAMAGE = {
    "kind of another program": (
        _set("kind", to="Lock"),
        f"error[lock-foreign]: this is not a BundleLock of sro-render\n  help: {WAY_OUT}",
    ),
    "version to come": (
        _set("apiVersion", to="sro.openshift.io/v1"),
        (
            "error[lock-foreign]: this lock has apiVersion 'sro.openshift.io/v1', and this version of "
            "sro-render reads 'sro.openshift.io/v1alpha1'\n"
            "  --> apiVersion\n"
            f"  help: use the version of sro-render that wrote it, or {WAY_OUT}"
        ),
    ),
    "field gone": (
        _drop("tool", "version"),
        f"error[lock-damaged]: this lock lacks a field\n  --> tool.version\n  help: {WAY_OUT}",
    ),
    "field unknown": (
        _set("specialResources", 1, "states", 0, "afine", to=True),
        (
            "error[lock-damaged]: this lock has a field that this version of sro-render does not know\n"
            "  --> specialResources[1].states[0].afine\n"
            "  note: the nearest field is affine\n"
            f"  help: use the version of sro-render that wrote it, or {WAY_OUT}"
        ),
    ),
    "field unknown at the top": (
        _set("signature", to="x"),
        (
            "error[lock-damaged]: this lock has a field that this version of sro-render does not know\n"
            "  --> signature\n"
            f"  help: use the version of sro-render that wrote it, or {WAY_OUT}"
        ),
    ),
    "text gone": (
        _set("cluster", to=""),
        f"error[lock-damaged]: this lock has '' instead of a text\n  --> cluster\n  help: {WAY_OUT}",
    ),
    "mapping that is a list": (
        _set("inventory", "kernels", to=[]),
        (
            "error[lock-damaged]: this lock has [] instead of a mapping\n"
            f"  --> inventory.kernels\n  help: {WAY_OUT}"
        ),
    ),
    "list that is null": (
        _set("inputs", "specs", to=None),
        f"error[lock-damaged]: this lock has None instead of a list\n  --> inputs.specs\n  help: {WAY_OUT}",
    ),
    "flag that is a text": (
        _set("specialResources", 1, "states", 0, "affine", to="true"),
        (
            "error[lock-damaged]: this lock has 'true' instead of true or false\n"
            f"  --> specialResources[1].states[0].affine\n  help: {WAY_OUT}"
        ),
    ),
    "dependency that is empty": (
        _set("specialResources", 1, "dependencies", to=[""]),
        (
            "error[lock-damaged]: this lock has '' instead of a list of texts\n"
            f"  --> specialResources[1].dependencies\n  help: {WAY_OUT}"
        ),
    ),
    "node that is a number": (
        _set("inventory", "kernels", "4.18.0-305.el8.x86_64", to=["a", 1]),
        (
            "error[lock-damaged]: this lock has 1 instead of a list of texts\n"
            f"  --> inventory.kernels.4.18.0-305.el8.x86_64\n  help: {WAY_OUT}"
        ),
    ),
    "short digest": (
        _set("files", "kustomization.yaml", to="sha256:00"),
        (
            "error[lock-damaged]: this lock has 'sha256:00' instead of sha256: and 64 hex digits\n"
            f"  --> files.kustomization.yaml\n  help: {WAY_OUT}"
        ),
    ),
    "merge conflict inside a value": (
        _set("files", "kustomization.yaml", to=f"<<<<<<< {'a' * 90}"),
        (
            f"error[lock-damaged]: this lock has '<<<<<<< {'a' * 51}… instead of sha256: and 64 hex digits\n"
            f"  --> files.kustomization.yaml\n  help: {WAY_OUT}"
        ),
    ),
    "file outside": (
        _set("files", "../../etc/passwd", to=DIGEST),
        (
            "error[lock-damaged]: this lock lists '../../etc/passwd', which is not a path below its own "
            "folder\n"
            f"  --> files\n  help: {WAY_OUT}"
        ),
    ),
    "stale file outside": (
        _set("stale", 0, "files", to=["/etc/passwd"]),
        (
            "error[lock-damaged]: this lock lists '/etc/passwd', which is not a path below its own folder\n"
            f"  --> stale[0]\n  help: {WAY_OUT}"
        ),
    ),
}


@pytest.mark.parametrize(("change", "text"), DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_lock_is_refused_with_its_place_and_the_way_out(
    change: Callable[[Any], None], text: str
) -> None:
    document = json.loads(json.dumps(FULL.to_mapping()))
    change(document)
    with pytest.raises(InputError) as caught:
        Lock.from_mapping(document)
    assert str(caught.value) == text
    assert not SCHEMA.is_valid(document)


@pytest.mark.parametrize("document", [None, [], "text", {}, {"kind": "ConfigMap"}])
def test_what_is_no_lock_at_all_is_refused(document: Any) -> None:
    with pytest.raises(InputError) as caught:
        Lock.from_mapping(document)
    assert caught.value.finding.code == "lock-foreign"
    assert not SCHEMA.is_valid(document)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a", True),
        ("a/b.yaml", True),
        ("a/..b", True),
        (".a", True),
        ("", False),
        (".", False),
        ("..", False),
        ("/a", False),
        ("a/", False),
        ("a//b", False),
        ("a/./b", False),
        ("a/../b", False),
        ("../a", False),
        ("a\\b", False),
        ("a\0b", False),
    ],
)
def test_a_path_of_the_bundle_stays_below_its_folder(path: str, *, expected: bool) -> None:
    assert is_own_path(path) is expected
    document = FULL.to_mapping() | {"files": {path: DIGEST}}
    assert SCHEMA.is_valid(document) is expected
