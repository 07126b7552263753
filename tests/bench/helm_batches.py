"""Many templates in one chart, so that one process of helm renders them all.

What a template renders is printed as base 64, since it need be no YAML. Each template has values of its own,
whatever the others do to theirs; and a scope without `.Capabilities`, which prints as an address.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sro_render.charts.chart import load_chart
from sro_render.charts.engine import Engine
from sro_render.charts.scope import Capabilities, Release
from sro_render.limits import Limits
from sro_render.source import Source
from sro_render.yamltext.reader import read_values

CHART: Final = b"apiVersion: v2\nname: c\nversion: 0.1.0\n"
SCOPE: Final = (
    '(dict "Values" (deepCopy .Values) "Release" .Release "Chart" .Chart "Files" .Files "Template" .Template)'
)
HELPERS: Final = b'{{ define "t" }}[{{ . | toJson }}]{{ end }}'
"""What the templates of the grammar include."""
_LIMITS: Final = Limits(max_yaml_alias_nodes=10_000)


def batch_files(texts: Sequence[str]) -> dict[str, bytes]:
    """A chart with a template for each text."""
    files = {"Chart.yaml": CHART, "templates/_h.tpl": HELPERS}
    for number, text in enumerate(texts):
        name = f"t{number:05}"
        files[f"templates/_{name}.tpl"] = f'{{{{ define "{name}" }}}}{text}{{{{ end }}}}'.encode()
        files[f"templates/{name}.yaml"] = f'r: {{{{ include "{name}" {SCOPE} | b64enc | quote }}}}\n'.encode()
    return files


def ask_helm(
    helm: Path, texts: Sequence[str], values: Mapping[str, Any], folder: Path
) -> tuple[list[str], str]:
    """What helm renders of each text, and what it says instead if it refuses one of them."""
    chart = folder / "c"
    shutil.rmtree(chart, ignore_errors=True)
    (chart / "templates").mkdir(parents=True)
    for path, data in batch_files(texts).items():
        (chart / path).write_bytes(data)
    (folder / "values.json").write_text(json.dumps(values, ensure_ascii=False))
    done = subprocess.run(
        [helm, "template", "rel", chart, "-n", "ns", "-f", folder / "values.json"],
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "TZ": "UTC"},
    )
    if done.returncode:
        return [], done.stderr.decode("utf-8", "replace")[:500]
    parts = done.stdout.decode().split("---\n# Source: ")[1:]
    printed = {part.split("\n", 1)[0]: part.split("\n", 1)[1].strip() for part in parts}
    return _rendered(texts, printed), ""


def ask_us(texts: Sequence[str], values: Mapping[str, Any]) -> list[str]:
    """The same from us. Raises whatever the engine raises."""
    engine = Engine(load_chart(batch_files(texts), "c", _LIMITS), Limits())
    read = read_values(Source("values.json", json.dumps(values, ensure_ascii=False)), _LIMITS)
    printed = engine.render(read, Release(name="rel", namespace="ns"), Capabilities()).texts
    return _rendered(texts, printed)


def _rendered(texts: Sequence[str], printed: Mapping[str, str]) -> list[str]:
    lines = (printed[f"c/templates/t{number:05}.yaml"].strip() for number in range(len(texts)))
    return [
        base64.b64decode(line.removeprefix("r: ").strip('"')).decode("utf-8", "replace") for line in lines
    ]
