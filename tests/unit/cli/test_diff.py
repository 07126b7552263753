"""`sro-render diff`: reading both sides, and the reports as text and Markdown.

Matrix: the accelerator example blown up to 40 kernels, with one value changed and with one node on a new
kernel; bundles, folders of YAML, files, Lists, JSON; both formats, their limits, hostile names; where the
report goes; exit codes; wrong inputs, and broken files that may hold a Secret.
Left out: what became of an object (tests/unit/diff), what holds for all (tests/laws/test_diff_laws.py).
"""

from __future__ import annotations

import io
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from sro_render.diff.bundles import diff_bundles
from sro_render.edges.diff_sides import load_sides
from sro_render.model.lock import Lock, LockedResource, LockedState
from sro_render.model.objects import JsonObject
from sro_render.yamltext import writer

EXAMPLE = Path(__file__).parents[3] / "examples" / "03-accelerator-stack"
MOVED_TO = "5.14.0-284.99.1.el9_2.x86_64"
SUMS = "objects: {} added, {} changed, {} removed, {} rolled over\n"
NO_NODES = "nodes: not known, for only bundles with a sro.lock.yaml on both sides name them\n"


def kernel_of(index: int) -> str:
    return f"5.14.0-284.{index + 10}.1.el9_2.x86_64"


def accelerators(
    project: Any, out: str, *, ref: str = "v2.4.1", moved: int | None = None, share: int = 1
) -> str:
    """The example's bundle for 40 nodes, of which so many share a kernel."""
    charts = project.root / f"charts-{out}"
    shutil.copytree(EXAMPLE / "charts", charts)
    values = charts / "orion" / "values.yaml"
    values.write_text(values.read_text().replace("ref: v2.4.1", f"ref: {ref}"))
    inventory = yaml.safe_load((EXAMPLE / "cluster.yaml").read_text())
    kernels = [MOVED_TO if index == moved else kernel_of(index - index % share) for index in range(40)]
    node = inventory["nodes"][-1]
    inventory["nodes"] = [
        {
            **node,
            "name": f"card-{index:02}",
            "kernelVersion": kernel,
            "architecture": "amd64",
            "labels": {**node["labels"], "feature.node.kubernetes.io/kernel-version.full": kernel},
        }
        for index, kernel in enumerate(kernels)
    ]
    inventory["driverToolkits"] = [
        {
            "image": f"r/dtk@sha256:{int(kernel.split('.')[3]):064x}",
            "kernelFullVersion": kernel,
            "osVersion": "9.2",
        }
        for kernel in dict.fromkeys(kernels)
    ]
    project.write(f"{out}.yaml", yaml.safe_dump(inventory))
    spec = str(EXAMPLE / "specialresource.yaml")
    options = ["--inventory", f"{out}.yaml", "--charts", str(charts), "--out", out]
    assert project.run("-q", "build", spec, *options).code == 0
    return f"{out}/lab"


def test_one_value_changed_in_forty_kernels_is_shown_once(project: Any) -> None:
    before, after = accelerators(project, "a"), accelerators(project, "b", ref="v2.4.2")
    text = project.run("diff", before, after)
    assert (text.code, text.err) == (1, "")
    assert text.out.count("spec.source.git.ref: v2.4.1 -> v2.4.2") == 1
    assert "~ BuildConfig/orion-system/orion-driver-build in 40 kernels: " in text.out
    assert "\n90 changes hidden by *:metadata.annotations[sro.openshift.io/digest]\n" in text.out
    assert text.out.splitlines()[-3:-1] == [
        "objects: 0 added, 40 changed, 0 removed, 0 rolled over",
        "nodes touched: 40: " + ", ".join(f"card-{index:02}" for index in range(12)) + " and 28 more",
    ]
    assert text.out.endswith("\nnodes left without a driver: 0\n")
    markdown = project.run("diff", before, after, "-o", "markdown")
    assert markdown.out.count("v2.4.2") == 1
    assert max(len(each.out.splitlines()) for each in (text, markdown)) <= 60


