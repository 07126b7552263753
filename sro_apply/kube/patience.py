"""Asks again, a few times, where a server is busy or a connection breaks: for reading alone.

Who writes decides by itself when it tries again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from sro_apply.kube.errors import GONE, PermanentError, TransientError

T = TypeVar("T")
Sleep = Callable[[float], None]
"""Waits so many seconds."""
PAUSES_S: Final = (1.0, 2.0)
"""Before each further try, where the server does not say how long it wants."""
MOST_LISTS: Final = 3
"""So often a list is begun."""


def afresh(read: Callable[[], T]) -> T:
    """A list, begun again where the server has forgotten its version before the last page was read.

    Raises: PermanentError: it did so each time.
    Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#410-gone-responses.
    """
    for _ in range(MOST_LISTS - 1):
        try:
            return read()
        except PermanentError as error:
            if error.status != GONE:
                raise
    return read()


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
