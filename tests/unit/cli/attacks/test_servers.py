"""Hostile repositories of charts, and other hosts that `vendor` is led to.

Matrix: addresses in an index (files, paths that climb, other hosts), credentials on the way to another host,
names and versions that are paths, duplicates, bombs as index and as archive, a lock that names files
elsewhere, an index that holds something else. Left out: registries (tests/unit/edges/test_oci_registry.py),
how a server is asked (tests/unit/edges/test_web.py), all other faults (tests/unit/cli/test_vendor.py).
"""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

Tgz = Callable[..., bytes]
CHART = ("kmod/Chart.yaml", "apiVersion: v2\nname: kmod\nversion: 1.0.0\n")
ANN = f"Basic {base64.b64encode(b'ann:s3cret').decode()}"
INDEX = "/charts/index.yaml"


@dataclass(frozen=True)
class Repository:
    """A repository below /charts of a server, with the chart kmod 1.0.0, and a spec that names it."""

    victim: Any
    server: Any

    def publish(self, data: bytes, address: str = "kmod-1.0.0.tgz", **entry: Any) -> None:
        """Serve an archive, and an index whose entry for it has this address."""
        self.server.answer("/charts/kmod-1.0.0.tgz", data)
        known = {"version": "1.0.0", "urls": [address], "digest": hashlib.sha256(data).hexdigest(), **entry}
        index = {"apiVersion": "v1", "entries": {"kmod": [known]}}
        self.server.answer(INDEX, yaml.safe_dump(index).encode())

    def name(self, name: str = "kmod", version: str = "1.0.0", **repository: str) -> None:
        """Write the spec."""
        where = {"name": "r", "url": f"{self.server.url}/charts", **repository}
        self.victim.project.write_spec(chart={"name": name, "version": version, "repository": where})

    def vendor(self, *options: str) -> Any:
        """Run `vendor`; nothing but the folder `vendored` may have changed, which is left out of it."""
        outcome = self.victim.project.run("vendor", "spec.yaml", "--charts", "vendored", *options)
        assert outcome.code != 3, outcome.err
        assert "s3cret" not in outcome.out + outcome.err
        assert sorted(path.name for path in self.victim.root.parent.iterdir()) == ["secret.yaml", "work"]
        return outcome

    def assert_refused(self, code: int, first_line: str, *options: str) -> None:
        outcome = self.vendor(*options)
        line = outcome.err.split("\n")[0].replace(f":{self.server.port}", ":PORT")
        assert (outcome.code, line) == (code, f"error{first_line}")
        assert not (self.victim.root / "vendored").exists()


@pytest.fixture
def repository(
    victim: Any, tgz: Tgz, serve: Any, certificates: Any, monkeypatch: pytest.MonkeyPatch
) -> Repository:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca))
    monkeypatch.setenv("HOME", str(victim.root))
    for name in ("DOCKER_CONFIG", "DOCKER_AUTH_CONFIG", "SRO_RENDER_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sro_render.edges.web.time.sleep", lambda _: None)
    made = Repository(victim, serve())
    made.publish(tgz(CHART))
    made.name()
    return made


@pytest.mark.parametrize(
    ("address", "code", "message"),
    [
        ("file:///etc/passwd", 4, "[server-redirects]: 'file:///etc/passwd' is not a URL"),
        (
            "../../../../etc/passwd",
            4,
            "[server-refused]: https://127.0.0.1:PORT/etc/passwd: the server answers 404 Not Found",
        ),
        ("data:application/gzip,x", 4, "[server-redirects]: 'data:application/gzip,x' is not a URL"),
        (
            "ftp://127.0.0.1/kmod.tgz",
            4,
            "[server-redirects]: ftp://127.0.0.1/kmod.tgz is of a kind that is not fetched",
        ),
        (
            "http://127.0.0.1/kmod.tgz",
            4,
            "[server-redirects]: http://127.0.0.1/kmod.tgz is not encrypted, and https led there",
        ),
    ],
)
def test_an_index_leads_to_no_file_and_to_nothing_that_is_not_encrypted(
    repository: Repository, tgz: Tgz, address: str, code: int, message: str
) -> None:
    repository.publish(tgz(CHART), address)
    repository.assert_refused(code, message)


def test_credentials_are_not_passed_to_another_host(repository: Repository, tgz: Tgz, serve: Any) -> None:
    # CVE-2021-32690 (Helm): the repository's password went to whatever host its index named.
    other = serve()
    other.answer("/kmod-1.0.0.tgz", tgz(CHART))
    repository.publish(tgz(CHART), f"{other.url}/kmod-1.0.0.tgz")
    repository.name(username="ann", password="s3cret")
    assert repository.vendor().code == 0
    asked = [(path, headers.get("authorization")) for path, headers in repository.server.requests]
    assert asked == [(INDEX, ANN)]
    assert [headers.get("authorization") for _, headers in other.requests] == [None]


def test_credentials_are_not_passed_along_with_a_redirect(
    repository: Repository, tgz: Tgz, serve: Any
) -> None:
    other = serve()
    other.answer("/elsewhere", tgz(CHART))
    away = {"status": 302, "headers": (("Location", f"{other.url}/elsewhere"),)}
    repository.server.answer("/charts/kmod-1.0.0.tgz", away)
    repository.name(username="ann", password="s3cret")
    assert repository.vendor().code == 0
    assert {headers.get("authorization") for _, headers in repository.server.requests} == {ANN}
    assert [headers.get("authorization") for _, headers in other.requests] == [None]


