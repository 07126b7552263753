"""What `vendor` fetches, beside what the real helm fetches from the same servers.

Matrix: versions and constraints over one repository and over one registry, addresses in an index, charts
with `+` in their version; registries (Debian's docker-registry) without and with TLS, with basic
authentication and with tokens from a realm on another origin, credentials from the spec, from Docker's
config.json and from a helper. Helm pushes every chart. Left out: faults, which tests/unit decides.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from sro_render.edges.specs import read_specs
from sro_render.edges.vendor import VendorOptions, VendorOutcome, vendor
from sro_render.edges.web import Patience
from sro_render.limits import Limits

FAST = Patience(attempts=2, first_pause_s=0.01, connect_s=5, silence_s=10, request_s=30)
VERSIONS = (
    *("0.9.0", "1.0.0", "1.0.1", "1.1.0", "1.2.0-rc.1", "1.2.0", "1.10.0", "2.0.0-alpha", "2.0.0"),
    *("2.1.0+build.7", "3.0.0-beta.2", "3.0.0-beta.10"),
)
WANTED = (
    *(
        "1.0.0",
        "2.1.0+build.7",
        "2.0.0-alpha",
        "^1.0.0",
        "~1.0",
        "~1.2.0",
        "1.x",
        "1",
        "1.2",
        "*",
        ">=1.0.0 <1.2.0",
    ),
    *(
        ">=1.0.0, <2.0.0-0",
        "^0.9 || ^2",
        "1.0.0 - 1.2.0",
        ">3.0.0-0",
        "~3.0.0-beta.1",
        "!=2.1.0",
        "<=1.1",
        "=1.0.1",
    ),
    *("v1.0.0", "^4", "0.9.x", ">2.0.0", ">=2.0.0-alpha <2.0.0"),
)
# bcrypt of `s3cret`, which is for this registry alone.
HTPASSWD = "ann:$2b$04$KBRC1ECYYRf.VPx4zuS/Lu1LLigiqhVdK4fWfczWeleUONngcBgca\n"


@dataclass(frozen=True)
class Helm:
    """The real helm, in a home of its own."""

    program: Path
    home: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program, *arguments],
            env={"PATH": os.environ["PATH"], "HOME": str(self.home)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def pull(self, *arguments: str) -> bytes | None:
        """The archive that helm fetches, None if it finds none."""
        folder = self.home / "pulled"
        folder.mkdir(exist_ok=True)
        for path in folder.iterdir():
            path.unlink()
        done = self.run("pull", *arguments, "--destination", str(folder))
        archives = list(folder.glob("*.tgz"))
        if not archives:
            assert re.search("not found in|could not locate a version|: not found", done.stderr)
        return archives[0].read_bytes() if archives else None


@pytest.fixture(scope="module")
def real(helm: Path, tmp_path_factory: pytest.TempPathFactory) -> Helm:
    return Helm(helm, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def archives(real: Helm, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chart in all versions, packed by helm, with the index that helm makes of them."""
    folder = tmp_path_factory.mktemp("archives")
    chart = tmp_path_factory.mktemp("source") / "kmod"
    (chart / "templates").mkdir(parents=True)
    (chart / "templates" / "0000-a.yaml").write_text("kind: ConfigMap\n")
    for version in VERSIONS:
        (chart / "Chart.yaml").write_text(f"apiVersion: v2\nname: kmod\nversion: {version}\n")
        assert real.run("package", str(chart), "--destination", str(folder)).returncode == 0
    assert real.run("repo", "index", str(folder)).returncode == 0
    return folder


@dataclass(frozen=True)
class Registry:
    """A docker-registry on a port of its own."""

    port: int

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"


StartRegistry = Callable[..., Registry]


def _start(program: Path, folder: Path, config: dict[str, Any]) -> tuple[subprocess.Popen[bytes], Registry]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yml").write_text(yaml.safe_dump(config))
    log = folder / "log"
    with log.open("wb") as file:
        process = subprocess.Popen([program, "serve", folder / "config.yml"], stdout=file, stderr=file)
    for _ in range(500):
        found = re.search(r"listening on 127\.0\.0\.1:(\d+)", log.read_text())
        if found:
            return process, Registry(int(found[1]))
        assert process.poll() is None, log.read_text()
        time.sleep(0.02)
    pytest.fail(f"the registry does not start: {log.read_text()}")


