"""A diff as annotations of GitHub.

Matrix: losses, marks with and without a file, more of them than GitHub shows, nothing to say, hostile text.
Left out: GitHub itself, whose documentation of workflow commands is the judge.
"""

from __future__ import annotations

import diff_samples
from msgspec.structs import replace

from sro_render.diff.records import DriverLoss, Mark
from sro_render.review.diff_github import diff_github_report

DRIVER = "orion/2000-driver/5.14.0-284.57.1.el9_2.aarch64/daemonset-orion-driver-f839fadea9595db5.yaml"


def test_losses_are_errors_and_marks_are_warnings_at_their_files() -> None:
    assert diff_github_report(diff_samples.upgrade(), "out/lab") == "".join(
        f"{line}\n"
        for line in (
            "::error title=node-without-driver::w1 would lose orion's driver for 5.14.0-284.52.1.el9_2.x86_64: DaemonSet/orion-system/orion-driver-2230d26c75599d2e goes",
            f"::warning title=new-privilege,file=out/lab/{DRIVER}::DaemonSet/orion-system/orion-driver in 3 kernels, spec.template.spec.hostPID: pods see the processes of the node",
            "::warning title=unloads-module::DaemonSet/orion-system/orion-driver in kernel 5.14.0-284.52.1.el9_2.x86_64: deleting it unloads the module on w1 and w2",
            "::warning title=immutable-field,file=out/lab/orion/3000-device-plugin/configmap-orion-device-plugin.yaml::ConfigMap/orion-system/orion-device-plugin, spec.selector: the API server refuses to change it",
            "::warning title=widened-rbac,file=out/lab/orion/4000-monitoring/clusterrole-orion-monitoring.yaml::ClusterRole/orion-system/orion-monitoring: may read every kind of object",
            "::notice title=sro-render diff::objects: 1 added, 6 changed, 1 removed, 1 rolled over; nodes: 8 touched, 1 without a driver",
        )
    )


def test_more_marks_than_github_shows_are_counted_and_stay_in_the_log() -> None:
    where = diff_samples.ref("ConfigMap", "a", "1000-a")
    marks = tuple(Mark(f"code-{number}", "##[error]text\n::error::more") for number in range(12))
    change = diff_samples.changed(where, marks=marks)
    diff = replace(
        diff_samples.upgrade(), changes=(change,), folded=(diff_samples.folded(change),), losses=()
    )
    lines = diff_github_report(diff).splitlines()
    commands = [line for line in lines if line.startswith("::warning ")]
    assert len(commands) == 10
    assert commands[-1] == "::warning title=sro-render diff::3 more such warnings: see the log of this step"
    assert [line for line in lines if not line.startswith("::")] == [
        f"code-{number}: orion/1000-a/configmap-a.yaml: ConfigMap/orion-system/a: ## [error]text ::error::more"
        for number in (9, 10, 11)
    ]


def test_nodes_that_lose_a_driver_for_one_reason_are_one_error() -> None:
    losses = tuple(
        DriverLoss(node=f"n{number:02}", kernel="k", special_resource="orion", reason="it goes")
        for number in range(25)
    )
    report = diff_github_report(replace(diff_samples.upgrade(), folded=(), losses=losses))
    names = ", ".join(f"n{number:02}" for number in range(20))
    assert (
        report.splitlines()[0]
        == f"::error title=node-without-driver::{names} and 5 more nodes would lose orion's driver for k: it goes"
    )


def test_hostile_text_stays_inside_its_command() -> None:
    lines = diff_github_report(diff_samples.hostile()).splitlines()
    assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in lines)


def test_objects_from_no_file_are_annotated_without_one() -> None:
    assert "file=" not in diff_github_report(diff_samples.upgrade(), None)
