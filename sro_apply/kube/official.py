"""Reads whatever kubectl reads, by the official client: all sorts of kubeconfigs, a pod's ServiceAccount."""

from __future__ import annotations

from typing import Final

from kubernetes import config
from kubernetes.client.configuration import Configuration
from kubernetes.client.rest import RESTClientObject
from kubernetes.config.config_exception import ConfigException

from sro_apply.kube.access import CONNECTIONS, SERVICE_ACCOUNT, Access
from sro_apply.kube.kubeconfig import missing_files
from sro_render.errors import InputError
from sro_render.model.objects import mapping_of, text_of

_HINT: Final = "name a kubeconfig with --kubeconfig or KUBECONFIG, or run in a pod"


def official_access(kubeconfig: str | None, context: str | None) -> Access:
    """Access as kubectl has it: by a kubeconfig, else as the pod's ServiceAccount.

    Raises: InputError: there is neither, or it cannot be used.
    """
    settings = Configuration()
    try:
        namespace = _configure(settings, kubeconfig, context)
    except Exception as error:  # a damaged kubeconfig makes the library raise whatever it stumbles over
        words, hint = _missing(kubeconfig, context) or (_in_words(error), _HINT)
        raise InputError(
            "no-connection",
            f"there is no cluster to connect to: {words}",
            subject=kubeconfig or "",
            hint=hint,
        ) from error
    settings.connection_pool_maxsize = CONNECTIONS
    return Access(
        host=settings.host,
        namespace=namespace,
        pool=lambda: RESTClientObject(settings).pool_manager,
        user=lambda: settings.get_api_key_with_prefix("BearerToken", alias="authorization") or "",
    )


def _configure(settings: Configuration, kubeconfig: str | None, context: str | None) -> str:
    if kubeconfig is None and context is None and SERVICE_ACCOUNT.exists():
        config.load_incluster_config(client_configuration=settings)  # type: ignore[no-untyped-call]
        return SERVICE_ACCOUNT.read_text(encoding="utf-8").strip()
    load, list_contexts = config.load_kube_config, config.list_kube_config_contexts
    load(config_file=kubeconfig, context=context, client_configuration=settings)  # type: ignore[no-untyped-call]
    contexts, active = list_contexts(config_file=kubeconfig)  # type: ignore[no-untyped-call]
    chosen = next((each for each in contexts if each["name"] == context), active)
    return text_of(mapping_of(mapping_of(chosen).get("context")).get("namespace")) or "default"


def _missing(kubeconfig: str | None, context: str | None) -> tuple[str, str] | None:
    """What is simply not there, and what to do about it; the library says too little of it."""
    absent = missing_files(kubeconfig)
    if absent:
        return f"there is no file {', '.join(absent)}", _HINT
    if context is None:
        return None
    try:
        found, _ = config.list_kube_config_contexts(config_file=kubeconfig)  # type: ignore[no-untyped-call]
    except Exception:  # noqa: BLE001 - it is told in the library's words
        return None
    contexts = sorted(text_of(each["name"]) for each in found)
    if context in contexts:
        return None
    return f"there is no context {context}", f"name one of these with --context: {', '.join(contexts)}"


def _in_words(error: Exception) -> str:
    """One line: a fault that the library foresaw in its words, any other with its sort."""
    words = " ".join(str(error).split())
    return words if isinstance(error, ConfigException) else f"{type(error).__name__}: {words}"
