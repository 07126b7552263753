"""What a step that was not begun waits for, in words: the same as `order.may_start` asks."""

from __future__ import annotations

from collections.abc import Collection

from sro_apply.planning.order import Lane, Step, has_lane_failed, is_applied, is_lane_ready
from sro_apply.planning.progress import Status, StepKey, Table, status_of


def held_by(step: Step, table: Table, written: Collection[StepKey] = ()) -> str:
    """`waits for SR / state / kernel`; empty where nothing is in its way. Args: written: see `is_applied`."""
    for key in step.ready:
        if status_of(table, key) is not Status.READY:
            return _waits_for(key)
    for key in step.applied:
        if not is_applied(key, table, written):
            return _waits_for(key)
    for lanes in step.joins:
        behind = [lane for lane in lanes if not _is_over(lane, table)]
        if behind:
            return _waits_for(_first_open(behind[0], table))
        if not any(is_lane_ready(lane, table) for lane in lanes):
            return "waits for one kernel to become ready"
    if step.openings and not any(is_lane_ready(lane, table) for lane in step.openings):
        return "waits for the first kernel to come so far"
    return ""


def _waits_for(key: StepKey) -> str:
    return f"waits for {key}"


def _is_over(lane: Lane, table: Table) -> bool:
    return is_lane_ready(lane, table) or has_lane_failed(lane, table)


def _first_open(lane: Lane, table: Table) -> StepKey:
    return next(key for key in lane if status_of(table, key) is not Status.READY)
