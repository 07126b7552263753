"""Jobs that wait for builds: neither Argo CD nor Flux sees the Builds of a BuildConfig.

Decides what the Job does and may do. Each BuildConfig has its own Job, named after the BuildConfig and
a hash of its spec, so that a changed build is waited for anew: a Job cannot be changed. The Job also
starts what OpenShift starts by itself only when a BuildConfig is new.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sro_render.model.bundle import Bundle, RenderedObject, RenderedResource, State
from sro_render.model.objects import JsonObject, JsonValue, annotations_of, mapping_of, object_id
from sro_render.targets.layout import PROVENANCE, SHARED
from sro_render.yamltext import writer

REVISION_LABEL: Final = "sro.openshift.io/build-revision"
"""On a Build: the hash of the BuildConfig's spec that it was made from."""
WAIT_LABEL: Final = "sro.openshift.io/waits-for"
"""On a Job: what it waits for."""
_OWNED = {"specialresource.openshift.io/owned": "true"}
_HASH_DIGITS = 10
_MAX_JOB_NAME = 63
"""A Job's name becomes a label of its pods."""

# Only the newest Build counts. One without the label was just started by a trigger, or by hand: it is made
# from the BuildConfig as it is now. One with another hash is of an earlier revision, which no trigger
# notices. https://docs.openshift.com/container-platform/latest/cicd/builds/triggering-builds-build-hooks.html
SCRIPT: Final = r"""
newest() {
  label=$(printf %.63s "$BUILD_CONFIG")
  names=$(oc get builds -l "buildconfig=$label" --sort-by=.metadata.creationTimestamp -o name)
  printf '%s\n' "$names" | tail -n 1
}
field() { oc get "$1" -o "jsonpath=$2"; }
build=$(newest)
until [ -n "$build" ] || [ "$GRACE_S" -le 0 ]; do
  sleep 5
  GRACE_S=$((GRACE_S - 5))
  build=$(newest)
done
state=none
[ -z "$build" ] ||
  state=$(field "$build" "{.metadata.labels['sro\.openshift\.io/build-revision']}/{.status.phase}")
case "$state" in
  "$REVISION"/Failed | "$REVISION"/Error | "$REVISION"/Cancelled) is_ours= ;;
  "$REVISION"/* | /*) is_ours=yes ;;
  *) is_ours= ;;
esac
[ -n "$is_ours" ] || build=$(oc start-build "$BUILD_CONFIG" -o name)
oc label --overwrite "$build" "sro.openshift.io/build-revision=$REVISION"
while true; do
  phase=$(field "$build" '{.status.phase}')
  case "$phase" in
    Complete) exit 0 ;;
    Failed | Error | Cancelled)
      field "$build" '{.status.phase}: {.status.message}{"\n"}{.status.logSnippet}{"\n"}'
      exit 1 ;;
  esac
  sleep 10
done
""".lstrip("\n")


class WaitOptions(Struct, frozen=True, kw_only=True):
    """The image with `oc`, and how long a build may take."""

    image: str
    timeout_s: int


def with_waits(bundle: Bundle, options: WaitOptions) -> Bundle:
    """The bundle with a Job for each BuildConfig, and with what these Jobs may do.

    A Job lies in the state and kernel of its BuildConfig, behind it; what it may do lies in the first
    state of the SR that has a build in that namespace, before everything else.
    """
    return replace(bundle, resources=tuple(_resource_with_waits(each, options) for each in bundle.resources))


def is_wait(manifest: JsonObject) -> bool:
    """Whether it is a Job that waits for a build."""
    return WAIT_LABEL in mapping_of(mapping_of(manifest.get("metadata")).get("labels"))


def _resource_with_waits(resource: RenderedResource, options: WaitOptions) -> RenderedResource:
    account = "wait-for-shared-builds" if resource.name == SHARED else f"wait-for-builds-of-{resource.name}"
    allowed: set[str] = set()
    states = []
    for state in resource.states:
        builds = [each for each in state.objects if _is_build_config(each)]
        new = {each.id.namespace: each for each in reversed(builds) if each.id.namespace not in allowed}
        allowed.update(new)
        rules = [
            _rendered(manifest, _lonely(resource, state) or new[namespace], "", state.name)
            for namespace in sorted(new)
            for manifest in _rules(account, namespace)
        ]
        states.append(_state_with_waits(state, rules, account, options) if builds else state)
    return replace(resource, states=tuple(states))


