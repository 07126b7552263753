"""Sprig's functions on semantic versions; the rules are in versions.py.

Source: Sprig v3 semver.go.
"""

from __future__ import annotations

from collections.abc import Mapping

from sro_render.gotemplate.functions import Function, FunctionError, go_function
from sro_render.gotemplate.values import GoObject, Uint64, go_method
from sro_render.sprig.versions import Version, parse_constraint, parse_version

FUNCTIONS: dict[str, Function] = {}


class GoVersion(GoObject):
    """What `semver` returns: the version's parts are methods."""

    __slots__ = ("version",)
    go_type = "*semver.Version"

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

    @go_method("Original", "() string")
    def original(self) -> str:
        """As written."""
        return self.version.original

    @go_method("String", "() string")
    def text(self) -> str:
        """Without a leading v."""
        return str(self.version)


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
            f'"{constraint}" is not a constraint on versions', hint="write it as >=1.2.0 or ~1.2"
        )
    return parsed.admits(_version(text))


def _version(text: str) -> Version:
    version = parse_version(text)
    if version is None:
        raise FunctionError(f'"{text}" is not a semantic version', hint="write it as 1.2.3")
    return version
