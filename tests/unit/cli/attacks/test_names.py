"""Names that would lead out of the folder where something is read or written.

Matrix: names of charts, sub-charts, aliases and dependencies; of chart archives in a ConfigMap's index;
`.Files` and templates by path; names, kinds, groups and namespaces of objects; kernels, clusters,
SpecialResources; what leads out by a backslash or a drive elsewhere. Left out: file names on disk
(tests/unit/targets/test_layout.py), paths in archives (test_archives.py), addresses (test_servers.py).
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

CHART = "apiVersion: v2\nname: kmod\nversion: 1.0.0\n"


def other_name(name: str) -> str:
    return f"apiVersion: v2\nname: {json.dumps(name)}\nversion: 1.0.0\n"


def dependency(**fields: str) -> str:
    return CHART + f"dependencies: [{json.dumps({'repository': '', 'version': '*', **fields})}]\n"


# CVE-2024-25620 (Helm): a chart's name with `../` wrote files outside of the folder.
# CVE-2020-15184 (Helm): a dependency's alias was taken as it came.
METADATA = {
    "a name that climbs": (
        {"Chart.yaml": other_name("../../x")},
        '[chart-metadata]: "../../x" is not a chart name',
    ),
    "a name that is the folder above": (
        {"Chart.yaml": other_name("..")},
        '[chart-metadata]: ".." is not a chart name',
    ),
    "an absolute name": ({"Chart.yaml": other_name("/etc")}, '[chart-metadata]: "/etc" is not a chart name'),
    "a name that climbs on Windows": (
        {"Chart.yaml": other_name("..\\..\\x")},
        '[chart-metadata]: "..\\..\\x" is not a chart name',
    ),
    "a version that climbs": (
        {"Chart.yaml": "apiVersion: v2\nname: kmod\nversion: ../../x\n"},
        '[chart-metadata]: "../../x" is not a version',
    ),
    "a sub-chart's name that climbs": (
        {"charts/s/Chart.yaml": other_name("../../x")},
        '[chart-metadata]: "../../x" is not a chart name',
    ),
    "an alias that climbs": (
        {"Chart.yaml": dependency(name="s", alias="../../x")},
        '[chart-metadata]: "../../x" is not an alias',
    ),
    "a dependency's name that climbs": (
        {"Chart.yaml": dependency(name="../../x")},
        "[chart-dependency]: the chart kmod depends on ../../x, which is not in its folder charts",
    ),
    "a dependency from the disk": (
        {"Chart.yaml": dependency(name="s", repository="file:///etc")},
        "[chart-dependency]: the chart kmod depends on s, which is not in its folder charts",
    ),
}


@pytest.mark.parametrize("attack", METADATA)
def test_a_chart_cannot_call_itself_or_another_by_a_path(victim: Any, attack: str) -> None:
    files, message = METADATA[attack]
    victim.write(files)
    is_found = "name: kmod\nversion: 1.0.0" in files.get("Chart.yaml", CHART)
    # `build` looks for a chart of the right name, and leaves others alone.
    command = "" if is_found else "template"
    victim.assert_refused(message, command=command)


def test_a_name_for_terminals_and_other_lines_loses_what_cannot_be_shown(victim: Any) -> None:
    # CVE-2021-21303 (Helm): text of Chart.yaml reached the terminal as it was.
    victim.write({"Chart.yaml": other_name("a\0\x1b[2J\nb") + "deprecated: true\n"})
    outcome = victim.run("template")
    assert outcome.code == 0
    assert outcome.out == "wrote out/a[2J b/templates/0000-state.yaml\n"
    assert "\x1b" not in outcome.err


def test_templates_reach_no_file_that_is_not_the_charts(victim: Any) -> None:
    # CVE-2022-24348 (Argo CD): files outside of the application were read as values.
    paths = ("../../../secret.yaml", "/etc/passwd", "./../../secret.yaml", "file:///etc/passwd", "..")
    reads = "".join(f'{{{{ .Files.Get "{path}" }}}}{{{{ .Files.Lines "{path}" | len }}}}' for path in paths)
    globs = '{{ (.Files.Glob "../../../*").AsConfig }}{{ (.Files.Glob "/**").AsSecrets }}{{ len .Files }}'
    victim.write({"templates/0000-state.yaml": f"# {reads} {globs}\n"})
    outcome = victim.run("template")
    assert outcome.code == 0
    assert outcome.err.count("warning[missing-file]: the chart has no file ") == 2 * len(paths)


def test_an_include_names_no_files(victim: Any) -> None:
    victim.write({"templates/0000-state.yaml": '# {{ include "../../../secret.yaml" . }}\n'})
    victim.assert_refused('[template-unknown]: there is no template "../../../secret.yaml"')


def test_show_only_names_templates_and_no_files(victim: Any) -> None:
    path = "../../../secret.yaml"
    message = f"[template-not-found]: no document is rendered from a template {path}"
    victim.assert_refused(message, "--show-only", path, command="template")


STATE = """\
apiVersion: {api}
kind: {kind}
metadata:
  name: {name}
  namespace: {namespace}
  annotations: {{specialresource.openshift.io/kernel-affine: "true"}}
