"""The values that SRO adds at run time.

Judge: the whole values tree that the operator gives to Helm in its documented case, for both of its
kernels. Left out: dependencies inside the tree, which this version does not render.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from sro_render.charts.values import merge_files
from sro_render.kernels.grouping import group_by_kernel
from sro_render.kernels.merging import InventoryDocument
from sro_render.kernels.runtime_values import (
    cluster_release,
    common_values,
    kernel_values,
    special_resource_values,
    values_in_spec,
)
from sro_render.kernels.snapshot import read_inventory
from sro_render.model.specialresource import ChartReference, SpecialResource
from sro_render.source import Source

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "01-simple-kmod"
VALUES = ROOT / "tests" / "parity" / "01-simple-kmod" / "values"


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


@pytest.mark.parametrize("path", sorted(VALUES.iterdir()), ids=lambda path: path.stem)
def test_the_values_of_the_documented_case_are_those_of_the_operator(path: Path) -> None:
    expected = load(path)
    resource = SpecialResource.from_mapping(load(EXAMPLE / "specialresource.yaml"))
    inventory = read_inventory(
        [
            InventoryDocument(source=Source(name, ""), value=load(EXAMPLE / name))
            for name in ("cluster.yaml", "driver-toolkits.yaml")
        ]
    )
    groups, _, _ = group_by_kernel(inventory.nodes, [], inventory.toolkits)
    (group,) = [each for each in groups if each.kernel == expected["kernelFullVersion"]]
    runtime = {**common_values(resource, inventory, groups), **kernel_values(group)}
    assert merge_files(resource.set or {}, runtime) == expected


def test_an_absent_set_stays_absent() -> None:
    chart = ChartReference(name="c", version="1", tags=("a",))
    spec = special_resource_values(SpecialResource(name="n", namespace="n", chart=chart))["spec"]
    assert isinstance(spec, dict)
    assert "set" not in spec
    assert isinstance(spec["chart"], dict)
    assert spec["chart"]["tags"] == ["a"]


@pytest.mark.parametrize(("version", "release"), [("4.10.11", "4.10"), ("4.9", "4.9"), ("", "")])
def test_the_release_of_a_cluster_is_major_and_minor(version: str, release: str) -> None:
    assert cluster_release(version) == release


def spec_values(**spec: Any) -> Any:
    chart = {"name": "c", "version": "1", "repository": {"name": "r", "url": "file:///charts"}}
    value = {"metadata": {"name": "n"}, "spec": {"chart": chart, **spec}}
    return special_resource_values(SpecialResource.from_mapping(value))["spec"]


def test_a_management_state_is_among_the_values_if_the_spec_has_it() -> None:
    assert spec_values(managementState="Managed")["managementState"] == "Managed"
    assert spec_values(managementState="Force")["managementState"] == "Force"
    assert "managementState" not in spec_values()


def test_artifacts_are_encoded_as_the_operators_types_do() -> None:
    artifacts = {
        "hostPaths": [{"sourcePath": "/a"}],
        "images": [{"name": "i"}, {"name": "j", "pullsecret": "p", "path": [{"destinationDir": "/d"}]}],
        "claims": [],
    }
    # What api/v1beta1/specialresource_types.go says: no omitempty but at pullsecret and the three lists.
    assert spec_values(driverContainer={"artifacts": artifacts})["driverContainer"]["artifacts"] == {
        "hostPaths": [{"sourcePath": "/a", "destinationDir": ""}],
        "images": [
            {"name": "i", "kind": "", "namespace": "", "path": None},
            {
                "name": "j",
                "kind": "",
                "namespace": "",
                "pullsecret": "p",
                "path": [{"sourcePath": "", "destinationDir": "/d"}],
            },
        ],
    }


def test_a_spec_sees_the_proxy_by_the_operators_spelling_and_by_that_of_charts() -> None:
    document = load(EXAMPLE / "cluster.yaml")
    inventory = read_inventory([InventoryDocument(source=Source("c", ""), value=document)])
    assert values_in_spec(inventory) == {
        "clusterVersionMajorMinor": "4.10",
        "proxy": {
            "httpProxy": "http://proxy.example:3128",
            "httpsProxy": "http://proxy.example:3129",
            "noProxy": ".cluster.local,.svc,10.0.0.0/16",
            "trustedCA": "user-ca-bundle",
            "HttpProxy": "http://proxy.example:3128",
            "HttpsProxy": "http://proxy.example:3129",
            "NoProxy": ".cluster.local,.svc,10.0.0.0/16",
            "TrustedCA": "user-ca-bundle",
        },
    }
