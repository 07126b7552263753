"""What `snapshot` does: read what the specs need, ask the cluster, and put it into words."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from sro_apply.collecting import collect
from sro_apply.controller.connecting import Target, connect
from sro_apply.files import read_sources, write_if_changed
from sro_apply.planning.snapshot import snapshot
from sro_apply.planning.specs import read_needs
from sro_render.errors import Finding
from sro_render.yamltext import writer


def take_snapshot(specs: Sequence[Path], target: Target, cluster: str) -> tuple[str, tuple[Finding, ...]]:
    """The text of a snapshot, and what the user should know of it.

    Raises: InputError: specs, connection, or a cluster without nodes; ServerError: a server refuses.
    """
    needs = read_needs(read_sources(specs))
    kube, _ = connect(target)
    taken = snapshot(collect(kube, needs, time.sleep), cluster)
    return "---\n".join(map(writer.write, taken.documents)), taken.findings


def write_snapshot(out: Path, text: str) -> bool:
    """Write it unless the file says the same already. Whether anything was written."""
    return write_if_changed(out, text.encode())
