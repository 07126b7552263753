"""Spec files, read into SpecialResources; every fault of every file is reported at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from sro_render.edges import schemas
from sro_render.edges.files import each_file, read_source
from sro_render.errors import Faults, Finding, InputError, SroError, nearest, some
from sro_render.kernels.snapshot import INVENTORY_KIND
from sro_render.limits import Limits
from sro_render.model.bundle import InputFile
from sro_render.model.objects import JsonObject, JsonValue, kinds_of, mapping_of, object_id, text_of
from sro_render.model.specialresource import API_VERSION, KIND, UNSUPPORTED_KINDS, SpecialResource
from sro_render.model.wording import KeyPath
from sro_render.pipeline.provenance import canonical_text, digest_of, with_sorted_dependencies
from sro_render.source import Source, Span
from sro_render.validation import check_object, check_schema
from sro_render.yamltext.reader import Document, locate, read_stream

_CREDENTIAL_LINE = re.compile(r"(?i)(\b(?:pas+\w*|user\w*|token)[\"']?[ \t]*:[ \t]*)([^\n]+)")
_USER_INFO = re.compile(r"(?<=://)[^/@\s]*(?=@)")
_CREDENTIALS = frozenset({"username", "password"})


_WHAT_A_SPEC_IS = f"a spec is YAML with kind: {KIND}, apiVersion: {API_VERSION}"


class SpecFiles(Struct, frozen=True, kw_only=True):
    """What the spec files hold.

    resources:   SRs without a fault, in the order given.
    config_maps: they may carry charts.
    faults:      everything that is wrong in any of the files.
    broken:      names of the SRs that have a fault, A-Z.
    is_complete: whether every SR of the files is among `resources` or `broken`.
    """

    resources: tuple[SpecialResource, ...]
    config_maps: tuple[JsonObject, ...]
    files: tuple[InputFile, ...]
    findings: tuple[Finding, ...]
    faults: tuple[SroError, ...]
    broken: tuple[str, ...]
    is_complete: bool

    def raise_if_wrong(self) -> None:
        """Raise what is wrong, for those who go on with whole specs only."""
        faults = Faults()
        for fault in self.faults:
            faults.add(fault)
        faults.raise_if_any()

    @classmethod
    def none(cls) -> SpecFiles:
        """What there is where no files were named."""
        return cls(
            resources=(), config_maps=(), files=(), findings=(), faults=(), broken=(), is_complete=True
        )


def read_specs(paths: Iterable[str], limits: Limits) -> SpecFiles:
    """Read SpecialResources from files and folders; what is wrong in them is in the result."""
    faults = Faults()
    resources: list[SpecialResource] = []
    config_maps: list[JsonObject] = []
    files: list[InputFile] = []
    findings: list[Finding] = []
    others: list[tuple[JsonObject, DocumentPlace]] = []
    broken: set[str] = set()
    named = tuple(each_file(paths, faults))
    is_readable = not faults
    for path in named:
        try:
            source = read_source(path)
            documents = read_stream(source, limits)
        except (SroError, ExceptionGroup) as error:
            faults.add(error)
            is_readable = False
            continue
        files.append(InputFile(path=str(path), digest=_content_digest(documents)))
        ignored: list[tuple[JsonObject, DocumentPlace]] = []
        for index, document in enumerate(documents):
            for value, prefix in unpacked(document.value):
                place = DocumentPlace(source=source, document=index, prefix=prefix, whole=document.span)
                try:
                    resource = spec_document(value, place)
                except (SroError, ExceptionGroup) as error:
                    faults.add(error)
                    broken.add(text_of(mapping_of(mapping_of(value).get("metadata")).get("name")))
                    continue
                if resource is not None:
                    resources.append(resource)
                elif mapping_of(value).get("kind") == "ConfigMap":
                    config_maps.append(mapping_of(value))
                else:
                    ignored.append((mapping_of(value), place))
        if ignored:
            findings.append(ignored_finding(ignored))
            others.extend(ignored)
    broken.difference_update(each.name for each in resources)
    twice = check_names(resources, faults)
    hide_credentials(faults)
    if not resources and not faults:
        faults.add(_without_specs([file.path for file in files], others))
        findings = []
    return SpecFiles(
        resources=tuple(each for each in resources if each.name not in twice),
        config_maps=tuple(config_maps),
        files=tuple(files),
        findings=tuple(findings),
        faults=tuple(faults),
        broken=tuple(sorted((broken | twice) - {""})),
        is_complete=is_readable and "" not in broken,
    )


class DocumentPlace(Struct, frozen=True, kw_only=True):
    """Where a spec stands: a document of a file, and the key path of a list's item in it."""

    source: Source
    document: int
    prefix: tuple[str | int, ...]
    whole: Span

    def of(self, path: KeyPath, *, value: bool = False) -> Span:
        """The place of a key path inside the spec, or of the spec where that is absent."""
        return locate(self.source, [*self.prefix, *path], self.document, value=value) or self.whole


def unpacked(
    value: JsonValue, prefix: tuple[str | int, ...] = ()
) -> Iterator[tuple[JsonValue, tuple[str | int, ...]]]:
    """The items of a list, as `kubectl get specialresources -o yaml` prints one, or the value itself."""
    kind = text_of(mapping_of(value).get("kind"))
    items = mapping_of(value).get("items")
    if kind not in {"List", f"{KIND}List"} or not isinstance(items, list):
        yield value, prefix
        return
    for index, item in enumerate(items):
        yield from unpacked(item, (*prefix, "items", index))


