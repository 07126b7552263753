"""`sro-render explain`: what it says of objects and fields, whole.

Matrix: values from each layer (runtime, spec.set, templates in it, the chart's, a sub-chart's, globals,
imported, none at all) read in each way (directly, variables, loops, conditions, defines, whole subtrees,
text that templates are); every step after templating; objects of templates, lists, CRDs, Jinja, and of the
tool itself; fields that depend on the kernel and fields that do not; each form of question, and each wrong
one. Left out: that every field of every example has an origin (tests/laws/test_explain_laws.py).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

OLD, NEW = "4.18.0-305.19.1.el8_4.x86_64", "4.18.0-305.45.1.el8_4.x86_64"
SPEC = """\
apiVersion: sro.openshift.io/v1beta1
kind: SpecialResource
metadata:
  name: kmod
spec:
  namespace: drivers
  nodeSelector:
    role: worker
  chart:
    name: kmod
    version: 1.0.0
    repository:
      name: r
      url: file:///charts
  set:
    image:
      tag: "v2-{{ .Values.kernelFullVersion }}"
    debug: true
    token: hunter2
"""
CHART = """\
apiVersion: v2
name: kmod
version: 1.0.0
dependencies:
- name: probe
  version: 1.0.0
  import-values:
  - child: exported
    parent: imported
"""
VALUES = """\
image:
  repository: quay.io/kmod
  tag: v1
replicas: 2
resources:
  limits:
    cpu: 100m
    memory: 1Gi
args: [first, second]
global:
  team: drivers
token: ""
note: "{{ .Values.replicas }} of {{ .Release.Name }}"
"""
HELPERS = """\
{{- define "kmod.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag }}
{{- end }}
{{- define "kmod.labels" }}
team: {{ .Values.global.team }}
part: {{ .Values.part | default "driver" }}
{{- end }}
"""
DRIVER = """\
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: driver
  labels: {{- include "kmod.labels" . | nindent 4 }}
  annotations:
    specialresource.openshift.io/kernel-affine: "true"
    specialresource.openshift.io/proxy: "true"
spec:
  template:
    spec:
      containers:
      - name: load
        image: {{ include "kmod.image" . | quote }}
        {{- $wanted := .Values.replicas }}
        {{- if .Values.debug }}
        args:
        {{- range .Values.args }}
        - --{{ . }}
        {{- end }}
        {{- end }}
        resources:
          {{- toYaml .Values.resources | nindent 10 }}
        env:
        - name: WANTED
          value: {{ $wanted | quote }}
        - name: NOTE
          value: {{ tpl .Values.note . | quote }}
        - name: IMPORTED
          value: {{ .Values.imported.level }}
        - name: NOTHING
          value: {{ .Values.nothing }}
"""
PLAIN = """\
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ConfigMap
  metadata:
    name: facts
  data:
    kernel: {{ .Values.kernelFullVersion }}
    fixed: text
- apiVersion: v1
  kind: Secret
  metadata:
    name: token
  stringData:
    token: {{ .Values.token }}
"""
PROBE = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: probe
  annotations:
    helm.sh/hook: pre-install
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: probe
        image: {{ .Values.image }}
        args: [{{ .Values.global.team }}, {{ .Values.global.zone }}]
"""
JINJA = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: jinja
data:
{% for each in Values.args %}
  {{ each }}: {{ Values.image.repository | upper }}
{% endfor %}
"""
CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: things.example.com
spec:
  group: example.com
  scope: Cluster
  names: {kind: Thing, plural: things}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
"""
FILES = {
    "spec.yaml": SPEC,
    "charts/kmod/Chart.yaml": CHART,
    "charts/kmod/values.yaml": VALUES,
    "charts/kmod/crds/thing.yaml": CRD,
    "charts/kmod/templates/_helpers.tpl": HELPERS,
    "charts/kmod/templates/1000-driver.yaml": DRIVER,
    "charts/kmod/templates/2000-plain.yaml": PLAIN,
    "charts/kmod/templates/3000-jinja.yaml.j2": JINJA,
    "charts/kmod/charts/probe/Chart.yaml": "apiVersion: v2\nname: probe\nversion: 1.0.0\n",
    "charts/kmod/charts/probe/values.yaml": "image: quay.io/probe\nexported: {level: deep}\nglobal: {zone: z, team: x}\n",
    "charts/kmod/charts/probe/templates/probe.yaml": PROBE,
}
NODES: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "List",
    "items": [
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": {"role": "worker"}},
            "status": {
                "nodeInfo": {
                    "kernelVersion": kernel,
                    "osImage": "Red Hat Enterprise Linux 8.4 (Ootpa)",
                    "architecture": "amd64",
                    "kubeletVersion": "v1.23.5",
                }
            },
        }
        for name, kernel in (("n0", OLD), ("n1", NEW), ("n2", NEW))
    ]
    + [
        {
            "apiVersion": "config.openshift.io/v1",
            "kind": "Proxy",
            "metadata": {"name": "cluster"},
            "status": {"httpProxy": "http://proxy:3128"},
        }
    ],
}
INPUTS = ("--spec", "spec.yaml", "--inventory", "nodes.json", "--charts", "charts")
CONTAINER = "spec.template.spec.containers[0]"


