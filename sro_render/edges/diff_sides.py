"""The two sides of a diff: what a bundle's folder, any folder of YAML, a commit, or one file holds.

Decides where an object of a bundle stands, by its path and the lock, and which files need not be read: those
whose bytes are the same on both sides, and those that differ in our digest alone. A side is a mapping of
paths to bytes, wherever that comes from; `read_files` reads it from the disk or out of a commit. What
differs is decided in `diff`.
"""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from sro_render.diff.bundles import FilePair, Side, StoredObject
from sro_render.diff.records import BundleShape, ObjectRef, ResourceShape, StateShape
from sro_render.edges.files import similar_file, unreadable
from sro_render.errors import Faults, InputError, SroError, YamlError, flatten
from sro_render.limits import Limits
from sro_render.model.file_names import LOCK_NAME
from sro_render.model.lock import Lock
from sro_render.model.objects import JsonObject, JsonValue, annotations_of, mapping_of, object_id, text_of
from sro_render.pipeline.provenance import KERNEL_ANNOTATION, STATE_ANNOTATION
from sro_render.targets.kept import resource_folders
from sro_render.targets.layout import KUSTOMIZATION, possible_folders
from sro_render.yamltext.reader import decode, read_stream
from sro_render.yamltext.repeated import RepeatedTexts

_FILE_SUFFIX = re.compile(r"-([0-9a-f]{1,16})(?:@[^/]*)?\.yaml\Z")
_ENDINGS = (".yaml", ".yml", ".json")
# Canonical YAML: no text can hold such a line at this depth but the annotations of the object itself.
_ANNOTATIONS = rb"(?:\A|\n)metadata:\n  annotations:\n(?:(?:    [^\n]*)?\n)*?"
_DIGEST = re.compile(_ANNOTATIONS + rb"(    sro\.openshift\.io/digest: sha256:[0-9a-f]{64}\n)")

# The kind Secret as it is written, or what it may be written with: escapes, tags, UTF-16.
_SIGNS_OF_SECRETS = (b"Secret", b"\\", b"!", b"\0")

Files = Mapping[str, bytes]
"""Paths relative to the side, with `/` between their parts, and what the files hold."""


class LoadedSides(Struct, frozen=True, kw_only=True):
    """Both sides from afar, and the files that differ, which are read as one asks for them."""

    before: Side
    after: Side
    pairs: Iterator[FilePair]
    digests_only: int


def read_files(name: str) -> dict[str, bytes]:
    """What a folder, a file, a commit or standard input (`-`) holds of YAML and JSON; without what is hidden.

    Args:   name: of what is on the disk; else `REV:PATH`, or `REV` for all of a commit.
    Raises: InputError: there is nothing, or it cannot be read; OutputError: of the repository.
    """
    path = Path(name)
    if name == "-":
        return {name: sys.stdin.buffer.read()}
    if path.exists() and not path.is_dir():
        # Whatever it is called, and a pipe as `<(helm template …)` makes it too.
        return {path.name: _read(name)}
    found = dict(_walk(name)) if path.is_dir() else _read_revision(name)
    if found is None:
        raise InputError("no-such-file", f"there is no file or folder {name}", hint=similar_file(path))
    if not found:
        raise InputError(
            "no-such-file",
            f"there is no YAML or JSON file in {name}",
            hint="name a file, or a folder with files that end in .yaml, .yml or .json",
        )
    return found


def _read_revision(name: str) -> dict[str, bytes] | None:
    """The same of a commit; None where a name without a colon is none."""
    # Only who names a commit calls git.
    from sro_render.edges.git.reading import open_revision  # noqa: PLC0415

    try:
        opened = open_revision(name, may_be_file=True)
    except SroError:
        if ":" in name:
            raise
        return None
    with opened as files:
        return {path: files[path] for path in files if _counts(path)}


def _counts(path: str) -> bool:
    """Whether `_walk` would give a file."""
    *folders, name = path.split("/")
    hidden = any(part.startswith(".") for part in (*folders, name))
    return not hidden and name != KUSTOMIZATION and name.endswith(_ENDINGS)


