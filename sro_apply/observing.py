"""Looks at a bundle that others bring into the cluster: a runner's rounds in which nothing is done."""

from __future__ import annotations

from sro_apply.applying import Applier
from sro_apply.config import SyncSettings
from sro_apply.kube.interface import Kube, Reading
from sro_apply.looking import Looker
from sro_apply.planning.parts import RenderedBundle
from sro_apply.planning.picture import Picture
from sro_apply.surveying import Surveyor


class Observer:
    """Looks at one bundle, round after round."""

    def __init__(self, kube: Kube, view: Reading, bundle: RenderedBundle, settings: SyncSettings) -> None:
        looker = Looker(view, bundle, kube)
        self._surveyor = Surveyor(view, looker, bundle, Applier(kube, view, bundle, settings))

    def begin(self) -> None:
        """Nothing is to be known before."""

    def round(self) -> None:
        """Nothing is to be done."""

    def picture(self) -> Picture:
        """How the cluster stands now. Raises: see `Surveyor.survey`."""
        return self._surveyor.survey()

    def next_try_s(self) -> float | None:
        """Nothing is tried."""
        return None