@pytest.fixture
def explain(project: Any) -> Any:
    """Runs explain on the files above, with Secrets allowed."""
    for name, text in FILES.items():
        project.write(name, text)
    project.write("nodes.json", json.dumps(NODES))
    (project.root / "charts/kmod/templates/0000-state.yaml").unlink()
    return lambda *arguments: project.run("explain", *arguments, *INPUTS, "--secrets", "allow")


def body(outcome: Any) -> str:
    """What is said below the head."""
    assert (outcome.code, outcome.err) == (0, "")
    return str(outcome.out.split("\n\n", 1)[1])


SAME = "\nkernels\n  the same for all of them\n"


def test_a_field_is_told_from_the_template_to_the_kernels(explain: Any) -> None:
    outcome = explain("DaemonSet/driver", "spec.template.spec.containers[name=load].image")
    assert (
        outcome.out
        == f"""\
spec.template.spec.containers[0].image of DaemonSet/drivers/driver-bfb16b50984f16f0
  resource  kmod, chart kmod 1.0.0
  template  kmod/templates/1000-driver.yaml
  state     1000-driver
  kernel    {OLD}, one of 2 such objects
  value     "quay.io/kmod:v2-{OLD}"

written by
  --> charts/kmod/templates/_helpers.tpl:2:4
    |
  2 | {{{{ .Values.image.repository }}}}:{{{{ .Values.image.tag }}}}
    |    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  included from charts/kmod/templates/1000-driver.yaml:14:19

values
  image.repository = "quay.io/kmod"
    values of the chart: image.repository, at charts/kmod/values.yaml:2:15
  image.tag = "v2-{OLD}"
    spec.set: spec.set.image.tag, at spec.yaml:17:12
      reads kernelFullVersion = "{OLD}"
        runtime value: kernel of node n0
    over values of the chart "v1": image.tag, at charts/kmod/values.yaml:3:8

kernels
  2 values for 2 kernels
  {OLD}: "quay.io/kmod:v2-{OLD}"
  {NEW}: "quay.io/kmod:v2-{NEW}"
"""
    )


