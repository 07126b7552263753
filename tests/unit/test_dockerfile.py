"""The Dockerfile, as far as it can be judged without building it: does it copy what the package is built of?

Matrix: each path that is copied; each that pyproject.toml builds the wheel from; who it runs as, and what. Left out:
the build itself, for which there is no program here.
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", "")
STEPS = [
    (found[1], found[2].strip()) for line in TEXT.splitlines() if (found := re.match(r"([A-Z]+) (.*)", line))
]


def of(instruction: str) -> list[str]:
    return [text for name, text in STEPS if name == instruction]


def copied() -> set[str]:
    """What is copied from the checkout."""
    return {each for text in of("COPY") if not text.startswith("--from") for each in text.split()[:-1]}


def test_what_it_copies_is_there() -> None:
    assert all((ROOT / each).exists() for each in copied())


def test_it_copies_all_that_the_package_is_built_of() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    hatch = project["tool"]["hatch"]
    wheel = hatch["build"]["targets"]["wheel"]
    needed = {
        "pyproject.toml",
        project["project"]["readme"],
        *project["project"]["license-files"],
        *wheel["packages"],
        *wheel["force-include"],
        hatch["version"]["path"].split("/")[0],
    }
    assert copied() == needed


def test_its_python_is_one_that_we_support() -> None:
    bases = {text.split()[0] for text in of("FROM")}
    (version,) = {found[1] for base in bases if (found := re.search(r"python:3\.(\d+)-slim$", base))}
    assert len(bases) == 1
    assert int(version) >= 11


def test_it_runs_sro_apply_as_nobody_s_number() -> None:
    (user,) = of("USER")
    number, _, group = user.partition(":")
    assert int(number) > 0
    # OpenShift runs it as a user that it chooses, in this group.
    assert group == "0"
    (entry,) = of("ENTRYPOINT")
    assert json.loads(entry) == ["/opt/sro/bin/sro-apply"]


def test_it_brings_git_for_sources() -> None:
    (install,) = [text for text in of("RUN") if "apt-get" in text]
    assert {"git", "openssh-client", "ca-certificates"} <= set(install.split())
