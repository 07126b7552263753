"""Templates inside a spec.

Matrix: strings, keys, lists, numbers; values without templates; missing values; syntax errors.
Source: the operator fills a spec in with plain text/template, so `<no value>` stays as it is there.
"""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from sro_render.errors import TemplateError
from sro_render.kernels.set_templates import SpecTemplates
from sro_render.limits import Limits
from sro_render.model.specialresource import SpecialResource
from sro_render.source import Source


def templates(value: Any, text: str = "") -> SpecTemplates:
    """The templates of a spec.set, which stands in a file with that text."""
    resource = SpecialResource.from_mapping({}, source=Source("spec.yaml", text))
    return SpecTemplates(value, resource=resource, path=("spec", "set"), limits=Limits())


def of_file(text: str) -> SpecTemplates:
    return templates(yaml.safe_load(text)["spec"]["set"], text)


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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            'spec:\n  set:\n    image: {tag: "a-{{ .Values.k "}\n',
            """\
  --> spec.yaml:3:21 (spec.set.image.tag)
  3 |     image: {tag: "a-{{ .Values.k "}
    |                     ^^
""",
        ),
        (
            "spec:\n  set:\n    tags: [b, 'a-{{ .Values.k']\n",
            """\
  --> spec.yaml:3:18 (spec.set.tags[1])
  3 |     tags: [b, 'a-{{ .Values.k']
    |                  ^^
""",
        ),
        (
            "spec:\n  set:\n    ? a-{{ .Values.k\n    : 1\n",
            """\
  --> spec.yaml:3:9 (spec.set.a-{{ .Values.k)
  3 |     ? a-{{ .Values.k
    |         ^^
""",
        ),
        (
            "spec:\n  set:\n    script: |\n      a\n      {{ .Values.k\n",
            """\
  --> spec.yaml:3:13 (spec.set.script)
  3 |     script: |
    |             ^
""",
        ),
    ],
)
def test_a_string_that_is_no_template_is_shown_in_its_file(text: str, shown: str) -> None:
    with pytest.raises(TemplateError) as caught:
        of_file(text)
    assert str(caught.value) == (
        f"error[template-syntax]: this action is never closed\n{shown}  help: end it with }}}}"
    )


def test_what_fails_or_is_missing_is_shown_in_its_file() -> None:
    found = of_file("spec:\n  set:\n    a: x{{ .Values.kk }}\n    b: '{{ index .Values.list 3 }}'\n")
    with pytest.raises(TemplateError) as caught:
        found.fill({"list": []})
    assert str(caught.value.finding.span) == "spec.yaml:4:12"
    _, findings = found.fill({"list": [1, 2, 3, 4], "k": ""})
    assert [str(each.span) for each in findings] == ["spec.yaml:3:12"]


def test_every_string_that_is_no_template_is_told() -> None:
    with pytest.raises(ExceptionGroup) as caught:
        templates({"a": "{{", "b": "{{ .Values.k | upper }}"})
    assert len(caught.value.exceptions) == 2


def test_sprig_is_not_there_as_in_the_operator() -> None:
    with pytest.raises(TemplateError) as caught:
        templates("{{ .Values.k | upper }}")
    assert caught.value.finding.code == "template-function-unknown"
