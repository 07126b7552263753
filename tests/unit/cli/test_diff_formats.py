"""`sro-render diff` as JSON, page and annotations: from files to the report.

Matrix: each of these formats for one pair of files, to standard output and to a file; the paths of
annotations for a file and for a folder; data of a Secret in none of them.
Left out: what the reports say of a diff (tests/unit/review, tests/browser).
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from sro_render.edges.schemas import validator

DAEMON = """\
apiVersion: apps/v1
kind: DaemonSet
metadata: {{name: driver, namespace: drivers}}
spec:
  selector: {{matchLabels: {{app: {app}}}}}
  template:
    metadata: {{labels: {{app: {app}}}}}
    spec: {{containers: [{{name: driver, image: registry.example.com/driver}}]}}
---
apiVersion: v1
kind: Secret
metadata: {{name: key, namespace: drivers}}
stringData: {{key: {secret}}}
"""
OLD, NEW = "hunter-one", "hunter-two"


def write_sides(project: Any) -> None:
    project.write("a/driver.yaml", DAEMON.format(app="old", secret=OLD))
    project.write("b/driver.yaml", DAEMON.format(app="new", secret=NEW))


def test_json_follows_its_schema(project: Any) -> None:
    write_sides(project)
    outcome = project.run("diff", "a", "b", "-o", "json")
    assert (outcome.code, outcome.err) == (1, "")
    document = json.loads(outcome.out)
    assert [str(error) for error in validator("Diff").iter_errors(document)] == []
    assert document["summary"]["changed"] == 2
    fields = {field["field"]: field for change in document["changes"] for field in change["fields"]}
    assert fields["stringData.key"]["masked"]
    assert fields["spec.selector.matchLabels.app"]["marks"][0]["code"] == "immutable-field"


def test_the_page_goes_where_it_is_told(project: Any) -> None:
    write_sides(project)
    outcome = project.run("diff", "a", "b", "-o", "html", "--out", "page.html")
    assert (outcome.code, outcome.out, outcome.err) == (1, "", "wrote page.html\n")
    page = (project.root / "page.html").read_text("utf-8")
    assert page.startswith("<!DOCTYPE html>\n")
    assert "<title>b: 2 changed</title>" in page


@pytest.mark.parametrize(("before", "after"), [("a", "b"), ("a/driver.yaml", "b/driver.yaml"), ("a/", "b/")])
def test_annotations_are_at_the_files_as_they_are_named_from_here(
    project: Any, before: str, after: str
) -> None:
    write_sides(project)
    outcome = project.run("diff", before, after, "-o", "github")
    first = outcome.out.splitlines()[0]
    assert first.startswith("::warning title=immutable-field,file=b/driver.yaml::DaemonSet/drivers/driver, ")
    assert outcome.out.splitlines()[-1] == (
        "::notice title=sro-render diff::objects: 0 added, 2 changed, 0 removed, 0 rolled over; nodes: not known"
    )


@pytest.mark.parametrize("output", ["json", "html", "github"])
def test_data_of_a_secret_is_in_no_format(project: Any, output: str) -> None:
    write_sides(project)
    outcome = project.run("diff", "a", "b", "-o", output)
    assert OLD not in outcome.out + outcome.err
    assert NEW not in outcome.out + outcome.err


@pytest.mark.parametrize("output", ["json", "html", "github"])
def test_nothing_that_differs_is_exit_code_0(project: Any, output: str) -> None:
    write_sides(project)
    outcome = project.run("diff", "a", "a", "-o", output)
    assert (outcome.code, outcome.err) == (0, "")
