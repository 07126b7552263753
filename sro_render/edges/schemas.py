"""The JSON Schemas that ship with the program: in the wheel, or beside the package in a checkout."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from sro_render.errors import InputError, nearest

KINDS = {
    "SpecialResource": "specialresource",
    "NodeInventory": "nodeinventory",
    "BundleLock": "lock",
    "ChartsLock": "chartslock",
    "Config": "config",
    "Diff": "diff",
}
"""Kind to the name of its schema file, `schemas/NAME.schema.json`."""

_PACKAGE = Path(__file__).parent.parent
_FOLDERS = (_PACKAGE / "schemas", _PACKAGE.parent / "schemas")


def schema_text(kind: str) -> str:
    """The schema of a kind, as it is in its file.

    Raises: InputError: there is no such kind.
    """
    name = next((file for known, file in KINDS.items() if known.casefold() == kind.casefold()), None)
    if name is None:
        meant = nearest(kind, KINDS)
        raise InputError(
            "unknown-kind",
            f"there is no schema for {kind!r}",
            hint=f"did you mean {meant}?" if meant else f"there are: {', '.join(KINDS)}",
        )
    folder = next(folder for folder in _FOLDERS if folder.is_dir())
    return (folder / f"{name}.schema.json").read_text("utf-8")


@cache
def schema(kind: str) -> dict[str, Any]:
    """The schema of a kind, parsed."""
    parsed: dict[str, Any] = json.loads(schema_text(kind))
    return parsed


@cache
def validator(kind: str) -> jsonschema_rs.Draft202012Validator:
    """The compiled schema of a kind."""
    return jsonschema_rs.Draft202012Validator(schema(kind))
