"""Why an object whose deletion has begun is still there, in words."""

from __future__ import annotations

from sro_apply.planning.reading import condition_of, is_true, items_of, metadata_of
from sro_render.model.objects import JsonObject, text_of
from sro_render.model.wording import wordlist

_OF_DEPENDENTS = frozenset({"foregroundDeletion", "orphan"})
"""The garbage collector's own: they go by themselves."""
_FINALIZER_HINT = "see what should take the finalizer away, and why it does not"
_CONTENT = (
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
    "NamespaceDeletionContentFailure",
    "NamespaceFinalizersRemaining",
    "NamespaceContentRemaining",
)
"""Conditions of a Namespace that say what it waits for, the gravest first."""


def leaving_reason(live: JsonObject) -> str:
    """What an object that is being deleted waits for."""
    finalizers = _finalizers(live)
    foreign = sorted(finalizers - _OF_DEPENDENTS)
    if foreign:
        many = "finalizer" if len(foreign) == 1 else "finalizers"
        return f"it is being deleted, and waits for the {many} {wordlist(foreign)}"
    if finalizers:
        return "it is being deleted, and waits for what belongs to it to go first"
    contents = _contents(live)
    return f"it is being deleted: {contents}" if contents else "it is being deleted"


def waits_for_others(live: JsonObject) -> bool:
    """Whether somebody else must act before it goes."""
    return bool(_finalizers(live) - _OF_DEPENDENTS)


def leaving_hint(live: JsonObject) -> str:
    """What to do where somebody else must act before it goes."""
    return _FINALIZER_HINT if waits_for_others(live) else ""


def _finalizers(live: JsonObject) -> set[str]:
    return {text_of(each) for each in items_of(metadata_of(live).get("finalizers"))} - {""}


def _contents(live: JsonObject) -> str:
    found = ((condition_of(live, each), is_true(live, each)) for each in _CONTENT)
    return "; ".join(text_of(each.get("message")) for each, is_so in found if is_so)
