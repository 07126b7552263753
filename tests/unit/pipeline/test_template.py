"""One chart rendered with several values.

Matrix: values that render and values that do not, a chart that renders nothing at all. Left out: what is
rendered, which the real helm judges (tests/helm), and the command (tests/unit/cli).
"""

from __future__ import annotations

from sro_render.api import Release, TemplateOptions, template_each
from sro_render.charts.chart import load_chart
from sro_render.limits import Limits

OPTIONS = TemplateOptions(release=Release(name="r", namespace="n"))


def test_a_fault_with_some_values_hides_nothing_of_others() -> None:
    template = b'a: {{ required "say what a is" .Values.a }}\n'
    chart = load_chart(
        {"Chart.yaml": b"apiVersion: v2\nname: c\nversion: 1.0.0\n", "templates/a.yaml": template},
        "c",
        Limits(),
    )
    first, second, third = template_each(chart, [{"a": 1.0}, {}, {"a": "x"}], OPTIONS)
    assert [first.text, third.text] == [
        f"---\n# Source: c/templates/a.yaml\na: {value}\n" for value in ("1", "x")
    ]
    assert [(each.finding.message, second.text) for each in second.errors] == [("say what a is", "")]


def test_a_library_says_with_all_values_that_it_renders_nothing() -> None:
    head = b"apiVersion: v2\nname: c\nversion: 1.0.0\ntype: library\n"
    chart = load_chart({"Chart.yaml": head}, "c", Limits())
    assert [each.errors[0].finding.message for each in template_each(chart, [{}, {"a": 1.0}], OPTIONS)] == [
        "c is a library: it has nothing to install"
    ] * 2
