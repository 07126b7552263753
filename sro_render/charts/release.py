"""A rendered chart as `helm template` prints it: its documents in Helm's order, hooks behind them.

Decides what is a hook, the order of documents, and the bytes that are printed. What a document means
to Kubernetes is none of its business: of each, only the head is looked at.
Source: helm pkg/release/v1/util/manifest_sorter.go and kind_sorter.go, pkg/action/action.go
(`renderResources`), pkg/cmd/template.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from posixpath import basename
from typing import Any, NamedTuple

from msgspec import Struct

from sro_render.charts.chart import ChartFile
from sro_render.charts.ignore import parse_path_pattern
from sro_render.charts.manifests import HOOK, helm_rank, hook_events
from sro_render.charts.patterns import Part, matches
from sro_render.errors import ChartError, SroError, YamlError, flatten
from sro_render.gotemplate.printing import to_text
from sro_render.gotemplate.values import from_bytes
from sro_render.limits import Limits
from sro_render.source import Source
from sro_render.yamltext.documents import SPACE, split_manifests
from sro_render.yamltext.reader import read_value

_SOURCE = re.compile(r"# Source: [^/]+/(.+)")


class Document(NamedTuple):
    """One document of a rendered template.

    template: Helm's name of the template.
    line:     where the document begins in the template's text, from 1.
    events:   of a hook; none for an object of the release itself.
    """

    template: str
    text: str
    line: int
    kind: str
    events: tuple[str, ...] = ()

    @property
    def printed(self) -> str:
        """As Helm prints it."""
        return f"---\n# Source: {self.template}\n{self.text}\n"


class DocumentFault(Struct, frozen=True, kw_only=True):
    """A document that Helm cannot read."""

    template: str
    line: int
    error: SroError


class SortedDocuments(Struct, frozen=True, kw_only=True):
    """What a chart rendered, both in Helm's order."""

    manifests: tuple[Document, ...]
    hooks: tuple[Document, ...]
    faults: tuple[DocumentFault, ...] = ()

    def without_tests(self) -> tuple[Document, ...]:
        """The hooks that are no tests."""
        return tuple(hook for hook in self.hooks if "test" not in hook.events)


def sort_release(texts: Mapping[str, str], limits: Limits) -> SortedDocuments:
    """The documents of rendered templates, by kind and then by the names of their templates.

    Hooks for events that Helm does not know are left out, as Helm does.
    """
    manifests: list[Document] = []
    hooks: list[Document] = []
    faults: list[DocumentFault] = []
    for template in sorted(texts):
        if basename(template).startswith("_"):
            continue
        for document in split_manifests(texts[template]):
            try:
                kind, annotations = _read_head(Source(template, document.text), limits)
            except (SroError, ExceptionGroup) as error:
                faults.extend(
                    DocumentFault(template=template, line=document.line, error=each)
                    for each in flatten(error)
                )
                continue
            one = Document(template, document.text, document.line, kind, hook_events(annotations))
            if HOOK not in annotations:
                manifests.append(one)
            elif one.events:
                hooks.append(one)
    return SortedDocuments(
        manifests=tuple(sorted(manifests, key=_rank)),
        hooks=tuple(sorted(hooks, key=_rank)),
        faults=tuple(faults),
    )


def _rank(document: Document) -> tuple[int, str]:
    return helm_rank(document.kind)


def _read_head(source: Source, limits: Limits) -> tuple[str, dict[str, str]]:
    """Kind and annotations.

    Raises: YamlError, or a group of them: the text is not YAML, or its head has another shape.
    """
    head = _fields(read_value(source, limits), source, "", ("apiversion", "kind", "metadata"))
    metadata = _fields(head.get("metadata"), source, "metadata", ("name", "annotations"))
    _text(head.get("apiversion"), source, "apiVersion")
    _text(metadata.get("name"), source, "metadata.name")
    annotations = _table(metadata.get("annotations"), source, "metadata.annotations")
    return _text(head.get("kind"), source, "kind"), {
        key: _text(value, source, f"metadata.annotations.{key}") for key, value in annotations.items()
    }


def _fields(value: object, source: Source, path: str, names: Sequence[str]) -> dict[str, Any]:
    """The entries that Go finds for its fields: names in any case, the last one in byte order counts."""
    table = _table(value, source, path)
    if not any(key not in names and key.lower() in names for key in table):
        return table
    return {key.lower(): table[key] for key in sorted(table) if key.lower() in names}


def _table(value: object, source: Source, path: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        what = f"{path} is" if path else "the document is"
        raise YamlError(
            "not-an-object",
            f"{what} {_kind(value)}, not a mapping",
            span=source.span(0),
            path=path,
            hint="every document of a template is a Kubernetes object; put comments behind #",
        )
    return value


def _text(value: object, source: Source, path: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        message = f"{path} is {_kind(value)}, not a text"
        raise YamlError("not-an-object", message, span=source.span(0), path=path, hint="put it in quotes")
    return "" if value is None else to_text(value)


def _kind(value: object) -> str:
    return "a mapping" if isinstance(value, dict) else "a list" if isinstance(value, list) else "a text"


def _pattern(text: str) -> tuple[Part, ...] | None:
    try:
        return parse_path_pattern(text)
    except ValueError:
        return None  # Helm takes a broken pattern for one that matches nothing


def printed_crd(crd: ChartFile) -> str:
    """A file of `crds/` as Helm prints it: as it is."""
    return f"---\n# Source: {crd.name}\n{from_bytes(crd.data)}\n"


def print_release(crds: Iterable[ChartFile], manifests: Iterable[Document], hooks: Iterable[Document]) -> str:
    """The bytes that `helm template` prints, as text."""
    shown = [printed_crd(crd) for crd in crds]
    shown += [document.printed for document in manifests]
    return "".join(shown).strip(SPACE) + "\n" + "".join(hook.printed for hook in hooks)


def show_only(printed: str, patterns: Sequence[str]) -> str:
    """Of what was printed, the documents of some templates: `-s templates/a.yaml`, in the order asked.

    Raises: ChartError `template-not-found`: nothing was printed from such a template.
    """
    documents = [document.text for document in split_manifests(printed)]
    named = [(match[1], text) for text in documents if (match := _SOURCE.search(text))]
    shown: list[str] = []
    for pattern in patterns:
        parts = _pattern(pattern)
        found = [text for name, text in named if parts is not None and matches(parts, name)]
        if not found:
            raise ChartError(
                "template-not-found",
                f"no document is rendered from a template {pattern}",
                path="--show-only",
                notes=tuple(sorted({name for name, _ in named})[:10]),
                hint="name the template by its path in the chart, such as templates/a.yaml",
            )
        shown += found
    return "".join(f"---\n{text}\n" for text in shown)
