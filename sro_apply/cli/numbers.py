"""Numbers on the command line: shares and rates. What is no number is neither, `nan` and `inf` included.

A limit that is not a number would be none: every comparison with it is false.
"""

from __future__ import annotations

import math

import click


class Share(click.ParamType):  # type: ignore[type-arg]  # click 8.1 has none
    """A share of a whole, from 0 to 1."""

    name = "share"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The share of a text; what is a number already is looked at, too."""
        share = _number_of(value)
        if not 0 <= share <= 1:
            self.fail(f"{value!r} is no share: write a number from 0 to 1, such as 0.5 for half", param, ctx)
        return share


class Rate(click.ParamType):  # type: ignore[type-arg]  # as above
    """Requests a second; 0 for as many as there are. With less than one, nothing would end in time."""

    name = "rate"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The rate of a text; what is a number already is looked at, too."""
        rate = _number_of(value)
        if not (rate == 0 or rate >= 1) or math.isinf(rate):
            self.fail(
                f"{value!r} is no number of requests a second: write 1 or more, or 0 for as many as the "
                "server takes",
                param,
                ctx,
            )
        return rate


def _number_of(value: str | float) -> float:
    """The number that a text is; else one that fits nowhere."""
    try:
        return float(value)
    except ValueError:
        return math.nan
