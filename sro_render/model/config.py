"""`sro.yaml`: what a repository renders, for which clusters, and where to.

Decides the form of the records, and what a cluster takes over from the whole; schemas/config.schema.json
says the same in JSON Schema. Where the file lies and what its paths mean on disk is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from msgspec import UNSET, Struct, UnsetType

from sro_render.limits import NAMES, Limits
from sro_render.model.objects import JsonObject, JsonValue, mapping_of, text_of

API_VERSION = "sro.openshift.io/v1alpha1"
KIND = "Config"


class ConfigOptions(Struct, frozen=True, kw_only=True):
    """Choices by their names on the command line; UNSET is what the file does not say.

    seed_file: a path as the file has it. seconds: the limit of time for a chart; 0 is none.
    """

    secrets: str | UnsetType = UNSET
    strict: bool | UnsetType = UNSET
    api_versions: tuple[str, ...] | UnsetType = UNSET
    now: datetime | UnsetType = UNSET
    seed_file: str | UnsetType = UNSET
    limits: Limits | UnsetType = UNSET
    seconds: int | UnsetType = UNSET


class ClusterConfig(Struct, frozen=True, kw_only=True):
    """A cluster, with what it takes over from the whole. Paths as the file has them.

    specs:  empty where neither the cluster nor the whole names any. charts: None likewise.
    target: who applies the bundle, as the file has it.
    """

    name: str
    inventory: tuple[str, ...]
    specs: tuple[str, ...]
    charts: str | None
    options: ConfigOptions
    target: JsonObject = {}


class BranchConfig(Struct, frozen=True, kw_only=True):
    """A branch that bundles are committed to; empty is not said. repository: a path as the file has it.

    sign_key: empty for git's own choice, None for no signature. trailers: `KEY=VALUE`.
    """

    branch: str
    repository: str = "."
    path: str = ""
    remote: str = ""
    author: str = ""
    message: str = ""
    trailers: tuple[str, ...] = ()
    sign_key: str | None = None

    @classmethod
    def from_mapping(cls, value: JsonObject) -> BranchConfig:
        """Read `output.git`, valid by the schema."""
        key = text_of(value.get("signKey"))
        return cls(
            branch=text_of(value.get("branch")),
            repository=text_of(value.get("repository")) or ".",
            path=text_of(value.get("path")),
            remote=text_of(value.get("push")),
            author=text_of(value.get("author")),
            message=text_of(value.get("message")),
            trailers=tuple(f"{name}={text}" for name, text in mapping_of(value.get("trailers")).items()),
            sign_key=key if key or value.get("sign") is True else None,
        )


class Config(Struct, frozen=True, kw_only=True):
    """A whole `sro.yaml`. clusters: in the order of the file.

    folder: where bundles go, as a path of it; empty if to a branch. branch: None if to a folder.
    ignore: what `diff` hides and counts.
    """

    clusters: tuple[ClusterConfig, ...]
    folder: str
    branch: BranchConfig | None = None
    ignore: tuple[str, ...] = ()

    @classmethod
    def from_mapping(cls, value: Mapping[str, JsonValue]) -> Config:
        """Read a Config that is valid by its schema, and whose times are times."""
        outer = mapping_of(value.get("options"))
        specs, charts = _texts(value.get("specs")), value.get("charts")
        clusters, output = value.get("clusters"), mapping_of(value.get("output"))
        return cls(
            clusters=tuple(
                ClusterConfig(
                    name=text_of(each.get("name")),
                    inventory=_texts(each.get("inventory")),
                    specs=_texts(each.get("specs")) or specs,
                    charts=text_of(each.get("charts", charts)) or None,
                    target=mapping_of(each.get("target", value.get("target"))),
                    options=_options({**outer, **mapping_of(each.get("options"))}),
                )
                for each in map(mapping_of, clusters if isinstance(clusters, list) else ())
            ),
            folder=text_of(output.get("dir")),
            branch=BranchConfig.from_mapping(mapping_of(output["git"])) if "git" in output else None,
            ignore=_texts(value.get("ignore")),
        )


def read_time(text: str) -> datetime:
    """A time as `--now` and `now` take it; without a zone it is UTC.

    Raises: ValueError: it is none.
    """
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _options(value: JsonObject) -> ConfigOptions:
    secrets, strict, now = value.get("secrets"), value.get("strict"), value.get("now")
    seed_file, limits, seconds = value.get("seedFile"), value.get("limits"), value.get("timeLimit")
    return ConfigOptions(
        secrets=secrets if isinstance(secrets, str) else UNSET,
        strict=strict if isinstance(strict, bool) else UNSET,
        api_versions=_texts(value["apiVersions"]) if "apiVersions" in value else UNSET,
        now=read_time(now) if isinstance(now, str) else UNSET,
        seed_file=seed_file if isinstance(seed_file, str) else UNSET,
        limits=_limits(limits) if isinstance(limits, dict) else UNSET,
        seconds=seconds if isinstance(seconds, int) else UNSET,
    )


def _limits(value: JsonObject) -> Limits:
    return Limits(**{NAMES[name]: number for name, number in value.items() if isinstance(number, int)})


def _texts(value: JsonValue) -> tuple[str, ...]:
    return tuple(text_of(each) for each in value) if isinstance(value, list) else ()
