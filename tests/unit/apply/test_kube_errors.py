"""What an answer of a server becomes: wait, or tell somebody; and what is never shown.

Matrix: statuses by sort, a body that is no Status, a long one, one about a Secret.
"""

from __future__ import annotations

import json

import pytest

from sro_apply.kube.errors import (
    EndingError,
    NotFoundError,
    PermanentError,
    TransientError,
    error_of,
    last_word,
    unreachable,
)


def body(message: str, reason: str = "") -> bytes:
    return json.dumps({"kind": "Status", "message": message, "reason": reason}).encode()


@pytest.mark.parametrize(
    ("status", "reason", "sort", "code"),
    [
        (401, "Unauthorized", PermanentError, "server-unauthorized"),
        (403, "Forbidden", PermanentError, "server-forbidden"),
        (404, "NotFound", NotFoundError, "server-not-found"),
        (409, "Conflict", PermanentError, "server-conflict"),
        (409, "AlreadyExists", TransientError, "server-busy"),
        (422, "Invalid", PermanentError, "server-invalid"),
        (429, "TooManyRequests", TransientError, "server-busy"),
        (500, "InternalError", TransientError, "server-busy"),
        (503, "ServiceUnavailable", TransientError, "server-busy"),
    ],
)
def test_an_answer_is_waited_for_or_told(status: int, reason: str, sort: type[Exception], code: str) -> None:
    error = error_of(status, body("what is wrong", reason), "apply Role/a/b", "Role", {})
    assert type(error) is sort
    assert (error.finding.code, error.finding.message) == (code, "apply Role/a/b: what is wrong")
    assert error.finding.hint


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (403, 'admission webhook "refuse.example.com" denied the request: not on a weekday'),
        (400, 'admission webhook "refuse.example.com" denied the request: not on a weekday'),
        (403, 'daemonsets.apps "a" is forbidden: exceeded quota: q, requested: count/daemonsets.apps=1'),
        (403, 'pods "a" is forbidden: violates PodSecurity "baseline:latest": privileged'),
        (403, 'pods "a" is forbidden: unable to validate against any security context constraint: []'),
    ],
)
def test_who_is_refused_by_a_check_of_the_cluster_is_not_told_to_get_rights(status: int, text: str) -> None:
    error = error_of(status, body(text, "Forbidden"), "apply Role/a/b", "Role", {})
    assert error.finding.hint == (
        "not a right is missing, but a check of the cluster refuses it: do what it wants, or have it changed by "
        "who looks after it"
    )


@pytest.mark.parametrize(
    "text",
    [
        "spec.selector: Invalid value: v1.LabelSelector{}: field is immutable",
        'roleRef: Invalid value: rbac.RoleRef{Name:"b"}: cannot change roleRef',
        "spec: Forbidden: updates to statefulset spec for fields other than 'replicas' are forbidden",
    ],
)
def test_a_field_that_cannot_be_changed_is_told_from_one_that_is_wrong(text: str) -> None:
    error = error_of(422, body(text, "Invalid"), "apply Role/a/b", "Role", {})
    assert error.finding.hint == (
        "a field that cannot be changed has another value: take the change back, or delete the object and sync "
        "again; to delete a driver unloads its module"
    )


RACE = "Operation cannot be fulfilled on roles: the object has been modified; please try again"
FIELDS = (
    'Apply failed with 1 conflict: conflict with "kubectl-edit" using rbac.authorization.k8s.io/v1: .rules'
)


@pytest.mark.parametrize(
    ("is_apply", "text", "causes", "sort"),
    [
        (True, RACE, [], TransientError),
        (False, RACE, [], PermanentError),
        (True, FIELDS, [{"reason": "FieldManagerConflict", "field": ".rules"}], PermanentError),
    ],
)
def test_what_others_write_at_the_same_moment_is_no_conflict_of_fields(
    is_apply: bool, text: str, causes: list[dict[str, str]], sort: type[Exception]
) -> None:
    """Whoever names a version of the object must read it again; an apply need only be sent again."""
    status = {"kind": "Status", "message": text, "reason": "Conflict", "details": {"causes": causes}}
    error = error_of(409, json.dumps(status).encode(), "apply Role/a/b", "Role", {}, is_apply=is_apply)
    assert type(error) is sort


