"""Alert rules and the dashboard, as promtool reads them: is each expression one, and does it fire when it should?

Matrix: each alert with series that make it fire, and with a healthy installation of two replicas, where none does;
each name of a metric in them is one that we serve. Judge: Prometheus' promtool. Left out: how the dashboard looks.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from sro_apply.planning.monitoring import dashboard, monitoring
from sro_apply.planning.picture import Picture
from sro_apply.reporting.metrics import Work, families

OURS = 'job="sro-apply",namespace="sro-apply"'
A, B = (f'{OURS},pod="sro-apply-{pod}"' for pod in "ab")
HEALTHY = {
    f"sro_apply_leader{{{A}}}": "1x120",
    f"sro_apply_leader{{{B}}}": "0x120",
    f"sro_apply_last_round_timestamp_seconds{{{A}}}": "0+60x120",
    f'sro_apply_steps{{{A},specialresource="kmod",status="failed"}}': "0x120",
    f'sro_apply_steps{{{A},specialresource="kmod",status="ready"}}': "9x120",
    f'sro_kind_completed_info{{{A},specialresource="kmod",kind="DaemonSet",name="d",exported_namespace="k"}}': "1x120",
}


class Case:
    """What makes an alert fire: series that are not as in a healthy installation; labels that it has then."""

    def __init__(self, after: str, labels: dict[str, str], description: str, **series: str) -> None:
        self.after, self.description = after, description
        self.labels = {"namespace": "sro-apply", **labels}
        self.series = {f"{name}{{{where}}}": values for name, (where, values) in map(_split, series.items())}


def _split(item: tuple[str, str]) -> tuple[str, tuple[str, str]]:
    name, text = item
    where, _, values = text.rpartition(" ")
    return name, (where, values)


CASES = {
    "SroApplyNoLeader": Case(
        "10m",
        {"severity": "critical"},
        "For 5 minutes no replica of sro-apply in sro-apply has held the Lease, so that no driver is brought to "
        "nodes that need one. See kubectl -n sro-apply get pods,lease.",
        sro_apply_leader=f"{A} 0x120",
    ),
    "SroApplyNotReconciled": Case(
        "40m",
        {"severity": "warning"},
        "The last round ended 40m 0s ago: the source or the API server cannot be read. "
        "See kubectl -n sro-apply logs deploy/sro-apply.",
        sro_apply_last_round_timestamp_seconds=f"{A} 0x120",
    ),
    "SroApplyLaneFailed": Case(
        "15m",
        {"severity": "warning", "specialresource": "kmod"},
        "2 steps of kmod have failed for 10 minutes, each for a kernel of its own or for all. "
        "sro-apply status names the cause.",
        sro_apply_steps=f'{A},specialresource="kmod",status="failed" 2x120',
    ),
    "SroApplyDriverMissing": Case(
        "20m",
        {
            "severity": "warning",
            "specialresource": "kmod",
            "kind": "DaemonSet",
            "name": "d",
            "exported_namespace": "k",
        },
        "DaemonSet d has not been ready on all of its nodes for 15 minutes. sro-apply status names them.",
        sro_kind_completed_info=(
            f'{A},specialresource="kmod",kind="DaemonSet",name="d",exported_namespace="k" 0x120'
        ),
    ),
    "SroApplyNodesStale": Case(
        "35m",
        {"severity": "warning", "specialresource": "kmod", "kernel": "5.14"},
        "3 nodes of kmod run kernel 5.14, for which the bundle was not rendered: take a new snapshot of the "
        "cluster and build it again.",
        sro_apply_stale_nodes=f'{A},specialresource="kmod",kernel="5.14" 3x120',
    ),
}


def rules() -> list[dict[str, Any]]:
    manifests: list[dict[str, Any]] = [*monitoring("sro-apply")]
    (found,) = [each for each in manifests if each["kind"] == "PrometheusRule"]
    (group,) = found["spec"]["groups"]
    return list(group["rules"])


def ask(promtool: Path, folder: Path, command: str, name: str, content: Any) -> str:
    """What promtool says of a file, if it finds no fault."""
    (folder / name).write_text(yaml.safe_dump(content), encoding="utf-8")
    done = subprocess.run(
        [promtool, *command.split(), folder / name], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def write_rules(folder: Path) -> None:
    groups = {"groups": [{"name": "sro-apply", "rules": rules()}]}
    (folder / "rules.yaml").write_text(yaml.safe_dump(groups), encoding="utf-8")


def unit_tests(series: dict[str, str], expected: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "alert_rule_test": expected,
            }
        ],
    }


def silent(*times: str) -> list[dict[str, Any]]:
    """No alert at these times."""
    return [{"eval_time": at, "alertname": name, "exp_alerts": []} for at in times for name in CASES]


def test_every_alert_has_a_case_here() -> None:
    assert [each["alert"] for each in rules()] == list(CASES)


def test_promtool_finds_no_fault_in_the_rules(promtool: Path, tmp_path: Path) -> None:
    groups = {"groups": [{"name": "sro-apply", "rules": rules()}]}
    said = ask(promtool, tmp_path, "check rules", "rules.yaml", groups)
    assert f"SUCCESS: {len(CASES)} rules found" in said


@pytest.mark.parametrize("name", list(CASES))
def test_an_alert_fires_when_it_should(name: str, promtool: Path, tmp_path: Path) -> None:
    write_rules(tmp_path)
    case = CASES[name]
    (rule,) = [each for each in rules() if each["alert"] == name]
    summary = re.sub(
        r"{{ \$labels\.(\w+) }}", lambda found: case.labels[found[1]], rule["annotations"]["summary"]
    )
    fired = {
        "exp_labels": case.labels,
        "exp_annotations": {"summary": summary, "description": case.description},
    }
    others = [
        {"eval_time": case.after, "alertname": other, "exp_alerts": []} for other in CASES if other != name
    ]
    ask(
        promtool,
        tmp_path,
        "test rules",
        "test.yaml",
        unit_tests(
            HEALTHY | case.series,
            [*others, {"eval_time": case.after, "alertname": name, "exp_alerts": [fired]}],
        ),
    )


def test_none_fires_where_all_is_well(promtool: Path, tmp_path: Path) -> None:
    write_rules(tmp_path)
    quiet = silent("1m", "2h")
    ask(promtool, tmp_path, "test rules", "test.yaml", unit_tests(HEALTHY, quiet))


def test_another_replica_that_takes_over_is_no_alert(promtool: Path, tmp_path: Path) -> None:
    write_rules(tmp_path)
    handed_on = {
        f"sro_apply_leader{{{A}}}": "1x59 0x60",
        f"sro_apply_leader{{{B}}}": "0x60 1x59",
        f"sro_apply_last_round_timestamp_seconds{{{A}}}": "0+60x59 stale",
        f"sro_apply_last_round_timestamp_seconds{{{B}}}": "_x60 3660+60x59",
    }
    quiet = silent("62m", "2h")
    ask(promtool, tmp_path, "test rules", "test.yaml", unit_tests(handed_on, quiet))


def test_nothing_at_all_is_told_as_nobody_working(promtool: Path, tmp_path: Path) -> None:
    write_rules(tmp_path)
    firing = {
        "eval_time": "10m",
        "alertname": "SroApplyNoLeader",
        "exp_alerts": [
            {
                "exp_labels": CASES["SroApplyNoLeader"].labels,
                "exp_annotations": {
                    "summary": "No replica of sro-apply works.",
                    "description": CASES["SroApplyNoLeader"].description,
                },
            }
        ],
    }
    ask(promtool, tmp_path, "test rules", "test.yaml", unit_tests({"up": "0x60"}, [firing]))


def expressions() -> list[str]:
    """Of the dashboard, with its variable filled in as Grafana does."""
    panels: Any = dashboard("sro-apply")["panels"]
    return [
        target["expr"].replace("$specialresource", ".*") for panel in panels for target in panel["targets"]
    ]


def test_promtool_reads_every_expression_of_the_dashboard(promtool: Path, tmp_path: Path) -> None:
    recorded = [{"record": f"panel:{number}", "expr": each} for number, each in enumerate(expressions())]
    said = ask(
        promtool, tmp_path, "check rules", "d.yaml", {"groups": [{"name": "dashboard", "rules": recorded}]}
    )
    assert f"SUCCESS: {len(recorded)} rules found" in said


def test_the_dashboard_is_json_in_a_config_map_that_grafana_s_sidecar_finds() -> None:
    manifests: list[dict[str, Any]] = [*monitoring("sro-apply")]
    (found,) = [each for each in manifests if each["kind"] == "ConfigMap"]
    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert json.loads(found["data"]["sro-apply.json"]) == dashboard("sro-apply")


def test_its_panels_fill_rows_and_do_not_lie_over_each_other() -> None:
    panels: Any = dashboard("sro-apply")["panels"]
    taken = [
        (x, y)
        for panel in panels
        for place in [panel["gridPos"]]
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) == 23


def test_every_metric_that_is_asked_for_is_one_that_we_serve() -> None:
    work = Work(last_round_at=0.0, took_s=0.0, requests={("GET", "200"): 1})
    served = {each.name for each in families(Picture(cluster="lab"), work)}
    asked = {
        name
        for text in [*expressions(), *(each["expr"] for each in rules())]
        for name in re.findall(r"\bsro_\w+", text)
    }
    assert asked <= served