def test_a_node_on_a_new_kernel_is_a_rollover_that_names_it(project: Any) -> None:
    before, after = accelerators(project, "a"), accelerators(project, "b", moved=7)
    outcome = project.run("diff", before, after)
    lines = outcome.out.splitlines()
    assert outcome.code == 1
    kernels = f"kernel {kernel_of(7)} -> {MOVED_TO}"
    for kind, name in (("BuildConfig", "orion-driver-build"), ("DaemonSet", "orion-driver-container")):
        assert f"  > {kind}/orion-system/{name}: {kernels}" in lines
    assert lines.count("      on 1 node: card-07") == 2
    assert lines[-4:] == [
        "objects: 0 added, 0 changed, 0 removed, 2 rolled over",
        "nodes touched: 1: card-07",
        f"  rolled over from kernel {kernel_of(7)} to {MOVED_TO}: card-07",
        "nodes left without a driver: 0",
    ]


def test_of_several_nodes_on_a_kernel_the_one_that_moves_on_is_named(project: Any) -> None:
    before = accelerators(project, "a", share=4)
    after = accelerators(project, "b", share=4, moved=7)
    out = project.run("diff", before, after).out
    assert f"  + DaemonSet/orion-system/orion-driver-container in kernel {MOVED_TO}\n" in out
    assert out.count("      on 1 node: card-07\n") == 2
    assert out.endswith(
        "objects: 2 added, 0 changed, 0 removed, 0 rolled over\n"
        "nodes touched: 1: card-07\n"
        f"  rolled over from kernel {kernel_of(4)} to {MOVED_TO}: card-07\n"
        "nodes left without a driver: 0\n"
    )


def test_a_driver_that_goes_is_marked_and_its_nodes_are_named(project: Any) -> None:
    before = accelerators(project, "a")
    shutil.copytree(before, "c")
    for path in Path("c").glob(f"orion/2000-driver/{kernel_of(3)}/daemonset-*"):
        path.unlink()
    out = project.run("diff", before, "c").out
    assert "      ! unloads-module: deleting it unloads the kernel module on 1 node\n" in out
    assert (
        "nodes left without a driver: 1\n  card-03 loses orion: the driver of its kernel is removed\n" in out
    )
    markdown = project.run("diff", before, "c", "-o", "markdown").out
    assert "**1 node left without a driver**" in markdown
    assert "- **unloads-module**: 1 object\n" in markdown
    assert "card-03 loses orion: the driver of its kernel is removed\n" in markdown


def config_map(name: str = "a", **data: str) -> str:
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}
    return str(yaml.safe_dump(document))


def test_the_same_is_no_difference_whatever_its_form(project: Any) -> None:
    project.write("a/x.yaml", f"{config_map('a', k='1')}---\n{config_map('b')}")
    items = [yaml.safe_load(config_map("b")), yaml.safe_load(config_map("a", k="1"))]
    project.write("b.json", yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": items}))
    outcome = project.run("diff", "a", "b.json")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == f"A: a\nB: b.json\n\n{SUMS.format(0, 0, 0, 0)}{NO_NODES}"


def test_fields_added_and_removed_objects_and_long_values_are_shown(project: Any) -> None:
    script = "".join(f"line {number}\n" for number in range(60))
    project.write("a.yaml", f"{config_map('a', k='1', long=script)}---\n{config_map('b')}")
    changed = script.replace("line 30", "line thirty")
    project.write("b.yaml", f"{config_map('a', k='true', long=changed, new='x' * 90)}---\n{config_map('c')}")
    outcome = project.run("diff", "a.yaml", "b.yaml")
    assert outcome.code == 1
    assert outcome.out == (
        "A: a.yaml\n"
        "B: b.yaml\n"
        "\n"
        "objects\n"
        "  - ConfigMap/b\n"
        "      a.yaml\n"
        "  ~ ConfigMap/a\n"
        '      data.k: "1" -> "true"\n'
        "      data.long:\n"
        "        …\n"
        "          line 29\n"
        "        - line 30\n"
        "        + line thirty\n"
        "          line 31\n"
        "      data.new:\n"
        f"        + {'x' * 90}\n"
        "  + ConfigMap/c\n"
        "      b.yaml\n"
        "\n"
        f"{SUMS.format(1, 1, 1, 0)}{NO_NODES}"
    )


def test_what_a_secret_holds_is_not_shown(project: Any) -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{one: {}, two: same}}\n"
    project.write("a.yaml", secret.format("kolibri"))
    project.write("b.yaml", secret.format("flamingo"))
    for form in ("text", "markdown"):
        out = project.run("diff", "a.yaml", "b.yaml", "-o", form).out
        assert "stringData.one: <secret A> -> <secret B>" in out
        assert not re.search("kolibri|flamingo|same", out)


