{{/* The image of one kernel; a tag may not have the + of real-time kernels. */}}
{{- define "telemetry.tag" -}}
telemetry:{{ .Chart.AppVersion }}-{{ .Values.kernelFullVersion | replace "+" "_" }}
{{- end }}

{{/* Builds of planned kernels may run on any node, but not on another architecture's. */}}
{{- define "telemetry.arch" -}}
{{ contains ".aarch64" .Values.kernelFullVersion | ternary "arm64" "amd64" }}
{{- end }}
