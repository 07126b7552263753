"""What a hostile Jinja template gets: a clear error with its place, nothing of Python, and within limits.

Matrix: attributes of every kind of object that a template can hold; formatting; bombs of texts, numbers,
lists, loops, calls and includes; nesting; filters by name; files; functions of time and environment.
Left out: what Go templates can do as well (tests/unit/gotemplate), how long it takes.
"""

from __future__ import annotations

import re

import pytest

from sro_render.charts.chart import load_chart
from sro_render.charts.engine import Engine, Rendering
from sro_render.charts.scope import Capabilities, Release
from sro_render.errors import LimitError, TemplateError, describe
from sro_render.limits import Limits

HEAD = "apiVersion: v2\nname: c\nversion: 1.0.0\n"
LIMITS = Limits(max_output_bytes=2**20, max_loop_iterations=20_000)
FILES = {
    "templates/_m.j2": "{% macro x() %}{% endmacro %}",
    "templates/_loop.j2": '{% include "_loop.j2" %}',
    "templates/_g.tpl": "x",
    "values.yaml": "a: {b: 1.5}\nt: '{{ tpl(Values.t, ctx) }}'\n",
}
PYTHON = re.compile(
    r"Traceback|object at 0x|NoneType|<class|<function|<module|jinja2|Undefined|\bdict\b|\bstr\b"
)
"""Words that only Python says."""
MACRO = "{% macro m() %}{% endmacro %}"
GROW = '{% set ns = namespace(x="aaaaaaaa", l=[1], k=[1]) %}{% for i in range(60) %}'


def render(template: str) -> Rendering:
    files = {"Chart.yaml": HEAD, "templates/a.yaml.j2": template, **FILES}
    chart = load_chart({name: text.encode() for name, text in files.items()}, "charts/c", LIMITS)
    return Engine(chart, LIMITS).render({}, Release(name="rel", namespace="ns"), Capabilities())


ESCAPES = [
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''['__class__'] }}",
    "{{ [].__class__ }}",
    "{{ 1['a'] }}",
    "{{ [1]['__class__'] }}",
    "{{ (1).real }}",
    "{{ 1.5.hex() }}",
    "{{ true.numerator }}",
    "{{ none.__class__ }}",
    "{{ Release.__class__.__base__ }}",
    "{{ Files.__init__.__globals__ }}",
    "{{ Capabilities.kube_version }}",
    "{{ Capabilities.go_fields() }}",
    "{{ Capabilities.KubeVersion.__dict__ }}",
    "{{ Capabilities.APIVersions._known }}",
    "{{ self }}",
    "{{ self.__class__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ self._TemplateReference__context.run }}",
    "{{ self['__class__'] }}",
    "{% block b %}{{ self.b.__call__ }}{% endblock %}",
    "{% block b %}{{ self.b._context }}{% endblock %}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ lipsum.__globals__ }}",
    "{{ range.__class__ }}",
    "{{ namespace.__class__ }}",
    "{{ namespace().__class__.__init__ }}",
    "{{ namespace()._Namespace__attrs.x }}",
    "{% set ns = namespace() %}{% set ns.__class__ = 1 %}{{ ns.__init__.x }}",
    "{% set x = 1 %}{% set x.y = 2 %}",
    "{% set x = {} %}{% set x.y = 2 %}",
    "{{ printf.__globals__ }}",
    "{{ printf.function.call.__globals__ }}",
    "{{ include.__call__('x') }}",
    MACRO + "{{ m.__class__ }}",
    MACRO + "{{ m._func.__globals__ }}",
    MACRO + "{{ m._environment }}",
    MACRO + "{{ m.name }}",
    MACRO + "{{ m }}",
    MACRO + "{{ [m] }}",
    MACRO + "{{ {'m': m} }}",
    MACRO + "{{ m | toYaml }}",
    MACRO + "{{ m == m }}",
    MACRO + "{{ m ~ '' }}",
    MACRO + "{{ m + 1 }}",
    "{% macro m() %}{{ caller.__class__ }}{% endmacro %}{% call m() %}{% endcall %}",
    "{% macro m() %}{{ varargs.__class__ }}{% endmacro %}{{ m(1) }}",
    "{% macro m() %}{{ kwargs.__class__.x }}{% endmacro %}{{ m(a=1) }}",
    "{% for x in [1] %}{{ loop.__class__ }}{% endfor %}",
    "{% for x in [1] %}{{ loop._iterable }}{% endfor %}",
    "{% for x in [1] %}{{ loop }}{% endfor %}",
    "{% for x in [1] %}{{ loop.cycle.__func__ }}{% endfor %}",
    "{% import '_m.j2' as m %}{{ m.__class__ }}",
    "{% import '_m.j2' as m %}{{ m._body_stream }}",
    "{% import '_m.j2' as m %}{{ m.__dict__ }}",
    "{% import '_m.j2' as m %}{{ m }}",
    "{% import '_m.j2' as m %}{{ m.x.__globals__ }}",
    "{% from '_m.j2' import __class__ %}",
    "{% from '_m.j2' import nothing %}",
    "{{ '{0.__class__}'.format(1) }}",
    "{{ '{0.__class__}' | format(1) }}",
    "{{ '%s' % 1 }}",
    "{{ 'a'.join(['b']) }}",
    "{{ () | attr('__class__') }}",
    "{{ [1] | map('attr', '__class__') }}",
    "{{ [1] | map(attribute='__class__') }}",
    "{{ [1] | selectattr('__class__') }}",
    "{{ [1] | sort(attribute='real') }}",
    "{{ [[]] | sum(attribute='__class__') }}",
    "{{ {'a': 1}.pop('a') }}",
    "{{ {'a': 1}.update({'b': 1}) }}",
    "{{ [1].append(2) }}",
    "{{ {'a': 1}.items.__self__ }}",
    "{{ Values.a.get.__self__ }}",
    "{{ tpl(\"{{ ''.__class__ }}\", ctx) }}",
    "{{ env('HOME') }}",
    "{{ expandenv('$HOME') }}",
    "{% debug %}",
    "{% autoescape true %}{% endautoescape %}",
    "{{ 'x' | safe }}",
    "{{ 'x' | pprint }}",
    "{{ [1] | random }}",
    "{{ 1 is callable }}",
    "{{ 1 is sameas(1) }}",
    "{% include '../../../../etc/passwd' %}",
    "{% include '/etc/passwd' %}",
    "{% include ['x', 'y'] %}",
    "{% include 1 %}",
    "{% include '_g.tpl' %}",
    "{% include '_m.j2' without context %}",
]

