"""What the status of a SpecialResource says: Ready, Progressing, Errored and a state, as the operator would.

One of the three is true, as the operator has it; where one lane has failed and others go on it is Errored.
Source: special-resource-operator internal/controllers/state/statusupdater.go, controllers/specialresource.go.
Differs: the message of an error names the step and its cause.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from sro_apply.planning.completion import shared_steps, states_of, steps_of
from sro_apply.planning.picture import Picture, SeenStep
from sro_apply.planning.progress import Status
from sro_render.model.objects import JsonObject, JsonValue, mapping_of, text_of

READY, PROGRESSING, ERRORED = "Ready", "Progressing", "Errored"
# The operator's reasons: of the two conditions that are not true, and of the one that is.
_OTHERS: Final = {READY: "SpecialResourceIsReady", PROGRESSING: "Progressing", ERRORED: "ErrorHasOccurred"}
_REASONS: Final = {READY: "Success", PROGRESSING: "HandlingState", ERRORED: "FailedToDeployChart"}
_LONGEST: Final = 1_000
"""Characters of a message; a build's log may be in it."""


class ResourceStatus(Struct, frozen=True, kw_only=True):
    """What is true of an SR: one of the conditions, and its message."""

    condition: str
    message: str = ""

    @property
    def state(self) -> str:
        """As the operator writes it: `Progressing: Working on: templates/0000-a.yaml`."""
        return f"{self.condition}: {self.message}"

    @property
    def reason(self) -> str:
        """Of the condition that is true."""
        return _REASONS[self.condition]


def resource_status(picture: Picture, resource: str) -> ResourceStatus:
    """How an SR stands, with what it shares."""
    steps = (*shared_steps(picture, resource), *steps_of(picture, resource))
    failed = [step for step in steps if step.status is Status.FAILED]
    if failed:
        return ResourceStatus(condition=ERRORED, message=cut(f"{failed[0].key}: {failed[0].reason}"))
    open_ = [step for step in steps if step.status is not Status.READY]
    if open_:
        return ResourceStatus(
            condition=PROGRESSING, message=f"Working on: {_place(picture, resource, open_[0])}"
        )
    return ResourceStatus(condition=READY)


def status_patch(wanted: ResourceStatus, live: JsonObject, now: str) -> JsonObject | None:
    """What is to be written to a live SpecialResource; None where nothing differs.

    Conditions of others stay, and times change with the condition's status alone. now: RFC 3339.
    """
    status = mapping_of(live.get("status"))
    given = status.get("conditions")
    known = [mapping_of(each) for each in given] if isinstance(given, list) else []
    by_type = {text_of(each.get("type")): each for each in known}
    ours: dict[str, JsonObject] = {
        kind: _condition(kind, wanted, by_type.get(kind, {}), now) for kind in (READY, PROGRESSING, ERRORED)
    }
    conditions: list[JsonValue] = [ours.pop(text_of(each.get("type")), each) for each in known]
    conditions += ours.values()
    if status.get("state") == wanted.state and conditions == known:
        return None
    # With the version that was read, so that a condition of somebody else is never lost.
    version = mapping_of(live.get("metadata")).get("resourceVersion")
    return {
        "metadata": {"resourceVersion": version},
        "status": {"state": wanted.state, "conditions": conditions},
    }


def _condition(kind: str, wanted: ResourceStatus, known: JsonObject, now: str) -> JsonObject:
    is_true = kind == wanted.condition
    status = "True" if is_true else "False"
    since = text_of(known.get("lastTransitionTime")) if known.get("status") == status else ""
    return {
        **known,
        "type": kind,
        "status": status,
        "reason": wanted.reason if is_true else _OTHERS[wanted.condition],
        "message": wanted.message if is_true else "",
        "lastTransitionTime": since or now,
    }


def _place(picture: Picture, resource: str, step: SeenStep) -> str:
    """The template that is worked on, as the operator names it; of a state of ours its name."""
    templates = {state.name: state.template for state in states_of(picture, resource)}
    return templates.get(step.key.state, step.key.state)


def cut(text: str) -> str:
    """The text as it goes into a status or an Event."""
    return f"{text[:_LONGEST]}…" if len(text) > _LONGEST else text
