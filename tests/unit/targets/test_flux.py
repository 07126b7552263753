"""How Flux is told that objects are ready, and where they are.

Matrix: kinds that need an expression and kinds that need none, in one and in several versions; sources of
each form. The published schema judges the same Kustomizations. Left out: what depends on what, which
tests/laws/test_target_laws.py shows. The expressions were tried with cel-go 0.26.1, on objects with the
condition, with another one, and without a status, which is an error and so not yet ready.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml

from sro_render.model.lock import LockedResource, LockedState
from sro_render.model.objects import JsonObject
from sro_render.targets.choose import target_of
from sro_render.targets.options import FluxOptions
from sro_render.targets.parts import read_parts


def kustomization(
    *kinds: tuple[str, str], path: str = "x", kind: str = "GitRepository", home: str = ""
) -> Any:
    """The Kustomization of a state with objects of these versions and kinds."""
    objects: dict[str, JsonObject] = {
        f"a/0000-s/{number}.yaml": {"apiVersion": version, "kind": name, "metadata": {"name": "x"}}
        for number, (version, name) in enumerate(kinds)
    }
    resource = LockedResource(name="a", namespace="a", chart_digest="", states=(LockedState(name="0000-s"),))
    target = target_of(FluxOptions(source_name="gitops", path=path, source_kind=kind, source_namespace=home))
    files = target.own_files("lab", read_parts(objects, [resource]))
    (own,) = (data for file, data in files.items() if file.startswith("_flux/a/kustomization-a"))
    return yaml.safe_load(own)


def test_kinds_that_flux_knows_need_no_expression() -> None:
    spec = kustomization(("v1", "ConfigMap"), ("apps/v1", "DaemonSet"), ("batch/v1", "Job"))["spec"]
    assert spec["wait"] is True
    assert "healthCheckExprs" not in spec


def test_kinds_that_it_does_not_know_have_one_each() -> None:
    spec = kustomization(
        ("shipwright.io/v1beta1", "BuildRun"), ("cert-manager.io/v1", "Issuer"), ("cert-manager.io/v1", "Issuer")
    )["spec"]  # fmt: skip
    assert spec["healthCheckExprs"] == [
        {
            "apiVersion": "cert-manager.io/v1",
            "kind": "Issuer",
            "current": "status.conditions.exists(e, e.type == 'Ready' && e.status == 'True')",
        },
        {
            "apiVersion": "shipwright.io/v1beta1",
            "kind": "BuildRun",
            "current": "status.conditions.exists(e, e.type == 'Succeeded' && e.status == 'True')",
            "failed": "status.conditions.exists(e, e.type == 'Succeeded' && e.status == 'False')",
        },
    ]


def test_a_kind_of_the_same_name_in_another_group_is_another_kind() -> None:
    assert "healthCheckExprs" not in kustomization(("shipwright.io/v1beta1", "Build"))["spec"]
    assert "healthCheckExprs" in kustomization(("build.openshift.io/v1", "Build"))["spec"]


def test_a_path_starts_at_the_root_of_the_source() -> None:
    assert kustomization(("v1", "ConfigMap"), path="a/b")["spec"]["path"] == "./a/b/lab/a/0000-s"
    assert kustomization(("v1", "ConfigMap"), path="")["spec"]["path"] == "./lab/a/0000-s"


def test_the_schema_finds_nothing_wrong(schema_faults: Callable[[list[Any]], list[list[str]]]) -> None:
    own = kustomization(
        ("cert-manager.io/v1", "Certificate"),
        ("build.openshift.io/v1", "Build"),
        ("shipwright.io/v1beta1", "BuildRun"),
        kind="OCIRepository",
        home="sources",
    )
    assert schema_faults([own]) == [[]]
