"""Dependencies on their own: the order, the circles and the merged values, over made-up charts.

Matrix: graphs with and without circles, of any shape (Hypothesis) and very long ones; mappings that meet.
The order is judged by its definition, step by step. Left out: messages and files, which
tests/unit/cli/test_dependencies.py has.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sro_render.charts.chart import Chart, load_chart
from sro_render.limits import Limits
from sro_render.model.order import in_order
from sro_render.model.specialresource import ChartReference, SpecialResource
from sro_render.pipeline.dependencies import Resolution, resolve
from sro_render.pipeline.merged_sets import Part, merge_sets

Graph = dict[str, tuple[str, ...]]
NAMES = "abcdefg"


def resource(name: str, needs: tuple[str, ...]) -> SpecialResource:
    def chart(of: str) -> dict[str, Any]:
        return {"name": of, "version": "1.0.0", "repository": {"name": "r", "url": "file:///c"}}

    dependencies: list[Any] = [{"chart": chart(each)} for each in needs]
    spec: Any = {"chart": chart(name), "dependencies": dependencies}
    return SpecialResource.from_mapping({"metadata": {"name": name}, "spec": spec})


class Graphs:
    """Charts that bring along the SRs of a graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.asked: list[str] = []

    def find(self, reference: ChartReference) -> Chart:
        self.asked.append(reference.name)
        text = f"apiVersion: v2\nname: {reference.name}\nversion: 1.0.0\n"
        return load_chart({"Chart.yaml": text.encode()}, reference.name, Limits())

    def own_spec(self, chart: Chart) -> SpecialResource | None:
        return resource(chart.name, self.graph[chart.name])


def resolution(graph: Graph, start: str) -> tuple[Resolution, list[str]]:
    charts = Graphs(graph)
    return resolve([resource(start, graph[start])], charts), charts.asked


graphs = st.fixed_dictionaries({name: st.lists(st.sampled_from(NAMES)).map(tuple) for name in NAMES})


def has_circle(graph: Graph) -> bool:
    left = {name: set(needs) for name, needs in graph.items()}
    while free := {name for name, needs in left.items() if not needs & left.keys()}:
        left = {name: needs for name, needs in left.items() if name not in free}
    return bool(left)


@given(graph=graphs, order=st.permutations(NAMES))
def test_the_order_is_that_of_its_definition(graph: Graph, order: list[str]) -> None:
    ordered = in_order({name: graph[name] for name in order})
    assert sorted(ordered) == list(NAMES)
    assert ordered == in_order(graph)
    if has_circle(graph):
        return
    done: set[str] = set()
    for name in ordered:
        assert name == min(each for each in graph if each not in done and done >= set(graph[each]))
        done.add(name)


def test_needs_that_are_no_names_count_for_nothing() -> None:
    assert in_order({"a": ["z", "b"], "b": ["y"]}) == ("b", "a")
    assert in_order({}) == ()


@given(graph=graphs)
def test_circles_are_errors_and_nothing_else_is(graph: Graph) -> None:
    found, asked = resolution(graph, "a")
    reached = {recipe.resource.name: graph[recipe.resource.name] for recipe in found.recipes}
    assert bool(found.errors) == has_circle(reached)
    assert {error.finding.code for error in found.errors} <= {"dependency-circle"}
    assert sorted(asked) == sorted(reached), "each chart is looked for once"
    sound = {recipe.resource.name: graph[recipe.resource.name] for recipe in found.recipes if recipe.is_sound}
    assert not has_circle({name: tuple(set(needs) & sound.keys()) for name, needs in sound.items()})


def test_a_chain_may_be_as_long_as_there_are_charts() -> None:
    names = [f"k{number:04}" for number in range(3000)]
    graph: Graph = {name: (following,) for name, following in pairwise(names)}
    graph[names[-1]] = ()
    found, _ = resolution(graph, "k0000")
    assert found.errors == ()
    assert list(in_order({each.resource.name: each.resource.needs for each in found.recipes})) == names[::-1]


values = st.recursive(
    st.sampled_from([1, True, "1", None, 1.5]),
    lambda inner: st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    max_leaves=6,
)
sets = st.dictionaries(st.sampled_from("xyz"), values, max_size=3)


@given(first=sets, second=sets)
def test_what_two_say_is_all_that_each_says_or_an_error(first: Any, second: Any) -> None:
    owner = resource("a", ())
    parts = [Part(owner=owner, at=("spec", "set"), values=each) for each in (first, second)]
    merged, errors = merge_sets("b", parts)
    assert repr(first) == repr(parts[0].values), "the parts stay as they are"
    if errors:
        assert {error.finding.code for error in errors} == {"dependency-conflict"}
        return
    again, conflicts = merge_sets("b", parts[::-1])
    assert conflicts == []
    assert again == merged
    for each in (first, second):
        assert (
            merge_sets("b", [Part(owner=owner, at=(), values=merged), Part(owner=owner, at=(), values=each)])[
                1
            ]
            == []
        )


def test_the_first_place_that_gives_a_value_is_named() -> None:
    given: dict[str, Any] = {"a": {"x": {"y": 1}}, "b": {"x": {"z": 1}}, "c": {"x": {"z": 2}}}
    parts = [Part(owner=resource(name, ()), at=("spec", "set"), values=each) for name, each in given.items()]
    _, [error] = merge_sets("d", parts)
    assert error.finding.message == "two values of x.z for d: 1 and 2"
    assert error.finding.notes == ("1 is at spec.set.x.z, in b",)
