"""Connects a command to its cluster. What is refused before needs no client, whose import takes its time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from sro_render.errors import InputError

if TYPE_CHECKING:
    from sro_apply.kube.client import Client


class Target(Struct, frozen=True, kw_only=True):
    """The cluster that the user means; see `--kubeconfig`, `--context` (None where not given) and `--qps`."""

    kubeconfig: str | None = None
    context: str | None = None
    qps: float = 0.0


def connect(target: Target) -> tuple[Client, str]:
    """A client of the cluster, and the applier's own namespace there.

    Raises: InputError: the extra `apply` is missing, or there is no cluster to connect to.
    """
    try:
        from sro_apply.kube import client, connection  # noqa: PLC0415

        made = connection.connect(target.kubeconfig, target.context, qps=target.qps)
    except ModuleNotFoundError as error:
        raise InputError(
            "extra-missing",
            f"the package {error.name} is not installed, which speaks with the cluster",
            hint="install sro-render with its extra: pip install 'sro-render[apply]'",
        ) from error
    return client.Client(made), made.namespace
