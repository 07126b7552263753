"""Which images run: whether a tag says which one, and whether a driver's image is its kernel's.

An image that is built in the same bundle, or whose tag has the kernel in it, cannot be pinned by a digest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sro_render.kernels.images import names_kernel
from sro_render.lint.builds import Builds
from sro_render.lint.interface import Hit, Subject
from sro_render.lint.pods import Part, base_name, containers_of, pod_of
from sro_render.lint.rules import IMAGE_LATEST, IMAGE_WITHOUT_DIGEST, IMAGE_WITHOUT_KERNEL
from sro_render.model.bundle import RenderedObject
from sro_render.model.objects import text_of

# They build for a kernel with an image that is the same for all.
_BUILDERS = frozenset({"CronJob", "Job"})


def check_images(subject: Subject) -> Iterator[Hit]:
    """Images that can change under their name, and workloads for a kernel that do not run an image for it."""
    builds = Builds(subject)
    workloads: dict[tuple[str, str, str], list[RenderedObject]] = {}
    for rendered in subject.objects():
        pod = pod_of(rendered.manifest)
        if pod is None:
            continue
        if rendered.kernel and rendered.id.kind not in _BUILDERS:
            key = (rendered.id.kind, rendered.id.namespace, base_name(rendered))
            workloads.setdefault(key, []).append(rendered)
        for container in containers_of(pod):
            image = text_of(container.value.get("image"))
            if image and not any(each.makes(image) for each in builds.of(rendered)):
                yield from _check_image(rendered, container, image)
    for same in workloads.values():
        yield from _check_kernels(subject, same)


def _check_image(rendered: RenderedObject, container: Part, image: str) -> Iterator[Hit]:
    if "@" in image or _names_kernel(image, rendered.kernel):
        return
    _, _, tag = image.rpartition("/")[2].partition(":")
    if tag in {"", "latest"}:
        yield Hit(
            rule=IMAGE_LATEST,
            message=f"the image {image} has {'the tag latest' if tag else 'no tag'}: "
            "what runs changes without a review",
            rendered=rendered,
            path=container.below("image"),
            hint="name a version, or better a digest: IMAGE@sha256:…",
            is_one=True,
        )
    else:
        yield Hit(
            rule=IMAGE_WITHOUT_DIGEST,
            message=f"the image {image} is named by a tag, which can be moved",
            rendered=rendered,
            path=container.below("image"),
            hint="name its digest: IMAGE@sha256:…",
            is_one=True,
        )


def _check_kernels(subject: Subject, same: Sequence[RenderedObject]) -> Iterator[Hit]:
    """One workload for all its kernels: some image of it must differ from kernel to kernel."""
    images = [_images(rendered) for rendered in same]
    if len(same) > 1:
        depends = any(each != images[0] for each in images)
    else:
        kernel = same[0].kernel
        toolkit = subject.toolkits.get(kernel, "")
        depends = any(_names_kernel(image, kernel) or (toolkit and image == toolkit) for image in images[0])
    if depends or not images[0]:
        return
    for rendered in same:
        pod = pod_of(rendered.manifest)
        container = next(containers_of(pod)) if pod else None
        yield Hit(
            rule=IMAGE_WITHOUT_KERNEL,
            message=f"this {rendered.id.kind} is for one kernel, and runs the same image for every kernel: "
            f"{', '.join(dict.fromkeys(images[0]))}",
            rendered=rendered,
            path=container.below("image") if container else (),
            hint="put {{ .Values.kernelFullVersion }} into the tag of the driver's image; "
            "an image that builds its module when it starts is fine",
        )


def _images(rendered: RenderedObject) -> tuple[str, ...]:
    pod = pod_of(rendered.manifest)
    images = (text_of(each.value.get("image")) for each in containers_of(pod)) if pod else ()
    return tuple(image for image in images if image)


def _names_kernel(image: str, kernel: str) -> bool:
    return bool(kernel) and names_kernel(image, kernel)