def test_a_misspelt_field_of_a_secret_is_not_shown_either(project: Any) -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\n{}: {{one: {}}}\ntype: {}\n"
    for field in ("Data", "stringdata", "data "):
        project.write("a.yaml", secret.format(f'"{field}"', "kolibri", "a/old"))
        project.write("b.yaml", secret.format(f'"{field}"', "flamingo", "a/new"))
        for form in ("text", "markdown", "json", "html", "github"):
            outcome = project.run("diff", "a.yaml", "b.yaml", "-o", form)
            assert outcome.code == 1
            assert not re.search("kolibri|flamingo", outcome.out + outcome.err)
        assert "type: a/old -> a/new\n" in project.run("diff", "a.yaml", "b.yaml").out


def test_ignored_changes_are_counted_and_rules_that_hide_nothing_are_named(project: Any) -> None:
    project.write("a.yaml", config_map(k="1"))
    project.write("b.yaml", config_map(k="2"))
    outcome = project.run("diff", "a.yaml", "b.yaml", "--ignore", "ConfigMap/a:data", "--ignore", "Pod/*")
    assert outcome.code == 0
    assert "\n1 change hidden by ConfigMap/a:data\nthese rules hide nothing: Pod/*\n" in outcome.out


def test_the_report_goes_to_a_file(project: Any) -> None:
    project.write("a.yaml", config_map(k="1"))
    project.write("b.yaml", config_map(k="2"))
    outcome = project.run("diff", "a.yaml", "b.yaml", "--out", "report.md", "-o", "markdown")
    assert (outcome.code, outcome.out, outcome.err) == (1, "", "wrote report.md\n")
    assert (project.root / "report.md").read_text().startswith("### 1 object to review\n")


def test_a_side_can_be_standard_input_or_a_file_of_any_name(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("rendered", config_map(k="1"))
    given = io.TextIOWrapper(io.BytesIO(config_map(k="2").encode()))
    monkeypatch.setattr("sys.stdin", given)
    outcome = project.run("diff", "rendered", "-")
    assert outcome.code == 1
    assert outcome.out.startswith('A: rendered\nB: -\n\nobjects\n  ~ ConfigMap/a\n      data.k: "1" -> "2"\n')
    assert project.run("diff", "-", "-").err == (
        "error[one-standard-input]: only one of the two sides can be standard input\n"
        "  help: write one of them into a file, or name it as <(COMMAND)\n"
    )


def test_a_side_is_a_mapping_of_paths_to_bytes_wherever_it_comes_from() -> None:
    read = []

    class Tree(dict[str, bytes]):
        def __getitem__(self, path: str) -> bytes:
            read.append(path)
            return super().__getitem__(path)

    before = Tree(
        {
            "a.yaml": config_map(k="1").encode(),
            "README.md": b"x",
            ".ci/a.yaml": b"]",
            "kustomization.yaml": b"]",
        }
    )
    sides = load_sides("A", before, "B", {"a.yaml": config_map(k="2").encode()})
    [pair] = sides.pairs
    assert [each.ref.file for each in (*pair.before, *pair.after)] == ["a.yaml", "a.yaml"]
    assert read == ["a.yaml"]


def bundle(*paths: str, shared: dict[str, tuple[str, ...]] | None = None) -> dict[str, bytes]:
    """A bundle with a kernel's DaemonSets at these paths, and a node on that kernel."""
    names = sorted({path.split("/")[0] for path in paths})
    states = (LockedState(name="1000", is_affine=True),)
    lock = Lock(
        cluster="c",
        resources=tuple(
            LockedResource(name=each, namespace="n", chart_digest="", states=states) for each in names
        ),
        kernels=((kernel_of(0), ("node",)),),
        shared=shared or {},
    )
    body: JsonObject = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "driver-0123456789abcdef", "namespace": "n"},
    }
    files = {path: writer.write(body).encode() for path in paths}
    return {**files, "sro.lock.yaml": writer.write(lock.to_mapping()).encode()}


