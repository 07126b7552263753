"""What a SpecialResource silences: an annotation with codes, each counted and never lost from sight.

Errors of the render cannot be silenced: build would stop at them all the same.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from sro_render.errors import Finding, nearest, only_meant
from sro_render.lint.rules import RENDER_FINDINGS, RULES, UNKNOWN_LINT_CODE
from sro_render.model.problem import Problem
from sro_render.model.specialresource import SpecialResource
from sro_render.yamltext.reader import locate

IGNORE_ANNOTATION = "sro.openshift.io/lint-ignore"
_PATH = ("metadata", "annotations", IGNORE_ANNOTATION)

SILENCEABLE = frozenset({rule.code for rule in RULES} | RENDER_FINDINGS.keys())


def silenced_codes(resource: SpecialResource) -> tuple[str, ...]:
    """The codes that an SR's annotation names, in its order."""
    text = resource.annotations.get(IGNORE_ANNOTATION, "")
    return tuple(dict.fromkeys(code for code in re.split(r"[,\s]+", text) if code))


def unknown_codes(resource: SpecialResource) -> Iterator[Problem]:
    """A problem for each code that nothing has, or that cannot be silenced."""
    span = None
    if resource.source is not None:
        span = locate(resource.source, [*resource.prefix, *_PATH], resource.document, value=True)
    for code in silenced_codes(resource):
        if code in SILENCEABLE:
            continue
        near = nearest(code, SILENCEABLE)
        yield Problem(
            finding=Finding(
                code=UNKNOWN_LINT_CODE.code,
                message=f"no finding that can be silenced has the code {code}",
                span=span,
                path=f'metadata.annotations["{IGNORE_ANNOTATION}"]',
                subject=resource.name,
                hint=f"did you mean {near}?"
                if near
                else "errors cannot be silenced; the README lists the codes",
                mend=only_meant(code, SILENCEABLE),
                special_resource=resource.name,
            ),
            severity=UNKNOWN_LINT_CODE.severity,
        )


def without_silenced(
    problems: Iterable[Problem], silence: Mapping[str, Collection[str]]
) -> tuple[list[Problem], dict[str, int]]:
    """The problems that are left, and how many of each code were silenced.

    Args: silence: the codes that each SR silences; what is about no SR is silent if all say so.
    """
    of_all = frozenset.intersection(*map(frozenset, silence.values())) if silence else frozenset()
    left: list[Problem] = []
    silenced: Counter[str] = Counter()
    for problem in problems:
        finding = problem.finding
        codes = silence.get(finding.special_resource, of_all)
        is_silent = finding.code in SILENCEABLE and finding.code in codes
        if is_silent:
            silenced[finding.code] += 1
        else:
            left.append(problem)
    return left, dict(sorted(silenced.items()))
