"""Looks once at how a cluster stands against a bundle. Nothing is written."""

from __future__ import annotations

from sro_apply.config import SyncSettings
from sro_apply.controller.connecting import Target, connect
from sro_apply.kube.view import View
from sro_apply.observing import Observer
from sro_apply.planning.picture import Picture
from sro_apply.sources import load_once
from sro_render.version import __version__


def look(source: str, target: Target) -> Picture:
    """How the cluster stands against the bundle of a source, whichever tool applies it.

    Raises:
        BundleError, InputError: before the first request.
        ServerError: there is no server to talk to, or it does not let us see the nodes.
    """
    bundle = load_once(source, of_any_target=True)
    kube, namespace = connect(target)
    settings = SyncSettings(namespace=namespace, version=__version__, timeout_s=0)
    return Observer(kube, View(kube), bundle, settings).picture()
