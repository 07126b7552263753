"""All of Sprig that is here: one table out of all families.

Decides nothing but what belongs to the library. A function that is in no family is unknown to
templates. `env` and `expandenv` are left out on purpose, as in Helm.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from sro_render.gotemplate.functions import Function
from sro_render.sprig import (
    chance,
    crypto,
    dates,
    defaults,
    dicts,
    encoding,
    lists,
    numbers,
    passwords,
    paths,
    reflection,
    regex,
    semver,
    strings,
    urls,
    words,
)

_FAMILIES = (
    chance,
    crypto,
    dates,
    defaults,
    dicts,
    encoding,
    lists,
    numbers,
    passwords,
    paths,
    reflection,
    regex,
    semver,
    strings,
    urls,
    words,
)


@cache
def functions() -> Mapping[str, Function]:
    """Name in templates -> function."""
    return MappingProxyType({name: entry for family in _FAMILIES for name, entry in family.FUNCTIONS.items()})
