"""Templates inside a spec.

Matrix: strings, keys, lists, numbers; values without templates; missing values; syntax errors.
Source: the operator fills a spec in with plain text/template, so `<no value>` stays as it is there.
"""

from __future__ import annotations

from typing import Any

import pytest

from sro_render.errors import TemplateError
from sro_render.kernels.set_templates import SpecTemplates
from sro_render.limits import Limits


def templates(value: Any) -> SpecTemplates:
    return SpecTemplates(value, file="spec.yaml", path="spec.set", limits=Limits())


@pytest.mark.parametrize(
    ("given", "filled"),
    [
        ("a", "a"),
        ("{{ .Values.k }}", "v"),
        ({"a": ["x-{{ .Values.k }}", 1, 2.5, None, True]}, {"a": ["x-v", 1, 2.5, None, True]}),
        ({"{{ .Values.k }}": {"b": "{{ .Values.k }}"}}, {"v": {"b": "v"}}),
        ('{{ printf "%s\\"" .Values.k }}', 'v"'),
        ("{{ if .Values.k }}yes{{ end }}", "yes"),
    ],
)
def test_every_string_is_a_template_of_its_own(given: Any, filled: Any) -> None:
    assert templates(given).fill({"k": "v"}) == (filled, ())


def test_a_value_without_templates_is_the_same_for_every_kernel() -> None:
    value = {"a": [1]}
    found = templates(value)
    assert not found.has_templates
    assert found.fill({})[0] is value


def test_a_value_with_templates_is_filled_anew_for_each_kernel() -> None:
    found = templates({"a": "{{ .Values.k }}"})
    assert found.has_templates
    assert [found.fill({"k": k})[0] for k in ("1", "2")] == [{"a": "1"}, {"a": "2"}]


def test_a_missing_value_renders_as_the_operator_renders_it_and_is_a_finding() -> None:
    filled, findings = templates({"a": "{{ .Values.kernelfullversion }}"}).fill({"kernelFullVersion": "5"})
    assert filled == {"a": "<no value>"}
    assert [(each.code, each.hint) for each in findings] == [
        ("missing-value", "did you mean kernelFullVersion?")
    ]


def test_a_string_that_is_no_template_is_an_error_with_its_key_path() -> None:
    with pytest.raises(TemplateError) as caught:
        templates({"image": {"tag": "{{ .Values.k "}})
    assert "spec.yaml (spec.set.image.tag):1:" in str(caught.value)


def test_sprig_is_not_there_as_in_the_operator() -> None:
    with pytest.raises(TemplateError) as caught:
        templates("{{ .Values.k | upper }}")
    assert caught.value.finding.code == "template-function-unknown"
