"""Jinja's own filters and tests that Sprig has no function for, over Go's values.

Decides which of Jinja's filters and tests exist in charts and what they do. Written anew, since Jinja's
give Python's generators, tuples and attributes to templates. A name that the library of functions has
too is not here: the library's function wins. Left out: whatever needs chance or a locale, makes texts
of any size, or reaches attributes; and names for which the library has another one (`INSTEAD`).
Source: jinja2/filters.py and jinja2/tests.py, as documented.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, cmp_to_key
from typing import Any, Final

from msgspec import Struct

from sro_render.charts.helm_functions import functions
from sro_render.charts.jinja_values import (
    Site,
    calculate,
    fail,
    is_in,
    is_less,
    is_number,
    read_element,
    read_field,
    same,
    settled,
    show,
    spend,
)
from sro_render.gotemplate.builtin_functions import BUILTINS
from sro_render.gotemplate.functions import Function
from sro_render.gotemplate.runtime import Run
from sro_render.gotemplate.values import Missing, plain, sorted_items, type_label

MAX_WIDTH: Final = 10_000
INSTEAD: Final = {
    "attr": "x.name",
    "d": "default",
    "e": "html",
    "escape": "html",
    "filesizeformat": "printf",
    "forceescape": "html",
    "format": "printf",
    "from_json": "fromJson",
    "from_yaml": "fromYaml",
    "b64encode": "b64enc",
    "b64decode": "b64dec",
    "pprint": "toPrettyJson",
    "regex_replace": "regexReplaceAll",
    "safe": "x alone: nothing is escaped",
    "striptags": "regexReplaceAll",
    "tojson": "toJson",
    "to_json": "toJson",
    "to_yaml": "toYaml",
    "truncate": "trunc",
    "unique": "uniq",
    "urlencode": "urlquery",
    "wordwrap": "wrap",
}
"""Filters that people know from Jinja and its users, and what to write in a chart."""


@cache
def library() -> Mapping[str, Function]:
    """The functions of both syntaxes, Go's own included, by name."""
    own = {name: function for name, function in BUILTINS.items() if name not in {"and", "or", "call"}}
    return {**own, **functions()}


class Call(Struct, frozen=True):
    """One use of a filter.

    apply: gives what another filter makes of a value. test: whether a value meets another test.
    """

    run: Run
    site: Site
    name: str
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]
    apply: Callable[[str, Any, tuple[Any, ...]], Any]
    test: Callable[[str, Any, tuple[Any, ...]], bool]

    def fail(self, message: str, hint: str = "") -> Any:
        """Raise a fault at this place."""
        return fail(self.run, self.site, f"{self.name}: {message}", hint=hint)

    def options(self, **defaults: Any) -> dict[str, Any]:
        """The arguments by name, in the order of the defaults where they come without a name."""
        names = list(defaults)
        if len(self.arguments) > len(names):
            self.fail(f"takes at most {len(names)} arguments")
        given = dict(zip(names, self.arguments, strict=False))
        for name, value in self.keywords.items():
            if name not in defaults or name in given:
                self.fail(f"has no argument {name} here", f"it takes {', '.join(names) or 'none'}")
            given[name] = value
        return {**defaults, **given}

    def items(self, value: Any) -> list[Any]:
        """The elements of a list or the keys of a map, counted as rounds of a loop."""
        value = plain(value)
        if isinstance(value, Missing):
            value = settled(self.run, self.site, value)
        if value is None:
            return []
        if not isinstance(value, dict | list):
            self.fail(f"needs a list, not {type_label(value)}")
        spend(self.run, self.site, len(value))
        return sorted(value) if isinstance(value, dict) else value

    def text(self, value: Any) -> str:
        """The value as text."""
        return show(self.run, self.site, value)

    def read(self, item: Any, path: Any) -> Any:
        """The field `a.b` or the position 0 of an element."""
        if isinstance(path, int) and not isinstance(path, bool):
            return read_element(self.run, self.site, item, path)
        if not isinstance(path, str):
            self.fail(f"an attribute is a text, not {type_label(path)}")
        for name in path.split("."):
            item = read_field(self.run, self.site, item, name)
        return item

    def sort(self, items: list[Any], path: Any, *, is_reverse: bool, is_exact: bool) -> list[Any]:
        """The elements in order; texts without regard to case unless `is_exact`."""

        def key(item: Any) -> Any:
            value = item if path is None else settled(self.run, self.site, self.read(item, path))
            return value.lower() if isinstance(value, str) and not is_exact else value

        def order(one: tuple[Any, Any], other: tuple[Any, Any]) -> int:
            if is_less(self.run, self.site, one[0], other[0]):
                return -1
            return 1 if is_less(self.run, self.site, other[0], one[0]) else 0

        keyed = sorted(((key(item), item) for item in items), key=cmp_to_key(order), reverse=bool(is_reverse))
        return [item for _, item in keyed]


