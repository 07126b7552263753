"""Images that a bundle builds itself, and the workloads that must wait for them.

Nothing but the annotation `specialresource.openshift.io/wait` keeps a workload from starting before the
build in front of it is done. A BuildConfig says what it makes; a Job that builds or pushes something is
taken to make the images that it is told and that a workload runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from sro_render.kernels.affinity import PREFIX
from sro_render.kernels.images import Builder, builder_of, image_reference, images_of
from sro_render.lint.interface import Hit, Subject
from sro_render.lint.pods import base_name
from sro_render.lint.rules import MISSING_WAIT
from sro_render.model.bundle import RenderedObject
from sro_render.model.objects import annotations_of

WAIT_ANNOTATION = f"{PREFIX}wait"
_TOOLS = re.compile(r"buildah|buildctl|buildkit|kaniko|podman|skopeo|--destination|\b(?:build|push)\b")


class Build(Struct, frozen=True):
    """An object that makes images; what a Job itself runs, it does not make."""

    rendered: RenderedObject
    builder: Builder

    def makes(self, image: str) -> bool:
        """Whether it makes an image of this name."""
        reference = image_reference(image)
        return self.builder.makes(reference) and reference not in images_of(self.rendered.manifest)


def builds_of(subject: Subject) -> Iterator[Build]:
    """Everything that makes images, in the order in which it is applied."""
    for rendered in subject.objects():
        builder = builder_of(rendered.manifest)
        if builder is not None and _has_tools(rendered, builder):
            yield Build(rendered, builder)


class Builds:
    """The builds of a bundle, by kernel: a workload of one kernel runs what was built for it, or for all."""

    def __init__(self, subject: Subject) -> None:
        self._by_kernel: dict[str, list[Build]] = {}
        for build in builds_of(subject):
            self._by_kernel.setdefault(build.rendered.kernel, []).append(build)

    def of(self, user: RenderedObject) -> Iterator[Build]:
        """The builds whose images a workload may run."""
        for kernel in dict.fromkeys(("", user.kernel)) if user.kernel else self._by_kernel:
            yield from self._by_kernel.get(kernel, ())


def _has_tools(rendered: RenderedObject, builder: Builder) -> bool:
    """Jobs that name an image may only check it, or hand its name on."""
    texts = (*builder.texts, *images_of(rendered.manifest))
    return bool(builder.outputs) or any(map(_TOOLS.search, texts))


def check_builds(subject: Subject) -> Iterator[Hit]:
    """Builds that the workloads which run their images do not wait for, or cannot wait for."""
    builds = Builds(subject)
    order = {id(rendered): number for number, rendered in enumerate(subject.objects())}
    for number, rendered in enumerate(subject.objects()):
        images = images_of(rendered.manifest)
        for build in builds.of(rendered) if images else ():
            place = order[id(build.rendered)]
            is_waited_for = annotations_of(build.rendered.manifest).get(WAIT_ANNOTATION) == "true"
            if number == place or (is_waited_for and number > place):
                continue
            if any(build.makes(image) for image in images):
                yield _hit(build.rendered, rendered, is_behind=number < place)


def _hit(build: RenderedObject, user: RenderedObject, *, is_behind: bool) -> Hit:
    """A build and what runs its image; `is_behind`: the build comes later."""
    maker = f"{build.id.kind} {base_name(build)}"
    runner = f"{user.id.kind} {base_name(user)}"
    return Hit(
        rule=MISSING_WAIT,
        message=f"{maker} builds the image that {runner} runs, and "
        + ("is applied behind it" if is_behind else "nothing waits for it"),
        rendered=build,
        path=("metadata", "annotations"),
        of_key=True,
        hint=f"put {runner} into a later state; in one state, jobs come last"
        if is_behind
        else f'annotate it {WAIT_ANNOTATION}: "true"',
    )
