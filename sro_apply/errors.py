"""What can be wrong with a bundle or with the cluster that it goes to, beside what sro_render knows."""

from __future__ import annotations

from sro_render.errors import InputError, ServerError


class BundleError(InputError):
    """A bundle is damaged, hostile or not one that can be applied. Nothing was written yet."""


class RightsError(InputError):
    """It cannot be said which rights a bundle needs."""


class SourceUnreachableError(ServerError):
    """The server that has the bundle does not answer, which says nothing of the bundle."""
