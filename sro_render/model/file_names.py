"""The names of the files on disk that are ours and that more than one part of the program looks for."""

from __future__ import annotations

LOCK_NAME = "sro.lock.yaml"
"""The lock of a cluster's folder of manifests."""
CHARTS_LOCK_NAME = "charts.lock.yaml"
"""The lock of a charts folder."""
CONFIG_NAME = "sro.yaml"
"""What a repository renders, in its root."""
SIGNATURE_NAME = f"{LOCK_NAME}.sig"
"""The signature of a lock, beside it. No lock lists it, for it is made after the lock."""
METADATA_NAME = "hydrator.metadata"
"""Where a tool that promotes commits finds which commit they were made from."""
