"""No finding without a test.

Matrix: each code of the README's tables of findings. Left out: what the tests say, which a search cannot
judge: the whole message, and a near case without it.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECTION = (ROOT / "README.md").read_text("utf-8").split("## What it finds")[1].split("\n## ")[0]
CODES = [
    code
    for row in re.findall(r"^\| (`.*?) \|", SECTION, re.MULTILINE)
    for code in re.findall(r"`([a-z-]+)`", row)
]


@pytest.fixture(scope="module")
def tests() -> str:
    folders = [ROOT / "tests" / "unit", ROOT / "tests" / "git"]
    files = [path for folder in folders for path in folder.rglob("*.py")]
    files += (ROOT / "tests" / "cases").rglob("said.txt")
    return "".join(path.read_text("utf-8") for path in files)


@pytest.mark.parametrize("code", CODES)
def test_every_finding_stands_in_a_test_as_people_see_it(tests: str, code: str) -> None:
    assert f"[{code}]: " in tests
