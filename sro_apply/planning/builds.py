"""Whether a BuildConfig's image is the one that it asks for now, and if not, which build is to be started.

OpenShift copies a BuildConfig's labels onto each Build that it makes of it, whoever asked for it: a trigger,
a person or we. So the applier labels the BuildConfig with a digest of what goes into the image, its revision,
and every Build tells by the same label what it was made of. (Annotations are not copied; those of a
BuildRequest reach only builds that we ask for.) What decides where and when a build runs is no part of it:
a driver that was built before any node ran its kernel is not built again when the first node comes.

No revision is built twice, and none is forgotten: each request names the number of the newest build that we
know (`lastVersion`), and OpenShift refuses it if another was numbered since. Whoever asks twice, or beside
OpenShift's own trigger, gets one build; who was stopped before it asked finds no build, and asks.
Source: openshift-apiserver pkg/build/apiserver/buildgenerator/generator.go `instantiate`, `checkLastVersion`,
`generateBuildFromConfig`; openshift-controller-manager pkg/build/controller/buildconfig `handleBuildConfig`,
pkg/build/controller/common `HandleBuildPruning`; openshift/api build/v1.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct

from sro_apply.planning.leaving import leaving_reason
from sro_apply.planning.reading import (
    is_leaving,
    kind_of,
    labels_of,
    mappings_of,
    metadata_of,
    name_of,
    number_of,
    spec_of,
    status_of,
)
from sro_apply.planning.verdict import READY, Verdict, failure, progress
from sro_render.model.objects import JsonObject, ObjectId, annotations_of, mapping_of, text_of

REVISION: Final = "sro.openshift.io/build-revision"
"""Of a BuildConfig and of each Build of it: which image it asks for."""
MOST_LOG_LINES: Final = 20
"""Of a failed build."""
_GROUP = "build.openshift.io"
_NAME = "openshift.io/build-config.name"
_NUMBER = "openshift.io/build.number"
_POD = "openshift.io/build.pod-name"
_PAUSED = "openshift.io/build-config.paused"
_IN_THE_IMAGE = ("output", "postCommit", "revision", "source", "strategy")
_ENDED_BADLY = frozenset({"Failed", "Error", "Cancelled"})
_NOT_STARTED = progress("no build was started yet")


class Next(StrEnum):
    """What is to be done about builds of a BuildConfig."""

    NOTHING = "nothing"
    START = "start"
    START_IF_LOST = "start if lost"
    """Somebody has begun to start one, or should; only if nothing comes of it it is for us."""
    RESTART = "restart"
    """The newest has failed: once that was told, and after a while."""


class Outlook(Struct, frozen=True, kw_only=True):
    """How the builds of a BuildConfig stand.

    number: of the newest build that is known or was numbered; failed: the one that `RESTART` is about.
    """

    verdict: Verdict
    next: Next = Next.NOTHING
    number: int = 0
    failed: JsonObject | None = None


def is_build_config(identity: ObjectId) -> bool:
    """Whether it is OpenShift's BuildConfig."""
    return (identity.group, identity.kind) == (_GROUP, "BuildConfig")


def with_revision(manifest: JsonObject) -> JsonObject:
    """A BuildConfig with the label of its revision; any other object as it is."""
    if kind_of(manifest) != (_GROUP, "BuildConfig"):
        return manifest
    spec = spec_of(manifest)
    made_of = {key: spec[key] for key in _IN_THE_IMAGE if key in spec}
    digest = hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:16]
    return {
        **manifest,
        "metadata": {**metadata_of(manifest), "labels": {**labels_of(manifest), REVISION: digest}},
    }


def outlook(config: JsonObject, builds: Sequence[JsonObject]) -> Outlook:
    """How a BuildConfig stands. Args: builds: those of its namespace, any order."""
    if is_leaving(config):
        return Outlook(verdict=progress(leaving_reason(config)))
    own = sorted((each for each in builds if _config_of(each) == name_of(config)), key=_number_of)
    if REVISION not in labels_of(config):
        return Outlook(verdict=_judge_newest(config, own))
    last = number_of(status_of(config), "lastVersion")
    number = max([last, *map(_number_of, own)])
    # The image is that of the newest build that came or will come to its end; of older ones nothing is left.
    alive = [each for each in own if _phase_of(each) not in _ENDED_BADLY]
    if alive and _is_of(alive[-1], config):
        return Outlook(verdict=judge_build(alive[-1]), number=number)
    if last > max(map(_number_of, own), default=0):
        return Outlook(
            verdict=progress(f"build {name_of(config)}-{last} was not started yet"),
            next=Next.START_IF_LOST,
            number=number,
        )
    if own and _is_of(own[-1], config):
        return _or_hindered(
            config,
            Outlook(verdict=judge_build(own[-1]), next=Next.RESTART, number=number, failed=own[-1]),
        )
    is_openshifts = not number and _has_trigger(config)
    step = Next.START_IF_LOST if is_openshifts else Next.START
    return _or_hindered(config, Outlook(verdict=_NOT_STARTED, next=step, number=number))


