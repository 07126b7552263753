{{- define "netfast.labels" -}}
app.kubernetes.io/name: netfast
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{/* The driver's image for one kernel; a tag may not have the + and ~ that kernels have. */}}
{{- define "netfast.image" -}}
{{ .Values.registry }}/netfast:{{ .Chart.AppVersion }}-{{ .Values.kernelFullVersion | replace "+" "_" | replace "~" "_" }}
{{- end }}

{{/* The distribution of a kernel's nodes: ubuntu, fedora. */}}
{{- define "netfast.system" -}}
{{ .Values.operatingSystemMajorMinor | trimSuffix .Values.operatingSystemDecimal }}
{{- end }}
