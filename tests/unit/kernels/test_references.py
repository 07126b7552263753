"""Which fields name other objects.

Matrix: each field that the reference of its API says names an object, once, with the kind that it names;
namespaces. Left out: messages (test_findings_in_nodes.py beside the commands).
"""

from __future__ import annotations

from typing import Any

import pytest

from sro_render.kernels.references import is_reference_to, references_of, selected_apps


def nested(path: str, value: Any) -> Any:
    """A value below a key path; `[0]` makes a list of one."""
    for key in reversed(path.split(".")):
        name, is_list, _ = key.partition("[0]")
        value = {name: [value] if is_list else value}
    return value


POD_FIELDS = [
    ("serviceAccountName", "ServiceAccount"),
    ("serviceAccount", "ServiceAccount"),
    ("priorityClassName", "PriorityClass"),
    ("runtimeClassName", "RuntimeClass"),
    ("imagePullSecrets[0].name", "Secret"),
    ("volumes[0].configMap.name", "ConfigMap"),
    ("volumes[0].secret.secretName", "Secret"),
    ("volumes[0].persistentVolumeClaim.claimName", "PersistentVolumeClaim"),
    ("volumes[0].projected.sources[0].configMap.name", "ConfigMap"),
    ("volumes[0].projected.sources[0].secret.name", "Secret"),
    ("containers[0].envFrom[0].configMapRef.name", "ConfigMap"),
    ("containers[0].envFrom[0].secretRef.name", "Secret"),
    ("containers[0].env[0].valueFrom.configMapKeyRef.name", "ConfigMap"),
    ("containers[0].env[0].valueFrom.secretKeyRef.name", "Secret"),
    ("initContainers[0].envFrom[0].configMapRef.name", "ConfigMap"),
]
FIELDS = [
    ("BuildConfig", "spec.output.pushSecret.name", "Secret"),
    ("BuildConfig", "spec.serviceAccount", "ServiceAccount"),
    ("BuildConfig", "spec.source.sourceSecret.name", "Secret"),
    ("BuildConfig", "spec.source.configMaps[0].configMap.name", "ConfigMap"),
    ("BuildConfig", "spec.source.secrets[0].secret.name", "Secret"),
    ("BuildConfig", "spec.strategy.dockerStrategy.pullSecret.name", "Secret"),
    ("BuildConfig", "spec.strategy.dockerStrategy.volumes[0].source.configMap.name", "ConfigMap"),
    ("BuildConfig", "spec.strategy.dockerStrategy.volumes[0].source.secret.secretName", "Secret"),
    ("StatefulSet", "spec.serviceName", "Service"),
    ("ServiceAccount", "secrets[0].name", "Secret"),
    ("ServiceAccount", "imagePullSecrets[0].name", "Secret"),
    ("Ingress", "spec.defaultBackend.service.name", "Service"),
    ("Ingress", "spec.rules[0].http.paths[0].backend.service.name", "Service"),
    ("Ingress", "spec.tls[0].secretName", "Secret"),
    ("Build", "spec.output.pushSecret", "Secret"),
    ("Build", "spec.source.git.cloneSecret", "Secret"),
    ("BuildRun", "spec.serviceAccount", "ServiceAccount"),
    ("BuildRun", "spec.build.name", "Build"),
    ("APIService", "spec.service.name", "Service"),
    ("MutatingWebhookConfiguration", "webhooks[0].clientConfig.service.name", "Service"),
    ("ValidatingWebhookConfiguration", "webhooks[0].clientConfig.service.name", "Service"),
    *(("DaemonSet", f"spec.template.spec.{path}", kind) for path, kind in POD_FIELDS),
    *(("CronJob", f"spec.jobTemplate.spec.template.spec.{path}", kind) for path, kind in POD_FIELDS[:1]),
]


