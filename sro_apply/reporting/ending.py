"""What a sync has not brought about, said once more at its end: a log is read from there.

Decides from the events alone. A failure of an hour ago stands far above the end of a log; whoever looks at it
sees the last screen.
"""

from __future__ import annotations

from sro_apply.events import Awaited, Event, Failed, Readied


class Ending:
    """Remembers of each step what was told last."""

    def __init__(self) -> None:
        self._left: dict[str, Failed | Awaited] = {}

    def hear(self, event: Event) -> None:
        """Take what an event says of a step; most say nothing of how it ends."""
        match event:
            case Failed() | Awaited():
                self._left.pop(event.step, None)
                self._left[event.step] = event
            case Readied():
                self._left.pop(event.step, None)
            case _:
                pass

    def lines(self) -> list[str]:
        """A line for each step that has failed, and then for each that was waited for, with its cause.

        What to do is said once, after all that have failed.
        """
        failed = [each for each in self._left.values() if isinstance(each, Failed)]
        awaited = [each for each in self._left.values() if isinstance(each, Awaited)]
        hints = dict.fromkeys(each.hint for each in failed if each.hint)
        return [
            *(_line("failed", each) for each in failed),
            *(f"  help: {hint}" for hint in hints),
            *(_line("not ready", each) for each in awaited),
        ]


def _line(what: str, event: Failed | Awaited) -> str:
    cause = event.reason.partition("\n")[0]
    return f"{what}: {event.step}: {event.object}: {cause}"
