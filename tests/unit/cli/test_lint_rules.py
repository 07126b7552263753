"""Each rule of lint: a template that breaks it, with all that is said, and its twin that does not.

Matrix: cases/lint, for each rule about rendered objects one folder or more, named after its code: wrong.yaml,
what is said of it, and right.yaml, on a chart with one state, for one kernel and Kubernetes 1.31.
Left out: what a render finds itself (test_build.py), unused values, silence, reports and mending
(test_lint.py), which API versions are retired (lint/test_api_versions.py).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from sro_render.lint.rules import RULES

CASES = sorted(path for path in (Path(__file__).parents[2] / "cases" / "lint").iterdir())


def code_of(case: Path) -> str:
    return re.sub(r"-\d+$", "", case.name)


def blocks(text: str, code: str) -> list[str]:
    """What a report says of a code."""
    return [block for block in re.split(r"\n(?=\S)", text) if f"[{code}]" in block.split("\n")[0]]


def lint(project: Any, template: str) -> str:
    project.write("charts/kmod/templates/0000-state.yaml", template)
    outcome = project.run(
        "lint", "spec.yaml", "--inventory", "nodes.json", "--charts", "charts", "--kube-version", "v1.31.0"
    )
    assert outcome.err == ""
    return str(outcome.out)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_wrong_template_is_said_in_full_and_a_right_one_is_not(project: Any, case: Path) -> None:
    code = code_of(case)
    said = (case / "said.txt").read_text("utf-8").removesuffix("\n")
    assert blocks(lint(project, (case / "wrong.yaml").read_text("utf-8")), code) == [said]
    assert blocks(lint(project, (case / "right.yaml").read_text("utf-8")), code) == []


def test_every_rule_about_objects_has_a_case() -> None:
    elsewhere = {"schemas-missing", "unknown-lint-code", "unused-value"}
    assert {code_of(case) for case in CASES} == {rule.code for rule in RULES} - elsewhere