@pytest.mark.parametrize(("kind", "path", "target"), FIELDS)
def test_a_field_names_an_object_of_its_kind(kind: str, path: str, target: str) -> None:
    (found,) = references_of({"kind": kind, **nested(path, "x")})
    assert (found.kind, found.name, found.path, found.namespace) == (target, "x", path, "")


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("RoleBinding", "roleRef"),
        ("RoleBinding", "subjects[0]"),
        ("ClusterRoleBinding", "subjects[0]"),
        ("HorizontalPodAutoscaler", "spec.scaleTargetRef"),
        ("Route", "spec.to"),
        ("Route", "spec.alternateBackends[0]"),
        ("BuildConfig", "spec.output.to"),
        ("BuildConfig", "spec.source.images[0].from"),
        ("BuildConfig", "spec.strategy.dockerStrategy.from"),
        ("BuildConfig", "spec.strategy.sourceStrategy.from"),
        ("BuildConfig", "spec.strategy.customStrategy.from"),
        ("BuildConfig", "spec.triggers[0].imageChange.from"),
        ("DeploymentConfig", "spec.triggers[0].imageChangeParams.from"),
        ("ConfigMap", "metadata.ownerReferences[0]"),
    ],
)
def test_a_field_that_says_kind_and_name_names_that(kind: str, path: str) -> None:
    value = {"kind": "Thing", "name": "x", "namespace": "there"}
    (found,) = references_of({"kind": kind, **nested(path, value)})
    assert (found.kind, found.name, found.path, found.namespace) == ("Thing", "x", f"{path}.name", "there")


@pytest.mark.parametrize(("kind", "name"), [("ImageStreamTag", "x:v1"), ("ImageStreamImage", "x@sha256:0")])
def test_a_tag_of_an_image_stream_names_the_stream(kind: str, name: str) -> None:
    user: Any = {"kind": "BuildConfig", "spec": {"output": {"to": {"kind": kind, "name": name}}}}
    (found,) = references_of(user)
    assert (found.kind, found.name) == ("ImageStream", "x")


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("Service", "spec.selector.app"),
        ("NetworkPolicy", "spec.podSelector.matchLabels.app"),
        ("PodDisruptionBudget", "spec.selector.matchLabels.app"),
        ("PodMonitor", "spec.selector.matchLabels.app"),
    ],
)
def test_a_selector_of_pods_by_app_is_found(kind: str, path: str) -> None:
    (found,) = selected_apps({"kind": kind, **nested(path, "x")})
    assert (found.name, found.path) == ("x", path)


@pytest.mark.parametrize("value", [None, 1, "", [], {}, "text"])
def test_other_shapes_name_nothing(value: Any) -> None:
    manifest = {"kind": "RoleBinding", "subjects": value, "metadata": {"ownerReferences": value}}
    assert list(references_of(manifest)) == []
    assert list(selected_apps({"kind": "Service", "spec": value})) == []


def a_map(kind: str, namespace: str) -> Any:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "x-1", "namespace": namespace}}


@pytest.mark.parametrize(
    ("user_namespace", "said", "target_namespace", "is_meant"),
    [
        ("a", "", "a", True),
        ("a", "", "b", False),
        ("a", "b", "b", True),
        ("a", "b", "a", False),
        ("", "", "a", True),
    ],
)
def test_a_reference_is_to_an_object_of_its_namespace(
    user_namespace: str, said: str, target_namespace: str, is_meant: bool
) -> None:
    subject = {"kind": "ServiceAccount", "name": "x", "namespace": said}
    user: Any = {
        "kind": "RoleBinding",
        "metadata": {"name": "u", "namespace": user_namespace},
        "subjects": [subject],
    }
    (found,) = references_of(user)
    target = a_map("ServiceAccount", target_namespace)
    assert is_reference_to(found, user, target, "x") == is_meant
    assert not is_reference_to(found, user, a_map("Secret", "a"), "x")


def test_an_object_of_the_cluster_is_named_from_every_namespace() -> None:
    user: Any = {"kind": "Pod", "metadata": {"namespace": "a"}, "spec": {"priorityClassName": "x"}}
    (found,) = references_of(user)
    target: Any = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "x-1"}}
    assert is_reference_to(found, user, target, "x")