@pytest.mark.parametrize(
    ("name", "field", "expected"),
    [
        pytest.param(
            "DaemonSet/driver",
            "metadata.labels.part",
            """\
written by
  --> charts/kmod/templates/_helpers.tpl:6:10
    |
  6 | part: {{ .Values.part | default "driver" }}
    |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  included from charts/kmod/templates/1000-driver.yaml:5:15

values
  part is not set; the template says what counts then
"""
            + SAME,
            id="a default of the template",
        ),
        pytest.param(
            "DaemonSet/driver",
            f"{CONTAINER}.args[1]",
            """\
written by
  --> charts/kmod/templates/1000-driver.yaml:19:11
     |
  19 |         - --{{ . }}
     |           ^^^^^^

values
  args[1] = "second"
    values of the chart: args[1], at charts/kmod/values.yaml:9:15

only because of
  charts/kmod/templates/1000-driver.yaml:16:16: .Values.debug
    debug = true
      spec.set: spec.set.debug, at spec.yaml:18:12
  charts/kmod/templates/1000-driver.yaml:18:19: .Values.args
    args = ["first", "second"]
      values of the chart: args, at charts/kmod/values.yaml:9:7
"""
            + SAME,
            id="a loop inside a condition",
        ),
        pytest.param(
            "DaemonSet/driver",
            f"{CONTAINER}.resources.limits.memory",
            """\
written by
  --> charts/kmod/templates/1000-driver.yaml:23:15
     |
  23 |           {{- toYaml .Values.resources | nindent 10 }}
     |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

values
  resources.limits.memory = "1Gi"
    values of the chart: resources.limits.memory, at charts/kmod/values.yaml:8:13
"""
            + SAME,
            id="one value of a whole subtree",
        ),
        pytest.param(
            "DaemonSet/driver",
            f"{CONTAINER}.env[name=WANTED].value",
            """\
written by
  --> charts/kmod/templates/1000-driver.yaml:26:21
     |
  26 |           value: {{ $wanted | quote }}
     |                     ^^^^^^^^^^^^^^^

values
  replicas = 2
    values of the chart: replicas, at charts/kmod/values.yaml:4:11
"""
            + SAME,
            id="a variable",
        ),
        pytest.param(
            "DaemonSet/driver",
            f"{CONTAINER}.env[name=NOTE].value",
            """\
written by
  --> (text given to tpl):1:4
    |
  1 | {{ .Values.replicas }} of {{ .Release.Name }}
    |    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  included from charts/kmod/templates/1000-driver.yaml:28:21

values
  replicas = 2
    values of the chart: replicas, at charts/kmod/values.yaml:4:11
  note = "{{ .Values.replicas }} of {{ .Release.Name }}"
    values of the chart: note, at charts/kmod/values.yaml:13:7
"""
            + SAME,
            id="a text that is a template",
        ),
        pytest.param(
            "DaemonSet/driver",
            f"{CONTAINER}.env[name=IMPORTED].value",
            """\
written by
  --> charts/kmod/templates/1000-driver.yaml:30:21
     |
  30 |           value: {{ .Values.imported.level }}
     |                     ^^^^^^^^^^^^^^^^^^^^^^

values
  imported.level = "deep"
    values of the sub-chart probe, imported: exported.level, at charts/kmod/charts/probe/values.yaml:2:19
"""
            + SAME,
            id="a value that is imported from a sub-chart",
        ),
        pytest.param(
            "DaemonSet/driver",
            f"{CONTAINER}.env[name=NOTHING].value",
            """\
written by
  --> charts/kmod/templates/1000-driver.yaml:32:21
     |
  32 |           value: {{ .Values.nothing }}
     |                     ^^^^^^^^^^^^^^^

values
  nothing is not set
"""
            + SAME,
            id="a value that is not set",
        ),
        pytest.param(
            "DaemonSet/driver",
            f"{CONTAINER}.env[name=HTTP_PROXY].value",
            'steps after templating\n  proxy: set to "http://proxy:3128"\n' + SAME,
            id="the proxy",
        ),
        pytest.param(
            "DaemonSet/driver",
            "metadata.name",
            f"""\
written by
  --> charts/kmod/templates/1000-driver.yaml:4:9
    |
  4 |   name: driver
    |         ^^^^^^

steps after templating
  kernel-name: "driver" became "driver-bfb16b50984f16f0"

kernels
  2 values for 2 kernels
  {OLD}: "driver-bfb16b50984f16f0"
  {NEW}: "driver-b657a71de7fad62f"
""",
            id="the name",
        ),
        pytest.param(
            "DaemonSet/driver",
            "spec.template.spec.nodeSelector",
            f"""\
steps after templating
  node-selector: set to {{"role": "worker"}}
  kernel-selector: {{"role": "worker"}} became {{"role": "worker", "feature.node.kubernetes.io/kernel-version.full": "{OLD}"}}

kernels
  2 values for 2 kernels
  {OLD}: {{"role": "worker", "feature.node.kubernetes.io/kernel-version.full": "{OLD}"}}
  {NEW}: {{"role": "worker", "feature.node.kubernetes.io/kernel-version.full": "{NEW}"}}

lines
  feature.node.kubernetes.io/kernel-version.full: {OLD}  +kernel-selector
  role: worker                                                              +node-selector
""",
            id="the selectors",
        ),
        pytest.param(
            "ConfigMap/facts",
            "data.kernel",
            f"""\
written by
  --> charts/kmod/templates/2000-plain.yaml:9:16
    |
  9 |     kernel: {{{{ .Values.kernelFullVersion }}}}
    |                ^^^^^^^^^^^^^^^^^^^^^^^^^

values
  kernelFullVersion = "{OLD}"
    runtime value: kernel of node n0

kernels
  2 values for 2 kernels; the object is rendered once, for {OLD}
  {OLD}: "{OLD}"
  {NEW}: "{NEW}"
""",
            id="an item of a list that depends on the kernel and should not",
        ),
        pytest.param(
            "Job/probe",
            "spec.template.spec.containers[0].args[0]",
            """\
written by
  --> charts/kmod/charts/probe/templates/probe.yaml:14:19
     |
  14 |         args: [{{ .Values.global.team }}, {{ .Values.global.zone }}]
     |                   ^^^^^^^^^^^^^^^^^^^

values
  global.team = "drivers"
    values of the chart: global.team, at charts/kmod/values.yaml:11:9
    over values of the sub-chart probe "x": global.team, at charts/kmod/charts/probe/values.yaml:3:25
"""
            + SAME,
            id="a global of the parent",
        ),
        pytest.param(
            "Job/probe",
            "spec.template.spec.containers[0].args[1]",
            """\
written by
  --> charts/kmod/charts/probe/templates/probe.yaml:14:46
     |
  14 |         args: [{{ .Values.global.team }}, {{ .Values.global.zone }}]
     |                                              ^^^^^^^^^^^^^^^^^^^

values
  probe.global.zone = "z"
    values of the sub-chart probe: global.zone, at charts/kmod/charts/probe/values.yaml:3:16
"""
            + SAME,
            id="a global of the sub-chart's own",
        ),
        pytest.param(
            "jinja",
            "data.first",
            """\
written by
  --> charts/kmod/templates/3000-jinja.yaml.j2:7:18
    |
  7 |   {{ each }}: {{ Values.image.repository | upper }}
    |                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

values
  image.repository = "quay.io/kmod"
    values of the chart: image.repository, at charts/kmod/values.yaml:2:15
"""
            + SAME,
            id="a template in Jinja",
        ),
        pytest.param(
            "things.example.com",
            "spec.names.kind",
            """\
written by
  --> charts/kmod/crds/thing.yaml:8:17
    |
  8 |   names: {kind: Thing, plural: things}
    |                 ^^^^^
"""
            + SAME,
            id="a CRD, which is no template",
        ),
        pytest.param(
            "Secret/token",
            "stringData.token",
            """\
written by
  --> charts/kmod/templates/2000-plain.yaml:16:15
  (not shown: it may be secret)

values
  token = "(hidden)"
    spec.set: spec.set.token, at spec.yaml:19:12
    over values of the chart "(hidden)": token, at charts/kmod/values.yaml:12:8
"""
            + SAME,
            id="a secret",
        ),
    ],
)
def test_a_field_tells_its_places_values_and_steps(
    explain: Any, name: str, field: str, expected: str
) -> None:
    assert body(explain(name, field)) == expected


