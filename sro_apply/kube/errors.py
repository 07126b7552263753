"""What a server answers, or does not: transient faults pass if one waits, permanent ones need somebody.

Messages never hold what was sent: a server repeats values of a Secret in its answer, so that of those only
the reason is told.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from sro_apply.kube.forbidden import missing_rule
from sro_render.errors import Finding, ServerError
from sro_render.model.objects import JsonObject, mapping_of, text_of

LONGEST_RETRY_S: Final = 60.0
"""For a proxy that is serviced a server may ask for hours before the next try: no driver waits for that."""
MAX_BODY: Final = 2_000
"""Characters of an answer that people are shown."""
GONE: Final = 410
"""The server does not remember so much any more: list again."""
TRIED_AGAIN: Final = "it is tried again"
"""The hint of what may pass. Where nobody tries any more, `last_word` says what to do."""
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_UNREADABLE: Final = b"failed to create typed patch object"
"""Of an object that is not as its kind's schema says, the server says that it failed itself."""
_TOO_LARGE: Final = (b"etcdserver: request is too large", b"trying to send message larger than max")
"""What etcd, or the way to it, does not take: the server calls that its own failure, too."""
_OF_ADMISSION: Final = (
    b"denied the request",
    b"exceeded quota",
    b"violates PodSecurity",
    b"unable to validate against any security context constraint",
)
"""Of what may be written by who writes it, and is refused all the same: by webhooks, quotas and policies.

Source: kubernetes apiserver pkg/admission/plugin/webhook/errors, pkg/admission/plugin/resourcequota,
pod-security-admission; OpenShift's apiserver-library-go securitycontextconstraints/sccadmission.
"""
_IMMUTABLE: Final = (b"immutable", b"cannot change roleRef", b"updates to statefulset spec")
"""Of a field that stays as it was made. Source: kubernetes pkg/apis/*/validation."""
_ENDING: Final = b"NamespaceTerminating"
"""The cause in a Status. Source: kubernetes pkg/apis/core/v1 `NamespaceTerminatingCause`."""
_OF_MANAGERS: Final = b"FieldManagerConflict"
"""The cause in a Status. Source: kubernetes pkg/apis/meta/v1, CauseTypeFieldManagerConflict."""
_NO_SUCH_PATH: Final = "404 page not found"
"""Of a group that is not served. Source: go net/http server.go `NotFound`."""
_SECRET_KINDS = frozenset({"Secret"})


class TransientError(ServerError):
    """A request that may succeed later. retry_after_s: what the server wants, up to a limit, or None."""

    retry_after_s: float | None = None


class PermanentError(ServerError):
    """A request that fails again until something is changed.

    status: HTTP's, 0 where there is none; rule: the one that our roles lack, if that is why.
    """

    status: int = 0
    rule: str = ""


class NotFoundError(PermanentError):
    """The object, its namespace, or its kind is not there."""


class EndingError(PermanentError):
    """The namespace is being deleted. It passes when that has come to its end, and it is made anew."""


class NotServedError(NotFoundError):
    """Nobody answers for the path. Of an object that says nothing, as long as the server has its kind."""


class LeaseLostError(ServerError):
    """Another one works in this cluster. Whoever gets it ends: trying again would not help.

    holder: who has the Lease; empty where it let go of it in the meantime.
    """

    def __init__(self, holder: str, message: str, *, hint: str) -> None:
        super().__init__("lease-lost", message, hint=hint)
        self.holder = holder


def error_of(
    status: int, body: bytes, what: str, kind: str, headers: Mapping[str, str], *, is_apply: bool = False
) -> ServerError:
    """The error for an answer that is none of success.

    Args: what: the request in words; kind: of the object that was sent or asked for; is_apply: whether it
        was a server-side apply of whatever version there is, which passes once nobody else writes.
    """
    message, reason = _said(body, kind)
    text = f"{what}: {message or f'the server answered {status}'}"
    rule = missing_rule(_message(body)) if status == 403 else ""
    if rule:
        text += f"; sro-apply manifests SOURCE prints the rule that is missing: {rule}"
    if status == 500 and _UNREADABLE in body:
        status = 422
    if status == 500 and any(each in body for each in _TOO_LARGE):
        status = 413
    is_race = status == 409 and _OF_MANAGERS not in body and (is_apply or reason != "Conflict")
    if status in _TRANSIENT or is_race:
        transient = TransientError("server-busy", text, hint=TRIED_AGAIN)
        transient.retry_after_s = _seconds(headers.get("Retry-After", ""))
        return transient
    if status == 403 and _ENDING in body:
        ending = EndingError("server-forbidden", text, hint="wait until the namespace is gone")
        ending.status = status
        return ending
    if status == 404 and not _is_of_api_server(body):
        return not_understood(f"{what}: 404 from something that is no API server: {message}")
    if status == 404:
        # What is not there is told by a Status of who keeps it; of a path that nobody has there is only text.
        sort = NotFoundError if _status(body).get("kind") == "Status" else NotServedError
        missing = sort("server-not-found", text, hint="see whether its namespace and its CRD are there")
        missing.status = status
        return missing
    hint = _hint(status, body)
    error = PermanentError(_CODES.get(status, "server-refused"), text, hint=hint)
    error.status, error.rule = status, rule
    return error


