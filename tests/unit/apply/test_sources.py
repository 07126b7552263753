"""Where bundles come from: folders and Git repositories; git is the real one, and so is what it commits.

Matrix: what is new and what is known, of a folder and of a repository by branch, tag and commit; bytes that
git would change on their way into a work tree; links; addresses that name nothing; servers that do not answer;
credentials in messages. Left out: what a bundle must be, which test_bundle has.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from sro_apply import git as git_program
from sro_apply import repository as reader
from sro_apply import sources
from sro_apply.bundle import load_bundle
from sro_apply.cli.exit_codes import SERVER_REFUSED
from sro_apply.cli.main import run
from sro_apply.errors import SourceUnreachableError
from sro_apply.git import shown
from sro_apply.planning.parts import RenderedBundle
from sro_apply.sources import load_once, opened
from sro_render.errors import InputError, ServerError, SroError, describe
from sro_render.model.file_names import LOCK_NAME

GOLDEN = Path(__file__).parents[2] / "golden"
KMOD, JINJA = GOLDEN / "01-simple-kmod" / "cluster", GOLDEN / "02-jinja" / "cluster"


class Repository:
    """A repository with a work tree."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str) -> str:
        names = ("AUTHOR", "COMMITTER")
        person = {f"GIT_{name}_{what}": f"{what}@example.com" for name in names for what in ("NAME", "EMAIL")}
        environment = {**os.environ, **person, "GIT_CONFIG_GLOBAL": os.devnull}
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, env=environment, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self, bundle: Path, place: str = "out/cluster") -> str:
        target = self.folder / place
        shutil.rmtree(target, ignore_errors=True)
        # Without times: files that differ by their bytes alone, git takes for those that it knows.
        shutil.copytree(bundle, target, copy_function=shutil.copyfile)
        return self.commit_all()

    def commit_all(self) -> str:
        self.git("add", "-A")
        self.git("commit", "-qm", "a bundle")
        return self.git("rev-parse", "HEAD")

    def address(self, ref: str, path: str = "out/cluster") -> str:
        return f"git+{self.folder.as_uri()}@{ref}{f':{path}' if path else ''}"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def fault_of(text: str) -> str:
    with pytest.raises(SroError) as caught:
        opened(text).newer("")
    return describe(caught.value.finding)


def test_a_folder_is_new_when_its_lock_is(tmp_path: Path) -> None:
    folder = tmp_path / "cluster"
    shutil.copytree(KMOD, folder)
    source = opened(str(folder))
    first = source.newer("")
    assert first is not None
    assert source.newer(first.revision) is None

    shutil.rmtree(folder)
    shutil.copytree(JINJA, folder)

    second = source.newer(first.revision)
    assert second is not None
    assert second.bundle == load_once(str(JINJA))


def test_a_folder_that_is_filled_anew_while_it_is_read_is_told_as_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "cluster"
    shutil.copytree(KMOD, folder)

    def load_and_fill(root: Path, *, of_any_target: bool) -> RenderedBundle:
        found = load_bundle(root, of_any_target=of_any_target)
        shutil.copyfile(JINJA / LOCK_NAME, root / LOCK_NAME)
        return found

    monkeypatch.setattr(sources, "load_bundle", load_and_fill)
    assert fault_of(str(folder)) == (
        f"error[bundle-moves]: {folder} was changed while it was read\n"
        "  help: run the command again when nobody writes there; a loop reads it again by itself"
    )


def test_a_folder_may_lie_behind_a_link_that_is_moved(tmp_path: Path) -> None:
    """As git-sync does: `current` leads to one work tree, and a moment later to the next."""
    for name, bundle in (("a", KMOD), ("b", JINJA)):
        shutil.copytree(bundle, tmp_path / name / "cluster")
    current = tmp_path / "current"
    current.symlink_to("a")
    source = opened(str(current / "cluster"))
    first = source.newer("")
    assert first is not None

    current.unlink()
    current.symlink_to("b")

    second = source.newer(first.revision)
    assert second is not None
    assert second.bundle == load_once(str(JINJA))