def test_an_object_tells_where_it_comes_from_and_each_of_its_lines(explain: Any) -> None:
    outcome = explain("Job/probe")
    [digest] = [line.split()[1] for line in outcome.out.splitlines() if "digest: " in line]
    assert (
        outcome.out
        == f"""\
Job/drivers/probe
  resource  kmod, chart kmod 1.0.0
  template  charts/kmod/charts/probe/templates/probe.yaml:1:1
  state     pre-install
  kernel    none: the object is not kernel-affine
  hook      pre-install

steps after templating
  namespace    metadata.namespace
  owned-label  metadata.labels
  provenance   metadata.annotations["sro.openshift.io/digest"], metadata.annotations["sro.openshift.io/state"]

lines
  apiVersion: batch/v1                                                      charts/probe/templates/probe.yaml:1
  kind: Job                                                                 charts/probe/templates/probe.yaml:2
  metadata:
    annotations:
      helm.sh/hook: pre-install                                             charts/probe/templates/probe.yaml:6
      sro.openshift.io/digest: {digest}  +provenance
      sro.openshift.io/state: pre-install                                   +provenance
    labels:
      specialresource.openshift.io/owned: "true"                            +owned-label
    name: probe                                                             charts/probe/templates/probe.yaml:4
    namespace: drivers                                                      +namespace
  spec:
    template:
      spec:
        containers:
        - args:
          - drivers                                                         charts/probe/templates/probe.yaml:14
          - z                                                               charts/probe/templates/probe.yaml:14
          image: quay.io/probe                                              charts/probe/templates/probe.yaml:13
          name: probe                                                       charts/probe/templates/probe.yaml:12
        restartPolicy: Never                                                charts/probe/templates/probe.yaml:10
"""
    )


