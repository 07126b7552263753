"""Random templates: a grammar of the language, with all functions of the registry.

What is random comes from the caller's `random.Random`, or from something with its methods. `fuzz.py` throws
them at the engine; tests/helm/test_generated.py lets Hypothesis choose and helm judge.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from sro_render.charts.helm_functions import functions
from sro_render.gotemplate.builtin_functions import BUILTINS

VALUES: Final = {
    "text": "some text",
    "words": "The quick-brown_fox jumps, 3 times",
    "lines": "one\ntwo: 2\n\n  three\n",
    "unicode": "grüße \u6f22\u5b57 \U0001f600",
    "empty": "",
    "number": "42",
    "three": 3,
    "negative": -7,
    "large": 123456789012,
    "float": 2.5,
    "yes": True,
    "no": False,
    "nothing": None,
    "list": ["b", "a", 3, "c", None, 1.5, True],
    "names": ["x", "y", "z"],
    "map": {"a": 1, "b": {"c": "deep", "d": [1, 2]}, "e": None, "f": "text"},
    "strings": {"k": "v", "l": "w"},
    "none": {},
    "noitems": [],
    "version": "1.2.3-beta.1+build",
    "yaml": "a: 1\nb: [x, y]\n",
    "json": '{"a": [1, 2, {"b": null}]}',
    "path": "/usr/local/lib/file.tar.gz",
    "url": "https://user@example.org:8443/a/b?q=1#f",
}
NOT_THE_SAME: Final = frozenset(
    # Chance, time, order that Go leaves open, addresses, and what ends the run by design.
    [
        "now",
        "ago",
        "htmlDate",
        "date",
        "dateInZone",
        "date_in_zone",
        "dateModify",
        "date_modify",
        "mustDateModify",
        "must_date_modify",
        "keys",
        "values",
        "randAlphaNum",
        "randAlpha",
        "randAscii",
        "randNumeric",
        "randBytes",
        "randInt",
        "shuffle",
        "uuidv4",
        "genPrivateKey",
        "genCA",
        "genCAWithKey",
        "genSelfSignedCert",
        "genSelfSignedCertWithKey",
        "genSignedCert",
        "genSignedCertWithKey",
        "buildCustomCert",
        "bcrypt",
        "htpasswd",
        "encryptAES",
        "decryptAES",
        "derivePassword",
        "fail",
        "lookup",
        "getHostByName",
        "durationRound",
        "toDate",
        "mustToDate",
        "unixEpoch",
        "duration",
        "env",
        "expandenv",
        "osBase",
        "osDir",
        "osClean",
        "osExt",
        "osIsAbs",
        "htmlDateInZone",
        # Their faults are told in our own words.
        "fromToml",
        "fromYaml",
        "fromYamlArray",
    ]
)
"""Functions that the comparison with helm leaves out; the hunt for crashes does not."""


SPECIAL: Final[Mapping[str, Sequence[str]]] = {
    "version": [".Values.version", '"1.2.3"', '"v1.3"', '"2.0.0-rc.1"', '"1.2.3+b.1"'],
    "constraint": ['">=1.2"', '"~1.2.3"', '"^1 || >2"', '"1.x"', '"1.2 - 1.4"', '">1.0.0-0"', '"!=1.2.3"'],
    "json": [".Values.json", '`[1, {"a": null}]`', "`1.50`", '"true"', '`"a\\u00e9"`'],
    "key": ['"a"', '"b"', '"c"', '"k"', '"absent"'],
    "some": ["1", "2", "7", "-3", ".Values.three", ".Values.negative"],
    "template": ['"t"'],
    "regex": ['"[a-z]+"', "`\\d`", '"(.)(o)?"', '"^"', '"x*"', "`\\bt`", '"(?i)QUICK|é"', '"[^\\\\s]"'],
    "pattern": [
        '"*"',
        '"%d|%5.2f"',
        '"%v"',
        '"%+v"',
        '"%q"',
        '"%s"',
        '"%T"',
        '"%x"',
        '"%08.3f"',
        '"%-6d|"',
        '"%t"',
    ],
    "lists": [".Values.list", ".Values.names", ".Values.noitems", '(list 1 "a" nil)', "(until 3)", "(list)"],
    "number": ["0", "3", "-2", "1.5", ".Values.float", ".Values.large", ".Values.number", ".Values.negative"],
}
"""What some functions are made for, where their types say less."""
_LISTS: Final = "first last rest initial reverse uniq compact toStrings sortAlpha"
_PAIRS: Final = ["number number", "string string", "int int", "float64 float64"]
WANTED: Final[Mapping[str, Sequence[str]]] = {
    **{f"{name}": ["lists"] for name in _LISTS.split()},
    **{f"must{name.capitalize()}": ["lists"] for name in _LISTS.split()},
    **{
        name: ["lists any"] for name in ["append", "push", "prepend", "mustAppend", "mustPush", "mustPrepend"]
    },
    **{name: ["lists any", "lists any any"] for name in ("without", "mustWithout")},
    **{name: ["any lists"] for name in ("has", "mustHas")},
    **{name: ["some lists", "int lists"] for name in ("chunk", "mustChunk")},
    **{name: ["lists int", "lists int int", "lists"] for name in ("slice", "mustSlice")},
    **dict.fromkeys(("eq", "ne", "lt", "le", "gt", "ge"), _PAIRS),
    **{name: ["number some", "some some"] for name in ("div", "mod", "divf")},
    **{name: ["regex string"] for name in ("regexMatch", "regexFind", "mustRegexMatch", "mustRegexFind")},
    **{
        name: ["regex string int"]
        for name in ("regexFindAll", "regexSplit", "mustRegexFindAll", "mustRegexSplit")
    },
    **{name: ["regex string string"] for name in ("regexReplaceAll", "mustRegexReplaceAll")},
    **{name: ["json"] for name in ("fromJson", "mustFromJson", "fromJsonArray")},
    "concat": ["lists lists", "lists"],
    "dig": ["key any maps", "key key any maps"],
    "get": ["maps key"],
    "hasKey": ["maps key"],
    "pluck": ["key maps maps"],
    "pick": ["maps key key"],
    "omit": ["maps key key"],
    "index": ["lists int", "maps key", "string int"],
    "include": ["template any"],
    "printf": ["pattern any", "pattern number", "pattern string any"],
    "semver": ["version"],
    "semverCompare": ["constraint version"],
    "split": ["key string"],
    "splitList": ["key string"],
    "join": ["string lists"],
}
"""Types of arguments for single functions, one or several choices each."""


class Templates:
    """Random templates; most are well-formed and well-typed, some are neither."""

    def __init__(self, chance: random.Random, *, left_out: frozenset[str] = frozenset()) -> None:
        self.chance = chance
        known = {**BUILTINS, **functions()}
        self.functions = {name: known[name].types for name in sorted(known) if name not in left_out}
        self.by_result: dict[str, list[str]] = {}
        for name, signature in self.functions.items():
            self.by_result.setdefault(signature.result, []).append(name)
        self.variables: list[str] = []

    def template(self) -> str:
        self.variables = []
        text = self.body(self.chance.randrange(1, 4))
        if self.chance.random() < 0.3:
            text += f'{{{{ define "n" }}}}{self.body(1)}{{{{ end }}}}'
        if self.chance.random() < 0.9:
            # Inside of loops and scopes the dot is another one.
            text = re.sub(r"(?<!\$)\.Values", "$.Values", text)
        return self.mutated(text) if self.chance.random() < 0.05 else text

    def about(self, name: str) -> str:
        """A template that does nothing but to call one function, mostly with what it is made for."""
        self.variables = []
        if self.chance.random() < 0.1:
            return self.braces(self.called(name, 1))
        arguments = [self.fitting(each) for each in self.wanted(name)]
        if arguments and self.chance.random() < 0.2:
            return self.braces(f"{arguments.pop()} | {' '.join([name, *arguments])}")
        return self.braces(" ".join([name, *arguments]))

    def wanted(self, name: str) -> list[str]:
        """The types of the arguments for one call; those that functions ask for, more exactly than Go does."""
        if name in WANTED:
            return self.chance.choice(WANTED[name]).split()
        signature = self.functions[name]
        several = [signature.variadic] * self.chance.randrange(1, 3) if signature.variadic else []
        return [*signature.parameters, *several]

    def fitting(self, go_type: str) -> str:
        """An argument of a type, sometimes out of another function."""
        makers = self.by_result.get(go_type, []) if go_type != "any" else []
        if makers and self.chance.random() < 0.15:
            maker = self.chance.choice(makers)
            return f"({' '.join([maker, *(self.chance.choice(self.simple(t)) for t in self.wanted(maker))])})"
        return self.chance.choice(self.simple(go_type))

    def mutated(self, text: str) -> str:
        pieces = [
            "{{",
            "}}",
            " ",
            "-",
            "|",
            "(",
            ")",
            '"',
            "`",
            ".",
            "$",
            "end",
            "if",
            ":=",
            "'",
            "\\",
            "\n",
            "%!",
        ]
        at = self.chance.randrange(len(text) + 1)
        cut = self.chance.randrange(4)
        return text[:at] + self.chance.choice(pieces) + text[at + cut :]

    def body(self, depth: int) -> str:
        return "".join(self.statement(depth) for _ in range(self.chance.randrange(1, 4)))

    def statement(self, depth: int) -> str:
        outer = list(self.variables)
        kinds: list[Callable[[int], str]] = [self.text, self.action, self.action, self.declaration]
        if depth > 0:
            kinds += [self.conditional, self.loop, self.scope, self.call, self.comment]
        made = self.chance.choice(kinds)(depth)
        if not made.startswith(("{{ $", "{{- $")):
            self.variables = outer
        return made

    def text(self, depth: int) -> str:
        del depth
        return self.chance.choice(["a", " ", "\n", "x: ", "  - ", '"', "é", "} "])

    def braces(self, inner: str) -> str:
        left = self.chance.choice(["{{ ", "{{ ", "{{- "])
        return f"{left}{inner}{self.chance.choice([' }}', ' }}', ' -}}'])}"

    def comment(self, depth: int) -> str:
        del depth
        return self.chance.choice(["{{/* c */}}", "{{- /* c\n */ -}}"])

    def action(self, depth: int) -> str:
        return self.braces(self.pipeline(min(depth, 2)))

    def declaration(self, depth: int) -> str:
        name = self.chance.choice(["$a", "$b", "$c"])
        operator = "=" if name in self.variables and self.chance.random() < 0.5 else ":="
        made = self.braces(f"{name} {operator} {self.pipeline(min(depth, 2))}")
        if name not in self.variables:
            self.variables.append(name)
        return made

    def conditional(self, depth: int) -> str:
        other = ""
        if self.chance.random() < 0.4:
            other = self.braces(f"else if {self.pipeline(1)}") + self.body(depth - 1)
        if self.chance.random() < 0.4:
            other += self.braces("else") + self.body(depth - 1)
        return self.braces(f"if {self.pipeline(1)}") + self.body(depth - 1) + other + self.braces("end")

    def loop(self, depth: int) -> str:
        over = self.chance.choice(
            [
                ".Values.list",
                ".Values.map",
                ".Values.names",
                "(until 3)",
                "2",
                ".Values.noitems",
                self.value("any", 1),
            ]
        )
        head = self.chance.choice(["range {}", "range $e := {}", "range $k, $e := {}"]).format(over)
        jump = self.chance.choice(
            ["", "", "{{ break }}", "{{ continue }}", "{{ if . }}{{ continue }}{{ end }}"]
        )
        other = self.braces("else") + self.body(depth - 1) if self.chance.random() < 0.2 else ""
        return self.braces(head) + self.body(depth - 1) + jump + other + self.braces("end")

    def scope(self, depth: int) -> str:
        other = self.braces("else") + self.body(depth - 1) if self.chance.random() < 0.3 else ""
        return self.braces(f"with {self.pipeline(1)}") + self.body(depth - 1) + other + self.braces("end")

    def call(self, depth: int) -> str:
        del depth
        return self.chance.choice(
            ['{{ template "t" .Values.list }}', '{{ include "t" .Values.map | upper }}', '{{ template "t" }}']
        )

    def pipeline(self, depth: int) -> str:
        made = self.expression(depth)
        while self.chance.random() < 0.35:
            made += f" | {self.piped(depth)}"
        return made

    def expression(self, depth: int) -> str:
        if depth <= 0 or self.chance.random() < 0.3:
            return self.value("any", depth)
        return self.called(self.chance.choice(list(self.functions)), depth)

    def piped(self, depth: int) -> str:
        name = self.chance.choice(list(self.functions))
        return self.called(name, depth - 1, last=False)

    def called(self, name: str, depth: int, *, last: bool = True) -> str:
        signature = self.functions[name]
        wanted = list(signature.parameters)
        if signature.variadic is not None:
            wanted += [signature.variadic] * self.chance.randrange(3)
        if not last and wanted:
            wanted.pop()
        if self.chance.random() < 0.03:
            wanted.append("any")
        return " ".join([name, *(self.value(each, depth - 1) for each in wanted)])

    def value(self, go_type: str, depth: int) -> str:
        if self.chance.random() < 0.06:
            go_type = "any"
        if depth > 0 and self.chance.random() < 0.35:
            makers = self.by_result.get(go_type, []) if go_type != "any" else list(self.functions)
            if makers:
                return f"({self.called(self.chance.choice(makers), depth)})"
        return self.chance.choice(self.simple(go_type))

    def simple(self, go_type: str) -> Sequence[str]:
        texts = [
            '"a"',
            '"x-y"',
            "`raw`",
            '""',
            '"%d %v"',
            '"[a-z]+"',
            '" pad "',
            ".Values.text",
            ".Values.words",
            ".Values.lines",
        ]
        texts += [
            ".Values.unicode",
            ".Values.number",
            ".Values.version",
            ".Values.path",
            ".Values.yaml",
            ".Values.json",
            ".Release.Name",
        ]
        numbers = ["0", "1", "2", "-1", "10", "3"]
        maps = [
            ".Values.map",
            ".Values.strings",
            ".Values.none",
            '(dict "a" 1 "b" "x")',
            "(fromYaml .Values.yaml)",
            ".Values.map.b",
            "$.Values.map",
        ]
        lists = [
            ".Values.list",
            ".Values.names",
            ".Values.noitems",
            '(list 1 "a" nil)',
            ".Values.map.b.d",
            "(until 3)",
        ]
        match go_type:
            case _ if go_type in SPECIAL:
                return SPECIAL[go_type]
            case "string":
                return texts
            case "int":
                return numbers
            case "float64":
                return ["1.5", "0.0", "-2.25", ".Values.float", ".Values.three"]
            case "bool":
                return ["true", "false", ".Values.yes", ".Values.no"]
            case "int64":
                return ["(int64 3)", "(int64 -1)"]
            case _ if go_type.startswith("map[") or go_type == "maps":
                return maps
            case _ if go_type.startswith("[]"):
                return lists
        floats = [
            ".Values.three",
            ".Values.float",
            ".Values.negative",
            ".Values.large",
            "1.5",
            "'x'",
            "0x1F",
            "1e3",
        ]
        others = [
            "nil",
            "true",
            ".",
            "$",
            ".Values.nothing",
            ".Values.absent",
            ".Values.map.e",
            ".Values.map.b.c",
            ".Chart.Name",
        ]
        return [*texts, *numbers, *maps, *lists, *floats, *others, *self.variables]
