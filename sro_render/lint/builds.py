"""Images that a bundle builds itself, and the workloads that must wait for them.

Nothing but the annotation `specialresource.openshift.io/wait` keeps a workload from starting before the
build in front of it is done. A BuildConfig says what it makes; a Job is taken to make the images that its
arguments name and that a later workload runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from sro_render.kernels.affinity import PREFIX
from sro_render.lint.interface import Hit, Subject
from sro_render.lint.pods import base_name, containers_of, entries, pod_of
from sro_render.lint.rules import MISSING_WAIT
from sro_render.model.bundle import RenderedObject
from sro_render.model.objects import annotations_of, mapping_of, text_of

WAIT_ANNOTATION = f"{PREFIX}wait"
_NAME_GOES_ON = re.compile(r"[\w.@/-]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """Something that makes images. tag: `NAMESPACE/NAME:TAG` of an image stream; image: a whole name.

    words: of a Job, what its containers are told; own: the images that the Job itself runs.
    """

    rendered: RenderedObject
    tag: str = ""
    image: str = ""
    words: tuple[str, ...] = ()
    own: frozenset[str] = field(default_factory=frozenset)

    def makes(self, image: str) -> bool:
        """Whether it makes an image of this name."""
        if self.tag:
            return image.endswith(f"/{self.tag}") or image == self.tag.partition("/")[2]
        if self.image:
            return image == self.image
        is_whole_name = ":" in image or "/" in image
        return is_whole_name and image not in self.own and any(_says(word, image) for word in self.words)


def builds_of(subject: Subject) -> Iterator[Build]:
    """Everything that makes images, in the order in which it is applied."""
    for rendered in subject.objects():
        if rendered.id.kind == "BuildConfig":
            spec = mapping_of(rendered.manifest.get("spec"))
            target = mapping_of(mapping_of(spec.get("output")).get("to"))
            name = text_of(target.get("name"))
            if not name:
                continue
            if target.get("kind") == "DockerImage":
                yield Build(rendered=rendered, image=name)
            else:
                namespace = text_of(target.get("namespace")) or rendered.id.namespace
                full = name if ":" in name else f"{name}:latest"
                yield Build(rendered=rendered, tag=f"{namespace}/{full}")
        elif rendered.id.kind == "Job":
            yield _job(rendered)


def check_builds(subject: Subject) -> Iterator[Hit]:
    """Builds that the workloads which run their images do not wait for, or cannot wait for."""
    pods = [
        (number, rendered, [text_of(each.value.get("image")) for each in containers_of(pod)])
        for number, rendered in enumerate(subject.objects())
        if (pod := pod_of(rendered.manifest)) is not None
    ]
    order = {id(rendered): number for number, rendered in enumerate(subject.objects())}
    for build in builds_of(subject):
        place = order[id(build.rendered)]
        is_waited_for = annotations_of(build.rendered.manifest).get(WAIT_ANNOTATION) == "true"
        for number, rendered, images in pods:
            if number == place or (is_waited_for and number > place):
                continue
            if _is_for_same(build.rendered, rendered) and any(build.makes(image) for image in images):
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


def _is_for_same(build: RenderedObject, user: RenderedObject) -> bool:
    return not build.kernel or not user.kernel or build.kernel == user.kernel


def _job(rendered: RenderedObject) -> Build:
    words: list[str] = []
    own: set[str] = set()
    pod = pod_of(rendered.manifest)
    for container in containers_of(pod) if pod else ():
        own.add(text_of(container.value.get("image")))
        for key in ("command", "args"):
            listed = container.value.get(key)
            words.extend(text_of(each) for each in (listed if isinstance(listed, list) else ()))
        words.extend(text_of(each.value.get("value")) for each in entries(container, "env"))
    return Build(rendered=rendered, words=tuple(words), own=frozenset(own))


def _says(word: str, image: str) -> bool:
    """Whether a text names an image, and not one whose name only begins or ends likewise."""
    at = word.find(image)
    if at < 0:
        return False
    before, after = word[at - 1 : at], word[at + len(image) : at + len(image) + 1]
    return not (before and _NAME_GOES_ON.match(before) and before != "/") and not _NAME_GOES_ON.match(after)
