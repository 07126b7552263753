"""Which templates are states, and in which order they go.

Matrix: names that are states and that are not; order; subcharts with and without a number; charts
without states. Source: the operator's `^[0-9]{4}[-_].*\\.yaml$`, and the words of the design.
"""

from __future__ import annotations

import pytest

from sro_render.kernels.states import is_state, plan_states


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("templates/0000-buildconfig.yaml", True),
        ("templates/0100_all.yaml", True),
        ("templates/sub/1000-driver.yml", True),
        ("templates/1000-driver.yaml.j2", True),
        ("templates/100-driver.yaml", False),
        ("templates/10000-driver.yaml", False),
        ("templates/1000.yaml", False),
        ("templates/1000-driver.tpl", False),
        ("templates/driver-1000-.yaml", False),
        ("templates/0000-dir/driver.yaml", False),
    ],
)
def test_a_state_is_a_template_whose_base_name_starts_with_four_digits(path: str, expected: bool) -> None:
    assert is_state(path) is expected


def plan(*templates: str) -> list[tuple[str, str, list[str]]]:
    return [(state.name, state.path, list(state.templates)) for state in plan_states(templates)]


def test_states_go_in_order_of_their_paths_and_templates_without_a_number_come_last() -> None:
    assert plan("c/templates/b.yaml", "c/templates/1000-d.yaml", "c/templates/0000-b.yaml") == [
        ("0000-b", "templates/0000-b.yaml", ["c/templates/0000-b.yaml"]),
        ("1000-d", "templates/1000-d.yaml", ["c/templates/1000-d.yaml"]),
        ("stateless", "", ["c/templates/b.yaml"]),
    ]


def test_templates_of_a_subchart_join_the_states_of_the_chart() -> None:
    assert plan(
        "c/charts/s/templates/0000-b.yaml",
        "c/charts/s/templates/0500-x.yaml",
        "c/charts/s/charts/t/templates/cm.yaml",
        "c/templates/0000-b.yaml",
        "c/templates/other.yaml",
    ) == [
        (
            "0000-b",
            "templates/0000-b.yaml",
            [
                "c/templates/0000-b.yaml",
                "c/charts/s/templates/0000-b.yaml",
                "c/charts/s/charts/t/templates/cm.yaml",
            ],
        ),
        ("0500-x", "templates/0500-x.yaml", ["c/charts/s/templates/0500-x.yaml"]),
        ("stateless", "", ["c/templates/other.yaml"]),
    ]


def test_a_chart_without_states_is_stateless_with_its_subcharts() -> None:
    assert plan("c/charts/s/templates/cm.yaml", "c/templates/a.yaml") == [
        ("stateless", "", ["c/templates/a.yaml", "c/charts/s/templates/cm.yaml"])
    ]


def test_templates_that_differ_in_their_endings_are_one_state() -> None:
    assert plan("c/templates/0000-a.yml", "c/templates/0001-b.yaml", "c/templates/0000-a.yaml") == [
        ("0000-a", "templates/0000-a.yaml", ["c/templates/0000-a.yaml", "c/templates/0000-a.yml"]),
        ("0001-b", "templates/0001-b.yaml", ["c/templates/0001-b.yaml"]),
    ]


def test_two_states_of_one_name_in_different_folders_have_names_of_their_own() -> None:
    assert [name for name, _, _ in plan("c/templates/0000-a.yaml", "c/templates/x/0000-a.yaml")] == [
        "0000-a",
        "x/0000-a",
    ]


def test_a_chart_without_templates_has_no_states() -> None:
    assert plan() == []
