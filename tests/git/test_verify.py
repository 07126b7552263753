"""`verify`, and `--sign` with keys of SSH and OpenPGP.

Matrix: folders and revisions; one byte changed in each kind of file; inputs that changed, are missing or
cannot be named; signatures that are right, of another key, of another text, missing. Judges of the
signatures: `ssh-keygen -Y verify`, `git verify-commit`, `gpg --verify`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

OTHER = "4.18.0-305.19.1.el8_4.x86_64"
ARGUMENTS = ("--git", "../repo", "--branch", "rendered")
OBJECT = "cluster/kmod/namespace/namespace-kmod.yaml"


def verify(world: Any, *arguments: str) -> Any:
    return world.run("verify", "--charts", "charts", *arguments)


def test_a_fresh_bundle_is_what_its_inputs_give(world: Any) -> None:
    world.build("--out", "out")
    for name in ("out", "out/cluster", "./out/"):
        outcome = verify(world, name)
        assert (outcome.code, outcome.out, outcome.err) == (
            0,
            "out/cluster: 8 files are what 3 inputs give\n",
            "",
        )


def test_a_commit_is_verified_as_a_folder_is(world: Any) -> None:
    world.repository("repo")
    world.build(*ARGUMENTS, "--path", "a b")
    for name in ("rendered:a b", "rendered:a b/cluster", "refs/heads/rendered:a b/"):
        outcome = verify(world, name, "--git", "../repo")
        revision = name.partition(":")[0]
        assert (outcome.code, outcome.out, outcome.err) == (
            0,
            f"{revision}:a b/cluster: 8 files are what 3 inputs give\n",
            "",
        )


def test_the_branch_of_the_repository_with_the_specs_names_them_from_its_top(world: Any, tools: Any) -> None:
    tools.git(world.project, "init", "-q")
    world.build("--git", ".", "--branch", "rendered")
    lock = tools.git(world.project, "show", "rendered:cluster/sro.lock.yaml")
    assert "path: ../nodes.json" in lock
    assert verify(world, "rendered").out == "rendered:cluster: 8 files are what 3 inputs give\n"


def test_several_clusters_are_verified_at_once(world: Any) -> None:
    world.build("--out", "out", "--cluster", "a")
    world.build("--out", "out", "--cluster", "b")
    assert verify(world, "out").out == (
        "out/a: 8 files are what 3 inputs give\nout/b: 8 files are what 3 inputs give\n"
    )


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (OBJECT, "kmod/namespace/namespace-kmod.yaml is not what the lock says"),
        ("cluster/kustomization.yaml", "kustomization.yaml is not what the lock says"),
        ("cluster/sro.lock.yaml", "sro.lock.yaml is not what the inputs give"),
    ],
)
def test_one_changed_byte_is_found(path: str, line: str, world: Any) -> None:
    world.build("--out", "out")
    file = world.project / "out" / path
    file.write_bytes(file.read_bytes() + b"\n")
    outcome = verify(world, "out")
    assert (outcome.code, outcome.out, outcome.err) == (1, f"out/cluster: not verified\n  {line}\n", "")


def test_a_lock_that_was_made_to_fit_an_edited_file_does_not_pass(world: Any) -> None:
    world.build("--out", "out")
    file, lock = world.project / "out" / OBJECT, world.project / "out/cluster/sro.lock.yaml"
    before = file.read_bytes()
    file.write_bytes(before + b"# more\n")
    digests = [sha256(data).hexdigest() for data in (before, before + b"# more\n")]
    lock.write_text(lock.read_text().replace(*digests))
    assert verify(world, "out").out == (
        "out/cluster: not verified\n"
        "  kmod/namespace/namespace-kmod.yaml is not what the inputs give\n"
        "  sro.lock.yaml is not what the inputs give\n"
    )


def test_files_that_are_missing_or_in_no_lock_are_named(world: Any) -> None:
    world.build("--out", "out")
    (world.project / "out" / OBJECT).unlink()
    world.write("out/cluster/more.yaml", "")
    (world.project / "out/cluster/link").symlink_to("more.yaml")
    outcome = verify(world, "out")
    assert (outcome.code, outcome.out) == (
        1,
        (
            "out/cluster: not verified\n"
            "  kmod/namespace/namespace-kmod.yaml is missing\n"
            "  link is not in the lock\n"
            "  more.yaml is not in the lock\n"
        ),
    )


def test_an_input_that_changed_is_named_with_what_it_changes(world: Any) -> None:
    world.build("--out", "out")
    world.write_nodes(OTHER)
    outcome = verify(world, "out")
    assert outcome.code == 1
    assert outcome.out.splitlines()[:2] == ["out/cluster: not verified", "  nodes.json: it changed"]
    world.write("charts/kmod/templates/1000-more.yaml", "")
    assert "  chart kmod 1.0.0 of kmod: it changed\n" in verify(world, "out").out


def test_an_input_that_is_missing_is_named(world: Any) -> None:
    world.build("--out", "out")
    (world.project / "spec.yaml").unlink()
    outcome = verify(world, "out")
    assert (outcome.code, outcome.out, outcome.err) == (
        1,
        "out/cluster: not verified\n  spec.yaml: it is missing\n",
        "",
    )


@pytest.mark.parametrize(
    "content", ["token-kolibri", "{a: kolibri, ", "kind: Secret\napiVersion: v1\ndata: {a: kolibri}\n"]
)
def test_a_lock_that_names_a_file_of_somebody_else_shows_nothing_of_it(world: Any, content: str) -> None:
    world.build("--out", "out")
    world.write("private", content)
    lock = world.project / "out/cluster/sro.lock.yaml"
    text = lock.read_text()
    for name in ("spec.yaml", "nodes.json"):
        lock.write_text(text.replace(f"/{name}\n", "/private\n"))
        for options in ((), ("-o", "json")):
            outcome = verify(world, "out", *options)
            assert outcome.code in {1, 2}
            assert "kolibri" not in outcome.out + outcome.err
            assert "private" in outcome.out + outcome.err


def test_what_a_lock_names_is_not_read_if_it_is_no_file(world: Any) -> None:
    world.build("--out", "out")
    lock = world.project / "out/cluster/sro.lock.yaml"
    text = lock.read_text()
    os.mkfifo(world.project / "pipe")
    (world.project / "folder").mkdir()
    for name in ("pipe", "folder"):
        lock.write_text(text.replace("/spec.yaml\n", f"/{name}\n"))
        outcome = verify(world, "out")
        assert (outcome.code, outcome.err) == (1, "")
        assert f"  {name}: it is no file\n" in outcome.out


def test_what_a_build_has_not_finished_is_no_bundle(world: Any) -> None:
    world.build("--out", "out")
    shutil.copytree(world.project / "out/cluster", world.project / "out/.cluster.sro-new")
    outcome = verify(world, "out")
    assert (outcome.code, outcome.out) == (0, "out/cluster: 8 files are what 3 inputs give\n")


def test_standard_input_cannot_be_read_again(world: Any) -> None:
    world.build("--out", "out")
    lock = world.project / "out/cluster/sro.lock.yaml"
    lock.write_text(lock.read_text().replace("path: ../../nodes.json", "path: '-'"))
    outcome = verify(world, "out")
    assert (outcome.code, outcome.out, outcome.err) == (
        1,
        "out/cluster: not verified\n  -: standard input cannot be read again\n",
        "",
    )


def test_stale_files_stay_what_they_are(world: Any) -> None:
    world.write_nodes("4.18.0-305.45.1.el8_4.x86_64", OTHER)
    world.build("--out", "out")
    state = Path("charts/kmod/templates/0000-state.yaml")
    fails = f'{{{{ if eq .Values.kernelFullVersion "{OTHER}" }}}}{{{{ fail "no" }}}}{{{{ end }}}}\n'
    state.write_text(fails + state.read_text())
    world.build("--out", "out", "--keep-going")
    assert verify(world, "out").out == "out/cluster: 10 files are what 3 inputs give\n"


def test_time_and_seed_are_those_of_the_build(world: Any) -> None:
    world.write("seed", "0123456789abcdef" * 2)
    world.write("charts/kmod/templates/1000-made.yaml", (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: made\ndata:\n"
        "  time: {{ now | unixEpoch | quote }}\n  word: {{ randAlphaNum 8 | quote }}\n"
    ))  # fmt: skip
    assert world.build("--out", "out", "--now", "2024-01-31T12:00:00Z", "--seed-file", "seed").code == 0
    assert verify(world, "out", "--seed-file", "seed").code == 0
    outcome = verify(world, "out")
    assert (outcome.code, outcome.err[:5]) == (2, "error")


def test_the_report_for_programs_has_every_difference(world: Any) -> None:
    world.build("--out", "out")
    world.write(f"out/{OBJECT}", "")
    report = json.loads(verify(world, "out", "-o", "json").out)
    assert report == {
        "bundles": [
            {
                "bundle": "out/cluster",
                "cluster": "cluster",
                "commit": "",
                "verified": False,
                "signer": "",
                "inputs": [],
                "missing": [],
                "unlisted": [],
                "edited": ["kmod/namespace/namespace-kmod.yaml"],
                "rendered": [],
                "errors": [],
            }
        ]
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("nowhere", "error[no-such-folder]: there is neither a folder nor a commit nowhere\n"),
        ("charts", "error[no-bundle]: there is no sro.lock.yaml in charts, nor in a folder of it\n"),
        ("main:x", "error[no-such-revision]: . has no commit 'main'\n"),
        ("--help=:x", "error[no-such-revision]: . has no commit '--help='\n"),
        (":x", "error[no-such-revision]: . has no commit ''\n"),
    ],
)
def test_what_cannot_be_verified_is_told(given: str, message: str, world: Any, tools: Any) -> None:
    tools.git(world.project, "init", "-q")
    outcome = verify(world, "--", given)
    assert outcome.code == 2
    assert outcome.err.startswith(message)


@pytest.fixture
def ssh_key(world: Any, tools: Any) -> Path:
    """A key that git signs with, and `allowed_signers` that trusts it."""
    tools.need("ssh-keygen")
    key: Path = world.root / "a key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(key)], check=True)
    tools.git(world.project, "config", "--global", "gpg.format", "ssh")
    tools.git(world.project, "config", "--global", "user.signingkey", str(key))
    public = Path(f"{key}.pub").read_text()
    world.write("allowed_signers", f"ann@example.com {public}")
    return key


def ssh_keygen_accepts(world: Any) -> bool:
    folder = world.project / "out/cluster"
    done = subprocess.run(
        ["ssh-keygen", "-Y", "verify", "-f", "allowed_signers", "-I", "ann@example.com", "-n", "sro-render", "-s", str(folder / "sro.lock.yaml.sig")],
        input=(folder / "sro.lock.yaml").read_bytes(), cwd=world.project, check=False, capture_output=True,
    )  # fmt: skip
    return done.returncode == 0


@pytest.mark.usefixtures("ssh_key")
def test_a_lock_signed_with_ssh_is_accepted_by_ssh_keygen_and_by_us(world: Any) -> None:
    outcome = world.build("--out", "out", "--sign")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines()[-1] == "out/cluster: 9 created, 0 updated, 0 removed, 0 unchanged"
    assert ssh_keygen_accepts(world)
    outcome = verify(world, "out", "--signers", "allowed_signers")
    assert (outcome.code, outcome.out) == (
        0,
        "out/cluster: 8 files are what 3 inputs give, signed by ann@example.com\n",
    )
    lock = world.project / "out/cluster/sro.lock.yaml"
    lock.write_bytes(lock.read_bytes().replace(b"cluster: cluster", b"cluster: clusteR", 1))
    assert not ssh_keygen_accepts(world)
    outcome = verify(world, "out", "--signers", "allowed_signers")
    assert outcome.code == 1
    assert outcome.err.startswith("error[signature-wrong]: the signature is not one of this lock\n")


def test_a_signature_goes_with_its_lock(world: Any, ssh_key: Path) -> None:
    world.build("--out", "out", "--sign")
    signature = world.project / "out/cluster/sro.lock.yaml.sig"
    before = signature.read_bytes()
    assert "up to date, 9 files" in world.build("--out", "out").out
    assert signature.read_bytes() == before
    world.write_nodes(OTHER)
    world.build("--out", "out")
    assert not signature.exists()
    world.build("--out", "out", "--sign", "--sign-key", str(ssh_key))
    assert ssh_keygen_accepts(world)


@pytest.mark.usefixtures("ssh_key")
def test_the_signature_of_a_stranger_or_none_does_not_pass(world: Any) -> None:
    world.build("--out", "out")
    outcome = verify(world, "out", "--signers", "allowed_signers")
    assert (outcome.code, outcome.err) == (
        1,
        (
            "error[signature-missing]: there is no sro.lock.yaml.sig in out/cluster\n"
            "  help: build with --sign makes one\n"
        ),
    )
    stranger = world.root / "stranger"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(stranger)], check=True)
    world.build("--out", "out", "--sign", "--sign-key", str(stranger))
    outcome = verify(world, "out", "--signers", "allowed_signers")
    assert outcome.code == 1
    assert outcome.err.startswith(
        "error[signature-wrong]: the key that signed the lock is not among allowed_signers\n"
    )


def test_a_signature_for_another_purpose_does_not_pass(world: Any, ssh_key: Path) -> None:
    world.build("--out", "out")
    lock = world.project / "out/cluster/sro.lock.yaml"
    made = subprocess.run(
        ["ssh-keygen", "-q", "-Y", "sign", "-n", "git", "-f", str(ssh_key)],
        input=lock.read_bytes(), check=True, capture_output=True,
    )  # fmt: skip
    lock.with_name("sro.lock.yaml.sig").write_bytes(made.stdout)
    outcome = verify(world, "out", "--signers", "allowed_signers")
    assert outcome.code == 1
    assert outcome.err.startswith("error[signature-wrong]: the signature is not one of this lock\n")


@pytest.mark.usefixtures("ssh_key")
def test_a_commit_signed_with_ssh_is_accepted_by_git_and_by_us(world: Any, tools: Any) -> None:
    repo = world.repository("repo")
    outcome = world.build(*ARGUMENTS, "--sign")
    assert (outcome.code, outcome.err) == (0, "")
    trusted = f"gpg.ssh.allowedSignersFile={world.project / 'allowed_signers'}"
    tools.git(repo, "-c", trusted, "verify-commit", "rendered")
    assert tools.git(repo, "fsck", "--strict") == ""
    outcome = verify(world, "rendered", "--git", "../repo", "--signers", "allowed_signers")
    assert (outcome.code, outcome.out) == (
        0,
        "rendered:cluster: 8 files are what 3 inputs give, signed by ann@example.com\n",
    )
    raw = subprocess.run(["git", "cat-file", "commit", "rendered"], cwd=repo, check=True, capture_output=True)
    forged = tools.git(
        repo, "hash-object", "-t", "commit", "-w", "--stdin",
        data=raw.stdout.replace(b"Render cluster", b"Render clusteR"),
    )  # fmt: skip
    tools.git(repo, "update-ref", "refs/heads/forged", forged)
    done = subprocess.run(
        ["git", "-c", trusted, "verify-commit", "forged"], cwd=repo, check=False, capture_output=True
    )
    assert done.returncode != 0
    outcome = verify(world, "forged", "--git", "../repo", "--signers", "allowed_signers")
    assert outcome.code == 1
    assert outcome.err.startswith(
        f"error[signature-wrong]: git does not verify the signature of commit {forged[:12]}\n"
    )


def test_without_a_key_nothing_is_written(world: Any, tools: Any) -> None:
    tools.git(world.project, "config", "--global", "gpg.format", "ssh")
    outcome = world.build("--out", "out", "--sign")
    assert (outcome.code, outcome.err) == (
        2,
        (
            "error[not-signed]: there is no key to sign with\n"
            "  --> --sign\n"
            "  help: give --sign-key FILE, or set git config user.signingkey\n"
            "nothing was written: 1 error\n"
        ),
    )
    repo = world.repository("repo")
    outcome = world.build(*ARGUMENTS, "--sign", "--sign-key", "/nowhere")
    assert outcome.code == 2
    assert outcome.err.startswith("error[git-not-signed]: git cannot sign the commit: ")
    assert tools.git(repo, "for-each-ref") == ""
    assert not (world.project / "out/cluster").exists()


@pytest.fixture
def gpg_key(tools: Any, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A key of OpenPGP in a keyring of its own, which git signs with."""
    tools.need("gpg")
    home = tmp_path_factory.mktemp("g")
    home.chmod(0o700)
    monkeypatch.setenv("GNUPGHOME", str(home))
    subprocess.run(
        ["gpg", "--batch", "--passphrase", "", "--quick-generate-key", "Ann <ann@example.com>", "ed25519", "sign", "never"],
        check=True, capture_output=True,
    )  # fmt: skip
    yield home
    subprocess.run(["gpgconf", "--kill", "gpg-agent"], check=False, capture_output=True)


@pytest.mark.usefixtures("world", "gpg_key")
def test_a_lock_and_a_commit_signed_with_gpg_are_accepted(world: Any, tools: Any) -> None:
    assert world.build("--out", "out", "--sign").code == 0
    folder = world.project / "out/cluster"
    check = ["gpg", "--batch", "--verify", str(folder / "sro.lock.yaml.sig"), str(folder / "sro.lock.yaml")]
    assert subprocess.run(check, check=False, capture_output=True).returncode == 0
    world.write("none", "")
    outcome = verify(world, "out", "--signers", "none")
    assert outcome.out == "out/cluster: 8 files are what 3 inputs give, signed by Ann <ann@example.com>\n"
    lock = folder / "sro.lock.yaml"
    lock.write_bytes(lock.read_bytes().replace(b"cluster: cluster", b"cluster: clusteR", 1))
    assert subprocess.run(check, check=False, capture_output=True).returncode != 0
    assert verify(world, "out", "--signers", "none").code == 1
    repo = world.repository("repo")
    assert world.build(*ARGUMENTS, "--sign").code == 0
    tools.git(repo, "verify-commit", "rendered")
    assert verify(world, "rendered", "--git", "../repo", "--signers", "none").code == 0
