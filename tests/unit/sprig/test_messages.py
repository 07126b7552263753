"""Functions on text, time, addresses and chance: what no helm run shows.

Matrix: error texts and findings of each family; values of time under a given now; values of chance under a
given seed, which must differ by call, template and release, and stay the same from run to run; limits.
Left out: results that the real helm judges (tests/helm/test_functions_*.py).
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone

import pytest

from sro_render.charts.chart import load_chart
from sro_render.charts.engine import Engine, Rendering
from sro_render.charts.scope import Capabilities, Release
from sro_render.errors import TemplateError, describe
from sro_render.limits import Limits
from sro_render.sprig.ambient import Ambient

HEAD = b"apiVersion: v2\nname: c\nversion: 1.0.0\n"
NOW = Ambient(now=datetime(2024, 2, 29, 13, 4, 5, 678901, timezone(timedelta(hours=2))))
SEED = Ambient(seed=b"a secret")


def run(
    template: str,
    ambient: Ambient | None = None,
    name: str = "a",
    release: str = "r",
    limits: Limits | None = None,
) -> Rendering:
    limits = limits or Limits()
    chart = load_chart({"Chart.yaml": HEAD, f"templates/{name}": template.encode()}, "c", limits)
    return Engine(chart, limits, ambient).render({}, Release(name=release, namespace="n"), Capabilities())


def render(template: str, ambient: Ambient | None = None, name: str = "a", release: str = "r") -> str:
    return run(template, ambient, name, release).texts[f"c/templates/{name}"]


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ('regexFind "(" "x"', '"(" is not a regular expression: missing ): ('),
        ('mustRegexMatch `\\C` "x"', r'"\C" is not a regular expression: it asks for a single byte with \C'),
        ('regexFind "(?P<ä>x)" "x"', '"(?P<ä>x)" is not a regular expression: "ä" is no name for a group'),
        (
            'regexFind (b64dec "/w==") "x"',
            '"\udcff" is not a regular expression: it holds bytes that are not UTF-8',
        ),
        ("now", "now needs the time, and rendering looks at no clock"),
        ('date "2006" "x"', "date needs the time, and rendering looks at no clock"),
        (
            'mustToDate "2006-01" "2024-13"',
            '"2024-13" is no time in the layout "2006-01": the month is out of range',
        ),
        ('mustToDate "2006" "x"', '"x" is no time in the layout "2006": "x" does not begin with the year'),
        (
            'mustDateModify "1d" (toDate "2006" "2024")',
            '"1d" is no duration: "d" is none of the units h, m, s, ms, us, ns',
        ),
        ('mustToDuration "x"', '"x" is no duration such as 1h30m'),
        ("mustToDuration 1e300", "1e+300 seconds are more than the 292 years that a duration holds"),
        ("mustToDuration true", "a value of type bool is no duration"),
        ('urlParse "http://h:x/"', '"http://h:x/" is no address: ":x" is no port'),
        ('urlParse ":x"', '":x" is no address: a scheme is missing before its colon'),
        (
            'urlParse "/%zz"',
            '"/%zz" is no address: a percent sign stands without two hexadecimal digits behind it',
        ),
        ('urlJoin (dict "host" 1)', "host must be a text, not of kind int"),
        (
            "randAlphaNum 5",
            "randAlphaNum needs chance, and rendering has none: it gives the same bytes every time",
        ),
        ("randInt 5 5", "there is no number from 5 up to, but without, 5"),
        ("randBytes -1", "randBytes cannot make -1 bytes"),
        ("randAlpha 100000000", "100,000,000 characters are more than the 67,108,864 bytes of all output"),
        ("toToml nil", "null has no form in TOML"),
        ('mustToToml (dict "a" (list nil))', "toml: cannot encode array with nil element"),
        ('set nil "a" 1', 'cannot set "a" in a map that is nil'),
        ("deepCopy nil", "nil cannot be copied"),
    ],
)
def test_errors_say_what_is_wrong(action: str, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render(f"{{{{ {action} }}}}")
    assert caught.value.finding.message.endswith(message)


AS_DURATION = "write it as 1h30m"


@pytest.mark.parametrize(
    ("action", "message", "hint"),
    [
        (
            'regexMatch "(" "x"',
            '[bad-pattern]: regexMatch is false: "(" is not a regular expression: missing ): (',
            "the language is that of https://github.com/google/re2/wiki/Syntax",
        ),
        (
            'dateModify "x" (toDate "2006" "2024")',
            '[not-readable]: dateModify leaves the time as it is: "x" is no duration such as 1h30m',
            AS_DURATION,
        ),
        (
            'toDate "2006" "x"',
            (
                '[not-readable]: toDate gives the year 1: "x" is no time in the layout "2006": '
                '"x" does not begin with the year'
            ),
            "end the render where this happens: mustToDate",
        ),
        (
            'durationRound "x"',
            '[not-readable]: durationRound gives 0s: "x" is no duration such as 1h30m',
            AS_DURATION,
        ),
        (
            'durationHours "x"',
            '[not-readable]: durationHours gives 0: "x" is no duration such as 1h30m',
            AS_DURATION,
        ),
        (
            'durationRoundTo "x" "1h"',
            '[not-readable]: durationRoundTo gives 0: "x" is no duration such as 1h30m',
            AS_DURATION,
        ),
        (
            'durationRoundTo "1h" "x"',
            '[not-readable]: durationRoundTo leaves the duration as it is: "x" is no duration such as 1h30m',
            AS_DURATION,
        ),
        (
            'htmlDateInZone 0 "No/Where"',
            '[unknown-zone]: htmlDateInZone knows no time zone "No/Where" and takes UTC',
            "name it as Europe/Paris",
        ),
        (
            'toToml (dict "a" (list nil))',
            "[fault-as-text]: the output gets the text of a fault: toml: cannot encode array with nil element",
            "end the render where this happens: mustToToml",
        ),
        (
            'fromToml "a = "',
            "[not-readable]: fromToml cannot read its text: Invalid value (at end of document)",
            "what it gives has the key Error: mend the text, or ask for that key with hasKey",
        ),
    ],
)
def test_what_helm_passes_over_is_a_finding(action: str, message: str, hint: str) -> None:
    (finding,) = run(f"{{{{ {action} }}}}").findings
    assert describe(finding, severity="warning") == (
        f"warning{message}\n  --> c/templates/a:1:4\n"
        f"  1 | {{{{ {action} }}}}\n    |    {'^' * len(action)}\n  help: {hint}"
    )


@pytest.mark.parametrize(
    "action",
    [
        'regexMatch "x" "("',
        'dateModify "1h" (toDate "2006" "2024")',
        'durationRound "1h"',
        'durationHours "1h"',
        'durationRoundTo "1h" "1m"',
        'htmlDateInZone 0 "Europe/Paris"',
        'toToml (dict "a" (list 1))',
        'fromToml "a = 1"',
    ],
)
def test_what_helm_does_as_asked_is_none(action: str) -> None:
    assert run(f"{{{{ {action} }}}}").findings == ()


@pytest.mark.parametrize(
    ("action", "text"),
    [
        ("now", "2024-02-29 11:04:05.678901 +0000 UTC"),
        ('now | date "2006-01-02T15:04:05.000Z07:00"', "2024-02-29T11:04:05.678Z"),
        ('date "15:04" "what is no time counts as now"', "11:04"),
        ("htmlDate now", "2024-02-29"),
        ('dateInZone "15:04 MST" now "Europe/Berlin"', "12:04 CET"),
        ("ago (now.Add 1500000000)", "-2s"),
        ('ago (toDate "2006-01-02" "2024-02-28")', "35h4m6s"),
        ("ago 1709204640", "6s"),
        ('durationRound (toDate "2006-01-02" "2020-01-01")', "4y"),
        ("now.UnixNano", "1709204645678901000"),
        ('now | dateModify "-24h" | htmlDate', "2024-02-28"),
    ],
)
def test_time_follows_from_the_time_that_is_given(action: str, text: str) -> None:
    assert render(f"{{{{ {action} }}}}", NOW) == text


def test_chance_is_the_same_from_run_to_run_and_another_in_each_call() -> None:
    template = "{{ randAlphaNum 20 }} {{ randAlphaNum 20 }}"
    first, second = render(template, SEED).split()
    assert render(template, SEED) == f"{first} {second}"
    others = [
        second,
        render(template, SEED, name="b").split()[0],
        render(template, SEED, release="other").split()[0],
        render(template, Ambient(seed=b"another")).split()[0],
    ]
    assert len({first, *others}) == 5


def test_each_character_of_an_alphabet_comes_as_often_as_any_other() -> None:
    counts = Counter(render("{{ randNumeric 20000 }}", SEED))
    assert sorted(counts) == list("0123456789")
    # Five standard deviations of a binomial distribution around 2,000.
    assert all(abs(count - 2000) < 5 * (20000 * 0.1 * 0.9) ** 0.5 for count in counts.values())
    assert set(render("{{ randAscii 5000 }}", SEED)) == {chr(code) for code in range(32, 127)}


def test_numbers_shuffles_and_identifiers_of_chance_keep_their_bounds() -> None:
    numbers = render("{{ range until 200 }}{{ randInt -2 3 }} {{ end }}", SEED).split()
    assert set(numbers) == {"-2", "-1", "0", "1", "2"}
    assert sorted(render('{{ shuffle "aabbcé" }}', SEED)) == sorted("aabbcé")
    assert re.fullmatch(
        r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", render("{{ uuidv4 }}", SEED)
    )


def test_a_replacement_that_grows_without_bound_ends_the_render() -> None:
    template = '{{ $long := repeat 1000 "x" }}{{ regexReplaceAll "" $long $long }}'
    with pytest.raises(TemplateError) as caught:
        run(template, limits=Limits(max_output_bytes=100_000))
    assert caught.value.finding.code == "limit-output"


def test_time_is_utc_for_both_names_of_it() -> None:
    now = datetime(2024, 1, 1, tzinfo=UTC)
    action = '{{ dateInZone "15:04 MST" now "Local" }} {{ dateInZone "15:04 MST" now "" }}'
    assert render(action, Ambient(now=now)) == "00:00 UTC 00:00 UTC"