data: {{kernel: "{{{{ .Values.kernelFullVersion }}}}"}}
"""
OBJECTS = {
    "a name that climbs": ({"name": "../../x"}, "[object-name]: '../../x' cannot be the name of a ConfigMap"),
    "a name that is the folder above": ({"name": ".."}, "[object-name]: '..' cannot be the name of a ConfigMap"),
    "an absolute name": ({"name": "/etc/x"}, "[object-name]: '/etc/x' cannot be the name of a ConfigMap"),
    "a name with a backslash": ({"name": "a\\b"}, "[object-name]: 'a\\\\b' cannot be the name of a ConfigMap"),
    "a kind that climbs": (
        {"kind": "../../X"},
        "[object-incomplete]: '../../X' cannot be kind of an object",
    ),
    "a group that climbs": (
        {"api": "../../x/v1"},
        "[object-incomplete]: '../../x/v1' cannot be apiVersion of an object",
    ),
    "a namespace that climbs": (
        {"namespace": "../../x"},
        "[object-name]: '../../x' cannot be the name of a namespace",
    ),
}  # fmt: skip


@pytest.mark.parametrize("attack", OBJECTS)
def test_an_object_cannot_lead_its_file_out_of_the_output(victim: Any, attack: str) -> None:
    fields, message = OBJECTS[attack]
    state = STATE.format(**{"api": "v1", "kind": "ConfigMap", "name": "a", "namespace": "kmod", **fields})
    victim.write({"templates/0000-state.yaml": state})
    victim.assert_refused(message, command="build")


def test_a_template_cannot_lead_the_folder_of_its_state_out_of_the_output(victim: Any) -> None:
    state = (victim.root / "charts/kmod/templates/0000-state.yaml").read_text()
    victim.write({"templates/0001-..yaml": state.replace("name: kmod", "name: b")})
    assert victim.run("build").code == 0
    folders = {path.split("/")[2] for path in victim.output() if path.count("/") > 2}
    assert folders == {"namespace", "0000-state", "0001-%2E"}


@pytest.mark.parametrize("kernel", ["../../x", "..", ".", "/etc", "a\0b", "x" * 300])
def test_a_kernel_that_is_a_path_is_none(victim: Any, kernel: str) -> None:
    victim.project.write_nodes(kernel)
    shown = repr(kernel) if len(kernel) < 64 else f"'{'x' * 59}…'"
    outcome = victim.run("build")
    assert outcome.code == 2
    assert outcome.err.startswith("error[inventory-kernel]: ")
    assert outcome.err.split("\n")[0].endswith(" cannot be a kernel's version")
    assert len(kernel) > 64 or shown in outcome.err
    assert not (victim.root / "out").exists()


def test_a_kernel_that_is_a_path_elsewhere_has_a_folder_that_is_none(victim: Any) -> None:
    victim.project.write_nodes("..\\..\\x", "CON")
    assert victim.run("build").code == 0
    for path in victim.output():
        assert "\\" not in path
        assert not {"..", "CON"} & set(path.split("/"))


@pytest.mark.parametrize("name", ["..", ".", "../x", "/etc", "a\\..\\b", "CON", "x" * 300])
def test_a_cluster_that_is_a_path_is_none(victim: Any, name: str) -> None:
    message = f"[output-cluster-name]: {name!r} cannot be the name of a cluster's folder"
    victim.assert_refused(message, "--cluster", name, command="build")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "name: kmod\nspec",
            "name: ../../x\nspec",
            "[object-name]: '../../x' cannot be the name of a SpecialResource",
        ),
        (
            "name: kmod\n    version",
            "name: ../../charts/kmod\n    version",
            "[chart-not-found]: chart ../../charts/kmod 1.0.0 was not found",
        ),
        (
            "version: 1.0.0",
            "version: ../../x",
            "[chart-version-not-found]: chart kmod has no version ../../x",
        ),
        (
            "spec:\n",
            "spec:\n  namespace: ../../x\n",
            "[namespace-name]: '../../x' cannot be the name of a namespace",
        ),
    ],
)
def test_a_spec_names_no_paths(victim: Any, old: str, new: str, message: str) -> None:
    text = (victim.root / "spec.yaml").read_text()
    assert text.count(old) == 1
    victim.project.write("spec.yaml", text.replace(old, new))
    victim.assert_refused(message, command="build")


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("../../../secret.yaml", 'its index names "secret.yaml" for kmod 1.0.0, which is not there'),
        ("file:///etc/passwd", 'its index names "passwd" for kmod 1.0.0, which is not there'),
        ("/", "its index gives no address for kmod 1.0.0"),
        ("cm://other/charts/x.tgz", 'its index names "x.tgz" for kmod 1.0.0, which is not there'),
    ],
)
def test_the_index_of_a_configmap_names_its_own_archives_alone(
    victim: Any, address: str, message: str
) -> None:
    index = {"apiVersion": "v1", "entries": {"kmod": [{"version": "1.0.0", "urls": [address]}]}}
    config_map = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "charts", "namespace": "ns"},
        "data": {"index.yaml": json.dumps(index)},
        "binaryData": {"kmod-1.0.0.tgz": base64.b64encode(b"x").decode()},
    }
    victim.project.write("cm.json", json.dumps(config_map))
    spec = (victim.root / "spec.yaml").read_text().replace("file:///charts", "cm://ns/charts")
    victim.project.write("spec.yaml", spec)
    message = f"[chart-configmap]: the charts in the ConfigMap cannot be used: {message}"
    victim.assert_refused(message, "--inventory", "cm.json", command="build")
