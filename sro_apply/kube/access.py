"""What it takes to speak with an API server: where it is, how it is known to be it, and who we are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

CONNECTIONS: Final = 96
"""That are kept open to a server: more than any command has threads."""

SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
"""Where a pod finds its namespace, if it may speak with the server."""


class Access(Struct, frozen=True, kw_only=True):
    """A server, and a user of it.

    host:      the server's address.
    namespace: the applier's own: of the pod, or of the kubeconfig's context.
    pool:      makes an `urllib3.PoolManager` with the certificates that it takes.
    user:      the value of the header Authorization, empty without one; a new one where it has run out.
    """

    host: str
    namespace: str
    pool: Callable[[], Any]
    user: Callable[[], str]
