"""How Go writes floats.

Matrix: each format x shortest and fixed precision, large, small, special values. The expected texts
are what Go 1.26 prints.
"""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sro_render.gotemplate.floats import SHORTEST, format_float


@pytest.mark.parametrize(
    ("value", "verb", "precision", "text"),
    [
        (0.0, "g", SHORTEST, "0"),
        (-0.0, "g", SHORTEST, "-0"),
        (100000.0, "g", SHORTEST, "100000"),
        (1000000.0, "g", SHORTEST, "1e+06"),
        (123456789.0, "g", SHORTEST, "1.23456789e+08"),
        (1e21, "g", SHORTEST, "1e+21"),
        (0.0001, "g", SHORTEST, "0.0001"),
        (0.00001, "g", SHORTEST, "1e-05"),
        (1e-7, "G", SHORTEST, "1E-07"),
        (1.5e300, "g", SHORTEST, "1.5e+300"),
        (1234.5678, "g", 3, "1.23e+03"),
        (3.14159, "f", 2, "3.14"),
        (2.5, "f", 0, "2"),
        (1e22, "f", SHORTEST, "10000000000000000000000"),
        (0.05, "f", SHORTEST, "0.05"),
        (123456.789, "e", 1, "1.2e+05"),
        (1e100, "E", 6, "1.000000E+100"),
        (3.5, "x", SHORTEST, "0x1.cp+01"),
        (-0.1, "X", SHORTEST, "-0X1.999999999999AP-04"),
        (3.14159, "x", 3, "0x1.922p+01"),
        (1.97, "x", 1, "0x1.0p+01"),
        (1.5, "x", 0, "0x1p+01"),
        (0.0, "x", SHORTEST, "0x0p+00"),
        (5e-324, "x", SHORTEST, "0x1p-1074"),
        (1.5, "b", SHORTEST, "6755399441055744p-52"),
        (math.inf, "f", 2, "+Inf"),
        (-math.inf, "g", SHORTEST, "-Inf"),
        (math.nan, "e", SHORTEST, "NaN"),
    ],
)
def test_a_float_is_written_as_go_does(value: float, verb: str, precision: int, text: str) -> None:
    assert format_float(value, verb, precision) == text


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from("efg"))
def test_the_shortest_form_reads_back(value: float, verb: str) -> None:
    assert float(format_float(value, verb)) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_hexadecimal_form_reads_back(value: float) -> None:
    assert float.fromhex(format_float(value, "x")) == value
