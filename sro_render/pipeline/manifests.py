"""Rendered text to objects: split, parse, check, and say which template line is to blame.

Texts that do not depend on the kernel are parsed once: the documents of the first kernel are kept,
and those of the others are looked up among them.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from sro_render.errors import Faults, RenderError, SroError, YamlError, flatten
from sro_render.kernels.affinity import check_shape
from sro_render.limits import Limits
from sro_render.model.objects import JsonObject, mapping_of, object_id, text_of
from sro_render.model.wording import KeyPath
from sro_render.pipeline.rendered_faults import Blame, not_yaml
from sro_render.source import Source, Span
from sro_render.validation import PLAIN_SECRET_HINT, check_object, is_open_secret
from sro_render.yamltext.documents import split_manifests
from sro_render.yamltext.reader import locate, read_manifest


class Manifest(Struct, frozen=True, kw_only=True):
    """One object as a template rendered it.

    text:     the rendered document; objects with equal texts are equal.
    template: Helm's name of the template.
    """

    value: JsonObject
    text: str
    template: str


class ManifestReader:
    """Reads rendered texts of one SR, remembering what it read for the first kernel."""

    def __init__(self, limits: Limits, *, allow_secrets: bool) -> None:
        self._limits = limits
        self._allow_secrets = allow_secrets
        self._known: dict[tuple[str, str], tuple[Manifest, ...]] = {}

    def read(self, text: str, template: str, blame: Blame, *, remember: bool) -> tuple[Manifest, ...]:
        """The objects of one rendered template, in its order; Lists are taken apart.

        Args:   remember: whether the documents are likely to come again for other kernels.
        Raises: RenderError, or a group of them: not YAML, no object, or one that Kubernetes refuses.
        """
        faults = Faults()
        manifests: list[Manifest] = []
        for document in split_manifests(text):
            known = self._known.get((template, document.text))
            if known is None:
                try:
                    known = self._parse(document.text, document.line, text, template, blame)
                except (SroError, ExceptionGroup) as error:
                    faults.add(error)
                    continue
                if remember:
                    self._known[template, document.text] = known
            manifests.extend(known)
        faults.raise_if_any()
        return tuple(manifests)

    def _parse(
        self, document: str, line: int, text: str, template: str, blame: Blame
    ) -> tuple[Manifest, ...]:
        source = Source(f"rendered {template}", document)
        # The offset of the document's first line in the whole text, for the blame.
        start = Source(template, text).span_at(line, 1).start
        try:
            value = read_manifest(source, self._limits)
        except (YamlError, ExceptionGroup) as error:
            raise ExceptionGroup(
                "rendered text is not YAML",
                [not_yaml(each, line, text, template, blame) for each in flatten(error)],
            ) from error
        if value is None:
            return ()
        beginning = start + len(document) - len(document.lstrip())
        if not isinstance(value, dict):
            raise RenderError(
                "not-an-object",
                f"{template} renders a document that is not an object",
                span=blame(beginning),
                notes=(f"rendered line {line}: {document.strip().splitlines()[0][:80]}",),
                hint="every document of a template is a Kubernetes object; put comments behind #",
            )

        def place(path: KeyPath) -> tuple[Span | None, int]:
            """The template's place that wrote a field, and the field's rendered line."""
            for length in range(len(path), 0, -1):
                span = locate(source, path[:length], value=True)
                if span is not None:
                    return blame(start + span.start), line + span.line - 1
            return blame(beginning), line

        values = _unpacked(value)
        self._check(values, template, place)
        return tuple(
            Manifest(
                value=each, text=document if len(values) == 1 else f"{index}:{document}", template=template
            )
            for index, each in enumerate(values)
        )

    def _check(
        self,
        values: list[JsonObject],
        template: str,
        place: Callable[[KeyPath], tuple[Span | None, int]],
    ) -> None:
        """Raise everything that Kubernetes, or Git's readers, should not see."""
        faults = Faults()
        for index, value in enumerate(values):
            prefix: list[str | int] = [] if len(values) == 1 else ["items", index]
            for path, fault in (*check_object(value), *check_shape(value)):
                finding = fault.finding
                span, line = place([*prefix, *path])
                note = f"rendered line {line} of {template}, in {object_id(value)}"
                fault.finding = replace(finding, span=span, notes=(*finding.notes, note))
                faults.add(fault)
            if not self._allow_secrets and is_open_secret(value):
                faults.add(
                    RenderError(
                        "plain-secret",
                        f"{object_id(value)} holds data in plain text, and bundles end up in Git",
                        span=place([*prefix, "kind"])[0],
                        hint=PLAIN_SECRET_HINT,
                    )
                )
        faults.raise_if_any()


def _unpacked(value: JsonObject) -> list[JsonObject]:
    """The items of a list of any kind (`List`, `RoleList`), taken apart as Helm does, or the object."""
    kind, items = text_of(value.get("kind")), value.get("items")
    if not kind.endswith("List") or not isinstance(items, list):
        return [value]
    # Items of a typed list do not repeat their kind.
    common = {"apiVersion": value.get("apiVersion"), "kind": kind.removesuffix("List")}
    is_typed = kind != "List"
    return [
        inner
        for item in items
        for inner in _unpacked({**common, **mapping_of(item)} if is_typed else mapping_of(item))
    ]
