"""The changes themselves, each folded over its kernels, and the filters above them.

A page holds so much and no more: beyond it, changes stand in one line each, and then only their number.
Those with marks are served first. What is cut says where the whole is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from sro_render.diff.records import ChangeKind, Diff, FieldChange, FoldedChange, Mark, ObjectChange
from sro_render.review.diff_words import path_text
from sro_render.review.page.markup import NOTHING, Html, joined, tag
from sro_render.review.page.summary import KIND_WORDS, count, kind_class
from sro_render.review.page.tally import MAX_CHANGES, NO_NAME, Tally, folded_kernels, kernel_name, marks_of
from sro_render.review.page.values import manifest_block, sides

MAX_DETAILS = 12_000_000
"""Characters of HTML in all that unfolds. Browsers open such a page in a few seconds."""
MAX_FIELDS = 200
"""Of one change."""
MAX_OBJECTS = 500
"""Of one change that are listed with their kernels."""
MAX_NODES = 50
"""Of one object that are named; the summary names all."""
WHOLE = "-o json has everything."


def changes_section(diff: Diff, counted: Tally) -> Html:
    """Filters, then the changes by SR and state."""
    if not diff.folded:
        body = tag("p", "Nothing differs.")
    else:
        body = joined(_filters(counted, diff.kinds), _list(diff, counted))
    return tag(
        "section",
        tag("h2", "Changes", id="changes-title"),
        body,
        id="changes",
        aria_labelledby="changes-title",
    )


def _filters(counted: Tally, changes: Sequence[ChangeKind]) -> Html:
    """Choices are numbers: the same that each change carries. Only the script shows this form."""
    resources = list(counted.resources)
    states = sorted({state for each in counted.resources.values() for state in each})
    return tag(
        "form",
        tag(
            "p",
            tag("label", "Search ", tag("kbd", "/"), for_="search"),
            tag("input", type="search", id="search", autocomplete="off", spellcheck="false"),
            class_="search",
        ),
        _select(
            "r", "SpecialResource", ((str(number), name or NO_NAME) for number, name in enumerate(resources))
        ),
        _select("s", "State", ((name, name or NO_NAME) for name in states)),
        _select(
            "k", "Kernel", ((str(number), kernel_name(each)) for number, each in enumerate(counted.kernels))
        ),
        _select("o", "Kind", ((kind, kind) for kind in counted.kinds)),
        _select("c", "Change", ((kind_class(kind), KIND_WORDS[kind]) for kind in changes)),
        tag(
            "p",
            tag("input", type="checkbox", id="marked"),
            tag("label", "marked only", for_="marked"),
            class_="check",
        ),
        tag(
            "p",
            tag("button", "Unfold all", type="button", id="unfold"),
            tag("button", "Clear", type="reset", id="clear"),
            class_="buttons",
        ),
        tag("p", role="status", id="shown"),
        id="filters",
        class_="scripted",
        aria_label="Filter the changes",
    )


def _select(key: str, label: str, options: Iterable[tuple[str, str]]) -> Html:
    return tag(
        "p",
        tag("label", label, for_=f"filter-{key}"),
        tag(
            "select",
            tag("option", "all", value="*"),
            *(tag("option", text, value=f"={value}") for value, text in options),
            id=f"filter-{key}",
            data_key=key,
        ),
    )


def _list(diff: Diff, counted: Tally) -> Html:
    writer = _Writer(diff, counted)
    details = writer.details()
    numbered = list(enumerate(diff.folded[:MAX_CHANGES], 1))
    groups = [
        _group(
            resource, state, [writer.article(number, folded, details.get(number)) for number, folded in group]
        )
        for (resource, state), group in groupby(numbered, key=lambda each: _home(each[1]))
    ]
    left_out = len(diff.folded) - len(numbered)
    note = f"{count(left_out, 'change')} more, not on this page. {WHOLE}"
    return joined(*groups, tag("p", note, class_="cut", id="more") if left_out else None)


def _home(folded: FoldedChange) -> tuple[str, str]:
    ref = folded.shown.ref
    return ref.special_resource, ref.state


def _group(resource: str, state: str, articles: Sequence[Html]) -> Html:
    names = " / ".join(name for name in (resource, state) if name)
    return tag("div", tag("h3", names or "Objects"), *articles, class_="group")


class _Writer:
    """Writes the changes of one diff within the page's limits."""

    def __init__(self, diff: Diff, counted: Tally) -> None:
        self._diff = diff
        self._resources = {name: number for number, name in enumerate(counted.resources)}
        self._kernels = {kernel: number for number, kernel in enumerate(counted.kernels)}

    def details(self) -> dict[int, Html]:
        """Number of a change to all that unfolds, as far as there is room; marked ones first."""
        numbered = list(enumerate(self._diff.folded[:MAX_CHANGES], 1))
        left = MAX_DETAILS
        details: dict[int, Html] = {}
        for number, folded in sorted(numbered, key=lambda each: not marks_of(each[1])):
            if left <= 0:
                break
            details[number] = _details(folded)
            left -= len(details[number])
        return details

    def article(self, number: int, folded: FoldedChange, details: Html | None) -> Html:
        """One change, with what the filters ask of it."""
        shown = folded.shown
        ref = shown.ref
        kernels = folded_kernels(folded)
        return tag(
            "article",
            tag(
                "details",
                tag("summary", *_line(folded, kernels)),
                details or tag("p", f"No room for its fields on this page. {WHOLE}", class_="cut"),
            ),
            class_=f"change {kind_class(shown.kind)}",
            id=f"c{number}",
            data_r=self._resources[ref.special_resource],
            data_s=ref.state,
            data_k=" ".join(str(self._kernels[kernel]) for kernel in kernels),
            data_o=ref.id.kind,
            data_c=kind_class(shown.kind),
            data_m=bool(marks_of(folded)),
        )


