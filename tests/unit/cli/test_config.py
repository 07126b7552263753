"""`sro.yaml`: what it says for build, where it is looked for, and everything that may be wrong in it.

Matrix: no arguments, each argument over what the file says, options of the whole and of a cluster, targets, several
clusters with one that fails, folders below the root, a repository inside another, `--config`, `--shard`;
each kind of mistake with its whole text. `lint` of all clusters, where what several have is said once. Left out: `check`, `diff` and `init`, which have files of their own; that
shards together are one run, which tests/laws has.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from sro_render.edges.schemas import schema
from sro_render.limits import NAMES

KERNEL = "4.18.0-305.45.1.el8_4.x86_64"
OTHER = "4.18.0-305.19.1.el8_4.x86_64"
CONFIG = """\
apiVersion: sro.openshift.io/v1alpha1
kind: Config
specs: [spec.yaml]
charts: charts
clusters:
- name: lab
  inventory: [nodes.json]
output: {dir: rendered}
"""
TWO = """\
apiVersion: sro.openshift.io/v1alpha1
kind: Config
specs: [spec.yaml]
charts: charts
clusters:
- name: lab
  inventory: [nodes.json]
- name: prod
  inventory: [prod.json]
output: {dir: rendered}
"""


@pytest.fixture
def repository(project: Any) -> Any:
    (project.root / ".git").mkdir()
    project.write("sro.yaml", CONFIG)
    return project


@pytest.fixture
def fleet(repository: Any) -> Any:
    """Two clusters with the same nodes."""
    repository.write("prod.json", (repository.root / "nodes.json").read_bytes())
    repository.write("sro.yaml", TWO)
    return repository


def built(project: Any) -> list[str]:
    return sorted(path.parent.name for path in project.root.rglob("sro.lock.yaml"))


def test_build_needs_no_arguments(repository: Any) -> None:
    outcome = repository.run("build")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == (
        "kmod: chart kmod 1.0.0, namespace kmod, 1 kernel\n"
        f"  {KERNEL}  1 node, 1 object\n"
        "rendered/lab: 8 created, 0 updated, 0 removed, 0 unchanged\n"
    )


def test_the_bundle_is_that_of_the_same_arguments(repository: Any) -> None:
    repository.run("build")
    repository.build("--cluster", "lab")
    first, second = (
        {p.relative_to(repository.root / d): p.read_bytes() for p in (repository.root / d).rglob("*.yaml")}
        for d in ("rendered", "out")
    )
    assert first == second


def test_the_file_is_found_from_a_folder_below_and_its_paths_are_its_own(
    repository: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository.root / "a/b").mkdir(parents=True)
    monkeypatch.chdir(repository.root / "a/b")
    outcome = repository.run("build")
    assert outcome.out.endswith("../../rendered/lab: 8 created, 0 updated, 0 removed, 0 unchanged\n")
    assert built(repository) == ["lab"]


@pytest.mark.parametrize("root", ["inner", None])
def test_the_file_of_a_repository_around_this_one_is_not_taken(
    repository: Any, monkeypatch: pytest.MonkeyPatch, root: str | None
) -> None:
    (repository.root / "inner/deep").mkdir(parents=True)
    if root:
        # As in a worktree or a submodule, where .git is a file.
        repository.write("inner/.git", "gitdir: elsewhere\n")
    else:
        (repository.root / ".git").rmdir()
    monkeypatch.chdir(repository.root / "inner/deep")
    outcome = repository.run("build")
    assert (outcome.code, outcome.out) == (2, "")
    assert (
        "Missing argument 'SPEC...': name the specs, or let `sro-render init` write a sro.yaml that says it"
        in outcome.err
    )


def test_a_whole_command_line_is_not_touched_by_the_file(repository: Any) -> None:
    repository.write("sro.yaml", "nonsense")
    assert repository.build().code == 0
    assert built(repository) == ["cluster"]


def test_a_file_may_have_another_name_and_place(repository: Any) -> None:
    repository.write(
        "ops/fleet.yaml",
        CONFIG.replace("spec.yaml", "../spec.yaml")
        .replace("nodes.json", "../nodes.json")
        .replace("charts: c", "charts: ../c"),
    )
    repository.write("sro.yaml", "nonsense")
    assert repository.run("build", "--config", "ops/fleet.yaml").code == 0
    assert (repository.root / "ops/rendered/lab/sro.lock.yaml").is_file()


def test_a_file_that_is_not_there_is_named(repository: Any) -> None:
    outcome = repository.run("build", "--config", "other.yaml")
    assert outcome.code == 2
    assert outcome.err == (
        "error[no-such-file]: there is no file other.yaml\n"
        "  --> --config\n"
        "  help: `sro-render init` writes a sro.yaml from what it finds\n"
    )


def test_arguments_win(repository: Any) -> None:
    repository.write(
        "other.yaml", (repository.root / "spec.yaml").read_text().replace("name: kmod", "name: other", 1)
    )
    repository.write(
        "sro.yaml",
        CONFIG.replace("[spec.yaml]", "[gone.yaml]")
        .replace("nodes.json", "gone.json")
        .replace("charts: charts", "charts: gone"),
    )
    repository.write("more.yaml", (repository.root / "spec.yaml").read_bytes())
    outcome = repository.run("build", "more.yaml", "--inventory", "nodes.json", "--charts", "charts")
    assert outcome.code == 0
    assert built(repository) == ["lab"]
    assert (
        repository.run(
            "build",
            "more.yaml",
            "--inventory",
            "nodes.json",
            "--charts",
            "charts",
            "--out",
            "here",
            "--cluster",
            "x",
        ).code
        == 0
    )
    assert (repository.root / "here/x/sro.lock.yaml").is_file()


SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: {{ now.Year | quote }}, b: {{ randAlpha 4 }}}\n"
OPTIONS = "options: {secrets: allow, now: 2024-01-31T12:00:00Z, seedFile: seed, apiVersions: [a/v1], limits: {loop-iterations: 5}, timeLimit: 7}\n"


def test_options_are_those_of_the_command_line(repository: Any) -> None:
    repository.write("charts/kmod/templates/0001-s.yaml", SECRET)
    repository.write("seed", "a secret of at least 16 bytes")
    repository.write("sro.yaml", CONFIG + OPTIONS)
    assert repository.run("build").code == 0
    there = {path.name: path.read_bytes() for path in (repository.root / "rendered").rglob("*.yaml")}
    options = [
        "--secrets",
        "allow",
        "--now",
        "2024-01-31T12:00:00Z",
        "--seed-file",
        "seed",
        "-a",
        "a/v1",
        "--cluster",
        "lab",
    ]
    assert repository.build(*options).code == 0
    assert {path.name: path.read_bytes() for path in (repository.root / "out").rglob("*.yaml")} == there


def test_a_limit_of_the_file_is_kept_and_the_command_line_sets_another(repository: Any) -> None:
    repository.write("charts/kmod/templates/0001-s.yaml", "{{ range until 9 }}# {{ . }}\n{{ end }}")
    repository.write("sro.yaml", CONFIG + OPTIONS)
    repository.write("seed", "a secret of at least 16 bytes")
    outcome = repository.run("build")
    assert outcome.code == 2
    assert "error[limit-loop-iterations]" in outcome.err or "--limit loop-iterations=NUMBER" in outcome.err
    assert repository.run("build", "--limit", "loop-iterations=99").code == 0


def test_an_option_of_a_cluster_goes_over_that_of_the_whole(fleet: Any) -> None:
    fleet.write("charts/kmod/templates/0001-s.yaml", "# {{ .Values.nothing }}\n")
    fleet.write(
        "sro.yaml",
        TWO.replace("  inventory: [prod.json]\n", "  inventory: [prod.json]\n  options: {strict: false}\n")
        + "options: {strict: true}\n",
    )
    outcome = fleet.run("build")
    assert outcome.code == 1
    assert built(fleet) == ["prod"]
    assert outcome.err == (
        "error[missing-value]: .Values.nothing is not set\n"
        "  --> charts/kmod/templates/0001-s.yaml:1:6\n"
        "  1 | # {{ .Values.nothing }}\n"
        "    |      ^^^^^^^^^^^^^^^\n"
        "  in: lab\n"
        "lab: nothing was written: 1 error\n"
        "warning[missing-value]: .Values.nothing is not set\n"
        "  --> charts/kmod/templates/0001-s.yaml:1:6\n"
        "  1 | # {{ .Values.nothing }}\n"
        "    |      ^^^^^^^^^^^^^^^\n"
        "  in: prod\n"
    )


def test_a_cluster_that_fails_hides_no_other_one_and_each_says_its_name(fleet: Any) -> None:
    fleet.write("nodes.json", "{")
    outcome = fleet.run("-q", "build")
    assert (outcome.code, outcome.out) == (1, "")
    assert "  in: lab\n" in outcome.err
    assert built(fleet) == ["prod"]


def test_all_clusters_that_fail_are_wrong_input(fleet: Any) -> None:
    fleet.write("nodes.json", "{")
    fleet.write("prod.json", "{")
    outcome = fleet.run("build")
    assert outcome.code == 2
    assert "  in: lab\n" in outcome.err
    assert "  in: prod\n" in outcome.err
    assert built(fleet) == []


def test_a_cluster_is_chosen_by_its_name(fleet: Any) -> None:
    assert fleet.run("build", "--cluster", "prod").code == 0
    assert built(fleet) == ["prod"]


def test_an_unknown_cluster_names_the_nearest(fleet: Any) -> None:
    outcome = fleet.run("build", "--cluster", "prd")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        "error[unknown-cluster]: sro.yaml has no cluster 'prd'\n"
        "  --> sro.yaml:5:1 (--cluster)\n"
        "  5 | clusters:\n"
        "    | ^^^^^^^^\n"
        "  help: did you mean prod?\n"
    )


def test_an_inventory_is_for_one_cluster(fleet: Any) -> None:
    outcome = fleet.run("build", "--inventory", "nodes.json")
    assert outcome.code == 2
    assert "Error: --inventory is for one cluster, and sro.yaml has 2: add --cluster NAME\n" in outcome.err
    assert fleet.run("build", "--inventory", "nodes.json", "--cluster", "prod").code == 0


def test_the_report_for_programs_has_each_cluster(fleet: Any) -> None:
    fleet.write("nodes.json", "{")
    outcome = fleet.run("build", "-o", "json")
    clusters = json.loads(outcome.out)["clusters"]
    assert [(each["cluster"], each["written"], len(each["errors"])) for each in clusters] == [
        ("lab", False, 1),
        ("prod", True, 0),
    ]


@pytest.mark.parametrize(
    ("shard", "expected"), [("0/2", ["lab"]), ("1/2", ["prod"]), ("0/1", ["lab", "prod"]), ("2/3", [])]
)
def test_a_shard_builds_its_own_clusters(fleet: Any, shard: str, expected: list[str]) -> None:
    outcome = fleet.run("build", "--shard", shard)
    assert outcome.code == 0
    assert built(fleet) == expected
    assert (outcome.err == f"shard {shard} has no cluster: there is nothing to do\n") == (not expected)


@pytest.mark.parametrize("command", ["build", "check"])
def test_a_shard_without_clusters_tells_programs_so(fleet: Any, command: str) -> None:
    outcome = fleet.run(command, "--shard", "2/3", "-o", "json")
    assert (outcome.code, json.loads(outcome.out)) == (0, {"clusters": []})


@pytest.mark.parametrize(
    ("shard", "message"),
    [
        ("1", "'1' is not I/N, such as 0/4"),
        ("a/b", "'a/b' is not I/N, such as 0/4"),
        ("-1/2", "'-1/2' is not I/N, such as 0/4"),
        ("2/2", "'2/2' is none of the shards, which count from 0: the last is N-1/N"),
        (f"0/{'9' * 5000}", f"'0/{'9' * 5000}' is not I/N, such as 0/4"),
        ("0/0", "'0/0' is none of the shards, which count from 0: the last is N-1/N"),
    ],
)
def test_what_is_no_shard_is_refused(fleet: Any, shard: str, message: str) -> None:
    outcome = fleet.run("build", f"--shard={shard}")
    assert outcome.code == 2
    assert outcome.err.endswith(f"Error: Invalid value for '--shard': {message}\n")
    assert built(fleet) == []


def test_all_mistakes_of_a_file_are_told_at_once(repository: Any) -> None:
    repository.write(
        "sro.yaml",
        "apiVersion: sro.openshift.io/v1alpha1\nkind: Config\nspecs: spec.yaml\nchart: charts\n"
        "clusters:\n- name: ../lab\n- inventory: []\n  name: b\noutput: {}\noptions: {secrets: maybe, limits: {loops: 3}}\n",
    )
    outcome = repository.run("build")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        "error[wrong-type]: this must be a list, and is the string 'spec.yaml'\n"
        "  --> sro.yaml:3:8 (specs)\n"
        "  3 | specs: spec.yaml\n"
        "    |        ^^^^^^^^^\n"
        "  help: Files with SpecialResources, or folders of them, for every cluster that names none itself.\n"
        "error[unknown-key]: 'chart' is not a key of this document\n"
        "  --> sro.yaml:4:1 (chart)\n"
        "  4 | chart: charts\n"
        "    | ^^^^^\n"
        "  help: did you mean 'charts'?\n"
        "error[missing-key]: 'inventory' is missing\n"
        "  --> sro.yaml:6:3 (clusters[0].inventory)\n"
        "  6 | - name: ../lab\n"
        "    |   ^\n"
        "  help: Snapshots of its nodes, as --inventory takes them; chart ConfigMaps may be among them.\n"
        "error[wrong-value]: '../lab' is not of the form that is wanted here\n"
        "  --> sro.yaml:6:9 (clusters[0].name)\n"
        "  6 | - name: ../lab\n"
        "    |         ^^^^^^\n"
        "  help: The cluster's name, which is that of its folder in the output: letters, digits, '.', '_' and '-'.\n"
        "error[wrong-value]: [] has less than 1 item\n"
        "  --> sro.yaml:7:14 (clusters[1].inventory)\n"
        "  7 | - inventory: []\n"
        "    |              ^\n"
        "  help: Snapshots of its nodes, as --inventory takes them; chart ConfigMaps may be among them.\n"
        "error[wrong-value]: output is either a folder or a branch\n"
        "  --> sro.yaml:9:1 (output)\n"
        "  9 | output: {}\n"
        "    | ^^^^^^\n"
        "  help: write one of both: dir: FOLDER, or git: {branch: NAME}\n"
        "error[wrong-value]: 'maybe' is none of 'refuse', 'allow'\n"
        "  --> sro.yaml:10:20 (options.secrets)\n"
        "  10 | options: {secrets: maybe, limits: {loops: 3}}\n"
        "     |                    ^^^^^\n"
        "  help: Whether Secrets with data may be rendered; refuse is the default.\n"
        "error[unknown-key]: 'loops' is not a key of options.limits\n"
        "  --> sro.yaml:10:36 (options.limits.loops)\n"
        "  10 | options: {secrets: maybe, limits: {loops: 3}}\n"
        "     |                                    ^^^^^\n"
        f"  help: known keys: {', '.join(sorted(NAMES))}\n"
    )


WITHOUT_SPECS = "".join(line for line in TWO.splitlines(keepends=True) if not line.startswith("specs"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "- a\n",
            (
                "error[not-an-object]: sro.yaml is no Config\n"
                "  --> sro.yaml:1:1\n"
                "  1 | - a\n"
                "    | ^\n"
                "  help: write apiVersion: sro.openshift.io/v1alpha1 and kind: Config, or let `sro-render init` write it anew\n"
            ),
        ),
        (
            TWO.replace("prod\n", "LAB\n"),
            (
                "error[duplicate-cluster]: there are two clusters named 'LAB', or differing in case alone\n"
                "  --> sro.yaml:8:9 (clusters[1].name)\n"
                "  8 | - name: LAB\n"
                "    |         ^^^\n"
                "  note: the first one is at sro.yaml:6:3\n"
                "  help: each has a folder of its name in the output: give one of them another name\n"
            ),
        ),
        (
            WITHOUT_SPECS.replace(
                "  inventory: [nodes.json]\n", "  inventory: [nodes.json]\n  specs: [spec.yaml]\n"
            ),
            (
                "error[missing-key]: 'specs' is missing, here and outside of the clusters\n"
                "  --> sro.yaml:8:3 (clusters[1].specs)\n"
                "  8 | - name: prod\n"
                "    |   ^\n"
                "  help: write specs: and below it the files with SpecialResources, or folders of them\n"
            ),
        ),
        (
            CONFIG + "options: {now: 2024-13-31}\n",
            (
                "error[wrong-value]: '2024-13-31' is not a time\n"
                "  --> sro.yaml:9:16 (options.now)\n"
                "  9 | options: {now: 2024-13-31}\n"
                "    |                ^^^^^^^^^^\n"
                "  help: write one such as 2024-01-31T12:00:00Z\n"
            ),
        ),
        (
            CONFIG + "options: {seedFile: seed}\n",
            (
                "error[seed-file]: seed cannot be read: No such file or directory\n"
                "  help: in the current folder there are charts, nodes.json, prod.json, spec.yaml, sro.yaml\n"
            ),
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(repository: Any, text: str, message: str) -> None:
    repository.write("prod.json", (repository.root / "nodes.json").read_bytes())
    repository.write("sro.yaml", text)
    outcome = repository.run("build")
    assert (outcome.code, outcome.out, outcome.err) == (2, "", message)


def test_a_sro_yaml_in_a_folder_of_specs_or_snapshots_is_none(repository: Any) -> None:
    repository.write("sro.yaml", CONFIG.replace("spec.yaml", "all").replace("nodes.json", "all"))
    for name in ("spec.yaml", "nodes.json", "sro.yaml"):
        repository.write(f"all/{name}", (repository.root / name).read_bytes())
    (repository.root / "all/nodes.json").rename(repository.root / "all-nodes.json")
    repository.write("sro.yaml", CONFIG.replace("spec.yaml", "all").replace("nodes.json", "all-nodes.json"))
    outcome = repository.run("build")
    assert (outcome.code, outcome.err) == (0, "")


def test_the_schema_has_every_limit_and_takes_the_examples() -> None:
    options = schema("Config")["properties"]["options"]["properties"]
    assert options["limits"]["properties"].keys() == NAMES.keys()
    assert (
        schema("Config")["properties"]["clusters"]["items"]["properties"]["options"]["properties"] == options
    )
    jsonschema_rs.meta.validate(schema("Config"))
    assert Path(__file__).parents[3].joinpath("schemas/config.schema.json").is_file()


IMAGE = """\
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  containers:
  - {name: c, image: "example.com/c"}
