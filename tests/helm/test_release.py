"""What `sro-render template` prints, beside `helm template`: whole outputs, byte for byte.

Matrix: order of kinds and files, unknown kinds, hooks of all events, several events, unknown events,
weights, tests; documents cut at dashes, empty ones, comments alone, white space, CRLF; heads of other
types; notes; CRDs of charts and sub-charts; namespaces; every flag of Helm that we have; names that are
made; what is refused. Left out: values flags (their own files), messages (tests/unit/cli).
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from sro_render.cli.main import run

CHART = "apiVersion: v2\nname: {}\nversion: 0.1.0\n"
KINDS = [
    "APIService",
    "Certificate",
    "ClusterRole",
    "ConfigMap",
    "CronJob",
    "CustomThing",
    "DaemonSet",
    "Deployment",
    "ImageStream",
    "Ingress",
    "Issuer",
    "Job",
    "Namespace",
    "NetworkPolicy",
    "PersistentVolumeClaim",
    "Pod",
    "PriorityClass",
    "Role",
    "RoleBinding",
    "Secret",
    "SecretList",
    "SecurityContextConstraints",
    "Service",
    "ServiceAccount",
    "StatefulSet",
    "StorageClass",
    "BuildConfig",
    "ValidatingWebhookConfiguration",
    "HorizontalPodAutoscaler",
    "AThing",
]


def object_of(kind: str, name: str, **annotations: str) -> str:
    lines = "".join(f"    {key.replace('_', '.', 1)}: {value}\n" for key, value in annotations.items())
    head = f"  annotations:\n{lines}" if annotations else ""
    return f"apiVersion: v1\nkind: {kind}\nmetadata:\n  name: {name}\n{head}"


def hook(events: str, kind: str = "Job", name: str = "a", weight: str = '"0"') -> str:
    return (
        f"apiVersion: batch/v1\nkind: {kind}\nmetadata:\n  name: {name}\n  annotations:\n"
        f"    helm.sh/hook: {events}\n    helm.sh/hook-weight: {weight}\n"
    )


Same = Callable[..., str]


@pytest.fixture
def same(helm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: Any) -> Same:
    """Writes a chart, runs both programs with the same arguments, asserts that they print the same."""
    monkeypatch.chdir(tmp_path)

    def check(
        files: Mapping[str, str],
        *arguments: str,
        name: str = "c",
        call: tuple[str, ...] = ("rel", "c"),
        ours: tuple[str, ...] = (),
    ) -> str:
        for path, text in {"Chart.yaml": CHART.format(name), **files}.items():
            target = tmp_path / "c" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode())
        theirs = subprocess.run(
            [helm, "template", *call, *arguments],
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "TZ": "UTC"},
        )
        capfdbinary.readouterr()
        code = run(["-q", "template", *call, *arguments, *ours])
        printed = capfdbinary.readouterr()
        if theirs.returncode:
            assert code == 2, (theirs.stderr.decode(), printed.out)
            assert printed.out == b""
            assert b"internal error" not in printed.err
            return "refused"
        assert code == 0, printed.err.decode()
        assert printed.out.decode() == theirs.stdout.decode()
        return theirs.stdout.decode()

    return check


def test_kinds_come_in_helms_order_and_unknown_ones_last(same: Same) -> None:
    text = "---\n".join(object_of(kind, kind.lower()) for kind in KINDS)
    printed = same({"templates/a.yaml": text, "templates/b.yaml": text})
    assert printed.count("# Source: ") == 2 * len(KINDS)


def test_files_of_sub_charts_stand_among_those_of_the_chart(same: Same) -> None:
    sub = {
        f"charts/{name}/{path}": text
        for name in ("a", "z")
        for path, text in {
            "Chart.yaml": CHART.format(name),
            "templates/x.yaml": object_of("ConfigMap", name),
            "templates/NOTES.txt": "notes of a sub-chart",
        }.items()
    }
    files = {
        "templates/m.yaml": object_of("ConfigMap", "m"),
        "templates/deep/er/m.yaml": object_of("ConfigMap", "d"),
        "templates/_p.yaml": object_of("ConfigMap", "partial"),
        "templates/NOTES.txt": "notes",
        "templates/data.txt": object_of("ConfigMap", "of-no-yaml-file"),
    }
    assert same({**sub, **files}).count("# Source") == 5


HOOKS = [
    hook(events, name=f"h{index}")
    for index, events in enumerate(
        [
            "pre-install",
            "post-install",
            "pre-delete",
            "post-delete",
            "pre-upgrade",
            "post-upgrade",
            "pre-rollback",
            "post-rollback",
            "test",
            "test-success",
            "test-failure",
            "pre-install,post-upgrade",
            "' Pre-Install ,TEST '",
            "crd-install",
            "pre-install,nonsense",
            "''",
            "true",
            "5",
            "null",
        ]
    )
]


@pytest.mark.parametrize("flag", [(), ("--no-hooks",), ("--skip-tests",)])
def test_hooks_stand_behind_the_objects_by_kind(same: Same, flag: tuple[str, ...]) -> None:
    files = {
        "templates/b.yaml": "---\n".join(HOOKS),
        "templates/a.yaml": "---\n".join(
            [
                hook("pre-install", "Pod", "p", "5"),
                object_of("Service", "s"),
                hook("post-install", "ConfigMap", "m", '"-5"'),
                hook("test", "Zebra", "z", "x"),
            ]
        ),
    }
    same(files, *flag)


DOCUMENTS = {
    "dashes": "---\na: 1\n---\n---\nb: 2\n--- # comment\nc: 3\n---d: 4\n----\ne: |\n  x\n--- \n",
    "comments": "# only a comment\n---\n# another\n---\nkind: A\n",
    "white space": "\n\n  \n---\n\n  kind: A\n\n\n---\n\t\n---\nkind: B   \n\n",
    "crlf": "---\r\nkind: A\r\n---\r\nkind: B\r\n",
    "no line break at the end": "kind: A",
    "dashes in a block": "kind: A\ndata: |\n  ---\n  x\n",
    "dashes at the start of a block's line": "kind: A\ndata: |\n---\nx: 1\n",
    "an empty file": "",
    "white space alone": "  \n\n",
    "a document end": "kind: A\n...\n---\nkind: B\n",
    "two documents by an end": "kind: A\n...\nkind: B\n",
    "a byte order mark": "\ufeffkind: A\n",
    "wide space": "\u2003\u00a0kind: A\n",
    "control": 'kind: "A\u0001"\n',
    "a list": "[1, 2]\n",
    "a text": "just text\n",
    "a number": "5\n",
    "null": "null\n",
    "kind is a number": "kind: 5\n---\nkind: Service\n---\nkind: 5.5\n",
    "kind is a list": "kind: [a]\n",
    "kind is a mapping": "kind: {a: b}\n",
    "kind is null": "kind: null\n",
    "version is a list": "apiVersion: [a]\n",
    "name is a number": "kind: A\nmetadata: {name: 5}\n",
    "name is a mapping": "kind: A\nmetadata: {name: {a: b}}\n",
    "metadata is a text": "kind: A\nmetadata: x\n",
    "metadata is a list": "kind: A\nmetadata: []\n",
    "metadata is null": "kind: A\nmetadata: null\n",
    "annotations are a text": "kind: A\nmetadata: {annotations: x}\n",
    "annotations are a list": "kind: A\nmetadata: {annotations: [x]}\n",
    "annotations are null": "kind: A\nmetadata: {annotations: null}\n",
    "an annotation is a mapping": "kind: A\nmetadata: {annotations: {a: {b: c}}}\n",
    "an annotation is a number": "kind: A\nmetadata: {annotations: {a: 1, b: true, c: null, d: 1.5}}\n",
    "a key twice": "kind: A\nkind: Service\n---\nkind: B\nmetadata: {name: a}\nmetadata: {name: [b]}\n",
    "keys in capitals": "Kind: Service\nMETADATA: {Annotations: {helm.sh/hook: test}}\n---\nkind: Pod\n",
    "tabs": "kind: A\n\tx: 1\n",
    "a broken document": "kind: A\n  x: 1\n",
    "an unclosed quote": 'kind: "A\n',
    "an anchor": "kind: &k Service\nx: *k\n",
    "an unknown anchor": "kind: *k\n",
    "a merge": "a: &a {kind: Service}\nb: {<<: *a}\n",
    "a tag": "kind: !!str 5\n---\nkind: !x Service\n",
    "non-string keys": "kind: A\n1: x\ntrue: y\n1.5: z\nnull: w\n",
    "a complex key": "kind: A\n? [a, b]\n: x\n",
    "a timestamp": "kind: 2001-01-01\n",
    "an octal": "kind: 0777\n",
    "yes": "kind: yes\n",
    "infinity": "kind: A\nx: .inf\n",
    "a list of objects": "kind: List\nitems: []\n",
}


@pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS)
def test_documents_are_cut_and_read_as_helm_does(same: Same, text: str) -> None:
    same({"templates/a.yaml": text, "templates/b.yaml": "kind: ConfigMap\n"})


CRDS = {
    "crds/b.yaml": "kind: CustomResourceDefinition\nmetadata: {name: b}\n\n\n",
    "crds/a.json": '{"kind": "CustomResourceDefinition"}',
    "crds/README.md": "not a CRD",
    "crds/deep/c.yml": "---\nkind: CustomResourceDefinition\n---\nnot: {{ a template }}\n",
    "charts/s/Chart.yaml": CHART.format("s"),
    "charts/s/crds/s.yaml": "kind: CustomResourceDefinition\nmetadata: {name: s}\n",
    "templates/a.yaml": object_of("ConfigMap", "a"),
}


@pytest.mark.parametrize("flag", [(), ("--include-crds",), ("--include-crds", "--no-hooks")])
def test_crds_stand_before_everything_where_they_are_asked_for(same: Same, flag: tuple[str, ...]) -> None:
    same(CRDS, *flag)


FACTS = """\
release: {{ .Release | toJson }}
capabilities: {{ .Capabilities.KubeVersion | toJson }} {{ .Capabilities.KubeVersion }}
versions: {{ .Capabilities.APIVersions | len }} {{ .Capabilities.APIVersions.Has "a.io/v1" }} {{ .Capabilities.APIVersions.Has "b/v1/Kind" }}
template: {{ .Template | toJson }}
"""


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("-n", "elsewhere"),
        ("--namespace", "a.b"),
        ("--is-upgrade",),
        ("--kube-version", "1.29"),
        ("--kube-version", "v1.30.4-eks-1234"),
        ("--kube-version", "1.28.0+rke2r1"),
        ("--kube-version", "1"),
        ("--kube-version", "latest"),
        ("--kube-version", ""),
        ("-a", "a.io/v1"),
        ("-a", "a.io/v1,b/v1/Kind"),
        ("--api-versions", "a.io/v1", "-a", "b/v1/Kind", "-a", "a.io/v1"),
    ],
)
def test_facts_of_release_and_cluster(same: Same, arguments: tuple[str, ...]) -> None:
    same({"templates/a.yaml": FACTS}, *arguments)


@pytest.mark.parametrize(
    "call",
    [
        ("c",),
        ("name", "c"),
        ("name", "./c"),
        ("Name", "c"),
        ("a.b", "c"),
        ("-x", "c"),
        ("a_b", "c"),
        ("a" * 53, "c"),
        ("a" * 54, "c"),
        ("", "c"),
        ("rel", "nowhere"),
        ("rel", "c", "more"),
        ("--name-template", "x-{{ add 1 2 }}", "c"),
        ("--name-template", '{{ "UPPER" | lower }}', "c"),
        ("--name-template", "{{ .a.b }}", "c"),
        ("--name-template", "{{ nofunction }}", "c"),
        ("--name-template", "x", "name", "c"),
        ("--generate-name", "name", "c"),
    ],
)
def test_names_of_releases(same: Same, call: tuple[str, ...]) -> None:
    same({"templates/a.yaml": "name: {{ .Release.Name }}\n"}, call=call)


SHOWN = {
    "templates/a.yaml": "---\n".join([object_of("ConfigMap", "a"), object_of("Service", "b"), hook("test")]),
    "templates/sub/b.yaml": object_of("ConfigMap", "c") + "\n\n",
    "charts/s/Chart.yaml": CHART.format("s"),
    "charts/s/templates/s.yaml": object_of("Secret", "s"),
    "templates/NOTES.txt": "notes",
    "templates/empty.yaml": "{{ if false }}x: 1{{ end }}",
    "crds/c.yaml": "kind: CustomResourceDefinition\n",
}


@pytest.mark.parametrize(
    "arguments",
    [
        ("-s", "templates/a.yaml"),
        ("-s", "templates/sub/b.yaml", "-s", "templates/a.yaml"),
        ("-s", "templates/*.yaml"),
        ("-s", "charts/s/templates/s.yaml"),
        ("--show-only", "templates/nothing.yaml"),
        ("-s", "templates/empty.yaml"),
        ("-s", "templates/NOTES.txt"),
        ("-s", "c/templates/a.yaml"),
        ("-s", "templates/[.yaml"),
        ("-s", "templates/a.yaml", "--no-hooks"),
        ("-s", "templates/a.yaml", "--skip-tests"),
        ("-s", "crds/c.yaml", "--include-crds"),
        ("-s", ""),
    ],
)
def test_only_some_templates_are_shown(same: Same, arguments: tuple[str, ...]) -> None:
    same(SHOWN, *arguments)


@pytest.mark.parametrize("arguments", [(), ("--release-name",), ("--include-crds",), ("--no-hooks",)])
def test_templates_are_written_to_files(
    same: Same, tmp_path: Path, helm: Path, arguments: tuple[str, ...]
) -> None:
    same(SHOWN)
    subprocess.run(
        [helm, "template", "rel", "c", "--output-dir", "theirs", *arguments], check=True, capture_output=True
    )
    assert run(["-q", "template", "rel", "c", "--output-dir", "ours", *arguments]) == 0
    ours, theirs = (
        {
            path.relative_to(tmp_path / side): path.read_bytes()
            for path in (tmp_path / side).rglob("*")
            if path.is_file()
        }
        for side in ("ours", "theirs")
    )
    assert ours == theirs


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: v2\nname: c\nversion: 0.1.0\ntype: library\n",
        "apiVersion: v2\nname: c\nversion: 0.1.0\ntype: application\n",
        "apiVersion: v2\nname: c\nversion: 0.1.0\ntype: nonsense\n",
        "apiVersion: v2\nname: c\nversion: 0.1.0\ndeprecated: true\n",
        "apiVersion: v2\nname: c\nversion: 0.1.0\nkubeVersion: '>=1.99'\n",
        "apiVersion: v2\nname: c\nversion: 0.1.0\nkubeVersion: '>=1.20-0 <2'\n",
        "apiVersion: v2\nname: c\nversion: 0.1.0\nkubeVersion: nonsense\n",
        "apiVersion: v2\nname: c\nversion: 0.1.0\nname: twice\n",
        "apiVersion: v2\nname: c\nversion: 0.1.0\ndependencies: [{name: s, version: 1.x.x, repository: ''}]\n",
        "apiVersion: v2\nname: c\nversion: 0.1.0\nannotations: {}\n",
        "apiVersion: v1\nname: c\nversion: 0.1.0\n",
        "apiVersion: v3\nname: c\nversion: 0.1.0\n",
        "name: c\nversion: 0.1.0\n",
        "apiVersion: v2\nname: y\nversion: 1\n",
    ],
)
def test_charts_by_their_metadata(same: Same, text: str) -> None:
    same({"Chart.yaml": text, "templates/a.yaml": "chart: {{ .Chart | toJson | quote }}\n"})
