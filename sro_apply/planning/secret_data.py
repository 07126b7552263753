"""What a Secret's `stringData` comes to: `data`, as the server keeps it.

A server keeps no `stringData`: applied as it is, it would be a difference each time.
Source: kubernetes pkg/apis/core/v1/conversion.go `Convert_v1_Secret_To_core_Secret` (`stringData` wins);
https://kubernetes.io/docs/tasks/configmap-secret/managing-secret-using-config-file/ (does not go with
server-side apply).
"""

from __future__ import annotations

import base64
from typing import Final

from sro_render.model.objects import JsonObject

_SECRET: Final = ("v1", "Secret")


def with_data(manifest: JsonObject) -> JsonObject:
    """A Secret with `data` alone; any other object, and what the server will refuse, as it is."""
    if (manifest.get("apiVersion"), manifest.get("kind")) != _SECRET or "stringData" not in manifest:
        return manifest
    plain, data = manifest["stringData"] or {}, manifest.get("data") or {}
    if not isinstance(plain, dict) or not isinstance(data, dict):
        return manifest
    texts = {key: value for key, value in plain.items() if isinstance(value, str)}
    if len(texts) < len(plain):
        return manifest
    encoded: JsonObject = {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}
    rest = {key: value for key, value in manifest.items() if key != "stringData"}
    return {**rest, "data": {**data, **encoded}}
