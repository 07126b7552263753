"""Templates and values that Hypothesis makes up, rendered by the real helm and by us.

Matrix: the grammar of tests/bench/template_grammar.py over all constructs of the language and all functions
but those of `NOT_THE_SAME`, each of them also alone; values of every type, under the names that the grammar uses. What we render is
put into one chart for each example, and helm must print the same; of what we refuse, some is given to helm
alone, which must refuse too. The same examples come in every run. Left out: the differences that README.md
lists; long runs with other seeds, which `tests/bench/fuzz.py --helm N` does.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from helm_batches import ask_helm, ask_us
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from template_grammar import NOT_THE_SAME, VALUES, Templates

from sro_render.errors import SroError, flatten

EXAMPLES = 6
REFUSED_TOLD = 1
"""Of the templates of an example that we refuse, so many are given to helm."""

CHARACTERS = st.sampled_from([*"abzAZ059 _-.,:;/\\'\"#&*!|>%@`{}[]()=+~^$?<\n\t", *"éßÇ漢😀"])
TEXTS = st.text(CHARACTERS, max_size=12)
WHOLE = st.integers(-(2**53), 2**53) | st.integers(-20, 20)
FLOATS = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.1, 1e21, 1e-7, 2.5, 1e6])
SCALARS = st.none() | st.booleans() | TEXTS | WHOLE | FLOATS
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
KINDS: Mapping[type, st.SearchStrategy[Any]] = {
    str: TEXTS,
    bool: st.booleans(),
    int: WHOLE,
    float: FLOATS,
    list: st.lists(SCALARS, max_size=4),
    dict: st.dictionaries(TEXTS, ANYTHING, max_size=4),
    type(None): st.none(),
}


@st.composite
def values(draw: st.DrawFn) -> dict[str, Any]:
    """Those of the grammar, some of them with another content of the same type."""
    changed = draw(st.lists(st.sampled_from(sorted(VALUES)), max_size=6, unique=True))
    return {**VALUES, **{name: draw(KINDS[type(VALUES[name])]) for name in changed}}


def template(seed: int) -> str:
    """One template of the grammar.

    Its choices are not Hypothesis's: those of so many templates would be more than it takes for one example.
    """
    templates = Templates(random.Random(seed), left_out=NOT_THE_SAME)
    # One that defines others would do so for all of the chart.
    return next(text for text in iter(templates.template, "") if "define" not in text)


def calls(seed: int) -> list[str]:
    """A template for each function, with a call of it."""
    templates = Templates(random.Random(seed), left_out=NOT_THE_SAME)
    return [templates.about(name) for name in templates.functions if name != "call"]


SEEDS = st.integers(0, 2**32 - 1)
TEMPLATES = st.builds(list.__add__, SEEDS.map(calls), st.lists(SEEDS.map(template), min_size=50, max_size=80))


def split(texts: Sequence[str], given_values: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The templates that we render, and those that we refuse."""
    rendered: list[str] = []
    refused: list[str] = []
    for text in texts:
        try:
            ask_us([text], given_values)
        except (SroError, ExceptionGroup) as error:
            flatten(error)  # nothing but errors of ours
            refused.append(text)
        else:
            rendered.append(text)
    return rendered, refused


@settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=EXAMPLES,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(texts=TEMPLATES, given_values=values())
def test_helm_renders_and_refuses_the_same(
    helm: Path, texts: list[str], given_values: dict[str, Any]
) -> None:
    rendered, refused = split(texts, given_values)
    with TemporaryDirectory() as name:
        folder = Path(name)
        found, fault = ask_helm(helm, rendered, given_values, folder)
        assert not fault
        ours = ask_us(rendered, given_values)
        trios = zip(rendered, found, ours, strict=True)
        differing = [(text, helms, our) for text, helms, our in trios if helms != our]
        assert differing == [], f"(template, helm, we) with {given_values}"
        for text in refused[:REFUSED_TOLD]:
            assert ask_helm(helm, [text], given_values, folder)[1], f"helm renders {text!r}"