def test_a_folder_that_is_a_repository_of_its_own_is_read_without_it(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.commit(KMOD, "new")
    for each in (repository.folder / "new").iterdir():
        each.rename(repository.folder / each.name)
    (repository.folder / "new").rmdir()
    commit = repository.commit_all()

    assert load_once(str(repository.folder)) == load_once(str(KMOD))
    assert load_once(repository.address(commit, "")) == load_once(str(KMOD))


@pytest.mark.parametrize("kind", ["branch", "full branch", "tag", "annotated tag", "commit"])
def test_a_repository_is_new_when_what_its_ref_stands_for_is(repository: Repository, kind: str) -> None:
    old = repository.commit(KMOD)
    new = repository.commit(JINJA)
    # A branch whose name ends alike must not be taken for it.
    repository.git("branch", "other/main", old)
    ref = {"branch": "main", "full branch": "refs/heads/main", "commit": new}.get(kind, "v1")
    move = [*(["tag", "-f", "v1"] if kind == "tag" else ["tag", "-f", "-a", "-m", "v1", "v1"])]
    if ref == "v1":
        repository.git(*move)
    source = opened(repository.address(ref))

    found = source.newer("")

    assert found is not None
    assert (found.revision, found.bundle) == (new, load_once(str(JINJA)))
    assert source.newer(new) is None
    moved = repository.commit(KMOD)
    if ref == "v1":
        repository.git(*move)
    after = source.newer(new)
    assert (after.revision if after else None) == (None if kind == "commit" else moved)


def test_bytes_are_read_as_they_were_committed(repository: Repository) -> None:
    (repository.folder / ".gitattributes").write_text("*.yaml eol=crlf ident\n", encoding="utf-8")
    repository.commit(KMOD)
    assert load_once(repository.address("main")) == load_once(str(KMOD))


def test_out_will_do_if_one_cluster_is_in_it(repository: Repository) -> None:
    repository.commit(KMOD)
    assert load_once(repository.address("main", "out")) == load_once(str(KMOD))
    repository.commit(JINJA, "out/lab")
    assert fault_of(repository.address("main", "out")).startswith("error[several-bundles]")
    assert fault_of(repository.address("main", "elsewhere")).startswith("error[no-bundle]")


def test_a_link_in_a_repository_is_refused(repository: Repository) -> None:
    repository.commit(KMOD)
    (repository.folder / "out" / "cluster" / "link.yaml").symlink_to("/etc/hostname")
    repository.commit_all()
    text = fault_of(repository.address("main"))
    assert text.startswith("error[bundle-link]")
    assert "out/cluster/link.yaml is a link" in text


@pytest.mark.parametrize(
    "address",
    [
        "git+https://example.com/repository",
        "git+http://example.com/repository@main:out",
        "git+ext::sh -c true@main:out",
        "git+file:///repository@--upload-pack=x:out",
        "git+file:///repository@main:../out",
        "git+file:///repository@main:/out",
        "git+file:///repository@",
    ],
)
def test_what_names_no_repository_is_told_how_to(address: str) -> None:
    assert fault_of(address) == (
        f"error[source-address]: {address} names no bundle in a Git repository\n"
        "  help: write git+https://HOST/REPOSITORY@REF:PATH, with one of https, ssh, file; PATH is that of OUT/CLUSTER"
    )


def test_an_address_that_is_none_is_told_in_git_s_words() -> None:
    assert fault_of("git+https://[::1@main:out").startswith("error[source-git]: https://[::1@main: ")


def test_a_repository_that_is_not_there_is_named_without_its_password(tmp_path: Path) -> None:
    address = f"git+file://user:secret@{tmp_path}/none@main:out"
    text = fault_of(address)
    assert text.startswith(f"error[source-git]: file://***@{tmp_path}/none@main: ")
    assert "secret" not in text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("git+https://user:secret@example.com/a@main:out", "git+https://***@example.com/a@main:out"),
        ("git+https://secret@example.com/a@main:out", "git+https://***@example.com/a@main:out"),
        ("git+https://user:se/cret@example.com/a@main", "git+https://***@example.com/a@main"),
        ("git+https://user:se@cret@example.com/a@main", "git+https://***@example.com/a@main"),
        ("git+https://sec@ret@example.com/a@main:out", "git+https://***@example.com/a@main:out"),
        ("git+https://example.com:8443/a@main", "git+https://example.com:8443/a@main"),
        ("git+ssh://git@example.com:22/a@main", "git+ssh://git@example.com:22/a@main"),
        ("git+ssh://git:secret@example.com/a@main", "git+ssh://***@example.com/a@main"),
        ("out/prod", "out/prod"),
    ],
)
def test_a_source_is_told_without_its_password_or_token(text: str, told: str) -> None:
    assert shown(text) == told