def _abs(call: Call, value: Any) -> Any:
    call.options()
    value = settled(call.run, call.site, value)
    return abs(value) if is_number(value) else call.fail(f"needs a number, not {type_label(value)}")


def _batch(call: Call, value: Any) -> list[list[Any]]:
    options = call.options(linecount=None, fill_with=None)
    size = options["linecount"]
    if type(size) is not int or size < 1:
        call.fail("needs a count of 1 or more")
    items = call.items(value)
    rows = [items[index : index + size] for index in range(0, len(items), size)]
    if rows and options["fill_with"] is not None:
        lacking = size - len(rows[-1])
        spend(call.run, call.site, lacking)
        rows[-1] = rows[-1] + [options["fill_with"]] * lacking
    return rows


def _capitalize(call: Call, value: Any) -> str:
    call.options()
    return call.text(value).capitalize()


def _center(call: Call, value: Any) -> str:
    width = call.options(width=80)["width"]
    if type(width) is not int or not 0 <= width <= MAX_WIDTH:
        call.fail(f"needs a width of at most {MAX_WIDTH:,}")
    return call.text(value).center(width)


def _dictsort(call: Call, value: Any) -> list[list[Any]]:
    options = call.options(case_sensitive=False, by="key", reverse=False)
    if options["by"] not in {"key", "value"}:
        call.fail('sorts by "key" or "value"')
    pairs = _items(Call(call.run, call.site, call.name, (), {}, call.apply, call.test), value)
    return call.sort(
        pairs,
        int(options["by"] == "value"),
        is_reverse=options["reverse"],
        is_exact=options["case_sensitive"],
    )


def _groupby(call: Call, value: Any) -> list[list[Any]]:
    options = call.options(attribute=None)
    groups: list[list[Any]] = []
    for item in call.sort(call.items(value), options["attribute"], is_reverse=False, is_exact=True):
        key = settled(call.run, call.site, call.read(item, options["attribute"]))
        if not groups or not same(call.run, call.site, groups[-1][0], key):
            groups.append([key, []])
        groups[-1][1].append(item)
    return groups


def _items(call: Call, value: Any) -> list[list[Any]]:
    call.options()
    value = plain(value)
    if isinstance(value, Missing):
        value = settled(call.run, call.site, value)
    if value is None:
        return []
    if not isinstance(value, dict):
        call.fail(f"needs a map, not {type_label(value)}")
    spend(call.run, call.site, len(value))
    return [[key, item] for key, item in sorted_items(value)]


def _length(call: Call, value: Any) -> int:
    call.options()
    value = plain(value)
    if isinstance(value, Missing):
        value = settled(call.run, call.site, value)
    if isinstance(value, str | dict | list | bytes):
        return len(value)
    return int(call.fail(f"a value of type {type_label(value)} has no length"))


def _map(call: Call, value: Any) -> list[Any]:
    items = call.items(value)
    if not call.arguments:
        options = call.options(attribute=None, default=None)
        if options["attribute"] is None:
            call.fail("needs a filter or an attribute")
        found = [call.read(item, options["attribute"]) for item in items]
        if options["default"] is not None:
            return [options["default"] if isinstance(item, Missing) else item for item in found]
        return [settled(call.run, call.site, item) for item in found]
    name = _name_of(call, "a filter")
    return [settled(call.run, call.site, call.apply(name, item, call.arguments[1:])) for item in items]


def _name_of(call: Call, what: str) -> str:
    name = call.arguments[0]
    if call.keywords or not isinstance(name, str):
        call.fail(f"needs the name of {what}, and what {what} takes")
    return str(name)


def _selection(*, with_attribute: bool, keeps: bool) -> Callable[[Call, Any], list[Any]]:
    def select(call: Call, value: Any) -> list[Any]:
        arguments = call.arguments
        path = None
        if with_attribute:
            if not arguments:
                call.fail("needs an attribute")
            path, arguments = arguments[0], arguments[1:]
        if call.keywords or (arguments and not isinstance(arguments[0], str)):
            call.fail("needs the name of a test, and what the test takes")

        def is_met(item: Any) -> bool:
            tried = call.read(item, path) if with_attribute else item
            return call.test(arguments[0], tried, arguments[1:]) if arguments else bool(tried)

        return [item for item in call.items(value) if is_met(item) is keeps]

    return select


def _sort(call: Call, value: Any) -> list[Any]:
    options = call.options(reverse=False, case_sensitive=False, attribute=None)
    return call.sort(
        call.items(value),
        options["attribute"],
        is_reverse=options["reverse"],
        is_exact=options["case_sensitive"],
    )


