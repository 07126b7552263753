"""The real helm as judge of the functions of time.

Matrix: every chunk of a layout, written and read; years outside of four digits; zones; methods of times,
durations, months and weekdays; durations in every form and unit, at their limits; what is no time, no
duration, no zone. Time is UTC for both. Of `now` only what holds at any time. Left out: the values that
follow from --now, and error texts (tests/unit/sprig).
"""

from __future__ import annotations

from typing import Any

MOMENT = '(toDate "2006-01-02T15:04:05.999999999Z07:00" "2024-02-09T03:04:05.0670890Z")'
EVENING = '(toDate "2006-01-02T15:04:05.999999999Z07:00" "1999-12-31T23:59:58.999999999-07:30")'
FIXED = '(toDate "2006-01-02 15:04:05 MST" "2024-06-15 12:30:00 CEST")'
OLD = '(toDate "15:04" "10:20")'

LAYOUTS = (
    *(
        "2006-01-02",
        "Mon Jan _2 15:04:05 2006",
        "Monday, 02-Jan-06 15:04:05 MST",
        "2006-01-02T15:04:05Z07:00",
    ),
    *("January 2 2006", "Jan", "Janu", "Januaryx", "Jan.", "Mondays", "Mond", "Mon", "M", "MS", "MSTX"),
    *("1/2/6", "01/02/06", "1", "15h", "3:4:5", "03:04:05PM", "3pm", "_2 __2 002", "__2006", "_2006", "_20"),
    *("2006 06 6", "-0700", "-07:00", "-07", "-070000", "-07:00:00", "Z0700", "Z07:00", "Z07", "Z070000"),
    *(
        "Z07:00:00",
        "-0",
        "Z0",
        ".000",
        ".999",
        ",000000",
        ",999999999",
        ".0000000000000",
        ".99999999999",
        ".0009",
    ),
    *(
        "05.000",
        "5,99",
        ".00 .9",
        "000",
        "999",
        "20060102150405",
        "",
        "plain text",
        '\\"q\\" é',
        "0",
        "00",
        "08",
    ),
    *(
        "2",
        "22",
        "3",
        "33",
        "4",
        "5",
        "6",
        "7",
        "PMpm",
        "pM",
        "Pm",
        "Januaryjanuary",
        "MonMonday",
        "002006",
        "010",
    ),
)

