"""What `diff` does: load the bundle, ask the server, compare."""

from __future__ import annotations

import time
from collections.abc import Sequence

from msgspec import Struct

from sro_apply.asking import Asker
from sro_apply.checking import check_nodes
from sro_apply.config import OnStale, SyncSettings, Terms
from sro_apply.controller.connecting import Target, connect
from sro_apply.git import shown
from sro_apply.kube.view import View
from sro_apply.planning.allowed import refuse_beyond, refuse_own
from sro_apply.planning.live_diff import live_diff
from sro_apply.planning.prune import unknown_set
from sro_apply.sources import load_once
from sro_render.diff.ignore import parse_rule
from sro_render.diff.records import Diff
from sro_render.errors import Finding
from sro_render.version import __version__

LIVE = "live"
"""What the cluster's side is called."""


class DiffRequest(Struct, frozen=True, kw_only=True):
    """What the user asked of `diff`; see its options."""

    source: str
    target: Target
    terms: Terms
    rules: Sequence[str] = ()


def diff(request: DiffRequest) -> tuple[Diff, tuple[Finding, ...]]:
    """What a sync of the bundle would change in the cluster, and what the user should know beside that.

    Raises:
        BundleError, InputError: before the first request.
        ServerError: there is no server to talk to, or it lets us not read what is compared.
    """
    for rule in request.rules:
        parse_rule(rule)
    bundle = load_once(request.source)
    refuse_beyond(bundle, request.terms.kinds, request.terms.namespaces)
    kube, namespace = connect(request.target)
    refuse_own(bundle, namespace)
    settings = SyncSettings(
        namespace=namespace,
        version=__version__,
        timeout_s=0,
        is_dry_run=True,
        takes_over=request.terms.takes_over,
        concurrency=request.terms.concurrency,
        prune_limit=request.terms.prune_limit,
        adopts=request.terms.adopts,
    )
    view = View(kube)
    answers = Asker(kube, view, bundle, settings, time.sleep).ask()
    names = LIVE, shown(request.source)
    found = live_diff(bundle, answers.checked, answers.fates, answers.nodes, names, request.rules)
    return found, (*check_nodes(view, bundle, OnStale.WARN), *map(_unknown, answers.unknown))


def _unknown(resource: str) -> Finding:
    stop = unknown_set(resource, f"what there is of {resource} stays")
    return Finding(code=stop.code, message=stop.reason, hint=stop.hint)
