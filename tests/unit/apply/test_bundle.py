"""What of a folder is taken for a bundle, and what is refused before anything is sent.

Matrix: the golden bundle of the documentation's example as it is and with each kind of damage. Left out: what
is wrong inside a lock, which tests of sro_render.model.lock have.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sro_apply import bundle
from sro_apply.bundle import load_bundle, read_bundle
from sro_apply.errors import BundleError
from sro_render.errors import SroError
from sro_render.model.lock import Lock, LockedResource, LockedState, digest_of
from sro_render.model.objects import JsonObject
from sro_render.yamltext.writer import write

GOLDEN = Path(__file__).parents[2] / "golden" / "01-simple-kmod" / "cluster"
ROLE = "simple-kmod/1000-driver-container/role-simple-kmod-driver-container.yaml"
ACCOUNT = "simple-kmod/1000-driver-container/serviceaccount-simple-kmod-driver-container.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(GOLDEN, tmp_path / "cluster"))


def relock(folder: Path, path: str, text: str) -> None:
    """Change a file so that the lock agrees: a bundle that was made by somebody else."""
    lock = folder / "sro.lock.yaml"
    old, new = digest_of((folder / path).read_bytes()), digest_of(text.encode())
    (folder / path).write_text(text, encoding="utf-8")
    lock.write_text(lock.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def test_states_kernels_and_objects_come_in_the_order_of_application(folder: Path) -> None:
    found = load_bundle(folder)
    (resource,) = found.resources
    assert [state.name for state in resource.states] == [
        "namespace",
        "0000-buildconfig",
        "1000-driver-container",
    ]
    assert [(each.id.kind, each.kernel) for each in found.objects] == [
        ("Namespace", ""),
        ("ImageStream", ""),
        ("BuildConfig", "4.18.0-305.19.1.el8_4.x86_64"),
        ("BuildConfig", "4.18.0-305.45.1.el8_4.x86_64"),
        ("ServiceAccount", ""),
        ("Role", ""),
        ("RoleBinding", ""),
        ("DaemonSet", "4.18.0-305.19.1.el8_4.x86_64"),
        ("DaemonSet", "4.18.0-305.45.1.el8_4.x86_64"),
    ]
    assert found.kernels["4.18.0-305.45.1.el8_4.x86_64"] == ("m1", "w1", "w2")


def test_the_folder_above_will_do_if_one_cluster_is_in_it(folder: Path) -> None:
    assert load_bundle(folder.parent) == load_bundle(folder)
    shutil.copytree(folder, folder.parent / "other")
    with pytest.raises(BundleError) as refused:
        load_bundle(folder.parent)
    assert refused.value.finding.code == "several-bundles"


def test_a_signature_beside_the_lock_is_no_stranger(folder: Path) -> None:
    (folder / "sro.lock.yaml.sig").write_bytes(b"signed")
    assert load_bundle(folder).cluster == "cluster"


def edit(folder: Path) -> None:
    (folder / ROLE).write_text("kind: Role\n", encoding="utf-8")


def remove(folder: Path) -> None:
    (folder / ROLE).unlink()


def add(folder: Path) -> None:
    (folder / "more.yaml").write_text("kind: Role\n", encoding="utf-8")


def link_file(folder: Path) -> None:
    (folder / ROLE).rename(folder.parent / "role.yaml")
    (folder / ROLE).symlink_to(folder.parent / "role.yaml")


def link_folder(folder: Path) -> None:
    (folder / "simple-kmod").rename(folder.parent / "moved")
    (folder / "simple-kmod").symlink_to(folder.parent / "moved")


def other_target(folder: Path) -> None:
    lock = folder / "sro.lock.yaml"
    lock.write_text(
        lock.read_text(encoding="utf-8").replace("target: plain", "target: argocd"), encoding="utf-8"
    )


def twice(folder: Path) -> None:
    relock(folder, ACCOUNT, (folder / ROLE).read_text(encoding="utf-8"))


def nameless(folder: Path) -> None:
    relock(folder, ROLE, "apiVersion: v1\nkind: Role\n")


def stateless(folder: Path) -> None:
    text = (folder / ROLE).read_text(encoding="utf-8")
    relock(folder, ROLE, text.replace("openshift.io/state: 1000-", "openshift.io/state: 2000-"))


def no_lock(folder: Path) -> None:
    (folder / "sro.lock.yaml").unlink()


@pytest.mark.parametrize(
    ("damage", "code", "note"),
    [
        (edit, "bundle-differs", f"{ROLE} is not what the lock says"),
        (remove, "bundle-differs", f"{ROLE} is missing"),
        (add, "bundle-differs", "more.yaml is not in the lock"),
        (link_file, "bundle-link", f"{ROLE} is a link"),
        (link_folder, "bundle-link", "simple-kmod is a link"),
        (other_target, "bundle-target", ""),
        (twice, "object-twice", ""),
        (nameless, "no-object", ""),
        (stateless, "bundle-state", ROLE),
        (no_lock, "no-bundle", ""),
    ],
)
def test_what_is_not_as_it_was_built_is_refused(
    folder: Path, damage: Callable[[Path], None], code: str, note: str
) -> None:
    damage(folder)
    with pytest.raises(SroError) as refused:
        load_bundle(folder)
    assert refused.value.finding.code == code
    assert refused.value.finding.notes == ((note,) if note else ())
    assert refused.value.finding.hint


def test_a_bundle_that_goes_while_it_is_looked_for_is_said_to_be_missing() -> None:
    with pytest.raises(BundleError, match=r"there is no sro\.lock\.yaml in out/prod any more"):
        read_bundle({}, "out/prod")


def test_a_bundle_that_goes_when_it_has_been_found_is_refused_and_ends_no_loop(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where somebody puts another one in its place."""

    def find_and_go(place: Path) -> Path:
        shutil.rmtree(place)
        return place

    monkeypatch.setattr(bundle, "root_of", find_and_go)
    with pytest.raises(BundleError) as refused:
        load_bundle(folder)
    assert refused.value.finding.message == f"{folder} cannot be read: No such file or directory"


def test_a_folder_in_it_that_may_not_be_read_is_told_as_that(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def open_but_one(path: Any, *given: Any, real: Callable[..., int] = os.open, **more: Any) -> int:
        if path == "simple-kmod":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return real(path, *given, **more)

    monkeypatch.setattr(os, "open", open_but_one)
    with pytest.raises(BundleError) as refused:
        load_bundle(folder)
    assert refused.value.finding.message == f"{folder} cannot be read: Permission denied (simple-kmod)"


def test_what_several_specialresources_share_is_known_as_theirs() -> None:
    mark: JsonObject = {"name": "c", "annotations": {"sro.openshift.io/state": "0000-x"}}
    data = write({"apiVersion": "v1", "kind": "ConfigMap", "metadata": mark}).encode()
    path = "_shared/0000-x/configmap-c.yaml"
    lock = Lock(
        cluster="lab",
        resources=(
            LockedResource(
                name="_shared", namespace="", chart_digest="", states=(LockedState(name="0000-x"),)
            ),
        ),
        files={path: digest_of(data)},
        shared={path: ("a", "b")},
    )
    bundle = read_bundle({"sro.lock.yaml": write(lock.to_mapping()).encode(), path: data}, "out/lab")
    assert [(each.file, each.sharers) for each in bundle.objects] == [(path, ("a", "b"))]


def test_a_link_to_a_bundle_is_refused_too(folder: Path) -> None:
    (folder.parent / "link").symlink_to(folder)
    with pytest.raises(BundleError, match="link is a link"):
        load_bundle(folder.parent / "link")
