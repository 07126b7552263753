"""What a target is told: what is read, and how every fault is said.

Matrix: nested and dotted keys, texts of the command line and values of YAML, absent, unknown and wrong
fields of both targets. Left out: what YAML itself refuses.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sro_render.errors import InputError, SroError
from sro_render.model.objects import JsonObject
from sro_render.targets.options import (
    ArgoOptions,
    FluxOptions,
    PlainOptions,
    options_of,
    read_target,
    told_target,
)

ARGO: JsonObject = {"repoURL": "https://git.example.com/x", "path": "clusters"}


def faults(read: Callable[[], object]) -> list[tuple[str, str, str]]:
    try:
        read()
    except InputError as error:
        return [(error.finding.path, error.finding.message, error.finding.hint)]
    except ExceptionGroup as group:
        errors = [error for error in group.exceptions if isinstance(error, SroError)]
        return [(error.finding.path, error.finding.message, error.finding.hint) for error in errors]
    return []


def test_nested_and_dotted_keys_mean_the_same() -> None:
    nested = read_target({"kind": "flux", "flux": {"sourceRef": {"name": "gitops"}, "path": "."}})
    assert nested == options_of("flux", {"sourceRef.name": "gitops", "path": "."})
    assert isinstance(nested, FluxOptions)
    assert (nested.source_kind, nested.source_name, nested.path) == ("GitRepository", "gitops", "")


def test_texts_of_the_command_line_and_values_of_a_file_mean_the_same() -> None:
    text = options_of(
        "argocd", {**ARGO, "automated": "false", "buildTimeout": "1h30m", "accept": "target-driver-kept"}
    )
    value = options_of(
        "argocd", {**ARGO, "automated": False, "buildTimeout": "90m", "accept": ["target-driver-kept"]}
    )
    assert isinstance(text, ArgoOptions)
    assert isinstance(value, ArgoOptions)
    assert (text.is_automated, text.build_timeout_s, text.accepted) == (False, 5400, ("target-driver-kept",))
    assert (value.is_automated, value.build_timeout_s, value.accepted) == (
        False,
        5400,
        ("target-driver-kept",),
    )


def test_a_path_is_told_without_slashes_around_it() -> None:
    told = options_of("argocd", {**ARGO, "path": "./clusters//all/"})
    assert isinstance(told, ArgoOptions)
    assert told.path == "clusters/all"


@pytest.mark.parametrize(
    "url", ["git@git.example.com:x/y.git", "ssh://git@git.example.com:22/x", "https://h/a@b:c"]
)
def test_a_user_without_a_password_is_taken(url: str) -> None:
    told = options_of("argocd", {**ARGO, "repoURL": url})
    assert isinstance(told, ArgoOptions)
    assert told.repo_url == url


def test_plain_is_what_is_meant_where_nothing_is_said() -> None:
    assert read_target({}) == PlainOptions()
    assert read_target({"kind": "plain", "argocd": ARGO}) == PlainOptions()


def test_the_lock_says_what_was_given_and_no_defaults() -> None:
    assert options_of("argocd", {**ARGO, "destination": {"name": "x"}}).to_mapping() == {
        "repoURL": "https://git.example.com/x",
        "path": "clusters",
        "destination.name": "x",
    }


def test_what_is_needed_and_missing_is_said_all_at_once_with_how_to_give_it() -> None:
    assert faults(lambda: options_of("argocd", {})) == [
        (
            "target.argocd.repoURL",
            "the target argocd needs repoURL",
            "give --target-option repoURL=https://git.example.com/gitops.git, or target.argocd.repoURL in sro.yaml",
        ),
        (
            "target.argocd.path",
            "the target argocd needs path",
            "give --target-option path=clusters, or target.argocd.path in sro.yaml",
        ),
    ]
    assert [path for path, *_ in faults(lambda: options_of("flux", {}))] == [
        "target.flux.sourceRef.name",
        "target.flux.path",
    ]


@pytest.mark.parametrize(
    ("given", "path", "message", "hint"),
    [
        ({"repo": "x"}, "repo", "the target argocd has no option repo", "did you mean repoURL?"),
        ({"path": "../x"}, "path", "this must be a path inside the repository, with / between its parts; . is its root", ""),
        ({"repoURL": "https://me:secret@git.example.com/x"}, "repoURL", "this has a password in it, which would be in Git: give it to Argo CD", ""),
        ({"revision": "{{ .x }}"}, "revision", "this must not hold {{: an ApplicationSet is a template", ""),
        ({"path": 5}, "path", "this must be a text on one line, without space around it", ""),
        ({"revision": "a\nb"}, "revision", "this must be a text on one line, without space around it", ""),
        ({"namespace": "A_b"}, "namespace", "'A_b' is no name that Kubernetes takes", ""),
        ({"automated": "yes"}, "automated", "this must be true or false", ""),
        ({"buildTimeout": "10"}, "buildTimeout", "this must be a time such as 30s, 10m or 1h30m", ""),
        ({"buildTimeout": "0s"}, "buildTimeout", "this must be a time such as 30s, 10m or 1h30m", ""),
        ({"accept": "target-drivers-kept"}, "accept", "no target has a finding 'target-drivers-kept', did you mean target-driver-kept?", ""),
        (
            {"destination": {"name": "a", "server": "https://b"}},
            "destination.server",
            "a destination has a name or a server, not both",
            "",
        ),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named(given: JsonObject, path: str, message: str, hint: str) -> None:
    told = {**ARGO, **given}
    assert faults(lambda: options_of("argocd", told)) == [(f"target.argocd.{path}", message, hint)]


def test_a_source_of_another_kind_is_refused() -> None:
    told: JsonObject = {"path": ".", "sourceRef": {"name": "x", "kind": "HelmRepository"}}
    assert faults(lambda: options_of("flux", told)) == [
        (
            "target.flux.sourceRef.kind",
            "a source's kind is one of GitRepository, OCIRepository, Bucket, ExternalArtifact",
            "",
        )
    ]


def test_the_command_line_goes_over_the_file() -> None:
    file: JsonObject = {"kind": "argocd", "argocd": {**ARGO, "destination": {"name": "a"}}, "flux": {}}
    told = told_target("", {"path": "other", "destination.name": "b"}, file)
    assert isinstance(told, ArgoOptions)
    assert (told.repo_url, told.path, told.destination_name) == ("https://git.example.com/x", "other", "b")
    assert told_target("", {}, file) == read_target(file)
    assert told_target("plain", {}, file) == PlainOptions()
    assert told_target("", {}) == PlainOptions()
    assert [path for path, *_ in faults(lambda: told_target("flux", {"path": "x"}, file))] == [
        "target.flux.sourceRef.name"
    ]
    assert [path for path, *_ in faults(lambda: told_target("", {}, []))] == ["target"]


def test_a_target_that_is_none_is_refused() -> None:
    assert faults(lambda: read_target("argocd")) == [
        ("target", "a target is a mapping, such as {kind: plain}", "")
    ]
    assert faults(lambda: read_target({"kind": "argo", "fluxx": {}})) == [
        ("target.fluxx", "a target has no such field", "did you mean flux?"),
        ("target.kind", "a target's kind is one of plain, argocd, flux", ""),
    ]
    assert faults(lambda: read_target({"kind": "flux", "flux": []})) == [
        ("target.flux.sourceRef.name", "the target flux needs sourceRef.name", "give --target-option sourceRef.name=flux-system, or target.flux.sourceRef.name in sro.yaml"),
        ("target.flux.path", "the target flux needs path", "give --target-option path=clusters, or target.flux.path in sro.yaml"),
    ]  # fmt: skip
    assert faults(lambda: read_target({"kind": "flux", "flux": "x"})) == [
        ("target.flux", "what a target is told is a mapping", "")
    ]
