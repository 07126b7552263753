"""Public charts through the real helm and through us: `python tests/bench/charts.py FOLDER…`.

Every chart below the folders is rendered with its defaults and with each file of its folder `ci/`, by
`helm template` as a process and by the same engine as `sro-render template`, in one process here. Each
case ends in one class:

- `equal`: the same bytes; `varies`: the same but for lines in which two runs of helm differ;
- `objects`: the same objects, other bytes; `different`; `failed`: we refuse what helm renders;
- `refused`: both refuse; `accepted`: we render what helm refuses; `incomplete`: the chart's
  dependencies are not in its folder, which both say.

Prints the cases that are not equal, the counts, and the time of both sides.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import yaml
from cases import Case, find_cases

from sro_render.api import Ambient, Release, TemplateOptions, template
from sro_render.edges.release_inputs import load_chart_named, read_given_values
from sro_render.errors import SroError, flatten
from sro_render.gotemplate.values import to_bytes
from sro_render.limits import Limits

LIMITS = Limits()
NOW = datetime(2024, 1, 31, 12, tzinfo=UTC)
SEED = b"a seed for comparisons"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one side printed, or why it did not."""

    output: bytes | None
    fault: str
    seconds: float


def ask_helm(helm: Path, case: Case) -> Answer:
    start = time.perf_counter()
    done = subprocess.run(
        [helm, *case.arguments()],
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "TZ": "UTC"},
    )
    seconds = time.perf_counter() - start
    if done.returncode:
        return Answer(None, done.stderr.decode("utf-8", "replace").strip()[-600:], seconds)
    return Answer(done.stdout, "", seconds)


def ask_us(case: Case) -> Answer:
    start = time.perf_counter()
    options = TemplateOptions(
        release=Release(name="rel", namespace="ns"),
        include_crds=True,
        ambient=Ambient(now=NOW, seed=SEED),
        limits=LIMITS,
    )
    errors: Sequence[SroError] = ()
    output = None
    try:
        chart = load_chart_named(str(case.chart), LIMITS)
        values = read_given_values([str(case.values)] if case.values else [], [], LIMITS).values
        outcome = template(chart, values, options)
        errors = outcome.errors
        output = to_bytes(outcome.text)
    except (SroError, ExceptionGroup) as error:
        errors = flatten(error)
    except Exception:  # noqa: BLE001 - a bug of ours, which is what this looks for
        return Answer(None, "BUG " + traceback.format_exc()[-1500:], time.perf_counter() - start)
    seconds = time.perf_counter() - start
    if errors:
        return Answer(None, "\n".join(str(error) for error in errors[:3]), seconds)
    return Answer(output, "", seconds)


def objects_of(output: bytes) -> list[str]:
    """The objects as JSON, sorted."""
    found = yaml.load_all(output, Loader=yaml.CSafeLoader)
    return sorted(json.dumps(each, sort_keys=True, default=str) for each in found if each is not None)


def classify(helm: Path, case: Case, theirs: Answer, ours: Answer) -> str:
    """The class of a case; see the module."""
    if ours.fault.startswith("BUG"):
        return "bug"
    if theirs.output is None:
        if "missing in charts/ directory" in theirs.fault:
            return "incomplete" if ours.output is None else "accepted"
        return "refused" if ours.output is None else "accepted"
    if ours.output is None:
        return "failed"
    if ours.output == theirs.output:
        return "equal"
    time.sleep(1.1)  # so that what shows the time differs
    again = ask_helm(helm, case)
    if again.output is not None and _varies(theirs.output, again.output, ours.output):
        return "varies"
    try:
        same = objects_of(theirs.output) == objects_of(ours.output)
    except yaml.YAMLError:
        same = False
    return "objects" if same else "different"


def _varies(one: bytes, other: bytes, ours: bytes) -> bool:
    """Whether we differ only in lines in which helm differs from itself."""
    lines = [text.splitlines() for text in (one, other, ours)]
    if len({len(each) for each in lines}) != 1:
        return False
    return all(mine in (first, second) or first != second for first, second, mine in zip(*lines, strict=True))


def first_difference(theirs: bytes, ours: bytes) -> str:
    """The first line that differs, of both sides, and the template that it is of."""
    source = b""
    left, right = theirs.split(b"\n"), ours.split(b"\n")
    for number in range(max(len(left), len(right))):
        one = left[number] if number < len(left) else b"(end)"
        other = right[number] if number < len(right) else b"(end)"
        if one.startswith(b"# Source:"):
            source = one
        if one != other:
            shown = (part.decode("utf-8", "replace")[:200] for part in (source, one, other))
            return "    line {}: {}\n      helm {}\n      ours {}".format(number + 1, *shown)
    return ""


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--helm", type=Path, default=Path(os.environ.get("JUDGES", ""), "helm"))
    parser.add_argument("--only", default="", help="a regular expression for the chart's path")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    charts: dict[Path, set[str]] = {}
    helm_s = our_s = 0.0
    for case in find_cases(options.folders):
        if not re.search(options.only, str(case.chart)):
            continue
        theirs, ours = ask_helm(options.helm, case), ask_us(case)
        found = classify(options.helm, case, theirs, ours)
        counts[found] += 1
        charts.setdefault(case.chart, set()).add(found)
        if theirs.output is not None:
            helm_s, our_s = helm_s + theirs.seconds, our_s + ours.seconds
        if found in {"equal", "varies", "incomplete"}:
            continue
        say(f"{found}: {case}")
        if found in {"different", "objects"} and theirs.output is not None and ours.output is not None:
            say(first_difference(theirs.output, ours.output))
        else:
            say("\n".join(f"    helm {line}" for line in theirs.fault.splitlines()[-3:]))
            say("\n".join(f"    ours {line}" for line in ours.fault.splitlines()[:14]))
    say(f"cases: {sum(counts.values())}, {dict(sorted(counts.items()))}")
    whole: Counter[str] = Counter("+".join(sorted(found)) for found in charts.values())
    say(f"charts: {len(charts)}, {dict(sorted(whole.items()))}")
    say(
        f"seconds where helm renders: helm {helm_s:.1f}, ours {our_s:.1f}, ratio {our_s / max(helm_s, 1e-9):.2f}"
    )


if __name__ == "__main__":
    main()
