"""Hooks and the order of kinds.

Matrix: events, weights, known and unknown kinds, OpenShift's place. Left out: nothing.
"""

from __future__ import annotations

import pytest

from sro_render.charts.manifests import hook_events, hook_weight, is_hook
from sro_render.model.install_order import install_rank


def test_openshifts_kinds_come_before_service() -> None:
    kinds = ["Zeta", "Service", "BuildConfig", "ImageStream", "SecurityContextConstraints"]
    kinds += ["Issuer", "Certificate", "RoleBinding", "DaemonSet", "Alpha", "Namespace"]
    assert sorted(kinds, key=install_rank) == [
        "Namespace",
        "RoleBinding",
        "Certificate",
        "Issuer",
        "SecurityContextConstraints",
        "ImageStream",
        "BuildConfig",
        "Service",
        "DaemonSet",
        "Alpha",
        "Zeta",
    ]


@pytest.mark.parametrize(
    ("written", "events"),
    [
        ("pre-install", ("pre-install",)),
        (" Pre-Install , post-upgrade", ("pre-install", "post-upgrade")),
        ("test-success", ("test",)),
        ("crd-install", ()),
        ("pre-install,unknown", ()),
        (1, ()),
    ],
)
def test_events_are_those_that_helm_knows(written: object, events: tuple[str, ...]) -> None:
    assert hook_events({"helm.sh/hook": written}) == events
    assert is_hook({"helm.sh/hook": written})


def test_what_has_no_annotation_is_no_hook() -> None:
    assert not is_hook({"a": "b"})
    assert hook_events({"a": "b"}) == ()


@pytest.mark.parametrize(
    ("written", "weight"),
    [
        ("-5", -5),
        ("+7", 7),
        ("x", 0),
        ("1.5", 0),
        (3, 0),
        ("9" * 30, 0),
        ("9" * 5000, 0),
        ("-" + "0" * 5000 + "4", -4),
        (str(2**63), 0),
        (str(-(2**63)), -(2**63)),
        (None, 0),
    ],
)
def test_weights_that_are_no_integers_count_as_zero(written: object, weight: int) -> None:
    assert hook_weight({"helm.sh/hook-weight": written}) == weight
