"""Shards together are one run: the same files with the same bytes, whatever their number and order.

Law: for any number of clusters and shards, in any order, the union of what the shards write is what one run
writes, and no two shards write one cluster. Judge: the one run. The example's Job is tried as Kubernetes
would run it, and its form by Kubernetes' own schema (the package kubernetes-validate). Left out: `--git`, and what a shard prints.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sro_render.cli.config_options import Shard
from sro_render.cli.main import run
from sro_render.edges.kube_schemas import load_schemas

EXAMPLE = Path(__file__).parents[2] / "examples" / "08-sharded-fleet"
JOB: dict[str, Any] = yaml.safe_load((EXAMPLE / "job.yaml").read_text("utf-8"))


def files(folder: Path) -> Mapping[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@given(st.lists(st.integers()), st.integers(min_value=1, max_value=20))
def test_every_item_is_in_one_shard_and_shards_differ_by_one_at_most(items: list[int], number: int) -> None:
    shards = [Shard(index, number).of(items) for index in range(number)]
    assert sorted(item for shard in shards for item in shard) == sorted(items)
    assert max(map(len, shards)) - min(map(len, shards)) <= 1


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    """What one run writes."""
    copy = shutil.copytree(EXAMPLE, tmp_path_factory.mktemp("whole") / "fleet")
    assert run(["-q", "build", "--config", str(copy / "sro.yaml")]) == 0
    return files(copy / "out")


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(min_value=1, max_value=7).flatmap(lambda number: st.permutations(range(number))))
def test_shards_in_any_order_write_what_one_run_writes(
    tmp_path_factory: pytest.TempPathFactory, whole: Mapping[str, bytes], order: Sequence[int]
) -> None:
    copy = shutil.copytree(EXAMPLE, tmp_path_factory.mktemp("shards") / "fleet")
    seen: dict[str, bytes] = {}
    for index in order:
        assert (
            run(["-q", "build", "--config", str(copy / "sro.yaml"), "--shard", f"{index}/{len(order)}"]) == 0
        )
        now = files(copy / "out") if (copy / "out").exists() else {}
        assert {path: now[path] for path in seen} == seen
        seen = dict(now)
    assert seen == whole


def test_kubernetes_takes_the_job() -> None:
    schemas = load_schemas((1, 31))
    assert schemas is not None
    schema = schemas.of("batch/v1", "Job")
    assert schema is not None
    assert list(schema.faults(JOB)) == []
    assert list(schema.faults({**JOB, "spec": {**JOB["spec"], "backofLimitPerIndex": 1}})) != []


def test_the_job_run_as_kubernetes_runs_it_writes_what_one_run_writes(
    tmp_path: Path, whole: Mapping[str, bytes]
) -> None:
    copy = shutil.copytree(EXAMPLE, tmp_path / "repository")
    container = JOB["spec"]["template"]["spec"]["containers"][0]
    command: list[str] = [*container["command"], *container["args"]]
    assert (command[0], JOB["spec"]["completionMode"]) == ("sro-render", "Indexed")
    pods = [
        subprocess.Popen(
            # Kubernetes puts the variable in before the program starts: there is no shell.
            [
                sys.executable,
                "-m",
                "sro_render",
                *(each.replace("$(JOB_COMPLETION_INDEX)", str(index)) for each in command[1:]),
            ],
            cwd=copy,
            stdout=subprocess.DEVNULL,
        )
        for index in range(JOB["spec"]["completions"])
    ]
    assert [pod.wait() for pod in pods] == [0] * JOB["spec"]["parallelism"]
    assert files(copy / "out") == whole
