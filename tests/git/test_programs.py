"""The programs that are called: missing, too old, asked through an agent, and what they do not trust.

Matrix: git that is missing or too old; a date that is none; remotes that contradict each other; keys of
SSH that only an agent has; keys of OpenPGP that nobody trusts; forms of signatures that locks do not have.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ARGUMENTS = ("--git", "../repo", "--branch", "rendered")


def test_a_build_into_a_folder_needs_no_git(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world.repository("repo")
    (world.root / "empty").mkdir()
    monkeypatch.setenv("PATH", str(world.root / "empty"))
    assert world.build("--out", "out").code == 0
    outcome = world.build(*ARGUMENTS)
    assert (outcome.code, outcome.err) == (
        2,
        (
            "error[git-missing]: there is no git on this machine\n"
            "  help: install it, or use --out\n"
            "nothing was written: 1 error\n"
        ),
    )


def test_a_git_that_is_too_old_is_told(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world.repository("repo")
    folder = world.root / "bin"
    folder.mkdir()
    real = shutil.which("git")
    (folder / "git").write_text(
        f'#!/bin/sh\nfor last; do :; done\n[ "$last" = version ] && {{ echo git version 2.30.2; exit; }}\nexec {real} "$@"\n'
    )
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    outcome = world.build(*ARGUMENTS)
    assert (outcome.code, outcome.err) == (
        2,
        (
            "error[git-too-old]: this is git version 2.30.2, and sro-render needs 2.36\n"
            "  help: install a newer git, or use --out\n"
            "nothing was written: 1 error\n"
        ),
    )


def test_a_date_that_is_none_is_told(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world.repository("repo")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "today")
    outcome = world.build(*ARGUMENTS)
    assert (outcome.code, outcome.err) == (
        2,
        (
            "error[git-date]: SOURCE_DATE_EPOCH is 'today', not a number of seconds\n"
            "  help: see https://reproducible-builds.org/specs/source-date-epoch/\n"
            "nothing was written: 1 error\n"
        ),
    )


def test_without_a_given_date_a_commit_has_the_time_of_the_build(
    world: Any, tools: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = world.repository("repo")
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    before = int(subprocess.check_output(["date", "+%s"]))
    world.build(*ARGUMENTS)
    after = int(subprocess.check_output(["date", "+%s"]))
    assert before <= int(tools.git(repo, "log", "-1", "--format=%ct", "rendered")) <= after


def test_remotes_that_contradict_each_other_are_told(world: Any, tools: Any) -> None:
    repo = world.repository("repo")
    for name in ("one", "two"):
        remote = world.repository(f"{name}.git", "--bare")
        tools.commit_file(remote, "rendered", name, name)
        tools.git(repo, "remote", "add", name, str(remote))
    tools.git(repo, "fetch", "-q", "--all")
    outcome = world.build(*ARGUMENTS)
    assert (outcome.code, outcome.err) == (
        2,
        (
            "error[git-diverged]: branch 'rendered' is not here, and refs/remotes/one/rendered and "
            "refs/remotes/two/rendered differ\n"
            "  --> --branch\n"
            "  help: choose one: git branch rendered REMOTE/rendered\n"
            "nothing was written: 1 error\n"
        ),
    )
    assert world.build(*ARGUMENTS, "--push", "two").code == 0


def test_a_key_that_only_an_agent_has_signs(world: Any, tools: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    tools.need("ssh-keygen", "ssh-agent", "ssh-add")
    key = world.root / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    public = Path(f"{key}.pub").read_text()
    world.write("allowed_signers", f"ann@example.com {public}")
    socket = world.root / "agent"
    with subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL) as agent:
        try:
            while not socket.exists():
                assert agent.poll() is None
            monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
            subprocess.run(["ssh-add", "-q", str(key)], check=True, capture_output=True)
            key.unlink()
            tools.git(world.project, "config", "--global", "gpg.format", "ssh")
            tools.git(world.project, "config", "--global", "user.signingkey", f"key::{public.strip()}")
            outcome = world.build("--out", "out", "--sign")
            assert (outcome.code, outcome.err) == (0, "")
        finally:
            agent.terminate()
    outcome = world.run("verify", "out", "--charts", "charts", "--signers", "allowed_signers")
    assert outcome.out.endswith(", signed by ann@example.com\n")


def test_a_key_of_openpgp_that_nobody_trusts_does_not_pass(
    world: Any, tools: Any, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools.need("gpg")
    homes = [tmp_path_factory.mktemp("g"), tmp_path_factory.mktemp("h")]
    world.write("none", "")
    for home in homes:
        home.chmod(0o700)
    monkeypatch.setenv("GNUPGHOME", str(homes[0]))
    name = "Ann <ann@example.com>"
    generate = [
        "gpg",
        "--batch",
        "--passphrase",
        "",
        "--quick-generate-key",
        name,
        "ed25519",
        "sign",
        "never",
    ]
    subprocess.run(generate, check=True, capture_output=True)
    assert world.build("--out", "out", "--sign").code == 0
    exported = subprocess.check_output(["gpg", "--batch", "--export", "ann@example.com"])
    subprocess.run(["gpgconf", "--kill", "gpg-agent"], check=False, capture_output=True)
    monkeypatch.setenv("GNUPGHOME", str(homes[1]))
    subprocess.run(["gpg", "--batch", "--import"], input=exported, check=True, capture_output=True)
    outcome = world.run("verify", "out", "--charts", "charts", "--signers", "none")
    assert outcome.code == 1
    assert outcome.err.startswith("error[signature-wrong]: gpg does not trust the key that signed the lock\n")
    subprocess.run(["gpgconf", "--kill", "gpg-agent"], check=False, capture_output=True)


def test_forms_of_signatures_that_a_lock_does_not_have_are_told(world: Any, tools: Any) -> None:
    tools.git(world.project, "config", "--global", "gpg.format", "x509")
    outcome = world.build("--out", "out", "--sign")
    assert outcome.err.splitlines()[0] == (
        "error[not-signed]: gpg.format is 'x509', and sro-render signs locks with ssh and openpgp"
    )
    world.build("--out", "out")
    world.write("out/cluster/sro.lock.yaml.sig", "signed!\n")
    world.write("none", "")
    outcome = world.run("verify", "out", "--charts", "charts", "--signers", "none")
    assert (outcome.code, outcome.err) == (
        1,
        "error[signature-wrong]: this is neither an SSH nor an OpenPGP signature\n",
    )
    outcome = world.run("verify", "out", "--charts", "charts", "--signers", "nowhere")
    assert outcome.code == 2
    assert outcome.err.startswith(
        "error[no-such-file]: there is no file nowhere\n  --> --signers\n  help: in the current folder there "
    )
