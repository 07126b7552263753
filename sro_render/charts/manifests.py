"""Hooks and the order of objects, as Helm and the operator have them.

Decides when an object is a hook, of which events and weight, and which kind goes before which. Takes
parsed manifests; splitting and reading texts is done elsewhere.
Source: helm pkg/release/v1/util/kind_sorter.go and manifest_sorter.go; special-resource-operator
pkg/helmer/helmer.go (`OpenShiftInstallOrder`), which puts five kinds before Service.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from sro_render.gotemplate.numbers import parse_uint
from sro_render.model.install_order import INSTALL_ORDER, install_rank

HOOK = "helm.sh/hook"
HOOK_WEIGHT = "helm.sh/hook-weight"

HOOK_EVENTS = (
    "pre-install",
    "post-install",
    "pre-delete",
    "post-delete",
    "pre-upgrade",
    "post-upgrade",
    "pre-rollback",
    "post-rollback",
    "test",
)
_OLD_EVENTS = {"test-success": "test"}

_OPENSHIFT = frozenset({"Certificate", "Issuer", "SecurityContextConstraints", "ImageStream", "BuildConfig"})
_ATOI = re.compile(r"([+-]?)([0-9]+)")


def helm_rank(kind: str) -> tuple[int, str]:
    """The same for Helm's own order, which knows nothing of OpenShift's kinds."""
    return (len(INSTALL_ORDER), kind) if kind in _OPENSHIFT else install_rank(kind)


def is_hook(annotations: Mapping[str, object]) -> bool:
    """Whether an object is a hook of any kind, and so none of a release's own objects."""
    return HOOK in annotations


def hook_events(annotations: Mapping[str, object]) -> tuple[str, ...]:
    """The events of a hook, in the order written; empty for no hook.

    A hook with an event that Helm does not know is never run by Helm: empty as well, and `is_hook`
    tells the two apart.
    """
    written = annotations.get(HOOK)
    if not isinstance(written, str):
        return ()
    events = [name.strip().lower() for name in written.split(",")]
    events = [_OLD_EVENTS.get(event, event) for event in events]
    return tuple(events) if set(events) <= set(HOOK_EVENTS) else ()


def hook_weight(annotations: Mapping[str, object]) -> int:
    """The weight of a hook; what is no integer counts as 0. Lower goes first."""
    written = annotations.get(HOOK_WEIGHT)
    parts = _ATOI.fullmatch(written) if isinstance(written, str) else None
    size = parse_uint(parts[2]) if parts else None
    if parts is None or size is None:
        return 0
    weight = -size if parts[1] == "-" else size
    return weight if -(2**63) <= weight < 2**63 else 0
