"""What a review of specs, charts and objects says: findings with a severity, and the rules behind them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from sro_render.errors import Finding


class Severity(StrEnum):
    """How bad a problem is: what will not work, what is likely wrong, what a reviewer should look at."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Rule(Struct, frozen=True):
    """What is looked for. code: stable and documented; summary: a few words, with the reason."""

    code: str
    severity: Severity
    summary: str


class Problem(Struct, frozen=True, kw_only=True):
    """A finding, and how bad it is. can_mend: whether `--fix` can put its mend into a file of the user's."""

    finding: Finding
    severity: Severity
    can_mend: bool = False


class Review(Struct, frozen=True, kw_only=True):
    """What a review found.

    problems: in the order of files and places.
    rules:    those that were looked for, in the order of their codes.
    silenced: how many findings were silenced, by code.
    notes:    what the reader must know to judge the rest, such as what was not looked at.
    """

    problems: tuple[Problem, ...]
    rules: tuple[Rule, ...] = ()
    silenced: Mapping[str, int] = {}
    notes: tuple[str, ...] = ()

    def count(self, severity: Severity) -> int:
        """How many problems of a severity there are."""
        return sum(problem.severity is severity for problem in self.problems)


def merged(reviews: Sequence[Review]) -> Review:
    """Several reviews as one: what several found at one place is there once, as the first has it."""
    problems: dict[tuple[object, ...], Problem] = {}
    silenced: Counter[str] = Counter()
    for review in reviews:
        silenced.update(review.silenced)
        for problem in review.problems:
            finding, span = problem.finding, problem.finding.span
            place = (span.source.name, span.start, span.end) if span else ()
            key = (finding.code, finding.message, finding.path, finding.subject, *place)
            problems.setdefault(key, problem)
    rules = {rule.code: rule for review in reviews for rule in review.rules}
    return Review(
        problems=tuple(problems.values()),
        rules=tuple(rules[code] for code in sorted(rules)),
        silenced=dict(sorted(silenced.items())),
        notes=tuple(dict.fromkeys(note for review in reviews for note in review.notes)),
    )
