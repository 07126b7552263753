"""A chart's files packed as `helm package` packs them.

Decides the archive's name and what goes into it; the bytes are made by `archive.py`.
Source: helm pkg/chart/v2/util/save.go; differs: Chart.yaml stays as it is written, sub-charts stay
archives, and the same files give the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from msgspec import Struct

from sro_render.charts.archive import write_archive
from sro_render.charts.chart import Chart, load_chart
from sro_render.limits import Limits


class Package(Struct, frozen=True, kw_only=True):
    """A packed chart. digest: 64 hex digits over `data`, as in a repository's index."""

    chart: Chart
    file_name: str
    data: bytes

    @property
    def digest(self) -> str:
        """See the class."""
        return hashlib.sha256(self.data).hexdigest()


def package_chart(files: Mapping[str, bytes], origin: str, limits: Limits) -> Package:
    """Pack the files of a chart's folder.

    Args:   files: path below the folder -> content, after `without_ignored`. origin: the folder.
    Raises: what `load_chart` raises: only what loads is packed.
    """
    chart = load_chart(files, origin, limits)
    data = write_archive(chart.name, files)
    return Package(chart=chart, file_name=f"{chart.name}-{chart.version}.tgz", data=data)