READ = (
    ("2006-01-02", "2024-02-29"),
    ("2006-01-02", "2023-02-29"),
    ("2006-01-02", "2024-13-01"),
    ("2006-01-02", "2024-1-1"),
    ("2006-1-2", "2024-1-1"),
    ("2006-1-2", "2024-011-1"),
    ("2006-01-02", "0000-01-01"),
    ("2006-01-02", "9999-12-31"),
    ("2006-01-02", "12024-01-01"),
    ("2006-01-02", "2024-01-01 "),
    ("2006-01-02 ", "2024-01-01"),
    ("2006-01-02  15", "2024-01-01 7"),
    ("2006 15", "2024   7"),
    ("2006-01-02", "2024-01-32"),
    ("2006-01-02", "2024-04-31"),
    ("2006-01-02", "+024-04-30"),
    ("06", "68"),
    ("06", "69"),
    ("06", "-5"),
    ("06", "+5"),
    ("06", "5"),
    ("Jan", "feb"),
    ("January", "FEBRUARY"),
    ("January", "Feb"),
    ("Jan", "February"),
    ("Mon", "tue"),
    ("Monday", "Tuesday"),
    ("Monday", "Tue"),
    ("2006 002", "2024 060"),
    ("2006 002", "2023 060"),
    ("2006 002", "2024 366"),
    ("2006 002", "2023 366"),
    ("2006 002", "2023 000"),
    ("2006 __2", "2023   5"),
    ("2006 __2", "2023 12"),
    ("2006-01 002", "2024-02 060"),
    ("2006-01 002", "2024-03 060"),
    ("2006-02 002", "2024-29 060"),
    ("2006 _2", "2024 5"),
    ("2006 _2", "2024  5"),
    ("15:04", "24:00"),
    ("15:04", "7:05"),
    ("15:04", "07:60"),
    ("15:4", "07:5"),
    ("3:04PM", "12:05AM"),
    ("3:04PM", "12:05PM"),
    ("3:04PM", "1:05PM"),
    ("3:04pm", "1:05PM"),
    ("3:04pm", "1:05pm"),
    ("3:04PM", "13:05PM"),
    ("03:04PM", "1:05PM"),
    ("PM 3", "AM 0"),
    ("05", "60"),
    ("05", "59.5"),
    ("05", "59,123456789123"),
    ("05", "59."),
    ("05.000", "59.123"),
    ("05.000", "59.12"),
    ("05.000", "59.1234"),
    ("05,000", "59.123"),
    ("05.999", "59.123456"),
    ("05.999", "59"),
    ("5.9", "9.1"),
    ("05 .000", "59 .123"),
    ("2006-01-02T15:04:05Z07:00", "2024-01-01T00:00:00Z"),
    ("2006-01-02T15:04:05Z07:00", "2024-01-01T00:00:00.25+02:00"),
    ("2006-01-02T15:04:05Z07:00", "2024-01-01T00:00:00+00:00"),
    ("2006-01-02T15:04:05Z07:00", "2024-01-01T00:00:00z"),
    ("2006-01-02T15:04:05Z07:00", "2024-01-01t00:00:00Z"),
    ("2006-01-02T15:04:05Z07:00", "2024-01-01T0:00:00Z"),
    ("15 Z0700", "7 -0330"),
    ("15 -0700", "7 -0330"),
    ("15 -0700", "7 Z"),
    ("15 -07", "7 -03"),
    ("15 -07:00:00", "7 +01:02:03"),
    ("15 -070000", "7 +010203"),
    ("15 Z07:00:00", "7 Z"),
    ("15 -0700", "7 +2500"),
    ("15 -0700", "7 +2460"),
    ("15 -0700", "7 +0061"),
    ("15 -0700", "7 *0100"),
    ("15 MST", "7 UTC"),
    ("15 MST", "7 CET"),
    ("15 MST", "7 CEST"),
    ("15 MST", "7 GMT"),
    ("15 MST", "7 GMT+3"),
    ("15 MST", "7 GMT-25"),
    ("15 MST", "7 +03"),
    ("15 MST", "7 ABCDT"),
    ("15 MST", "7 ABCDE"),
    ("15 MST", "7 ABCD"),
    ("15 MST", "7 WITA"),
    ("15 MST", "7 ChST"),
    ("15 MST", "7 Ab"),
    ("15 MST", "7 ABCDEF"),
    ("15 MST -0700", "7 CET +0100"),
    ("15 MST -0700", "7 UTC +0100"),
    ("15 MST -0700", "7 CET +0000"),
    ("2006", ""),
    ("", ""),
    ("", "x"),
    ("x", "x"),
    ("xy", "x"),
)

METHODS = (
    *(
        "Year",
        "Month",
        "Day",
        "YearDay",
        "Weekday",
        "Hour",
        "Minute",
        "Second",
        "Nanosecond",
        "Unix",
        "UnixMilli",
    ),
    *("UnixMicro", "UnixNano", "UTC", "Local", "IsZero", "String", "GoString", "Location", "Month.String"),
    *("Weekday.String", 'UTC.Format "15"', "AddDate 1 13 -40", "AddDate 0 0 -59", 'Format "2006 MST"'),
    *("Truncate 3600000000000", "Round 3600000000000", "Truncate 0", "Round -1", "Truncate 604800000000000"),
    *("Add 1000000000", "Location.String"),
)

