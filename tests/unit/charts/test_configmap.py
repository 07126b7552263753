"""Charts in a ConfigMap.

Matrix: round trip, several versions, and every fault with its words. Left out: what helm writes into
an index (tests/helm).
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from sro_render.charts.configmap import find_chart, read_chart_configmap, write_chart_configmap
from sro_render.charts.package import Package, package_chart
from sro_render.errors import ChartError, describe
from sro_render.limits import Limits

LIMITS = Limits()


def package(version: str) -> Package:
    head = f"apiVersion: v2\nname: c\nversion: {version}\n".encode()
    return package_chart({"Chart.yaml": head, "templates/a.yaml": b"a: 1"}, "c", LIMITS)


def manifest(*versions: str) -> dict[str, Any]:
    written = write_chart_configmap([package(v) for v in versions], namespace="ns", name="charts")
    copy: dict[str, Any] = json.loads(json.dumps(written))
    return copy


def fault(damaged: dict[str, Any]) -> str:
    with pytest.raises(ChartError) as caught:
        read_chart_configmap(damaged, LIMITS)
    return describe(caught.value.finding)


def test_what_was_written_is_read_newest_first() -> None:
    archives = read_chart_configmap(manifest("1.9.0", "1.10.0", "2.0.0-rc.1"), LIMITS)
    assert list(archives) == [("c", "2.0.0-rc.1"), ("c", "1.10.0"), ("c", "1.9.0")]
    assert archives["c", "1.9.0"] == package("1.9.0").data
    assert find_chart(archives, "c", "1.9.0", "cm://ns/charts")[0] == "1.9.0"
    assert find_chart(archives, "c", "", "cm://ns/charts")[0] == "1.10.0"


def test_the_same_charts_give_the_same_configmap() -> None:
    assert json.dumps(manifest("1.0.0", "2.0.0")) == json.dumps(manifest("2.0.0", "1.0.0"))


def test_a_version_that_is_not_there_is_answered_with_what_is() -> None:
    archives = read_chart_configmap(manifest("1.0.0", "2.0.0"), LIMITS)
    with pytest.raises(ChartError) as caught:
        find_chart(archives, "c", "3.0.0", "cm://ns/charts")
    assert describe(caught.value.finding) == (
        "error[chart-configmap]: the charts in the ConfigMap cannot be used: it has no version 3.0.0 of the chart c\n"
        "  --> cm://ns/charts\n"
        "  help: it has 1.0.0, 2.0.0"
    )
    with pytest.raises(ChartError, match="it has no chart d"):
        find_chart(archives, "d", "", "cm://ns/charts")


def test_faults_name_the_configmap_and_the_way_out() -> None:
    without_index = manifest("1.0.0")
    del without_index["data"]["index.yaml"]
    assert "it has no index.yaml\n  --> cm://ns/charts" in fault(without_index)

    other_index = manifest("1.0.0")
    other_index["data"]["index.yaml"] = "kind: X"
    assert "its index.yaml is no index of a chart repository" in fault(other_index)

    without_archive = manifest("1.0.0")
    without_archive["binaryData"] = {}
    assert 'its index names "c-1.0.0.tgz" for c 1.0.0, which is not there' in fault(without_archive)

    other_archive = manifest("1.0.0")
    other_archive["binaryData"]["c-1.0.0.tgz"] = base64.b64encode(b"other").decode()
    assert '"c-1.0.0.tgz" is not the archive that its index describes: the digests differ' in fault(
        other_archive
    )

    damaged = manifest("1.0.0")
    damaged["binaryData"]["c-1.0.0.tgz"] = "%%%"
    assert 'its entry "c-1.0.0.tgz" is not in base 64' in fault(damaged)
