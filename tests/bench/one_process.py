"""One chart with many values in one process: what `sro-render template` does, again and again.

Usage: one_process.py NAME CHART NAMESPACE VALUES...; prints what `helm template` prints of each, one behind
the other.
"""

from __future__ import annotations

import sys

from sro_render.charts.scope import Release
from sro_render.edges.release_inputs import load_chart_named, read_given_values
from sro_render.pipeline.template import TemplateOptions, template_each


def main(name: str, chart: str, namespace: str, *places: str) -> None:
    options = TemplateOptions(release=Release(name=name, namespace=namespace), include_crds=True)
    values = (read_given_values([place], (), options.limits).values for place in places)
    for done in template_each(load_chart_named(chart, options.limits), values, options):
        if done.errors:
            sys.exit(str(done.errors[0]))
        sys.stdout.write(done.text)


if __name__ == "__main__":
    main(*sys.argv[1:])
