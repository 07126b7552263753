"""`build --target`: what is written, what stays, and what is refused.

Matrix: missing and wrong options, findings under --strict, one target after another, an Unmanaged SR and a
kernel that fails beside the target's own files. What these files say is left to tests/helm/test_targets.py
and tests/laws/test_target_laws.py.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

EXAMPLE = Path(__file__).parents[3] / "examples" / "03-accelerator-stack"
ARGO = (
    "--target",
    "argocd",
    "--target-option",
    "repoURL=https://git.example.com/x",
    "--target-option",
    "path=all",
)
FLUX = ("--target", "flux", "--target-option", "sourceRef.name=x", "--target-option", "path=all")
LANE = "5.14.0-284.57.1.el9_2.aarch64"


def build(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    inputs = ("specialresource.yaml", "--inventory", "cluster.yaml", "--charts", "charts", "--out", "out")
    return subprocess.run(
        [sys.executable, "-m", "sro_render", "build", *inputs, *options],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def example(tmp_path: Path) -> Path:
    return shutil.copytree(EXAMPLE, tmp_path / "example")


def files(folder: Path) -> dict[str, bytes]:
    root = folder / "out" / "lab"
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def lock(folder: Path) -> Any:
    return yaml.safe_load((folder / "out" / "lab" / "sro.lock.yaml").read_text("utf-8"))


def test_what_a_target_lacks_is_said_beside_all_other_faults(tmp_path: Path) -> None:
    done = build(
        example(tmp_path),
        "--target",
        "flux",
        "--target-option",
        "sourceref.name=x",
        "--target-option",
        "path",
    )
    assert done.returncode == 2
    assert "--target-option 'path' has no value" in done.stderr
    done = build(tmp_path / "example", "--target", "flux", "--target-option", "sourceref.name=x")
    assert done.returncode == 2
    assert done.stderr == (
        "error[target-option]: the target flux needs sourceRef.name\n"
        "  --> target.flux.sourceRef.name\n"
        "  help: give --target-option sourceRef.name=flux-system, or target.flux.sourceRef.name in sro.yaml\n"
        "error[target-option]: the target flux needs path\n"
        "  --> target.flux.path\n"
        "  help: give --target-option path=clusters, or target.flux.path in sro.yaml\n"
        "error[target-option]: the target flux has no option sourceref.name\n"
        "  --> target.flux.sourceref.name\n"
        "  help: did you mean sourceRef.name?\n"
        "nothing was written: 3 errors\n"
    )


def test_plain_takes_no_options(tmp_path: Path) -> None:
    done = build(example(tmp_path), "--target-option", "path=x")
    assert done.returncode == 2
    assert "the target plain has no option path" in done.stderr


def test_the_lock_lists_the_targets_files_and_what_it_was_told(tmp_path: Path) -> None:
    folder = example(tmp_path)
    assert build(folder, *ARGO).returncode == 0
    assert lock(folder)["options"]["target"] == "argocd"
    assert lock(folder)["options"]["targetOptions"] == {"path": "all", "repoURL": "https://git.example.com/x"}
    assert set(lock(folder)["files"]) == set(files(folder)) - {"sro.lock.yaml"}
    assert any(path.startswith("_argocd/orion/") for path in files(folder))


def test_the_limits_of_a_target_are_findings_that_can_be_accepted(tmp_path: Path) -> None:
    folder = example(tmp_path)
    done = build(folder, *FLUX, "--strict", "-o", "json")
    assert done.returncode == 1
    found = [each["code"] for each in json.loads(done.stdout)["errors"]]
    assert found == ["target-node-labels", "target-driver-kept", "target-lane-holds-up"]
    accepted = ("--target-option", f"accept={','.join(found)}")
    assert build(folder, *FLUX, *accepted, "--strict").returncode == 0


def test_another_target_leaves_nothing_of_the_one_before(tmp_path: Path) -> None:
    folder = example(tmp_path)
    assert build(folder).returncode == 0
    plain = files(folder)
    for options in (ARGO, FLUX):
        assert build(folder, *options).returncode == 0
    assert not any("argo" in path for path in files(folder))
    assert build(folder).returncode == 0
    assert files(folder) == plain


def test_the_same_build_again_changes_nothing(tmp_path: Path) -> None:
    folder = example(tmp_path)
    assert build(folder, *FLUX).returncode == 0
    before = files(folder)
    done = build(folder, *FLUX)
    assert "up to date" in done.stdout
    assert files(folder) == before


def unmanage(folder: Path) -> None:
    path = folder / "specialresource.yaml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("\nspec:\n", "\nspec:\n  managementState: Unmanaged\n"))


def test_an_unmanaged_resource_stays_with_all_that_applies_it(tmp_path: Path) -> None:
    folder = example(tmp_path)
    for options in (ARGO, FLUX):
        assert build(folder, *options).returncode == 0
        before = files(folder)
        original = (folder / "specialresource.yaml").read_text("utf-8")
        unmanage(folder)
        assert build(folder, *options).returncode == 0
        after = files(folder)
        (folder / "specialresource.yaml").write_text(original)
        before.pop("sro.lock.yaml")
        after.pop("sro.lock.yaml")
        assert after == before


def test_files_that_stay_are_not_handed_to_another_target(tmp_path: Path) -> None:
    folder = example(tmp_path)
    assert build(folder, *ARGO).returncode == 0
    before = files(folder)
    unmanage(folder)
    done = build(folder, *FLUX)
    assert done.returncode == 2
    assert (
        "error[output-target-changed]: files that stay as they are were written for the target argocd, not for flux"
        in done.stderr
    )
    assert files(folder) == before


def test_a_kernel_that_fails_keeps_its_lane(tmp_path: Path) -> None:
    folder = example(tmp_path)
    for options in (ARGO, FLUX):
        template = folder / "charts" / "orion" / "templates" / "2000-driver.yaml"
        original = template.read_text("utf-8")
        assert build(folder, *options).returncode == 0
        before = files(folder)
        fails = f'{{{{ if eq .Values.kernelFullVersion "{LANE}" }}}}{{{{ fail "no" }}}}{{{{ end }}}}\n'
        template.write_text(fails + original)
        assert build(folder, *options, "--keep-going").returncode == 1
        after = files(folder)
        template.write_text(original)
        assert set(after) == set(before)
        own = {path for path in before if path.startswith("_")}
        assert {path: after[path] for path in own} == {path: before[path] for path in own}
        lane = {path for path in before if f"/{LANE}/" in path}
        assert lane
        assert {path: after[path] for path in lane} == {path: before[path] for path in lane}