def test_a_driver_that_two_resources_share_from_now_on_is_no_loss() -> None:
    file = f"1000/{kernel_of(0)}/daemonset-driver-0123456789abcdef.yaml"
    before = bundle(f"one/{file}")
    after = bundle(f"_shared/{file}", shared={f"_shared/{file}": ("one", "two")})
    sides = load_sides("A", before, "B", after)
    assert sides.before.drivers == {("one", kernel_of(0))}
    assert sides.after.drivers == {("one", kernel_of(0)), ("two", kernel_of(0))}
    diff = diff_bundles(sides.before, sides.after, sides.pairs)
    assert (diff.changes, diff.losses) == ((), ())


# -- hostile content

HOSTILE = "@octocat <img src=x onerror=alert(1)> ``` [a](http://b) | \x1b[31m\u202e"


def test_hostile_names_neither_steer_a_terminal_nor_a_page(project: Any) -> None:
    project.write("a.yaml", config_map("x", **{HOSTILE: "1"}))
    project.write("b.yaml", config_map("x", **{HOSTILE: HOSTILE}) + "---\n" + config_map(HOSTILE))
    text = project.run("diff", "a.yaml", "b.yaml").out
    markdown = project.run("diff", "a.yaml", "b.yaml", "-o", "markdown").out
    for report in (text, markdown):
        assert "\x1b" not in report
        assert "\u202e" not in report
    outside = without_code(markdown)
    for mark in ("@octocat", "<img", "http://b", "```"):
        assert mark not in outside


def without_code(markdown: str) -> str:
    """Markdown without what is in fences, code spans and <code>, as CommonMark reads them."""
    kept: list[str] = []
    fence = ""
    for line in markdown.split("\n"):
        run = re.match("`{3,}", line)
        if fence:
            fence = "" if line == fence else fence
        elif run:
            fence = run[0]
        else:
            kept.append(line)
    assert not fence
    text = re.sub(r"<code>[^<]*</code>", "", "\n".join(kept))
    return re.sub(r"(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)", "", text)


@pytest.mark.parametrize("most", [2_000, 5_000, 65_536])
def test_markdown_is_never_longer_than_it_may_be_and_says_what_is_left_out(project: Any, most: int) -> None:
    project.write("a.yaml", config_map("first", k="0"))
    many = [config_map(f"name-{number:03}", k="x" * 300) for number in range(400)]
    project.write("b.yaml", "---\n".join(many))
    out = project.run("diff", "a.yaml", "b.yaml", "-o", "markdown", "--max-characters", str(most)).out
    assert len(out) <= most
    [left_out] = re.findall(r"\*\*(\d+) more parts left out\*\*", out)
    assert out.count("ConfigMap/name-") + out.count("ConfigMap/first") + int(left_out) == 401
    assert "All of it: `sro-render diff`" in out
    without_code(out)


# -- wrong inputs


def test_a_side_that_is_not_there_is_named(project: Any) -> None:
    project.write("a/x.yaml", config_map())
    project.write("empty/x.txt", "")
    assert project.run("diff", "a", "aa").err == (
        "error[no-such-file]: there is no file or folder aa\n  help: did you mean a?\n"
    )
    outcome = project.run("diff", "a", "empty")
    assert outcome.code == 2
    assert outcome.err.startswith("error[no-such-file]: there is no YAML or JSON file in empty\n")


