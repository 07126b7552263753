"""How long `sro-render template` takes beside `helm template`: `tox -e bench`.

Whole processes as a user starts them, imports included, on

- a small chart: the one that `helm create` makes;
- a large chart, made here, of the size and the make of a monitoring stack: more than 1 MB of output;
- every chart below the folders that the variable CHARTS names (separated as in PATH), with its
  defaults, where helm renders it: the sums of both sides.

The two sides take turns; of the first two the fastest of several rounds counts, the charts of CHARTS are
rendered once. Prints the figures beside what they are to reach, and ends with 1 where they do not.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from charts import find_cases
from render import MIB, Cost, run

NOW = ("--now", "2024-01-31T12:00:00Z")
HELPERS = """\
{{- define "large.labels" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/component: {{ .component | quote }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}
"""
WORKLOAD = """\
{{- range $index, $component := .Values.components }}
{{- if $component.enabled | default true }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ printf "%s-%s-%03d" $.Release.Name $component.name $index }}
  labels:
    {{- include "large.labels" (dict "root" $ "component" $component.name) | nindent 4 }}
spec:
  replicas: {{ $component.replicas }}
  selector:
    matchLabels:
      {{- include "large.labels" (dict "root" $ "component" $component.name) | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "large.labels" (dict "root" $ "component" $component.name) | nindent 8 }}
      annotations:
        checksum/config: {{ toJson $component.config | sha256sum }}
    spec:
      containers:
        - name: {{ $component.name }}
          image: "{{ $.Values.image.registry }}/{{ $component.name }}:{{ default $.Chart.AppVersion $component.tag }}"
          {{- if gt (len $component.ports) 0 }}
          ports:
            {{- range $component.ports }}
            - name: port-{{ . }}
              containerPort: {{ . }}
            {{- end }}
          {{- end }}
          env:
            {{- range $key, $value := $component.config }}
            - name: {{ $key | upper | replace "-" "_" }}
              value: {{ $value | quote }}
            {{- end }}
          resources:
            {{- toYaml $component.resources | nindent 12 }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ printf "%s-%s-%03d" $.Release.Name $component.name $index }}
data:
  rules.yaml: |
    {{- range $rule := $.Values.rules }}
    - alert: {{ title $rule.name }}{{ $component.name | title }}
      expr: {{ tpl $rule.expr (dict "job" $component.name "Template" $.Template) | quote }}
      for: {{ $rule.for }}
      labels: {{ toJson $rule.labels }}
    {{- end }}
{{- end }}
{{- end }}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the result. reached: None where nothing is to be reached."""

    name: str
    ours: Cost
    helm: Cost
    goal: str = ""
    reached: bool | None = None

    @property
    def ratio(self) -> float:
        """Our time in helm's."""
        return self.ours.wall_s / self.helm.wall_s

    def __str__(self) -> str:
        verdict = {None: "", True: f"{self.goal}: reached", False: f"{self.goal}: NOT REACHED"}[self.reached]
        return (
            f"{self.name:<34}{self.ours.wall_s:>8.3f} s{self.helm.wall_s:>9.3f} s{self.ratio:>7.2f}"
            f"{self.ours.peak_rss_bytes / MIB:>7.0f} MiB{self.helm.peak_rss_bytes / MIB:>6.0f} MiB  {verdict}"
        )


