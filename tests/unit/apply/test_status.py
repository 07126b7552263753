"""`sro-apply status`: the table, the JSON, and the exit codes where no cluster is needed.

Matrix: ready, at work, failed, not begun; kernels, one and many that stand alike, and what exists once;
stale nodes; an empty bundle; wrong input
and no server. Left out: what a cluster answers, which tests/cluster has.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from sro_apply.cli.main import run
from sro_apply.planning.picture import Picture, SeenNode, SeenObject, SeenResource, SeenStep
from sro_apply.planning.progress import Status, StepKey
from sro_apply.reporting.metrics import Work
from sro_apply.reporting.page import page
from sro_apply.reporting.status_text import status_json, status_table
from sro_apply.reporting.summary import is_ready
from sro_render.model.objects import ObjectId

GOLDEN = Path(__file__).parents[2] / "golden" / "01-simple-kmod" / "cluster"


def driver(name: str, nodes: tuple[str, ...], served: tuple[str, ...]) -> SeenObject:
    return SeenObject(id=ObjectId("apps/v1", "DaemonSet", "sr", name), nodes=nodes, served=served)


def step(
    state: str,
    status: Status,
    reason: str = "",
    *,
    kernel: str = "",
    objects: tuple[SeenObject, ...] = (),
) -> SeenStep:
    return SeenStep(key=StepKey("sr", state, kernel), status=status, reason=reason, objects=objects)


PICTURE = Picture(
    cluster="lab",
    steps=(
        step("namespace", Status.READY),
        step("0000-build", Status.READY, kernel="4.18"),
        step("0000-build", Status.FAILED, "Build/sr/b: failed:\nlast line", kernel="5.14"),
        step(
            "1000-driver",
            Status.APPLIED,
            "DaemonSet/sr/d: 1 of 2 pods are ready (b)",
            kernel="4.18",
            objects=(driver("d", ("a", "b"), ("a",)), driver("e", ("a",), ("a",))),
        ),
        step("1000-driver", Status.WAITING, "waits for sr / 0000-build / 5.14", kernel="5.14"),
    ),
    nodes=(
        SeenNode(name="a", kernel="4.18"),
        SeenNode(name="b", kernel="4.18"),
        SeenNode(name="c", kernel="6.0"),
    ),
    resources=(SeenResource(name="sr", lanes=("4.18", "5.14"), nodes=("a", "b", "c")),),
    kernels={"4.18": ("a", "b")},
)


def test_the_table_has_states_by_kernels_and_what_is_in_the_way() -> None:
    assert status_table(PICTURE) == (
        "sr: not ready, 3 nodes\n"
        "  kernel  nodes  namespace  0000-build  1000-driver\n"
        "  (once)         ready\n"
        "  4.18    2                 ready       at work 1/2\n"
        "  5.14    0                 failed      not begun\n"
        "  0000-build / 5.14: failed: Build/sr/b: failed:\n"
        "      last line\n"
        "  1000-driver / 4.18: at work: DaemonSet/sr/d: 1 of 2 pods are ready (b)\n"
        "  1000-driver / 5.14: not begun: waits for sr / 0000-build / 5.14\n"
    )


def new_cluster(count: int) -> Picture:
    """A bundle for so many kernels, of which nothing is applied: kernel N runs on N nodes."""
    kernels = [f"5.{number}.0" for number in range(1, count + 1)]

    def build(number: int) -> SeenObject:
        return SeenObject(id=ObjectId("build.openshift.io/v1", "BuildConfig", "sr", f"b-{number:016x}"))

    waiting = [
        step("0000-build", Status.WAITING, "waits for sr / namespace", kernel=kernel) for kernel in kernels
    ]
    at_work = [
        step(
            "1000-kept",
            Status.APPLIED,
            f"BuildConfig/sr/b-{number:016x}: build b-{number:016x}-1 of {kernel} is New",
            kernel=kernel,
            objects=(build(number),),
        )
        for number, kernel in enumerate(kernels)
    ]
    after_it = [
        step("2000-driver", Status.WAITING, f"waits for sr / 0000-build / {kernel}", kernel=kernel)
        for kernel in kernels
    ]
    nodes = [
        SeenNode(name=f"{kernel}-{of}", kernel=kernel)
        for at, kernel in enumerate(kernels)
        for of in range(at + 1)
    ]
    return Picture(
        cluster="lab",
        steps=(step("namespace", Status.WAITING, "not applied yet"), *waiting, *at_work, *after_it),
        nodes=tuple(nodes),
        resources=(SeenResource(name="sr", lanes=tuple(kernels), nodes=tuple(node.name for node in nodes)),),
        kernels={},
    )


def test_what_is_the_same_for_many_kernels_is_one_line() -> None:
    text = status_table(new_cluster(7))
    assert text[text.index("  namespace: ") :] == (
        "  namespace: not begun: not applied yet\n"
        "  0000-build / 7 kernels on 28 nodes (5.1.0, 5.2.0, 5.3.0, 5.4.0, 5.5.0 and 2 more): "
        "not begun: waits for sr / namespace\n"
        "  1000-kept / 7 kernels on 28 nodes (5.1.0, 5.2.0, 5.3.0, 5.4.0, 5.5.0 and 2 more): "
        "at work: BuildConfig/sr/b-…: build b-…-1 of … is New\n"
        "  2000-driver / 7 kernels on 28 nodes (5.1.0, 5.2.0, 5.3.0, 5.4.0, 5.5.0 and 2 more): "
        "not begun: waits for sr / 0000-build / the same kernel\n"
    )
    assert "\n  5.7.0   7 " in text  # a row for each kernel stays
    assert status_table(new_cluster(1)).endswith(
        "  0000-build / 5.1.0: not begun: waits for sr / namespace\n"
        "  1000-kept / 5.1.0: at work: BuildConfig/sr/b-0000000000000000: build b-0000000000000000-1 of 5.1.0 is New\n"
        "  2000-driver / 5.1.0: not begun: waits for sr / 0000-build / 5.1.0\n"
    )


def test_the_page_says_the_same_of_many_kernels_once() -> None:
    text = page(new_cluster(100), Work(version="1"))
    assert text.count("<li>") == 4
    assert "0000-build / 100 kernels on 5050 nodes (5.1.0, 5.2.0, 5.3.0, 5.4.0, 5.5.0 and 95 more)" in text


def test_the_json_has_each_step_by_itself() -> None:
    (resource,) = json.loads(status_json(new_cluster(7)))["specialResources"]
    assert [(each["state"], each["kernel"]) for each in resource["steps"][:3]] == [
        ("namespace", ""),
        ("0000-build", "5.1.0"),
        ("0000-build", "5.2.0"),
    ]
    assert len(resource["steps"]) == 22


def test_the_json_names_the_nodes() -> None:
    document = json.loads(status_json(PICTURE))
    assert (document["cluster"], document["ready"]) == ("lab", False)
    (resource,) = document["specialResources"]
    assert (resource["name"], resource["status"], resource["nodes"]) == ("sr", "failed", 3)
    assert resource["staleNodes"] == [{"kernel": "6.0", "nodes": ["c"], "served": False}]
    assert resource["steps"][3] == {
        "state": "1000-driver",
        "kernel": "4.18",
        "status": "applied",
        "reason": "DaemonSet/sr/d: 1 of 2 pods are ready (b)",
        "nodes": {"expected": ["a", "b"], "ready": ["a"]},
    }
    assert "nodes" not in resource["steps"][0]


def test_what_is_ready_is_said_shortly() -> None:
    well = Picture(cluster="lab", steps=(step("namespace", Status.READY),))
    assert status_table(well) == "sr: ready\n  kernel  nodes  namespace\n  (once)         ready\n"
    assert is_ready(well)
    assert status_table(Picture(cluster="lab")) == "lab: the bundle has nothing in it\n"


@pytest.mark.parametrize(("kernel", "ready"), [("4.18", True), ("5.14", True), ("6.0", False)])
def test_a_node_that_no_kernel_of_the_bundle_serves_is_not_ready(kernel: str, *, ready: bool) -> None:
    given = Picture(
        cluster="lab",
        steps=(step("namespace", Status.READY),),
        nodes=(SeenNode(name="a", kernel=kernel),),
        resources=(SeenResource(name="sr", lanes=("4.18", "5.14"), nodes=("a",)),),
        kernels={"4.18": ("a",)},
    )
    assert is_ready(given) is ready


def test_wrong_input_and_a_server_that_is_not_there_have_their_exit_codes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config"
    config.write_text(
        'apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]\n'
        "users: [{name: u, user: {token: t}}]\ncontexts: [{name: c, context: {cluster: c, user: u}}]\n",
        encoding="utf-8",
    )
    assert run(["status", str(tmp_path / "nowhere"), "--kubeconfig", str(config)]) == 2
    assert "error[" in capsys.readouterr().err
    assert run(["status", str(GOLDEN), "--kubeconfig", str(config)]) == 4
    assert "error[server-unreachable]" in capsys.readouterr().err


def test_what_a_server_says_is_json_and_steers_no_terminal() -> None:
    strange = replace(PICTURE, cluster="a\x9b2J\U000e0001b")
    text = status_json(strange)
    assert text.replace("\n", "").isprintable()
    assert json.loads(text)["cluster"] == "a\x9b2J\U000e0001b"
