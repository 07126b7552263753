"""Starts and stops a control plane of the tests' own: etcd, API server, controller manager, scheduler.

All of it lies in one folder and listens on 127.0.0.1; its processes end with the process that started them.
Nothing here knows pytest, so that a bench can start one too.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
USERS = ("admin", "alice", "bob")
"""`admin` may do all, the others nothing until a test binds a role to them."""
SYSTEM_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
ISSUER = "https://kubernetes.default.svc"
START_S = 60.0
MAX_DELETES = 5000
"""Of keys, in one request to etcd."""
STOP_S = 3.0
"""How long a program may take to stop: the API server else waits a minute for who watches."""


class NotStartedError(Exception):
    """A program of the control plane did not come up; the text has the end of its log."""


@dataclass
class ControlPlane:
    """A running control plane. `certificate` has certificate and key of the server, `ca` who signed it."""

    programs: Path
    folder: Path
    ca: Path
    certificate: Path
    api_port: int = 0
    etcd_url: str = ""
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _baseline: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.api_port}"

    def start(self) -> None:
        """Start all, and wait until the API server answers and the controllers work."""
        self.folder.mkdir(parents=True, exist_ok=True)
        etcd_port, peer_port, self.api_port = free_ports(3)
        self.etcd_url = f"http://127.0.0.1:{etcd_port}"
        self._write_keys()
        self._start_etcd(f"http://127.0.0.1:{peer_port}")
        self.start_api_server()
        self._start_controllers()
        self._wait("kube-controller-manager", self._has_settled)
        self._baseline = self._keys()

    def revive(self) -> None:
        """Start again what a test has stopped and not started, or what has ended by itself."""
        if not self._is_running("kube-apiserver"):
            self.start_api_server()
        if not all(self._is_running(name) for name in PROGRAMS[2:]):
            for name in PROGRAMS[2:]:
                self._stop(name)
            self._start_controllers()

    def _is_running(self, program: str) -> bool:
        process = self._running.get(program)
        return process is not None and process.poll() is None

    def _start_controllers(self) -> None:
        quick = ["--kube-api-qps=500", "--kube-api-burst=1000", f"--kubeconfig={self.kubeconfig('admin')}"]
        older = ["--port=0"] if self.minor_version() < 24 else []
        self._run(
            "kube-controller-manager",
            *quick,
            *older,
            f"--service-account-private-key-file={self.folder / 'sa.key'}",
            "--use-service-account-credentials=false",
            "--leader-elect=false",
            "--secure-port=0",
            "--node-monitor-grace-period=24h",  # nobody renews the leases of played nodes
            "--node-startup-grace-period=24h",
        )
        self._run("kube-scheduler", *quick, *older, "--leader-elect=false", "--secure-port=0")

    def stop(self) -> None:
        """Stop all, the database last; its data goes, the logs stay."""
        for name in reversed(PROGRAMS):
            self._stop(name)
        shutil.rmtree(self.folder / "etcd", ignore_errors=True)

    def start_api_server(self) -> None:
        """Start it on the port that it had before, and wait until it is ready."""
        self._run(
            "kube-apiserver",
            f"--etcd-servers={self.etcd_url}",
            f"--secure-port={self.api_port}",
            "--bind-address=127.0.0.1",
            f"--cert-dir={self.folder}",
            f"--tls-cert-file={self.certificate}",
            f"--tls-private-key-file={self.certificate}",
            f"--service-account-key-file={self.folder / 'sa.pub'}",
            f"--service-account-signing-key-file={self.folder / 'sa.key'}",
            f"--service-account-issuer={ISSUER}",
            f"--token-auth-file={self.folder / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--allow-privileged=true",
            "--kubelet-preferred-address-types=InternalIP",  # played nodes have names that nobody resolves
            "--disable-admission-plugins=ServiceAccount",
            "--max-requests-inflight=2000",
            "--max-mutating-requests-inflight=1000",
        )
        self._wait("kube-apiserver", self._is_ready)

    def stop_api_server(self, *, kill: bool = False) -> None:
        """Stop it: at once with kill, else as Kubernetes does, which ends open watches first."""
        self._stop("kube-apiserver", kill=kill)

    def kubeconfig(self, user: str, url: str = "") -> Path:
        """A kubeconfig of one of USERS; with the address of who stands before the server, if one does."""
        return self.kubeconfig_of(user, f"token-of-{user}", url)

    def kubeconfig_of(self, user: str, token: str, url: str = "") -> Path:
        """A kubeconfig of anyone who has a token, such as a ServiceAccount."""
        path = self.folder / f"{re.sub('[^-a-z0-9.]', '-', user + url)}.kubeconfig"
        ca = base64.b64encode(self.ca.read_bytes()).decode()
        name = {"name": "test"}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [{**name, "cluster": {"server": url or self.url, "certificate-authority-data": ca}}],
            "users": [{**name, "user": {"token": token}}],
            "contexts": [{**name, "context": {"cluster": "test", "user": "test"}}],
        }
        path.write_text(yaml.safe_dump(config), encoding="utf-8")
        path.chmod(0o600)
        return path

    def clean(self) -> None:
        """Take the cluster back to what it was after its start, in the database itself.

        This is at once, whatever finalizers say; server and controllers hear of it through their watches.
        A controller that has not heard yet may write once more, therefore until nothing is left, twice.
        """
        quiet = 0
        while quiet < 2:
            added = [key for key in self._keys() if key not in self._baseline]
            quiet = quiet + 1 if not added else 0
            # Who makes others goes first: a DaemonSet would make new pods for those that have gone.
            makers = [
                key for key in added if re.search("/(deployments|daemonsets|jobs|cronjobs|.*sets)/", key)
            ]
            for keys in (makers, [key for key in added if key not in makers]):
                for start in range(0, len(keys), MAX_DELETES):
                    deletes = [
                        {"request_delete_range": {"key": encode(key)}}
                        for key in keys[start : start + MAX_DELETES]
                    ]
                    self._etcd("txn", success=deletes)
                time.sleep(0.05 if keys or quiet else 0)

    def logs_tail(self, lines: int = 20) -> str:
        """The end of each log, for the report of a test that failed."""
        texts = [f"logs are in {self.folder}"]
        for log in sorted(self.folder.glob("*.log")):
            end = log.read_text("utf-8", errors="replace").splitlines()[-lines:]
            texts.append("\n".join([f"--- {log.name}", *end]))
        return "\n".join(texts)

    def minor_version(self) -> int:
        """Of Kubernetes: 20 for v1.20.2."""
        command = [str(self.programs / "kube-apiserver"), "--version"]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        found = re.search(r"v1\.(\d+)", printed)
        assert found, printed
        return int(found[1])

    def _write_keys(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        pem = serialization.Encoding.PEM
        private = key.private_bytes(
            pem, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
        public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
        (self.folder / "sa.key").write_bytes(private)
        (self.folder / "sa.pub").write_bytes(public)
        groups = {"admin": ',"system:masters"'}
        rows = [f"token-of-{user},{user},{user}{groups.get(user, '')}\n" for user in USERS]
        (self.folder / "tokens.csv").write_text("".join(rows), encoding="utf-8")

    def _start_etcd(self, peer_url: str) -> None:
        self._run(
            "etcd",
            "--unsafe-no-fsync",
            "--log-level=warn",
            f"--max-txn-ops={MAX_DELETES}",
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={self.etcd_url}",
            f"--advertise-client-urls={self.etcd_url}",
            f"--listen-peer-urls={peer_url}",
            f"--initial-advertise-peer-urls={peer_url}",
            f"--initial-cluster=default={peer_url}",
        )
        self._wait("etcd", lambda: '"true"' in fetch(f"{self.etcd_url}/health"))

    def _is_ready(self) -> bool:
        token = {"Authorization": "Bearer token-of-admin"}
        return fetch(f"{self.url}/readyz", headers=token, ca=self.ca) == "ok"

    def _has_settled(self) -> bool:
        """Whether the controllers have made what they make in each namespace, secrets of accounts included."""
        keys = self._keys()
        kinds = ["serviceaccounts/{}/default", "configmaps/{}/kube-root-ca.crt"]
        if self.minor_version() < 24:
            kinds.append("secrets/{}/default-token-")
        starts = [f"/registry/{kind.format(name)}" for kind in kinds for name in SYSTEM_NAMESPACES]
        return all(any(key.startswith(start) for key in keys) for start in starts)

    def _keys(self) -> dict[str, str]:
        """The keys of all objects and their revisions; not what the API server keeps about itself."""
        found = self._etcd("range", key=encode("/registry/"), range_end=encode("/registry0"), keys_only=True)
        keys = {base64.b64decode(each["key"]).decode(): each["mod_revision"] for each in found.get("kvs", [])}
        own = ("/registry/masterleases/", "/registry/ranges/", "/registry/apiregistration.k8s.io/")
        return {key: revision for key, revision in keys.items() if not key.startswith(own)}

    def _etcd(self, action: str, **arguments: Any) -> dict[str, Any]:
        with urllib3.PoolManager(retries=False, timeout=30) as pool:
            answer = pool.request("POST", f"{self.etcd_url}/v3/kv/{action}", json=arguments)
        assert answer.status == 200, answer.data
        return dict(json.loads(answer.data))

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), *arguments]
        if shutil.which("setpriv"):  # a worker that is killed leaves nothing behind
            command = ["setpriv", "--pdeathsig", "KILL", *command]
        with (self.folder / f"{program}.log").open("ab") as log:
            self._running[program] = subprocess.Popen(
                command,
                cwd=self.folder,
                env=without_proxies(os.environ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _stop(self, program: str, *, kill: bool = False) -> None:
        process = self._running.pop(program, None)
        if process is None:
            return
        process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _wait(self, program: str, is_up: Callable[[], bool]) -> None:
        end = time.monotonic() + START_S
        while True:
            try:
                if is_up():
                    return
            except (OSError, urllib3.exceptions.HTTPError):
                pass  # it does not listen yet
            ended = self._running[program].poll()
            if ended is not None or time.monotonic() > end:
                how = f"ended with {ended}" if ended is not None else f"is not ready after {START_S:.0f} s"
                raise NotStartedError(f"{program} {how}\n{self.logs_tail()}")
            time.sleep(0.05)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now, all different."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def fetch(url: str, headers: Mapping[str, str] | None = None, ca: Path | None = None) -> str:
    """The body of an answer, whatever its status. A pool of its own: nothing stays open."""
    with urllib3.PoolManager(ca_certs=str(ca) if ca else None, retries=False, timeout=5) as pool:
        return pool.request("GET", url, headers=headers).data.decode()


def encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def without_proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """Go's programs send what is for 127.0.0.1 past a proxy, but not what is for other names of it."""
    return {name: value for name, value in environment.items() if not name.lower().endswith("_proxy")}


def missing_of(folder: Path, names: Iterable[str] = PROGRAMS) -> list[str]:
    """Which programs a folder lacks."""
    return [name for name in names if not os.access(folder / name, os.X_OK)]
