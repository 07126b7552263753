"""What a target needs to know beside the bundle, and the one way to read it from a mapping.

The mapping is `target` of `sro.yaml`, or what `--target-option` gives: nested mappings and dotted keys
mean the same. Every fault is collected, each with its key path. Whether a repository or an image exists
is never asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias, TypeVar

from msgspec import Struct, field

from sro_render.errors import Faults, InputError, nearest
from sro_render.model.objects import JsonObject, JsonValue

DEFAULT_WAIT_IMAGE: Final = "image-registry.openshift-image-registry.svc:5000/openshift/cli:latest"
"""Every OpenShift has this image stream, in the cluster's own version; builds exist nowhere else."""

FINDING_CODES: Final = (
    "target-driver-kept",
    "target-driver-not-awaited",
    "target-hook-as-object",
    "target-lane-holds-up",
    "target-node-labels",
    "target-order-once",
    "target-removed-kept",
)
"""What `findings` has: `accept` may name them."""

# Go's durations as both tools take them, in whole hours, minutes and seconds.
_DURATION = re.compile(r"(?:([0-9]{1,5})h)?(?:([0-9]{1,5})m)?(?:([0-9]{1,6})s)?")
# https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")

_T = TypeVar("_T")


class PlainOptions(Struct, frozen=True, kw_only=True):
    """The target `plain` needs nothing."""

    @property
    def kind(self) -> str:
        """The target's name."""
        return "plain"

    def to_mapping(self) -> JsonObject:
        """What the lock says of them."""
        return {}


class ArgoOptions(Struct, frozen=True, kw_only=True):
    """What Argo CD must be told.

    repo_url, revision: the repository that the bundle is committed to.
    path:               of OUT in that repository, with `/` between its parts; empty for its root.
    project, namespace: of the Applications.
    destination_name:   the cluster as Argo CD knows it; empty for the bundle's own name.
    destination_server: its URL, in place of a name.
    is_automated:       whether Argo CD syncs by itself.
    accepted:           codes of findings of the target that are known and not said any more.
    """

    repo_url: str
    path: str
    revision: str = "HEAD"
    project: str = "default"
    namespace: str = "argocd"
    destination_name: str = ""
    destination_server: str = ""
    is_automated: bool = True
    wait_image: str = DEFAULT_WAIT_IMAGE
    build_timeout_s: int = 3600
    accepted: tuple[str, ...] = ()
    given: Mapping[str, JsonValue] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def kind(self) -> str:
        """The target's name."""
        return "argocd"

    def to_mapping(self) -> JsonObject:
        """What the lock says of them: what was given, by its dotted key."""
        return dict(self.given)

    @classmethod
    def from_mapping(cls, value: Mapping[str, JsonValue], path: str = "target.argocd") -> ArgoOptions:
        """Read `{repoURL: …, path: …, destination: {name: …}, …}`.

        Raises: InputError, or a group of them: see `_Reader`.
        """
        reader = _Reader(value, path, "argocd")
        options = cls(
            repo_url=reader.needed("repoURL", "https://git.example.com/gitops.git", _repository),
            path=reader.needed("path", "clusters", _path),
            revision=reader.read("revision", _text, "HEAD"),
            project=reader.read("project", _text, "default"),
            namespace=reader.read("namespace", _name, "argocd"),
            destination_name=reader.read("destination.name", _text, ""),
            destination_server=reader.read("destination.server", _text, ""),
            is_automated=reader.read("automated", _flag, default=True),
            wait_image=reader.read("waitImage", _text, DEFAULT_WAIT_IMAGE),
            build_timeout_s=reader.read("buildTimeout", _duration_s, 3600),
            accepted=reader.read("accept", _codes, ()),
            given=reader.given,
        )
        if options.destination_name and options.destination_server:
            reader.refuse("destination.server", "a destination has a name or a server, not both")
        reader.finish()
        return options