def _string(call: Call, value: Any) -> str:
    call.options()
    return call.text(value)


def _sum(call: Call, value: Any) -> Any:
    options = call.options(attribute=None, start=0)
    total = options["start"]
    for item in call.items(value):
        term = item if options["attribute"] is None else call.read(item, options["attribute"])
        total = calculate(call.run, call.site, "+", total, term)
    return total


def _wordcount(call: Call, value: Any) -> int:
    call.options()
    return len(call.text(value).split())


FILTERS: Final[dict[str, Callable[[Call, Any], Any]]] = {
    "abs": _abs,
    "batch": _batch,
    "capitalize": _capitalize,
    "center": _center,
    "count": _length,
    "dictsort": _dictsort,
    "groupby": _groupby,
    "items": _items,
    "length": _length,
    "map": _map,
    "reject": _selection(with_attribute=False, keeps=False),
    "rejectattr": _selection(with_attribute=True, keeps=False),
    "select": _selection(with_attribute=False, keeps=True),
    "selectattr": _selection(with_attribute=True, keeps=True),
    "sort": _sort,
    "string": _string,
    "sum": _sum,
    "wordcount": _wordcount,
}


# Tests

Test = Callable[[Run, Site, Any, Sequence[Any]], bool]


def _compared(function: Callable[[Run, Site, Any, Any], bool], *, negate: bool, swap: bool) -> Test:
    def test(run: Run, site: Site, value: Any, arguments: Sequence[Any]) -> bool:
        one, other = settled(run, site, value), settled(run, site, arguments[0])
        return function(run, site, *((other, one) if swap else (one, other))) is not negate

    return test


def _counted(remainder: int) -> Test:
    def test(run: Run, site: Site, value: Any, arguments: Sequence[Any]) -> bool:
        divisor = arguments[0] if arguments else 2
        return bool(calculate(run, site, "%", value, divisor) == remainder)

    return test


def _plainly(check: Callable[[Any], bool]) -> Test:
    def test(run: Run, site: Site, value: Any, arguments: Sequence[Any]) -> bool:
        del run, site, arguments
        return check(plain(value))

    return test


def _cased(change: Callable[[str], bool]) -> Test:
    def test(run: Run, site: Site, value: Any, arguments: Sequence[Any]) -> bool:
        del arguments
        return change(show(run, site, value))

    return test


_EQUAL: Final = _compared(same, negate=False, swap=False)
_UNEQUAL: Final = _compared(same, negate=True, swap=False)
_LESS: Final = _compared(is_less, negate=False, swap=False)
_MORE: Final = _compared(is_less, negate=False, swap=True)
_AT_MOST: Final = _compared(is_less, negate=True, swap=True)
_AT_LEAST: Final = _compared(is_less, negate=True, swap=False)

TESTS: Final[dict[str, tuple[int, Test]]] = {
    "boolean": (0, _plainly(lambda value: isinstance(value, bool))),
    "defined": (0, _plainly(lambda value: not isinstance(value, Missing))),
    "divisibleby": (1, _counted(0)),
    **dict.fromkeys(("eq", "equalto", "=="), (1, _EQUAL)),
    **dict.fromkeys(("ne", "!="), (1, _UNEQUAL)),
    **dict.fromkeys(("lt", "lessthan", "<"), (1, _LESS)),
    **dict.fromkeys(("le", "<="), (1, _AT_MOST)),
    **dict.fromkeys(("gt", "greaterthan", ">"), (1, _MORE)),
    **dict.fromkeys(("ge", ">="), (1, _AT_LEAST)),
    "even": (0, _counted(0)),
    "odd": (0, _counted(1)),
    "false": (0, _plainly(lambda value: value is False)),
    "true": (0, _plainly(lambda value: value is True)),
    "float": (0, _plainly(lambda value: isinstance(value, float))),
    "in": (1, _compared(is_in, negate=False, swap=False)),
    "integer": (0, _plainly(lambda value: isinstance(value, int) and not isinstance(value, bool))),
    "iterable": (0, _plainly(lambda value: isinstance(value, dict | list | tuple))),
    "lower": (0, _cased(str.islower)),
    "upper": (0, _cased(str.isupper)),
    "mapping": (0, _plainly(lambda value: isinstance(value, dict))),
    "none": (0, _plainly(lambda value: value is None or isinstance(value, Missing))),
    "number": (0, _plainly(is_number)),
    "sequence": (0, _plainly(lambda value: isinstance(value, list | tuple))),
    "string": (0, _plainly(lambda value: isinstance(value, str))),
    "undefined": (0, _plainly(lambda value: isinstance(value, Missing))),
}
"""Name -> how many arguments it takes besides the value, and what it says."""