def test_the_namespace_that_the_tool_adds_has_no_template(explain: Any) -> None:
    head, steps, lines = explain("Namespace/drivers").out.split("\n\n")
    assert head.splitlines()[2] == "  template  none: the tool adds it"
    assert steps.splitlines()[1] == "  our-namespace  apiVersion, kind, metadata"
    assert lines.splitlines()[1].split() == ["apiVersion:", "v1", "+our-namespace"]


def test_steps_of_a_workload_are_told_in_their_order(explain: Any) -> None:
    steps = explain("DaemonSet/driver").out.split("\n\n")[1].splitlines()[1:]
    assert [line.split()[0] for line in steps] == [
        *("namespace", "owned-label", "kernel-name", "app-label", "node-selector", "kernel-selector"),
        *("proxy", "provenance"),
    ]


def test_a_secret_shows_neither_its_data_nor_what_it_is_made_of(explain: Any) -> None:
    for arguments in (["Secret/token"], ["Secret/token", "stringData"], ["Secret/token", "stringData.token"]):
        for output in ("text", "json"):
            outcome = explain(*arguments, "--output", output, "--full")
            assert (outcome.code, "hunter2" in outcome.out) == (0, False)
            assert "(hidden)" in outcome.out


def test_long_objects_are_cut_and_full_shows_them_whole(explain: Any, project: Any) -> None:
    many = "".join(f"  k{number:03}: v\n" for number in range(100))
    project.write(
        "charts/kmod/templates/4000-long.yaml",
        f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: long\ndata:\n{many}",
    )
    cut = explain("ConfigMap/long").out.splitlines()
    assert (len(cut), cut[-1]) == (93, "  and 31 more lines: see --full")
    assert len(explain("ConfigMap/long", "--full").out.splitlines()) == 123


def test_json_has_all_that_text_has(explain: Any) -> None:
    outcome = explain(f"DaemonSet/drivers/driver-{'b657a71de7fad62f'}", f"{CONTAINER}.args[0]", "-o", "json")
    place = {"file": "charts/kmod/templates/1000-driver.yaml", "line": 19}
    values = "charts/kmod/values.yaml"

    def value(path: str, value: object, read_at: dict[str, Any], setting: dict[str, Any]) -> Any:
        given = {"value": value, "reads": [], **setting}
        return {
            "path": path,
            "value": value,
            "isSet": True,
            "hasDefault": False,
            "readAt": read_at,
            "settings": [given],
        }

    def chart(path: str, line: int, column: int) -> dict[str, object]:
        where = {"file": values, "line": line, "column": column}
        return {"layer": "values of the chart", "detail": path, "place": where}

    debug = {**place, "line": 16, "column": 16}
    loop = {**place, "line": 18, "column": 19}
    in_spec: dict[str, Any] = {
        "layer": "spec.set",
        "detail": "spec.set.debug",
        "place": {"file": "spec.yaml", "line": 18, "column": 12},
    }
    assert json.loads(outcome.out) == {
        "object": "DaemonSet/drivers/driver-b657a71de7fad62f",
        "specialResource": "kmod",
        "chart": {"name": "kmod", "version": "1.0.0"},
        "template": "kmod/templates/1000-driver.yaml",
        "state": "1000-driver",
        "kernel": NEW,
        "field": "spec.template.spec.containers[0].args[0]",
        "value": "--first",
        "writers": [
            {
                "place": {**place, "column": 11},
                "text": "--{{ .",
                "includedFrom": [],
                "values": [value("args[0]", "first", loop, chart("args[0]", 9, 8))],
                "moreValues": 0,
            }
        ],
        "conditions": [
            {"place": debug, "text": ".Values.debug", "values": [value("debug", True, debug, in_spec)]},
            {
                "place": loop,
                "text": ".Values.args",
                "values": [value("args", ["first", "second"], loop, chart("args", 9, 7))],
            },
        ],
        "steps": [],
        "dependsOnKernel": False,
        "byKernel": [{"value": "--first", "kernels": [OLD, NEW]}],
    }


