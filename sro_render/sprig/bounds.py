"""Looks at how long a text or list would be, before a function makes it.

What was made is counted by the run; this is for functions whose result may be far larger than all that
they are given, so that there would be no memory left to count it in.
"""

from __future__ import annotations

from typing import Any

from sro_render.gotemplate.functions import FunctionError
from sro_render.limits import allow_more


def check_length(run: Any, length: int) -> None:
    """Refuse a text before it is made.

    Raises: FunctionError `limit-output`.
    """
    allowed = run.limits.max_output_bytes
    if length > allowed:
        message = f"a text of {length:,} characters is larger than the {allowed:,} bytes of all output"
        raise FunctionError(message, code="limit-output", hint=allow_more("output-bytes"))


def check_items(run: Any, count: int) -> None:
    """Refuse a list before it is made.

    Raises: FunctionError `limit-loop-iterations`.
    """
    allowed = run.limits.max_loop_iterations
    if count > allowed:
        message = f"a list of {count:,} items is longer than the {allowed:,} rounds that loops may make"
        raise FunctionError(message, code="limit-loop-iterations", hint=allow_more("loop-iterations"))
