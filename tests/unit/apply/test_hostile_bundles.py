"""Bundles that somebody made to do harm: refused before anything is read beyond them, or sent.

Matrix: what stands in the place of a file; sizes; paths in the lock; YAML that grows; names that lead a request
elsewhere; objects of the applier itself and of the control plane. Left out: what an honest accident makes
(test_bundle.py), and a server (tests/cluster/test_hostile.py).
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from sro_apply import bundle
from sro_apply import repository as reader
from sro_apply.bundle import load_bundle
from sro_apply.errors import BundleError
from sro_apply.planning.allowed import refuse_beyond, refuse_own
from sro_apply.sources import load_once
from sro_render.errors import InputError, SroError, describe, flatten
from sro_render.model.lock import digest_of

GOLDEN = Path(__file__).parents[2] / "golden" / "01-simple-kmod" / "cluster"
ROLE = "simple-kmod/1000-driver-container/role-simple-kmod-driver-container.yaml"
STATE = "simple-kmod/1000-driver-container/kustomization.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(GOLDEN, tmp_path / "cluster"))


def relock(folder: Path, path: str, text: str) -> None:
    """Change a file, and the lock with it."""
    lock = folder / "sro.lock.yaml"
    old, new = digest_of((folder / path).read_bytes()), digest_of(text.encode())
    (folder / path).write_text(text, encoding="utf-8")
    lock.write_text(lock.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def change(folder: Path, **changes: Any) -> None:
    """Change the Role, as if a chart had made it so; `name` and `namespace` are its metadata's."""
    manifest = yaml.safe_load((folder / ROLE).read_text(encoding="utf-8"))
    for key, value in changes.items():
        (manifest["metadata"] if key in {"name", "namespace"} else manifest)[key] = value
    relock(folder, ROLE, yaml.safe_dump(manifest))


def pipe(folder: Path) -> None:
    (folder / ROLE).unlink()
    os.mkfifo(folder / ROLE)


def pipe_for_a_lock(folder: Path) -> None:
    (folder / "sro.lock.yaml").unlink()
    os.mkfifo(folder / "sro.lock.yaml")


def link_for_a_lock(folder: Path) -> None:
    (folder / "sro.lock.yaml").rename(folder.parent / "lock")
    (folder / "sro.lock.yaml").symlink_to(folder.parent / "lock")


def unix_socket(folder: Path) -> None:
    (folder / ROLE).unlink()
    where = Path.cwd()
    os.chdir((folder / ROLE).parent)  # names of sockets are short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(Path(ROLE).name)
    finally:
        os.chdir(where)


def link_to_a_device(folder: Path) -> None:
    (folder / ROLE).unlink()
    (folder / ROLE).symlink_to("/dev/zero")


def link_between(folder: Path) -> None:
    inner = (folder / ROLE).parent
    inner.rename(folder.parent / "moved")
    inner.symlink_to(folder.parent / "moved")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (pipe, f"{ROLE} is no plain file"),
        (pipe_for_a_lock, "sro.lock.yaml is no plain file"),
        (link_for_a_lock, "sro.lock.yaml is a link"),
        (unix_socket, f"{ROLE} is no plain file"),
        (link_to_a_device, f"{ROLE} is a link"),
        (link_between, "simple-kmod/1000-driver-container is a link"),
    ],
)
def test_what_is_no_file_is_neither_followed_nor_waited_for(
    folder: Path, damage: Callable[[Path], None], said: str
) -> None:
    damage(folder)
    for load in (load_bundle, lambda place: load_once(str(place))):
        with pytest.raises(BundleError) as refused:
            load(folder)
        assert refused.value.finding.code == "bundle-link"
        assert said in describe(refused.value.finding)


def test_a_link_above_the_bundle_is_the_users_own(folder: Path) -> None:
    """A folder that is kept in step with a repository is such a link."""
    (folder.parent / "current").symlink_to(folder.parent, target_is_directory=True)
    assert load_once(str(folder.parent / "current" / "cluster")) == load_bundle(folder)


def test_more_than_a_bundle_needs_is_not_even_read(folder: Path) -> None:
    with (folder / "simple-kmod" / "more.yaml").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(BundleError) as refused:
        load_bundle(folder)
    assert describe(refused.value.finding) == (
        f"error[bundle-large]: the bundle has more than 32 MiB, up to {folder}/simple-kmod/more.yaml\n"
        "  help: split it: build fewer SpecialResources, or fewer kernels, into one folder"
    )


