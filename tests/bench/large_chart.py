"""A large chart as vendors write them: partials with the names and labels, one list of components, and for
each of them a Deployment, a Service, a ConfigMap and so on, with defaults, includes and toYaml.

The values follow from numbers. 250 components give about 1.5 MB in 1,500 objects.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_CHART = """\
apiVersion: v2
name: large
description: Many components of one platform
version: 1.2.3
appVersion: "4.5.6"
kubeVersion: ">=1.20.0-0"
"""

_HELPERS = """\
{{- define "large.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "large.fullname" -}}
{{- if .root.Values.fullnameOverride -}}
{{- .root.Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "large.name" .root -}}
{{- if contains $name .root.Release.Name -}}
{{- printf "%s-%s" .root.Release.Name .component.name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s-%s" .root.Release.Name $name .component.name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "large.selectorLabels" -}}
app.kubernetes.io/name: {{ include "large.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component.name }}
{{- end -}}

{{- define "large.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{ include "large.selectorLabels" . }}
{{- if .root.Chart.AppVersion }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
{{- end }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "large.image" -}}
{{- $image := .component.image | default dict -}}
{{- $registry := $image.registry | default .root.Values.image.registry -}}
{{- $tag := coalesce $image.tag .root.Values.image.tag .root.Chart.AppVersion -}}
{{- printf "%s/%s:%s" $registry ($image.repository | default .component.name) $tag -}}
{{- end -}}
"""

_DEPLOYMENTS = """\
{{- $root := . -}}
{{- range $index, $component := .Values.components }}
{{- $context := dict "root" $root "component" $component }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "large.fullname" $context }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "large.labels" $context | nindent 4 }}
spec:
  {{- if not $component.autoscaling.enabled }}
  replicas: {{ $component.replicas | default 1 | int }}
  {{- end }}
  selector:
    matchLabels:
      {{- include "large.selectorLabels" $context | nindent 6 }}
  template:
    metadata:
      annotations:
        checksum/config: {{ toJson $component.settings | sha256sum }}
        {{- range $key, $value := $root.Values.podAnnotations }}
        {{ $key }}: {{ tpl $value $root | quote }}
        {{- end }}
      labels:
        {{- include "large.labels" $context | nindent 8 }}
    spec:
      serviceAccountName: {{ include "large.fullname" $context }}
      {{- with $root.Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        {{- toYaml ($component.podSecurityContext | default $root.Values.podSecurityContext) | nindent 8 }}
      containers:
        - name: {{ $component.name }}
          image: {{ include "large.image" $context | quote }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          args:
            {{- range $component.args }}
            - {{ . | quote }}
            {{- end }}
            - {{ printf "--listen=:%d" (int (first $component.ports).port) | quote }}
          env:
            {{- range $name, $value := $component.env }}
            - name: {{ $name | upper | replace "-" "_" }}
              value: {{ $value | toString | quote }}
            {{- end }}
          ports:
            {{- range $component.ports }}
            - name: {{ .name }}
              containerPort: {{ .port | int }}
              protocol: {{ .protocol | default "TCP" }}
            {{- end }}
          {{- if and $root.Values.probes.enabled (ne $component.kind "job") }}
          livenessProbe:
            httpGet:
              path: {{ $root.Values.probes.path | default "/healthz" }}
              port: {{ (first $component.ports).name }}
            periodSeconds: {{ $root.Values.probes.period | default 10 }}
          {{- end }}
          resources:
            {{- toYaml ($component.resources | default $root.Values.resources) | nindent 12 }}
          volumeMounts:
            - name: config
              mountPath: /etc/{{ $component.name }}
              readOnly: true
      volumes:
        - name: config
          configMap:
            name: {{ include "large.fullname" $context }}
      {{- with $root.Values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $root.Values.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      affinity:
        podAntiAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
            - weight: {{ add 50 (mod $index 50) }}
              podAffinityTerm:
                topologyKey: kubernetes.io/hostname
                labelSelector:
                  matchLabels:
                    {{- include "large.selectorLabels" $context | nindent 20 }}
{{- end }}
"""

_SERVICES = """\
{{- range .Values.components }}
{{- $context := dict "root" $ "component" . }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ include "large.fullname" $context }}
  labels:
    {{- include "large.labels" $context | nindent 4 }}
  {{- with $.Values.serviceAnnotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  type: {{ .serviceType | default "ClusterIP" }}
  ports:
    {{- range .ports }}
    - name: {{ .name }}
      port: {{ .port }}
      targetPort: {{ .name }}
    {{- end }}
  selector:
    {{- include "large.selectorLabels" $context | nindent 4 }}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "large.fullname" $context }}
  labels:
    {{- include "large.labels" $context | nindent 4 }}
automountServiceAccountToken: {{ ternary "true" "false" (eq .kind "controller") }}
{{- if .autoscaling.enabled }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ include "large.fullname" $context }}
  labels:
    {{- include "large.labels" $context | nindent 4 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ include "large.fullname" $context }}
  minReplicas: {{ .autoscaling.min }}
  maxReplicas: {{ max .autoscaling.min .autoscaling.max }}
{{- end }}
{{- end }}
"""

_CONFIG = """\
{{- range $component := .Values.components }}
{{- $context := dict "root" $ "component" $component }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "large.fullname" $context }}
  labels:
    {{- include "large.labels" $context | nindent 4 }}
data:
  config.yaml: |
    {{- toYaml $component.settings | nindent 4 }}
  features.properties: |
    {{- range $name := keys $component.settings | sortAlpha }}
    {{ $component.name }}.{{ $name | snakecase }}={{ index $component.settings $name | toJson }}
    {{- end }}
{{- end }}
"""

_RBAC = """\
{{- range $component := .Values.components }}
{{- if eq $component.kind "controller" }}
{{- $context := dict "root" $ "component" $component }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: {{ include "large.fullname" $context }}
  labels: {{ include "large.labels" $context | nindent 4 }}
rules:
  {{- range $component.rules }}
  - apiGroups: {{ .groups | toJson }}
    resources: [{{ .resources | join ", " }}]
    verbs: {{ list "get" "list" "watch" | concat (.verbs | default list) | uniq | toJson }}
  {{- end }}
{{- end }}
{{- end }}
"""

_VALUES: dict[str, Any] = {
    "nameOverride": "",
    "fullnameOverride": "",
    "commonLabels": {"team": "platform", "example.com/cost-centre": "1234"},
    "image": {"registry": "registry.example.com/platform", "tag": "", "pullPolicy": "IfNotPresent"},
    "imagePullSecrets": [{"name": "registry"}],
    "podAnnotations": {"example.com/release": "{{ .Release.Name }}-{{ .Chart.Version }}"},
    "serviceAnnotations": {"prometheus.io/scrape": "true"},
    "podSecurityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "resources": {
        "requests": {"cpu": "100m", "memory": "128Mi"},
        "limits": {"cpu": "1", "memory": "512Mi"},
    },
    "probes": {"enabled": True, "path": "/healthz", "period": 10},
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"key": "dedicated", "operator": "Equal", "value": "platform", "effect": "NoSchedule"}],
}


def write_large_chart(folder: Path, components: int) -> Path:
    """The chart in a folder, with as many components as are wanted."""
    files = {
        "Chart.yaml": _CHART,
        "values.yaml": json.dumps({**_VALUES, "components": [_component(i) for i in range(components)]}),
        "templates/_helpers.tpl": _HELPERS,
        "templates/config.yaml": _CONFIG,
        "templates/deployments.yaml": _DEPLOYMENTS,
        "templates/rbac.yaml": _RBAC,
        "templates/services.yaml": _SERVICES,
    }
    (folder / "templates").mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def _component(index: int) -> dict[str, Any]:
    kinds = ("controller", "server", "job", "agent")
    component: dict[str, Any] = {
        "name": f"component-{index:03}",
        "kind": kinds[index % len(kinds)],
        "replicas": 1 + index % 5,
        "args": [f"--level={index % 4}", "--log-format=json", f"--name=component {index}"],
        "env": {f"option-{i}": f"value {i} of {index}" for i in range(index % 7)} | {"threads": index % 16},
        "ports": [{"name": "http", "port": 8000 + index}, {"name": "metrics", "port": 9000 + index}],
        "autoscaling": {"enabled": index % 3 == 0, "min": 1, "max": 2 + index % 4},
        "settings": {
            "logLevel": ("debug", "info", "warn")[index % 3],
            "cacheSizeBytes": 1024 * (index + 1),
            "upstreamServers": [
                f"https://server-{i}.component-{index:03}.example.com:8443" for i in range(4)
            ],
            "retryPolicy": {"attempts": index % 6, "backoff": "250ms", "jitter": 0.5, "codes": [502, 503]},
            "motd": f"Welcome to {index}\nno: really\n",
        },
        "rules": [
            {"groups": ["", "apps"], "resources": ["pods", "deployments"], "verbs": ["update", "get"]},
            {"groups": ["example.com"], "resources": [f"widgets{index}"]},
        ],
    }
    if index % 4 == 1:
        component["resources"] = {"requests": {"cpu": f"{index}m", "memory": f"{64 + index}Mi"}}
    if index % 5 == 0:
        component["image"] = {"repository": f"special/component-{index}", "tag": f"v1.{index}"}
    return component
