"""The CustomResourceDefinition of SpecialResource, as structural as a server wants it.

Says what schemas/specialresource.schema.json says, and of the status what SRO writes there. Fields that are
not in it are dropped by a server, where sro-render refuses them.
Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/; the
names, columns and status of SRO's own CRD.
"""

from __future__ import annotations

from typing import Final

from sro_render.model.objects import JsonObject, JsonValue

GROUP: Final = "sro.openshift.io"
VERSION: Final = "v1beta1"
_FOR_VENDOR = "For `sro-render vendor`, and sent to this repository only. Never rendered, written or logged."
_ON_OPERATOR = "Path on the operator's machine; `sro-render vendor` offers no client certificates."


def special_resource_crd() -> JsonObject:
    """The CRD."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"specialresources.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": {
                "kind": "SpecialResource",
                "listKind": "SpecialResourceList",
                "plural": "specialresources",
                "singular": "specialresource",
                "shortNames": ["sr"],
            },
            "scope": "Cluster",
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": [*map(_column, ("Ready", "Progressing", "Errored"))],
                    "schema": {"openAPIV3Schema": _schema()},
                }
            ],
        },
    }


def _column(condition: str) -> JsonObject:
    path = f'.status.conditions[?(@.type=="{condition}")].status'
    return {"name": condition, "type": "string", "jsonPath": path}


def _schema() -> JsonObject:
    return _mapping(
        "A driver or accelerator stack for a cluster's nodes: a Helm chart, values for it, and the nodes "
        "that it is for.",
        required=("spec",),
        apiVersion=_text(),
        kind=_text(),
        metadata={"type": "object"},
        spec=_spec(),
        status=_status(),
    )


def _spec() -> JsonObject:
    return _mapping(
        required=("chart",),
        chart=_chart(),
        namespace=_text(
            "Namespace for the chart's objects; the SpecialResource's name where empty.", maxLength=63
        ),
        set=_values(),
        driverContainer=_driver_container(),
        nodeSelector={
            **_nullable({"type": "object", "additionalProperties": _text()}),
            "description": "Labels of the nodes that this is for; empty selects every node.",
        },
        dependencies=_sequence(
            _mapping(required=("chart",), chart=_chart(), set=_values()),
            "Charts that render before this one, each as a SpecialResource of the chart's name, once for all "
            "that need it.",
        ),
        managementState={
            "type": "string",
            "enum": ["", "Managed", "Unmanaged", "Removed", "Force"],
            "description": "Managed and Force render; Unmanaged leaves what is committed as it is; Removed "
            "renders nothing.",
        },
        debug=_flag("Passed on to templates."),
        forceUpgrade=_flag("Passed on to templates."),
    )


def _chart() -> JsonObject:
    return _mapping(
        "The recipe: a Helm chart by name and exact version.",
        required=("name", "version", "repository"),
        name=_text("The chart's name, as in its Chart.yaml.", minLength=1),
        version=_text(
            "The chart's version, exactly as in its Chart.yaml; for https:// and oci:// also a constraint "
            "such as ~1.2, which `sro-render vendor` resolves and locks.",
            minLength=1,
        ),
        repository=_mapping(
            "Where the chart comes from.",
            required=("name", "url"),
            name=_text("Name of the repository, for people."),
            url=_text(
                "cm://NAMESPACE/NAME, file:///PATH, https://… or oci://…",
                minLength=1,
                pattern="^(cm|file|https|http|oci)://",
            ),
            username=_text(_FOR_VENDOR),
            password=_text(_FOR_VENDOR),
            certFile=_text(_ON_OPERATOR),
            keyFile=_text(_ON_OPERATOR),
            caFile=_text(
                "Certificates of the repository's CA in PEM form, for `sro-render vendor`; a path that is "
                "not absolute starts at the spec's folder."
            ),
            insecure_skip_tls_verify=_flag(
                "`sro-render vendor` does not verify this repository's certificate, and warns."
            ),
        ),
        tags=_sequence(_text(), "Tags of the chart; passed on to templates."),
    )


def _values() -> JsonObject:
    return {
        **_nullable({"type": "object", "x-kubernetes-preserve-unknown-fields": True}),
        "description": "Values for the chart, over its values.yaml. Strings may be templates over the "
        "runtime values.",
    }


def _driver_container() -> JsonObject:
    def path() -> JsonObject:
        return _mapping("A path to copy.", sourcePath=_text(), destinationDir=_text())

    return _mapping(
        "Facts about the driver for the chart's templates; read as "
        ".Values.specialresource.spec.driverContainer.",
        source=_mapping(
            "Where the driver's source lies.",
            git=_mapping(
                "The driver's source repository.",
                ref=_text("Branch, tag or commit."),
                uri=_text("URL of the repository."),
            ),
        ),
        artifacts=_mapping(
            "Artifacts for templates that use them.",
            hostPaths=_sequence(path()),
            images=_sequence(
                _mapping(
                    "An image.",
                    name=_text(),
                    kind=_text(),
                    namespace=_text(),
                    pullsecret=_text(),
                    path=_sequence(path()),
                )
            ),
            claims=_sequence(_mapping("A volume claim.", name=_text(), mountPath=_text())),
        ),
    )


def _status() -> JsonObject:
    condition = _mapping(
        "A condition, as all of Kubernetes has them.",
        required=("type", "status", "lastTransitionTime", "reason", "message"),
        type=_text("Ready, Progressing or Errored.", maxLength=316),
        status={"type": "string", "enum": ["True", "False", "Unknown"]},
        lastTransitionTime=_text("When the status changed last.", format="date-time"),
        reason=_text("Why, in a word.", minLength=1, maxLength=1024),
        message=_text("Why, in a sentence.", maxLength=32768),
        observedGeneration={
            "type": "integer",
            "format": "int64",
            "minimum": 0,
            "description": "Of which generation of the SpecialResource this is said.",
        },
    )
    conditions: JsonObject = {
        "type": "array",
        "items": condition,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
    }
    fields = _mapping(
        "Filled in by a controller; not used.",
        state=_text("How far it has come, for people."),
        conditions=conditions,
    )
    return _nullable(fields)


def _mapping(description: str = "", required: tuple[str, ...] = (), **properties: JsonValue) -> JsonObject:
    return {
        "type": "object",
        "properties": properties,
        **({"required": [*required]} if required else {}),
        **({"description": description} if description else {}),
    }


def _text(description: str = "", **rules: JsonValue) -> JsonObject:
    return {"type": "string", **rules, **({"description": description} if description else {})}


def _flag(description: str) -> JsonObject:
    return {"type": "boolean", "description": description}


def _sequence(items: JsonValue, description: str = "") -> JsonObject:
    found: JsonObject = _nullable({"type": "array", "items": items})
    return {**found, **({"description": description} if description else {})}


def _nullable(schema: JsonObject) -> JsonObject:
    return {**schema, "nullable": True}
