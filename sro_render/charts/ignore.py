"""`.helmignore`: which files of a chart's folder are not part of the chart.

Decides for one path at a time, so that a reader of folders can skip whole subfolders. Archives have
no such rules: what is in them is the chart.
Source: helm pkg/ignore/rules.go; patterns are those of Go's `path/filepath.Match`.
"""

from __future__ import annotations

from collections.abc import Mapping
from posixpath import basename

from msgspec import Struct

from sro_render.charts.patterns import NO_SLASH, OneOf, Part, Run, literal, matches
from sro_render.errors import ChartError
from sro_render.source import Source

IGNORE_FILE = ".helmignore"
_ALWAYS = "templates/.?*"
"""Helm's built-in rule: hidden files in `templates/` are no templates."""


class _Rule(Struct, frozen=True):
    pattern: tuple[Part, ...]
    is_negated: bool
    only_folders: bool
    by_base_name: bool

    def matches(self, path: str) -> bool:
        return matches(self.pattern, basename(path) if self.by_base_name else path)


class IgnoreRules(Struct, frozen=True):
    """The rules of one chart, in order; the first that decides wins."""

    rules: tuple[_Rule, ...]

    def ignores(self, path: str, *, is_folder: bool) -> bool:
        """Whether a path (relative to the chart, with `/`) is left out; for folders: with all inside.

        A negated rule leaves out what it does *not* match and never brings anything back: that is
        how Helm reads it, other than Git.
        """
        for rule in self.rules:
            if rule.is_negated:
                if (rule.only_folders and not is_folder) or not rule.matches(path):
                    return True
                continue
            if rule.only_folders and not is_folder:
                continue
            if rule.matches(path):
                return True
        return False


def parse_ignore_rules(source: Source) -> IgnoreRules:
    """Read a `.helmignore`; Helm's built-in rule comes last.

    Raises: ChartError `chart-ignore`: a rule with `**`, or one that is no pattern.
    """
    rules = []
    text = source.text.removeprefix("\ufeff")
    for number, line in enumerate(text.split("\n"), start=1):
        rule = line.strip()
        if not rule or rule.startswith("#"):
            continue
        rules.append(_parse_rule(rule, source, number))
    rules.append(_parse_rule(_ALWAYS, source, 1))
    return IgnoreRules(tuple(rules))


def without_ignored(files: Mapping[str, bytes], origin: str) -> dict[str, bytes]:
    """The files of a chart's folder that belong to the chart.

    Args:   files: paths relative to the folder, with `/`. origin: the folder's name for error texts.
    Raises: ChartError, as `parse_ignore_rules`.
    """
    text = files.get(IGNORE_FILE, b"").decode("utf-8", "surrogateescape")
    rules = parse_ignore_rules(Source(f"{origin}/{IGNORE_FILE}", text))
    folders: dict[str, bool] = {"": False}

    def is_ignored_folder(path: str) -> bool:
        if path not in folders:
            parent = path.rpartition("/")[0]
            folders[path] = is_ignored_folder(parent) or rules.ignores(path, is_folder=True)
        return folders[path]

    return {
        path: data
        for path, data in files.items()
        if not is_ignored_folder(path.rpartition("/")[0]) and not rules.ignores(path, is_folder=False)
    }


def _parse_rule(rule: str, source: Source, line: int) -> _Rule:
    if "**" in rule:
        raise ChartError(
            "chart-ignore",
            f'the rule "{rule}" has a double star, which Helm does not know',
            span=source.span_at(line, 1),
            hint="a rule without a slash already holds at every depth",
        )
    body = rule.removeprefix("!")
    only_folders = body.endswith("/")
    body = body.removesuffix("/")
    is_rooted = body.startswith("/")
    try:
        pattern = parse_path_pattern(body.removeprefix("/"))
    except ValueError:
        raise ChartError(
            "chart-ignore",
            f'the rule "{rule}" is not a file pattern',
            span=source.span_at(line, 1),
            hint="patterns have *, ?, and character classes such as [a-z]",
        ) from None
    return _Rule(
        pattern=pattern,
        is_negated=rule.startswith("!"),
        only_folders=only_folders,
        by_base_name=not is_rooted and "/" not in body,
    )


def parse_path_pattern(pattern: str) -> tuple[Part, ...]:
    """A pattern of Go's `filepath.Match`. Raises ValueError if it is none.

    `*` and `?` do not match `/`; a class is `[` with an optional `^`, and one or more characters or
    ranges; a backslash makes the next character literal.
    """
    parts: list[Part] = []
    rest = pattern
    while rest:
        if rest[0] == "*":
            parts.append(Run())
            rest = rest[1:]
        elif rest[0] == "?":
            parts.append(NO_SLASH)
            rest = rest[1:]
        elif rest[0] == "[":
            part, rest = _parse_class(rest[1:])
            parts.append(part)
        else:
            character, rest = _literal(rest)
            parts.append(literal(character))
    return tuple(parts)


def _parse_class(rest: str) -> tuple[OneOf, str]:
    """A character class behind its `[`, and what follows it."""
    is_negated = rest.startswith("^")
    rest = rest.removeprefix("^")
    ranges: list[tuple[str, str]] = []
    while not (rest.startswith("]") and ranges):
        low, rest = _class_literal(rest)
        high = low
        if rest.startswith("-"):
            high, rest = _class_literal(rest[1:])
        ranges.append((low, high))
    return OneOf(tuple(ranges), is_negated), rest[1:]


def _class_literal(rest: str) -> tuple[str, str]:
    if rest[:1] in {"-", "]", ""}:
        raise ValueError(rest)
    return _literal(rest)


def _literal(rest: str) -> tuple[str, str]:
    """The first character of a pattern, freed from its backslash, and what follows."""
    if rest[0] == "\\":
        if len(rest) < 2:
            raise ValueError(rest)
        return rest[1], rest[2:]
    return rest[0], rest[1:]
