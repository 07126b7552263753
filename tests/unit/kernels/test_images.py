"""Images, and what builds them.

Matrix: spellings of references; kernels in them; builders of each kind. Left out: what it means for nodes
(test_coverage.py beside the commands).
"""

from __future__ import annotations

from typing import Any

import pytest

from sro_render.kernels.images import (
    BuilderIndex,
    builder_of,
    image_reference,
    images_of,
    names_kernel,
    repository_of,
)

KERNEL = "4.18.0-305.45.1.el8_4.x86_64"
REGISTRY = "image-registry.openshift-image-registry.svc:5000"


@pytest.mark.parametrize(
    ("text", "reference", "repository"),
    [
        ("busybox", "busybox:latest", "busybox"),
        ("busybox:1", "busybox:1", "busybox"),
        ("host:5000/a/b", "host:5000/a/b:latest", "host:5000/a/b"),
        ("host:5000/a/b:v1", "host:5000/a/b:v1", "host:5000/a/b"),
        ("a/b@sha256:00", "a/b@sha256:00", "a/b"),
        ("a/b:v1@sha256:00", "a/b:v1@sha256:00", "a/b"),
        ("", "", ""),
        (f"{REGISTRY}/ns/a:v1", f"{REGISTRY}/ns/a:v1", f"{REGISTRY}/ns/a"),
        (
            "image-registry.openshift-image-registry.svc.cluster.local:5000/ns/a:v1",
            f"{REGISTRY}/ns/a:v1",
            f"{REGISTRY}/ns/a",
        ),
        ("docker-registry.default.svc:5000/ns/a:v1", f"{REGISTRY}/ns/a:v1", f"{REGISTRY}/ns/a"),
    ],
)
def test_one_image_has_one_reference(text: str, reference: str, repository: str) -> None:
    assert (image_reference(text), repository_of(image_reference(text))) == (reference, repository)


@pytest.mark.parametrize(
    ("reference", "kernel", "is_named"),
    [
        (f"r/kmod:v{KERNEL}", KERNEL, True),
        (f"r/kmod:3.1-{KERNEL}", KERNEL, True),
        ("r/kmod:4.18.0-305.45.1.el8-4.x86-64", KERNEL, True),
        (f"r/kmod-{KERNEL}:latest", KERNEL, True),
        ("r/kmod:v4.18.0-305", KERNEL, True),
        ("r/kmod:6.8.0-1.azure", "6.8.0-1+azure", True),
        ("r/kmod:v4.18.0-3059", KERNEL, False),
        ("r/kmod:3.1", KERNEL, False),
        ("r/kmod", KERNEL, False),
        ("r/kmod@sha256:4180305", KERNEL, False),
    ],
)
def test_a_reference_names_a_kernel_in_any_spelling_that_tags_allow(
    reference: str, kernel: str, is_named: bool
) -> None:
    assert names_kernel(reference, kernel) == is_named


def build_config(to: dict[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "build.openshift.io/v1",
        "kind": "BuildConfig",
        "metadata": {"name": "b", "namespace": "ns"},
        "spec": {"output": {"to": to}},
    }


def job(**container: Any) -> dict[str, Any]:
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "b", "namespace": "ns"},
        "spec": {"template": {"spec": {"containers": [{"image": "kaniko", **container}]}}},
    }


SHIPWRIGHT = {
    "apiVersion": "shipwright.io/v1beta1",
    "kind": "Build",
    "metadata": {"name": "b", "namespace": "ns"},
    "spec": {"output": {"image": "r/a:v1"}},
}
OPENSHIFT_BUILD = {**SHIPWRIGHT, "apiVersion": "build.openshift.io/v1"}


