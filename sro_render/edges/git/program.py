"""Runs git, the program, so that neither the user's settings nor the place change what it does.

Decides how git is called and what its refusals become; what it is asked for is others' work.

- What says where a repository lies (GIT_DIR, GIT_INDEX_FILE, …: set where a hook calls us) is dropped;
  what says how to reach a server, and who the user is, stays.
- Settings that change bytes or ask somebody are put out of force: line endings, quoting, replaced and
  grafted commits, file system monitors, prompts, pagers, languages.
- Names are arguments behind `--` or `--end-of-options`, or start with `refs/`; lists go by standard
  input and end in NUL. Nothing goes through a shell.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence

from msgspec import Struct

from sro_render.errors import OutputError, some

_PLACES = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_DIR", "GIT_GLOB_PATHSPECS",
        "GIT_GRAFT_FILE", "GIT_ICASE_PATHSPECS", "GIT_IMPLICIT_WORK_TREE", "GIT_INDEX_FILE",
        "GIT_INTERNAL_SUPER_PREFIX", "GIT_LITERAL_PATHSPECS", "GIT_NAMESPACE", "GIT_NOGLOB_PATHSPECS",
        "GIT_NOTES_REF", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX", "GIT_QUARANTINE_PATH",
        "GIT_REPLACE_REF_BASE", "GIT_SHALLOW_FILE", "GIT_WORK_TREE", "LANGUAGE",
    }
)  # fmt: skip
"""Of `git rev-parse --local-env-vars` all but what carries settings, and some more of the same kind."""

_FIXED = {
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}

_SETTINGS = (
    "advice.graftFileDeprecated=false",
    "color.ui=false",
    "core.autocrlf=false",
    "core.filesRefLockTimeout=5000",
    "core.fsmonitor=false",
    "core.packedRefsTimeout=5000",
    "core.precomposeUnicode=false",
    "core.protectHFS=true",
    "core.protectNTFS=true",
    "core.quotePath=false",
    "core.safecrlf=false",
    "core.sparseCheckout=false",
    "core.splitIndex=false",
    "core.untrackedCache=false",
    "fetch.prune=false",
    "fetch.recurseSubmodules=false",
    "fetch.writeCommitGraph=false",
    "gc.auto=0",
    "i18n.commitEncoding=UTF-8",
    "i18n.logOutputEncoding=UTF-8",
    "index.sparse=false",
    "log.showSignature=false",
    "maintenance.auto=false",
    "push.followTags=false",
    "push.recurseSubmodules=no",
    "submodule.recurse=false",
)

_USER_INFO = re.compile(r"(?<=://)[^/@\s]*(?=@)")


class Answer(Struct, frozen=True, kw_only=True):
    """What a call of git gave. err: without credentials."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """What it printed, without the end of the line; a name may end in one itself."""
        return os.fsdecode(self.out.removesuffix(b"\n"))

    @property
    def complaint(self) -> str:
        """The line that says why it failed."""
        lines = [line for line in self.err.splitlines() if line.strip()]
        told = [line for line in lines if line.startswith(("fatal: ", "error: "))]
        chosen = (told or lines or [f"exit code {self.code}"])[-1]
        return chosen.removeprefix("fatal: ").removeprefix("error: ")


class Git(Struct, frozen=True, kw_only=True):
    """Git in one folder. git_dir: the repository; empty looks for it from the folder upwards."""

    folder: str
    git_dir: str = ""

    def run(
        self,
        *arguments: str,
        data: bytes = b"",
        more: Mapping[str, str] | None = None,
        may_fail: bool = False,
    ) -> Answer:
        """Call git and wait for it.

        Args:   data: its standard input; more: variables of its environment.
        Raises: OutputError: `git-missing`; `git-failed` unless it may fail.
        """
        try:
            # Arguments are a list, and none of them is a program.
            done = subprocess.run(  # noqa: S603
                self.command(*arguments),
                input=data,
                capture_output=True,
                cwd=self.folder,
                env=self.environment(more or {}),
                check=False,
            )
        except FileNotFoundError as error:
            raise _missing(self.folder) from error
        except (OSError, ValueError) as error:
            raise OutputError("git-failed", f"git {_verb(arguments)}: {error}") from error
        err = without_credentials(done.stderr.decode("utf-8", "replace"))
        answer = Answer(code=done.returncode, out=done.stdout, err=err)
        if answer.code and not may_fail:
            raise failed(_verb(arguments), answer)
        return answer

    def stream(self, *arguments: str) -> subprocess.Popen[bytes]:
        """A git that answers one question after another."""
        return subprocess.Popen(  # noqa: S603 - as in `run`
            self.command(*arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            env=self.environment({}),
        )

    def command(self, *arguments: str) -> list[bytes]:
        """The command line."""
        settings = [part for setting in _SETTINGS for part in ("-c", setting)]
        return [os.fsencode(part) for part in ("git", "--no-pager", *settings, *arguments)]

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """What git may know of the world around it."""
        kept = {name: value for name, value in os.environ.items() if name not in _PLACES}
        place = {"GIT_DIR": self.git_dir} if self.git_dir else {}
        return {**kept, **_FIXED, **place, **more}

    def setting(self, name: str) -> str:
        """A setting of the user's; empty where there is none."""
        return self.run("config", "--get", name, may_fail=True).text


def failed(what: str, answer: Answer) -> OutputError:
    """A call that should not have failed."""
    lines = [line for line in answer.err.splitlines() if line.strip()]
    return OutputError(
        "git-failed",
        f"git {what} failed: {answer.complaint}",
        notes=some(lines) if len(lines) > 1 else (),
    )


def _verb(arguments: Sequence[str]) -> str:
    """What git was asked to do, behind settings for this call alone."""
    settings = 0
    while arguments[settings] == "-c":
        settings += 2
    return arguments[settings]


def without_credentials(text: str) -> str:
    """A text with URLs without user and password."""
    return _USER_INFO.sub("…", text)


def _missing(folder: str) -> OutputError:
    if not os.path.isdir(folder):  # noqa: PTH112 - a name as git takes it
        # As a path, `sro.yaml` may have lost one of the slashes.
        is_url = ":/" in folder
        shown = without_credentials(folder.replace(":/", "://").replace(":///", "://")) if is_url else folder
        return OutputError(
            "git-no-repository",
            f"{shown!r} is not a folder",
            path="--git",
            hint="name a clone on this machine, and the URL as --push" if is_url else "",
        )
    return OutputError("git-missing", "there is no git on this machine", hint="install it, or use --out")
