"""What can be wrong with an input, as data: errors that stop a step, findings that do not.

Both carry fields (code, place, key path, hint), never finished prose: the text is built once, at
the edge, by `describe`. A step that can go on after a fault collects all faults of one input in
`Faults` and raises them together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sro_render.source import Span


class Mend(Struct, frozen=True):
    """The one right answer to a finding: the word in its place that is wrong, and what it should be."""

    wrong: str
    right: str


class Finding(Struct, frozen=True, kw_only=True):
    """Something that the user should know; `--strict` makes it an error.

    code:    stable and documented, such as `missing-value`.
    message: one sentence that says what is wrong, without the place.
    span:    where, if there is a text to point at.
    path:    the key path inside a document, such as `spec.chart.version`.
    subject: what it is about: an SR, a kernel, an object, joined by ` / `.
    hint:    what to do about it.
    notes:   further lines, such as the includes that led to the place, innermost first.
    mend:    what has one right answer; None for most.
    special_resource: the SR that it was found in, where it was found in one.
    """

    code: str
    message: str
    span: Span | None = None
    path: str = ""
    subject: str = ""
    hint: str = ""
    notes: tuple[str, ...] = ()
    mend: Mend | None = None
    special_resource: str = ""


class SroError(Exception):
    """A fault of the user's input that stops a step. `finding` has what `Finding` documents."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        span: Span | None = None,
        path: str = "",
        subject: str = "",
        hint: str = "",
        notes: tuple[str, ...] = (),
        mend: Mend | None = None,
    ) -> None:
        super().__init__(message)
        self.finding = Finding(
            code=code,
            message=message,
            span=span,
            path=path,
            subject=subject,
            hint=hint,
            notes=notes,
            mend=mend,
        )

    def __str__(self) -> str:
        return describe(self.finding)

    def about(self, subject: str) -> SroError:
        """The same error, said to be about `subject`; what it names itself comes behind that."""
        own = self.finding.subject
        if own in subject:
            self.finding = replace(self.finding, subject=subject)
        elif not own.startswith(f"{subject} / "):
            self.finding = replace(self.finding, subject=f"{subject} / {own}")
        return self


class InputError(SroError):
    """A spec, inventory, values file or option is wrong."""


class YamlError(InputError):
    """A text is not YAML, or not the YAML that is accepted there."""


class ChartError(SroError):
    """A chart cannot be found, read or used."""


class ArchiveError(ChartError):
    """A chart archive is damaged or hostile."""


class TemplateError(SroError):
    """A template cannot be parsed or fails while it runs."""


class LimitError(TemplateError):
    """A template or an input goes beyond a limit that the options set."""


class RenderError(SroError):
    """What a template rendered is not usable: not YAML, no object, a name that Kubernetes refuses."""


class OutputError(SroError):
    """The output cannot be written, or would harm files that are not ours."""


class ServerError(SroError):
    """A server refused, or cannot be reached."""


class SignatureError(SroError):
    """A signature is missing, or is not one of who should have signed."""


class OutOfTimeError(Exception):
    """The caller's limit of time has passed.

    Not an SroError: what collects faults and goes on must not hold it up.
    """

    def __init__(self, limit_s: int) -> None:
        super().__init__(f"took longer than {limit_s} s")
        self.limit_s = limit_s


MAX_MESSAGE: Final = 10_000
"""Characters of one message that people are shown."""


class Faults:
    """Collects the faults of one input, so that one run shows them all."""

    def __init__(self) -> None:
        self._errors: list[SroError] = []

    def __bool__(self) -> bool:
        return bool(self._errors)

    def __iter__(self) -> Iterator[SroError]:
        return iter(self._errors)

    def add(self, error: SroError | ExceptionGroup[SroError]) -> None:
        """Keep an error, or all errors of a group, for later."""
        self._errors.extend(flatten(error))

    def raise_if_any(self) -> None:
        """Raise the only error as it is, several as one ExceptionGroup, none not at all."""
        if len(self._errors) == 1:
            raise self._errors[0]
        if self._errors:
            raise ExceptionGroup("several faults", list(self._errors))


