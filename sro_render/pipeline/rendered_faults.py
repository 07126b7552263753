"""What is wrong with rendered text, said with the place in the template that wrote it."""

from __future__ import annotations

import re
from collections.abc import Callable

from sro_render.errors import RenderError, SroError
from sro_render.source import Source, Span

_SECRET_KIND = re.compile(r"kind[\"']?\s*:\s*[\"']?Secret")

Blame = Callable[[int], Span | None]
"""From an offset in a rendered text to the template's place that wrote it."""


def not_yaml(error: SroError, line: int, text: str, template: str, blame: Blame) -> RenderError:
    """The reader's error, said with the rendered line and the template's line that wrote it."""
    finding = error.finding
    inner = finding.span
    rendered_line = line + (inner.line - 1 if inner else 0)
    whole = Source(template, text)
    # A broken Secret cannot be masked by its structure, so that no line of it is shown.
    is_secret = _SECRET_KIND.search(text) is not None
    shown = "(not shown: there is a Secret in this text)" if is_secret else whole.line_text(rendered_line)
    column = inner.column if inner else 1
    offset = whole.span_at(rendered_line, column).start
    return RenderError(
        "rendered-yaml",
        f"{template} renders text that is not YAML: {finding.message}",
        span=blame(min(offset, len(text) - 1)),
        notes=(f"rendered line {rendered_line}, column {column}: {shown[:160]}", *finding.notes),
        hint=finding.hint,
    )
