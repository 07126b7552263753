"""Writes how SpecialResources stand into their status, and what happened to them as Events.

Only where the kind is installed, and only for those that are there. What cannot be written is said, and a
status is tried again with the next picture: nothing waits for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Final

from sro_apply.kube.errors import NotFoundError, PermanentError, TransientError
from sro_apply.kube.interface import Kind, Kube
from sro_apply.planning.completion import resources_of
from sro_apply.planning.picture import Picture
from sro_apply.planning.reading import is_true
from sro_apply.reporting.conditions import READY, resource_status, status_patch
from sro_apply.reporting.occurrences import (
    Occurrence,
    event_id,
    event_manifest,
    occurrences,
    once_more,
    readied,
)
from sro_render.errors import Finding
from sro_render.model.objects import JsonObject, object_id

_EVENTS: Final = "Events"
SPECIAL_RESOURCE = Kind("sro.openshift.io/v1beta1", "SpecialResource")


def utc_now() -> str:
    """The time as Kubernetes writes it."""
    return datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Recorder:
    """Records the pictures of one bundle, one after the other."""

    def __init__(self, kube: Kube, now: Callable[[], str] = utc_now) -> None:
        self._kube, self._now = kube, now
        self._before: Picture | None = None
        self._lacking: dict[str, dict[str, Finding]] = {}
        """Rules that are missing to write something, each with the first word of it, until it is written."""

    def record(self, picture: Picture) -> tuple[Finding, ...]:
        """Write what differs from what is there; what could not be written, and what we still may not."""
        found = self._write(picture)
        return (*(each for rules in self._lacking.values() for each in rules.values()), *found)

    def _write(self, picture: Picture) -> tuple[Finding, ...]:
        before, self._before = self._before, picture
        try:
            found = self._kube.list(SPECIAL_RESOURCE)
        except NotFoundError:
            return ()
        except (PermanentError, TransientError) as error:
            return (error.finding,)
        live = {object_id(each).name: each for each in found}
        return tuple(
            finding
            for name in resources_of(picture)
            if name in live
            for finding in self._record(picture, before, name, live[name])
        )

    def _record(
        self, picture: Picture, before: Picture | None, name: str, live: JsonObject
    ) -> Iterator[Finding]:
        wanted = resource_status(picture, name)
        patch = status_patch(wanted, live, self._now())
        if patch is None and before is None:
            return  # somebody has told all of this before
        happened = list(occurrences(before, picture, name))
        if wanted.condition == READY and not is_true(live, READY):
            happened.append(readied(name))
        if patch is not None:
            write = partial(self._kube.patch, object_id(live), patch, subresource="status")
            yield from self._faults(f"the status of {name}", write)
        for what in happened:
            yield from self._faults(_EVENTS, partial(self._tell, live, what))

    def _faults(self, what: str, write: Callable[[], object]) -> Iterator[Finding]:
        """Write, and say what went wrong, unless it is a right that is missing: that is kept in mind."""
        try:
            write()
        except TransientError as error:
            yield error.finding
        except PermanentError as error:
            if error.rule:
                # The next Event has another name, and lacks the same.
                self._lacking.setdefault(what, {}).setdefault(error.rule, error.finding)
            else:
                yield error.finding
        else:
            self._lacking.pop(what, None)

    def _tell(self, live: JsonObject, what: Occurrence) -> object:
        identity = event_id(object_id(live).name, what)
        event = self._kube.get(identity)
        if event is None:
            return self._kube.create(event_manifest(live, what, self._now()))
        return self._kube.patch(identity, once_more(event, self._now()))