BOMBS = [
    "{{ 'a' | center(1000000000) }}",
    "{{ 'a' * 10**9 }}",
    "{{ [1] * 10**9 }}",
    "{{ 10**9 * [1] }}",
    "{{ 9**9**9**9 }}",
    "{{ 2 ** 10000000 }}",
    "{{ 2.0 ** 100000 }}",
    "{{ (0-8) ** 0.5 }}",
    "{{ 9223372036854775807 + 1 }}",
    "{{ 99999999999999999999 }}",
    "{{ " + "9" * 5000 + " }}",
    "{{ 1e999 }}",
    "{{ 1 // 0 }}",
    "{{ 1 % 0 }}",
    "{{ 1 / 0.0 }}",
    "{{ 1 is divisibleby(0) }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '%1000000000d' | format(1) }}",
    "{{ repeat(1000000000, 'a') }}",
    "{% for x in range(10**9) %}{% endfor %}",
    "{% for x in range(10**18) %}{% endfor %}",
    "{{ range(0 - 10**18, 10**18) }}",
    "{{ range(1, 10, 0) }}",
    "{{ range(1.5) }}",
    "{{ until(10**9) }}",
    "{% for x in range(19999) %}{% for y in range(19999) %}{% endfor %}{% endfor %}",
    "{% for x in range(199) %}{{ range(199) | map('quote') | len }}{% endfor %}",
    "{% for x in 10 %}{% endfor %}",
    "{% for x in 'abc' %}{% endfor %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% macro m() %}{{ n() }}{% endmacro %}{% macro n() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% macro m() %}{% call m() %}{{ caller() }}{% endcall %}{{ caller() }}{% endmacro %}{% call m() %}{% endcall %}",
    "{% block b %}{{ self.b() }}{% endblock %}",
    "{% include 'a.yaml.j2' %}",
    "{% import 'a.yaml.j2' as x %}",
    "{% from 'a.yaml.j2' import x %}",
    "{% extends 'a.yaml.j2' %}",
    "{% include '_loop.j2' %}",
    "{{ include('c/templates/a.yaml.j2', ctx) }}",
    "{{ tpl(Values.t, ctx) }}",
    "{% for x in [[[[1]]]] recursive %}{{ loop([x]) }}{% endfor %}",
    GROW + "{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    GROW + "{% set ns.x = ns.x + ns.x %}{% endfor %}",
    GROW + "{% set ns.x %}{{ ns.x }}{{ ns.x }}{% endset %}{% endfor %}",
    GROW + "{% set ns.l = concat(ns.l, ns.l) %}{% endfor %}",
    GROW + "{% set ns.l = ns.l + ns.l %}{% endfor %}",
    GROW + "{% set ns.l = [ns.l, ns.l] %}{% set ns.k = [ns.k, ns.k] %}{% endfor %}{{ ns.l == ns.k }}",
    GROW + "{% set ns.l = [ns.l, ns.l] %}{% set ns.k = [ns.k, ns.k] %}{% endfor %}{{ ns.l in [ns.k] }}",
    "{% macro m() %}{% for i in range(9999) %}" + "a" * 1000 + "{% endfor %}{% endmacro %}{{ m() }}",
    "{% set x %}{% for i in range(9999) %}" + "a" * 1000 + "{% endfor %}{% endset %}",
    "{% filter upper %}{% for i in range(9999) %}" + "a" * 1000 + "{% endfor %}{% endfilter %}",
    "{% set x %}{% block b %}{% for i in range(9999) %}"
    + "a" * 1000
    + "{% endfor %}{% endblock %}{% endset %}",
    "{% block b %}"
    + "a" * 999
    + "{% endblock %}{% for i in range(9999) %}{% set x = self.b() %}{% endfor %}",
    "{% for i in range(9999) %}" + "a" * 1000 + "{% endfor %}",
    "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "{{ 1" + "+1" * 20000 + " }}",
    "{{ x" + ".a" * 9000 + " }}",
    "{{ x" + " | upper" * 9000 + " }}",
    "{{ " + "not " * 20000 + "1 }}",
    "{{ " + "[" * 3000 + "]" * 3000 + " }}",
    "{% for x in [1] %}" * 30 + "{% endfor %}" * 30,
    "{% for x in [1] %}" * 3000 + "{% endfor %}" * 3000,
    "{% if 1 %}" * 3000 + "{% endif %}" * 3000,
    "{{ a }}" * 20000,
    "{{ [1, 'a'] | sort }}",
    "{{ {1: 2} }}",
    "{{ 1 < 'a' }}",
    "{{ [1] < [2] }}",
    "{{ -'a' }}",
    "{{ 'abc'[::0] }}",
    "{{ [1][99] }}",
    "{% set a, b = 1 %}",
    "{% set a, b = [1] %}",
    "{% for a, b in [[1]] %}{% endfor %}",
    "{{ printf(*1) }}",
    "{{ printf(**1) }}",
    "{{ printf('a', a=1, a=2) }}",
    "{{ 'f'() }}",
    "{{ nothing() }}",
    "{{ nothing.x() }}",
    "{% break %}",
    "{{ 'abc }}",
    '{{ "\\x" }}',
    "{#",
    "{% raw %}",
    "{%",
]