def test_credentials_are_not_passed_to_a_host_that_begins_with_the_same_name(
    repository: Repository, tgz: Tgz
) -> None:
    own, other = f"127.0.0.1:{repository.server.port}", f"127.0.0.1:{repository.server.port}@localhost"
    address = f"https://{other}:{repository.server.port}/charts/kmod-1.0.0.tgz"
    repository.publish(tgz(CHART), address)
    repository.name(username="ann", password="s3cret")
    repository.vendor()
    sent = [headers for _, headers in repository.server.requests if headers.get("authorization") == ANN]
    assert {headers["host"] for headers in sent} == {own}


def test_a_name_that_is_a_path_is_no_file(repository: Repository, tgz: Tgz) -> None:
    name = "../../x"
    data = tgz(CHART)
    entry = {"version": "1.0.0", "urls": ["kmod-1.0.0.tgz"], "digest": hashlib.sha256(data).hexdigest()}
    repository.server.answer(INDEX, yaml.safe_dump({"apiVersion": "v1", "entries": {name: [entry]}}).encode())
    repository.name(name)
    message = "[chart-mismatch]: the archive for ../../x 1.0.0 holds kmod 1.0.0"
    repository.assert_refused(2, message)


def test_an_archive_is_not_named_by_the_version_that_it_claims(repository: Repository, tgz: Tgz) -> None:
    repository.publish(tgz(CHART), version="../../x")
    repository.name(version="../../x")
    repository.assert_refused(2, "[version-constraint]: '../../x' is neither a version nor a constraint")


def test_the_first_of_two_entries_for_a_version_counts(repository: Repository, tgz: Tgz) -> None:
    # CVE-2020-15185 (Helm): a second entry in the index took the place of the first.
    data = tgz(CHART)
    good = {"version": "1.0.0", "urls": ["kmod-1.0.0.tgz"], "digest": hashlib.sha256(data).hexdigest()}
    bad = {"version": "1.0.0", "urls": ["evil.tgz"]}
    index = {"apiVersion": "v1", "entries": {"kmod": [good, bad]}}
    repository.server.answer(INDEX, yaml.safe_dump(index).encode())
    assert repository.vendor().code == 0
    assert repository.server.paths() == [INDEX, "/charts/kmod-1.0.0.tgz"]


def test_a_repository_that_is_named_twice_in_an_index_is_refused(repository: Repository) -> None:
    repository.server.answer(INDEX, b"apiVersion: v1\nentries: {kmod: []}\nentries: {kmod: []}\n")
    repository.assert_refused(2, '[yaml-duplicate-key]: the key "entries" stands here for the second time')


@pytest.mark.parametrize(
    "index",
    [
        b"",
        b"null",
        b"[]",
        b"apiVersion: v1\nentries: []\n",
        b"apiVersion: v1\nentries: {kmod: null}\n",
        b"apiVersion: v1\nentries: {kmod: [null]}\n",
        b"apiVersion: v1\nentries: {kmod: [{version: 1.0.0}]}\n",
        b"apiVersion: v1\nentries: {kmod: [{version: 1.0.0, urls: [null]}]}\n",
        b"apiVersion: v1\nentries: {kmod: [{version: [1], urls: [x]}]}\n",
        b"<html>\x00",
    ],
)
def test_an_index_that_holds_something_else_is_an_error(repository: Repository, index: bytes) -> None:
    # CVE-2022-23525, CVE-2024-26147 and CVE-2025-55198 (Helm): such an index ended helm.
    repository.server.answer(INDEX, index)
    outcome = repository.vendor()
    assert outcome.code == 2
    assert outcome.err.startswith("error[")


def test_an_index_does_not_grow(repository: Repository, laughs: Callable[..., str]) -> None:
    repository.server.answer(INDEX, f"apiVersion: v1\n{laughs()}".encode())
    repository.assert_refused(2, "[yaml-aliases]: aliases add more than 1,000,000 values to this text")


def test_an_answer_that_is_packed_is_not_unpacked(repository: Repository) -> None:
    bomb = gzip.compress(bytes(100 * 2**20), 1)
    repository.server.answer(INDEX, {"body": bomb, "headers": (("Content-Encoding", "gzip"),)})
    outcome = repository.vendor()
    assert outcome.code in {2, 4}
    assert len(outcome.err) < 2_000


@pytest.mark.parametrize(
    ("limit", "path"), [("index-bytes=100", INDEX), ("archive-bytes=100", "/charts/kmod-1.0.0.tgz")]
)
def test_an_answer_is_taken_up_to_its_limit(repository: Repository, limit: str, path: str) -> None:
    repository.assert_refused(
        4, f"[server-too-much]: https://127.0.0.1:PORT{path} has more than 100 bytes", "--limit", limit
    )


def test_an_archive_that_leads_out_is_not_kept(repository: Repository, tgz: Tgz) -> None:
    repository.publish(tgz(CHART, ("kmod/../../x", "x")))
    repository.assert_refused(2, '[archive-path]: the path "kmod/../../x" climbs out of its folder')


def test_a_lock_names_no_file_outside(repository: Repository) -> None:
    secret = repository.victim.root.parent / "secret.yaml"
    digest = f"sha256:{hashlib.sha256(secret.read_bytes()).hexdigest()}"
    locked = {
        "name": "../../secret",
        "version": "1.0.0",
        "wanted": "1.0.0",
        "repository": f"{repository.server.url}/charts",
        "archiveDigest": digest,
        "digest": digest,
    }
    lock = {"apiVersion": "sro.openshift.io/v1alpha1", "kind": "ChartsLock", "charts": [locked]}
    repository.victim.project.write("vendored/charts.lock.yaml", yaml.safe_dump(lock))
    outcome = repository.vendor("--update")
    assert outcome.code == 2
    assert "'../../secret'" in outcome.err.split("\n")[0]
    assert secret.exists()
