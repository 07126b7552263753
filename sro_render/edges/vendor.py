"""Brings charts of `https://` repositories and `oci://` registries into the charts folder.

Decides what is fetched, what it must be, and what may be overwritten:

- A chart that the lock has and whose archive lies there, with the locked digest, costs no request.
- Without `update` a missing archive is fetched in the locked version, and must have the locked digest.
  With it, versions are looked for anew and archives fetched again, and the lock takes what came.
- Everything is fetched and checked in memory first; if anything is wrong, nothing is written. Archives
  are written before the lock, each in one step.
- A file is overwritten, or removed when the lock has another version in its place, only if its digest is
  in the lock: others are somebody else's.
- Dependencies are followed: those of the specs, and those of the SpecialResources that charts bring along.
- Entries of charts that no given spec names stay as they are.

How servers are spoken to is decided in `web`, who we say we are in `credentials`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from sro_render.charts.archive import read_archive
from sro_render.charts.chart import Chart, load_chart
from sro_render.charts.dependencies import check_dependencies
from sro_render.charts.oci import matches_digest, parse_reference, tag_of
from sro_render.charts.repository import IndexedChart, find_indexed, read_index
from sro_render.edges.chart_locks import read_charts_lock, write_charts_lock
from sro_render.edges.chart_store import ChartStore
from sro_render.edges.credentials import Access, CredentialStore, access_of
from sro_render.edges.files import write_file
from sro_render.edges.oci_registry import Registry
from sro_render.edges.own_specs import read_own_spec
from sro_render.edges.specs import hide_credentials
from sro_render.edges.web import Credentials, Patience, Web, is_url, origin_of, shown
from sro_render.errors import ChartError, Faults, Finding, InputError, OutputError, SroError, flatten
from sro_render.limits import Limits
from sro_render.model.chart_lock import ChartsLock, LockedArchive, is_remote, repository_of
from sro_render.model.file_names import CHARTS_LOCK_NAME
from sro_render.model.lock import digest_of
from sro_render.model.objects import JsonValue
from sro_render.model.specialresource import ChartReference, ManagementState, SpecialResource
from sro_render.pipeline.build import fold, in_spec
from sro_render.pipeline.dependencies import Need
from sro_render.sprig.versions import parse_version

_Key = tuple[str, str, str]
"""What two references to one chart have in common: name, repository, version."""

_NEEDS_CHART = frozenset({ManagementState.MANAGED, ManagementState.FORCE})


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorOptions:
    """The choices of one run. environment: where credentials may stand. say: is told each step."""

    update: bool = False
    plain_http: bool = False
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    patience: Patience = field(default_factory=Patience)
    limits: Limits = field(default_factory=Limits)
    say: Callable[[str], None]


class Vendored(Struct, frozen=True, kw_only=True):
    """A chart that is there now. change: `fetched`, `updated` (the lock had another one), `unchanged`."""

    entry: LockedArchive
    change: str
    data: bytes = b""
    """The archive to write; empty where the file is right already."""


class VendorOutcome(Struct, frozen=True, kw_only=True):
    """What one run did; with errors nothing was written."""

    charts: tuple[Vendored, ...]
    errors: tuple[SroError, ...]
    findings: tuple[Finding, ...]


class _Wanted(Struct, frozen=True, kw_only=True):
    """A chart that a spec names: an SR's own, or with `need` that of one of its dependencies."""

    resource: SpecialResource
    need: Need | None = None

    @property
    def reference(self) -> ChartReference:
        return self.need.reference if self.need else self.resource.chart

    @property
    def dependency(self) -> int | None:
        """The index among the SR's dependencies."""
        return self.need.index if self.need else None

    @property
    def key(self) -> _Key:
        return self.reference.name, repository_of(self.reference), self.reference.version

    def place(self, error: SroError) -> SroError:
        """The same error, at its place in the spec, without what is secret there."""
        placed = self.need.place(error) if self.need else in_spec(error, self.resource)
        hide_credentials([placed])
        return placed

    def placed(self, finding: Finding) -> Finding:
        """The same for a finding."""
        error = InputError(finding.code, finding.message)
        error.finding = finding
        return self.place(error).finding


def vendor(
    resources: Sequence[SpecialResource],
    folder: Path,
    options: VendorOptions,
) -> VendorOutcome:
    """Bring the charts of these SRs and of all that they need into a folder, and lock them.

    Raises: InputError, or a group of them: the lock or the environment cannot be used;
            OutputError: the system refuses to write.
    """
    return _Run(folder, options).run(resources)