def _hint(status: int, body: bytes) -> str:
    if any(each in body for each in _OF_ADMISSION):
        return _ADMITTED
    if status == 409 and _OF_MANAGERS not in body:
        return _OUTRUN
    if status == 422 and any(each in body for each in _IMMUTABLE):
        return _MADE_ANEW
    return _HINTS.get(status, "")


def last_word(finding: Finding) -> Finding:
    """What is said of an error after which nothing is tried any more."""
    if finding.hint != TRIED_AGAIN:
        return finding
    return replace(finding, hint=_LOOK_WHO if finding.code == _NOT_UNDERSTOOD else _LOOK_WHY)


def not_understood(text: str) -> TransientError:
    """The error for an answer of something between us and the server, such as a load balancer."""
    return TransientError(_NOT_UNDERSTOOD, text, hint=TRIED_AGAIN)


def unreachable(what: str, cause: Exception, words: str = "") -> TransientError:
    """The error for a request that got no answer. Args: words: why, if the cause has worse ones."""
    detail = words or str(cause) or type(cause).__name__
    return TransientError(
        "server-unreachable", f"{what}: {_cut(detail)}", hint="check the connection, and that the server runs"
    )


_NOT_UNDERSTOOD: Final = "server-not-understood"
_LOOK_WHY: Final = "see what keeps the server busy, and run the command again when it answers"
_LOOK_WHO: Final = (
    "see who answers at the server's address, such as a proxy or a load balancer, and run the command again"
)
_CODES = {
    401: "server-unauthorized",
    403: "server-forbidden",
    409: "server-conflict",
    413: "server-invalid",
    422: "server-invalid",
}
_HINTS = {
    401: "log in again: the token or certificate of the kubeconfig is not accepted",
    403: "print the manifests again for this bundle and apply them, or give the user this right yourself",
    GONE: "the list changed faster than it could be read: run the command again when less happens",
    409: "another manager has set these fields: --on-conflict force takes them over",
    413: "a server keeps about 1.5 MiB of an object: let the chart make several smaller ones of it",
    422: "the bundle has what this server does not accept: change the chart or its values",
}
_ADMITTED: Final = (
    "not a right is missing, but a check of the cluster refuses it: do what it wants, or have it changed by "
    "who looks after it"
)
_MADE_ANEW: Final = (
    "a field that cannot be changed has another value: take the change back, or delete the object and sync "
    "again; to delete a driver unloads its module"
)
_OUTRUN: Final = (
    "it has changed meanwhile: run the command again; a manifest that names uid or resourceVersion is of an "
    "object as it was once: take them out of the chart"
)


def _said(body: bytes, kind: str) -> tuple[str, str]:
    """The message and the reason of a Status, or the start of whatever else came."""
    reason = text_of(_status(body).get("reason"))
    if kind in _SECRET_KINDS:
        return f"{reason or 'refused'} (what it says is not shown: it may repeat the Secret)", reason
    return _cut(_message(body) or _text(body)), reason


def _message(body: bytes) -> str:
    return text_of(_status(body).get("message"))


def _is_of_api_server(body: bytes) -> bool:
    """Whether a 404 is an API server's word that something is not there: a Status, or its page for a path."""
    text = _text(body).strip()
    return not text or text == _NO_SUCH_PATH or _status(body).get("kind") == "Status"


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")


def _status(body: bytes) -> JsonObject:
    try:
        return mapping_of(json.loads(_text(body)))
    except ValueError:
        return {}


def _cut(text: str) -> str:
    text = text.strip()
    return f"{text[:MAX_BODY]}…" if len(text) > MAX_BODY else text


def _seconds(text: str) -> float | None:
    return min(float(text), LONGEST_RETRY_S) if text.isascii() and text.isdigit() else None