def spec_document(value: JsonValue, place: DocumentPlace) -> SpecialResource | None:
    """The SR of a document, or None for a document of another kind.

    Raises: InputError, or a group of them: it is no valid SR, or of a kind that is not supported.
    """
    if not isinstance(value, dict):
        raise InputError(
            "not-an-object",
            "this document is not a Kubernetes object",
            span=place.of([]),
            hint="a spec has apiVersion, kind, metadata and spec",
        )
    kind = text_of(value.get("kind"))
    if kind in UNSUPPORTED_KINDS:
        raise InputError(
            "kind-not-supported",
            f"{kind} is not supported",
            span=place.of(["kind"]),
            hint="sro-render renders SpecialResources; remove this document",
        )
    if kind == INVENTORY_KIND:
        raise InputError(
            "inventory-as-spec",
            "this is an inventory, not a spec",
            span=place.of([]),
            hint=f"give it with --inventory {place.source.name}",
        )
    if kind != KIND:
        if kind and nearest(kind, [KIND]) is None:
            return None
        raise InputError(
            "unknown-kind",
            f"{kind!r} is not a kind of spec" if kind else "this document has no kind",
            span=place.of(["kind"] if kind else []),
            path="kind",
            hint=f"did you mean {KIND}?" if kind else _WHAT_A_SPEC_IS,
        )
    faults = Faults()
    for fault in check_schema(
        value,
        schemas.validator(KIND),
        schemas.schema(KIND),
        source=place.source,
        document=place.document,
        prefix=place.prefix,
    ):
        faults.add(fault)
    faults.raise_if_any()
    for path, refused in check_object(value):
        refused.finding = replace(refused.finding, span=place.of(path, value=True))
        faults.add(refused)
    faults.raise_if_any()
    return SpecialResource.from_mapping(
        value, source=place.source, document=place.document, prefix=place.prefix
    )


def _without_specs(paths: Sequence[str], others: Sequence[tuple[JsonObject, DocumentPlace]]) -> InputError:
    """Says what is there instead; nodes were meant to be an inventory."""
    inventory = next((place.source.name for value, place in others if value.get("kind") == "Node"), None)
    return InputError(
        "spec-empty",
        f"no SpecialResource in {', '.join(sorted(paths))}",
        notes=(f"there is {kinds_of(value for value, _ in others)}",) if others else (),
        hint=f"{inventory} has nodes: give it with --inventory" if inventory else _WHAT_A_SPEC_IS,
    )


def ignored_finding(objects: Sequence[tuple[JsonObject, DocumentPlace]]) -> Finding:
    """One finding for all objects of a file: a snapshot of a cluster has thousands."""
    value, place = objects[0]
    names = [str(object_id(each)) for each, _ in objects]
    is_one = len(objects) == 1
    return Finding(
        code="spec-ignored",
        message=f"{object_id(value)} is not a SpecialResource, and is not rendered"
        if is_one
        else f"{len(objects)} objects of this file are not SpecialResources, and are not rendered",
        span=place.of([]),
        notes=() if is_one else some(names, 5),
        hint="keep other objects out of the folder of specs, or apply them by other means",
    )


def _name_place(resource: SpecialResource) -> Span | None:
    if resource.source is None:
        return None
    path = [*resource.prefix, "metadata", "name"]
    return locate(resource.source, path, resource.document, value=True)


def check_names(resources: Iterable[SpecialResource], faults: Faults) -> set[str]:
    """The names that several SRs have, each a fault."""
    twice = set()
    first: dict[str, SpecialResource] = {}
    for resource in resources:
        if first.setdefault(resource.name, resource) is not resource:
            twice.add(resource.name)
            faults.add(
                InputError(
                    "duplicate-resource",
                    f"there are two SpecialResources named {resource.name!r}",
                    span=_name_place(resource),
                    path="metadata.name",
                    notes=(f"the first one is at {_name_place(first[resource.name])}",),
                    hint="SpecialResources are cluster-scoped: rename one of them",
                )
            )
    return twice


def hide_credentials(errors: Iterable[SroError]) -> None:
    """Show the places of errors about specs with stars where a credential stands in the line."""
    placed = tuple(errors)
    Curtain(error.finding.span.source for error in placed if error.finding.span).draw(placed)


class Curtain:
    """Puts stars where a credential stands in a line of a spec that a message shows."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self._hidden: dict[Source, Source | None] = dict.fromkeys(sources)

    def draw(self, errors: Iterable[SroError]) -> None:
        """Do so in errors."""
        for error in errors:
            error.finding = self.before(error.finding)

    def before(self, finding: Finding) -> Finding:
        """The finding with stars; as it is if its place is in no spec."""
        span = finding.span
        if span is None or span.source not in self._hidden:
            return finding
        hidden = self._hidden[span.source] or _without_credential_lines(span.source)
        self._hidden[span.source] = hidden
        return replace(finding, span=hidden.span(span.start, span.end))


def _without_credential_lines(source: Source) -> Source:
    hidden = _USER_INFO.sub(lambda match: "*" * len(match[0]), source.text)
    return Source(source.name, _CREDENTIAL_LINE.sub(lambda match: match[1] + "*" * len(match[2]), hidden))


def _content_digest(documents: Iterable[Document]) -> str:
    """A digest over what a spec file says, whatever its layout and order; credentials left out.

    The order of dependencies means nothing either: that of their names does.
    """
    return digest_of(sorted(canonical_text(_without_credentials(each.value)) for each in documents))


def _without_credentials(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        said = {key: _without_credentials(item) for key, item in value.items() if key not in _CREDENTIALS}
        return with_sorted_dependencies(said) if said.get("kind") == KIND else said
    if isinstance(value, list):
        return [_without_credentials(item) for item in value]
    return value