@pytest.fixture(scope="module")
def store(
    docker_registry: Path, real: Helm, archives: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, Registry]]:
    """A registry's storage, into which helm pushed all archives, and a registry on it that asks nobody."""
    folder = tmp_path_factory.mktemp("registry")
    process, registry = _start(docker_registry, folder / "open", _config(folder))
    try:
        for archive in sorted(archives.glob("*.tgz")):
            done = real.run("push", str(archive), f"oci://{registry.host}/charts", "--plain-http")
            assert done.returncode == 0, done.stderr
        yield folder, registry
    finally:
        process.terminate()
        process.wait()


def _config(folder: Path, **more: Any) -> dict[str, Any]:
    return {
        "version": 0.1,
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {"addr": "127.0.0.1:0", **more.pop("http", {})},
        **more,
    }


@pytest.fixture
def start_registry(
    docker_registry: Path, store: tuple[Path, Registry], certificates: Any, tmp_path: Path
) -> Iterator[StartRegistry]:
    """Starts registries with TLS on that storage; keyword arguments go into their configuration."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(**more: Any) -> Registry:
        tls = {"certificate": str(certificates.server), "key": str(certificates.server)}
        config = _config(store[0], http={"tls": tls}, **more)
        process, registry = _start(docker_registry, tmp_path / f"registry{len(processes)}", config)
        processes.append(process)
        return registry

    yield start
    for process in processes:
        process.terminate()
        process.wait()


@dataclass(frozen=True)
class Vendor:
    """Vendors one chart into a new folder each time."""

    root: Path
    ca: Path

    def run(
        self,
        url: str,
        version: str,
        *,
        plain_http: bool = False,
        environment: dict[str, str] | None = None,
        **repository: Any,
    ) -> VendorOutcome:
        where = {"name": "r", "url": url, "caFile": str(self.ca), **repository}
        spec = {
            "apiVersion": "sro.openshift.io/v1beta1",
            "kind": "SpecialResource",
            "metadata": {"name": "kmod"},
            "spec": {"chart": {"name": "kmod", "version": version, "repository": where}},
        }
        (self.root / "spec.yaml").write_text(yaml.safe_dump(spec))
        number = len(list(self.root.iterdir()))
        options = VendorOptions(
            plain_http=plain_http, environment=environment or {}, patience=FAST, say=lambda _: None
        )
        resources = read_specs([str(self.root / "spec.yaml")], Limits()).resources
        return vendor(resources, self.root / f"charts{number}", options)

    def archive(self, url: str, version: str, **more: Any) -> bytes | None:
        """The archive, None if there is no such version."""
        outcome = self.run(url, version, **more)
        if outcome.errors:
            assert {each.finding.code for each in outcome.errors} <= {
                *("chart-version-not-found", "chart-not-found"),
            }, outcome.errors
            return None
        [chart] = outcome.charts
        return chart.data


@pytest.fixture
def ours(tmp_path: Path, certificates: Any) -> Vendor:
    folder = tmp_path / "vendor"
    folder.mkdir()
    return Vendor(folder, certificates.ca)


def digest(data: bytes | None) -> str:
    return hashlib.sha256(data).hexdigest() if data is not None else "none"


def publish(server: Any, archives: Path, *, prefix: str = "/charts") -> None:
    for path in archives.iterdir():
        # In an address, a plus sign may be written either way.
        for name in {path.name, path.name.replace("+", "%2B")}:
            server.answer(f"{prefix}/{name}", path.read_bytes())


def test_helm_chooses_the_same_version_of_a_repository(
    real: Helm, ours: Vendor, archives: Path, serve: Any, certificates: Any
) -> None:
    server = serve()
    publish(server, archives)
    url = f"{server.url}/charts"
    helms, own = {}, {}
    for wanted in WANTED:
        arguments = ["kmod", "--repo", url, "--ca-file", str(certificates.ca), "--version", wanted]
        helms[wanted] = digest(real.pull(*arguments))
        own[wanted] = digest(ours.archive(url, wanted))
    assert own == helms
    assert len(set(own.values())) > 8


def test_helm_chooses_the_same_version_of_a_registry(
    real: Helm, ours: Vendor, store: tuple[Path, Registry]
) -> None:
    url = f"oci://{store[1].host}/charts"
    helms, own = {}, {}
    for wanted in WANTED:
        helms[wanted] = digest(real.pull(f"{url}/kmod", "--plain-http", "--version", wanted))
        own[wanted] = digest(ours.archive(url, wanted, plain_http=True))
    # Helm takes these for tags, though they are no whole versions; in a repository it takes them for
    # constraints, and so do we in both.
    for wanted in ("1", "1.2"):
        assert helms.pop(wanted) == "none"
        assert own.pop(wanted) != "none"
    assert own == helms
    assert len(set(own.values())) > 8


@pytest.mark.parametrize(
    ("base", "address"),
    [
        ("", "kmod-1.0.0.tgz"),
        ("/a/b", "kmod-1.0.0.tgz"),
        ("/a/b/", "kmod-1.0.0.tgz"),
        ("/a/b/", "../up/kmod-1.0.0.tgz"),
        ("/a/b", "/root/kmod-1.0.0.tgz"),
        ("/a/b", "./sub/../kmod-1.0.0.tgz"),
        ("/a/b", "kmod-1.0.0.tgz?x=y"),
        ("/a/b", "{url}/abs/kmod-1.0.0.tgz"),
        ("/a/b", "//{host}/net/kmod-1.0.0.tgz"),
        ("/a/b", "sp%20ace/kmod-1.0.0.tgz"),
    ],
)
def test_helm_asks_for_the_same_address(
    real: Helm, ours: Vendor, archives: Path, serve: Any, certificates: Any, base: str, address: str
) -> None:
    server = serve()
    data = (archives / "kmod-1.0.0.tgz").read_bytes()
    url = address.format(url=server.url, host=f"127.0.0.1:{server.port}")
    entry = {"name": "kmod", "version": "1.0.0", "apiVersion": "v2", "urls": [url]}
    index = {"apiVersion": "v1", "entries": {"kmod": [entry]}}
    server.answer(f"{base.rstrip('/')}/index.yaml", yaml.safe_dump(index).encode())
    # Whatever else is asked for is the archive: only what is asked for counts here.
    server.fallback = data
    repository = f"{server.url}{base}"
    assert real.pull("kmod", "--repo", repository, "--ca-file", str(certificates.ca)) == data
    helms = server.paths()
    server.requests.clear()
    assert ours.archive(repository, "1.0.0") == data
    # Helm repeats the repository's own query, and with it drops that of a relative address.
    assert [path.partition("?")[0] for path in server.paths()] == [path.partition("?")[0] for path in helms]


def test_an_index_may_lead_to_a_registry(
    real: Helm, ours: Vendor, archives: Path, serve: Any, store: tuple[Path, Registry]
) -> None:
    server = serve(tls=False)
    data = (archives / "kmod-1.1.0.tgz").read_bytes()
    address = f"oci://{store[1].host}/charts/kmod:1.1.0"
    entry = {
        "name": "kmod",
        "version": "1.1.0",
        "urls": [address],
        "digest": hashlib.sha256(data).hexdigest(),
    }
    index = {"apiVersion": "v1", "entries": {"kmod": [entry]}}
    server.answer("/index.yaml", yaml.safe_dump(index).encode())
    assert real.pull("kmod", "--repo", server.url, "--plain-http") == data
    assert ours.archive(server.url, "~1.1", plain_http=True) == data


def test_a_registry_with_tls_is_asked_by_https(
    real: Helm, ours: Vendor, start_registry: StartRegistry, certificates: Any
) -> None:
    url = f"oci://localhost:{start_registry().port}/charts"
    for wanted in ("1.0.0", "^1.1.0", "2.1.0+build.7"):
        helms = real.pull(f"{url}/kmod", "--ca-file", str(certificates.ca), "--version", wanted)
        assert (helms is None, digest(ours.archive(url, wanted))) == (False, digest(helms))


def test_what_a_registry_does_not_have_is_told_with_what_there_is(
    ours: Vendor, store: tuple[Path, Registry]
) -> None:
    url = f"oci://{store[1].host}/charts"
    [error] = ours.run(url, "9.9.9", plain_http=True).errors
    assert error.finding.message == f"chart kmod has no version 9.9.9 in {url}/kmod"
    assert error.finding.hint == (
        "versions there: 3.0.0-beta.10, 3.0.0-beta.2, 2.1.0+build.7, 2.0.0, 2.0.0-alpha, 1.10.0, 1.2.0, "
        "1.2.0-rc.1, 1.1.0, 1.0.1 and 2 more"
    )
    [error] = ours.run(f"{url}/kmod", "1.0.0", plain_http=True).errors
    assert error.finding.message == f"{url}/kmod/kmod has no chart, or not version 1.0.0 of it"
    assert error.finding.hint == "the address is oci://HOST/PATH of the spec with the chart's name behind it"


@pytest.fixture
def guarded(start_registry: StartRegistry, tmp_path: Path) -> Registry:
    """A registry that wants a user's name and password: `ann` and `s3cret`."""
    (tmp_path / "htpasswd").write_text(HTPASSWD)
    return start_registry(auth={"htpasswd": {"realm": "r", "path": str(tmp_path / "htpasswd")}})


