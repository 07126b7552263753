"""The path of a field as people write it, and as `explain` takes it: `spec.containers[name=a].image`."""

from __future__ import annotations

import re

from sro_render.diff.records import FieldPath, ListKey

_PLAIN_KEY = re.compile(r"[^.\[\]\"' ]+")


def field_text(path: FieldPath) -> str:
    """A path as text; the empty path is the object as a whole."""
    text = ""
    for step in path:
        match step:
            case int():
                text += f"[{step}]"
            case ListKey():
                text += str(step)
            case _ if _PLAIN_KEY.fullmatch(step):
                text += f".{step}" if text else step
            case _:
                text += f'["{step}"]'
    return text
