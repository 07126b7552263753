"""What watches over the applier: a ServiceMonitor, alert rules and a dashboard.

Decides the expressions, over the metrics that `reporting.metrics` makes. Two replicas serve metrics and one
of them works, so that each expression takes the maximum over both.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from msgspec import Struct

from sro_apply.planning.installing import LABELS, NAME
from sro_render.model.objects import JsonObject, JsonValue

MONITORING = "monitoring.coreos.com/v1"


class _Alert(Struct, frozen=True, kw_only=True):
    """lasting: for how long before anybody is told; summary and description are Prometheus' templates."""

    name: str
    expression: str
    lasting: str
    severity: str
    summary: str
    description: str


class _Panel(Struct, frozen=True, kw_only=True):
    """kind: Grafana's; shown: expressions with their legends; width: of 24 columns."""

    title: str
    kind: str
    shown: tuple[tuple[str, str], ...]
    width: int
    unit: str = "short"


def monitoring(namespace: str) -> Iterator[JsonObject]:
    """All three, in the applier's namespace."""
    yield _manifest(
        MONITORING,
        "ServiceMonitor",
        NAME,
        namespace,
        spec={
            "selector": {"matchLabels": {**LABELS}},
            "endpoints": [{"port": "http", "path": "/metrics", "interval": "30s"}],
        },
    )
    group: JsonObject = {"name": NAME, "rules": [_rule(each, namespace) for each in _alerts(namespace)]}
    yield _manifest(MONITORING, "PrometheusRule", NAME, namespace, spec={"groups": [group]})
    board = _manifest(
        "v1",
        "ConfigMap",
        f"{NAME}-dashboard",
        namespace,
        data={f"{NAME}.json": json.dumps(dashboard(namespace), indent=2, sort_keys=True) + "\n"},
    )
    yield {**board, "metadata": {**_metadata(f"{NAME}-dashboard", namespace, grafana_dashboard="1")}}


def _alerts(namespace: str) -> Iterator[_Alert]:
    ours = f'job="{NAME}",namespace="{namespace}"'

    def worst(metric: str, *labels: str, having: str = "") -> str:
        by = f" by ({', '.join(labels)}) " if labels else ""
        return f"max{by}({metric}{{{ours}{having}}})"

    yield _Alert(
        name="SroApplyNoLeader",
        expression=f"absent(sro_apply_leader{{{ours}}} == 1)",
        lasting="5m",
        severity="critical",
        summary="No replica of sro-apply works.",
        description=f"For 5 minutes no replica of sro-apply in {namespace} has held the Lease, so that no "
        f"driver is brought to nodes that need one. See kubectl -n {namespace} get pods,lease.",
    )
    yield _Alert(
        name="SroApplyNotReconciled",
        expression=f"time() - {worst('sro_apply_last_round_timestamp_seconds')} > 1800",
        lasting="5m",
        severity="warning",
        summary="sro-apply has not finished a round for long.",
        description="The last round ended {{ $value | humanizeDuration }} ago: the source or the API server "
        f"cannot be read. See kubectl -n {namespace} logs deploy/{NAME}.",
    )
    yield _Alert(
        name="SroApplyLaneFailed",
        expression=worst("sro_apply_steps", "specialresource", having=',status="failed"') + " > 0",
        lasting="10m",
        severity="warning",
        summary="States of SpecialResource {{ $labels.specialresource }} fail.",
        description="{{ $value }} steps of {{ $labels.specialresource }} have failed for 10 minutes, each "
        "for a kernel of its own or for all. sro-apply status names the cause.",
    )
    yield _Alert(
        name="SroApplyDriverMissing",
        expression=worst(
            "sro_kind_completed_info",
            "specialresource",
            "kind",
            "name",
            "exported_namespace",
            having=',kind="DaemonSet"',
        )
        + " == 0",
        lasting="15m",
        severity="warning",
        summary="A driver of {{ $labels.specialresource }} is missing on nodes.",
        description="DaemonSet {{ $labels.name }} has not been ready on all of its nodes for 15 minutes. "
        "sro-apply status names them.",
    )
    yield _Alert(
        name="SroApplyNodesStale",
        expression=f"{worst('sro_apply_stale_nodes', 'specialresource', 'kernel')} > 0",
        lasting="30m",
        severity="warning",
        summary="The bundle knows nothing of kernel {{ $labels.kernel }}.",
        description="{{ $value }} nodes of {{ $labels.specialresource }} run kernel {{ $labels.kernel }}, "
        "for which the bundle was not rendered: take a new snapshot of the cluster and build it again.",
    )


def _rule(alert: _Alert, namespace: str) -> JsonValue:
    """The namespace is what alerts are sent on by."""
    return {
        "alert": alert.name,
        "expr": alert.expression,
        "for": alert.lasting,
        "labels": {"severity": alert.severity, "namespace": namespace},
        "annotations": {"summary": alert.summary, "description": alert.description},
    }


