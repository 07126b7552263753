"""Every limit, through `template` and `build`: the whole message, and that `--limit` moves it.

Matrix: one row for each limit and each way to reach it, in a folder or an archive, with the limit lowered;
the message of both commands, which differ in what `build` adds; the same with the limit high enough; the
limit of time. Left out: what servers answer (test_servers.py), the defaults (the other files here).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from sro_render.limits import NAMES

STATE = "templates/0000-state.yaml"
Tgz = Callable[..., bytes]
CHART = "apiVersion: v2\nname: kmod\nversion: 1.0.0\n"
KERNEL = "4.18.0-305.45.1.el8_4.x86_64"
RENDER = f"kmod / kernel {KERNEL}"
ONLY_FETCHED = {"index-bytes", "registry-answer-bytes"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A limit, what goes beyond it, and what is said.

    limit:   its name and a number that is too low; enough: a number that is not.
    told:    the code and the first line. place: the lines between it and what the commands add.
    notes:   the lines behind that. subject: what the command `build` names, and `template` if it does.
    """

    limit: str
    enough: int
    files: Mapping[str, str] = field(default_factory=dict)
    archive: tuple[tuple[str, str], ...] = ()
    told: str
    place: str = ""
    subject: str = RENDER
    own_subject: str = ""
    notes: str = ""
    help: str

    def message(self, command: str) -> str:
        """The whole message."""
        subjects = [self.subject, self.own_subject] if command == "build" else [self.own_subject]
        subject = " / ".join(each for each in subjects if each)
        return (
            f"error{self.told}\n{self.place}"
            + (f"  in: {subject}\n" if subject else "")
            + f"{self.notes}  help: {self.help}\n"
            + ("nothing was written: 1 error\n" if command == "build" else "")
        )


def at(column: int, line: str, marked: str, file: str = STATE, number: int = 1) -> str:
    """The place in a file of one line, with its excerpt."""
    return (
        f"  --> charts/kmod/{file}:{number}:{column}\n"
        f"  {number} | {line}\n"
        f"    | {' ' * (column - 1)}{'^' * len(marked)}\n"
    )


def more(name: str) -> str:
    return f"if the chart needs more, allow it: --limit {name}=NUMBER"


def instead(advice: str, name: str) -> str:
    return f"{advice}, or allow more: --limit {name}=NUMBER"


def leave_out(name: str) -> str:
    return instead("leave out what the chart does not need", name)


def action(limit: str, enough: int, text: str, marked: str, told: str) -> Row:
    """A row with a template of one action in a line."""
    name = limit.partition("=")[0]
    place = at(text.index(marked) + 1, text, marked)
    return Row(limit=limit, enough=enough, files={STATE: text}, told=told, place=place, help=more(name))


INCLUDE = 'include "n" (sub . 1)'
INCLUDES = (
    f'{{{{ define "n" }}}}{{{{ if . }}}}{{{{ {INCLUDE} }}}}{{{{ end }}}}{{{{ end }}}}{{{{ include "n" 10 }}}}'
)
TPL = "tpl .t (dict `t` .t `n` (sub .n 1) `Template` .Template)"
INNER = f"{{{{ if .n }}}}{{{{ {TPL} }}}}{{{{ end }}}}"
TPLS = f'{{{{ $t := "{INNER}" }}}}{{{{ tpl $t (dict "t" $t "n" 10 "Template" .Template) }}}}'
DEEP = "a: " + "[" * 30 + "]" * 30
ALIASES = "b: [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]"
LONG = "{{/* " + "x" * 100 + " */}}"
TOO_DEEP = "templates call each other more than 9 levels deep"
UNUSABLE = "[values-schema]: the schema of the chart's values cannot be used: "
ARCHIVE = "  --> charts/kmod-1.0.0.tgz\n"
HEAD = ("kmod/Chart.yaml", CHART)
TWICE = {"properties": {"a": {"allOf": [{"$ref": "#"}, {"$ref": "#"}]}}}
WRITTEN = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"