class _Run:
    """One run: holds the lock as it was, and what was found on the way."""

    def __init__(self, folder: Path, options: VendorOptions) -> None:
        self.folder = folder
        self.options = options
        self.limits = options.limits
        self.lock = read_charts_lock(folder, options.limits)
        self.credentials = CredentialStore(options.environment)
        self.findings: list[Finding] = []
        self.indices: dict[tuple[str, str, bool], Mapping[str, JsonValue]] = {}

    def run(self, resources: Sequence[SpecialResource]) -> VendorOutcome:
        faults = Faults()
        vendored: dict[_Key, Vendored] = {}
        tried: set[_Key] = set()
        looked_into: set[_Key] = set()
        described = {resource.name for resource in resources}
        # Grows while charts come that bring along what they need themselves.
        waiting = deque(wanted for resource in resources for wanted in self.wanted_by(resource))
        while waiting:
            wanted = waiting.popleft()
            key = wanted.key
            try:
                if key not in tried:
                    tried.add(key)
                    if self.is_fetched(wanted):
                        vendored[key] = self.bring(wanted)
                if wanted.need and wanted.reference.name not in described and key not in looked_into:
                    looked_into.add(key)
                    own = self.own_spec(wanted.reference, vendored.get(key))
                    waiting.extend(self.wanted_by(own, is_own_there=True) if own else ())
            except (SroError, ExceptionGroup) as error:
                for each in flatten(error):
                    faults.add(wanted.place(each))
        charts = tuple(vendored[key] for key in sorted(vendored))
        lock = self.lock.with_charts(each.entry for each in charts)
        for fault in _conflicts(lock):
            faults.add(fault)
        if not faults:
            self.write(charts, lock)
        return VendorOutcome(charts=charts, errors=fold(tuple(faults)), findings=tuple(self.findings))

    def wanted_by(self, resource: SpecialResource, *, is_own_there: bool = False) -> Iterator[_Wanted]:
        """The charts that a spec names. What is Unmanaged needs its dependencies, and no chart itself."""
        state = resource.management_state
        if state not in _NEEDS_CHART:
            self.options.say(f"{resource.name}: {state.value}, needs no chart")
        elif not is_own_there:
            yield _Wanted(resource=resource)
        if state is not ManagementState.REMOVED:
            for index in range(len(resource.dependencies)):
                yield _Wanted(resource=resource, need=Need(owner=resource, index=index))

    def is_fetched(self, wanted: _Wanted) -> bool:
        """Whether a chart lies in a repository or registry; says of the others that they are not fetched."""
        reference = wanted.reference
        if not is_remote(reference):
            name = wanted.resource.name
            self.options.say(f"{name}: chart {reference} of {reference.url} is not fetched")
        return is_remote(reference)

    def own_spec(self, reference: ChartReference, vendored: Vendored | None) -> SpecialResource | None:
        """The SR that a chart brings along, wherever the chart lies; what is not there has none yet."""
        if vendored is not None:
            path = self.folder / vendored.entry.file_name
            data = vendored.data or path.read_bytes()
            name = path.as_posix()
            chart = load_chart(read_archive(data, name, self.limits), name, self.limits)
        elif is_remote(reference) or not self.folder.is_dir():
            return None
        else:
            store = ChartStore(folder=self.folder, config_maps={}, limits=self.limits)
            try:
                chart = store.find(reference).chart
            except (ChartError, ExceptionGroup):
                return None  # the build says so, which may have the chart in a ConfigMap
        return read_own_spec(chart, self.limits, self.findings)

    def bring(self, wanted: _Wanted) -> Vendored:
        """One chart: as the lock has it, else from its repository."""
        entry = self.lock.find(wanted.reference)
        if entry is None or self.options.update:
            chart = self.fetch(wanted, wanted.reference.version)
            is_there = self.on_disk(chart.entry.file_name) == chart.entry.archive_digest
            change = "updated" if entry and entry != chart.entry else chart.change
            return replace(chart, change="unchanged" if entry == chart.entry and is_there else change)
        there = self.on_disk(entry.file_name)
        if there == entry.archive_digest:
            return Vendored(entry=entry, change="unchanged")
        chart = self.fetch(wanted, entry.version)
        if chart.entry != entry:
            raise ChartError(
                "chart-lock-mismatch",
                f"{entry.repository} has another {entry.name} {entry.version} than the one that "
                f"{CHARTS_LOCK_NAME} locks",
                path="spec.chart",
                notes=(f"locked: {entry.archive_digest}", f"there:  {chart.entry.archive_digest}"),
                hint="a published version should not change: ask whoever publishes it; if it is right, "
                "`sro-render vendor --update` takes the new one",
            )
        return chart

    def on_disk(self, file_name: str) -> str:
        """The digest of an archive in the folder, empty where there is none.

        Raises: ChartError `chart-not-ours`: the lock does not have it, so that it is not overwritten.
        """
        path = self.folder / file_name
        if not path.exists() and not path.is_symlink():
            return ""
        try:
            digest = digest_of(path.read_bytes()) if path.is_file() and not path.is_symlink() else "no file"
        except OSError as error:
            raise ChartError("unreadable-file", f"{path} cannot be read: {error.strerror}") from error
        locked = {entry.archive_digest for entry in self.lock.charts if entry.file_name == file_name}
        if digest not in locked and locked:
            raise ChartError(
                "chart-lock-mismatch",
                f"{path.as_posix()} is not the archive that {CHARTS_LOCK_NAME} locks",
                notes=(*(f"locked: {each}" for each in sorted(locked)), f"there:  {digest}"),
                hint="remove the file, and run `sro-render vendor` again: it fetches the locked one",
            )
        return digest

    def fetch(self, wanted: _Wanted, version: str) -> Vendored:
        """A chart from its repository, checked; `version` may be a constraint.

        Raises: ServerError, ChartError, or a group of them.
        """
        access = access_of(wanted.resource, wanted.dependency, self.limits)
        if not is_url(access.url):
            raise InputError(
                "repository-url",
                f"{shown(access.url)!r} is not a URL",
                path="spec.chart.repository.url",
                hint="https://HOST[:PORT]/PATH or oci://HOST[:PORT]/PATH",
            )
        if urlsplit(access.url).query or urlsplit(access.url).fragment:
            raise InputError(
                "repository-url",
                f"the repository's URL {wanted.reference.url} has a part behind `?` or `#`",
                path="spec.chart.repository",
                hint="give credentials as username and password of the repository",
            )
        fetcher = _Fetcher(self, wanted, access)
        found, data = fetcher.fetch(version)
        chart = self.check(wanted.reference, found, data)
        entry = LockedArchive(
            name=chart.name,
            repository=repository_of(wanted.reference),
            wanted=wanted.reference.version,
            version=chart.version,
            archive_digest=digest_of(data),
            digest=chart.digest,
        )
        there = self.on_disk(entry.file_name)
        if there and there != entry.archive_digest and not self.lock.of(entry.name, entry.version):
            raise ChartError(
                "chart-not-ours",
                f"{(self.folder / entry.file_name).as_posix()} is there already, and was not vendored",
                notes=(f"there:   {there}", f"fetched: {entry.archive_digest}"),
                hint="move it away, or name it in the spec by file:// instead of the repository",
            )
        return Vendored(entry=entry, change="fetched", data=b"" if there == entry.archive_digest else data)

    def check(self, reference: ChartReference, version: str, data: bytes) -> Chart:
        """The chart in an archive that was fetched; it must be the one that was asked for, and whole."""
        name = f"{repository_of(reference)}!{reference.name}-{version}.tgz"
        chart = load_chart(read_archive(data, name, self.limits), name, self.limits)
        if chart.name != reference.name or str(parse_version(chart.version)) != str(parse_version(version)):
            raise ChartError(
                "chart-mismatch",
                f"the archive for {reference.name} {version} holds {chart.name} {chart.version}",
                path=repository_of(reference),
                hint="whoever publishes the chart packs and publishes it again",
            )
        try:
            check_dependencies(chart)
        except ChartError as error:
            hint = "whoever publishes the chart packs it with `helm package --dependency-update`"
            error.finding = replace(error.finding, hint=hint)
            raise
        return chart

    def write(self, charts: Sequence[Vendored], lock: ChartsLock) -> None:
        if not charts:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError("output-failed", f"{self.folder} cannot be made: {error.strerror}") from error
        for each in charts:
            if each.data:
                write_file(self.folder / each.entry.file_name, each.data)
        if lock != self.lock:
            write_charts_lock(self.folder, lock)
            self.remove_replaced(lock)

    def remove_replaced(self, lock: ChartsLock) -> None:
        """Remove the archives that only the old lock has, as far as they are what it says."""
        kept = {entry.file_name for entry in lock.charts}
        for entry in self.lock.charts:
            path = self.folder / entry.file_name
            try:
                if entry.file_name not in kept and digest_of(path.read_bytes()) == entry.archive_digest:
                    path.unlink()
                    self.options.say(f"removed {path.as_posix()}")
            except OSError:
                continue  # somebody else removed it, or keeps it: nothing that a build uses


