"""Which templates are states, and in which order states go.

Source: special-resource-operator pkg/assets/assets.go and controllers/resources.go. Differs: a
state is also recognised with the endings `.yml` and `.j2`, and numbered templates of subcharts are
states instead of being repeated with every state of their parent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

from sro_render.model.bundle import StateName

_STATE = re.compile(r"^[0-9]{4}[-_].*\.ya?ml(\.j2)?$")
_ENDING = re.compile(r"\.(ya?ml|tpl|txt)(\.j2)?$")

STATELESS = StateName("stateless")


class StateTemplates(Struct, frozen=True, kw_only=True):
    """A state and the templates that make it.

    path:      the template's path in its chart, `templates/0000-buildconfig.yaml`; of several that
               differ in their endings the first; empty for stateless.
    templates: Helm's names, `simple-kmod/templates/0000-buildconfig.yaml`, the chart's own first.
    """

    name: StateName
    path: str
    templates: tuple[str, ...]


def is_state(path: str) -> bool:
    """Whether a template's path is that of a numbered state."""
    return _STATE.match(path.rsplit("/", 1)[-1]) is not None


def plan_states(templates: Iterable[str]) -> tuple[StateTemplates, ...]:
    """Group a chart's templates, its subcharts' among them, into states.

    Args:    templates: Helm's names, `CHART[/charts/SUBCHART]*/templates/PATH`, partials left out.
    Returns: the numbered states in ascending order of their paths, then `stateless` if any template
             of the chart itself has no number. A subchart's templates without a number go with the
             chart's first state.
    """
    numbered: dict[StateName, list[str]] = {}
    paths: dict[StateName, str] = {}
    stateless: list[str] = []
    inherited: list[str] = []
    for name in sorted(templates, key=_own_first):
        path = _path_in_chart(name)
        if is_state(path):
            state = _state_name(path)
            numbered.setdefault(state, []).append(name)
            paths[state] = min(path, paths.get(state, path))
        elif _is_of_subchart(name):
            inherited.append(name)
        else:
            stateless.append(name)
    states = [
        StateTemplates(name=state, path=paths[state], templates=tuple(numbered[state]))
        for state in sorted(numbered, key=paths.__getitem__)
    ]
    if states:
        first = states[0]
        states[0] = StateTemplates(name=first.name, path=first.path, templates=(*first.templates, *inherited))
    else:
        stateless += inherited
    if stateless:
        states.append(StateTemplates(name=STATELESS, path="", templates=tuple(stateless)))
    return tuple(states)


def _own_first(name: str) -> tuple[bool, str]:
    return _is_of_subchart(name), name


def _is_of_subchart(name: str) -> bool:
    return name.split("/", 2)[1:2] == ["charts"]


def _path_in_chart(name: str) -> str:
    """`templates/a.yaml` of `CHART/charts/SUB/templates/a.yaml`."""
    parts = name.split("/")
    position = 1
    while parts[position : position + 1] == ["charts"] and len(parts) > position + 2:
        position += 2
    return "/".join(parts[position:])


def _state_name(path: str) -> StateName:
    """The template's name without its ending; folders below `templates/` stay part of it."""
    return StateName(_ENDING.sub("", path.removeprefix("templates/")))