def is_alive(process: int) -> bool:
    """Whether it runs; one that nobody has waited for yet does not."""
    try:
        return Path("/proc", str(process), "stat").read_text(encoding="utf-8").split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def play_git(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Let a shell's script be git."""
    program = folder / "git"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_git_is_ended_with_all_that_it_has_started_when_it_gives_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play_git(tmp_path, monkeypatch, f"sleep 600 &\necho $! > {tmp_path}/child\nsleep 600")
    monkeypatch.setattr(git_program, "TIMEOUT_S", 1.0)
    text = fault_of("git+file:///repository@main:out")
    assert text.startswith("error[source-unreachable]: file:///repository@main: git gave no answer in 1 s")
    child = int((tmp_path / "child").read_text(encoding="utf-8"))
    end = time.monotonic() + 10
    while is_alive(child):
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_repository_that_is_known_is_not_waited_for_as_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play_git(tmp_path, monkeypatch, "exec sleep 600")
    monkeypatch.setattr(reader, "_ASK_S", 1.0)
    with pytest.raises(SourceUnreachableError, match=r"main: git gave no answer in 1 s\n"):
        opened("git+file:///repository@main:out").newer("4" * 40)


def test_git_is_not_waited_for_when_nobody_waits_for_the_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play_git(tmp_path, monkeypatch, "exec sleep 600")
    source = opened("git+file:///repository@main:out", is_over=lambda: True)
    with pytest.raises(SourceUnreachableError, match="nobody waits for it any more"):
        source.newer("4" * 40)


@pytest.mark.parametrize("host", ["none.invalid", "127.0.0.1:1"])
@pytest.mark.parametrize(
    "scheme",
    ["https", pytest.param("ssh", marks=pytest.mark.skipif(not shutil.which("ssh"), reason="no ssh here"))],
)
def test_a_server_that_cannot_be_reached_is_no_mistake_in_the_address(
    scheme: str, host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["status", f"git+{scheme}://{host}/a@main:out"]) == SERVER_REFUSED
    said = capsys.readouterr().err
    assert said.startswith(f"error[source-unreachable]: {scheme}://{host}/a@main: ")
    assert said.endswith("\n  help: check the connection, and that the server runs\n")


@pytest.mark.parametrize(
    ("words", "is_unreachable"),
    [
        ("fatal: unable to access 'https://h/a/': The requested URL returned error: 503", True),
        ("fatal: unable to access 'https://h/a/': Operation too slow. Less than 1 bytes/sec", True),
        ("error: RPC failed; HTTP 502 curl 22 The requested URL returned error: 502", True),
        ("error: RPC failed; curl 56 Recv failure: Connection reset by peer", True),
        ("fatal: unable to access 'https://h/a/': The requested URL returned error: 403", False),
        ("fatal: repository 'https://h/a/' not found", False),
        ("fatal: Authentication failed for 'https://h/a/'", False),
        ("fatal: couldn't find remote ref unable to access", False),
    ],
)
def test_what_git_says_of_a_server_is_told_from_what_it_says_of_an_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, *, is_unreachable: bool
) -> None:
    (tmp_path / "words").write_text(words, encoding="utf-8")
    play_git(tmp_path, monkeypatch, f"cat {tmp_path}/words >&2\nexit 128")
    with pytest.raises(SroError) as caught:
        opened("git+file:///repository@main:out").newer("")
    assert isinstance(caught.value, ServerError) == is_unreachable


def test_git_that_somebody_ends_is_told_as_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a machine that is short of memory does."""
    play_git(tmp_path, monkeypatch, "kill -9 $$")
    assert fault_of("git+file:///repository@main:out").startswith(
        "error[source-git]: file:///repository@main: git init was ended by signal 9\n"
    )


def test_a_machine_that_can_start_no_more_programs_is_told_also_of_a_repository_that_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(subprocess, "Popen", full)
    with pytest.raises(InputError, match="Resource temporarily unavailable"):
        opened("git+file:///repository@main:out").newer("4" * 40)


def test_a_program_that_talks_without_an_end_is_heard_only_so_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of refs without number, or where the far end has much to say of each object."""
    play_git(tmp_path, monkeypatch, "yes complaint | head -c 10000000 >&2\nexec yes told")
    assert fault_of("git+file:///repository@main:out") == (
        "error[source-git]: file:///repository@main: git init told more than 1048576 bytes\n"
        "  help: see what is in that repository"
    )


def test_a_machine_without_room_for_temporary_files_is_told(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit(KMOD)

    def full(**_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(reader, "TemporaryDirectory", full)
    assert "No space left on device\n  help: see that there is room" in fault_of(repository.address("main"))


def test_a_commit_that_is_known_is_not_new_though_the_server_does_not_list_its_ref(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = repository.commit(KMOD)
    source = opened(repository.address("main"))
    monkeypatch.setattr(source, "_commit", lambda: "")
    assert source.newer(commit) is None


def test_a_ref_that_is_not_there_is_said_in_git_s_words(repository: Repository) -> None:
    repository.commit(KMOD)
    assert "couldn't find remote ref gone" in fault_of(repository.address("gone"))


@pytest.mark.parametrize(
    ("name", "objects"), [("03-accelerator-stack/argocd/lab", 25), ("04-network-driver/flux/cluster", 10)]
)
def test_a_bundle_of_argo_cd_or_flux_can_be_watched_and_not_applied(name: str, objects: int) -> None:
    """Only the objects of its SpecialResources are watched."""
    folder = str(GOLDEN / name)
    bundle = load_once(folder, of_any_target=True)
    assert len(bundle.objects) == objects
    assert not [each.file for each in bundle.objects if each.file.startswith("_")]
    assert fault_of(folder).startswith("error[bundle-target]")