@pytest.mark.parametrize(
    "name",
    [
        "DaemonSet/drivers/driver-bfb16b50984f16f0",
        "DaemonSet/driver-bfb16b50984f16f0",
        "driver-bfb16b50984f16f0",
        "DaemonSet/drivers/driver",
        "daemonset/driver",
        "driver",
        "out/cluster/kmod/1000-driver/4.18.0-305.19.1.el8_4.x86_64/daemonset-driver-bfb16b50984f16f0.yaml",
    ],
)
def test_an_object_is_named_in_many_ways(explain: Any, project: Any, name: str) -> None:
    project.build("--secrets", "allow")
    assert explain(name).out.splitlines()[0] == "DaemonSet/drivers/driver-bfb16b50984f16f0"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["DaemonSet/drver"],
            (
                "error[object-unknown]: DaemonSet/drver is not rendered\n"
                "  note: there is DaemonSet/drivers/driver-bfb16b50984f16f0\n"
                "  help: name it as KIND/NAMESPACE/NAME, KIND/NAME, by its name, or by its file in a bundle\n"
            ),
        ),
        (
            ["out/cluster/kmod/none.yaml"],
            (
                "error[object-unknown]: out/cluster/kmod/none.yaml is not rendered\n"
                "  note: there is Namespace/drivers\n"
                "  note: there is CustomResourceDefinition/things.example.com\n"
                "  note: there is Job/drivers/probe\n"
                "  note: and 4 more\n"
                "  help: name it as KIND/NAMESPACE/NAME, KIND/NAME, by its name, or by its file in a bundle\n"
            ),
        ),
        (
            ["twice"],
            (
                "error[object-ambiguous]: twice means 2 objects\n"
                "  note: ConfigMap/drivers/twice\n"
                "  note: Service/drivers/twice\n"
                "  help: name the kind and the namespace too: KIND/NAMESPACE/NAME\n"
            ),
        ),
        (
            ["driver", "spec.templat"],
            "error[field-unknown]: spec has no templat\n  help: did you mean template?\n",
        ),
        (
            ["driver", f"{CONTAINER}.env[name=X]"],
            (
                "error[field-unknown]: spec.template.spec.containers[0].env has no [name=X]\n"
                "  help: name is WANTED, NOTE, IMPORTED, NOTHING, HTTP_PROXY there\n"
            ),
        ),
        (
            ["driver", "spec.template.spec.containers[1]"],
            (
                "error[field-unknown]: spec.template.spec.containers has no [1]\n"
                "  help: it is a list with 1 elements\n"
            ),
        ),
        (
            ["driver", "kind.x"],
            "error[field-unknown]: kind has no x\n  help: it is the string 'DaemonSet'\n",
        ),
        (
            ["driver", "xyz"],
            "error[field-unknown]: the object has no xyz\n  help: it has apiVersion, kind, metadata, spec\n",
        ),
        (
            ["driver", "spec[["],
            (
                "error[field-path]: 'spec[[' is not the path of a field: nothing can be read from '[[' on\n"
                '  help: write it as spec.containers[0].image, [name=driver], or annotations["a.b/c"]\n'
            ),
        ),
    ],
)
def test_questions_that_mean_nothing_say_what_there_is(
    explain: Any, project: Any, arguments: list[str], message: str
) -> None:
    if arguments == ["twice"]:
        both = [("v1", "ConfigMap", ""), ("v1", "Service", "spec: {ports: []}\n")]
        text = "---\n".join(
            f"apiVersion: {version}\nkind: {kind}\nmetadata:\n  name: twice\n{more}"
            for version, kind, more in both
        )
        project.write("charts/kmod/templates/4000-twice.yaml", text)
    outcome = explain(*arguments)
    assert (outcome.code, outcome.out, outcome.err) == (2, "", message)