def _lonely(resource: RenderedResource, state: State) -> RenderedObject | None:
    """An object that depends on no kernel, of the state if it has one: so should what is of no kernel."""
    objects = (*state.objects, *(each for other in resource.states for each in other.objects))
    return next((each for each in objects if not each.kernel), None)


def _state_with_waits(
    state: State, rules: Iterable[RenderedObject], account: str, options: WaitOptions
) -> State:
    return replace(
        state,
        objects=(
            *rules,
            *(each for one in state.objects for each in _followed(one, state.name, account, options)),
        ),
    )


def _followed(
    each: RenderedObject, state: str, account: str, options: WaitOptions
) -> Iterator[RenderedObject]:
    yield each
    if _is_build_config(each):
        yield _rendered(_job(each.manifest, account, options), each, each.kernel, state)


def _is_build_config(each: RenderedObject) -> bool:
    return each.id.kind == "BuildConfig" and each.id.group == "build.openshift.io"


def _rendered(manifest: JsonObject, origin: RenderedObject, kernel: str, state: str) -> RenderedObject:
    """An object of ours, with the provenance of another one."""
    metadata = mapping_of(manifest["metadata"])
    own = annotations_of(origin.manifest)
    wanted = [key for key in PROVENANCE if kernel or not key.endswith("/kernel")]
    annotations: JsonObject = {key: own[key] for key in wanted if key in own}
    annotations["sro.openshift.io/state"] = state
    labels: JsonObject = {**_OWNED, **mapping_of(metadata.get("labels"))}
    complete: JsonObject = {
        **manifest,
        "metadata": {**metadata, "annotations": annotations, "labels": labels},
    }
    return RenderedObject(id=object_id(complete), manifest=complete, kernel=kernel, users=origin.users)


def _rules(account: str, namespace: str) -> tuple[JsonObject, ...]:
    metadata: JsonObject = {"name": account, "namespace": namespace}
    return (
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": metadata,
            "rules": [
                {
                    "apiGroups": ["build.openshift.io"],
                    "resources": ["builds"],
                    "verbs": ["get", "list", "patch"],
                },
                {"apiGroups": ["build.openshift.io"], "resources": ["buildconfigs"], "verbs": ["get"]},
                {
                    "apiGroups": ["build.openshift.io"],
                    "resources": ["buildconfigs/instantiate"],
                    "verbs": ["create"],
                },
            ],
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": account},
            "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace}],
        },
    )


def _job(build_config: JsonObject, account: str, options: WaitOptions) -> JsonObject:
    identity = object_id(build_config)
    text = writer.write({"spec": build_config.get("spec"), "how": [SCRIPT, options.image, options.timeout_s]})
    revision = sha256(text.encode()).hexdigest()[:_HASH_DIGITS]
    room = _MAX_JOB_NAME - _HASH_DIGITS - len("wait--")
    # The end tells kernels apart: their hash stands there.
    name = f"wait-{identity.name[-room:].lstrip('.-')}-{revision}"
    environment: list[JsonValue] = [
        {"name": "BUILD_CONFIG", "value": identity.name},
        {"name": "REVISION", "value": revision},
        {"name": "GRACE_S", "value": "60" if _starts_by_itself(build_config) else "0"},
    ]
    labels: JsonObject = {WAIT_LABEL: "build"}
    container: JsonObject = {
        "name": "wait",
        "image": options.image,
        "command": ["/bin/sh", "-euc", SCRIPT],
        "env": environment,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": identity.namespace, "labels": labels},
        "spec": {
            "activeDeadlineSeconds": options.timeout_s,
            # A build that fails is started again twice: what it fetches may be out of reach for a while.
            "backoffLimit": 2,
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "containers": [container],
                    "restartPolicy": "Never",
                    "serviceAccountName": account,
                },
            },
        },
    }


def _starts_by_itself(build_config: JsonObject) -> bool:
    """Whether OpenShift starts the first build."""
    triggers = mapping_of(build_config.get("spec")).get("triggers")
    return isinstance(triggers, list) and any(
        mapping_of(trigger).get("type") == "ConfigChange" for trigger in triggers
    )