def test_a_namespace_that_is_being_deleted_is_no_right_that_is_missing() -> None:
    """As Kubernetes 1.20 says it."""
    text = 'configmaps "b" is forbidden: unable to create new content in namespace a because it is being terminated'
    causes = [{"reason": "NamespaceTerminating", "message": "namespace a is being terminated"}]
    status = {"kind": "Status", "message": text, "reason": "Forbidden", "details": {"causes": causes}}
    error = error_of(403, json.dumps(status).encode(), "apply ConfigMap/a/b", "ConfigMap", {})
    assert isinstance(error, EndingError)
    assert (error.finding.message, error.finding.hint) == (
        f"apply ConfigMap/a/b: {text}",
        "wait until the namespace is gone",
    )


def test_an_object_that_is_not_as_its_kind_says_is_not_sent_again() -> None:
    """The server calls it its own failure; the text is that of Kubernetes 1.20 for `spec: []`."""
    text = "failed to create typed patch object: .spec: expected map, got &{[]}"
    error = error_of(500, body(text, ""), "apply Service/a/b", "Service", {})
    assert isinstance(error, PermanentError)
    assert error.finding.code == "server-invalid"


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (500, "etcdserver: request is too large"),
        (500, "rpc error: code = ResourceExhausted desc = trying to send message larger than max (3 vs. 2)"),
        (413, "Request entity too large: limit is 3145728"),
    ],
)
def test_an_object_that_is_too_large_is_not_sent_again(status: int, text: str) -> None:
    error = error_of(status, body(text, ""), "apply Thing/a/b", "Thing", {})
    assert isinstance(error, PermanentError)
    assert (error.finding.code, error.finding.message) == ("server-invalid", f"apply Thing/a/b: {text}")
    assert "1.5 MiB" in error.finding.hint


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("", None),
        ("Wed, 21 Oct 2026", None),
        ("86400", 60.0),  # a proxy that is serviced: a driver is not kept waiting for a day
        ("9" * 400, 60.0),  # more than any clock can wait
    ],
)
def test_a_busy_server_says_when_to_come_again(header: str, seconds: float | None) -> None:
    error = error_of(429, b"", "list Pod", "Pod", {"Retry-After": header})
    assert isinstance(error, TransientError)
    assert error.retry_after_s == seconds


@pytest.mark.parametrize(
    ("answer", "sort"),
    [
        (b"404 page not found\n", NotFoundError),
        (b"", NotFoundError),
        (body("not found", "NotFound"), NotFoundError),
        (b"default backend - 404", TransientError),
        (b"<html><h1>Not Found</h1></html>", TransientError),
        (b'{"message": "no Route matched"}', TransientError),
    ],
)
def test_what_a_load_balancer_does_not_find_may_be_there_all_the_same(
    answer: bytes, sort: type[Exception]
) -> None:
    """What is taken for gone is made once more, and nobody looks for its kind any more."""
    assert isinstance(error_of(404, answer, "read Role/a/b", "Role", {}), sort)


def test_who_answers_in_the_servers_place_is_shown() -> None:
    error = error_of(404, b"default backend - 404", "read Role/a/b", "Role", {})
    assert error.finding.code == "server-not-understood"
    assert error.finding.message == (
        "read Role/a/b: 404 from something that is no API server: default backend - 404"
    )
    assert last_word(error.finding).hint == (
        "see who answers at the server's address, such as a proxy or a load balancer, and run the command again"
    )


def test_what_is_no_status_is_shown_as_it_came_and_cut() -> None:
    assert error_of(400, b"<html>no</html>", "x", "Role", {}).finding.message == "x: <html>no</html>"
    assert error_of(400, b"", "x", "Role", {}).finding.message == "x: the server answered 400"
    assert len(error_of(400, b"a" * 10_000, "x", "Role", {}).finding.message) == len("x: ") + 2_000 + 1


def test_a_refused_secret_is_not_repeated() -> None:
    error = error_of(422, body('data: Invalid value: "hunter2"', "Invalid"), "apply Secret/a/b", "Secret", {})
    assert "hunter2" not in str(error)
    assert error.finding.message == (
        "apply Secret/a/b: Invalid (what it says is not shown: it may repeat the Secret)"
    )


def test_no_answer_at_all_is_waited_for_and_names_the_cause() -> None:
    error = unreachable("list Node", ConnectionRefusedError("refused"))
    assert error.finding.message == "list Node: refused"
    assert unreachable("list Node", TimeoutError()).finding.message == "list Node: TimeoutError"