"""


def test_lint_looks_at_every_cluster_and_says_once_what_several_have(fleet: Any) -> None:
    fleet.write("charts/kmod/templates/0001-p.yaml", IMAGE)
    outcome = fleet.run("lint")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.endswith(
        "warning[image-latest]: the image example.com/c has no tag: what runs changes without a review\n"
        "  --> charts/kmod/templates/0001-p.yaml:6:22 (spec.containers[0].image)\n"
        '  6 |   - {name: c, image: "example.com/c"}\n'
        "    |                      ^^^^^^^^^^^^^^^\n"
        "  in: kmod\n"
        "  note: in Pod/kmod/p\n"
        "  help: name a version, or better a digest: IMAGE@sha256:…\n"
        "0 errors, 1 warning, 1 remark\n"
    )
    assert outcome.out.count("image-latest") == 1
    assert fleet.run("lint", "--strict").code == 1
    # With arguments the file is not looked for.
    fleet.write("sro.yaml", "nonsense")
    assert fleet.run("lint", "--charts", "charts").code == 0
    assert fleet.run("lint").code == 2


def test_lint_without_a_file_wants_something_to_look_at(project: Any) -> None:
    outcome = project.run("lint")
    assert outcome.code == 2
    assert outcome.err.endswith(
        "Error: nothing to look at: give SPEC, or --charts, or let `sro-render init` write a sro.yaml\n"
    )


def test_lint_mends_a_word_that_several_clusters_read_once(fleet: Any) -> None:
    template = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: '{{ .Values.kernelFulVersion }}'}\n"
    )
    fleet.write("charts/kmod/templates/0001-c.yaml", template)
    assert fleet.run("lint", "--fix").code == 0
    text = (fleet.root / "charts/kmod/templates/0001-c.yaml").read_text()
    assert text == template.replace("kernelFulVersion", "kernelFullVersion")


ARGO = "target: {kind: argocd, argocd: {repoURL: 'https://git.example.com/a.git', path: rendered}}\n"


def test_a_rule_that_is_none_is_told_with_its_place_whatever_the_command(repository: Any) -> None:
    repository.write("sro.yaml", CONFIG + 'ignore: ["ConfigMap/*", "["]\n')
    for command in ("build", "check", "diff"):
        outcome = repository.run(command)
        assert outcome.code == 2
        assert outcome.err == (
            "error[ignore-rule]: '[' is no rule of what to ignore\n"
            "  --> sro.yaml:9:25 (ignore[1])\n"
            '  9 | ignore: ["ConfigMap/*", "["]\n'
            "    |                         ^^^\n"
            "  help: write Kind/namespace/name:field.path, such as 'DaemonSet/*:metadata.annotations'\n"
        )


def test_a_limit_of_time_may_be_as_long_as_one_likes(repository: Any) -> None:
    repository.write("sro.yaml", CONFIG + f"options: {{timeLimit: 1{'0' * 400}}}\n")
    assert repository.run("build").code == 0
    assert repository.run("check", "--time-limit", "9" * 30).code == 0


def test_a_password_in_a_line_with_a_mistake_is_not_shown(repository: Any) -> None:
    target = '{kind: argocd, argocd: {repoURL: "https://me:kolibri@example.com/x", path: ../x}}'
    repository.write("sro.yaml", f"{CONFIG}target: {target}\n")
    outcome = repository.run("build")
    assert "kolibri" not in outcome.err
    line = f"target: {target}".replace("kolibri", "…")
    for key in ("repoURL", "path"):
        marker = " " * line.index(f"{key}:") + "^" * len(key)
        assert f"  9 | {line}\n    | {marker}\n" in outcome.err


def test_a_target_of_the_file_is_that_of_the_command_line(repository: Any) -> None:
    repository.write("sro.yaml", CONFIG + ARGO)
    assert repository.run("build").code == 0
    there = {
        path.relative_to(repository.root / "rendered"): path.read_bytes()
        for path in repository.root.glob("rendered/**/*.yaml")
    }
    told = [
        "--target",
        "argocd",
        "--target-option",
        "repoURL=https://git.example.com/a.git",
        "--target-option",
        "path=rendered",
    ]
    assert repository.build("--cluster", "lab", *told).code == 0
    assert {
        path.relative_to(repository.root / "out"): path.read_bytes()
        for path in repository.root.glob("out/**/*.yaml")
    } == there
    assert any("_argocd" in path.parts for path in there)
    assert repository.run("check").code == 0
    assert repository.run("check", "--target", "plain").code == 1
    # One option goes over that of the file, and the others stay.
    outcome = repository.run("check", "--target-option", "project=other")
    assert outcome.code == 1
    assert "spec.project: default -> other" in outcome.out


def test_a_cluster_may_have_a_target_of_its_own(fleet: Any) -> None:
    fleet.write("sro.yaml", TWO.replace("[prod.json]\n", "[prod.json]\n  target: {kind: plain}\n") + ARGO)
    assert fleet.run("build").code == 0
    found = {name: any((fleet.root / "rendered" / name).glob("_argocd")) for name in ("lab", "prod")}
    assert found == {"lab": True, "prod": False}


def test_mistakes_in_a_target_are_told_with_their_places(fleet: Any) -> None:
    fleet.write("sro.yaml", TWO + "target: {kind: argocd, argocd: {repoURl: x, path: a}}\n")
    outcome = fleet.run("build")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        "error[target-option]: the target argocd needs repoURL\n"
        "  --> sro.yaml:11:24 (target.argocd.repoURL)\n"
        "  11 | target: {kind: argocd, argocd: {repoURl: x, path: a}}\n"
        "     |                        ^^^^^^\n"
        "  help: give --target-option repoURL=https://git.example.com/gitops.git, or target.argocd.repoURL in sro.yaml\n"
        "error[target-option]: the target argocd has no option repoURl\n"
        "  --> sro.yaml:11:33 (target.argocd.repoURl)\n"
        "  11 | target: {kind: argocd, argocd: {repoURl: x, path: a}}\n"
        "     |                                 ^^^^^^^\n"
        "  help: did you mean repoURL?\n"
    )
