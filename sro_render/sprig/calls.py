"""What the costly functions do at every call: look at the time limit, and tell of a fault put out as text."""

from __future__ import annotations

from sro_render.errors import Finding
from sro_render.gotemplate.runtime import Run

HAS_ERROR = "what it gives has the key Error: mend the text, or ask for that key with hasKey"
"""What to do where a function that reads a text puts the fault into the map that it gives."""


def check_time(run: Run) -> None:
    """End the run where it is out of time: loops alone look too seldom for calls that take a second."""
    if run.deadline is not None:
        run.deadline()


def fault_as_text(run: Run, text: str, hint: str) -> str:
    """What Sprig writes into the output instead of failing, with a finding that says so."""
    run.report(
        Finding(
            code="fault-as-text",
            message=f"the output gets the text of a fault: {text}",
            span=run.span,
            hint=hint,
            notes=run.notes(),
        )
    )
    return text