@pytest.mark.parametrize("template", [*ESCAPES, *BOMBS], ids=lambda text: text[:60])
def test_a_hostile_template_gets_an_error_with_its_place_and_nothing_of_python(template: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render(template)
    finding = caught.value.finding
    assert finding.span is not None
    assert finding.span.source.name.startswith(("charts/c/templates/", "(text given to tpl)"))
    # What the template itself says may stand in its error.
    said = " ".join([finding.message, finding.hint, *finding.notes]).replace(finding.span.text, "")
    assert not PYTHON.search(said), said
    assert len(describe(finding)) < 3000


@pytest.mark.parametrize(
    "template",
    [
        "{{ {}.__class__ }}",
        "{{ Values.__class__ }}",
        "{{ Values['__init__'] }}",
        "{{ ctx.__class__ }}",
        "{{ ctx[' state'] }}",
        "{{ ctx.run }}",
        "{{ namespace().__init__ }}",
        "{{ lipsum }}",
        "{{ cycler }}",
        "{{ context }}",
        "{{ environment }}",
        "{{ missing }}",
        "{{ site_0 }}",
        "{{ __builtins__ }}",
        "{{ __import__ }}",
        "{% block b %}{{ super }}{% endblock %}",
    ],
)
def test_a_name_that_is_only_pythons_is_one_that_is_not_set(template: str) -> None:
    rendering = render(template)
    assert rendering.texts["c/templates/a.yaml.j2"] == ""
    assert [finding.code for finding in rendering.findings] == ["missing-value"]


@pytest.mark.parametrize("name", ["files", "_found", "__class__"])
def test_a_name_that_is_only_pythons_is_no_file_and_reads_as_no_bytes(name: str) -> None:
    assert render(f"{{{{ Files.{name} }}}}").texts["c/templates/a.yaml.j2"] == "[]"


@pytest.mark.parametrize(
    "template",
    [
        "{% for x in range(10**9) %}{% endfor %}",
        "{% for x in range(19999) %}{% for y in range(19999) %}{% endfor %}{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% include 'a.yaml.j2' %}",
        "{% extends 'a.yaml.j2' %}",
        "{% for i in range(9999) %}" + "a" * 1000 + "{% endfor %}",
        "{{ a }}" * 20000,
        "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    ],
    ids=lambda text: text[:60],
)
def test_what_is_too_much_is_an_error_of_limits(template: str) -> None:
    with pytest.raises(LimitError):
        render(template)


def test_a_deadline_ends_a_loop() -> None:
    def deadline() -> None:
        raise TimeoutError

    files = {"Chart.yaml": HEAD, "templates/a.yaml.j2": "{% for x in range(9999) %}{% endfor %}"}
    chart = load_chart({name: text.encode() for name, text in files.items()}, "charts/c", LIMITS)
    with pytest.raises(TimeoutError):
        Engine(chart, LIMITS).render({}, Release(name="r", namespace="n"), Capabilities(), deadline=deadline)


def test_a_template_may_not_be_larger_than_the_limit() -> None:
    files = {"Chart.yaml": HEAD, "templates/a.yaml.j2": "x" * 101}
    limits = Limits(max_template_bytes=100)
    chart = load_chart({name: text.encode() for name, text in files.items()}, "charts/c", limits)
    with pytest.raises(LimitError, match="the template has more than 100 bytes"):
        Engine(chart, limits).render({}, Release(name="r", namespace="n"), Capabilities())
