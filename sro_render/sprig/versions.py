"""Semantic versions and constraints on them, as Helm's chart dependencies and `semverCompare` use.

Decides what counts as a version, the order of versions, and which versions a constraint such as
`>=1.2, <2 || ~3.1` admits. Knows nothing of charts or templates.
Source: Masterminds/semver v3 (the library behind Helm and Sprig): coercing parser, `x` ranges,
hyphen ranges, and pre-releases only where a constraint of the same AND group names one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, total_ordering

from msgspec import Struct

from sro_render.gotemplate.numbers import parse_uint

_TAIL = r"(?:-([0-9A-Za-z\-]+(?:\.[0-9A-Za-z\-]+)*))?(?:\+([0-9A-Za-z\-]+(?:\.[0-9A-Za-z\-]+)*))?"
_VERSION = re.compile(r"v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?" + _TAIL)
_KUBE_VERSION = re.compile(r"\s*v?([0-9]+(?:\.[0-9]+)+).*", re.DOTALL)
_OPERATORS = r"=|!=|>|<|>=|=>|<=|=<|~>|~|\^|"
_PART = r"[0-9|xX*]+"
_PATTERN = rf"v?({_PART})(?:\.({_PART}))?(?:\.({_PART}))?" + _TAIL
_BARE_PATTERN = re.sub(r"\((?!\?)", "(?:", _PATTERN)
# Not compiled here: many charts have no constraint, and compiling these takes a while.
_CONSTRAINT = rf"\s*({_OPERATORS})\s*({_PATTERN})\s*"
_FIND = rf"(?:{_OPERATORS})\s*(?:{_BARE_PATTERN})"
_HYPHEN = rf"\s*({_BARE_PATTERN})\s+-\s+({_BARE_PATTERN})\s*"
_GROUP = (
    rf"(?:\s*(?:{_OPERATORS})\s*(?:{_BARE_PATTERN})\s*)"
    rf"(?:(?:\s+|,\s*)(?:{_OPERATORS})\s*(?:{_BARE_PATTERN})\s*)*"
)


# The library's own bounds.
_MAX_VERSION_BYTES = 256
_MAX_CONSTRAINT_BYTES = 512
_MAX_ALTERNATIVES = 32


def _is_longer(text: str, size: int) -> bool:
    return len(text) > size or len(text.encode("utf-8", "surrogateescape")) > size


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """A version. Two that differ only in `metadata` (after the plus sign) are equal."""

    major: int
    minor: int
    patch: int
    prerelease: str = ""
    metadata: str = ""
    original: str = ""

    def __str__(self) -> str:
        text = f"{self.major}.{self.minor}.{self.patch}"
        if self.prerelease:
            text += f"-{self.prerelease}"
        return f"{text}+{self.metadata}" if self.metadata else text

    @property
    def numbers(self) -> tuple[int, int, int]:
        """The three numbers."""
        return (self.major, self.minor, self.patch)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self._key() == other._key()

    def __lt__(self, other: Version) -> bool:
        return self._key() < other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[tuple[int, int, int], bool, tuple[tuple[bool, int, str], ...]]:
        """Sorts a pre-release before its release, numeric identifiers before others."""
        parts = self.prerelease.split(".") if self.prerelease else []
        # What does not fit into 64 bits is no number here: Go compares it as a text.
        numbers = [parse_uint(part) for part in parts]
        ranked = tuple((n is None, n or 0, part) for n, part in zip(numbers, parts, strict=True))
        return (self.numbers, not parts, ranked)


@lru_cache(maxsize=1024)
def parse_version(text: str) -> Version | None:
    """The version that a text stands for, missing numbers as 0; None if it is none."""
    match = None if _is_longer(text, _MAX_VERSION_BYTES) else _VERSION.fullmatch(text)
    if match is None:
        return None
    major, minor, patch = (parse_uint(part or "0") for part in match.group(1, 2, 3))
    if major is None or minor is None or patch is None:
        return None
    prerelease, metadata = match.group(4) or "", match.group(5) or ""
    if any(part.isdecimal() and len(part) > 1 and part[0] == "0" for part in prerelease.split(".")):
        return None
    return Version(major, minor, patch, prerelease, metadata, text)


def parse_kube_version(text: str) -> tuple[str, tuple[int, ...]] | None:
    """A version of Kubernetes without what vendors put behind it: as written, and its numbers.

    Source: k8s.io/apimachinery pkg/util/version `ParseGeneric`.
    """
    match = _KUBE_VERSION.fullmatch(text)
    numbers = [parse_uint(part) for part in match[1].split(".")] if match else [None]
    if match is None or None in numbers:
        return None
    return match[1], tuple(number for number in numbers if number is not None)


class _Bound(Struct, frozen=True):
    """One comparison. `width`: how many numbers were written out; fewer than 3 make a range."""

    operator: str
    version: Version
    width: int

    def admits(self, version: Version, *, with_prereleases: bool) -> bool:
        if version.prerelease and not with_prereleases:
            return False
        return _CHECKS[self.operator](version, self)


class Constraint(Struct, frozen=True):
    """Alternatives (`||`), each of which is a group of bounds that must all hold."""

    groups: tuple[tuple[_Bound, ...], ...]

    def admits(self, version: Version) -> bool:
        """Whether a version fulfils the constraint."""
        return any(
            all(
                bound.admits(version, with_prereleases=any(b.version.prerelease for b in group))
                for bound in group
            )
            for group in self.groups
        )


@lru_cache(maxsize=1024)
def parse_constraint(text: str) -> Constraint | None:
    """The constraint that a text stands for; None if it is none, as an empty text or a very long one."""
    if _is_longer(text, _MAX_CONSTRAINT_BYTES):
        return None
    text = re.sub(_HYPHEN, lambda match: f">= {match[1]}, <= {match[2]} ", text)
    groups = []
    alternatives = text.split("||")
    if len(alternatives) > _MAX_ALTERNATIVES:
        return None
    for alternative in alternatives:
        if not re.fullmatch(_GROUP, alternative):
            return None
        bounds = [_parse_bound(part) for part in re.findall(_FIND, alternative)]
        if not all(bounds):
            return None
        groups.append(tuple(bound for bound in bounds if bound))
    return Constraint(tuple(groups))


def _parse_bound(text: str) -> _Bound | None:
    match = re.fullmatch(_CONSTRAINT, text)
    if match is None:
        return None
    operator, _, *parts, prerelease, _metadata = match.groups()
    written = []
    for part in parts:
        if part is None or part in {"x", "X", "*"}:
            break
        written.append(part)
    numbers = (*written, "0", "0", "0")[:3]
    version = parse_version(".".join(numbers) + (f"-{prerelease}" if prerelease else ""))
    return None if version is None else _Bound(operator, version, len(written))


def admits(constraint: str, version: str) -> bool:
    """Whether a version fulfils a constraint; False where either cannot be read, as in Helm."""
    parsed_version, parsed = parse_version(version), parse_constraint(constraint)
    return parsed_version is not None and parsed is not None and parsed.admits(parsed_version)


def _equal(version: Version, bound: _Bound) -> bool:
    return _tilde(version, bound) if bound.width < 3 else version == bound.version


def _not_equal(version: Version, bound: _Bound) -> bool:
    if bound.width == 3:
        return version != bound.version
    wanted = bound.version
    if wanted.major != version.major:
        return True
    if bound.width == 1:
        return False
    if wanted.minor != version.minor:
        return True
    if bound.width == 2:
        return bool(version.prerelease or wanted.prerelease) and version.prerelease != wanted.prerelease
    return version != wanted


def _greater(version: Version, bound: _Bound) -> bool:
    if bound.width in {1, 2}:
        return version.numbers[: bound.width] > bound.version.numbers[: bound.width]
    return version > bound.version


def _at_most(version: Version, bound: _Bound) -> bool:
    if bound.width == 3:
        return version <= bound.version
    if version.major > bound.version.major:
        return False
    is_beyond = version.major == bound.version.major and version.minor > bound.version.minor
    return bound.width == 1 or not is_beyond


def _tilde(version: Version, bound: _Bound) -> bool:
    wanted = bound.version
    if version < wanted:
        return False
    if wanted.numbers == (0, 0, 0) and bound.width in {0, 3}:
        return True
    return version.major == wanted.major and (bound.width == 1 or version.minor == wanted.minor)


def _caret(version: Version, bound: _Bound) -> bool:
    wanted = bound.version
    if version < wanted:
        return False
    if wanted.major > 0 or bound.width == 1:
        return version.major == wanted.major
    if version.major > 0:
        return False
    if wanted.minor > 0 or bound.width == 2:
        return version.minor == wanted.minor
    return version.minor == 0 and version.patch == wanted.patch


_CHECKS: dict[str, Callable[[Version, _Bound], bool]] = {
    "": _equal,
    "=": _equal,
    "!=": _not_equal,
    ">": _greater,
    "<": lambda version, bound: version < bound.version,
    ">=": lambda version, bound: version >= bound.version,
    "=>": lambda version, bound: version >= bound.version,
    "<=": _at_most,
    "=<": _at_most,
    "~": _tilde,
    "~>": _tilde,
    "^": _caret,
}