def test_more_than_a_bundle_needs_is_not_taken_from_a_repository(folder: Path) -> None:
    with (folder / "more.yaml").open("wb") as file:
        file.truncate(33 * 2**20)
    person = ("-c", "user.name=name", "-c", "user.email=email@example.com")
    for arguments in (("init", "-qb", "main"), ("add", "-A"), (*person, "commit", "-qm", "a bundle")):
        subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)
    with pytest.raises(BundleError, match=r"the bundle has more than 32 MiB, up to more\.yaml"):
        load_once(f"git+{folder.as_uri()}@main")


def test_a_few_trees_that_stand_for_very_many_files_are_not_listed_to_their_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """https://kate.io/blog/git-bomb: each of ten trees has the one below it ten times."""
    monkeypatch.setattr(reader, "MAX_FILES", 1000)  # it takes git some time to list 100,000
    repository = tmp_path / "repository"
    subprocess.run(["git", "init", "-q", "-b", "main", repository], check=True)
    made = git(repository, "hash-object", "-w", "--stdin", given="kind: Role\n")
    mode, sort = "100644", "blob"
    for _ in range(10):
        entries = "".join(f"{mode} {sort} {made}\t{number}\n" for number in range(10))
        made, mode, sort = git(repository, "mktree", given=entries), "040000", "tree"
    lock = git(repository, "hash-object", "-w", "--stdin", given="kind: BundleLock\n")
    top = git(repository, "mktree", given=f"100644 blob {lock}\tsro.lock.yaml\n040000 tree {made}\tx\n")
    git(repository, "update-ref", "refs/heads/main", git(repository, "commit-tree", "-m", "x", top))
    with pytest.raises(InputError) as refused:
        load_once(f"git+{repository.as_uri()}@main")
    assert refused.value.finding.message == (
        f"the bundle has more than 100,000 files, up to {repository.as_uri()}@main"
    )


def test_a_small_pack_that_stands_for_a_large_file_is_not_held_in_memory(tmp_path: Path) -> None:
    """The pod of the loop has half a gigabyte."""
    repository, empty = tmp_path / "repository", tmp_path / "empty"
    for folder in (repository, empty):
        subprocess.run(["git", "init", "-q", "-b", "main", folder], check=True)
    with (tmp_path / "zeros").open("wb") as file:
        file.truncate(256 * 2**20)
    blob = git(repository, "hash-object", "-w", str(tmp_path / "zeros"))
    pack = tmp_path / "pack"
    with pack.open("wb") as file:
        command = ["git", "-C", str(repository), "pack-objects", "-q", "--stdout"]
        subprocess.run(command, input=f"{blob}\n".encode(), stdout=file, check=True)
    program = (
        "import pathlib, resource, sys\n"
        "from sro_apply.git import Git\n"
        "given = pathlib.Path(sys.argv[2]).read_bytes()\n"
        "Git('it', sys.argv[1])('unpack-objects', '-q', given=given, most=1000)\n"  # as fetch does
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, empty, pack], check=True, capture_output=True, text=True
    )
    assert pack.stat().st_size < 2**20
    assert int(done.stdout) < 128 * 2**10  # KiB


def git(repository: Path, *arguments: str, given: str = "") -> str:
    person = {f"GIT_{name}_{what}": "x" for name in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    return subprocess.run(
        ["git", *arguments],
        cwd=repository,
        env={**os.environ, **person},
        input=given,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def test_more_files_than_a_bundle_needs_are_not_even_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "MAX_FILES", 20)
    for number in range(20):
        (folder / f"{number}").mkdir()
    with pytest.raises(BundleError) as refused:
        load_bundle(folder)
    assert refused.value.finding.message.startswith("the bundle has more than 20 files, up to ")


@pytest.mark.parametrize(
    "path", ["../role.yaml", "/etc/passwd", "simple-kmod/../../role.yaml", "simple-kmod//role.yaml", "./x"]
)
def test_a_path_in_the_lock_that_leads_out_is_refused(folder: Path, path: str) -> None:
    lock = folder / "sro.lock.yaml"
    text = lock.read_text(encoding="utf-8")
    (folder.parent / "role.yaml").write_bytes((folder / ROLE).read_bytes())
    lock.write_text(text.replace(f"{ROLE}:", f"{path}:"), encoding="utf-8")
    with pytest.raises(SroError) as refused:
        load_bundle(folder)
    assert refused.value.finding.code == "lock-damaged"


BOMB = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"a0: &a0 [x]\n{BOMB}", "yaml-aliases"),
        ("kind: &k Role\nother: *k\n", "yaml-aliases"),
        (f"a: {'[' * 5000}{']' * 5000}\n", "yaml-depth"),
    ],
)
def test_yaml_that_grows_is_refused(folder: Path, text: str, code: str) -> None:
    relock(folder, ROLE, text)
    with pytest.raises((SroError, ExceptionGroup)) as refused:
        load_bundle(folder)
    error = refused.value
    assert isinstance(error, SroError | ExceptionGroup)
    (fault,) = flatten(error)
    assert fault.finding.code == code
    assert "--limit" not in describe(fault.finding)


