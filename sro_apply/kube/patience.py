"""Asks again, a few times, where a server is busy or a connection breaks: for reading alone.

Who writes decides by itself when it tries again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from sro_apply.kube.errors import TransientError

T = TypeVar("T")
Sleep = Callable[[float], None]
"""Waits so many seconds."""
PAUSES_S: Final = (1.0, 2.0)
"""Before each further try, where the server does not say how long it wants."""


def patiently(ask: Callable[[], T], sleep: Sleep) -> T:
    """The answer, maybe after some tries.

    Raises: TransientError: of the last try; PermanentError.
    """
    for pause_s in PAUSES_S:
        try:
            return ask()
        except TransientError as error:
            sleep(error.retry_after_s or pause_s)
    return ask()
