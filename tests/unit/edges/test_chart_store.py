"""Where charts are found.

Matrix: folders and archives, nested and damaged ones, links, `cm://` in both spellings, ignored files,
limits. Left out: what a chart is, which `tests/unit/charts` decides.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from sro_render.charts.configmap import write_chart_configmap
from sro_render.charts.package import package_chart
from sro_render.edges.chart_files import read_chart_folder
from sro_render.edges.chart_store import ChartStore
from sro_render.errors import ChartError, InputError, SroError
from sro_render.limits import Limits
from sro_render.model.specialresource import ChartReference

LIMITS = Limits()


def make_chart(folder: Path, name: str = "kmod", version: str = "1.0.0", **files: str) -> Path:
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text(f"apiVersion: v2\nname: {name}\nversion: {version}\n")
    (folder / "templates" / "0000-a.yaml").write_text(f"# {version}\n")
    for file, text in files.items():
        (folder / file).write_text(text)
    return folder


def archive_of(folder: Path) -> tuple[str, bytes]:
    package = package_chart(read_chart_folder(folder, LIMITS), folder.as_posix(), LIMITS)
    return package.file_name, package.data


def find(folder: Path, name: str = "kmod", version: str = "1.0.0", url: str = "file:///charts") -> Any:
    store = ChartStore.over(str(folder), [], LIMITS)
    return store.find(ChartReference(name=name, version=version, url=url))


def test_a_chart_is_found_by_name_and_version_whatever_its_folder_is_called(tmp_path: Path) -> None:
    make_chart(tmp_path / "a", version="1.0.0")
    make_chart(tmp_path / "vendor" / "deep" / "b", version="2.0.0")
    assert find(tmp_path, version="1.0.0").origin == (tmp_path / "a").as_posix()
    assert find(tmp_path, version="2.0.0").origin == (tmp_path / "vendor" / "deep" / "b").as_posix()


def test_the_folder_may_be_the_chart_itself(tmp_path: Path) -> None:
    chart = make_chart(tmp_path / "kmod")
    assert find(chart).origin == chart.as_posix()


def test_an_archive_is_the_same_chart_as_its_folder(tmp_path: Path) -> None:
    chart = make_chart(tmp_path / "src" / "kmod")
    name, data = archive_of(chart)
    (tmp_path / "charts").mkdir()
    (tmp_path / "charts" / name).write_bytes(data)
    found = find(tmp_path / "charts")
    assert found.origin.endswith("/kmod-1.0.0.tgz")
    assert found.chart.digest == find(tmp_path / "src").chart.digest


@pytest.mark.parametrize("url", ["cm://ns/charts", "cm:///ns/charts"])
def test_a_chart_in_a_config_map_comes_before_the_folder(tmp_path: Path, url: str) -> None:
    chart = make_chart(tmp_path / "kmod")
    package = package_chart(read_chart_folder(chart, LIMITS), "kmod", LIMITS)
    config_map = write_chart_configmap([package], namespace="ns", name="charts")
    store = ChartStore.over(str(tmp_path), [config_map], LIMITS)
    found = store.find(ChartReference(name="kmod", version="1.0.0", url=url))
    assert found.origin == "cm://ns/charts"
    assert found.chart.digest == find(tmp_path).chart.digest


def test_sub_charts_are_not_charts_of_the_store(tmp_path: Path) -> None:
    make_chart(tmp_path / "kmod")
    make_chart(tmp_path / "kmod" / "charts" / "sub", name="sub")
    with pytest.raises(ChartError) as caught:
        find(tmp_path, name="sub")
    assert caught.value.finding.code == "chart-not-found"


def test_a_damaged_chart_of_another_name_is_nobodys_concern(tmp_path: Path) -> None:
    make_chart(tmp_path / "kmod")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "Chart.yaml").write_text("{")
    (tmp_path / "other-1.0.0.tgz").write_bytes(b"no archive")
    assert find(tmp_path).chart.name == "kmod"


def test_a_damaged_chart_that_is_looked_for_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "kmod-1.0.0.tgz").write_bytes(b"no archive")
    with pytest.raises(SroError):
        find(tmp_path)


def test_a_link_to_a_chart_elsewhere_is_not_followed(tmp_path: Path) -> None:
    make_chart(tmp_path / "outside" / "kmod")
    (tmp_path / "charts").mkdir()
    (tmp_path / "charts" / "kmod").symlink_to(tmp_path / "outside" / "kmod")
    with pytest.raises(ChartError):
        find(tmp_path / "charts")


@pytest.mark.parametrize("target", ["/etc/hostname", "../../secret"])
def test_a_link_out_of_a_chart_is_refused_by_name(tmp_path: Path, target: str) -> None:
    (tmp_path / "secret").write_text("s")
    chart = make_chart(tmp_path / "charts" / "kmod")
    (chart / "values.yaml").symlink_to(target)
    with pytest.raises(ChartError) as caught:
        find(tmp_path / "charts")
    assert str(caught.value) == (
        f"error[chart-link]: {chart.as_posix()}/values.yaml is a link that leads out of the chart\n"
        "  help: copy the file into the chart"
    )


def test_a_link_inside_a_chart_is_the_file(tmp_path: Path) -> None:
    chart = make_chart(tmp_path / "kmod")
    (chart / "notes.md").symlink_to("Chart.yaml")
    assert read_chart_folder(chart, LIMITS)["notes.md"] == (chart / "Chart.yaml").read_bytes()


def test_ignored_files_are_no_part_of_the_chart(tmp_path: Path) -> None:
    chart = make_chart(tmp_path / "kmod", **{".helmignore": "*.bak\n", "a.bak": "x", "b.txt": "y"})
    assert sorted(read_chart_folder(chart, LIMITS)) == [
        ".helmignore",
        "Chart.yaml",
        "b.txt",
        "templates/0000-a.yaml",
    ]


@pytest.mark.parametrize("limits", [replace(LIMITS, max_chart_files=2), replace(LIMITS, max_chart_bytes=40)])
def test_a_folder_beyond_the_limits_is_refused(tmp_path: Path, limits: Limits) -> None:
    chart = make_chart(tmp_path / "kmod", **{"a.txt": "x" * 30})
    with pytest.raises(ChartError) as caught:
        read_chart_folder(chart, limits)
    assert caught.value.finding.code == "chart-too-large"


def test_a_charts_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "charts").mkdir()
    with pytest.raises(InputError) as caught:
        ChartStore.over(str(tmp_path / "chart"), [], LIMITS)
    assert str(caught.value) == (
        f"error[no-such-file]: there is no folder {tmp_path}/chart\n"
        "  --> --charts\n"
        f"  help: did you mean {tmp_path}/charts?"
    )


def test_links_inside_the_chart_are_followed(tmp_path: Path) -> None:
    chart = make_chart(tmp_path / "kmod")
    (chart / "more").symlink_to("templates")
    (chart / "values-copy.yaml").symlink_to("Chart.yaml")
    files = read_chart_folder(chart, LIMITS)
    assert {name for name in files if name.startswith("more/")}
    assert files["values-copy.yaml"] == files["Chart.yaml"]


@pytest.mark.parametrize(
    ("target", "error"),
    [
        ("..", "is a link that leads out of the chart\n  help: copy the file into the chart"),
        ("../secret", "is a link that leads out of the chart\n  help: copy the file into the chart"),
        ("nowhere", "is a link that leads to nothing\n  help: remove it, or give it the path of a file"),
    ],
)
def test_links_that_lead_out_or_to_nothing_are_refused_by_name(
    tmp_path: Path, target: str, error: str
) -> None:
    chart = make_chart(tmp_path / "kmod")
    (tmp_path / "secret").write_text("secret")
    (chart / "more").symlink_to(target)
    with pytest.raises(ChartError) as caught:
        read_chart_folder(chart, LIMITS)
    assert str(caught.value) == f"error[chart-link]: {chart}/more {error}"


def test_links_that_go_round_in_circles_end(tmp_path: Path) -> None:
    chart = make_chart(tmp_path / "kmod")
    (chart / "templates/round").symlink_to("../templates")
    with pytest.raises(ChartError) as caught:
        read_chart_folder(chart, LIMITS)
    assert str(caught.value) == (
        f"error[chart-link]: {chart}/templates/round/round/round/round/round is a link that lies behind 4 others\n"
        "  help: look for a link to a folder around it"
    )
