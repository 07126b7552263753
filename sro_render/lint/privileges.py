"""What pods may do to their nodes. Drivers must; a reviewer should see which, and where."""

from __future__ import annotations

from collections.abc import Iterator

from sro_render.lint.interface import Hit, Subject
from sro_render.lint.pods import Part, containers_of, entries, pod_of
from sro_render.lint.rules import HOST_NAMESPACE, HOST_PATH, PRIVILEGED_CONTAINER
from sro_render.model.bundle import RenderedObject
from sro_render.model.objects import mapping_of, text_of

# Capabilities that amount to being root on the node: capabilities(7).
_ROOT_LIKE = frozenset({"ALL", "SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO"})
_NAMESPACES = {"hostNetwork": "network", "hostPID": "process", "hostIPC": "IPC"}


def check_privileges(subject: Subject) -> Iterator[Hit]:
    """Privileged containers, mounted folders of the node, its namespaces."""
    for rendered in subject.objects():
        pod = pod_of(rendered.manifest)
        if pod is not None:
            for container in containers_of(pod):
                yield from _check_container(rendered, container)
            yield from _check_pod(rendered, pod)


def _check_container(rendered: RenderedObject, container: Part) -> Iterator[Hit]:
    context = mapping_of(container.value.get("securityContext"))
    if context.get("privileged") is True:
        yield Hit(
            rule=PRIVILEGED_CONTAINER,
            message="a privileged container",
            rendered=rendered,
            path=container.below("securityContext", "privileged"),
        )
        return
    added = mapping_of(context.get("capabilities")).get("add")
    names = {text_of(each).removeprefix("CAP_") for each in (added if isinstance(added, list) else ())}
    if names & _ROOT_LIKE:
        yield Hit(
            rule=PRIVILEGED_CONTAINER,
            message=f"a container with the capability {', '.join(sorted(names & _ROOT_LIKE))}",
            rendered=rendered,
            path=container.below("securityContext", "capabilities", "add"),
        )


def _check_pod(rendered: RenderedObject, pod: Part) -> Iterator[Hit]:
    mounted = {
        path: volume
        for volume in entries(pod, "volumes")
        if (path := text_of(mapping_of(volume.value.get("hostPath")).get("path")))
    }
    if mounted:
        yield Hit(
            rule=HOST_PATH,
            message=f"a pod mounts {', '.join(mounted)} of its node",
            rendered=rendered,
            path=next(iter(mounted.values())).below("hostPath", "path"),
        )
    for key, name in _NAMESPACES.items():
        if pod.value.get(key) is True:
            yield Hit(
                rule=HOST_NAMESPACE,
                message=f"a pod in its node's {name} namespace",
                rendered=rendered,
                path=pod.below(key),
            )