def docker_config(folder: Path, config: dict[str, Any]) -> dict[str, str]:
    """An environment in which Docker has this configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    return {"DOCKER_CONFIG": str(folder), "PATH": f"{folder}:{os.environ['PATH']}"}


AUTH = base64.b64encode(b"ann:s3cret").decode()


def test_credentials_come_from_the_spec(ours: Vendor, guarded: Registry) -> None:
    url = f"oci://{guarded.host}/charts"
    assert ours.archive(url, "1.0.0", username="ann", password="s3cret") is not None
    for password in ("", "other"):
        [error] = ours.run(url, "1.0.0", username="ann", password=password).errors
        assert error.finding.code == "server-refused"
        assert error.finding.message == (
            f"https://{guarded.host}/v2/charts/kmod/manifests/1.0.0: the server answers 401 Unauthorized"
        )


def test_credentials_come_from_the_environment(ours: Vendor, guarded: Registry) -> None:
    environment = {
        "SRO_RENDER_HOST": guarded.host,
        "SRO_RENDER_USERNAME": "ann",
        "SRO_RENDER_PASSWORD": "s3cret",
    }
    assert ours.archive(f"oci://{guarded.host}/charts", "1.0.0", environment=environment) is not None


def test_credentials_come_from_where_helm_and_docker_put_them(
    real: Helm, ours: Vendor, guarded: Registry, certificates: Any, tmp_path: Path
) -> None:
    # Helm writes the same form of file that Docker has; here it is told to write Docker's.
    config = tmp_path / "docker" / "config.json"
    done = real.run(
        *("registry", "login", guarded.host, "--username", "ann", "--password", "s3cret"),
        *("--ca-file", str(certificates.ca), "--registry-config", str(config)),
    )
    assert done.returncode == 0, done.stderr
    url = f"oci://{guarded.host}/charts"
    environment = {"DOCKER_CONFIG": str(config.parent)}
    assert ours.archive(url, "1.0.0", environment=environment) is not None
    environment = {"HOME": str(tmp_path)}
    config.parent.rename(tmp_path / ".docker")
    assert ours.archive(url, "1.0.0", environment=environment) is not None


def test_credentials_come_from_the_text_that_ci_systems_set(ours: Vendor, guarded: Registry) -> None:
    text = json.dumps({"auths": {f"https://{guarded.host}/v1/": {"auth": AUTH}}})
    environment = {"DOCKER_AUTH_CONFIG": text}
    assert ours.archive(f"oci://{guarded.host}/charts", "1.0.0", environment=environment) is not None


@pytest.mark.parametrize("key", ["credHelpers", "credsStore"])
def test_credentials_come_from_a_helper(ours: Vendor, guarded: Registry, tmp_path: Path, key: str) -> None:
    folder = tmp_path / "docker"
    config = {"credHelpers": {guarded.host: "test"}} if key == "credHelpers" else {"credsStore": "test"}
    environment = docker_config(folder, config)
    helper = folder / "docker-credential-test"
    helper.write_text(
        f"""#!/bin/sh