DURATIONS = (
    *(
        "1h",
        "1h30m",
        "1.5h",
        "-1.5h",
        "+5s",
        "0",
        "+0",
        "",
        " 5s ",
        "5",
        "2.5",
        "-7",
        "1e3",
        "0x10",
        "1_000",
        ".5s",
    ),
    *(
        "5.s",
        ".s",
        "1",
        "1ns",
        "1us",
        "1µs",
        "1μs",
        "1ms",
        "1m1s1ms1us1ns",
        "1h1h",
        "1d",
        "1H",
        "h",
        "1h 1m",
        "--1s",
    ),
    *("9223372036854775807ns", "9223372036854775808ns", "-9223372036854775808ns", "2562047h47m16.854775807s"),
    *(
        "2562048h",
        "0.3333333333333333333h",
        "0.1s",
        "1.0000000001s",
        "99999999999999999999s",
        "inf",
        "NaN",
        "9e9",
        "9.3e9",
    ),
    *(
        "26h3m4s",
        "8760h1s",
        "8760h",
        "720h1s",
        "720h",
        "24h1ns",
        "61m",
        "60s",
        "1s1ns",
        "999ms",
        "1.9s",
        "400h",
        "-400h",
    ),
)
MEASURES = (
    *(
        "durationSeconds",
        "durationMilliseconds",
        "durationMicroseconds",
        "durationNanoseconds",
        "durationMinutes",
    ),
    *("durationHours", "durationDays", "durationWeeks", "durationRound"),
)
VALUES_OF_ALL_TYPES = (
    "5",
    "-5",
    "1.5",
    "2.9",
    "true",
    "nil",
    "(int64 90)",
    "(list)",
    "(dict)",
    '(mustToDuration "90s")',
    "9223372037",
    "1e300",
)