@pytest.mark.parametrize(
    ("manifest", "image", "is_made"),
    [
        (build_config({"kind": "ImageStreamTag", "name": "a:v1"}), f"{REGISTRY}/ns/a:v1", True),
        (build_config({"kind": "ImageStreamTag", "name": "a:v1"}), f"{REGISTRY}/other/a:v1", False),
        (
            build_config({"kind": "ImageStreamTag", "name": "a:v1", "namespace": "other"}),
            f"{REGISTRY}/other/a:v1",
            True,
        ),
        (build_config({"kind": "DockerImage", "name": "r/a:v1"}), "r/a:v1", True),
        (build_config({"kind": "DockerImage", "name": "r/a"}), "r/a:latest", True),
        (build_config({"kind": "DockerImage", "name": "r/a:v1"}), "r/a:v2", False),
        (build_config({}), "", False),
        (SHIPWRIGHT, "r/a:v1", True),
        (OPENSHIFT_BUILD, "r/a:v1", False),
        (job(args=["--destination=r/a:v1"]), "r/a:v1", True),
        (job(args=["--destination=r/a:v10"]), "r/a:v1", False),
        (job(args=["--destination=host/r/a:v1"]), "r/a:v1", False),
        (job(args=["--destination=r/a"]), "r/a:latest", True),
        (job(command=["sh", "-c", "buildah push r/a:v1\n"]), "r/a:v1", True),
        (job(env=[{"name": "IMAGE", "value": "r/a:v1"}, {"name": "X"}]), "r/a:v1", True),
        (job(), "kaniko:latest", False),
        ({"apiVersion": "v1", "kind": "ConfigMap", "data": {"x": "r/a:v1"}}, "r/a:v1", False),
    ],
)
def test_a_builder_makes_what_it_pushes(manifest: dict[str, Any], image: str, is_made: bool) -> None:
    index = BuilderIndex()
    builder = builder_of(manifest)
    if builder is not None:
        index.add("b", builder)
    assert index.maker_of(image, KERNEL) == ("b" if is_made else "")


def indexed(*builders: tuple[str, dict[str, Any], str]) -> BuilderIndex:
    index = BuilderIndex()
    for identity, manifest, kernel in builders:
        builder = builder_of(manifest)
        assert builder is not None
        index.add(identity, builder, kernel)
    return index


@pytest.mark.parametrize(
    ("image", "is_theirs"),
    [
        (f"r/a:{KERNEL}", True),
        (f"r/ab:{KERNEL}", False),
        ("r/a:sidecar-1", False),
        (f"{REGISTRY}/ns/a:v2", True),
        (f"{REGISTRY}/ns/b:v2", False),
    ],
)
def test_a_tag_is_for_builders_to_make_if_they_push_others_like_it(image: str, is_theirs: bool) -> None:
    outside = build_config({"kind": "DockerImage", "name": "r/a:v1"})
    inside = build_config({"kind": "ImageStreamTag", "name": "a:v1"})
    assert indexed(("b", outside, ""), ("c", inside, "")).should_make(image, KERNEL) == is_theirs


def test_a_kernel_takes_the_image_of_its_own_build_first() -> None:
    push = build_config({"kind": "DockerImage", "name": "r/a:v1"})
    index = indexed(("one", push, "1"), ("two", push, "2"))
    assert [index.maker_of("r/a:v1", each) for each in ("1", "2", "3")] == ["one", "two", "one"]
    assert index.kernels_of("r/a:v1") == ("1", "2")
    assert indexed(("all", push, "")).kernels_of("r/a:v1") == ()


def test_a_job_of_another_kernel_makes_what_names_no_kernel_alone() -> None:
    common, own = job(args=["r/a:v1"]), job(args=[f"r/a:{KERNEL}"])
    index = indexed(("common", common, "1"), ("own", own, "1"))
    assert index.maker_of("r/a:v1", "2") == "common"
    assert (index.maker_of(f"r/a:{KERNEL}", KERNEL), index.maker_of(f"r/a:{KERNEL}", "1")) == ("", "own")


def test_the_images_of_a_workload_are_those_of_all_its_containers_once() -> None:
    spec = {
        "initContainers": [{"image": "i:1"}],
        "containers": [{"image": "c:1"}, {"image": "i:1"}, {"name": "none"}],
    }
    pod = {"kind": "Pod", "spec": spec}
    cron = {"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": {"spec": spec}}}}}
    assert images_of(pod) == images_of(cron) == ("i:1", "c:1", "")  # type: ignore[arg-type]
    assert images_of({"kind": "ConfigMap", "spec": spec}) == ()  # type: ignore[dict-item]
