"""Bounds on what an input may cost, so that a chart from a stranger does no harm.

Only the numbers; whoever does the work checks them and raises `LimitError`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from msgspec import Struct


def allow_more(name: str) -> str:
    """The hint of an error that a limit raises; `name` is what `--limit` calls it."""
    return f"if the chart needs more, allow it: --limit {name}=NUMBER"


def or_more(advice: str, name: str) -> str:
    """The same behind what else may help."""
    return f"{advice}, or allow more: --limit {name}=NUMBER"


def leave_out(name: str) -> str:
    """The same for a chart with files that are too large or too many."""
    return or_more("leave out what the chart does not need", name)


Deadline = Callable[[], None]
"""Called now and then; raises OutOfTimeError when it is too late."""
TimeLimit = Callable[[], AbstractContextManager[Deadline | None]]
"""Entered for each chart that is rendered; may raise OutOfTimeError anywhere inside."""


MAX_WRITTEN = 64 * 2**20
"""Characters that a value may have when it is written as JSON, YAML or TOML: values that hold each other
many times grow without bound then."""


class TooLargeError(OverflowError):
    """A value has more than MAX_WRITTEN characters when it is written."""

    def __init__(self) -> None:
        super().__init__(f"the value has more than {MAX_WRITTEN:,} characters when it is written")


class Limits(Struct, frozen=True, kw_only=True):
    """Bounds that keep a chart from a stranger harmless. Sizes in bytes, counts in units."""

    max_output_bytes: int = 64 * 2**20
    """Rendered text of one chart for one kernel."""
    max_loop_iterations: int = 1_000_000
    """Rounds of all `range` loops of one render."""
    max_call_depth: int = 100
    """Templates, includes and `tpl` inside each other. Helm stops at 1,000 includes."""
    max_template_bytes: int = 4 * 2**20
    max_archive_bytes: int = 20 * 2**20
    """A chart archive as it lies on disk. Helm's limit is 100 MiB."""
    max_chart_bytes: int = 100 * 2**20
    """All files of a chart, unpacked. Helm's limit is 100 MiB."""
    max_chart_file_bytes: int = 5 * 2**20
    """One file of a chart, unpacked. Helm's limit is 5 MiB."""
    max_chart_files: int = 10_000
    max_path_characters: int = 1_024
    max_index_bytes: int = 64 * 2**20
    """The `index.yaml` of a chart repository; the largest public ones have some 20 MiB."""
    max_registry_answer_bytes: int = 4 * 2**20
    """A manifest, a list of tags or a token; 4 MiB is what the distribution spec lets registries limit."""
    max_yaml_depth: int = 200
    max_yaml_alias_nodes: int = 1_000_000
    """Nodes that aliases add to one document when they are followed."""
    max_schema_parts: int = 50_000
    """Schemas inside the schema of one chart's values."""
    max_schema_checks: int = 1_000_000
    """How often the parts of a schema that refers to itself are put to values, in one check."""


NAMES = {name.removeprefix("max_").replace("_", "-"): name for name in Limits.__struct_fields__}
"""What `--limit` and `sro.yaml` call each limit."""