class _Fetcher:
    """Fetches from one repository, with what its spec says about reaching it."""

    def __init__(self, run: _Run, wanted: _Wanted, access: Access) -> None:
        self.run = run
        self.wanted = wanted
        self.reference = wanted.reference
        self.repository = repository_of(wanted.reference)
        self.access = access
        # An oci:// address is asked as https or, on this machine, http: one origin, whatever the scheme.
        self.host = urlsplit(self.repository).netloc.lower()
        origin = self.repository.replace("oci://", "https://", 1)
        unverified = {origin_of(origin)} if access.is_unverified else set()
        self.web = Web(
            patience=run.options.patience,
            ca_file=access.ca_file,
            unverified=frozenset(unverified),
            plain_http=run.options.plain_http,
            say=run.options.say,
        )
        if access.is_unverified:
            finding = Finding(
                code="tls-not-verified",
                message=f"the certificate of {self.host} is not verified: anybody on the way can send "
                "another chart, and read the credentials",
                path="spec.chart.repository.insecure_skip_tls_verify",
                hint="name the CA's certificates as caFile of the repository, and remove "
                "insecure_skip_tls_verify",
            )
            run.findings.append(wanted.placed(finding))

    def fetch(self, version: str) -> tuple[str, bytes]:
        """The version that is meant, and its archive, which has the digest that the repository states."""
        if self.repository.startswith("oci://"):
            reference = parse_reference(self.repository, self.reference.name)
            if reference.tag:
                raise InputError(
                    "chart-reference",
                    f"{self.repository} has a tag",
                    path="spec.chart.repository.url",
                    hint="the tag is the chart's version: name it as spec.chart.version",
                )
            return self.registry(self.repository, self.reference.name).pull(self.reference.name, version)
        entries = self.index()
        found = find_indexed(entries, self.reference.name, version, self.repository)
        return found.version, self.archive(found)

    def index(self) -> Mapping[str, JsonValue]:
        """The entries of the repository's index, which is read once for all of its charts."""
        url = f"{self.repository}/index.yaml"
        # What one spec takes without a look at the certificate is nothing for another one.
        key = (url, self.access.ca_file, self.access.is_unverified)
        if key not in self.run.indices:
            answer = self.web.get(
                url,
                max_bytes=self.run.limits.max_index_bytes,
                authorization=self.authorization(url),
            ).expect_success(url)
            self.run.indices[key] = read_index(answer.body, url, self.run.limits)
        return self.run.indices[key]

    def archive(self, found: IndexedChart) -> bytes:
        """The archive of an index's entry, wherever the entry says that it lies."""
        index = f"{self.repository}/index.yaml"
        if found.url.startswith("oci://"):
            reference = parse_reference(found.url)
            data = self.registry(found.url, "").pull_tag(
                reference.tag or tag_of(found.version), found.name, found.version
            )
        else:
            self.web.check(found.url, came_from=index)
            data = (
                self.web.get(
                    found.url,
                    max_bytes=self.run.limits.max_archive_bytes,
                    authorization=self.authorization(found.url),
                    came_from=index,
                )
                .expect_success(shown(found.url))
                .body
            )
        if not found.digest:
            finding = Finding(
                code="index-without-digest",
                message=f"the index of {self.repository} states no digest for {found.name} "
                f"{found.version}: what was received is locked as it came",
                path="spec.chart.repository.url",
                hint="compare the digest in the lock with what the publisher says",
            )
            self.run.findings.append(self.wanted.placed(finding))
        elif not matches_digest(data, f"sha256:{found.digest.removeprefix('sha256:').lower()}"):
            raise ChartError(
                "chart-digest",
                f"the archive of {found.name} {found.version} is not the one that the index describes",
                path=shown(found.url),
                notes=(f"stated:   {found.digest[:150]}", f"received: {digest_of(data)}"),
                hint="whoever publishes the repository runs `helm repo index` again; if it was changed on "
                "the way, find out where",
            )
        return data

    def authorization(self, url: str) -> str:
        """The header for a URL: only if it has the origin of the repository."""
        if origin_of(url) != origin_of(self.repository):
            return ""
        credentials = self.access.credentials or self.run.credentials.for_repository(self.host)
        return credentials.basic() if credentials else ""

    def registry(self, url: str, name: str) -> Registry:
        """The registry behind an address; the spec's credentials are for the spec's host alone."""
        reference = parse_reference(url, name)

        def find_credentials() -> Credentials | None:
            if self.access.credentials is not None and reference.host.lower() == self.host:
                return self.access.credentials
            return self.run.credentials.for_registry(reference.host)

        return Registry(
            self.web,
            reference,
            self.run.limits,
            find_credentials=find_credentials,
            plain_http=self.run.options.plain_http,
        )


def _conflicts(lock: ChartsLock) -> Iterator[ChartError]:
    """One error for each archive that two repositories, or two runs, understand differently."""
    for name, version in sorted({(entry.name, entry.version) for entry in lock.charts}):
        entries = lock.of(name, version)
        if len({entry.archive_digest for entry in entries}) > 1:
            yield ChartError(
                "chart-conflict",
                f"a folder holds one {name} {version} only, and there are several",
                path=CHARTS_LOCK_NAME,
                notes=tuple(
                    f"{entry.archive_digest} of {entry.repository}, wanted as {entry.wanted}"
                    for entry in entries
                ),
                hint="use another --charts folder for one of them; if one is old, "
                "`sro-render vendor --update` with all specs",
            )