class FluxOptions(Struct, frozen=True, kw_only=True):
    """What Flux must be told.

    source_kind, source_name, source_namespace: the source that has the bundle; an empty namespace is
                   that of the Kustomizations.
    path:          of OUT in that source, with `/` between its parts; empty for its root.
    interval, retry_interval, timeout: in Go's form, such as `10m`. A build must fit into the timeout.
    accepted:      codes of findings of the target that are known and not said any more.
    """

    source_name: str
    path: str
    source_kind: str = "GitRepository"
    source_namespace: str = ""
    namespace: str = "flux-system"
    interval: str = "10m"
    retry_interval: str = "1m"
    timeout: str = "1h"
    wait_image: str = DEFAULT_WAIT_IMAGE
    build_timeout_s: int = 3600
    accepted: tuple[str, ...] = ()
    given: Mapping[str, JsonValue] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def kind(self) -> str:
        """The target's name."""
        return "flux"

    def to_mapping(self) -> JsonObject:
        """What the lock says of them: what was given, by its dotted key."""
        return dict(self.given)

    @classmethod
    def from_mapping(cls, value: Mapping[str, JsonValue], path: str = "target.flux") -> FluxOptions:
        """Read `{sourceRef: {kind: …, name: …}, path: …, …}`.

        Raises: InputError, or a group of them: see `_Reader`.
        """
        reader = _Reader(value, path, "flux")
        options = cls(
            source_name=reader.needed("sourceRef.name", "flux-system", _name),
            path=reader.needed("path", "clusters", _path),
            source_kind=reader.read("sourceRef.kind", _source_kind, "GitRepository"),
            source_namespace=reader.read("sourceRef.namespace", _name, ""),
            namespace=reader.read("namespace", _name, "flux-system"),
            interval=reader.read("interval", _duration, "10m"),
            retry_interval=reader.read("retryInterval", _duration, "1m"),
            timeout=reader.read("timeout", _duration, "1h"),
            wait_image=reader.read("waitImage", _text, DEFAULT_WAIT_IMAGE),
            build_timeout_s=reader.read("buildTimeout", _duration_s, 3600),
            accepted=reader.read("accept", _codes, ()),
            given=reader.given,
        )
        reader.finish()
        return options


TargetOptions: TypeAlias = PlainOptions | ArgoOptions | FluxOptions
KINDS: Final = ("plain", "argocd", "flux")


def read_target(value: JsonValue, path: str = "target") -> TargetOptions:
    """Read `{kind: argocd, argocd: {…}}`; what another kind is told is left alone, but must be a mapping.

    Raises: InputError, or a group of them: `target-option` for each fault.
    """
    if not isinstance(value, dict):
        raise _fault(path, "a target is a mapping, such as {kind: plain}")
    unknown = [
        _fault(f"{path}.{key}", "a target has no such field", nearest(key, ("kind", *KINDS)))
        for key in value
        if key not in ("kind", *KINDS)
    ]
    kind = value.get("kind", "plain")
    faults = Faults()
    for fault in unknown:
        faults.add(fault)
    if kind not in KINDS:
        faults.add(_fault(f"{path}.kind", f"a target's kind is one of {', '.join(KINDS)}"))
    faults.raise_if_any()
    given = value.get(str(kind)) or {}
    if not isinstance(given, dict):
        raise _fault(f"{path}.{kind}", "what a target is told is a mapping")
    return options_of(str(kind), given, f"{path}.{kind}")


def told_target(kind: str, given: Mapping[str, JsonValue], configured: JsonValue = None) -> TargetOptions:
    """A target as the command line tells it, over what a file says.

    Args:   kind: empty for the file's, or plain. given: fields by their dotted keys, each over the file's.
            configured: as `read_target` takes it; None where no file says anything.
    Raises: InputError, or a group of them: `target-option`.
    """
    if configured is not None and not isinstance(configured, dict):
        return read_target(configured)
    base = configured or {}
    chosen = kind or str(base.get("kind", "plain"))
    own = base.get(chosen)
    told: JsonObject = {**(_flattened(own) if isinstance(own, dict) else {}), **given}
    return read_target({**base, "kind": chosen, **({chosen: told} if given else {})})


def options_of(kind: str, given: Mapping[str, JsonValue], path: str = "") -> TargetOptions:
    """The options of a target of one of `KINDS`.

    Args:   path: the key path of `given`; empty for `target.KIND`.
    Raises: InputError, or a group of them: `target-option`.
    """
    path = path or f"target.{kind}"
    if kind == "argocd":
        return ArgoOptions.from_mapping(given, path)
    if kind == "flux":
        return FluxOptions.from_mapping(given, path)
    _Reader(given, path, kind).finish()
    return PlainOptions()