SAME = "\n".join(
    [
        *(f'date "{layout}" {MOMENT}' for layout in LAYOUTS),
        *(f'{EVENING}.Format "{layout}"' for layout in LAYOUTS),
        *(f'toDate "{layout}" "{text}"' for layout, text in READ),
        *(f"{moment}.{method}" for moment in (MOMENT, EVENING, FIXED, OLD) for method in METHODS),
        *(f'{measure} "{text}"' for measure in MEASURES for text in DURATIONS),
        *(f"{measure} {value}" for measure in MEASURES for value in VALUES_OF_ALL_TYPES),
        *(
            f"duration {value}"
            for value in (*VALUES_OF_ALL_TYPES, '"95"', '"-95"', '"x"', '"1h"', '"99999999999999999999"')
        ),
        r"""
date "2006-01-02 15:04:05 MST" 0
date "2006-01-02 15:04:05" 1700000000
date "2006-01-02 15:04:05" (int64 -1)
htmlDate 86400
htmlDate (int64 253402300800)
htmlDate (int64 -62135596801)
htmlDate (int64 -99999999999)
htmlDateInZone 0 "UTC"
htmlDateInZone 0 "America/New_York"
htmlDateInZone 0 "No/Where"
htmlDateInZone 0 ""
htmlDateInZone 0 "Local"
htmlDateInZone 0 "../etc/passwd"
dateInZone "2006-01-02 15:04:05 MST -0700" 0 "Europe/Berlin"
dateInZone "2006-01-02 15:04:05 MST -0700" 1720000000 "Europe/Berlin"
dateInZone "2006-01-02 15:04:05 MST -0700" 1711846799 "Europe/Berlin"
dateInZone "2006-01-02 15:04:05 MST -0700" 1711846800 "Europe/Berlin"
dateInZone "2006-01-02 15:04:05 MST -0700" 1730000000 "Asia/Kolkata"
dateInZone "2006-01-02 15:04:05 MST -0700" 1730000000 "America/Sao_Paulo"
dateInZone "2006-01-02 15:04:05 MST -070000" (int64 -5000000000) "America/New_York"
dateInZone "2006-01-02 15:04:05 MST -0700" (int64 9000000000) "America/New_York"
dateInZone "2006-01-02 15:04:05 MST -0700" 1730000000 "EST"
dateInZone "2006-01-02 15:04:05 MST -0700" 1730000000 "Etc/GMT+5"
dateInZone "2006-01-02 15:04:05 MST -0700" 1730000000 "Asia"
dateInZone "2006-01-02 15:04:05 MST -0700" 1730000000 "europe/berlin"
date_in_zone "15:04" 0 "Asia/Tokyo"
dateModify "-1.5h" (toDate "2006-01-02" "2024-03-01")
dateModify "x" (toDate "2006-01-02" "2024-03-01")
date_modify "24h" (toDate "2006-01-02" "2024-02-28")
mustDateModify "1ns" (toDate "2006-01-02" "2024-03-01")
must_date_modify "-24h" (toDate "2006-01-02" "2024-03-01")
unixEpoch (toDate "2006-01-02" "2024-03-01")
unixEpoch (toDate "15" "x")
mustToDate "2006-01-02" "2017-12-31"
typeOf (toDate "2006" "2024")
kindOf (toDate "2006" "2024")
empty (toDate "2006" "x")
(toDate "2006" "2024").Sub (toDate "2006" "2023")
(toDate "2006" "2024").Sub (toDate "2006" "0001")
(toDate "2006" "2024").Before (toDate "2006" "2023")
(toDate "2006" "2024").After (toDate "2006" "2023")
(toDate "2006" "2024").Equal (toDate "2006-01-02" "2024-01-01")
(toDate "2006" "2024").Compare (toDate "2006" "2025")
(toDate "2006" "2024").Add (mustToDuration "36h")
eq (toDate "2006" "2024") (toDate "2006" "2024")
deepEqual (toDate "2006" "2024") (toDate "2006" "2024")
toJson (dict "t" (toDate "2006" "2024") "d" (mustToDuration "1h"))
toYaml (dict "t" (toDate "2006" "2024") "d" (mustToDuration "1h"))
toYamlPretty (dict "t" (toDate "2006" "2024") "d" (mustToDuration "1h"))
toToml (dict "t" (toDate "2006" "2024") "d" (mustToDuration "1h"))
print (toDate "2006" "2024") (mustToDuration "1h")
printf "%d %s %v %q %5d|%x" (mustToDuration "1m") (mustToDuration "1m") (mustToDuration "1m") (mustToDuration "1m") (mustToDuration "1us") (mustToDuration "1m")
printf "%d %s %v %q" (toDate "2006" "2024").Month (toDate "2006" "2024").Month (toDate "2006" "2024").Weekday (toDate "2006" "2024").Weekday
list (kindOf (mustToDuration "1h")) (typeOf (mustToDuration "1h")) (empty (mustToDuration "0")) (toString (mustToDuration "1h")) (quote (mustToDuration "1h"))
list (kindOf (toDate "2006" "2024").Month) (typeOf (toDate "2006" "2024").Month) (typeOf (toDate "2006" "2024").Weekday)
list (int (mustToDuration "1us")) (int64 (mustToDuration "1us")) (float64 (mustToDuration "1us")) (add 1 (mustToDuration "1us"))
list (int (toDate "2006" "2024").Month) (add 1 (toDate "2006" "2024").Weekday) (eq (toDate "2006" "2024").Month 1)
list (lt (mustToDuration "1h") (mustToDuration "2h")) (eq (mustToDuration "60m") (mustToDuration "1h")) (eq (mustToDuration "1us") 1000)
default "x" (mustToDuration "0")
ternary "t" "f" (eq (mustToDuration "1h").Hours 1.0)
(mustToDuration "90m").Minutes
(mustToDuration "90m").String
(mustToDuration "90.5s").Seconds
(mustToDuration "-90m").Abs
(mustToDuration "95m").Round (mustToDuration "10m")
(mustToDuration "-95m").Truncate (mustToDuration "10m")
(mustToDuration "1h").Milliseconds
durationRoundTo "2h13m" "30m"
durationRoundTo "2h15m" "30m"
durationRoundTo "-2h15m" "30m"
durationRoundTo "x" "30m"
durationRoundTo "2h13m" "x"
durationRoundTo "2h13m" "0"
durationRoundTo 95 10
durationRoundTo "9223372036854775807ns" "2ns"
durationTruncateTo "2h13m" "30m"
durationTruncateTo "-2h13m" "30m"
durationTruncateTo "x" "30m"
durationTruncateTo "2h13m" "-1s"
durationTruncateTo 95.7 10
mustToDuration 90
mustToDuration 1.5
mustToDuration " 1h "
ago now
typeOf now
(now).IsZero
len (now | date "2006-01-02")
len (date "2006" "no time")
durationRound now
ternary "late" "soon" (now.After (toDate "2006" "2020"))
""".strip(),
    ]
)

FAILING = r"""
mustToDate "2006" "x"
mustDateModify "x" (toDate "2006" "2024")
mustToDuration "x"
mustToDuration nil
mustToDuration true
dateModify "1h" "2024"
unixEpoch 5
(toDate "2006" "2024").Sub 5
"""


def test_times_and_durations_read_and_show_as_in_helm(expressions: Any) -> None:
    expressions.assert_same(SAME.split("\n"))


def test_what_is_no_time_and_no_duration_ends_both_renders(expressions: Any) -> None:
    expressions.assert_both_fail(FAILING.strip().split("\n"))