def load_sides(name_before: str, before: Files, name_after: str, after: Files) -> LoadedSides:
    """Both sides as the comparison takes them.

    Args:   names: as the user gave them, for people.
    Raises: InputError, YamlError or a group of them: a lock is none. While the pairs are read: a file is
            no YAML, or a document no object; of what a Secret may hold nothing is told.
    """
    if name_before == name_after == "-":
        raise InputError(
            "one-standard-input",
            "only one of the two sides can be standard input",
            hint="write one of them into a file, or name it as <(COMMAND)",
        )
    repeated = RepeatedTexts(Limits())
    old, new = _open(name_before, before, repeated), _open(name_after, after, repeated)
    differing = []
    digests_only = 0
    for path in sorted(old.files.keys() | new.files.keys()):
        first, second = old.files.get(path), new.files.get(path)
        if first == second:
            continue
        if first is not None and second is not None and _differ_in_digest(first, second):
            digests_only += 1
        else:
            differing.append(path)
    return LoadedSides(
        before=old.side(),
        after=new.side(),
        pairs=_pairs(old, new, differing),
        digests_only=digests_only,
    )


def _holds_objects(path: str) -> bool:
    """Whether a file counts, by its path: YAML or JSON, not hidden, neither a lock nor a kustomization."""
    parts = path.split("/")
    if any(part.startswith(".") for part in parts):
        return False
    return parts[-1].endswith(_ENDINGS) and parts[-1] not in {LOCK_NAME, KUSTOMIZATION}


def _walk(top: str) -> Iterator[tuple[str, bytes]]:
    """The files that count, below a folder, in no order; links to folders are not followed."""
    waiting = [(top, "")]
    while waiting:
        folder, path = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                listed = list(entries)
        except OSError as error:
            raise unreadable(folder, error, InputError) from error
        for entry in listed:
            name = entry.name
            if name.startswith(".") or name == KUSTOMIZATION:
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append((entry.path, f"{path}{name}/"))
            elif name.endswith(_ENDINGS) and _is_file(entry, top):
                yield f"{path}{name}", _read(entry.path)


def _is_file(entry: os.DirEntry[str], top: str) -> bool:
    """Whether it is a file, or a link to one of this folder or of the repository around it.

    A report goes where others read it: a folder must not choose what of this machine is shown there.
    """
    try:
        if not entry.is_file():
            return False
    except OSError as error:
        raise unreadable(entry.path, error, InputError) from error
    if entry.is_symlink():
        folder = Path(top).resolve()
        inside = next((each for each in (folder, *folder.parents) if (each / ".git").exists()), folder)
        if not Path(entry.path).resolve().is_relative_to(inside):
            raise InputError(
                "link-outside",
                f"{entry.path} is a link that leads out of {inside.as_posix()}",
                hint="put the file that is meant in its place",
            )
    return True


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a Path for each of 20,000 files takes half a second
            return file.read()
    except OSError as error:
        raise unreadable(path, error, InputError) from error


def _open(name: str, files: Files, repeated: RepeatedTexts) -> _OpenSide:
    """A side with its lock, if it is a bundle, or holds one and nothing else.

    Raises: InputError: it holds several bundles.
    """
    folder = ""
    if LOCK_NAME not in files:
        locks = sorted(path for path in files if path.endswith(f"/{LOCK_NAME}"))
        if len(locks) > 1:
            named = ", ".join(f"{name}/{path.removesuffix(f'/{LOCK_NAME}')}" for path in locks)
            raise InputError(
                "several-bundles",
                f"{name} holds {len(locks)} bundles, each for a cluster of its own",
                hint=f"name one of {named}",
            )
        folder = locks[0].removesuffix(LOCK_NAME) if locks else ""
    if len(files) == 1 and not any(data.strip() for data in files.values()):
        raise InputError(
            "no-object",
            f"{name} is empty",
            hint="look whether what should have written it has failed",
        )
    lock = None
    if f"{folder}{LOCK_NAME}" in files:
        documents = _read_documents(f"{name}/{folder}{LOCK_NAME}", files[f"{folder}{LOCK_NAME}"])
        lock = Lock.from_mapping(documents[0][1] if documents else None)
    # Bytes are asked for once, and only where they count: they may have to come from elsewhere.
    wanted = {
        path: files[f"{folder}{path}"]
        for path in (each.removeprefix(folder) for each in files if each.startswith(folder))
        if _holds_objects(path) or len(files) == 1
    }
    return _OpenSide(name, wanted, lock, repeated)


