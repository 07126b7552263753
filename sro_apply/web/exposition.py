"""Metrics as the text that Prometheus reads: the one door of prometheus_client."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from sro_apply.reporting.metrics import Family

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


def exposition(families: Sequence[Family]) -> bytes:
    """The text format, version 0.0.4."""
    return generate_latest(_Given(families))


class _Given(Collector):
    """Families that are there already, in place of a registry: no series outlives a scrape."""

    def __init__(self, families: Sequence[Family]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        for each in self._families:
            kind = CounterMetricFamily if each.is_counter else GaugeMetricFamily
            made = kind(each.name, each.help, labels=each.labels)
            for values, value in each.samples:
                made.add_metric(values, value)
            yield made
