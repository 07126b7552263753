"""Sprig's functions on semantic versions; the rules are in versions.py.

Source: Sprig v3 semver.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from sro_render.gotemplate.functions import Function, FunctionError, go_function
from sro_render.gotemplate.values import GoObject, Uint64, go_method
from sro_render.sprig.versions import Version, parse_constraint, parse_version

FUNCTIONS: dict[str, Function] = {}


class VersionValue(GoObject):
    """A version that is no pointer, as the methods that make other versions return it."""

    __slots__ = ("version",)
    go_type: ClassVar[str] = "semver.Version"

    def __init__(self, version: Version) -> None:
        self.version = version

    def go_fields(self) -> Mapping[str, object]:
        """None: the fields are not exported."""
        return {}

    def go_string(self) -> str:
        """Without a leading v."""
        return str(self.version)

    def go_text(self) -> str:
        """The same."""
        return str(self.version)

    @go_method("Major", "() uint64")
    def major(self) -> Uint64:
        """The first number."""
        return Uint64(self.version.major)

    @go_method("Minor", "() uint64")
    def minor(self) -> Uint64:
        """The second number."""
        return Uint64(self.version.minor)

    @go_method("Patch", "() uint64")
    def patch(self) -> Uint64:
        """The third number."""
        return Uint64(self.version.patch)

    @go_method("Prerelease", "() string")
    def prerelease(self) -> str:
        """What stands behind the hyphen."""
        return self.version.prerelease

    @go_method("Metadata", "() string")
    def metadata(self) -> str:
        """What stands behind the plus sign."""
        return self.version.metadata

    @go_method("String", "() string")
    def text(self) -> str:
        """Without a leading v."""
        return str(self.version)

    @go_method("IncPatch", "() semver.Version")
    def next_patch(self) -> VersionValue:
        """The next one by the third number; of a pre-release the release."""
        step = 0 if self.version.prerelease else 1
        return self._other(patch=self.version.patch + step, prerelease="", metadata="")

    @go_method("IncMinor", "() semver.Version")
    def next_minor(self) -> VersionValue:
        """The next one by the second number."""
        return self._other(minor=self.version.minor + 1, patch=0, prerelease="", metadata="")

    @go_method("IncMajor", "() semver.Version")
    def next_major(self) -> VersionValue:
        """The next one by the first number."""
        return self._other(major=self.version.major + 1, minor=0, patch=0, prerelease="", metadata="")

    @go_method("SetPrerelease", "(string) semver.Version")
    def with_prerelease(self, text: str) -> VersionValue:
        """With another part behind the hyphen."""
        if text and parse_version(f"0.0.0-{text}") is None:
            raise FunctionError(f'"{text[:60]}" cannot be the pre-release of a version')
        return self._other(prerelease=text)

    @go_method("SetMetadata", "(string) semver.Version")
    def with_metadata(self, text: str) -> VersionValue:
        """With another part behind the plus sign."""
        if text and parse_version(f"0.0.0+{text}") is None:
            raise FunctionError(f'"{text[:60]}" cannot be the metadata of a version')
        return self._other(metadata=text)

    def _other(self, **parts: Any) -> VersionValue:
        changed = replace(self.version, **parts)
        if max(changed.numbers) >= 2**64:
            raise FunctionError("the next version has a number that does not fit into 64 bits")
        return VersionValue(changed)


class GoVersion(VersionValue):
    """What `semver` returns: a pointer, which has some methods more."""

    __slots__ = ()
    go_type: ClassVar[str] = "*semver.Version"

    @go_method("Original", "() string")
    def original(self) -> str:
        """As written."""
        return self.version.original

    @go_method("Compare", "(*semver.Version) int")
    def compare(self, other: GoVersion | None) -> int:
        """-1, 0 or 1, as this version comes before, with or after the other."""
        if other is None:
            raise FunctionError("nil is no version to compare with", code="template-nil-pointer")
        return (self.version > other.version) - (self.version < other.version)

    @go_method("Equal", "(*semver.Version) bool")
    def equal(self, other: GoVersion | None) -> bool:
        """Whether both are the same but for metadata."""
        return other is not None and self.compare(other) == 0

    @go_method("LessThan", "(*semver.Version) bool")
    def less(self, other: GoVersion | None) -> bool:
        """Whether this one comes before."""
        return self.compare(other) < 0

    @go_method("LessThanEqual", "(*semver.Version) bool")
    def less_or_equal(self, other: GoVersion | None) -> bool:
        """Whether this one does not come after."""
        return self.compare(other) <= 0

    @go_method("GreaterThan", "(*semver.Version) bool")
    def greater(self, other: GoVersion | None) -> bool:
        """Whether this one comes after."""
        return self.compare(other) > 0

    @go_method("GreaterThanEqual", "(*semver.Version) bool")
    def greater_or_equal(self, other: GoVersion | None) -> bool:
        """Whether this one does not come before."""
        return self.compare(other) >= 0


@go_function(FUNCTIONS, "semver", "(string) any")
def semver(text: str) -> GoVersion:
    """A text as a version."""
    return GoVersion(_version(text))


@go_function(FUNCTIONS, "semverCompare", "(string, string) bool")
def semver_compare(constraint: str, text: str) -> bool:
    """Whether a version, the second argument, fulfils a constraint."""
    parsed = parse_constraint(constraint)
    if parsed is None:
        raise FunctionError(
            f'"{constraint[:60]}" is not a constraint on versions', hint="write it as >=1.2.0 or ~1.2"
        )
    return parsed.admits(_version(text))


def _version(text: str) -> Version:
    version = parse_version(text)
    if version is None:
        raise FunctionError(f'"{text[:60]}" is not a semantic version', hint="write it as 1.2.3")
    return version
