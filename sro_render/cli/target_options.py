"""The options that say who applies a bundle: `--target`, `--target-option`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, TypeVar

import click
from msgspec import Struct

from sro_render.errors import InputError
from sro_render.model.objects import JsonValue, mapping_of
from sro_render.targets.options import KINDS, TargetOptions, options_of, told_target

_R = TypeVar("_R")


class TargetArguments(Struct, frozen=True, kw_only=True):
    """The target as it was given. kind: empty where it was not. options: `KEY=VALUE`, as written."""

    kind: str
    options: Sequence[str]

    def read(self, configured: JsonValue = None) -> TargetOptions:
        """The options of the target; of a key that is given twice the last one counts.

        Args:   configured: what a file says of the target, as `read_target` takes it.
        Raises: InputError, or a group of them: `target-option`.
        """
        given: dict[str, JsonValue] = {}
        for option in self.options:
            key, is_given, value = option.partition("=")
            if not is_given or not key:
                raise InputError(
                    "target-option",
                    f"--target-option {option!r} has no value",
                    hint="write it as KEY=VALUE, such as path=clusters",
                )
            given[key] = value
        return told_target(self.kind, given, configured)


def target_options(body: Callable[..., _R]) -> Callable[..., _R]:
    """Adds the options; passes TargetArguments as `target`."""

    @click.option(
        "--target",
        "target_kind",
        type=click.Choice(KINDS),
        help="Who applies the bundle; without it plain: kubectl, and whatever reads a kustomization.",
    )
    @click.option(
        "--target-option",
        "given",
        metavar="KEY=VALUE",
        multiple=True,
        help="What argocd or flux must be told: argocd needs repoURL and path, flux sourceRef.name and "
        "path, which is that of DIR in the repository. May be given several times.",
    )
    @wraps(body)
    def with_target(*, target_kind: str | None, given: Sequence[str], **others: Any) -> _R:
        return body(target=TargetArguments(kind=target_kind or "", options=given), **others)

    return with_target


def locked_target(options: TargetOptions) -> dict[str, JsonValue]:
    """What the lock says of the target: its name, and what it was told."""
    told = options.to_mapping()
    return {"target": options.kind, **({"targetOptions": told} if told else {})}


def target_of_lock(options: Mapping[str, JsonValue]) -> TargetOptions:
    """The target that a lock says, in the form of `locked_target`.

    Raises: InputError, or a group of them.
    """
    return options_of(str(options.get("target", "plain")), mapping_of(options.get("targetOptions")))
