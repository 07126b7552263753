"""What must not stand in Git: Secrets with data, and credentials outside of Secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sro_render.lint.interface import Hit, Subject
from sro_render.lint.pods import containers_of, entries, pod_of
from sro_render.lint.rules import PLAIN_CREDENTIAL, PLAIN_SECRET
from sro_render.model.bundle import RenderedObject
from sro_render.model.objects import mapping_of, text_of
from sro_render.validation import PLAIN_SECRET_HINT, is_open_secret

_CREDENTIAL_NAME = re.compile(
    r"(?i)(?:^|_)(?:passw(?:or)?d|passphrase|token|(?:client|shared)_secret|(?:secret|api|access|private)_?key)$"
)
# A reference to another variable, a file, a switch or a number is no credential.
_NO_CREDENTIAL = re.compile(r"(?i)\$\(|/|[a-z]+://|(?:true|false|yes|no|on|off)$|\d+$")
_PRIVATE_KEY = re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----")


def check_secrets(subject: Subject) -> Iterator[Hit]:
    """Secrets with data, variables with passwords, ConfigMaps with private keys. No value is ever shown."""
    for rendered in subject.objects():
        if is_open_secret(rendered.manifest):
            yield Hit(
                rule=PLAIN_SECRET,
                message="the Secret holds data in plain text, and bundles end up in Git",
                rendered=rendered,
                path=("kind",),
                hint=PLAIN_SECRET_HINT,
            )
        yield from _check_variables(rendered)
        if rendered.id.kind == "ConfigMap":
            yield from _check_config_map(rendered)


def _check_variables(rendered: RenderedObject) -> Iterator[Hit]:
    pod = pod_of(rendered.manifest)
    for container in containers_of(pod) if pod else ():
        for variable in entries(container, "env"):
            name, value = text_of(variable.value.get("name")), text_of(variable.value.get("value"))
            if value and _CREDENTIAL_NAME.search(name) and not _NO_CREDENTIAL.match(value):
                yield Hit(
                    rule=PLAIN_CREDENTIAL,
                    message=f"the variable {name} has its value in plain text",
                    rendered=rendered,
                    path=variable.below("name"),
                    hint="take it from a Secret: valueFrom.secretKeyRef",
                    hidden=value,
                )


def _check_config_map(rendered: RenderedObject) -> Iterator[Hit]:
    for key, value in mapping_of(rendered.manifest.get("data")).items():
        if _PRIVATE_KEY.search(text_of(value)):
            yield Hit(
                rule=PLAIN_CREDENTIAL,
                message=f"{key} of a ConfigMap holds a private key",
                rendered=rendered,
                path=("data", key),
                of_key=True,
                hint="keep it in a Secret that is created by other means",
            )