def _panels(namespace: str) -> Iterator[_Panel]:
    ours = f'job="{NAME}",namespace="{namespace}"'
    of = f'{ours},specialresource=~"$specialresource"'
    yield _Panel(
        title="Replicas that work",
        kind="stat",
        shown=((f"sum(sro_apply_leader{{{ours}}})", ""),),
        width=4,
    )
    yield _Panel(
        title="Since the last round",
        kind="stat",
        shown=((f"time() - max(sro_apply_last_round_timestamp_seconds{{{ours}}})", ""),),
        width=4,
        unit="s",
    )
    yield _Panel(
        title="SpecialResources",
        kind="stat",
        shown=((f"max(sro_managed_resources_total{{{ours}}})", ""),),
        width=4,
    )
    yield _Panel(
        title="Failed steps",
        kind="stat",
        shown=((f'sum(max by (specialresource) (sro_apply_steps{{{of},status="failed"}}))', ""),),
        width=6,
    )
    yield _Panel(
        title="Nodes with a kernel that the bundle does not know",
        kind="stat",
        shown=((f"sum(max by (specialresource, kernel) (sro_apply_stale_nodes{{{of}}})) or vector(0)", ""),),
        width=6,
    )
    yield _Panel(
        title="Steps",
        kind="timeseries",
        shown=(
            (f"sum by (status) (max by (specialresource, status) (sro_apply_steps{{{of}}}))", "{{status}}"),
        ),
        width=12,
    )
    yield _Panel(
        title="States",
        kind="state-timeline",
        shown=(
            (
                f"max by (specialresource, state) (sro_states_completed_info{{{of}}})",
                "{{specialresource}} {{state}}",
            ),
        ),
        width=12,
    )
    yield _Panel(
        title="Objects that are not ready",
        kind="table",
        shown=((f"max by (specialresource, kind, name) (sro_kind_completed_info{{{of}}}) == 0", ""),),
        width=12,
    )
    yield _Panel(
        title="Where drivers run",
        kind="table",
        shown=((f'max by (cr, name, nodes) (sro_used_nodes{{{ours},cr=~"$specialresource"}})', ""),),
        width=12,
    )
    yield _Panel(
        title="How long rounds take",
        kind="timeseries",
        shown=((f"max(sro_apply_last_round_duration_seconds{{{ours}}})", "seconds"),),
        width=12,
        unit="s",
    )
    yield _Panel(
        title="Requests to the API server",
        kind="timeseries",
        shown=(
            (f"sum by (method, code) (rate(sro_apply_requests_total{{{ours}}}[5m]))", "{{method}} {{code}}"),
        ),
        width=12,
        unit="reqps",
    )


def dashboard(namespace: str) -> JsonObject:
    """Grafana's own form, with the data source and the SpecialResources to choose."""
    ours = f'job="{NAME}",namespace="{namespace}"'
    variables: list[JsonValue] = [
        {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Data source"},
        {
            "name": "specialresource",
            "type": "query",
            "label": "SpecialResource",
            "datasource": {"type": "prometheus", "uid": "$datasource"},
            "query": f"label_values(sro_apply_steps{{{ours}}}, specialresource)",
            "includeAll": True,
            "multi": True,
            "allValue": ".*",
            "refresh": 2,
            "current": {"text": "All", "value": "$__all"},
        },
    ]
    return {
        "uid": f"{NAME}-{namespace}"[:40],
        "title": "Kernel modules (sro-apply)",
        "tags": [NAME],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "1m",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": variables},
        "panels": [*_laid_out(namespace)],
    }


def _laid_out(namespace: str) -> Iterator[JsonValue]:
    """Panels from left to right, row below row."""
    x = y = 0
    for number, panel in enumerate(_panels(namespace), 1):
        height = 4 if panel.kind == "stat" else 8
        yield {
            "id": number,
            "title": panel.title,
            "type": panel.kind,
            "datasource": {"type": "prometheus", "uid": "$datasource"},
            "gridPos": {"x": x, "y": y, "w": panel.width, "h": height},
            "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
            "targets": [
                {
                    "refId": chr(ord("A") + index),
                    "expr": expression,
                    "legendFormat": legend,
                    "instant": panel.kind in {"stat", "table"},
                    "format": "table" if panel.kind == "table" else "time_series",
                }
                for index, (expression, legend) in enumerate(panel.shown)
            ],
        }
        x += panel.width
        if x >= 24:
            x, y = 0, y + height


def _manifest(api_version: str, kind: str, name: str, namespace: str, **fields: JsonValue) -> JsonObject:
    return {"apiVersion": api_version, "kind": kind, "metadata": _metadata(name, namespace), **fields}


def _metadata(name: str, namespace: str, **labels: str) -> JsonObject:
    return {"name": name, "namespace": namespace, "labels": {**LABELS, **labels}}
