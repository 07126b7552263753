"""Who may work in a cluster: what a Lease says, and what is written into it.

Decides by the rules of Kubernetes' own programs. Whether the holder is still there is told by one's own clock
alone: from when on the Lease has not changed, never by the times that are written in it, for clocks differ.
Source: client-go tools/leaderelection/leaderelection.go; differs: no jitter, for there are two replicas, not
hundreds.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from sro_render.model.objects import JsonObject, ObjectId, mapping_of, text_of

LEASE_NAME: Final = "sro-apply"


class LeaseTimes(Struct, frozen=True, kw_only=True):
    """client-go's defaults. The deadline is before the end: a request that is under way has time to arrive.

    duration_s: after so long without a renewal others take over.
    renew_deadline_s: after so long without one the holder sends nothing more.
    retry_s: between two renewals, and between two looks at the Lease of another.
    """

    duration_s: float = 15.0
    renew_deadline_s: float = 10.0
    retry_s: float = 2.0


class Sighting(Struct, frozen=True):
    """A Lease as it was seen, and since when it has been so, by our own clock."""

    lease: JsonObject
    since_s: float

    @property
    def holder(self) -> str:
        """Who has it; empty where it was let go of."""
        return text_of(_spec(self.lease).get("holderIdentity"))


def lease_id(namespace: str) -> ObjectId:
    """The Lease of the applier that lives in this namespace."""
    return ObjectId("coordination.k8s.io/v1", "Lease", namespace, LEASE_NAME)


def sighted(before: Sighting | None, lease: JsonObject, now_s: float) -> Sighting:
    """What is known after a look: an unchanged Lease stays as old as it was."""
    if before is not None and _spec(before.lease) == _spec(lease):
        return Sighting(lease, before.since_s)
    return Sighting(lease, now_s)


def is_free(seen: Sighting, identity: str, now_s: float) -> bool:
    """Whether `identity` may take it: it is its own, nobody's, or has not been renewed for its whole time."""
    if seen.holder in {"", identity}:
        return True
    written = _spec(seen.lease).get("leaseDurationSeconds")
    duration_s = written if isinstance(written, int) else LeaseTimes().duration_s
    return now_s - seen.since_s > duration_s


def first_lease(namespace: str, identity: str, times: LeaseTimes, at: datetime) -> JsonObject:
    """The Lease where there has been none."""
    identifier = lease_id(namespace)
    return {
        "apiVersion": identifier.api_version,
        "kind": identifier.kind,
        "metadata": {"name": identifier.name, "namespace": namespace},
        "spec": {**_claim(identity, times, at), "acquireTime": _micro_time(at), "leaseTransitions": 0},
    }


def claimed(lease: JsonObject, identity: str, times: LeaseTimes, at: datetime) -> JsonObject:
    """A Lease taken over or renewed. Its resourceVersion stays: of two who take it at once one gets it."""
    spec = _spec(lease)
    if text_of(spec.get("holderIdentity")) == identity:
        return {**lease, "spec": {**spec, **_claim(identity, times, at)}}
    before = spec.get("leaseTransitions")
    transitions = before + 1 if isinstance(before, int) else 1
    return {
        **lease,
        "spec": {
            **spec,
            **_claim(identity, times, at),
            "acquireTime": _micro_time(at),
            "leaseTransitions": transitions,
        },
    }


def released(lease: JsonObject, at: datetime) -> JsonObject:
    """A Lease that nobody has to wait for any more."""
    gone: JsonObject = {"holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": _micro_time(at)}
    return {**lease, "spec": {**_spec(lease), **gone}}


def _claim(identity: str, times: LeaseTimes, at: datetime) -> JsonObject:
    return {
        "holderIdentity": identity,
        "leaseDurationSeconds": max(1, math.ceil(times.duration_s)),
        "renewTime": _micro_time(at),
    }


def _spec(lease: JsonObject) -> JsonObject:
    return mapping_of(lease.get("spec"))


def _micro_time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