class _OpenSide:
    """One side: its files, and where the objects in them stand."""

    def __init__(self, name: str, files: Files, lock: Lock | None, repeated: RepeatedTexts) -> None:
        self.files = files
        self._name = name
        self._lock = lock
        self._resources: dict[str, str] = {}
        self._states: dict[tuple[str, str], str] = {}
        self._kernels: dict[str, str] = {}
        self._repeated = repeated
        for resource in lock.resources if lock else ():
            for folder in resource_folders(resource.name):
                self._resources[folder] = resource.name
            for state in resource.states:
                for folder in possible_folders(state.name):
                    self._states[resource.name, folder] = state.name
        for kernel, _ in lock.kernels if lock else ():
            for folder in possible_folders(kernel):
                self._kernels[folder] = kernel

    def place(self, path: str) -> tuple[str, str, str]:
        """The SR, state and kernel of a file of a bundle; empty where it is none of a bundle."""
        first, *rest = path.split("/")
        resource = self._resources.get(first, "")
        if not resource or not 2 <= len(rest) <= 3:
            return "", "", ""
        state = self._states.get((resource, rest[0]), rest[0])
        return resource, state, self._kernels.get(rest[1], rest[1]) if len(rest) == 3 else ""

    def side(self) -> Side:
        """The side from afar: what stands where, by the paths alone."""
        lock = self._lock
        if lock is None:
            return Side(shape=BundleShape(name=self._name))
        counts: Counter[tuple[str, str, str]] = Counter()
        drivers: set[tuple[str, str]] = set()
        for path in self.files:
            place = self.place(path)
            counts[place] += 1
            resource, _, kernel = place
            if kernel and path.rpartition("/")[2].startswith("daemonset-"):
                # What several SRs render alike is each one's own.
                drivers.update((user, kernel) for user in lock.shared.get(path, (resource,)))
        objects: dict[tuple[str, str], dict[str, int]] = {}
        for (resource, state, kernel), count in sorted(counts.items()):
            objects.setdefault((resource, state), {})[kernel] = count
        shape = BundleShape(
            name=self._name,
            cluster=lock.cluster,
            resources=tuple(
                ResourceShape(
                    name=each.name,
                    states=tuple(
                        StateShape(name=state.name, objects=objects.get((each.name, state.name), {}))
                        for state in each.states
                    ),
                    dependencies=each.dependencies,
                )
                for each in lock.resources
            ),
            kernels=lock.kernels,
        )
        return Side(shape=shape, drivers=frozenset(drivers))

    def objects(self, path: str, faults: Faults) -> tuple[StoredObject, ...]:
        """The objects in one of the files; none if the side does not have it."""
        data = self.files.get(path)
        if data is None:
            return ()
        has_secret = any(each in data for each in _SIGNS_OF_SECRETS)
        repeated = self._read_repeated(path, data)
        if repeated is not None:
            return (self._stored(path, 1, repeated, has_secret=has_secret),)
        # A file's own name ends its side's; a folder's does not, were it the only file there.
        is_whole = self.files.keys() == {path} and re.split("[/:]", self._name)[-1] == path
        name = self._name if is_whole else f"{self._name}/{path}"
        try:
            documents = _read_documents(name, data)
        except (SroError, ExceptionGroup) as error:
            faults.add(error)
            return ()
        found = []
        for line, value in documents:
            if isinstance(value, dict) and _is_object(value):
                found.append(self._stored(path, line, value, has_secret=has_secret))
            else:
                faults.add(
                    InputError(
                        "no-object",
                        f"{name}:{line} is no Kubernetes object: it lacks apiVersion and kind",
                        hint="name a folder that holds rendered objects alone",
                    )
                )
        return tuple(found)

    def _read_repeated(self, path: str, data: bytes) -> JsonObject | None:
        """A kernel's object, by what is known from other kernels'; None if it must be read by itself."""
        kernel = self.place(path)[2]
        suffix = _FILE_SUFFIX.search(path)
        if not kernel or suffix is None:
            return None
        with suppress(SroError, ExceptionGroup, UnicodeDecodeError):
            value = self._repeated.read(data.decode(), (kernel, kernel.replace("_", "-"), suffix[1]))
            if isinstance(value, dict) and _is_object(value) and not text_of(value["kind"]).endswith("List"):
                return value
        return None

    def _stored(self, path: str, line: int, manifest: JsonObject, *, has_secret: bool) -> StoredObject:
        resource, state, kernel = self.place(path)
        annotations = annotations_of(manifest)
        return StoredObject(
            ref=ObjectRef(
                id=object_id(manifest),
                special_resource=resource,
                state=state or text_of(annotations.get(STATE_ANNOTATION)),
                kernel=text_of(annotations.get(KERNEL_ANNOTATION)) or kernel,
                file=path,
            ),
            manifest=manifest,
            line=line,
            has_secret=has_secret,
        )


