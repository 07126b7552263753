"""Loading a chart from files.

Matrix: which file is what; every fault of Chart.yaml with its place; what the digest depends on;
.helmignore. Left out: equality with helm (tests/helm), archives as such (test_archive.py).
"""

from __future__ import annotations

import pytest

from sro_render.charts.archive import write_archive
from sro_render.charts.chart import Chart, load_chart
from sro_render.charts.ignore import without_ignored
from sro_render.errors import ArchiveError, ChartError, describe
from sro_render.limits import Limits

LIMITS = Limits()
HEAD = b"apiVersion: v2\nname: c\nversion: 1.0.0\n"


def load(files: dict[str, bytes], origin: str = "charts/c") -> Chart:
    return load_chart(files, origin, LIMITS)


def fault(files: dict[str, bytes]) -> str:
    with pytest.raises(ChartError) as caught:
        load(files)
    return describe(caught.value.finding)


def test_each_file_has_its_part() -> None:
    chart = load(
        {
            "Chart.yaml": HEAD + b"appVersion: 2\n",
            "Chart.lock": b"digest: x\n",
            "values.yaml": b"\xef\xbb\xbfa: 1\n",
            "values.schema.json": b"{}",
            "templates/a.yaml": b"a",
            "templates/_h.tpl": b"h",
            "crds/x.yaml": b"kind: X",
            "crds/README.md": b"r",
            "files/f": b"f",
            "charts/sub/Chart.yaml": HEAD.replace(b"c\n", b"sub\n"),
            "charts/sub/crds/y.JSON": b"{}",
            "charts/_ignored/x": b"x",
            "charts/sub.tgz.prov": b"p",
        }
    )
    assert (chart.name, chart.version, chart.app_version) == ("c", "1.0.0", "2")
    assert chart.values == {"a": 1.0}
    assert chart.schema is not None
    assert [file.name for file in chart.templates] == ["templates/_h.tpl", "templates/a.yaml"]
    assert [file.source_name for file in chart.templates] == [
        "charts/c/templates/_h.tpl",
        "charts/c/templates/a.yaml",
    ]
    assert [f.name for f in chart.files] == [
        "charts/sub.tgz.prov",
        "crds/README.md",
        "crds/x.yaml",
        "files/f",
    ]
    assert [file.name for file in chart.crds] == ["c/crds/x.yaml", "c/charts/sub/crds/y.JSON"]
    assert [sub.origin for sub in chart.dependencies] == ["charts/c/charts/sub"]


def test_sub_charts_in_archives_are_unpacked_and_named_after_them() -> None:
    inner = write_archive("leaf", {"Chart.yaml": HEAD.replace(b"c\n", b"leaf\n"), "templates/a.yaml": b"x"})
    chart = load({"Chart.yaml": HEAD, "charts/leaf-1.tgz": inner}, "c-1.0.0.tgz")
    leaf = chart.dependencies[0]
    assert leaf.templates[0].source_name == "c-1.0.0.tgz!c/charts/leaf-1.tgz!leaf/templates/a.yaml"


def test_all_archives_of_a_chart_share_one_limit() -> None:
    inner = write_archive("leaf", {"Chart.yaml": HEAD, "files/x": bytes(6_000)})
    with pytest.raises(ArchiveError, match="the files are too large together"):
        load_chart(
            {"Chart.yaml": HEAD, "charts/a.tgz": inner, "charts/b.tgz": inner},
            "c",
            Limits(max_chart_bytes=10_000),
        )