class _Reader:
    """Reads a target's fields, notes all faults, and refuses what nobody asked for.

    A fault is an InputError `target-option` with the field's key path.
    """

    def __init__(self, value: Mapping[str, JsonValue], path: str, kind: str) -> None:
        self._values = _flattened(value)
        self._path = path
        self._kind = kind
        self._known: list[str] = []
        self._faults = Faults()

    @property
    def given(self) -> Mapping[str, JsonValue]:
        return MappingProxyType(dict(self._values))

    def needed(self, key: str, example: str, check: Callable[[JsonValue], str]) -> str:
        """A field without which the target cannot do; `example` shows how to give it."""
        if key not in self._values:
            self._known.append(key)
            self._faults.add(
                InputError(
                    "target-option",
                    f"the target {self._kind} needs {key}",
                    path=f"{self._path}.{key}",
                    hint=f"give --target-option {key}={example}, or {self._path}.{key} in sro.yaml",
                )
            )
            return ""
        return self.read(key, check, "")

    def read(self, key: str, check: Callable[[JsonValue], _T], default: _T) -> _T:
        """A field, or `default` where it is absent or wrong."""
        self._known.append(key)
        if key not in self._values:
            return default
        try:
            return check(self._values[key])
        except ValueError as error:
            self.refuse(key, str(error))
            return default

    def refuse(self, key: str, message: str) -> None:
        self._faults.add(_fault(f"{self._path}.{key}", message))

    def finish(self) -> None:
        for key in self._values:
            if key not in self._known:
                self._faults.add(
                    _fault(
                        f"{self._path}.{key}",
                        f"the target {self._kind} has no option {key}",
                        nearest(key, self._known),
                    )
                )
        self._faults.raise_if_any()


def _fault(path: str, message: str, close: str | None = None) -> InputError:
    return InputError("target-option", message, path=path, hint=f"did you mean {close}?" if close else "")


def _flattened(value: Mapping[str, JsonValue], prefix: str = "") -> dict[str, Any]:
    """Fields of nested mappings by their dotted keys."""
    flat: dict[str, Any] = {}
    for key, inner in value.items():
        if isinstance(inner, dict):
            flat.update(_flattened(inner, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = inner
    return flat


def _text(value: JsonValue) -> str:
    if not isinstance(value, str) or not value or value != value.strip() or not value.isprintable():
        raise ValueError("this must be a text on one line, without space around it")
    if "{{" in value:
        raise ValueError("this must not hold {{: an ApplicationSet is a template")
    return value


def _repository(value: JsonValue) -> str:
    text = _text(value)
    user, is_user, _ = text.partition("://")[2].partition("/")[0].rpartition("@")
    if is_user and ":" in user:
        # Not shown: it is a password.
        raise ValueError("this has a password in it, which would be in Git: give it to Argo CD")
    return text


def _name(value: JsonValue) -> str:
    text = _text(value)
    if len(text) > 253 or not _NAME.fullmatch(text):
        raise ValueError(f"{text!r} is no name that Kubernetes takes")
    return text


def _path(value: JsonValue) -> str:
    parts = _text(value).strip("/").split("/")
    kept = [part for part in parts if part not in {"", "."}]
    if ".." in kept or "\\" in str(value):
        raise ValueError("this must be a path inside the repository, with / between its parts; . is its root")
    return "/".join(kept)


def _flag(value: JsonValue) -> bool:
    if isinstance(value, bool):
        return value
    if value in {"true", "false"}:
        return value == "true"
    raise ValueError("this must be true or false")


def _codes(value: JsonValue) -> tuple[str, ...]:
    items = value if isinstance(value, list) else str(value).split(",")
    codes = [str(item).strip() for item in items]
    for code in codes:
        if code not in FINDING_CODES:
            close = nearest(code, FINDING_CODES)
            raise ValueError(
                f"no target has a finding {code!r}" + (f", did you mean {close}?" if close else "")
            )
    return tuple(codes)


def _source_kind(value: JsonValue) -> str:
    kinds = ("GitRepository", "OCIRepository", "Bucket", "ExternalArtifact")
    if value not in kinds:
        raise ValueError(f"a source's kind is one of {', '.join(kinds)}")
    return str(value)


def _duration(value: JsonValue) -> str:
    _duration_s(value)
    return str(value)


def _duration_s(value: JsonValue) -> int:
    parts = _DURATION.fullmatch(value) if isinstance(value, str) else None
    hours, minutes, seconds = (int(part or 0) for part in parts.groups()) if parts else (0, 0, 0)
    total = hours * 3600 + minutes * 60 + seconds
    if not total:
        raise ValueError("this must be a time such as 30s, 10m or 1h30m")
    return total
