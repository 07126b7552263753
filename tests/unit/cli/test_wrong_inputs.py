"""Wrong inputs, each with the whole message.

Matrix: one mistake in each input that a user writes or fetches: specs, inventories, charts and their
archives, templates, rendered objects, arguments. Every one ends with exit code 2, nothing written
and no traceback. Left out: messages of the parts themselves, which have tables of their own.
"""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable
from typing import Any

import pytest

Wrong = Callable[[Any], None]


def spec_with_unknown_key(project: Any) -> None:
    project.write_spec(nodeSelectr={"a": "b"})


def spec_with_duplicate_key(project: Any) -> None:
    text = (project.root / "spec.yaml").read_text()
    project.write("spec.yaml", text + "  debug: true\n  debug: false\n")


def spec_with_syntax_error(project: Any) -> None:
    project.write("spec.yaml", "kind: SpecialResource\nspec:\n  chart: {name: kmod\n")


def spec_with_wrong_type(project: Any) -> None:
    project.write_spec(debug="yes")


def spec_without_chart(project: Any) -> None:
    project.write_spec(chart=None)


def two_specs_of_one_name(project: Any) -> None:
    text = (project.root / "spec.yaml").read_text()
    project.write("spec.yaml", f"{text}---\n{text}")


def spec_of_another_kind_of_sro(project: Any) -> None:
    project.write("spec.yaml", "apiVersion: sro.openshift.io/v1beta1\nkind: SpecialResourceModule\n")


def spec_with_refused_name(project: Any) -> None:
    text = (project.root / "spec.yaml").read_text()
    project.write("spec.yaml", text.replace("  name: kmod\nspec", "  name: ../Kmod\nspec"))


def spec_with_refused_namespace(project: Any) -> None:
    project.write_spec(namespace="drivers.{{ .Values.platform }}")


def spec_with_dependencies(project: Any) -> None:
    chart = {"name": "base", "version": "0.1.0", "repository": {"name": "r", "url": "file:///charts"}}
    project.write_spec(dependencies=[{"chart": chart}])


def chart_that_is_not_there(project: Any) -> None:
    chart = {"name": "kmods", "version": "1.0.0", "repository": {"name": "r", "url": "cm://ns/charts"}}
    project.write_spec(chart=chart)


def chart_of_another_version(project: Any) -> None:
    chart = {"name": "kmod", "version": "2.0.0", "repository": {"name": "r", "url": "file:///charts"}}
    project.write_spec(chart=chart)