def test_an_empty_file_is_no_side(project: Any) -> None:
    project.write("a.yaml", config_map())
    project.write("b.yaml", "\n")
    outcome = project.run("diff", "a.yaml", "b.yaml")
    assert outcome.code == 2
    assert outcome.err == (
        "error[no-object]: b.yaml is empty\n  help: look whether what should have written it has failed\n"
    )


def test_a_folder_of_several_bundles_is_no_side(project: Any) -> None:
    for cluster in ("one", "two"):
        project.write(f"out/{cluster}/sro.lock.yaml", "")
    project.write("a.yaml", config_map())
    assert project.run("diff", "a.yaml", "out").err == (
        "error[several-bundles]: out holds 2 bundles, each for a cluster of its own\n"
        "  help: name one of out/one, out/two\n"
    )


def test_a_folder_with_one_bundle_in_it_is_that_bundle(project: Any) -> None:
    bundle = accelerators(project, "a")
    assert project.run("diff", bundle, "a").code == 0


def test_every_document_that_is_no_object_is_named(project: Any) -> None:
    project.write("a/values.yaml", "image: x\n---\n- 1\n")
    project.write("b.yaml", config_map())
    outcome = project.run("diff", "a", "b.yaml")
    assert outcome.code == 2
    for line in (1, 3):
        expected = (
            f"error[no-object]: a/values.yaml:{line} is no Kubernetes object: it lacks apiVersion and kind\n"
        )
        assert expected in outcome.err


def test_the_only_file_of_a_folder_is_told_by_its_own_name(project: Any) -> None:
    project.write("b.yaml", config_map())
    project.write("a/only.yaml", "x: [")
    assert "\n  --> a/only.yaml:1:5\n" in project.run("diff", "a", "b.yaml").err
    assert "\n  --> a/only.yaml:1:5\n" in project.run("diff", "a/only.yaml", "b.yaml").err


def test_a_link_is_read_inside_of_the_folder_or_its_repository_and_nowhere_else(project: Any) -> None:
    for name in ("private/p.yaml", "side/.data/x.yaml", "other/x.yaml"):
        project.write(name, config_map(k="kolibri"))
    link = project.root / "side/x.yaml"
    link.symlink_to(".data/x.yaml")
    assert project.run("diff", "side", "other").code == 0
    link.unlink()
    link.symlink_to("../private/p.yaml")
    outcome = project.run("diff", "side", "other")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        f"error[link-outside]: side/x.yaml is a link that leads out of {project.root}/side\n"
        "  help: put the file that is meant in its place\n"
    )
    (project.root / ".git").mkdir()
    assert project.run("diff", "side", "other").code == 0
    link.unlink()
    link.symlink_to("x.yaml")
    assert project.run("diff", "side", "other").err == (
        "error[unreadable-file]: side/x.yaml cannot be read: Too many levels of symbolic links\n"
        "  help: check that it is a file, and the disk that it lies on\n"
    )


def test_a_broken_file_is_shown_with_its_line_unless_it_may_hold_a_secret(project: Any) -> None:
    project.write("b.yaml", config_map())
    project.write("a.yaml", "kind: ConfigMap\nx: [kolibri\n")
    outcome = project.run("diff", "a.yaml", "b.yaml")
    assert outcome.code == 2
    assert "kolibri" in outcome.err
    project.write("a.yaml", "kind: Secret\nx: [kolibri\n")
    outcome = project.run("diff", "a.yaml", "b.yaml")
    assert outcome.code == 2
    assert outcome.err == (
        "error[yaml-syntax]: a.yaml:2:4 is not the YAML that is read here; "
        "its text is not shown, for it may hold a secret\n"
        "  help: check the file with another reader, such as kubectl apply --dry-run=client -f\n"
    )
