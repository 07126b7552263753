"""The Job that waits for a build: what its script does, and how its name follows the build.

Matrix: the script in a real shell with an `oc` that answers from a table, for builds that are there, that
are of another revision, that fail, that are not there yet, and for a server that refuses. Left out: a real
OpenShift, which cannot be had here.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sro_render.model.bundle import Bundle, RenderedObject, RenderedResource, State, StateName
from sro_render.model.objects import JsonObject, object_id
from sro_render.targets.build_waits import SCRIPT, WaitOptions, is_wait, with_waits

OC = """#!/bin/sh
echo "$*" >> "$LOG"
case "$1 $2" in
  "get builds") cat "$STATE/builds" ;;
  "start-build "*) [ ! -e "$STATE/refused" ] || { echo 'Error: forbidden' >&2; exit 1; }
    echo build.build.openshift.io/new | tee -a "$STATE/builds"; echo Complete > "$STATE/phase-new" ;;
  "label "*) echo labelled ;;
  get\\ *) name=${2##*/}
    case "$4" in
      *build-revision*) printf '%s/%s' "$(cat "$STATE/revision-$name" 2>/dev/null)" "$(head -n 1 "$STATE/phase-$name")" ;;
      *message*) printf '%s: it broke' "$(head -n 1 "$STATE/phase-$name")" ;;
      *) head -n 1 "$STATE/phase-$name"
         [ "$(wc -l < "$STATE/phase-$name")" = 1 ] || sed -i 1d "$STATE/phase-$name" ;;
    esac ;;
esac
"""


def run(
    folder: Path, *, grace_s: int = 0, refused: bool = False, **builds: tuple[str, str]
) -> tuple[int, str, str]:
    """Run the script among builds, oldest first, each with its revision and phase."""
    state = folder / "state"
    state.mkdir()
    (state / "builds").write_text("".join(f"build.build.openshift.io/{name}\n" for name in builds))
    for name, (revision, phase) in builds.items():
        (state / f"phase-{name}").write_text(f"{phase}\n")
        if revision:
            (state / f"revision-{name}").write_text(revision)
    if refused:
        (state / "refused").touch()
    for name, text in {"oc": OC, "sleep": "#!/bin/sh\n:\n"}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    environment = {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "LOG": str(folder / "log"),
        "STATE": str(state),
        "BUILD_CONFIG": "driver",
        "REVISION": "r2",
        "GRACE_S": str(grace_s),
    }
    done = subprocess.run(
        ["/bin/sh", "-euc", SCRIPT], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, done.stdout, (folder / "log").read_text()


def test_a_build_of_this_revision_that_is_complete_is_enough(tmp_path: Path) -> None:
    code, _, log = run(tmp_path, old=("r1", "Complete"), mine=("r2", "Complete"))
    assert code == 0
    assert "start-build" not in log


def test_a_build_that_a_trigger_started_is_taken_for_this_revision(tmp_path: Path) -> None:
    code, _, log = run(tmp_path, first=("", "New\nRunning\nComplete"))
    assert code == 0
    assert "start-build" not in log
    assert "label --overwrite build.build.openshift.io/first sro.openshift.io/build-revision=r2" in log


def test_a_build_of_an_earlier_revision_is_not(tmp_path: Path) -> None:
    code, _, log = run(tmp_path, old=("r1", "Complete"))
    assert code == 0
    assert "start-build driver -o name" in log
    assert "label --overwrite build.build.openshift.io/new sro.openshift.io/build-revision=r2" in log


def test_without_any_build_one_is_started(tmp_path: Path) -> None:
    code, _, log = run(tmp_path)
    assert code == 0
    assert log.count("get builds") == 1
    assert "start-build driver -o name" in log


def test_a_trigger_is_given_a_minute_to_start_one(tmp_path: Path) -> None:
    code, _, log = run(tmp_path, grace_s=60)
    assert code == 0
    assert log.count("get builds") == 13


def test_a_failed_build_fails_the_job_with_its_reason(tmp_path: Path) -> None:
    code, text, _ = run(tmp_path, first=("", "Failed"))
    assert code == 1
    assert "Failed: it broke" in text


def test_the_next_try_starts_a_failed_build_again(tmp_path: Path) -> None:
    code, _, log = run(tmp_path, first=("r2", "Failed"))
    assert code == 0
    assert "start-build driver -o name" in log


def test_a_server_that_refuses_fails_the_job(tmp_path: Path) -> None:
    code, *_ = run(tmp_path, refused=True)
    assert code != 0


def build_config(name: str, spec: JsonObject, kernel: str = "k") -> RenderedObject:
    manifest: JsonObject = {
        "apiVersion": "build.openshift.io/v1",
        "kind": "BuildConfig",
        "metadata": {
            "name": name,
            "namespace": "n",
            "annotations": {"sro.openshift.io/kernel": kernel, "sro.openshift.io/digest": "d"},
        },
        "spec": spec,
    }
    return RenderedObject(id=object_id(manifest), manifest=manifest, kernel=kernel)


def waits(*objects: RenderedObject) -> list[Any]:
    resource = RenderedResource(
        name="a",
        namespace="n",
        states=(State(name=StateName("0000-b"), objects=objects),),
        chart_name="",
        chart_version="",
        chart_digest="",
    )
    done = with_waits(Bundle(cluster="c", resources=(resource,)), WaitOptions(image="i", timeout_s=9))
    return [each.manifest for each in done.resources[0].states[0].objects]


def test_a_job_comes_behind_its_build_and_its_rights_before_all_once() -> None:
    objects = waits(build_config("one", {}), build_config("two", {}))
    assert [each["kind"] for each in objects] == [
        "ServiceAccount", "Role", "RoleBinding", "BuildConfig", "Job", "BuildConfig", "Job",
    ]  # fmt: skip
    assert [is_wait(each) for each in objects] == [False, False, False, False, True, False, True]
    assert {each["metadata"]["name"] for each in objects[:3]} == {"wait-for-builds-of-a"}
    annotations = objects[4]["metadata"]["annotations"]
    assert annotations == {
        "sro.openshift.io/digest": "d",
        "sro.openshift.io/kernel": "k",
        "sro.openshift.io/state": "0000-b",
    }


@pytest.mark.parametrize(("trigger", "grace"), [("ConfigChange", "60"), ("ImageChange", "0")])
def test_only_who_starts_a_build_is_given_time_to(trigger: str, grace: str) -> None:
    job = waits(build_config("one", {"triggers": [{"type": trigger}]}))[-1]
    environment = job["spec"]["template"]["spec"]["containers"][0]["env"]
    assert {"name": "GRACE_S", "value": grace} in environment


def test_a_changed_build_has_another_job_and_a_long_name_keeps_its_end() -> None:
    first, other = (waits(build_config("x" * 80 + "-hash", {"a": value}))[-1] for value in (1, 2))
    names = [each["metadata"]["name"] for each in (first, other)]
    assert names[0] != names[1]
    assert all(len(name) <= 63 and "x-hash-" in name for name in names)
