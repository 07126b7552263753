"""Is the only one that works in a cluster, or sends nothing: takes a Lease, renews it, and shuts a gate.

The gate is asked right before each request is sent. It goes by a clock that runs on while the machine sleeps
or the process is stopped, so that who wakes up too late sends not one request more. (Between that look and
the first byte there is one system call, which no client can close; Kubernetes knows no fence on the server's
side.) Decides nothing about Leases (`planning/lease.py`).
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sro_apply.events import Delayed, Event, Leading, StoodBy, Warned
from sro_apply.kube.errors import TRIED_AGAIN, LeaseLostError, PermanentError, TransientError
from sro_apply.kube.interface import Gated, Watched
from sro_apply.planning.lease import (
    LeaseTimes,
    Sighting,
    claimed,
    first_lease,
    is_free,
    lease_id,
    released,
    sighted,
)
from sro_render.errors import Finding, ServerError
from sro_render.model.objects import JsonObject

TIMES = LeaseTimes()
"""Of every Leader that is made without others."""
_NEVER = float("-inf")
_NOT_AS_KNOWN = frozenset({404, 409})
_LONGEST_S = 60.0
"""For an answer while there is nothing to lose."""


def boot_time() -> float:
    """Seconds since the machine started, those included in which it slept, where the system counts them."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Leader:
    """One who wants to work in a cluster.

    namespace: the applier's own; beat: called while it waits, at each look.
    """

    def __init__(
        self,
        kube: Gated,
        namespace: str,
        tell: Callable[[Event], None],
        *,
        times: LeaseTimes | None = None,
        now: Callable[[], float] = boot_time,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self.identity = f"{os.uname().nodename}_{uuid.uuid4().hex[:12]}"
        self._times, self._tell, self._now, self._beat = times or TIMES, tell, now, beat
        self._kube = kube
        self._of_lease = kube.behind(self._patience_s, is_urgent=True)
        self._id, self._namespace = lease_id(namespace), namespace
        self._seen: Sighting | None = None
        self._has_looked = False
        self._until_s = _NEVER
        self._lost_to: str | None = None
        self._trouble = ""
        self._is_over = threading.Event()
        self._has_given_up = False

    @contextmanager
    def leading(self, timeout_s: float) -> Iterator[Watched]:
        """Wait for the Lease, and give a cluster that may be worked with while we have it.

        Raises:
            TransientError, PermanentError: the server does not even let us look at the Lease.
            LeaseLostError: another held it all the time, or we gave up.
        """
        self._is_over.clear()
        try:
            self._acquire(timeout_s)
            with self._keeping():
                yield self._kube.behind(self.gate)
        finally:
            # Also of who was stopped right after it was taken.
            if self._until_s > _NEVER:
                self._release()

    def give_up(self) -> None:
        """Send nothing more but that the Lease is free, for good; from any thread."""
        self._has_given_up = True
        self._is_over.set()

    def gate(self) -> float:
        """For how many seconds requests may still be sent.

        Raises:
            LeaseLostError: another has the Lease, and may be at work; or we gave up.
            TransientError: it could not be renewed in time, and nobody else is known to have it.
        """
        if self._has_given_up:
            raise self._gave_up()
        if self._lost_to is not None:
            raise self._lost()
        left_s = self._until_s - self._now()
        if left_s > 0:
            return left_s
        error = TransientError(
            "lease-not-renewed",
            f"{self._id} could not be renewed in time, so nothing is sent until it is"
            f"{f' ({self._trouble})' if self._trouble else ''}",
            hint=TRIED_AGAIN,
        )
        error.retry_after_s = self._times.retry_s
        raise error

    def renew(self) -> None:
        """Renew the Lease that we have, once.

        Where it is not what we knew, we look at once: it may be our own renewal, of which no answer came, and
        the time that it hung is not there twice.

        Raises: TransientError, PermanentError: it could not be.
        Source: client-go leaderelection.go `tryAcquireOrRenew`, which falls back to its slow path.
        """
        if self._seen is not None and self._seen.holder == self.identity and self._is_renewed():
            return
        self._look()
        if self._seen is not None and self._seen.holder != self.identity:
            self._lost_to = self._seen.holder
            return
        try:
            self._claim()
        except PermanentError:
            self._seen = None
            raise

    def _is_renewed(self) -> bool:
        """Whether it was what we knew, and is renewed. Raises: as above."""
        try:
            self._claim()
        except PermanentError as error:
            self._seen = None
            if error.status not in _NOT_AS_KNOWN:
                raise
            return False
        return True

    def _acquire(self, timeout_s: float) -> None:
        """Take the Lease when it is free. Who has it is told once."""
        deadline_s, told = self._now() + timeout_s, ""
        while not self._has_given_up:
            self._beat()
            pause_s, fault = self._times.retry_s, None
            try:
                holder = self._take()
            except TransientError as error:
                if not self._has_looked:
                    raise  # a server that never answered is not waited for
                fault = error
                holder, pause_s = told, error.retry_after_s or pause_s
                self._tell(Delayed(reason=error.finding.message, retry_s=pause_s))
            if holder is None:
                self._lost_to, self._trouble = None, ""
                self._tell(Leading(lease=str(self._id), holder=self.identity))
                return
            if holder != told:
                told = holder
                self._tell(StoodBy(lease=str(self._id), holder=holder))
            left_s = deadline_s - self._now()
            if left_s <= 0:
                if fault is not None and not holder:
                    raise fault
                raise LeaseLostError(
                    holder,
                    f"{self._id} is held by {holder}, and was not let go of within {timeout_s:g} s",
                    hint="wait until the other one is done, or give it more time with --timeout; a loop "
                    "(sro-apply run) is never done: change its source, or stop it",
                )
            self._is_over.wait(min(pause_s, left_s))
        raise self._gave_up()

    def _take(self) -> str | None:
        """One try. None: it is ours; else who has it."""
        self._look()
        self._has_looked = True
        if self._seen is not None and not is_free(self._seen, self.identity, self._now()):
            return self._seen.holder
        try:
            self._claim()
        except PermanentError as error:
            if error.status != 409:
                raise
            return "another"  # it was quicker: the next look says who
        return None

    def _patience_s(self) -> float:
        """For an answer. A renewal that hangs leaves time for another one before the deadline."""
        return self._times.renew_deadline_s / 2 if self._until_s > _NEVER else _LONGEST_S

    def _look(self) -> None:
        lease = self._of_lease.get(self._id)
        self._seen = None if lease is None else sighted(self._seen, lease, self._now())

    def _claim(self) -> None:
        """Write that we have it. Counts from before it is sent: others count from after it has arrived."""
        sent_s, at = self._now(), datetime.fromtimestamp(time.time(), UTC)
        if self._seen is None:
            made = self._of_lease.create(first_lease(self._namespace, self.identity, self._times, at))
        else:
            made = self._of_lease.replace(claimed(self._seen.lease, self.identity, self._times, at))
        self._note(made)
        self._until_s = sent_s + self._times.renew_deadline_s

    def _note(self, made: JsonObject) -> None:
        self._seen = Sighting(made, self._now())

    @contextmanager
    def _keeping(self) -> Iterator[None]:
        keeper = threading.Thread(target=self._keep, name="lease", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            self._is_over.set()
            keeper.join()

    def _keep(self) -> None:
        while self._lost_to is None and not self._is_over.wait(self._times.retry_s):
            try:
                self.renew()
            except (TransientError, PermanentError) as error:
                self._trouble = error.finding.message
            except Exception as error:  # noqa: BLE001 - without this thread nobody would ever lead again
                self._trouble = f"internal error: {type(error).__name__}: {error}"
            else:
                self._trouble = ""

    def _release(self) -> None:
        """Let others take it at once; who does not hear of it waits for its end."""
        seen, self._until_s = self._seen, _NEVER
        if self._lost_to is None and seen is not None and seen.holder == self.identity:
            try:
                self._of_lease.replace(released(seen.lease, datetime.fromtimestamp(time.time(), UTC)))
            except PermanentError as error:
                if error.rule:
                    self._tell(_unreleased(error.finding, self._times.duration_s))
            except ServerError:
                pass
        self._seen = None

    def _gave_up(self) -> LeaseLostError:
        return LeaseLostError("", f"{self._id} was given up: nothing more is sent", hint="start it again")

    def _lost(self) -> LeaseLostError:
        holder = self._lost_to or ""
        who = f"{holder} has" if holder else "another one had"
        return LeaseLostError(
            holder,
            f"{who} taken {self._id}, which was not renewed in time: nothing more was sent",
            hint="see what the other one does; this one may be run again when that is done",
        )


def _unreleased(finding: Finding, duration_s: float) -> Warned:
    return Warned(
        code=finding.code,
        message=f"who works here next has to wait for {duration_s:g} s: {finding.message}",
        hint=finding.hint,
    )
