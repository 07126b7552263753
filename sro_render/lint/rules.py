"""The rules that lint adds to what a render finds, with their severity; README has a row of each."""

from __future__ import annotations

from sro_render.model.problem import Rule, Severity

API_REMOVED = Rule(
    "api-removed", Severity.ERROR, "an API version that the cluster's Kubernetes does not serve any more"
)
API_DEPRECATED = Rule(
    "api-deprecated", Severity.WARNING, "an API version that a later Kubernetes will not serve"
)
API_UNKNOWN = Rule(
    "api-unknown",
    Severity.ERROR,
    "a kind of Kubernetes' own that this version of it does not have there",
)
OBJECT_SCHEMA = Rule("object-schema", Severity.ERROR, "a field that Kubernetes needs, or refuses as it is")
UNKNOWN_FIELD = Rule("unknown-field", Severity.ERROR, "a field that the kind does not have")
KIND_NOT_CHECKED = Rule("kind-not-checked", Severity.INFO, "kinds that Kubernetes has no schema for")
SCHEMAS_MISSING = Rule(
    "schemas-missing", Severity.INFO, "Kubernetes' schemas are not installed, or not of this version"
)
NAME_REFUSED = Rule("name-refused", Severity.ERROR, "a name inside an object that Kubernetes refuses")
LABEL_REFUSED = Rule("label-refused", Severity.ERROR, "a label inside an object that Kubernetes refuses")
SELECTOR_MISMATCH = Rule("selector-mismatch", Severity.ERROR, "a workload that does not select its own pods")
PLAIN_SECRET = Rule(
    "plain-secret", Severity.ERROR, "a Secret with data: build refuses it, since bundles end up in Git"
)
PLAIN_CREDENTIAL = Rule(
    "plain-credential", Severity.WARNING, "a password or key in plain text outside of a Secret"
)
PRIVILEGED_CONTAINER = Rule(
    "privileged-container", Severity.INFO, "a container that may do anything on its node"
)
HOST_PATH = Rule("host-path", Severity.INFO, "a pod that mounts its node's files")
HOST_NAMESPACE = Rule(
    "host-namespace", Severity.INFO, "a pod in its node's network, process or IPC namespace"
)
IMAGE_LATEST = Rule("image-latest", Severity.WARNING, "an image without a tag, or with the tag latest")
IMAGE_WITHOUT_DIGEST = Rule("image-without-digest", Severity.INFO, "an image whose tag can be moved")
IMAGE_WITHOUT_KERNEL = Rule(
    "image-without-kernel", Severity.WARNING, "a kernel-affine workload that runs one image on every kernel"
)
MISSING_WAIT = Rule(
    "missing-wait", Severity.WARNING, "a build that the workload which needs its image does not wait for"
)
UNUSED_VALUE = Rule("unused-value", Severity.WARNING, "a value that a spec sets and no template reads")
UNKNOWN_LINT_CODE = Rule(
    "unknown-lint-code", Severity.WARNING, "lint-ignore names a code that cannot be silenced"
)

RULES = (
    API_DEPRECATED,
    API_REMOVED,
    API_UNKNOWN,
    HOST_NAMESPACE,
    HOST_PATH,
    IMAGE_LATEST,
    IMAGE_WITHOUT_DIGEST,
    IMAGE_WITHOUT_KERNEL,
    KIND_NOT_CHECKED,
    LABEL_REFUSED,
    MISSING_WAIT,
    NAME_REFUSED,
    OBJECT_SCHEMA,
    PLAIN_CREDENTIAL,
    PLAIN_SECRET,
    PRIVILEGED_CONTAINER,
    SCHEMAS_MISSING,
    SELECTOR_MISMATCH,
    UNKNOWN_FIELD,
    UNKNOWN_LINT_CODE,
    UNUSED_VALUE,
)

RENDER_FINDINGS = {
    "address-printed": "a template prints a value as its address in memory",
    "affine-reference-bare": "a kernel-affine object is referred to by the name that its template gave it",
    "affine-without-selector": "kernel-affine pods that nothing binds to their kernel's nodes",
    "bad-pattern": "a regular expression that is none",
    "chart-deprecated": "the chart says that it is deprecated",
    "fault-as-text": "a function puts the text of its fault into the output",
    "git-uncommitted": "inputs that no commit has as they are",
    "hook-not-run": "a hook of an event that is not run",
    "index-without-digest": "a repository does not say which archive is the right one",
    "kernel-hash-collision": "two kernels with one hash, so that names collide",
    "kernel-label-ambiguous": "two kernels that the nodes' label does not tell apart",
    "kernel-label-stale": "a node's kernel label is not that of its kernel",
    "kernel-label-too-long": "a kernel that fits into no label",
    "kernel-mixed-architecture": "one kernel string on two architectures",
    "kernel-mixed-release": "one kernel on nodes of several OpenShift releases",
    "missing-file": "a template reads a file that the chart does not have",
    "missing-value": "a template reads a value that is not set",
    "node-unserved": "nodes that an SR is for and does not serve",
    "not-readable": "a text that cannot be read as YAML, JSON, TOML or a time",
    "not-written": "a value that cannot be written as YAML, JSON or TOML",
    "object-depends-on-kernel": "an object that differs by kernel, but is not kernel-affine",
    "offline-lookup": "a template asks the cluster or the network",
    "proxy-password-dropped": "user and password of the proxy are left out of a snapshot",
    "spec-ignored": "an object among the specs that is no SpecialResource",
    "state-depends-on-kernel": "a state that differs by kernel, but has nothing kernel-affine in it",
    "state-label-unset": "a selector on a label of a state that nobody sets",
    "tls-not-verified": "a repository whose certificate is not verified",
    "toolkit-ambiguous": "two toolkits for one kernel, or one for two kernels",
    "toolkit-missing": "a kernel without a driver toolkit",
    "toolkit-os-mismatch": "a toolkit for another OS version than its nodes'",
    "toolkit-other-kernel": "the toolkit of the nodes' OS image has the headers of another kernel",
    "unknown-zone": "a time zone that does not exist",
}
"""What a render finds, by code: all are warnings here, and can be silenced likewise."""
