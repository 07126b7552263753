"""The options of a build that goes to Git: `--git`, `--branch`, and what goes with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar

import click
from msgspec import Struct

_R = TypeVar("_R")


class GitArguments(Struct, frozen=True, kw_only=True):
    """What the user said of Git, as given; empty is not given. sign_key: of `--sign` with `--out` too."""

    repository: str
    branch: str
    path: str
    remote: str
    sign_key: str | None
    author: str
    message: str
    trailers: Sequence[str]
    dry_sha: str


_OPTIONS = (
    ("--branch", "branch", "NAME", "The branch to commit to. It begins with nothing where there is none."),
    ("--path", "path", "DIR", "The folder on the branch that takes the place of OUT."),
    ("--push", "remote", "REMOTE", "Push the commit there; who was faster keeps what he wrote."),
    ("--author", "author", "NAME <EMAIL>", "Who wrote the commit; else as git knows it."),
    ("--message", "message", "TEXT", "The commit's message; else it counts what changed."),
    ("--dry-sha", "dry_sha", "ID", "The commit of the specs; else the one that they lie in."),
)
"""What only goes with `--git`."""


def git_options(body: Callable[..., _R]) -> Callable[..., _R]:
    """Adds the options; passes GitArguments as `git`, None where the build goes to a folder.

    `sign_key` is passed beside them: the key for `--sign`, empty for git's own choice, None for no signature.
    """

    @wraps(body)
    def with_arguments(
        *,
        git: str | None,
        trailers: Sequence[str],
        sign: bool,
        sign_key: str | None,
        **options: Any,
    ) -> _R:
        given = {name: options.pop(name) for _, name, _, _ in _OPTIONS}
        alone = [flag for flag, name, _, _ in _OPTIONS if given[name] is not None]
        alone += ["--trailer"] if trailers else []
        if git is None and alone:
            raise click.UsageError(f"{alone[0]} goes with --git only")
        if git is not None and given["branch"] is None:
            raise click.UsageError("--git needs --branch NAME")
        if sign_key is not None and not sign:
            raise click.UsageError("--sign-key goes with --sign only")
        for flag, name, _, _ in _OPTIONS:
            if given[name] == "" and name != "path":
                raise click.BadParameter("an empty text says nothing", param_hint=flag)
        key = (sign_key or "") if sign else None
        arguments = None
        if git is not None:
            texts = {name: value or "" for name, value in given.items()}
            arguments = GitArguments(repository=git, trailers=trailers, sign_key=key, **texts)
        return body(git=arguments, sign_key=key, **options)

    decorators = (
        click.option(
            "--git",
            metavar="REPO",
            help="Write into a Git repository instead: a commit on --branch, without a work tree.",
        ),
        *(click.option(flag, name, metavar=metavar, help=text) for flag, name, metavar, text in _OPTIONS),
        click.option(
            "--trailer",
            "trailers",
            metavar="KEY=VALUE",
            multiple=True,
            help="A line at the end of the commit's message. May be given several times.",
        ),
        click.option(
            "--sign",
            is_flag=True,
            help="Sign the commit, or with --out the lock, as git config says (gpg.format, user.signingkey).",
        ),
        click.option(
            "--sign-key", metavar="KEY", help="The key for --sign: a file with ssh, an id with gpg."
        ),
    )
    decorated: Callable[..., _R] = with_arguments
    for decorator in reversed(decorators):
        decorated = decorator(decorated)
    return decorated
