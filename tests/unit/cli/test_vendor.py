"""`sro-render vendor` against a chart repository with TLS, and what `build` makes of its lock.

Matrix: first and second run, a missing archive, `--update`, constraints, addresses (relative, absolute,
another host), credentials (spec, URL, environment) and where they never show, what is not fetched, every
report; faults of the server, the index, the archive, the folder, the lock and the spec, each with the whole
message. Left out: how a server is asked (tests/unit/edges/test_web.py), registries and helm's opinion
(tests/helm/test_vendor.py).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import yaml

from sro_render.charts.archive import write_archive
from sro_render.version import __version__

STATE = "kind: ConfigMap\napiVersion: v1\nmetadata: {name: kmod}\n"


def archive(name: str = "kmod", version: str = "1.0.0", **files: str) -> bytes:
    metadata = f"apiVersion: v2\nname: {name}\nversion: {version}\n"
    content = {"Chart.yaml": metadata, "templates/0000-a.yaml": STATE, **files}
    return write_archive(name, {path: text.encode() for path, text in content.items()})


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class Repository:
    """A chart repository below /charts of a server."""

    server: Any
    project: Any
    entries: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"{self.server.url}/charts"

    def publish(self, name: str = "kmod", version: str = "1.0.0", **more: Any) -> bytes:
        """Serve a chart and list it; keyword arguments go over its entry, `data` is its archive."""
        data: bytes = more.pop("data", None) or archive(name, version)
        file = f"{name}-{version}.tgz"
        self.server.answer(f"/charts/{file}", data)
        entry = {"name": name, "version": version, "urls": [file], "digest": sha256(data), **more}
        self.entries.setdefault(name, []).append(entry)
        self.index()
        return data

    def index(self, **more: Any) -> None:
        index = {"apiVersion": "v1", "entries": self.entries, **more}
        self.server.answer("/charts/index.yaml", yaml.safe_dump(index).encode())

    def spec(self, name: str = "kmod", version: str = "1.0.0", url: str = "", **repository: Any) -> None:
        where = {"name": "r", "url": url or self.url, **repository}
        self.project.write_spec(chart={"name": name, "version": version, "repository": where})

    def vendor(self, *more: str) -> Any:
        return self.project.run("vendor", "spec.yaml", "--charts", "vendored", *more)

    def build(self) -> Any:
        return self.project.run(
            "build", "spec.yaml", "--inventory", "nodes.json", "--charts", "vendored", "--out", "out"
        )

    def text(self, text: str) -> str:
        """A message without what differs from run to run."""
        return text.replace(f":{self.server.port}", ":PORT").replace(str(self.project.root), "ROOT")

    def files(self) -> dict[str, bytes]:
        folder = self.project.root / "vendored"
        return {path.name: path.read_bytes() for path in sorted(folder.glob("*"))}

    def lock(self) -> list[dict[str, str]]:
        locked: list[dict[str, str]] = yaml.safe_load(self.files()["charts.lock.yaml"])["charts"]
        return locked


@pytest.fixture
def repository(project: Any, serve: Any, certificates: Any, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository with kmod 1.0.0, and a spec that names it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca))
    monkeypatch.setenv("HOME", str(project.root))
    for name in ("DOCKER_CONFIG", "DOCKER_AUTH_CONFIG", "SRO_RENDER_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sro_render.edges.web.time.sleep", lambda _: None)
    made = Repository(serve(), project)
    made.publish()
    made.spec()
    return made


def basic(username: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode()}"


def test_a_chart_is_fetched_locked_and_built(repository: Repository) -> None:
    data = archive()
    outcome = repository.vendor()
    assert (outcome.code, outcome.err) == (0, "")
    assert repository.text(outcome.out) == (
        "kmod 1.0.0: fetched, https://127.0.0.1:PORT/charts\nvendored: 1 fetched, 0 updated, 0 unchanged\n"
    )
    assert repository.files()["kmod-1.0.0.tgz"] == data
    [entry] = repository.lock()
    assert entry.pop("digest").startswith("sha256:")
    assert entry == {
        "name": "kmod",
        "version": "1.0.0",
        "wanted": "1.0.0",
        "repository": repository.url,
        "archiveDigest": f"sha256:{sha256(data)}",
    }
    assert repository.build().code == 0


def test_the_locked_digest_is_that_of_the_bundles_lock(repository: Repository) -> None:
    repository.vendor()
    repository.build()
    bundle = yaml.safe_load((repository.project.root / "out/cluster/sro.lock.yaml").read_text())
    assert bundle["inputs"]["charts"][0]["digest"] == repository.lock()[0]["digest"]


def test_a_second_run_asks_nobody_and_touches_nothing(repository: Repository) -> None:
    repository.vendor()
    before = {path.name: path.stat().st_mtime_ns for path in (repository.project.root / "vendored").iterdir()}
    repository.server.requests.clear()
    outcome = repository.vendor()
    assert (outcome.code, outcome.out) == (0, "vendored: 0 fetched, 0 updated, 1 unchanged\n")
    after = {path.name: path.stat().st_mtime_ns for path in (repository.project.root / "vendored").iterdir()}
    assert (repository.server.requests, after) == ([], before)


def test_a_missing_archive_is_fetched_as_it_is_locked(repository: Repository) -> None:
    repository.spec(version="^1.0.0")
    repository.vendor()
    before = repository.files()
    repository.publish(version="1.1.0")
    (repository.project.root / "vendored/kmod-1.0.0.tgz").unlink()
    assert repository.vendor().code == 0
    assert repository.files() == before


def test_update_looks_for_versions_anew(repository: Repository) -> None:
    repository.spec(version="^1.0.0")
    repository.vendor()
    repository.publish(version="1.1.0")
    repository.publish(version="2.0.0")
    assert repository.vendor().out == "vendored: 0 fetched, 0 updated, 1 unchanged\n"
    outcome = repository.vendor("--update")
    assert repository.text(outcome.out) == (
        "kmod 1.1.0: updated, https://127.0.0.1:PORT/charts\nvendored: 0 fetched, 1 updated, 0 unchanged\n"
    )
    [entry] = repository.lock()
    assert (entry["wanted"], entry["version"]) == ("^1.0.0", "1.1.0")
    assert repository.vendor("--update").out == "vendored: 0 fetched, 0 updated, 1 unchanged\n"


def test_an_archive_goes_when_another_version_takes_its_place(repository: Repository) -> None:
    repository.spec(version="^1.0.0")
    repository.vendor()
    repository.publish(version="1.1.0")
    outcome = repository.vendor("--update", "-v")
    assert outcome.err.endswith("removed vendored/kmod-1.0.0.tgz\n")
    assert list(repository.files()) == ["charts.lock.yaml", "kmod-1.1.0.tgz"]
    repository.project.write("vendored/kmod-1.1.0.tgz", b"mine")
    repository.publish(version="1.2.0")
    assert repository.vendor("--update").code == 0
    assert repository.files()["kmod-1.1.0.tgz"] == b"mine"


def test_update_takes_a_version_that_was_published_again(repository: Repository) -> None:
    repository.vendor()
    repository.entries.clear()
    data = repository.publish(data=archive(NOTES="2"))
    assert repository.vendor("--update").code == 0
    assert repository.files()["kmod-1.0.0.tgz"] == data
    assert repository.build().code == 0


def test_a_build_takes_the_version_that_was_locked_for_a_constraint(repository: Repository) -> None:
    repository.publish(version="1.2.0")
    repository.spec(version="~1")
    repository.vendor()
    repository.project.write("vendored/kmod-1.9.0.tgz", archive(version="1.9.0"))
    outcome = repository.build()
    assert outcome.code == 0
    assert "chart kmod 1.2.0" in outcome.out


def test_specs_that_were_not_given_keep_their_entries(repository: Repository) -> None:
    repository.vendor()
    repository.publish("other", "0.1.0")
    repository.spec("other", "0.1.0")
    repository.vendor()
    assert [entry["name"] for entry in repository.lock()] == ["kmod", "other"]


def test_two_specs_may_want_one_chart_in_other_words(repository: Repository) -> None:
    repository.vendor()
    repository.spec(version=">=0.9")
    assert repository.vendor().code == 0
    assert [entry["wanted"] for entry in repository.lock()] == ["1.0.0", ">=0.9"]
    assert sorted(repository.files()) == ["charts.lock.yaml", "kmod-1.0.0.tgz"]


def test_dependencies_of_a_spec_are_fetched_too(repository: Repository) -> None:
    repository.publish("base", "0.1.0")
    chart = {"name": "base", "version": "0.1.0", "repository": {"name": "r", "url": repository.url}}
    own = {"name": "kmod", "version": "1.0.0", "repository": {"name": "r", "url": repository.url}}
    repository.project.write_spec(chart=own, dependencies=[{"chart": chart}])
    assert repository.vendor().code == 0
    assert [entry["name"] for entry in repository.lock()] == ["base", "kmod"]
    assert repository.server.paths().count("/charts/index.yaml") == 1


def test_a_fault_of_a_dependency_is_placed_there(repository: Repository) -> None:
    chart = {"name": "kmod", "version": "0.1.0", "repository": {"name": "r", "url": repository.url}}
    own = {"name": "kmod", "version": "1.0.0", "repository": {"name": "r", "url": repository.url}}
    repository.project.write_spec(chart=own, dependencies=[{"chart": chart}])
    outcome = repository.vendor()
    assert outcome.code == 2
    assert repository.text(outcome.err) == (
        "error[chart-version-not-found]: chart kmod has no version 0.1.0 in https://127.0.0.1:PORT/charts\n"
        "  --> spec.yaml:15:7 (spec.dependencies[0].chart.version)\n"
        "  15 |       version: 0.1.0\n"
        "     |       ^^^^^^^\n"
        "  in: kmod\n"
        "  help: versions there: 1.0.0\n"
        "nothing was written: 1 error\n"
    )


def own_spec(url: str, name: str, *dependencies: tuple[str, str], version: str = "1.0.0", **more: Any) -> str:
    """The SpecialResource that a chart brings along; dependencies by name and version."""

    def chart(name: str, version: str) -> dict[str, Any]:
        return {"name": name, "version": version, "repository": {"name": "r", "url": url}}

    document = {
        "apiVersion": "sro.openshift.io/v1beta1",
        "kind": "SpecialResource",
        "metadata": {"name": name},
        "spec": {
            "chart": chart(name, version),
            "dependencies": [{"chart": chart(*each)} for each in dependencies],
            **more,
        },
    }
    return yaml.safe_dump(document, sort_keys=False)


def needing(repository: Repository, name: str, version: str = "1.0.0") -> None:
    """A spec of kmod with one dependency, all of this repository."""
    where = {"name": "r", "url": repository.url}
    repository.project.write_spec(
        chart={"name": "kmod", "version": "1.0.0", "repository": where},
        dependencies=[{"chart": {"name": name, "version": version, "repository": where}}],
    )


def test_what_fetched_charts_need_is_fetched_too(repository: Repository) -> None:
    url = repository.url
    repository.publish("base", data=archive("base", **{"base.yaml": own_spec(url, "base", ("low", "~1"))}))
    repository.publish("low", "1.4.0", data=archive("low", "1.4.0", **{"low.yaml": own_spec(url, "low")}))
    low = own_spec(url, "low", ("last", "1.0.0"), version="1.5.0")
    repository.publish("low", "1.5.0", data=archive("low", "1.5.0", **{"low.yaml": low}))
    repository.publish("last")
    needing(repository, "base")
    outcome = repository.vendor()
    assert (outcome.code, outcome.err) == (0, "")
    assert [(entry["name"], entry["wanted"], entry["version"]) for entry in repository.lock()] == [
        ("base", "1.0.0", "1.0.0"),
        ("kmod", "1.0.0", "1.0.0"),
        ("last", "1.0.0", "1.0.0"),
        ("low", "~1", "1.5.0"),
    ]
    repository.server.requests.clear()
    assert repository.vendor().out == "vendored: 0 fetched, 0 updated, 4 unchanged\n"
    assert repository.server.requests == []
    built = repository.build()
    assert (built.code, built.err) == (0, "")
    assert [line.split(":")[0] for line in built.out.splitlines() if "chart" in line] == [
        "last",
        "low",
        "base",
        "kmod",
    ]


def test_charts_that_need_each_other_are_fetched_once(repository: Repository) -> None:
    url = repository.url
    for name, other in (("base", "low"), ("low", "base")):
        own = own_spec(url, name, (other, "1.0.0"))
        repository.publish(name, data=archive(name, **{f"{name}.yaml": own}))
    needing(repository, "base")
    assert repository.vendor().code == 0
    assert [path for path in repository.server.paths() if path.endswith(".tgz")] == [
        "/charts/kmod-1.0.0.tgz",
        "/charts/base-1.0.0.tgz",
        "/charts/low-1.0.0.tgz",
    ]


def test_what_a_chart_of_ones_own_needs_is_fetched(repository: Repository) -> None:
    own = own_spec(repository.url, "base", ("low", "1.0.0"))
    repository.publish("low")
    repository.project.write("vendored/base-1.0.0.tgz", archive("base", **{"base.yaml": own}))
    local = {"name": "base", "version": "1.0.0", "repository": {"name": "r", "url": "file:///base"}}
    where = {"name": "r", "url": repository.url}
    repository.project.write_spec(
        chart={"name": "kmod", "version": "1.0.0", "repository": where}, dependencies=[{"chart": local}]
    )
    assert repository.vendor().code == 0
    assert [entry["name"] for entry in repository.lock()] == ["kmod", "low"]
    assert repository.build().code == 0


@pytest.mark.parametrize("is_there", [True, False])
def test_a_dependency_from_elsewhere_is_left_to_the_build(repository: Repository, *, is_there: bool) -> None:
    where = {"name": "r", "url": "cm://ns/kmod" if not is_there else repository.url}
    local = {"name": "base", "version": "1.0.0", "repository": {"name": "r", "url": "cm://ns/base"}}
    repository.project.write_spec(
        chart={"name": "kmod", "version": "1.0.0", "repository": where}, dependencies=[{"chart": local}]
    )
    if is_there:
        assert repository.vendor().code == 0
    outcome = repository.vendor("-v")
    assert outcome.code == 0
    assert "kmod: chart base 1.0.0 of cm://ns/base is not fetched\n" in outcome.err


def test_what_the_spec_of_a_dependency_says_counts_and_not_its_chart(repository: Repository) -> None:
    own = own_spec(repository.url, "base", ("low", "1.0.0"))
    repository.publish("base", data=archive("base", **{"base.yaml": own}))
    needing(repository, "base")
    text = (repository.project.root / "spec.yaml").read_text()
    repository.project.write("spec.yaml", f"{text}---\n{own_spec(repository.url, 'base')}")
    assert repository.vendor().code == 0
    assert [entry["name"] for entry in repository.lock()] == ["base", "kmod"]


@pytest.mark.parametrize(("state", "names"), [("Unmanaged", ["base"]), ("Removed", [])])
def test_what_is_not_managed_needs_no_chart_but_perhaps_dependencies(
    repository: Repository, state: str, names: list[str]
) -> None:
    repository.publish("base")
    needing(repository, "base")
    text = (repository.project.root / "spec.yaml").read_text()
    repository.project.write("spec.yaml", f"{text}  managementState: {state}\n")
    assert repository.vendor().code == 0
    assert [path for path in repository.files() if path.endswith(".tgz")] == [f"{n}-1.0.0.tgz" for n in names]


def test_a_fault_in_what_a_chart_brings_along_is_placed_there(repository: Repository) -> None:
    own = own_spec(repository.url, "base", ("low", "1.0.0"), password="s3cret")
    repository.publish("base", data=archive("base", **{"base.yaml": own}))
    needing(repository, "base")
    outcome = repository.vendor()
    assert outcome.code == 2
    assert outcome.err == (
        "error[unknown-key]: 'password' is not a key of spec\n"
        "  --> vendored/base-1.0.0.tgz!base/base.yaml:19:3 (spec.password)\n"
        "  19 |   password: ******\n"
        "     |   ^^^^^^^^\n"
        "  in: kmod\n"
        "  help: known keys: chart, debug, dependencies, driverContainer, forceUpgrade, managementState, "
        "namespace, nodeSelector, set\n"
        "nothing was written: 1 error\n"
    )
    assert repository.files() == {}


def test_a_chart_that_a_chart_needs_and_nobody_has_is_told_at_its_place(repository: Repository) -> None:
    own = own_spec(repository.url, "base", ("low", "1.0.0"))
    repository.publish("base", data=archive("base", **{"base.yaml": own}))
    needing(repository, "base")
    outcome = repository.vendor()
    assert outcome.code == 2
    assert repository.text(outcome.err) == (
        "error[chart-not-found]: https://127.0.0.1:PORT/charts has no chart low\n"
        "  --> vendored/base-1.0.0.tgz!base/base.yaml:14:7 (spec.dependencies[0].chart.name)\n"
        "  14 |       name: low\n"
        "     |       ^^^^\n"
        "  in: base\n"
        "  help: it has base, kmod\n"
        "nothing was written: 1 error\n"
    )


def test_a_broken_spec_stops_vendor_before_it_asks_anybody(repository: Repository) -> None:
    repository.project.write_spec(chart={"name": "kmod", "version": "1.0.0"})
    outcome = repository.vendor()
    assert outcome.code == 2
    assert outcome.err == (
        "error[missing-key]: 'repository' is missing\n"
        "  --> spec.yaml:6:3 (spec.chart.repository)\n"
        "  6 |   chart:\n"
        "    |   ^^^^^\n"
        "  help: Where the chart comes from.\n"
        "nothing was written: 1 error\n"
    )
    assert repository.server.requests == []


@pytest.mark.parametrize("command", ["vendor", "build"])
def test_a_line_with_everything_in_it_shows_no_credentials(repository: Repository, command: str) -> None:
    repository.project.write(
        "spec.yaml",
        "apiVersion: sro.openshift.io/v1beta1\nkind: SpecialResource\nmetadata: {name: kmod}\nspec:\n"
        "  chart: {name: kmod, repository: {url: 'https://ann:s3cret@127.0.0.1:PORT/charts', name: r, "
        "password: s3cret}, version: 7.0.0}\n".replace(":PORT", f":{repository.server.port}"),
    )
    repository.project.write("vendored/kmod-1.0.0.tgz", archive())
    outcome = repository.vendor() if command == "vendor" else repository.build()
    assert outcome.code == 2
    assert "error[chart-version-not-found]" in outcome.err
    assert "spec.yaml:5:" in outcome.err
    assert "s3cret" not in outcome.err
    assert "ann" not in outcome.err


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (
            {"chart": {"name": "a", "version": "1", "repository": {"name": "r", "url": "cm://ns/c"}}},
            "kmod: chart a 1 of cm://ns/c is not fetched",
        ),
        (
            {"chart": {"name": "a", "version": "1", "repository": {"name": "r", "url": "file:///c"}}},
            "kmod: chart a 1 of file:///c is not fetched",
        ),
        ({"managementState": "Removed"}, "kmod: Removed, needs no chart"),
        ({"managementState": "Unmanaged"}, "kmod: Unmanaged, needs no chart"),
    ],
)
def test_what_is_not_fetched_is_said_with_v(repository: Repository, spec: Any, said: str) -> None:
    repository.project.write_spec(**spec)
    outcome = repository.vendor("-v")
    assert (outcome.code, outcome.err) == (0, f"{said}\n")
    assert outcome.out == "vendored: 0 fetched, 0 updated, 0 unchanged\n"
    assert (repository.server.requests, (repository.project.root / "vendored").exists()) == ([], False)


@pytest.mark.parametrize(
    "address",
    ["{url}/charts/kmod-1.0.0.tgz", "/charts/kmod-1.0.0.tgz", "../charts/kmod-1.0.0.tgz", "{other}"],
)
def test_an_archive_may_lie_elsewhere_and_then_gets_no_credentials(
    repository: Repository, serve: Any, address: str
) -> None:
    other = serve()
    other.answer("/b.tgz", archive())
    repository.entries.clear()
    urls = [address.format(url=repository.server.url, other=f"{other.other_url}/b.tgz"), "unused.tgz"]
    repository.publish(urls=urls)
    repository.spec(username="ann", password="s3cret")
    assert repository.vendor().code == 0
    seen = [headers.get("authorization") for _, headers in repository.server.requests]
    assert set(seen) == {basic("ann", "s3cret")}
    assert [headers.get("authorization") for _, headers in other.requests] == [None] * len(other.requests)
    assert len(seen) + len(other.requests) == 2


def test_credentials_in_the_url_are_used_and_do_not_show(repository: Repository) -> None:
    repository.spec(url=repository.url.replace("https://", "https://ann:s%403cret@"))
    outcome = repository.vendor("-v")
    assert outcome.code == 0
    assert repository.server.requests[0][1]["authorization"] == basic("ann", "s@3cret")
    everything = outcome.out + outcome.err + repository.files()["charts.lock.yaml"].decode()
    assert "3cret" not in everything
    assert "ann" not in everything
    assert repository.build().code == 0


def test_credentials_of_the_environment_are_for_one_host(
    repository: Repository, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SRO_RENDER_HOST", f"127.0.0.1:{repository.server.port}")
    monkeypatch.setenv("SRO_RENDER_USERNAME", "ann")
    monkeypatch.setenv("SRO_RENDER_PASSWORD", "s3cret")
    assert repository.vendor().code == 0
    assert repository.server.requests[0][1]["authorization"] == basic("ann", "s3cret")
    other = Repository(serve(), repository.project)
    other.publish("base", "0.1.0")
    other.spec("base", "0.1.0")
    assert other.vendor().code == 0
    assert "authorization" not in other.server.requests[0][1]


def test_the_ca_file_of_a_spec_starts_at_its_folder(
    repository: Repository, certificates: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    repository.project.write("specs/ca.pem", certificates.ca.read_bytes())
    repository.spec(caFile="ca.pem")
    (repository.project.root / "spec.yaml").rename(repository.project.root / "specs/spec.yaml")
    outcome = repository.project.run("vendor", "specs/spec.yaml", "--charts", "vendored")
    assert (outcome.code, outcome.err) == (0, "")


def test_an_unverified_certificate_is_a_finding(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    repository.spec(insecure_skip_tls_verify=True)
    outcome = repository.vendor()
    assert outcome.code == 0
    assert repository.text(outcome.err) == (
        "warning[tls-not-verified]: the certificate of 127.0.0.1:PORT is not verified: anybody on the way can "
        "send another chart, and read the credentials\n"
        "  --> spec.yaml:12:7 (spec.chart.repository.insecure_skip_tls_verify)\n"
        "  12 |       insecure_skip_tls_verify: true\n"
        "     |       ^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "  in: kmod\n"
        "  help: name the CA's certificates as caFile of the repository, and remove "
        "insecure_skip_tls_verify\n"
    )


def test_an_unverified_certificate_is_shown_at_the_dependency_and_without_its_password(
    repository: Repository,
) -> None:
    repository.publish("base")
    text = (repository.project.root / "spec.yaml").read_text()
    where = f"{{name: r, url: '{repository.url}', password: hunter2, insecure_skip_tls_verify: true}}"
    needs = f"  dependencies:\n  - chart: {{name: base, version: 1.0.0, repository: {where}}}\n"
    repository.project.write("spec.yaml", text + needs)
    outcome = repository.vendor()
    assert outcome.code == 0
    assert "(spec.dependencies[0].chart.repository.insecure_skip_tls_verify)\n" in outcome.err
    assert "password: ****" in outcome.err
    assert "hunter2" not in outcome.err


def test_an_index_without_a_digest_is_a_finding(repository: Repository) -> None:
    repository.entries.clear()
    repository.publish(digest="")
    outcome = repository.vendor()
    assert outcome.code == 0
    assert repository.text(outcome.err) == (
        "warning[index-without-digest]: the index of https://127.0.0.1:PORT/charts states no digest for kmod "
        "1.0.0: what was received is locked as it came\n"
        "  --> spec.yaml:11:7 (spec.chart.repository.url)\n"
        "  11 |       url: https://127.0.0.1:PORT/charts\n"
        "     |       ^^^\n"
        "  in: kmod\n"
        "  help: compare the digest in the lock with what the publisher says\n"
    )


def test_plain_http_is_for_this_machine_when_asked_for(repository: Repository, serve: Any) -> None:
    plain = Repository(serve(tls=False), repository.project)
    plain.publish()
    plain.spec()
    refused = plain.vendor()
    assert (refused.code, plain.server.requests) == (2, [])
    assert plain.vendor("--plain-http").code == 0


def test_quiet_says_nothing(repository: Repository) -> None:
    outcome = repository.vendor("-q")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")


def test_json_tells_everything_to_programs(repository: Repository) -> None:
    report = json.loads(repository.vendor("-o", "json").out)
    [chart] = report.pop("charts")
    assert report == {"written": True, "errors": [], "findings": []}
    assert (chart.pop("change"), chart) == ("fetched", repository.lock()[0])
    repository.spec(version="3.0.0")
    outcome = repository.vendor("-o", "json")
    report = json.loads(outcome.out)
    assert (outcome.code, report["written"], report["charts"]) == (2, False, [])
    assert report["errors"][0]["code"] == "chart-version-not-found"


def test_all_that_is_wrong_is_told_at_once_and_nothing_is_written(repository: Repository) -> None:
    text = (repository.project.root / "spec.yaml").read_text()
    second = text.replace("name: kmod\nspec", "name: two\nspec").replace("version: 1.0.0", "version: 9.9.9")
    third = text.replace("name: kmod\nspec", "name: three\nspec").replace("name: kmod", "name: kmud")
    repository.project.write("spec.yaml", f"{text}---\n{second}---\n{third}")
    outcome = repository.vendor()
    assert outcome.code == 2
    assert "error[chart-version-not-found]" in outcome.err
    assert "error[chart-not-found]" in outcome.err
    assert outcome.err.endswith("nothing was written: 2 errors\n")
    assert not (repository.project.root / "vendored").exists()


Wrong = Callable[[Repository], object]


def answer(path: str, *replies: Any) -> Wrong:
    return lambda repository: repository.server.answer(path, *replies)


def publish(**more: Any) -> Wrong:
    def wrong(repository: Repository) -> None:
        repository.entries.clear()
        repository.publish(**more)

    return wrong


def spec(**more: Any) -> Wrong:
    return lambda repository: repository.spec(**more)


def both(*wrongs: Wrong) -> Wrong:
    return lambda repository: [wrong(repository) for wrong in wrongs]


def many_versions(repository: Repository) -> None:
    for number in range(12):
        repository.publish(version=f"1.{number}.1")
    repository.spec(version="^2")


INDEX = "https://127.0.0.1:PORT/charts/index.yaml"
FILE = "https://127.0.0.1:PORT/charts/kmod-1.0.0.tgz"
WHO = (
    "give credentials: username and password of the repository in the spec, SRO_RENDER_HOST, "
    "SRO_RENDER_USERNAME and SRO_RENDER_PASSWORD, or for oci:// `docker login`"
)

FAULTS: Mapping[str, tuple[Wrong, int, str]] = {
    "no index": (
        answer("/charts/index.yaml", {"status": 404}),
        4,
        (
            f"error[server-refused]: {INDEX}: the server answers 404 Not Found\n"
            "  in: kmod\n"
            "  help: look at the repository's URL: what is asked for is not there\n"
        ),
    ),
    "wrong password": (
        both(
            answer("/charts/index.yaml", {"status": 401}),
            spec(username="ann", password="s3cret"),
        ),
        4,
        f"error[server-refused]: {INDEX}: the server answers 401 Unauthorized\n  in: kmod\n  help: {WHO}\n",
    ),
    "index behind a redirect that refuses": (
        both(
            answer("/charts/index.yaml", {"status": 302, "headers": (("Location", "/login?x=y"),)}),
            answer("/login?x=y", {"status": 403}),
        ),
        4,
        (
            f"error[server-refused]: {INDEX}: the server answers 403 Forbidden\n"
            "  in: kmod\n"
            "  note: asked at https://127.0.0.1:PORT/login\n"
            f"  help: {WHO}\n"
        ),
    ),
    "server that is down": (
        answer("/charts/index.yaml", {"status": 503}),
        4,
        (
            f"error[server-unreachable]: {INDEX} cannot be fetched: the server answers 503 Service Unavailable\n"
            "  in: kmod\n"
            "  note: tried 4 times\n"
            "  help: try again later; behind a proxy, set HTTPS_PROXY\n"
        ),
    ),
    "archive that is always cut": (
        answer("/charts/kmod-1.0.0.tgz", {"body": bytes(100), "cut": 50}),
        4,
        (
            f"error[server-unreachable]: {FILE} cannot be fetched: the connection breaks off\n"
            "  in: kmod\n"
            "  note: tried 4 times\n"
            "  help: try again later; behind a proxy, set HTTPS_PROXY\n"
        ),
    ),
    "archive that is too large": (
        answer("/charts/kmod-1.0.0.tgz", bytes(21 * 2**20)),
        4,
        (
            f"error[server-too-much]: {FILE} has more than 20,971,520 bytes\n"
            "  in: kmod\n"
            "  help: look at what is served there, or take more: `sro-render vendor --limit`\n"
        ),
    ),
    "index that is a page": (
        answer("/charts/index.yaml", b"<html>\n<p>Log in: please</p>\n"),
        2,
        "",
    ),
    "index that is something else": (
        answer("/charts/index.yaml", b"entries: []\n"),
        2,
        (
            "error[chart-index]: this is no index of a chart repository\n"
            f"  --> {INDEX}\n"
            "  in: kmod\n"
            "  help: it has `apiVersion: v1` and `entries`; is it a page for people that is served here?\n"
        ),
    ),
    "chart that the index does not have": (
        spec(name="kmods"),
        2,
        (
            "error[chart-not-found]: https://127.0.0.1:PORT/charts has no chart kmods\n"
            "  --> spec.yaml:7:5 (spec.chart.name)\n"
            "  7 |     name: kmods\n"
            "    |     ^^^^\n"
            "  in: kmod\n"
            "  help: did you mean kmod?\n"
        ),
    ),
    "version that the index does not have": (
        many_versions,
        2,
        (
            "error[chart-version-not-found]: chart kmod has no version ^2 in https://127.0.0.1:PORT/charts\n"
            "  --> spec.yaml:8:5 (spec.chart.version)\n"
            "  8 |     version: ^2\n"
            "    |     ^^^^^^^\n"
            "  in: kmod\n"
            "  help: versions there: 1.11.1, 1.10.1, 1.9.1, 1.8.1, 1.7.1, 1.6.1, 1.5.1, 1.4.1, 1.3.1, 1.2.1 "
            "and 3 more\n"
        ),
    ),
    "version that is none": (
        spec(version="latest"),
        2,
        (
            "error[version-constraint]: 'latest' is neither a version nor a constraint\n"
            "  --> spec.yaml:8:5 (spec.chart.version)\n"
            "  8 |     version: latest\n"
            "    |     ^^^^^^^\n"
            "  in: kmod\n"
            "  help: such as 1.2.3, ~1.2, ^1.2.3 or `>=1.2.0 <2.0.0`\n"
        ),
    ),
    "entry without address": (
        publish(urls=[]),
        2,
        (
            "error[chart-index]: the index gives no address for kmod 1.0.0\n"
            "  --> https://127.0.0.1:PORT/charts\n"
            "  in: kmod\n"
            "  help: whoever publishes the repository runs `helm repo index` again\n"
        ),
    ),
    "entry with an address that is none": (
        publish(urls=["https://["]),
        2,
        (
            "error[chart-index]: the index has an address that is none: 'https://['\n"
            "  --> https://127.0.0.1:PORT/charts\n"
            "  in: kmod\n"
            "  help: whoever publishes the repository runs `helm repo index` again\n"
        ),
    ),
    "entry with the address of a file": (
        publish(urls=["file:///etc/shadow"]),
        4,
        (
            "error[server-redirects]: 'file:///etc/shadow' is not a URL\n"
            "  in: kmod\n"
            f"  note: {INDEX} leads there\n"
            "  help: ask whoever runs that server\n"
        ),
    ),
    "entry with an address that is not encrypted": (
        publish(urls=["http://charts.example.com/kmod.tgz"]),
        4,
        (
            "error[server-redirects]: http://charts.example.com/kmod.tgz is not encrypted, and https led there\n"
            "  in: kmod\n"
            f"  note: {INDEX} leads there\n"
            "  help: ask whoever runs that server\n"
        ),
    ),
    "archive of another digest": (
        publish(digest="0" * 64),
        2,
        (
            "error[chart-digest]: the archive of kmod 1.0.0 is not the one that the index describes\n"
            f"  --> {FILE}\n"
            "  in: kmod\n"
            f"  note: stated:   {'0' * 64}\n"
            f"  note: received: sha256:{sha256(archive())}\n"
            "  help: whoever publishes the repository runs `helm repo index` again; if it was changed on the way, "
            "find out where\n"
        ),
    ),
    "archive that is none": (
        publish(data=b"<html>"),
        2,
        (
            "error[archive-not-gzip]: this is not a gzipped archive\n"
            "  --> https://127.0.0.1:PORT/charts!kmod-1.0.0.tgz\n"
            "  in: kmod\n"
            "  help: a chart archive is a .tgz file, as `helm package` makes it\n"
        ),
    ),
    "archive of another chart": (
        publish(data=archive("kmod", "1.0.1")),
        2,
        (
            "error[chart-mismatch]: the archive for kmod 1.0.0 holds kmod 1.0.1\n"
            "  --> https://127.0.0.1:PORT/charts\n"
            "  in: kmod\n"
            "  help: whoever publishes the chart packs and publishes it again\n"
        ),
    ),
    "archive without its dependencies": (
        publish(
            data=archive(
                **{
                    "Chart.yaml": "apiVersion: v2\nname: kmod\nversion: 1.0.0\ndependencies:\n"
                    "- {name: base, version: 0.1.0, repository: https://charts.example.com}\n"
                }
            )
        ),
        2,
        (
            "error[chart-dependency]: the chart kmod depends on base, which is not in its folder charts\n"
            "  --> https://127.0.0.1:PORT/charts!kmod-1.0.0.tgz/charts\n"
            "  in: kmod\n"
            "  help: whoever publishes the chart packs it with `helm package --dependency-update`\n"
        ),
    ),
    "repository that is not encrypted": (
        spec(url="http://charts.example.com/x"),
        2,
        (
            "error[repository-url]: http://charts.example.com/x/index.yaml is not encrypted\n"
            "  --> spec.yaml:11:7 (spec.chart.repository.url)\n"
            "  11 |       url: http://charts.example.com/x\n"
            "     |       ^^^\n"
            "  in: kmod\n"
            "  help: use https://\n"
        ),
    ),
    "repository with a query": (
        spec(url="https://ann:s3cret@charts.example.com/x?token=s3cret"),
        2,
        (
            "error[repository-url]: the repository's URL https://charts.example.com/x has a part behind `?` or "
            "`#`\n"
            "  --> spec.yaml:9:5 (spec.chart.repository)\n"
            "  9 |     repository:\n"
            "    |     ^^^^^^^^^^\n"
            "  in: kmod\n"
            "  help: give credentials as username and password of the repository\n"
        ),
    ),
    "repository without a host": (
        spec(url="https://ann:s3cret@[/x"),
        2,
        (
            "error[repository-url]: 'https://[/x' is not a URL\n"
            "  --> spec.yaml:11:7 (spec.chart.repository.url)\n"
            "  11 |       url: https://**********@[/x\n"
            "     |       ^^^\n"
            "  in: kmod\n"
            "  help: https://HOST[:PORT]/PATH or oci://HOST[:PORT]/PATH\n"
        ),
    ),
    "CA file that is not there": (
        spec(caFile="ca.pem"),
        2,
        (
            "error[ca-file]: ca.pem cannot be read: No such file or directory\n"
            "  --> spec.yaml:12:7 (spec.chart.repository.caFile)\n"
            "  12 |       caFile: ca.pem\n"
            "     |       ^^^^^^\n"
            "  in: kmod\n"
            "  help: a path that is not absolute starts at the folder of the spec\n"
        ),
    ),
    "client certificate": (
        spec(certFile="a.pem", password="s3cret"),
        2,
        (
            "error[client-certificate]: client certificates are not offered to a repository\n"
            "  --> spec.yaml:9:5 (spec.chart.repository)\n"
            "  9 |     repository:\n"
            "    |     ^^^^^^^^^^\n"
            "  in: kmod\n"
            "  help: fetch the chart with `helm pull` into the charts folder, and name it by file://\n"
        ),
    ),
    "registry with a name that is none": (
        spec(url="oci://localhost:1/Charts"),
        2,
        (
            "error[chart-reference]: 'Charts/kmod' is not the name of a repository in a registry\n"
            "  --> spec.yaml:11:7 (spec.chart.repository.url)\n"
            "  11 |       url: oci://localhost:1/Charts\n"
            "     |       ^^^\n"
            "  in: kmod\n"
            "  help: oci://HOST/PATH in small letters, without a tag; the chart's name comes behind PATH\n"
        ),
    ),
    "file of somebody else in the folder": (
        lambda repository: repository.project.write("vendored/kmod-1.0.0.tgz", b"mine"),
        2,
        (
            "error[chart-not-ours]: vendored/kmod-1.0.0.tgz is there already, and was not vendored\n"
            "  in: kmod\n"
            f"  note: there:   sha256:{sha256(b'mine')}\n"
            f"  note: fetched: sha256:{sha256(archive())}\n"
            "  help: move it away, or name it in the spec by file:// instead of the repository\n"
        ),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_with_a_way_out(repository: Repository, fault: str) -> None:
    make_wrong, code, expected = FAULTS[fault]
    make_wrong(repository)
    before = repository.files()
    outcome = repository.vendor()
    assert (outcome.code, outcome.out, repository.files()) == (code, "", before)
    assert "s3cret" not in outcome.err
    shown = repository.text(outcome.err)
    if expected:
        assert shown == f"{expected}nothing was written: 1 error\n"
    else:
        assert f"--> {INDEX}:" in shown  # the YAML reader's own message, with the place


def test_a_certificate_of_an_unknown_ca_is_told(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    outcome = repository.vendor()
    assert outcome.code == 4
    assert repository.text(outcome.err) == (
        "error[server-certificate]: the certificate of 127.0.0.1:PORT cannot be verified: unable to get local "
        "issuer certificate\n"
        "  in: kmod\n"
        "  help: name the CA's certificates as caFile of the repository in the spec, or in SSL_CERT_FILE\n"
        "nothing was written: 1 error\n"
    )


def test_half_of_the_credentials_is_told(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SRO_RENDER_PASSWORD", "s3cret")
    outcome = repository.vendor()
    assert (outcome.code, outcome.err) == (
        2,
        (
            "error[credentials]: SRO_RENDER_PASSWORD is set, but not SRO_RENDER_HOST and SRO_RENDER_USERNAME\n"
            "  help: set all three, or none: SRO_RENDER_HOST says whom name and password are for\n"
            "nothing was written: 1 error\n"
        ),
    )


def test_an_archive_that_was_changed_is_not_overwritten(repository: Repository) -> None:
    repository.vendor()
    repository.project.write("vendored/kmod-1.0.0.tgz", b"mine")
    for more in ([], ["--update"]):
        outcome = repository.vendor(*more)
        assert outcome.code == 2
        assert outcome.err == (
            "error[chart-lock-mismatch]: vendored/kmod-1.0.0.tgz is not the archive that charts.lock.yaml "
            "locks\n"
            "  in: kmod\n"
            f"  note: locked: sha256:{sha256(archive())}\n"
            f"  note: there:  sha256:{sha256(b'mine')}\n"
            "  help: remove the file, and run `sro-render vendor` again: it fetches the locked one\n"
            "nothing was written: 1 error\n"
        )
    assert repository.files()["kmod-1.0.0.tgz"] == b"mine"


def test_a_version_that_was_published_again_is_told(repository: Repository) -> None:
    repository.vendor()
    (repository.project.root / "vendored/kmod-1.0.0.tgz").unlink()
    repository.entries.clear()
    other = repository.publish(data=archive(NOTES="2"))
    outcome = repository.vendor()
    assert (outcome.code, list(repository.files())) == (2, ["charts.lock.yaml"])
    assert repository.text(outcome.err) == (
        "error[chart-lock-mismatch]: https://127.0.0.1:PORT/charts has another kmod 1.0.0 than the one that "
        "charts.lock.yaml locks\n"
        "  --> spec.yaml:6:3 (spec.chart)\n"
        "  6 |   chart:\n"
        "    |   ^^^^^\n"
        "  in: kmod\n"
        f"  note: locked: sha256:{sha256(archive())}\n"
        f"  note: there:  sha256:{sha256(other)}\n"
        "  help: a published version should not change: ask whoever publishes it; if it is right, "
        "`sro-render vendor --update` takes the new one\n"
        "nothing was written: 1 error\n"
    )


def test_two_repositories_with_different_charts_of_one_name_do_not_fit_into_a_folder(
    repository: Repository, serve: Any
) -> None:
    repository.vendor()
    other = Repository(serve(), repository.project)
    data = other.publish(data=archive(NOTES="2"))
    other.spec()
    before = repository.files()
    outcome = other.vendor()
    assert (outcome.code, repository.files()) == (2, before)
    notes = sorted(
        [
            (repository.url, f"  note: sha256:{sha256(archive())} of {repository.url}, wanted as 1.0.0\n"),
            (other.url, f"  note: sha256:{sha256(data)} of {other.url}, wanted as 1.0.0\n"),
        ]
    )
    assert outcome.err == (
        "error[chart-conflict]: a folder holds one kmod 1.0.0 only, and there are several\n"
        "  --> charts.lock.yaml\n"
        f"{''.join(note for _, note in notes)}"
        "  help: use another --charts folder for one of them; if one is old, `sro-render vendor --update` with "
        "all specs\n"
        "nothing was written: 1 error\n"
    )


def test_a_build_refuses_a_vendored_chart_that_was_changed(repository: Repository) -> None:
    repository.vendor()
    locked = repository.lock()[0]["digest"]
    repository.project.write("vendored/kmod-1.0.0.tgz", archive(NOTES="mine"))
    outcome = repository.build()
    found = outcome.err.split("found:  ")[1][:71]
    assert found.startswith("sha256:")
    assert outcome.err == (
        "error[chart-lock-mismatch]: chart kmod 1.0.0 is not the one that charts.lock.yaml locks\n"
        "  --> vendored/kmod-1.0.0.tgz\n"
        "  in: kmod\n"
        f"  note: locked: {locked}\n"
        f"  note: found:  {found}\n"
        "  help: remove it, and let `sro-render vendor` fetch the locked one; a chart of your own has another "
        "version, or no entry in the lock\n"
        "nothing was written: 1 error\n"
    )


def test_a_build_refuses_a_chart_that_was_vendored_from_somewhere_else(repository: Repository) -> None:
    repository.vendor()
    repository.spec(url="https://ann:s3cret@other.example.com/charts")
    outcome = repository.build()
    assert outcome.code == 2
    assert repository.text(outcome.err) == (
        "error[chart-lock-repository]: charts.lock.yaml has chart kmod 1.0.0 from somewhere else than "
        "https://other.example.com/charts\n"
        "  --> spec.yaml:9:5 (spec.chart.repository)\n"
        "  9 |     repository:\n"
        "    |     ^^^^^^^^^^\n"
        "  in: kmod\n"
        "  note: locked: https://127.0.0.1:PORT/charts, wanted as 1.0.0\n"
        "  help: run `sro-render vendor SPEC --charts vendored`\n"
        "nothing was written: 1 error\n"
    )


def test_a_build_takes_a_chart_of_the_users_own_beside_a_lock(repository: Repository) -> None:
    repository.vendor()
    repository.project.write("vendored/mine-1.0.0.tgz", archive("mine"))
    for url in (repository.url, "file:///charts"):
        repository.spec("mine", url=url)
        assert repository.build().code == 0


def test_a_build_without_the_chart_says_how_to_get_it(repository: Repository) -> None:
    outcome = repository.project.build()
    assert outcome.code == 0  # charts/kmod is the user's own, and nothing was vendored there
    repository.spec("other")
    outcome = repository.project.build()
    assert outcome.code == 2
    assert "  help: run `sro-render vendor SPEC --charts charts`: it fetches the chart\n" in outcome.err


def test_a_build_tells_every_fault_of_a_damaged_lock(repository: Repository) -> None:
    repository.vendor()
    text = repository.files()["charts.lock.yaml"].decode()
    repository.project.write("vendored/charts.lock.yaml", text.replace("name: kmod", "nam: kmod"))
    outcome = repository.build()
    assert outcome.code == 2
    assert "error[unknown-key]" in outcome.err
    assert "error[missing-key]: 'name' is missing" in outcome.err
    repository.project.write("vendored/charts.lock.yaml", "kind: List\n")
    for outcome in (repository.build(), repository.vendor()):
        assert outcome.err == (
            "error[lock-foreign]: this is not a ChartsLock of sro-render\n"
            "  --> vendored/charts.lock.yaml\n"
            "  help: take the committed one back (git checkout), or remove it and the archives beside it, and "
            "run `sro-render vendor` again\n"
            "nothing was written: 1 error\n"
        )


def test_the_lock_is_written_the_same_way_each_time(repository: Repository) -> None:
    repository.publish("base", "0.1.0")
    repository.vendor()
    repository.spec("base", "0.1.0")
    repository.vendor()
    first = repository.files()["charts.lock.yaml"]
    for path in (repository.project.root / "vendored").iterdir():
        path.unlink()
    repository.vendor()
    repository.spec()
    repository.vendor()
    assert repository.files()["charts.lock.yaml"] == first


def test_the_server_is_told_who_asks(repository: Repository) -> None:
    repository.vendor()
    assert {h["user-agent"] for _, h in repository.server.requests} == {f"sro-render/{__version__}"}
