"""Signs a lock, and checks its signature, by the programs that git itself signs with.

Decides which program and which key: git's own settings (gpg.format, user.signingkey, gpg.program,
gpg.ssh.program). An SSH signature is made for the namespace `sro-render`, so that no other one (of a
commit, of a mail) passes for it, and `ssh-keygen -Y verify -n sro-render` checks it without us.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from sro_render.edges.git.program import Git
from sro_render.errors import OutputError, SignatureError

NAMESPACE = "sro-render"
_SSH = b"-----BEGIN SSH SIGNATURE-----"
_PGP = b"-----BEGIN PGP SIGNATURE-----"


def signer(key: str) -> Callable[[bytes], bytes]:
    """What makes the signature of a text, detached.

    Args:   key: a file with ssh, an id with gpg; empty is user.signingkey.
    Raises: OutputError: `not-signed`, then or when it is called.
    """
    git = Git(folder=".")
    kind = git.setting("gpg.format") or "openpgp"
    chosen = key or git.setting("user.signingkey")
    if kind == "ssh":
        program = git.setting("gpg.ssh.program") or "ssh-keygen"
        if not chosen:
            raise OutputError(
                "not-signed",
                "there is no key to sign with",
                path="--sign",
                hint="give --sign-key FILE, or set git config user.signingkey",
            )
        return lambda data: _sign_with_ssh(program, chosen, data)
    if kind != "openpgp":
        raise OutputError(
            "not-signed",
            f"gpg.format is {kind!r}, and sro-render signs locks with ssh and openpgp",
            path="--sign",
            hint="git config gpg.format ssh",
        )
    program = git.setting("gpg.openpgp.program") or git.setting("gpg.program") or "gpg"
    who = ("--local-user", chosen) if chosen else ()
    return lambda data: _made(
        _run([program, "--batch", "--yes", "--armor", "--detach-sign", *who], data), program, _PGP
    )


def check_signature(lock: bytes, signature: bytes, signers: str) -> str:
    """Who signed a lock.

    Args:    signers: a file of allowed signers as ssh-keygen reads it; of an OpenPGP signature the keys
             are those that gpg has.
    Raises:  SignatureError: `signature-wrong`; OutputError: `not-signed` where a program is missing.
    """
    with TemporaryDirectory(prefix="sro-render-") as folder:
        file = os.path.join(folder, "lock.sig")  # noqa: PTH118 - for programs
        Path(file).write_bytes(signature)
        if signature.lstrip().startswith(_SSH):
            return _check_with_ssh(lock, file, signers)
        if signature.lstrip().startswith(_PGP):
            return _check_with_gpg(lock, file)
    raise SignatureError("signature-wrong", "this is neither an SSH nor an OpenPGP signature")


def check_commit(repository: str, commit: str, signers: str) -> str:
    """Who signed a commit, as git sees it. Arguments and errors as of `check_signature`."""
    allowed = os.path.abspath(signers)  # noqa: PTH100 - for git
    setting = f"gpg.ssh.allowedSignersFile={allowed}"
    answer = Git(folder=repository).run("-c", setting, "verify-commit", "--raw", commit, may_fail=True)
    if answer.code:
        raise SignatureError(
            "signature-wrong",
            f"git does not verify the signature of commit {commit[:12]}",
            notes=tuple(line for line in answer.err.splitlines() if line.strip())[:10],
            hint="" if answer.err.strip() else "it has none; build with --sign makes one",
        )
    shown = Git(folder=repository).run("-c", setting, "log", "-1", "--format=%GS", commit)
    return shown.text


def _sign_with_ssh(program: str, key: str, data: bytes) -> bytes:
    with TemporaryDirectory(prefix="sro-render-") as folder:
        file = os.path.abspath(os.path.expanduser(key))  # noqa: PTH100, PTH111 - no option, whatever it is
        agent: tuple[str, ...] = ()
        literal = key.removeprefix("key::")
        if literal.startswith(("ssh-", "ecdsa-", "sk-")):
            # As git does: a public key in the setting itself, whose other half an agent has.
            file, agent = os.path.join(folder, "key.pub"), ("-U",)  # noqa: PTH118 - for a program
            Path(file).write_text(f"{literal}\n", encoding="utf-8")
        command = [program, "-Y", "sign", "-n", NAMESPACE, "-f", file, *agent]
        return _made(_run(command, data), program, _SSH)


def _check_with_ssh(lock: bytes, file: str, signers: str) -> str:
    allowed = os.path.abspath(signers)  # noqa: PTH100 - as above
    found = _run(["ssh-keygen", "-Y", "find-principals", "-s", file, "-f", allowed], b"")
    principals = found.stdout.decode("utf-8", "replace").splitlines()
    if found.returncode or not principals:
        raise SignatureError(
            "signature-wrong",
            f"the key that signed the lock is not among {signers}",
            notes=_lines(found),
            hint="add it there if you trust it: NAME ssh-ed25519 AAAA…",
        )
    command = ["ssh-keygen", "-Y", "verify", "-n", NAMESPACE, "-f", allowed, "-I", principals[0], "-s", file]
    checked = _run(command, lock)
    if checked.returncode:
        raise SignatureError(
            "signature-wrong", "the signature is not one of this lock", notes=_lines(checked)
        )
    return principals[0]


def _check_with_gpg(lock: bytes, file: str) -> str:
    checked = _run(["gpg", "--batch", "--status-fd", "1", "--verify", "--", file, "-"], lock)
    status = checked.stdout.decode("utf-8", "replace").splitlines()
    good = next((line for line in status if line.startswith("[GNUPG:] GOODSIG ")), "")
    trusted = any(line.startswith(("[GNUPG:] TRUST_FULLY", "[GNUPG:] TRUST_ULTIMATE")) for line in status)
    if checked.returncode or not good:
        raise SignatureError(
            "signature-wrong", "the signature is not one of this lock", notes=_lines(checked)
        )
    if not trusted:
        raise SignatureError(
            "signature-wrong",
            "gpg does not trust the key that signed the lock",
            notes=_lines(checked),
            hint="sign the key, or set its trust (gpg --edit-key KEY trust)",
        )
    return good.split(" ", 3)[3]


def _made(done: subprocess.CompletedProcess[bytes], program: str, start: bytes) -> bytes:
    if done.returncode or not done.stdout.startswith(start):
        raise OutputError(
            "not-signed",
            f"{program} did not sign the lock",
            notes=_lines(done),
            path="--sign",
            hint="nothing was written; try it by hand, or unlock the key with its agent",
        )
    return done.stdout


def _run(command: Sequence[str], data: bytes) -> subprocess.CompletedProcess[bytes]:
    try:
        environment = {**os.environ, "LC_ALL": "C"}
        # The programs are git's own settings, or of fixed names.
        return subprocess.run(  # noqa: S603
            [os.fsencode(part) for part in command],
            input=data, capture_output=True, check=False, env=environment,
        )  # fmt: skip
    except OSError as error:
        raise OutputError(
            "not-signed", f"{command[0]} cannot be run: {error.strerror}", hint="install it"
        ) from error


def _lines(done: subprocess.CompletedProcess[bytes]) -> tuple[str, ...]:
    return tuple(done.stderr.decode("utf-8", "replace").strip().splitlines()[:10])