def test_keys_with_dots_need_no_quotes_where_they_are_clear(explain: Any) -> None:
    written = [
        'metadata.annotations["helm.sh/hook"]',
        "metadata.annotations['helm.sh/hook']",
        "metadata.annotations[helm.sh/hook]",
        "metadata.annotations.helm.sh/hook",
    ]
    first, *others = [explain("Job/probe", each).out for each in written]
    assert others == [first] * 3
    assert first.startswith('metadata.annotations["helm.sh/hook"] of Job/drivers/probe\n')


def test_what_can_be_rendered_is_explained_though_a_kernel_fails(explain: Any, project: Any) -> None:
    project.write(
        "charts/kmod/templates/4000-fails.yaml",
        f'{{{{ if eq .Values.kernelFullVersion "{NEW}" }}}}{{{{ fail "no" }}}}{{{{ end }}}}',
    )
    outcome = explain("driver", "metadata.name")
    assert outcome.code == 1
    assert outcome.err.startswith("error[chart-fails]: no\n")
    assert body_of_kernels(outcome.out) == ["  there is one kernel"]


def body_of_kernels(text: str) -> list[str]:
    return text.split("\nkernels\n")[1].splitlines()


def test_an_input_that_is_not_there_is_an_error(explain: Any, project: Any) -> None:
    (Path(project.root) / "nodes.json").unlink()
    outcome = explain("driver")
    assert (outcome.code, outcome.out) == (2, "")
    assert "nodes.json" in outcome.err


EXAMPLES = Path(__file__).parents[3] / "examples"


def test_a_dependencys_value_is_told_where_its_dependent_sets_it(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(EXAMPLES / "05-dependencies")
    inputs = ["--spec", "specialresource.yaml", "--inventory", "cluster.yaml", "--charts", "charts"]
    outcome = project.run(
        "explain", "DaemonSet/rdma-driver", f"{CONTAINER}.env[name=PARAMETERS].value", *inputs
    )
    assert (
        body(outcome)
        == """\
written by
  --> charts/rdma/templates/1000-driver.yaml:32:21
     |
  32 |           value: {{ .Values.parameters | quote }}
     |                     ^^^^^^^^^^^^^^^^^^^^^^^^^^

values
  parameters = "log_num_mgm_entry_size=-1"
    spec.set: spec.dependencies[0].set.parameters, at specialresource.yaml:25:19
    over values of the chart "": parameters, at charts/rdma/values.yaml:2:13
"""
        + SAME
    )


def test_the_documentations_image_stream_is_told_whole(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES / "01-simple-kmod")
    inputs = ["--spec", "specialresource.yaml", "--inventory", "cluster.yaml", "--charts", "charts"]
    outcome = project.run("explain", "ImageStream/simple-kmod-driver-container", *inputs)
    [digest] = [line.split()[1] for line in outcome.out.splitlines() if "digest: " in line]
    assert (outcome.code, outcome.err, outcome.out) == (
        0,
        "",
        f"""\
ImageStream/simple-kmod/simple-kmod-driver-container
  resource  simple-kmod, chart simple-kmod 0.0.1
  template  charts/simple-kmod/templates/0000-buildconfig.yaml:1:1
  state     0000-buildconfig
  kernel    none: the object is not kernel-affine

steps after templating
  namespace    metadata.namespace
  owned-label  metadata.labels["specialresource.openshift.io/owned"]
  provenance   metadata.annotations

lines
  apiVersion: image.openshift.io/v1                                         templates/0000-buildconfig.yaml:1
  kind: ImageStream                                                         templates/0000-buildconfig.yaml:2
  metadata:
    annotations:
      sro.openshift.io/digest: {digest}  +provenance
      sro.openshift.io/state: 0000-buildconfig                              +provenance
    labels:
      app: simple-kmod-driver-container                                     templates/0000-buildconfig.yaml:5
      specialresource.openshift.io/owned: "true"                            +owned-label
    name: simple-kmod-driver-container                                      templates/0000-buildconfig.yaml:6
    namespace: simple-kmod                                                  +namespace
  spec: {{}}                                                                  templates/0000-buildconfig.yaml:7
""",
    )
