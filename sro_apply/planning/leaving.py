"""Why an object whose deletion has begun is still there, in words."""

from __future__ import annotations

from sro_render.model.objects import JsonObject, JsonValue, mapping_of, text_of
from sro_render.model.wording import wordlist

_OF_DEPENDENTS = frozenset({"foregroundDeletion", "orphan"})
"""The garbage collector's own: they go by themselves."""
_FINALIZER_HINT = "see what should take the finalizer away, and why it does not"
_CONTENT = frozenset(
    {
        "NamespaceDeletionDiscoveryFailure",
        "NamespaceDeletionGroupVersionParsingFailure",
        "NamespaceDeletionContentFailure",
        "NamespaceFinalizersRemaining",
        "NamespaceContentRemaining",
    }
)
"""Conditions of a Namespace that say what it waits for, the gravest first."""


def leaving_reason(live: JsonObject) -> str:
    """What an object that is being deleted waits for."""
    metadata = mapping_of(live.get("metadata"))
    finalizers = sorted({text_of(each) for each in _list(metadata.get("finalizers"))} - {""})
    foreign = [each for each in finalizers if each not in _OF_DEPENDENTS]
    if foreign:
        many = "finalizer" if len(foreign) == 1 else "finalizers"
        return f"it is being deleted, and waits for the {many} {wordlist(foreign)}"
    if finalizers:
        return "it is being deleted, and waits for what belongs to it to go first"
    contents = _contents(live)
    return f"it is being deleted: {contents}" if contents else "it is being deleted"


def leaving_hint(live: JsonObject) -> str:
    """What to do where somebody else must act before it goes."""
    finalizers = {text_of(each) for each in _list(mapping_of(live.get("metadata")).get("finalizers"))}
    return _FINALIZER_HINT if finalizers - _OF_DEPENDENTS else ""


def _contents(live: JsonObject) -> str:
    conditions = map(mapping_of, _list(mapping_of(live.get("status")).get("conditions")))
    messages = {
        text_of(each.get("type")): text_of(each.get("message"))
        for each in conditions
        if each.get("status") == "True" and each.get("type") in _CONTENT
    }
    return "; ".join(messages[kind] for kind in sorted(messages, reverse=True))


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []
