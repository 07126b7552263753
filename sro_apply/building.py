"""Starts the builds that BuildConfigs are missing, each once, and tells why one failed, with its log's end.

Asks; which build is missing is decided in `planning.builds`. Nothing is kept beyond one run but how often a
build was tried: whoever is stopped between two requests leaves nothing that the next one would not see.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from sro_apply.kube.errors import PermanentError, TransientError
from sro_apply.kube.interface import Kube, Reading
from sro_apply.planning.backoff import delay_s
from sro_apply.planning.builds import (
    MOST_LOG_LINES,
    REVISION,
    Next,
    Outlook,
    build_request,
    judge_build,
    outlook,
    pod_of_build,
)
from sro_apply.planning.reading import labels_of, metadata_of, name_of
from sro_apply.planning.verdict import Verdict, progress
from sro_render.model.objects import JsonObject, ObjectId, object_id, text_of

LOST_AFTER_S: Final = 90.0
"""A build that was numbered so long ago never comes: an API server gives up a request after 60 s."""
MOST_RESTARTS: Final = 3
"""Of one revision in one run: somebody must look."""
_STARTED_BY_OTHERS = progress("somebody else has started a build")


class BuildStarter:
    """Starts builds. Args: now: seconds since some moment."""

    def __init__(self, kube: Kube, view: Reading, now: Callable[[], float]) -> None:
        self._kube, self._view, self._now = kube, view, now
        self._missed: dict[tuple[ObjectId, int], float] = {}
        self._failed: dict[tuple[ObjectId, int], float] = {}
        self._restarts: dict[tuple[ObjectId, str], int] = {}
        self._logs: dict[ObjectId, str] = {}

    def attend(self, config: JsonObject) -> Verdict:
        """What a live BuildConfig is found to be, after a build was started if one was missing.

        Raises: TransientError, PermanentError
        """
        found = outlook(config, self._view.builds(text_of(metadata_of(config).get("namespace"))))
        match found.next:
            case Next.NOTHING:
                return found.verdict
            case Next.START:
                return self._start(config, found)
            case Next.START_IF_LOST:
                key = object_id(config), found.number
                is_lost = self._now() - self._missed.setdefault(key, self._now()) >= LOST_AFTER_S
                return self._start(config, found) if is_lost else found.verdict
            case Next.RESTART:
                return self._restart(config, found)

    def _restart(self, config: JsonObject, found: Outlook) -> Verdict:
        """A failure is told first; how long after it, and how often, it is tried again is counted here."""
        identity = object_id(config)
        revision = identity, text_of(labels_of(config).get(REVISION))
        restarts = self._restarts.get(revision, 0)
        is_new = (identity, found.number) not in self._failed
        since = self._failed.setdefault((identity, found.number), self._now())
        if restarts == MOST_RESTARTS:
            return _given_up(config, self._told(found))
        left_s = since + delay_s(restarts + 1) - self._now()
        if is_new or left_s > 0:
            return replace(self._told(found), retry_s=round(left_s, 1))
        started = self._start(config, found)
        self._restarts[revision] = restarts + 1
        return started

    def _start(self, config: JsonObject, found: Outlook) -> Verdict:
        try:
            made = self._kube.act(object_id(config), "instantiate", build_request(config, found.number))
        except PermanentError as error:
            if _came_too_late(error):
                return _STARTED_BY_OTHERS
            raise
        self._view.add_build(made)
        return progress(f"build {name_of(made)} was started")

    def _told(self, found: Outlook) -> Verdict:
        """The failed build with the end of its log, read once."""
        if found.failed is None:
            return found.verdict
        identity = object_id(found.failed)
        if identity not in self._logs:
            try:
                self._logs[identity] = self._log_of(found.failed)
            except PermanentError as error:  # once we may, it is read
                return judge_build(found.failed, unread=error.finding.message)
        return judge_build(found.failed, self._logs[identity])

    def _log_of(self, build: JsonObject) -> str:
        """Empty where it cannot be had, as when the pod has gone.

        Raises: PermanentError: we may not read it.
        """
        try:
            return self._kube.log(pod_of_build(build), tail_lines=MOST_LOG_LINES)
        except TransientError:
            return ""
        except PermanentError as error:
            if error.rule:
                raise
            return ""


def _given_up(config: JsonObject, verdict: Verdict) -> Verdict:
    """A failure, with what to do now; the log stays below it."""
    reason, *log = verdict.reason.split("\n")
    start = f"oc start-build {name_of(config)} -n {text_of(metadata_of(config).get('namespace'))}"
    what = f"{reason}; so are those before it: mend the cause, then start one with {start}"
    return Verdict(verdict.readiness, "\n".join([what, *log]), retry_s=0)


def _came_too_late(error: PermanentError) -> bool:
    """Whether another build was numbered since we looked, so that this one was not started.

    Source: openshift-apiserver pkg/build/apiserver/buildgenerator/generator.go `checkLastVersion`.
    """
    return error.status == 409 or (error.status == 400 and "LastVersion" in error.finding.message)
