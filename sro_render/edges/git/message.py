"""The message of a commit: what was rendered, and from what, as trailers that git reads.

Decides the default message and its trailers. `git interpret-trailers` is not used, for the user's
settings of it may run programs and move lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sro_render.edges.bundles import Written
from sro_render.edges.git.hydrator import DrySource
from sro_render.errors import OutputError
from sro_render.model.bundle import InputFile
from sro_render.model.lock import Lock, LockedChart, digest_of
from sro_render.yamltext import writer

_TRAILER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*: .*")
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")


def commit_message(
    written: Written,
    cluster: str,
    source: DrySource | None,
    given: str,
    trailers: Sequence[tuple[str, str]],
) -> str:
    """The whole message. Args: given: the user's, empty for our own; trailers: beside ours."""
    change = written.change
    text = given.strip() or (
        f"Render {cluster}\n\n"
        f"{len(change.created)} created, {len(change.updated)} updated, {len(change.removed)} removed"
    )
    ours = [*_digests(written.lock), *([("Sro-Render-Dry-Sha", source.id)] if source else [])]
    lines = [f"{key}: {value}" for key, value in (*ours, *trailers)]
    last = text.rpartition("\n\n")[2] if "\n\n" in text else ""
    has_trailers = bool(last) and all(_TRAILER.fullmatch(line) for line in last.split("\n"))
    return f"{text}{'' if has_trailers else chr(10)}\n" + "".join(f"{line}\n" for line in lines)


def parse_trailers(given: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """`KEY=VALUE`, read. Raises OutputError: `git-trailer`."""
    trailers = []
    for each in given:
        key, separator, value = each.partition("=")
        if not separator or not _KEY.fullmatch(key) or not value.strip() or not value.isprintable():
            raise OutputError(
                "git-trailer",
                f"{each!r} is not a trailer",
                path="--trailer",
                hint="write KEY=VALUE: letters, digits and '-' in the key, one line in the value",
            )
        trailers.append((key, value.strip()))
    return tuple(trailers)


def check_message(text: str) -> None:
    """Refuse what cannot be a message. Raises OutputError: `git-message`."""
    if "\0" in text or any("\ud800" <= each <= "\udfff" for each in text):
        raise OutputError(
            "git-message", "the message is not text", path="--message", hint="write it in UTF-8"
        )


def _digests(lock: Lock) -> list[tuple[str, str]]:
    """Of the lock, which covers all, and of its parts, which tell what it was that changed."""
    inputs = {
        "Specs": _inputs(lock.specs),
        "Charts": _charts(lock.charts),
        "Inventory": _inputs(lock.inventory),
    }
    return [
        ("Sro-Render-Version", lock.tool_version),
        ("Sro-Render-Lock", digest_of(writer.write(lock.to_mapping()).encode())),
        *((f"Sro-Render-{name}", digest_of(text.encode())) for name, text in inputs.items()),
    ]


def _inputs(files: Sequence[InputFile]) -> str:
    return "".join(f"{file.digest} {file.path}\n" for file in files)


def _charts(charts: Sequence[LockedChart]) -> str:
    return "".join(f"{each.digest} {each.special_resource}\n" for each in charts)