def flatten(error: SroError | ExceptionGroup[SroError]) -> tuple[SroError, ...]:
    """All errors inside an error, in the order in which they were found."""
    if isinstance(error, SroError):
        return (error,)
    return tuple(leaf for inner in error.exceptions for leaf in flatten(inner))


def some(lines: Sequence[str], most: int = 10) -> tuple[str, ...]:
    """The first of many lines, for notes, and how many more there are."""
    hidden = len(lines) - most
    return (*lines[:most], f"and {hidden} more") if hidden > 0 else tuple(lines)


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that `word` was most likely meant to be: same letters in another case first.

    Ties go to the candidate that comes first in byte order.
    """
    ordered = sorted(candidates)
    folded = word.casefold()
    for candidate in ordered:
        if candidate.casefold() == folded and candidate != word:
            return candidate
    # Only who mistypes pays for loading it.
    from difflib import get_close_matches  # noqa: PLC0415

    close = get_close_matches(word, ordered, n=1, cutoff=0.6)
    return close[0] if close else None


def only_meant(word: str, candidates: Iterable[str]) -> Mend | None:
    """What mends a word that only one candidate can be meant by; None where there are two, or none.

    Same letters, whatever their case and the dashes between them; else one slip of the fingers, in words
    of eight letters two. Stricter than `nearest`, for nobody looks at what is mended before it is written.
    """
    others = sorted(set(candidates) - {word})
    same = [each for each in others if _letters(each) == _letters(word)]
    slips = 2 if len(word) >= 8 else 1 if len(word) >= 4 else 0
    fitting = same or [each for each in others if _is_within(word, each, slips)]
    return Mend(word, fitting[0]) if len(fitting) == 1 else None


def _letters(word: str) -> str:
    return word.casefold().replace("-", "").replace("_", "")


def _is_within(one: str, other: str, slips: int) -> bool:
    """Whether so many letters added, left out, replaced or swapped with the next make one word the other.

    Source: optimal string alignment, https://en.wikipedia.org/wiki/Damerau-Levenshtein_distance.
    """
    if abs(len(one) - len(other)) > slips:
        return False
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        last, before, row = before, row, [i]
        for j, opposite in enumerate(other, start=1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != opposite))
            if i > 1 and j > 1 and (letter, one[i - 2]) == (other[j - 2], opposite):
                best = min(best, last[j - 2] + 1)
            row.append(best)
    return row[-1] <= slips


def describe(finding: Finding, *, severity: str = "error") -> str:
    """The whole text of a finding, for people: headline, place with excerpt, notes, hint.

    ```
    error[template-syntax]: unexpected "}" in operand
      --> templates/a.yaml:1:20
        |
      1 | app: {{ .Values.x }
        |                    ^
      in: ...
      help: ...
    ```
    """
    lines = [f"{severity}[{finding.code}]: {_readable(finding.message)}"]
    span = finding.span
    if span is not None:
        place = f"{span.source.name}:{span.line}:{span.column}"
        lines.append(f"  --> {place}" + (f" ({finding.path})" if finding.path else ""))
        lines.extend(f"  {line}" for line in span.excerpt().split("\n"))
    elif finding.path:
        lines.append(f"  --> {finding.path}")
    if finding.subject:
        lines.append(f"  in: {finding.subject}")
    lines.extend(f"  note: {_readable(note)}" for note in finding.notes)
    if finding.hint:
        lines.append(f"  help: {_readable(finding.hint)}")
    return "\n".join(lines)


def _readable(text: str) -> str:
    """A text without its end where it is longer than anybody reads: it may hold what a stranger made up."""
    hidden = len(text) - MAX_MESSAGE
    return f"{text[:MAX_MESSAGE]}… and {hidden:,} more characters" if hidden > 0 else text
