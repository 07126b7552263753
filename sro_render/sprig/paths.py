"""Sprig's functions on slash-separated paths.

Source: Go's `path` package, which `path/filepath` equals on Linux.
"""

from __future__ import annotations

from sro_render.gotemplate.functions import Function, go_function

FUNCTIONS: dict[str, Function] = {}


@go_function(FUNCTIONS, "osClean", "(string) string")
@go_function(FUNCTIONS, "clean", "(string) string")
def clean(path: str) -> str:
    """The shortest path that means the same."""
    parts: list[str] = []
    is_rooted = path.startswith("/")
    for part in path.split("/"):
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part == ".." and is_rooted:
            continue
        elif part not in {"", "."}:
            parts.append(part)
    return ("/" if is_rooted else "") + "/".join(parts) or "."


@go_function(FUNCTIONS, "osBase", "(string) string")
@go_function(FUNCTIONS, "base", "(string) string")
def base(path: str) -> str:
    """The last part."""
    if not path:
        return "."
    return path.rstrip("/").rpartition("/")[2] or "/"


@go_function(FUNCTIONS, "osDir", "(string) string")
@go_function(FUNCTIONS, "dir", "(string) string")
def folder(path: str) -> str:
    """All but the last part."""
    head, slash, _ = path.rpartition("/")
    return clean(head + slash)


@go_function(FUNCTIONS, "osExt", "(string) string")
@go_function(FUNCTIONS, "ext", "(string) string")
def ending(path: str) -> str:
    """The ending of the last part, with its dot."""
    name = path.rpartition("/")[2]
    _, dot, rest = name.rpartition(".")
    return dot + rest if dot else ""


@go_function(FUNCTIONS, "osIsAbs", "(string) bool")
@go_function(FUNCTIONS, "isAbs", "(string) bool")
def is_absolute(path: str) -> bool:
    """Whether a path starts at the root."""
    return path.startswith("/")