def write_large_chart(folder: Path, components: int, rules: int) -> Path:
    """A chart whose output grows with components times rules."""
    lines = ["commonLabels: {team: platform, tier: monitoring}", "image: {registry: quay.io/example}"]
    lines.append("rules:")
    for number in range(rules):
        lines.append(f"  - name: rule{number}")
        lines.append(f"    expr: 'rate(errors_{number}_total{{job=\"{{{{ .job }}}}\"}}[5m]) > {number}.5'")
        lines.append(f"    for: {number % 15 + 1}m")
        lines.append(f"    labels: {{severity: {('info', 'warning', 'critical')[number % 3]}, page: 'no'}}")
    lines.append("components:")
    for number in range(components):
        lines.append(f"  - name: part{number}")
        lines.append(f"    replicas: {number % 4 + 1}")
        lines.append(f"    ports: [{8000 + number}, {9000 + number}]")
        lines.append(f"    config: {{log-level: info, shard: {number}, zone: 'z{number % 3}', flag: true}}")
        lines.append(
            "    resources: {limits: {cpu: 500m, memory: 128Mi}, requests: {cpu: 10m, memory: 64Mi}}"
        )
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text(
        "apiVersion: v2\nname: large\nversion: 1.0.0+bench\nappVersion: '7.1'\n", encoding="utf-8"
    )
    (folder / "values.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "templates" / "_helpers.tpl").write_text(HELPERS, encoding="utf-8")
    (folder / "templates" / "workloads.yaml").write_text(WORKLOAD, encoding="utf-8")
    return folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """The two programs, and a scratch folder for what they print."""

    helm: str
    program: str
    scratch: Path

    def turns(self, chart: Path, rounds: int) -> tuple[Cost, Cost, int]:
        """A chart by both, in turns: ours, helm's, and how many bytes they print, the same ones."""
        ours: Cost | None = None
        theirs: Cost | None = None
        for _ in range(rounds):
            ours = run([self.program, "-q", "template", "x", str(chart), *NOW], self.scratch / "ours").best(
                ours
            )
            theirs = run([self.helm, "template", "x", str(chart)], self.scratch / "helm").best(theirs)
        assert ours is not None
        assert theirs is not None
        text = (self.scratch / "ours").read_bytes()
        if text != (self.scratch / "helm").read_bytes():
            sys.exit(f"bench: {chart} is not rendered alike")
        return ours, theirs, len(text)

    def charts(self, folders: Sequence[Path], seed: Path) -> tuple[Cost, Cost, int]:
        """Every chart that helm renders, once by each: the sums, and how many charts."""
        ours = theirs = Cost(wall_s=0, peak_rss_bytes=0)
        count = 0
        for chart in (case.chart for case in find_cases(folders) if case.values is None):
            # helm finds its Kubernetes version in itself, and so do we.
            start = time.perf_counter()
            done = subprocess.run(
                [self.helm, "template", "x", chart, "--include-crds"],
                capture_output=True,
                stdin=subprocess.DEVNULL,
                check=False,
            )
            helm_s = time.perf_counter() - start
            if done.returncode:
                continue
            command = [self.program, "-q", "template", "x", str(chart), "--include-crds", *NOW]
            cost = run([*command, "--seed-file", str(seed)], self.scratch / "ours")
            count += 1
            ours = Cost(
                wall_s=ours.wall_s + cost.wall_s,
                peak_rss_bytes=max(ours.peak_rss_bytes, cost.peak_rss_bytes),
            )
            theirs = Cost(wall_s=theirs.wall_s + helm_s, peak_rss_bytes=0)
        return ours, theirs, count


def measure(sides: Sides, rounds: int, folders: Sequence[Path]) -> list[Figure]:
    """All figures, the small chart first."""
    small = sides.scratch / "small"
    subprocess.run([sides.helm, "create", small], check=True, capture_output=True)
    ours, helm, _ = sides.turns(small, rounds)
    figures = [
        Figure(name="small chart", ours=ours, helm=helm, goal="at most 0.2 s", reached=ours.wall_s <= 0.2)
    ]
    large = write_large_chart(sides.scratch / "large", components=150, rules=60)
    ours, helm, size = sides.turns(large, rounds)
    figures.append(
        Figure(
            name=f"large chart, {size / 1e6:.1f} MB",
            ours=ours,
            helm=helm,
            goal="at most 4 times helm",
            reached=ours.wall_s <= 4 * helm.wall_s,
        )
    )
    if folders:
        seed = sides.scratch / "seed"
        seed.write_text("a seed for measurements\n", encoding="utf-8")
        ours, helm, count = sides.charts(folders, seed)
        figures.append(
            Figure(
                name=f"{count} charts of CHARTS",
                ours=ours,
                helm=helm,
                goal="at most 5 times helm",
                reached=ours.wall_s <= 5 * helm.wall_s,
            )
        )
    return figures


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Measure sro-render template beside helm template.")
    parser.add_argument("--rounds", type=int, default=5, help="the fastest of so many counts")
    options = parser.parse_args(arguments)
    helm = shutil.which("helm", path=os.environ.get("JUDGES")) or sys.exit(
        "bench: helm is not in JUDGES nor on PATH"
    )
    # Users' programs keep their compiled modules.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    folders = [Path(each) for each in os.environ.get("CHARTS", "").split(os.pathsep) if each]
    with TemporaryDirectory(prefix="sro-render-bench-") as name:
        sides = Sides(
            helm=helm, program=str(Path(sys.executable).with_name("sro-render")), scratch=Path(name)
        )
        figures = measure(sides, options.rounds, folders)
    lines = [
        "sro-render template beside helm template, whole processes",
        f"{'':<34}{'ours':>10}{'helm':>11}{'ratio':>7}{'peak':>11}{'helm' + chr(39) + 's':>10}",
        *map(str, figures),
    ]
    if not folders:
        lines.append("public charts: left out; name their folders in CHARTS")
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if any(figure.reached is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
