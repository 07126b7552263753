"""What a chart itself asks to be waited for: by annotations, by Helm's hooks, and by CRDs.

Decides how a step's objects part into batches, of which one is applied when the one before it is ready, and
which objects are waited for even where the user does not wait. What `wait-for-logs` asks for is looked for in
the last 1,000 lines of each pod that the object's selector names; SRO takes pods by their label `app`, and
the last 100 characters.
Source: special-resource-operator pkg/resource/resource.go `afterCRUD`, pkg/poll/poll.go `ForDaemonSetLogs`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import zip_longest
from typing import Any, Final

from sro_apply.planning.parts import BundleObject, RenderedBundle
from sro_apply.planning.pods import named, node_of, pods_of
from sro_apply.planning.reading import status_of, uid_of
from sro_apply.planning.verdict import READY, Verdict, progress
from sro_render.model.objects import JsonObject, ObjectId, annotations_of, text_of

WAIT: Final = "specialresource.openshift.io/wait"
WAIT_FOR_LOGS: Final = "specialresource.openshift.io/wait-for-logs"
HOOK: Final = "helm.sh/hook"
MOST_LOG_LINES: Final = 1_000
_MAX_MEMORY: Final = 8 * 2**20
_WITH_LOGS = frozenset(
    {("", "Pod"), ("apps", "DaemonSet"), ("apps", "Deployment"), ("apps", "StatefulSet"), ("batch", "Job")}
)


def batches(objects: Sequence[BundleObject]) -> tuple[tuple[BundleObject, ...], ...]:
    """The objects in their order, parted after each that holds what comes after it; CRDs stay together."""
    made: list[tuple[BundleObject, ...]] = []
    batch: list[BundleObject] = []
    for each, after in zip_longest(objects, objects[1:]):
        batch.append(each)
        if after is None or (holds(each) and not (_is_crd(each.id) and _is_crd(after.id))):
            made.append(tuple(batch))
            batch = []
    return tuple(made)


def must_wait(each: BundleObject, waits: bool) -> bool:
    """Whether an object is waited for.

    Args: waits: whether the user waits for all; else only for what the next object cannot do without, and for
          hooks, as Helm does.
    """
    return waits or takes_others_along(each.id) or is_hook(each)


def takes_others_along(identity: ObjectId) -> bool:
    """Whether others cannot be without it, and go with it."""
    return (identity.group, identity.kind) == ("", "Namespace") or _is_crd(identity)


def asks_to_wait(each: BundleObject) -> bool:
    """Whether the chart asks that what comes after an object waits for it."""
    annotations = annotations_of(each.manifest)
    return annotations.get(WAIT) == "true" or HOOK in annotations or bool(pattern_of(each.manifest))


def is_hook(each: BundleObject) -> bool:
    """Whether it is one of Helm's hooks."""
    return HOOK in annotations_of(each.manifest)


def pattern_of(manifest: JsonObject) -> str:
    """What its pods' logs must match; empty where nothing is asked."""
    return text_of(annotations_of(manifest).get(WAIT_FOR_LOGS))


def pods_to_read(live: JsonObject, pods: Sequence[JsonObject]) -> list[JsonObject]:
    """The pods whose logs are asked for: those of the object, but for a Job's that failed; a pod itself."""
    own = [live] if live.get("kind") == "Pod" else pods_of(live, pods)
    return [each for each in own if status_of(each).get("phase") != "Failed"]


def judge_logs(pattern: str, pods: Sequence[JsonObject], matched: frozenset[str]) -> Verdict:
    """Whether all logs have what is asked for. Args: matched: the uids of the pods whose logs have it."""
    left = [each for each in pods if uid_of(each) not in matched]
    if not left:
        return READY
    nodes = sorted({node_of(each) for each in left} - {""})
    return progress(f"the logs of {len(left)} of {len(pods)} pods do not match {pattern!r} yet{named(nodes)}")


def has_match(pattern: str, log: str) -> bool:
    """Whether a log has a match, anywhere."""
    return _compiled(pattern).search(log) is not None


def faults_of_waits(bundle: RenderedBundle) -> Iterator[str]:
    """What cannot be waited for, for it can never come true."""
    for each in bundle.objects:
        pattern = pattern_of(each.manifest)
        if not pattern:
            continue
        if (each.id.group, each.id.kind) not in _WITH_LOGS:
            yield f"{each.id}: {WAIT_FOR_LOGS}: a {each.id.kind} has no pods whose logs could be read"
        problem = _problem_of(pattern)
        if problem:
            yield f"{each.id}: {WAIT_FOR_LOGS}: {pattern!r} is no regular expression of RE2: {problem}"


def holds(each: BundleObject) -> bool:
    """Whether what comes after an object in its state waits for it."""
    return asks_to_wait(each) or _is_crd(each.id)


def _is_crd(identity: ObjectId) -> bool:
    return (identity.group, identity.kind) == ("apiextensions.k8s.io", "CustomResourceDefinition")


def _problem_of(pattern: str) -> str:
    import re2  # noqa: PLC0415 - few bundles pay for the library

    try:
        _compiled(pattern)
    except re2.error as error:
        detail = error.args[0] if error.args else ""
        return detail.decode("utf-8", "replace") if isinstance(detail, bytes) else str(detail)
    return ""


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> Any:
    import re2  # noqa: PLC0415 - few bundles pay for the library

    options = re2.Options()
    options.max_mem, options.log_errors = _MAX_MEMORY, False
    return re2.compile(pattern, options=options)