def judge_build_config(config: JsonObject, builds: Sequence[JsonObject]) -> Verdict:
    """Whether its image is built."""
    return outlook(config, builds).verdict


def judge_build(build: JsonObject, log: str = "", unread: str = "") -> Verdict:
    """A build. Args: log: the end of what it printed, if that is known; unread: why it cannot be read."""
    phase = _phase_of(build)
    if phase == "Complete":
        return READY
    if phase in _ENDED_BADLY:
        return failure(f"build {name_of(build)} is {phase}{_why(status_of(build), log, unread)}")
    return progress(f"build {name_of(build)} is {phase or 'New'}")


def build_request(config: JsonObject, number: int) -> JsonObject:
    """The body that starts the build after this number, if nobody else has."""
    metadata = metadata_of(config)
    return {
        "apiVersion": config.get("apiVersion"),
        "kind": "BuildRequest",
        "metadata": {"name": metadata.get("name"), "namespace": metadata.get("namespace")},
        "lastVersion": number,
        "triggeredBy": [{"message": "sro-apply: no build of this revision"}],
    }


def pod_of_build(build: JsonObject) -> ObjectId:
    """The pod that runs a build."""
    name = text_of(annotations_of(build).get(_POD)) or f"{name_of(build)}-build"
    return ObjectId("v1", "Pod", text_of(metadata_of(build).get("namespace")), name)


def _or_hindered(config: JsonObject, found: Outlook) -> Outlook:
    """A start that OpenShift refuses, or whose end nobody would see, is told instead."""
    if text_of(annotations_of(config).get(_PAUSED)).lower() == "true":
        why = f"a build is needed, and it is paused: remove the annotation {_PAUSED}"
    elif number_of(spec_of(config), "successfulBuildsHistoryLimit", default=1) == 0:
        why = (
            "a build is needed, and its end would not be seen: set successfulBuildsHistoryLimit to 1 or more"
        )
    else:
        return found
    return Outlook(verdict=failure(why), number=found.number)


def _judge_newest(config: JsonObject, own: Sequence[JsonObject]) -> Verdict:
    """Of a BuildConfig that is not ours: a build of an earlier number says nothing any more."""
    if not own:
        return _NOT_STARTED
    last = number_of(status_of(config), "lastVersion")
    if _number_of(own[-1]) < last:
        return progress(f"build {name_of(config)}-{last} was not started yet")
    return judge_build(own[-1])


def _has_trigger(config: JsonObject) -> bool:
    """Whether OpenShift starts its first build."""
    return any(each.get("type") == "ConfigChange" for each in mappings_of(spec_of(config).get("triggers")))


def _is_of(build: JsonObject, config: JsonObject) -> bool:
    return labels_of(build).get(REVISION) == labels_of(config).get(REVISION)


def _phase_of(build: JsonObject) -> str:
    return text_of(status_of(build).get("phase"))


def _config_of(build: JsonObject) -> str:
    return text_of(annotations_of(build).get(_NAME)) or text_of(labels_of(build).get(_NAME))


def _number_of(build: JsonObject) -> int:
    digits = text_of(annotations_of(build).get(_NUMBER)) or name_of(build).rpartition("-")[2]
    return int(digits) if digits.isascii() and digits.isdigit() else 0


def _why(status: JsonObject, log: str, unread: str) -> str:
    """Why, and below it the end of the log; OpenShift keeps a few lines of it in the status."""
    words = [text_of(status.get(key)).strip().rstrip(".") for key in ("reason", "message")]
    end = (log or text_of(mapping_of(status).get("logSnippet"))).strip()
    below = [end, f"its log cannot be read: {unread}" if unread else ""]
    return "".join([*(f": {each}" for each in words if each), *(f"\n{each}" for each in below if each)])
