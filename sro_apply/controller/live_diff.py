"""What `diff` does: load the bundle, ask the server, compare."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence

from msgspec import Struct

from sro_apply.applying import Applier
from sro_apply.asking import Asker
from sro_apply.config import SyncSettings
from sro_apply.controller.connecting import Target, connect
from sro_apply.kube.view import View
from sro_apply.planning.allowed import refuse_beyond, refuse_own
from sro_apply.planning.live_diff import live_diff
from sro_apply.sources import load_once
from sro_render.diff.ignore import parse_rule
from sro_render.diff.records import Diff
from sro_render.version import __version__

LIVE = "live"
"""What the cluster's side is called."""


class DiffRequest(Struct, frozen=True, kw_only=True):
    """What the user asked of `diff`; see its options."""

    source: str
    target: Target
    takes_over: bool
    concurrency: int
    rules: Sequence[str] = ()
    kinds: Collection[str] = ()
    namespaces: Collection[str] = ()


def diff(request: DiffRequest) -> Diff:
    """What a sync of the bundle would change in the cluster.

    Raises:
        BundleError, InputError: before the first request.
        ServerError: there is no server to talk to, or it lets us not read what is compared.
    """
    for rule in request.rules:
        parse_rule(rule)
    bundle = load_once(request.source)
    refuse_beyond(bundle, request.kinds, request.namespaces)
    kube, namespace = connect(request.target)
    refuse_own(bundle, namespace)
    settings = SyncSettings(namespace=namespace, version=__version__, timeout_s=0, is_dry_run=True)
    asker = Asker(
        kube,
        Applier(kube, View(kube), bundle, settings),
        bundle,
        namespace=namespace,
        takes_over=request.takes_over,
        concurrency=request.concurrency,
        sleep=time.sleep,
    )
    answers = asker.ask()
    names = LIVE, request.source
    return live_diff(bundle, answers.checked, answers.stale, answers.nodes, names, request.rules)