@pytest.mark.parametrize("names", [[""], ["."], ["a", "a"], ["../1000-driver-container"]])
def test_a_list_of_files_that_leads_in_circles_ends(folder: Path, names: list[str]) -> None:
    relock(folder, STATE, yaml.safe_dump({"resources": names}))
    assert len(load_bundle(folder).objects) == 9


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ".."}, "its name '..' is none"),
        ({"name": "a/../../secrets/b"}, "its name 'a/../../secrets/b' is none"),
        ({"name": "a%2fb"}, "its name 'a%2fb' is none"),
        ({"name": ""}, "its name '' is none"),
        ({"name": "a\nb"}, "its name 'a\\nb' is none"),
        ({"name": 7}, "its name 7 is none"),
        ({"namespace": "../x"}, "its namespace '../x' is none"),
        ({"namespace": {"a": "b"}}, "its namespace {'a': 'b'} is none"),
        ({"apiVersion": "v1/../../api/v1"}, "its apiVersion 'v1/../../api/v1' is none"),
        ({"apiVersion": "v1?watch=1"}, "its apiVersion 'v1?watch=1' is none"),
        ({"kind": "Role/scale"}, "its kind 'Role/scale' is none"),
    ],
)
def test_names_that_lead_a_request_elsewhere_are_refused(
    folder: Path, changes: dict[str, Any], said: str
) -> None:
    change(folder, **changes)
    with pytest.raises(BundleError) as refused:
        load_bundle(folder)
    assert refused.value.finding.message == f"{ROLE} has no object: {said}"


def test_an_object_in_the_place_of_the_appliers_own_is_refused(folder: Path) -> None:
    change(folder, apiVersion="v1", kind="ConfigMap", name="sro-apply-simple-kmod", namespace="ops")
    bundle = load_bundle(folder)
    with pytest.raises(BundleError) as refused:
        refuse_own(bundle, "ops")
    assert describe(refused.value.finding) == (
        "error[bundle-not-ours]: the bundle of cluster has objects in the place of those of sro-apply itself\n"
        f"  note: ConfigMap/ops/sro-apply-simple-kmod ({ROLE})\n"
        "  help: give them names in the charts that do not begin with sro-apply"
    )
    refuse_own(bundle, "elsewhere")


def test_its_rights_are_its_own_in_every_namespace(folder: Path) -> None:
    change(folder, name="sro-apply")
    with pytest.raises(BundleError, match="in the place of those of sro-apply itself"):
        refuse_own(load_bundle(folder), "ops")


def test_what_lives_beside_it_in_one_namespace_is_nobodys_harm(folder: Path) -> None:
    refuse_own(load_bundle(folder), "simple-kmod")


@pytest.mark.parametrize(
    ("namespace", "allowed", "is_refused"),
    [
        ("kube-system", (), True),
        ("kube-public", (), True),
        ("kube-system", ("simple-kmod", "kube-system"), False),
        ("openshift-nfd", (), False),
        ("openshift-nfd", ("simple-kmod",), True),
        ("kubernetes-tools", (), False),
    ],
)
def test_the_control_planes_namespaces_are_for_who_names_them(
    folder: Path, namespace: str, allowed: tuple[str, ...], is_refused: bool
) -> None:
    change(folder, namespace=namespace)
    bundle = load_bundle(folder)
    if not is_refused:
        refuse_beyond(bundle, (), allowed)
        return
    with pytest.raises(BundleError) as refused:
        refuse_beyond(bundle, (), allowed)
    assert refused.value.finding.notes == (
        f"Role/{namespace}/simple-kmod-driver-container: namespace {namespace} ({ROLE})",
    )


def test_a_wait_that_never_ends_is_refused(folder: Path) -> None:
    manifest = yaml.safe_load((folder / ROLE).read_text(encoding="utf-8"))
    manifest["metadata"]["annotations"]["specialresource.openshift.io/wait-for-logs"] = "(a+)+$"
    relock(folder, ROLE, yaml.safe_dump(manifest))
    with pytest.raises(BundleError) as refused:
        load_bundle(folder)
    assert (refused.value.finding.code, len(refused.value.finding.notes)) == ("bundle-waits", 1)
