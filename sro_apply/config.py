"""What the user chose for a sync."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Final

from msgspec import Struct

MANAGER: Final = "sro-apply"
"""The field manager of all that we write."""


class OnStale(StrEnum):
    """What becomes of a sync whose bundle is stale for some nodes."""

    WARN = "warn"
    FAIL = "fail"
    IGNORE = "ignore"


class Terms(Struct, frozen=True, kw_only=True):
    """On which terms a bundle goes into a cluster: the options that `sync`, `run` and `diff` have in common.

    takes_over:        whether fields that other managers hold are taken over; else they are a failure.
    adopts:            whether objects of a SpecialResource are taken over; else they are a failure.
    prune_limit:       the share of a set that may go at once.
    concurrency:       how many objects are sent at once.
    kinds, namespaces: those that the bundle may have; empty: any.
    """

    takes_over: bool = True
    adopts: bool = False
    prune_limit: float = 0.5
    concurrency: int = 8
    kinds: Collection[str] = ()
    namespaces: Collection[str] = ()


class SyncSettings(Struct, frozen=True, kw_only=True):
    """See `Terms` and the options of `sro-apply sync`.

    namespace:     the applier's own, where the parents of its sets are.
    is_continuous: whether what was ready is looked at again in each round.
    wait_s:        how long an object may take to become ready before that is a failure.
    """

    namespace: str
    version: str
    timeout_s: float
    waits: bool = True
    takes_over: bool = True
    is_dry_run: bool = False
    concurrency: int = 8
    is_continuous: bool = False
    prune_limit: float = 0.5
    adopts: bool = False
    wait_s: float = 1200.0