ROWS: dict[str, Row] = {
    "the output": Row(
        limit="output-bytes=1000",
        enough=3000,
        files={STATE: "# {{ range until 200 }}0123456789{{ end }}"},
        told="[limit-output]: the output has more than 1,000 bytes",
        notes="  note: at the end of kmod/templates/0000-state.yaml\n",
        help=more("output-bytes"),
    ),
    "a text that is repeated": action(
        "output-bytes=1000",
        3000,
        '# {{ repeat 2000 "x" }}',
        'repeat 2000 "x"',
        "[limit-output]: a text of 2,000 characters is larger than the 1,000 bytes of all output",
    ),
    "all texts that functions make": action(
        "output-bytes=1000",
        3000,
        '{{ $x := repeat 999 "x" }}{{ range until 20 }}{{ $_ := print $x "y" }}{{ end }}',
        'print $x "y"',
        "[limit-output]: functions made more than 8,000 characters of text in this render",
    ),
    "the rounds of loops": action(
        "loop-iterations=99",
        100,
        "{{ range 10 }}{{ range 9 }}{{ end }}{{ end }}",
        "range 9",
        "[limit-loop-iterations]: the loops of this render make more than 99 rounds",
    ),
    "a list": action(
        "loop-iterations=99",
        100,
        "{{ $_ := until 100 }}",
        "until 100",
        "[limit-loop-iterations]: a list of 100 numbers is longer than the 99 rounds that loops may make",
    ),
    "the matches of an expression": action(
        "loop-iterations=99",
        100,
        '{{ $_ := regexFindAll "x" (repeat 100 "x") -1 }}',
        'regexFindAll "x" (repeat 100 "x") -1',
        "[limit-loop-iterations]: the text has more than 99 matches",
    ),
    "includes inside each other": Row(
        limit="call-depth=9",
        enough=12,
        files={STATE: INCLUDES},
        told=f"[limit-call-depth]: {TOO_DEEP}",
        place=at(30, INCLUDES, INCLUDE),
        notes="".join(
            f"  note: included from charts/kmod/{STATE}:1:{column}\n" for column in (*[30] * 7, 75)
        ),
        help=instead("look for a template that calls itself without end", "call-depth"),
    ),
    "tpl inside tpl": Row(
        limit="call-depth=9",
        enough=12,
        files={STATE: TPLS},
        told=f"[limit-call-depth]: {TOO_DEEP}",
        place=at(15, INNER, TPL).replace(f"charts/kmod/{STATE}", "(text given to tpl)"),
        notes="  note: included from (text given to tpl):1:15\n" * 7
        + f"  note: included from charts/kmod/{STATE}:1:100\n",
        help=instead("look for a template that calls itself without end", "call-depth"),
    ),
    "a template": Row(
        limit="template-bytes=100",
        enough=2000,
        files={STATE: LONG},
        told="[limit-template-size]: this template has more than 100 bytes",
        place=at(1, LONG, "^"),
        help=instead("move what is no template into a file that the chart reads", "template-bytes"),
    ),
    "a template for tpl": action(
        "template-bytes=100",
        2000,
        '{{ tpl (repeat 101 " ") . }}',
        'tpl (repeat 101 " ") .',
        "[limit-template-size]: the template text has more than 100 bytes",
    ),
    "an archive": Row(
        limit="archive-bytes=99",
        enough=9999,
        archive=(HEAD,),
        told="[archive-size]: the archive has 141 bytes; at most 99 bytes are allowed",
        place=ARCHIVE,
        subject="kmod",
        help=leave_out("archive-bytes"),
    ),
    "what an archive unpacks to": Row(
        limit="chart-bytes=1999",
        enough=2100,
        archive=(HEAD, ("kmod/a", "x" * 1000), ("kmod/b", "x" * 1000)),
        told="[archive-size]: the files are too large together; at most 1999 bytes are allowed",
        place=ARCHIVE,
        subject="kmod",
        help=leave_out("chart-bytes"),
    ),
    "the files of a folder": Row(
        limit="chart-bytes=1999",
        enough=9999,
        files={"a": "x" * 1000, "b": "x" * 1000},
        told="[chart-too-large]: the files in charts/kmod are too large together; at most 1999 bytes are allowed",
        subject="kmod",
        help=leave_out("chart-bytes"),
    ),
    "a file of an archive": Row(
        limit="chart-file-bytes=999",
        enough=1000,
        archive=(HEAD, ("kmod/a", "x" * 1000)),
        told='[archive-size]: "kmod/a" has 1000 bytes; at most 999 bytes are allowed',
        place="  --> charts/kmod-1.0.0.tgz!kmod/a\n",
        subject="kmod",
        help=leave_out("chart-file-bytes"),
    ),
    "a file of a folder": Row(
        limit="chart-file-bytes=999",
        enough=1000,
        files={"a": "x" * 1000},
        told="[chart-file]: charts/kmod/a has 1000 bytes; at most 999 bytes are allowed",
        subject="kmod",
        help="allow more: --limit chart-file-bytes=NUMBER; or name it in .helmignore",
    ),
    "the number of files in an archive": Row(
        limit="chart-files=2",
        enough=3,
        archive=(HEAD, ("kmod/a", ""), ("kmod/b", "")),
        told="[archive-size]: the archive has 3 files; at most 2 files are allowed",
        place=ARCHIVE,
        subject="kmod",
        help=leave_out("chart-files"),
    ),
    "the number of files in a folder": Row(
        limit="chart-files=2",
        enough=4,
        files={"a": "", "b": ""},
        told="[chart-too-large]: charts/kmod has too many files; at most 2 files are allowed",
        subject="kmod",
        help=leave_out("chart-files"),
    ),
    "a path in an archive": Row(
        limit="path-characters=99",
        enough=120,
        archive=(HEAD, ("kmod/" + "x" * 95, "")),
        told=f'[archive-size]: the path "kmod/{"x" * 55}..." has 100 characters; at most 99 characters are allowed',
        place=ARCHIVE,
        subject="kmod",
        help=leave_out("path-characters"),
    ),
    "a path in a folder": Row(
        limit="path-characters=99",
        enough=100,
        files={"x" * 100: ""},
        told=f"[chart-too-large]: the path {'x' * 60}... in charts/kmod has 100 characters; "
        "at most 99 characters are allowed",
        subject="kmod",
        help=leave_out("path-characters"),
    ),
    "collections of YAML inside each other": Row(
        limit="yaml-depth=20",
        enough=40,
        files={"values.yaml": f"{DEEP}\n"},
        told="[yaml-depth]: more than 20 collections stand inside each other",
        place=at(23, DEEP, "[", "values.yaml"),
        subject="kmod",
        help=instead("split the value up", "yaml-depth"),
    ),
    "collections of rendered YAML inside each other": Row(
        limit="yaml-depth=20",
        enough=40,
        files={STATE: f"{WRITTEN}{DEEP}\n"},
        told=f"[rendered-yaml]: kmod/{STATE} renders text that is not YAML: "
        "more than 20 collections stand inside each other",
        place=at(23, DEEP, "[", number=4),
        notes=f"  note: rendered line 4, column 23: {DEEP}\n",
        help=instead("split the value up", "yaml-depth"),
    ),
    "aliases of YAML": Row(
        limit="yaml-alias-nodes=99",
        enough=200,
        files={"values.yaml": f"a: &a [1,2,3,4,5,6,7,8,9]\n{ALIASES}\n"},
        told="[yaml-aliases]: aliases add more than 99 values to this text",
        place=at(32, ALIASES, "*a", "values.yaml", 2),
        subject="kmod",
        help=instead("write the values out", "yaml-alias-nodes"),
    ),
    "the parts of a schema": Row(
        limit="schema-parts=99",
        enough=200,
        files={"values.schema.json": json.dumps({"allOf": [{}] * 100})},
        told=f"{UNUSABLE}it has more than 99 schemas in it",
        place="  --> charts/kmod/values.schema.json\n",
        own_subject="chart kmod",
        help=instead("leave out definitions that nothing refers to", "schema-parts"),
    ),
    "a schema that refers to itself": Row(
        limit="schema-checks=99",
        enough=99_999,
        files={"values.schema.json": json.dumps(TWICE), "values.yaml": "a: {a: {a: {a: {a: {a: {}}}}}}\n"},
        told=f"{UNUSABLE}checking the values takes more than 99 steps",
        place="  --> charts/kmod/values.schema.json\n",
        own_subject="chart kmod",
        help=instead("look for definitions that refer to each other several times", "schema-checks"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("command", ["template", "build"])
@pytest.mark.parametrize("name", ROWS)
def test_what_goes_beyond_a_limit_is_told_with_the_way_to_move_it(
    victim: Any, tgz: Tgz, name: str, command: str
) -> None:
    row = ROWS[name]
    if row.archive:
        victim.pack(tgz(*row.archive))
    else:
        victim.write(row.files)
    outcome = victim.run(command, "--limit", row.limit)
    assert (outcome.code, outcome.out, outcome.err) == (2, "", row.message(command))
    enough = victim.run(command, "--limit", f"{row.limit.partition('=')[0]}={row.enough}")
    assert enough.code == 0, enough.err


def test_every_limit_has_a_row() -> None:
    assert {row.limit.partition("=")[0] for row in ROWS.values()} == set(NAMES) - ONLY_FETCHED


@pytest.mark.parametrize("command", ["template", "build"])
@pytest.mark.parametrize(
    "work",
    ["{{ range until 1000 }}{{ range until 999 }}{{ $_ := list 1 2 3 | toJson | sha256sum }}{{ end }}{{ end }}",
     "{{ $d := dict }}{{ range until 40 }}{{ $d = dict `a` $d `b` $d }}{{ end }}{{ toJson $d }}"],
    ids=["loops", "a function"],
)  # fmt: skip
def test_a_render_that_takes_too_long_is_ended(victim: Any, work: str, command: str) -> None:
    victim.write({STATE: work})
    outcome = victim.run(command, "--time-limit", "1")
    where = {
        "template": "  in: kmod\n  help: look for long loops in the chart's templates, or raise --time-limit\n",
        "build": f"  in: kmod\n  note: it was at 0000-state for kernel {KERNEL}\n"
        "  help: look for long loops in what the chart does there, or raise --time-limit\n"
        "nothing was written: 1 error\n",
    }[command]
    assert (outcome.code, outcome.err) == (
        2,
        f"error[limit-time]: rendering took longer than 1 s\n{where}",
    )
