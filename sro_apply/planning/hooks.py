"""What runs once, and what becomes of it then: Helm's hooks (Jobs and Pods), and Jobs with a time to live.

Helm runs hooks when it installs; here that is whenever a hook is not the one that ran last. That it ran is
written on the parent of its set, for it may be gone itself: deleted by its policy, by its time to live, or by
somebody.
Source: https://helm.sh/docs/topics/charts_hooks/ (deletion policies; without one it is before-hook-creation).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Final

from sro_apply.planning.reading import (
    is_leaving,
    is_true,
    kind_of,
    labels_of,
    metadata_of,
    spec_of,
    status_of,
)
from sro_apply.planning.verdict import READY, Readiness, Verdict, progress
from sro_apply.planning.waits import HOOK
from sro_render.model.objects import JsonObject, annotations_of, mapping_of, text_of

REVISION: Final = "sro.openshift.io/run-revision"
"""Of what runs once: what it does."""
RAN: Final = "sro.openshift.io/ran"
"""Of a set's parent: JSON, each one's file with the revision that came to its end."""
BEFORE, SUCCEEDED, FAILED = "before-hook-creation", "hook-succeeded", "hook-failed"
_POLICY: Final = "helm.sh/hook-delete-policy"
_JOB: Final = ("batch", "Job")
_POD: Final = ("", "Pod")
_KINDS: Final = frozenset({_JOB, _POD})


def runs_once(manifest: JsonObject) -> bool:
    """Whether it runs, ends, and may be gone then; others are objects that stay."""
    key = kind_of(manifest)
    if key == _JOB and "ttlSecondsAfterFinished" in spec_of(manifest):
        return True
    return HOOK in annotations_of(manifest) and key in _KINDS


def with_run_revision(manifest: JsonObject) -> JsonObject:
    """What runs once with the label of its revision; any other object as it is."""
    if not runs_once(manifest):
        return manifest
    digest = hashlib.sha256(json.dumps(spec_of(manifest), sort_keys=True).encode()).hexdigest()[:16]
    labels = {**labels_of(manifest), REVISION: digest}
    return {**manifest, "metadata": {**metadata_of(manifest), "labels": labels}}


def revision_of(manifest: JsonObject) -> str:
    """What `with_run_revision` wrote."""
    return text_of(labels_of(manifest).get(REVISION))


def policies_of(manifest: JsonObject) -> frozenset[str]:
    """When a hook is deleted; what is none, never."""
    if HOOK not in annotations_of(manifest):
        return frozenset()
    given = text_of(annotations_of(manifest).get(_POLICY))
    return frozenset(each.strip() for each in given.split(",") if each.strip()) or frozenset({BEFORE})


def is_in_the_way(live: JsonObject, wanted: JsonObject) -> bool:
    """Whether what is there must go before the hook can run: what it does cannot be changed."""
    if is_leaving(live):
        return True
    return revision_of(live) not in {"", revision_of(wanted)} and BEFORE in policies_of(wanted)


def has_failed(live: JsonObject) -> bool:
    """Whether a Job or a Pod came to a bad end, after which nobody tries any more."""
    if kind_of(live) == _POD:
        return status_of(live).get("phase") == "Failed"
    return kind_of(live) == _JOB and is_true(live, "Failed")


def runs_anew(live: JsonObject, wanted: JsonObject) -> bool:
    """Whether what an earlier run left makes way for a hook: it does something else, or it failed.

    What has no revision is none that we ran, such as the operator's of this name: it is not ours to delete.
    Source: as Helm runs the hooks of a release that failed when somebody installs it once more.
    """
    has_run = bool(revision_of(live)) and has_failed(live)
    return is_in_the_way(live, wanted) or (has_run and BEFORE in policies_of(wanted))


def told(wanted: JsonObject, found: Verdict) -> Verdict:
    """What is said of what failed and stays: what makes it run again, for nothing else does."""
    metadata = metadata_of(wanted)
    what = f"{text_of(wanted.get('kind')).lower()} {text_of(metadata.get('name'))}"
    after = f"kubectl delete -n {text_of(metadata.get('namespace'))} {what}"
    ways = f"with the next sync, or after {after}" if BEFORE in policies_of(wanted) else f"after {after}"
    return Verdict(found.readiness, f"{found.reason}; it runs again {ways}", retry_s=0)


def judge_hook(live: JsonObject, found: Verdict) -> Verdict:
    """A hook has come to its end where other pods are ready as soon as they run."""
    is_over = live.get("kind") != "Pod" or status_of(live).get("phase") == "Succeeded"
    return progress("the pod has not completed") if found == READY and not is_over else found


def goes_now(wanted: JsonObject, found: Verdict) -> bool:
    """Whether its policy wants it deleted, after it came to this end; what is tried on has come to none."""
    if found.is_retried:
        return False
    policy = {Readiness.READY: SUCCEEDED, Readiness.FAILED: FAILED}.get(found.readiness)
    return policy in policies_of(wanted)


def read_record(parent: JsonObject | None) -> dict[str, str]:
    """Which hooks ran, by file; empty where nothing legible is written."""
    try:
        value = json.loads(text_of(annotations_of(parent or {}).get(RAN)))
    except ValueError:
        return {}
    return {key: text_of(each) for key, each in mapping_of(value).items()}


def record_patch(record: Mapping[str, str], files: Collection[str]) -> JsonObject:
    """What writes the record. Args: files: of the bundle; of hooks that it has no more nothing is kept."""
    kept = {file: record[file] for file in sorted(record) if file in files}
    return {"metadata": {"annotations": {RAN: json.dumps(kept)}}}