def archive_of(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def use_archive(project: Any, data: bytes) -> None:
    for path in sorted((project.root / "charts" / "kmod").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (project.root / "charts" / "kmod").rmdir()
    project.write("charts/kmod-1.0.0.tgz", data)


def archive_that_is_truncated(project: Any) -> None:
    files = {
        "kmod/Chart.yaml": b"apiVersion: v2\nname: kmod\nversion: 1.0.0\n",
        "kmod/x": bytes(range(256)) * 99,
    }
    use_archive(project, archive_of(files)[:120])


def archive_that_climbs(project: Any) -> None:
    use_archive(project, archive_of({"kmod/Chart.yaml": b"name: kmod\n", "kmod/../../evil": b"x"}))


def archive_that_is_no_archive(project: Any) -> None:
    use_archive(project, gzip.compress(b"hello"))


def template_with_syntax_error(project: Any) -> None:
    project.write("charts/kmod/templates/0000-state.yaml", "a: {{ if .Values.x }}\n")


def template_with_unknown_function(project: Any) -> None:
    project.write("charts/kmod/templates/0000-state.yaml", "a: {{ .Values.x | qoute }}\n")


def template_with_nil_pointer(project: Any) -> None:
    project.write("charts/kmod/templates/0000-state.yaml", "a: {{ .Values.driver.image }}\n")


def template_that_renders_no_yaml(project: Any) -> None:
    project.write(
        "charts/kmod/templates/0000-state.yaml",
        'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ printf "a\\n b: [" }}\n',
    )


def template_that_renders_a_list(project: Any) -> None:
    project.write("charts/kmod/templates/0000-state.yaml", "- a\n- b\n")


def object_without_name(project: Any) -> None:
    project.write(
        "charts/kmod/templates/0000-state.yaml",
        'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Values.platform | replace "K8S" "" }}\n',
    )


def object_with_refused_name(project: Any) -> None:
    project.write(
        "charts/kmod/templates/0000-state.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: My_Config\n",
    )


def object_with_refused_label(project: Any) -> None:
    project.write(
        "charts/kmod/templates/0000-state.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  labels:\n    v: 1.5\n    w: a b\n",
    )


def object_that_is_a_secret(project: Any) -> None:
    project.write(
        "charts/kmod/templates/0000-state.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\nstringData:\n  password: hunter2\n",
    )


def inventory_without_nodes(project: Any) -> None:
    project.write("nodes.json", '{"apiVersion": "v1", "kind": "List", "items": []}')


def inventory_that_is_truncated(project: Any) -> None:
    project.write("nodes.json", '{"apiVersion": "v1",\n "kind": "List", "items": [{"kind": "No')


def inventory_with_unknown_key(project: Any) -> None:
    project.write(
        "nodes.json",
        "apiVersion: sro.openshift.io/v1alpha1\nkind: NodeInventory\nnodes:\n- name: a\n  kernel: 5.1\n",
    )


def selector_that_matches_none(project: Any) -> None:
    project.write_spec(nodeSelector={"role": "worker", "gpu": "yes"})


def folder_of_somebody_else(project: Any) -> None:
    project.write("out/cluster/notes.txt", "mine")


def workload_whose_spec_is_a_list(project: Any) -> None:
    project.write(
        "charts/kmod/templates/0000-state.yaml",
        "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: a}\nspec: []\n",
    )


def kubelet_of_no_version(project: Any) -> None:
    text = (project.root / "nodes.json").read_text().replace('"kubeletVersion": ', '"kubeletVersion":\n')
    project.write("nodes.json", text.replace('"v1.23.5"', '"latest"'))


CASES: list[tuple[Wrong, str]] = [
    (
        kubelet_of_no_version,
        """\
error[kube-version]: 'latest' is not a version of Kubernetes
  --> nodes.json:2:1
  2 | "latest"}}}]}
    | ^^^^^^^^
  help: write it as v1.31.0
nothing was written: 1 error
""",
    ),
    (
        workload_whose_spec_is_a_list,
        """\
error[object-shape]: spec is a list, and must be a mapping
  --> charts/kmod/templates/0000-state.yaml:4:7 (spec)
  4 | spec: []
    |       ^
  in: kmod / kernel 4.18.0-305.45.1.el8_4.x86_64 / DaemonSet/a
  note: rendered line 4 of kmod/templates/0000-state.yaml, in DaemonSet/a
  help: write keys below spec:, or leave it out
nothing was written: 1 error
""",
    ),
    (
        spec_with_unknown_key,
        """\
error[unknown-key]: 'nodeSelectr' is not a key of spec
  --> spec.yaml:12:3 (spec.nodeSelectr)
  12 |   nodeSelectr:
     |   ^^^^^^^^^^^
  help: did you mean 'nodeSelector'?
nothing was written: 1 error
""",
    ),
    (
        spec_with_duplicate_key,
        """\
error[yaml-duplicate-key]: the key "debug" stands here for the second time
  --> spec.yaml:13:3 (spec.debug)
  13 |   debug: false
     |   ^^^^^
  note: the first one is at line 12, column 3
  help: remove or rename one of them
nothing was written: 1 error
""",
    ),
    (
        spec_with_syntax_error,
        """\
error[yaml-syntax]: the mapping that begins here is not closed
  --> spec.yaml:3:10
  3 |   chart: {name: kmod
    |          ^
  help: write a comma between entries and } at the end
nothing was written: 1 error
""",
    ),
    (
        spec_with_wrong_type,
        """\
error[wrong-type]: this must be true or false, and is the string 'yes'
  --> spec.yaml:12:10 (spec.debug)
  12 |   debug: 'yes'
     |          ^^^^^
  help: write true or false, without quotes
nothing was written: 1 error
""",
    ),
    (
        spec_without_chart,
        """\
error[wrong-type]: this must be a mapping, and is null
  --> spec.yaml:6:10 (spec.chart)
  6 |   chart: null
    |          ^^^^
  help: The recipe: a Helm chart by name and exact version.
nothing was written: 1 error
""",
    ),
    (
        two_specs_of_one_name,
        """\
error[duplicate-resource]: there are two SpecialResources named 'kmod'
  --> spec.yaml:16:9 (metadata.name)
  16 |   name: kmod
     |         ^^^^
  note: the first one is at spec.yaml:4:9
  help: SpecialResources are cluster-scoped: rename one of them
nothing was written: 1 error
""",
    ),
    (
        spec_of_another_kind_of_sro,
        """\
error[kind-not-supported]: SpecialResourceModule is not supported
  --> spec.yaml:2:1
  2 | kind: SpecialResourceModule
    | ^^^^
  help: sro-render renders SpecialResources; remove this document
nothing was written: 1 error
""",
    ),
    (
        spec_with_refused_name,
        """\
error[object-name]: '../Kmod' cannot be the name of a SpecialResource
  --> spec.yaml:4:9 (metadata.name)
  4 |   name: ../Kmod
    |         ^^^^^^^
  help: lower-case letters, digits, '-' and '.', at most 53 (it has 7), a letter or digit at both ends
nothing was written: 1 error
""",
    ),
    (
        spec_with_refused_namespace,
        """\
error[namespace-name]: 'drivers.K8S' cannot be the name of a namespace
  --> spec.yaml:12:3 (spec.namespace)
  12 |   namespace: drivers.{{ .Values.platform }}
     |   ^^^^^^^^^
  in: kmod
  help: lower-case letters, digits and '-', at most 63, a letter or digit at both ends; without spec.namespace, the SpecialResource's name is taken
nothing was written: 1 error
""",
    ),
    (
        spec_with_dependencies,
        """\
error[chart-not-found]: chart base 0.1.0 was not found
  --> spec.yaml:13:5 (spec.dependencies[0].chart)
  13 |   - chart:
     |     ^^^^^
  in: kmod
  note: looked in charts: kmod 1.0.0
  note: needed by kmod, which is rendered all the same
  help: put the chart, as a folder or .tgz, below the --charts folder
nothing was written: 1 error
""",
    ),
    (
        chart_that_is_not_there,
        """\
error[chart-not-found]: chart kmods 1.0.0 was not found
  --> spec.yaml:6:3 (spec.chart)
  6 |   chart:
    |   ^^^^^
  in: kmod
  note: looked for ConfigMap ns/charts: not among the inputs
  note: looked in charts: kmod 1.0.0
  help: did you mean chart kmod?
nothing was written: 1 error
""",
    ),
    (
        chart_of_another_version,
        """\
error[chart-version-not-found]: chart kmod has no version 2.0.0
  --> spec.yaml:8:5 (spec.chart.version)
  8 |     version: 2.0.0
    |     ^^^^^^^
  in: kmod
  note: looked in charts: kmod 1.0.0
  help: versions there: 1.0.0
nothing was written: 1 error
""",
    ),
    (
        archive_that_is_truncated,
        """\
error[archive-damaged]: the archive is damaged: it cannot be unpacked (Compressed file ended before the end-of-stream marker was reached)
  --> charts/kmod-1.0.0.tgz
  in: kmod
  help: fetch or build the archive again
nothing was written: 1 error
""",
    ),
    (
        archive_that_climbs,
        """\
error[archive-path]: the path "kmod/../../evil" climbs out of its folder
  --> charts/kmod-1.0.0.tgz!kmod/../../evil
  in: kmod
  help: paths in a chart archive are relative, with `/`, below one folder
nothing was written: 1 error
""",
    ),
    (
        archive_that_is_no_archive,
        """\
error[archive-damaged]: the archive is damaged: it ends in the middle
  --> charts/kmod-1.0.0.tgz
  in: kmod
  help: fetch or build the archive again
nothing was written: 1 error
""",
    ),
    (
        template_with_syntax_error,
        """\
error[template-syntax]: this {{ if }} is never closed
  --> charts/kmod/templates/0000-state.yaml:1:7
  1 | a: {{ if .Values.x }}
    |       ^^
  in: kmod / kernel 4.18.0-305.45.1.el8_4.x86_64
  help: add {{ end }} where it ends
nothing was written: 1 error
""",
    ),
    (
        template_with_unknown_function,
        """\
error[template-function-unknown]: there is no function qoute
  --> charts/kmod/templates/0000-state.yaml:1:19
  1 | a: {{ .Values.x | qoute }}
    |                   ^^^^^
  in: kmod / kernel 4.18.0-305.45.1.el8_4.x86_64
  help: did you mean quote?
nothing was written: 1 error
""",
    ),
    (
        template_with_nil_pointer,
        """\
error[template-nil-pointer]: .Values.driver is not set, so it has no field image
  --> charts/kmod/templates/0000-state.yaml:1:7
  1 | a: {{ .Values.driver.image }}
    |       ^^^^^^^^^^^^^^
  in: kmod / kernel 4.18.0-305.45.1.el8_4.x86_64
  help: set it, or guard this place with {{ with .Values.driver }}
nothing was written: 1 error
""",
    ),
    (
        template_that_renders_no_yaml,
        """\
error[rendered-yaml]: kmod/templates/0000-state.yaml renders text that is not YAML: neither a key nor the end of the mapping
  --> charts/kmod/templates/0000-state.yaml:4:12
  4 |   name: {{ printf "a\\n b: [" }}
    |            ^^^^^^^^^^^^^^^^^
  in: kmod / kernel 4.18.0-305.45.1.el8_4.x86_64
  note: rendered line 5, column 2:  b: [
  help: check indentation and quotes of this line and the line above
nothing was written: 1 error
""",
    ),
    (
        template_that_renders_a_list,
        """\
error[not-an-object]: kmod/templates/0000-state.yaml renders a document that is not an object
  --> charts/kmod/templates/0000-state.yaml:1:1
  1 | - a
    | ^
  in: kmod / kernel 4.18.0-305.45.1.el8_4.x86_64
  note: rendered line 1: - a
  help: every document of a template is a Kubernetes object; put comments behind #
nothing was written: 1 error
""",
    ),
    (
        object_without_name,
        """\
error[object-incomplete]: the ConfigMap has no name
  --> charts/kmod/templates/0000-state.yaml:4:8 (metadata.name)
  4 |   name: {{ .Values.platform | replace "K8S" "" }}
    |        ^
  in: kmod / kernel 4.18.0-305.45.1.el8_4.x86_64
  note: rendered line 4 of kmod/templates/0000-state.yaml, in ConfigMap
  help: set metadata.name; a template that reads a missing value renders an empty name
nothing was written: 1 error
""",
    ),
    (
        object_with_refused_name,
        """\
error[object-name]: 'My_Config' cannot be the name of a ConfigMap
  --> charts/kmod/templates/0000-state.yaml:4:9 (metadata.name)
  4 |   name: My_Config
    |         ^
  in: kmod / kernel 4.18.0-305.45.1.el8_4.x86_64
  note: rendered line 4 of kmod/templates/0000-state.yaml, in ConfigMap/My_Config
  help: lower-case letters, digits, '-' and '.', at most 253 (it has 9), a letter or digit at both ends
nothing was written: 1 error
""",
    ),
    (
        object_with_refused_label,
        """\
error[object-label]: the value of label 'v' must be a string, and is the number 1.5
  --> charts/kmod/templates/0000-state.yaml:6:8 (metadata.labels.v)
  6 |     v: 1.5
    |        ^
  in: kmod / kernel 4.18.0-305.45.1.el8_4.x86_64
  note: rendered line 6 of kmod/templates/0000-state.yaml, in ConfigMap/a
  help: put it into quotes: {{ ... | quote }}
error[object-label]: 'a b' cannot be the value of label 'w'
  --> charts/kmod/templates/0000-state.yaml:7:8 (metadata.labels.w)
  7 |     w: a b
    |        ^
  in: kmod / kernel 4.18.0-305.45.1.el8_4.x86_64
  note: rendered line 7 of kmod/templates/0000-state.yaml, in ConfigMap/a
  help: letters, digits, '-', '_' and '.', at most 63 (it has 3), a letter or digit at both ends
nothing was written: 2 errors
""",
    ),
    (
        object_that_is_a_secret,
        """\
error[plain-secret]: Secret/a holds data in plain text, and bundles end up in Git
  --> charts/kmod/templates/0000-state.yaml:2:7
  2 | kind: Secret
    |       ^
  in: kmod / kernel 4.18.0-305.45.1.el8_4.x86_64
  help: create the Secret by other means (External Secrets, Sealed Secrets), annotate it sro.openshift.io/plain-secret: "allowed", or use --secrets allow
nothing was written: 1 error
""",
    ),
    (
        inventory_without_nodes,
        """\
error[inventory-empty]: no nodes in nodes.json
  note: nodes.json has an empty list
  help: make one with: kubectl get nodes -o json > nodes.json
nothing was written: 1 error
""",
    ),
    (
        inventory_that_is_truncated,
        """\
error[yaml-syntax]: the quoted text that begins here is not closed
  --> nodes.json:2:37
  2 |  "kind": "List", "items": [{"kind": "No
    |                                     ^
  help: end it with the same quote
nothing was written: 1 error
""",
    ),
    (
        inventory_with_unknown_key,
        """\
error[missing-key]: 'kernelVersion' is missing
  --> nodes.json:4:3 (nodes[0].kernelVersion)
  4 | - name: a
    |   ^
  help: What uname -r prints there: status.nodeInfo.kernelVersion.
error[unknown-key]: 'kernel' is not a key of nodes[0]
  --> nodes.json:5:3 (nodes[0].kernel)
  5 |   kernel: 5.1
    |   ^^^^^^
  help: did you mean 'kernelVersion'?
nothing was written: 2 errors
""",
    ),
    (
        selector_that_matches_none,
        """\
error[selector-matches-none]: no node of the inventory matches the nodeSelector of kmod
  --> spec.yaml:12:3 (spec.nodeSelector)
  12 |   nodeSelector:
     |   ^^^^^^^^^^^^
  in: kmod
  note: no node has gpu=yes
  help: compare the selector with the labels of the 1 nodes, or take the snapshot again
nothing was written: 1 error
""",
    ),
    (
        folder_of_somebody_else,
        """\
error[output-foreign-files]: out/cluster has 1 file and no sro.lock.yaml
  note: notes.txt
  help: move or remove them, or choose another --out; sro-render replaces this folder as a whole
nothing was written: 1 error
""",
    ),
]


@pytest.mark.parametrize(("make_wrong", "message"), CASES, ids=[case[0].__name__ for case in CASES])
def test_a_wrong_input_gets_its_message(project: Any, make_wrong: Wrong, message: str) -> None:
    make_wrong(project)
    before = set((project.root / "out").rglob("*"))
    outcome = project.build()
    assert outcome.err == message
    assert outcome.code == 2
    assert outcome.out == ""
    assert set((project.root / "out").rglob("*")) == before