def _line(folded: FoldedChange, kernels: Sequence[str]) -> Iterator[Html | str]:
    """What is seen of a change while it is folded."""
    shown = folded.shown
    own = [field for field in shown.fields if not field.follows_kernel]
    yield tag("span", KIND_WORDS[shown.kind], class_="badge")
    yield " "
    yield tag("code", shown.ref.label, class_="object")
    if own:
        yield tag("span", count(len(own), "field"), class_="chip")
    if shown.kind is ChangeKind.ROLLED_OVER:
        for move in dict.fromkeys(map(_kernel_move, folded.changes)):
            yield tag("span", move, class_="chip")
    elif len(folded.changes) > 1:
        yield tag("span", f"in {count(len(kernels), 'kernel')}", class_="chip")
    elif shown.ref.kernel:
        yield tag("span", shown.ref.kernel, class_="chip")
    nodes = {node for change in folded.changes for node in change.nodes}
    if nodes:
        yield tag("span", f"on {count(len(nodes), 'node')}", class_="chip")
    for code in dict.fromkeys(mark.code for mark in marks_of(folded)):
        yield tag("span", code, class_="mark")


def _kernel_move(change: ObjectChange) -> str:
    before, after = change.before, change.after
    if before and after and before.kernel != after.kernel:
        return f"{kernel_name(before.kernel)} \u2192 {kernel_name(after.kernel)}"
    return change.ref.kernel


def _details(folded: FoldedChange) -> Html:
    shown = folded.shown
    own = [field for field in shown.fields if not field.follows_kernel]
    following = [field for field in shown.fields if field.follows_kernel]
    title = tag("summary", f"{count(len(following), 'field')} that differ only as the kernels' names do")
    return tag(
        "div",
        _mark_list(marks_of(folded)),
        _places(folded),
        _fields(own),
        tag("details", title, _fields(following), class_="kernels") if following else None,
        manifest_block(shown.manifest) if shown.manifest is not None else None,
        class_="body",
    )


def _fields(fields: Sequence[FieldChange]) -> Html:
    left_out = len(fields) - MAX_FIELDS
    note = f"{count(left_out, 'field')} more, not shown. {WHOLE}"
    return joined(*map(_field, fields[:MAX_FIELDS]), tag("p", note, class_="cut") if left_out > 0 else None)


def _mark_list(marks: Sequence[Mark]) -> Html:
    if not marks:
        return NOTHING
    items = [tag("li", tag("span", mark.code, class_="mark"), " ", mark.message) for mark in marks]
    return tag("ul", *items, class_="marks")


def _places(folded: FoldedChange) -> Html:
    """Every object that the change stands for, with its kernel and the nodes that it touches."""
    if len(folded.changes) == 1:
        return tag("p", *_place(folded.shown), class_="place")
    listed = folded.changes[:MAX_OBJECTS]
    left_out = len(folded.changes) - len(listed)
    items = [tag("li", *_place(change)) for change in listed]
    if left_out:
        items.append(tag("li", f"{count(left_out, 'object')} more, not shown. {WHOLE}", class_="cut"))
    own = "; digests differ from kernel to kernel" if folded.has_digests else ""
    title = f"The same in {count(len(folded.changes), 'object')}{own}; shown is the first"
    return tag("details", tag("summary", title), tag("ol", *items), class_="kernels")


def _place(change: ObjectChange) -> Iterator[Html | str]:
    before, after = change.before, change.after
    if before and after and before.id != after.id:
        yield joined(tag("code", str(before.id)), " \u2192 ", tag("code", str(after.id)))
    else:
        yield tag("code", str(change.ref.id))
    if change.ref.kernel:
        yield joined(", kernel ", tag("code", _kernel_move(change)))
    if change.ref.file:
        yield joined(", file ", tag("code", change.ref.file))
    if change.nodes:
        yield f", on {_node_names(change.nodes)}"


def _node_names(nodes: Sequence[str]) -> str:
    names = ", ".join(nodes[:MAX_NODES])
    return f"{names} and {len(nodes) - MAX_NODES:,} more nodes" if len(nodes) > MAX_NODES else names


def _field(field: FieldChange) -> Html:
    path = path_text(field.path) or "the whole object"
    return tag(
        "div",
        tag(
            "p",
            tag("code", path),
            tag("span", "Secret data, masked", class_="chip") if field.is_masked else None,
            *(tag("span", mark.code, class_="mark") for mark in field.marks),
            class_="path",
        ),
        sides(field.before, field.after),
        class_="field",
    )