def _is_object(value: JsonObject) -> bool:
    """Whether it is a Kubernetes object."""
    return bool(text_of(value.get("kind")) and text_of(value.get("apiVersion")))


def _pairs(old: _OpenSide, new: _OpenSide, paths: Iterable[str]) -> Iterator[FilePair]:
    """The files of one path after the other; all faults together at their end."""
    faults = Faults()
    for path in paths:
        yield FilePair(before=old.objects(path, faults), after=new.objects(path, faults))
    faults.raise_if_any()


def _differ_in_digest(before: bytes, after: bytes) -> bool:
    """Whether two files of ours are the same but for the digest of what made them."""
    if len(before) != len(after):
        return False
    first, second = _DIGEST.search(before), _DIGEST.search(after)
    return (
        first is not None
        and second is not None
        and before[: first.start(1)] == after[: second.start(1)]
        and before[first.end(1) :] == after[second.end(1) :]
    )


def _read_documents(name: str, data: bytes) -> list[tuple[int, JsonValue]]:
    """The documents of a file, those of Lists one by one, each with its line.

    Raises: YamlError, or a group of them.
    """
    try:
        source = decode(data, name)
        documents = read_stream(source, Limits())
    except (SroError, ExceptionGroup) as error:
        if _may_hold_secret(data):
            raise _without_text(name, error) from None
        raise
    found: list[tuple[int, JsonValue]] = []
    for document in documents:
        found += ((document.span.line, each) for each in _items(document.value))
    return found


def _items(value: JsonValue) -> Iterator[JsonValue]:
    """The objects of a List, or the object."""
    listed = mapping_of(value).get("items")
    if isinstance(listed, list) and text_of(mapping_of(value).get("kind")).endswith("List"):
        for each in listed:
            yield from _items(each)
    elif value is not None:
        yield value


def _may_hold_secret(data: bytes) -> bool:
    """Whether the text of a broken file may not be shown: it names a Secret, or cannot be looked into."""
    return b"secret" in data.lower() or b"\\" in data or b"\0" in data


def _without_text(name: str, error: SroError | ExceptionGroup[SroError]) -> YamlError:
    """The fault with its place alone: its words and its excerpt may quote what is secret."""
    finding = flatten(error)[0].finding
    where = f":{finding.span.line}:{finding.span.column}" if finding.span else ""
    return YamlError(
        finding.code,
        f"{name}{where} is not the YAML that is read here; its text is not shown, for it may hold a secret",
        hint="check the file with another reader, such as kubectl apply --dry-run=client -f",
    )
