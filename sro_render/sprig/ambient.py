"""What a few functions take from outside of the chart: the time and chance, both handed in as inputs.

Decides how a value that looks like chance follows from a secret seed, so that the same inputs give the
same bytes, and whoever lacks the seed cannot tell the value. What is made of these bytes (a password,
a key) stands with the functions.
Source: HMAC-SHA-256 in counter mode, as NIST SP 800-108 describes it.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from sro_render.gotemplate.functions import FunctionError
from sro_render.gotemplate.runtime import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambient:
    """What one run takes from outside.

    now:   the time that `now` gives, with its zone; None where nobody said one.
    seed:  the secret that chance follows from; None where there is none.
    label: whom the run is for, such as `NAMESPACE/RELEASE`: another one gets other values.
    """

    now: datetime | None = None
    seed: bytes | None = field(default=None, repr=False)
    label: str = ""


def ambient_of(run: Run) -> Ambient:
    """What the run was given; nothing of all where it was given nothing."""
    return run.state if isinstance(run.state, Ambient) else Ambient()


def now_of(run: Run, function: str) -> datetime:
    """The time of the run.

    Raises: FunctionError `no-time`: nobody said one.
    """
    now = ambient_of(run).now
    if now is None:
        raise FunctionError(
            f"{function} needs the time, and rendering looks at no clock",
            hint="give the time with --now, such as --now 2024-01-31T12:00:00Z",
            code="no-time",
        )
    return now


class Stream:
    """Bytes that follow from a seed and a label; as many as are read."""

    def __init__(self, seed: bytes, label: str) -> None:
        self._block = hmac.new(seed, label.encode("utf-8", "surrogateescape"), sha256)
        self._count = 0
        self._rest = b""

    def read(self, size: int) -> bytes:
        """The next bytes."""
        pieces = [self._rest]
        have = len(self._rest)
        while have < size:
            block = self._block.copy()
            block.update(b"\0" + self._count.to_bytes(8, "big"))
            pieces.append(block.digest())
            have += block.digest_size
            self._count += 1
        data = b"".join(pieces)
        self._rest = data[size:]
        return data[:size]

    def below(self, limit: int) -> int:
        """A number from 0 up to, but without, `limit`; each equally likely."""
        size = ((limit - 1).bit_length() + 7) // 8 or 1
        cut = 256**size - 256**size % limit
        while (number := int.from_bytes(self.read(size), "big")) >= cut:
            pass
        return number % limit


def chance_of(run: Run, function: str) -> Stream:
    """The bytes for one call: others for each function, each template and each call in it.

    Raises: FunctionError `no-seed`: there is no seed.
    """
    ambient = ambient_of(run)
    if ambient.seed is None:
        raise FunctionError(
            f"{function} needs chance, and rendering has none: it gives the same bytes every time",
            hint="give a secret file with --seed-file, from which such values are derived, "
            "or set the value that the chart would make up",
            code="no-seed",
        )
    number = run.count_calls(function)
    return Stream(ambient.seed, f"{ambient.label}\0{run.template}\0{function}\0{number}")
