{{/* Labels of an object: call with (dict "root" $ "part" NAME). */}}
{{- define "orion.labels" -}}
app: {{ include "orion.name" . }}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/component: {{ .part }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
{{- end }}

{{- define "orion.name" -}}
{{ .root.Release.Name }}-{{ .part }}
{{- end }}

{{/* The image stream's tag that has the driver of one kernel. */}}
{{- define "orion.driverTag" -}}
{{ .Chart.AppVersion }}-{{ .Values.kernelFullVersion }}
{{- end }}

{{- define "orion.tolerations" -}}
{{- with .Values.global.tolerations }}
tolerations:
{{- toYaml . | nindent 0 }}
{{- end }}
{{- end }}