def test_a_chain_of_charts_inside_each_other_ends() -> None:
    data = {"Chart.yaml": HEAD}
    for _ in range(20):
        data = {"Chart.yaml": HEAD, **{f"charts/c/{name}": content for name, content in data.items()}}
    assert "error[chart-nesting]: charts lie more than 16 levels deep inside each other" in fault(data)


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        (b"version: 1.0.0\n", "the chart has no name", ""),
        (b"name: c\n", "the chart has no version", ""),
        (b"name: c\nversion: one\n", '"one" is not a version', ":2:"),
        (b"name: a/b\nversion: 1.0.0\n", '"a/b" is not a chart name', ":1:"),
        (b"name: ..\nversion: 1.0.0\n", '".." is not a chart name', ":1:"),
        (
            b"apiVersion: v3\nname: c\nversion: 1.0.0\n",
            'the chart has the version "v3" of the chart format',
            ":1:",
        ),
        (HEAD + b"type: lib\n", '"lib" is not a type of chart', ":4:"),
        (HEAD + b"keywords: x\n", "`keywords` must be a list", ":4:"),
        (HEAD + b"deprecated: maybe\n", "`deprecated` must be true or false", ":4:"),
        (HEAD + b"home: [x]\n", "`home` must be a text", ":4:"),
        (HEAD + b"annotations: [x]\n", "`annotations` must be a mapping", ":4:"),
        (HEAD + b"maintainers: [null]\n", "`maintainers[0]` must be a mapping", ":4:"),
        (HEAD + b"dependencies: [{name: a, alias: 'a b'}]\n", '"a b" is not an alias', ":4:"),
        (HEAD + b"dependencies: [{name: a}, {name: a}]\n", 'two dependencies are called "a"', ":4:"),
        (b"- a\n", "the file must hold a mapping", ":1:1"),
    ],
)
def test_faults_of_chart_yaml_are_named_with_their_place(text: bytes, message: str, place: str) -> None:
    shown = fault({"Chart.yaml": text})
    assert shown.startswith(f"error[chart-metadata]: {message}\n")
    assert f"charts/c/Chart.yaml{place}" in shown if place else "-->" in shown


def test_a_folder_without_chart_yaml_is_no_chart() -> None:
    assert fault({"chart.yml": HEAD}) == (
        "error[chart-missing-file]: there is no Chart.yaml\n"
        "  --> charts/c\n"
        '  help: rename "chart.yml": the name is exactly Chart.yaml'
    )
    assert "there is no Chart.yaml\n  --> charts/c/charts/README.md" in fault(
        {"Chart.yaml": HEAD, "charts/README.md": b"x"}
    )


def test_the_digest_depends_on_the_content_alone() -> None:
    files = {"Chart.yaml": HEAD, "values.yaml": b"a: 1", "templates/a.yaml": b"x"}
    digest = load(files).digest
    assert digest.startswith("sha256:")
    assert len(digest) == 71
    spaced = {**files, "Chart.yaml": b"# comment\nname: c\nversion: 1.0.0\napiVersion: v2\nunknown: 1\n"}
    assert load(dict(reversed(spaced.items())), "elsewhere.tgz").digest == digest
    for name in ("values.yaml", "templates/a.yaml", "new"):
        assert load({**files, name: b"other: 1"}).digest != digest
    assert load({**files, "Chart.yaml": HEAD + b"appVersion: 1\n"}).digest != digest


def test_a_rule_with_a_double_star_is_refused_with_its_line() -> None:
    with pytest.raises(ChartError) as caught:
        without_ignored({".helmignore": b"# x\na/**\n"}, "charts/c")
    assert describe(caught.value.finding) == (
        'error[chart-ignore]: the rule "a/**" has a double star, which Helm does not know\n'
        "  --> charts/c/.helmignore:2:1\n"
        "  2 | a/**\n"
        "    | ^\n"
        "  help: a rule without a slash already holds at every depth"
    )


@pytest.mark.parametrize("rule", [b"[", b"[a", b"[]", b"[a-]", b"a\\"])
def test_a_rule_that_is_no_pattern_is_refused(rule: bytes) -> None:
    with pytest.raises(ChartError, match="is not a file pattern"):
        without_ignored({".helmignore": rule}, "c")


def test_negated_rules_leave_out_what_they_do_not_match() -> None:
    files = dict.fromkeys(["a.txt", "b.md"], b"") | {".helmignore": b"!*.md\n"}
    assert sorted(without_ignored(files, "c")) == ["b.md"]