read host
echo "$1 $host" > {folder}/asked
echo '{{"ServerURL": "x", "Username": "ann", "Secret": "s3cret"}}'
"""
    )
    helper.chmod(helper.stat().st_mode | stat.S_IXUSR)
    assert ours.archive(f"oci://{guarded.host}/charts", "^1", environment=environment) is not None
    assert (folder / "asked").read_text() == f"get {guarded.host}\n"


def token(certificates: Any) -> bytes:
    """A token for the repository charts/kmod, signed with the server's key, in the realm's answer.

    Source: https://distribution.github.io/distribution/spec/auth/jwt/
    """
    from cryptography import x509  # noqa: PLC0415 - only this test pays for it
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec, utils  # noqa: PLC0415

    pem = certificates.server.read_bytes()
    key = serialization.load_pem_private_key(pem, password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    chain = x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)

    def part(data: bytes) -> bytes:
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    now = int(time.time())
    claims = {
        "iss": "issuer",
        "sub": "ann",
        "aud": "registry",
        "jti": "1",
        "iat": now - 60,
        "nbf": now - 60,
        "exp": now + 600,
        "access": [{"type": "repository", "name": "charts/kmod", "actions": ["pull"]}],
    }
    header = {"typ": "JWT", "alg": "ES256", "x5c": [base64.b64encode(chain).decode()]}
    signed = part(json.dumps(header).encode()) + b"." + part(json.dumps(claims).encode())
    numbers = utils.decode_dss_signature(key.sign(signed, ec.ECDSA(hashes.SHA256())))
    signature = b"".join(number.to_bytes(32, "big") for number in numbers)
    return json.dumps({"token": (signed + b"." + part(signature)).decode()}).encode()


@pytest.fixture
def realm(serve: Any, certificates: Any) -> Any:
    """A token service on an origin of its own."""
    server = serve()
    server.fallback = token(certificates)
    return server


def test_a_token_is_fetched_from_the_realm_that_the_registry_names(
    real: Helm, ours: Vendor, start_registry: StartRegistry, realm: Any, certificates: Any, tmp_path: Path
) -> None:
    registry = start_registry(
        auth={
            "token": {
                "realm": f"{realm.url}/token",
                "service": "registry",
                "issuer": "issuer",
                "rootcertbundle": str(certificates.ca),
            }
        }
    )
    url = f"oci://{registry.host}/charts"
    environment = docker_config(tmp_path / "docker", {"auths": {registry.host: {"auth": AUTH}}})
    data = ours.archive(url, "^1.0.0", environment=environment)
    # One token for the list, the manifest and the blob; it is asked for with the registry's credentials.
    [(path, headers)] = realm.requests
    assert path == "/token?service=registry&scope=repository%3Acharts%2Fkmod%3Apull"
    assert headers["authorization"] == f"Basic {AUTH}"
    config = str(tmp_path / "docker" / "config.json")
    arguments = ["--ca-file", str(certificates.ca), "--registry-config", config, "--version", "^1.0.0"]
    assert data == real.pull(f"{url}/kmod", *arguments)
    # Helm sends them there too.
    assert realm.requests[-1][1]["authorization"] == f"Basic {AUTH}"
    realm.requests.clear()
    assert ours.archive(url, "1.0.0") is not None
    assert "authorization" not in realm.requests[0][1]
