"""The CRD of SpecialResource says what the schema of sro-render says, and a server takes it.

Matrix: each field, its type and its rules. Judges: schemas/specialresource.schema.json, taken apart here; the real
server, in tests/cluster/test_manifests.py. Left out: what only one of both can say (`additionalProperties: false`,
which a server answers by dropping the field, and metadata, which is Kubernetes' own).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sro_apply.planning.special_resource_crd import special_resource_crd

SCHEMA = Path(__file__).parents[3] / "schemas" / "specialresource.schema.json"


def structural(schema: Any) -> Any:
    """JSON Schema's way to say it as a CRD says it."""
    made: dict[str, Any] = {}
    for key, value in schema.items():
        match key:
            case "type" if isinstance(value, list):
                made["type"], made["nullable"] = value[0], True
            case "additionalProperties" if value is False:
                continue
            case "properties":
                made[key] = {name: structural(inner) for name, inner in value.items()}
            case "items" | "additionalProperties":
                made[key] = structural(value)
            case "enum":
                made |= {"type": "string", "enum": value}
            case _:
                made[key] = value
    if made.get("type") == "object" and not {"properties", "additionalProperties"} & made.keys():
        made["x-kubernetes-preserve-unknown-fields"] = True
    return made


def test_its_spec_is_that_of_the_schema() -> None:
    crd: Any = special_resource_crd()
    (version,) = crd["spec"]["versions"]
    theirs = json.loads(SCHEMA.read_text(encoding="utf-8"))
    ours = version["schema"]["openAPIV3Schema"]
    assert ours["properties"]["spec"] == structural(theirs["properties"]["spec"])
    assert ours["description"] == theirs["description"]
    assert ours["properties"]["status"]["description"] == theirs["properties"]["status"]["description"]
