"""The files of the target `plain`, read by kubectl.

Matrix: order of application over SRs, states, files and kernels; names that need escapes; an empty
bundle; every level by itself. Left out: names (test_layout.py), the lock.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from sro_render.model.bundle import Bundle, RenderedObject, RenderedResource, State, StateName
from sro_render.model.objects import JsonObject, object_id
from sro_render.targets.plain import lay_out


def rendered(kind: str, name: str, *, kernel: str = "", namespace: str = "a") -> RenderedObject:
    groups = {"DaemonSet": "apps/v1", "ClusterRole": "rbac.authorization.k8s.io/v1", "Widget": "x.io/v1"}
    manifest: JsonObject = {
        "apiVersion": groups.get(kind, "v1"),
        "kind": kind,
        "metadata": {"name": name, "annotations": {"sro.openshift.io/kernel": kernel}},
    }
    if kind not in {"Namespace", "ClusterRole"}:
        manifest["metadata"] = {**manifest["metadata"], "namespace": namespace}  # type: ignore[dict-item]
    return RenderedObject(id=object_id(manifest), manifest=manifest, kernel=kernel)


def resource(name: str, *states: tuple[str, tuple[RenderedObject, ...]]) -> RenderedResource:
    return RenderedResource(
        name=name,
        namespace=name,
        states=tuple(State(name=StateName(state), objects=objects) for state, objects in states),
        chart_name=name,
        chart_version="1",
        chart_digest="sha256:0",
    )


KERNELS = ("4.18.0-305.el8.x86_64", "5.14.0-70+rt~1", "5.14.0 (odd)/x", "kustomization.yaml")
BUNDLE = Bundle(
    cluster="c",
    resources=(
        resource(
            "z",
            ("namespace", (rendered("Namespace", "z"),)),
            (
                "0000-Build",
                (
                    rendered("Service", "second"),
                    rendered("ConfigMap", "third"),
                    *(
                        rendered("DaemonSet", f"driver-{index}", kernel=kernel)
                        for index, kernel in enumerate(KERNELS)
                    ),
                ),
            ),
            ("stateless", (rendered("ClusterRole", "system:Z:å"), rendered("Widget", "w", namespace="b"))),
        ),
        resource("a", ("namespace", (rendered("Namespace", "a"),)), ("empty", ())),
    ),
)


def write(folder: Path, files: dict[str, bytes]) -> None:
    for path, data in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def built(kubectl: Path, folder: Path) -> list[str]:
    """The objects that kubectl builds from a folder, in its order."""
    done = subprocess.run(
        [kubectl, "kustomize", folder], check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return [str(object_id(document)) for document in yaml.safe_load_all(done.stdout) if document]


def test_kubectl_builds_every_object_once_in_the_order_of_application(kubectl: Path, tmp_path: Path) -> None:
    write(tmp_path, lay_out(BUNDLE))
    assert built(kubectl, tmp_path) == [
        "Namespace/z",
        "Service/a/second",
        "ConfigMap/a/third",
        "DaemonSet/a/driver-0",
        "DaemonSet/a/driver-2",
        "DaemonSet/a/driver-1",
        "DaemonSet/a/driver-3",
        "ClusterRole/system:Z:å",
        "Widget/b/w",
        "Namespace/a",
    ]


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("a", ["Namespace/a"]),
        ("z/stateless", ["ClusterRole/system:Z:å", "Widget/b/w"]),
        ("z/0000-Build/5.14.0%20%28odd%29%2Fx", ["DaemonSet/a/driver-2"]),
    ],
)
def test_every_folder_can_be_built_by_itself(
    kubectl: Path, tmp_path: Path, folder: str, expected: list[str]
) -> None:
    write(tmp_path, lay_out(BUNDLE))
    assert built(kubectl, tmp_path / folder) == expected


def test_a_bundle_without_objects_has_a_kustomization_that_kubectl_takes(
    kubectl: Path, tmp_path: Path
) -> None:
    write(tmp_path, lay_out(Bundle(cluster="c", resources=())))
    assert built(kubectl, tmp_path) == []


def test_an_object_of_two_srs_is_built_once(kubectl: Path, tmp_path: Path) -> None:
    item = rendered("Namespace", "both")
    laid = Bundle(
        cluster="c",
        resources=(resource("x", ("namespace", (item,))), resource("y", ("namespace", (item,)))),
    )
    files = lay_out(laid)
    write(tmp_path, files)
    assert built(kubectl, tmp_path) == ["Namespace/both"]
    assert list(files) == [
        "kustomization.yaml",
        "_shared/kustomization.yaml",
        "_shared/namespace/kustomization.yaml",
        "_shared/namespace/namespace-both.yaml",
    ]


def test_files_hold_the_manifests_and_folders_list_what_they_hold() -> None:
    files = lay_out(BUNDLE)
    assert yaml.safe_load(files["z/0000-Build/kustomization.yaml"]) == {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [
            "service-second@a.yaml",
            "configmap-third@a.yaml",
            "4.18.0-305.el8.x86_64",
            "5.14.0%20%28odd%29%2Fx",
            "5.14.0-70+rt~1",
            "kustomization-55a939561d6e7b23.yaml",
        ],
        "sortOptions": {"order": "fifo"},
    }
    manifests = [item.manifest for sr in BUNDLE.resources for state in sr.states for item in state.objects]
    written = [
        yaml.safe_load(data) for path, data in files.items() if not path.endswith("/kustomization.yaml")
    ]
    assert sorted(json.dumps(one, sort_keys=True) for one in written[1:]) == sorted(
        json.dumps(one, sort_keys=True) for one in manifests
    )


def test_the_same_bundle_gives_the_same_bytes() -> None:
    assert list(lay_out(BUNDLE).items()) == list(lay_out(BUNDLE).items())
