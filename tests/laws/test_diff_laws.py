"""What holds for every diff.

Matrix: generated heaps of objects (workloads with the lists that Kubernetes gives keys, roles, ConfigMaps,
Secrets plain and inside a Template, custom resources; some of up to four kernels), each with a changed copy:
values, keys and items that come, go or change, whole objects, objects of one kernel that give way to those of
another. The judge of a diff is an applier written here, which knows nothing of how objects are compared; that
of masking is a search for the bytes.
Left out: where in a list without known keys a new item stands, which a diff does not tell.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from sro_render.diff.bundles import FilePair, Side, StoredObject, diff_bundles
from sro_render.diff.fold import unfold
from sro_render.diff.ignore import BUILT_IN
from sro_render.diff.mask import NEW, OLD, UNCHANGED
from sro_render.diff.records import BundleShape, ChangeKind, Diff, ListKey, ObjectRef
from sro_render.edges.diff_sides import load_sides
from sro_render.errors import SroError
from sro_render.limits import Limits
from sro_render.model.objects import object_id
from sro_render.review.diff_markdown import markdown_report
from sro_render.review.diff_text import text_report
from sro_render.source import Source
from sro_render.yamltext import writer
from sro_render.yamltext.reader import read_manifest
from sro_render.yamltext.repeated import RepeatedTexts

LAWS = settings(max_examples=80, deadline=None, derandomize=True, database=None)
Json = dict[str, Any]

KERNELS = {
    "5.14.0-284.52.1.el9_2.x86_64": "2230d26c75599d2e",
    "5.14.0-284.57.1.el9_2.x86_64": "7b251180d5ef7dd7",
    "5.14.0-284.57.1.el9_2.aarch64": "f839fadea9595db5",
    "5.14.0-570.16.1.el9_6.aarch64+64k": "1a6037718ecee385",
}
KERNEL_ANNOTATION = "sro.openshift.io/kernel"
# The lists that have keys in Kubernetes' own schemas; the order of their items means nothing.
KEYED = {
    "apiGroups",
    "containers",
    "env",
    "resources",
    "ports",
    "volumes",
    "volumeMounts",
    "tolerations",
    "rules",
    "verbs",
    "items",
}
# What it takes for the same where it is missing.
DEFAULTS = {"protocol": "TCP", "operator": "Equal"}

words = st.sampled_from(["a", "b", "x.y", "a b", "", "1", "true", "<b>", "`", "|", "@me", "-"])
scalars = st.one_of(words, st.integers(-2, 2), st.booleans(), st.none(), st.sampled_from([0.5, 1.0]))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
    max_leaves=5,
)
names = st.sampled_from(["a", "b", "c", "d"])


def keyed(items: st.SearchStrategy[Json], *fields: str) -> st.SearchStrategy[list[Json]]:
    return st.lists(items, max_size=4, unique_by=lambda item: tuple(str(item.get(each)) for each in fields))


def records(required: dict[str, Any], **optional: Any) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries(required, optional=optional)


containers = records(
    {"name": names},
    image=words,
    args=st.lists(words, max_size=3),
    env=keyed(records({"name": names}, value=words), "name"),
    ports=keyed(records({"containerPort": st.integers(80, 83)}, name=words), "containerPort"),
    volumeMounts=keyed(records({"mountPath": names}, name=names, readOnly=st.booleans()), "mountPath"),
    securityContext=records({}, privileged=st.booleans()),
)
pods = records(
    {"containers": keyed(containers, "name")},
    volumes=keyed(records({"name": names}, hostPath=records({"path": words})), "name"),
    tolerations=keyed(records({"key": names, "operator": st.sampled_from(["Exists", "Equal"])}), "key"),
    hostNetwork=st.booleans(),
)
rules = keyed(
    records(
        {"apiGroups": st.just([""]), "resources": st.lists(names, min_size=1, max_size=2, unique=True)},
        verbs=st.lists(names, max_size=3, unique=True),
    ),
    "resources",
).filter(lambda found: len({",".join(sorted(each["resources"])) for each in found}) == len(found))
secrets = st.dictionaries(names, st.sampled_from(["c2VjcmV0LW9uZQ==", "c2VjcmV0LXR3bw=="]), max_size=3)
secret_objects = st.fixed_dictionaries(
    {"apiVersion": st.just("v1"), "kind": st.just("Secret"), "metadata": st.just({"name": "s"})},
    optional={"data": secrets, "stringData": secrets},
)
bodies: dict[str, tuple[str, st.SearchStrategy[Json]]] = {
    "DaemonSet": ("apps/v1", records({"spec": records({"template": records({"spec": pods})})})),
    "Role": ("rbac.authorization.k8s.io/v1", records({"rules": rules})),
    "ConfigMap": ("v1", records({}, data=st.dictionaries(names, words, max_size=3), immutable=st.booleans())),
    "Secret": ("v1", records({}, data=secrets, stringData=secrets, type=words)),
    "Template": ("template.openshift.io/v1", records({"objects": st.lists(secret_objects, max_size=2)})),
    "Widget": ("example.com/v1", records({"spec": values})),
}


@st.composite
def objects(draw: st.DrawFn, kind: str, name: str, kernel: str) -> Json:
    api_version, body = bodies[kind]
    annotations = draw(st.dictionaries(names, words, max_size=2))
    metadata: Json = {"name": name, "namespace": "ns", "annotations": annotations}
    if kernel:
        metadata["name"] = f"{name}-{KERNELS[kernel]}"
        metadata["annotations"] = {**annotations, KERNEL_ANNOTATION: kernel}
    manifest: Json = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **draw(body)}
    if kernel and kind == "ConfigMap":
        manifest["data"] = {"kernel": kernel, "image": f"driver:1-{kernel}"}
    return manifest


@st.composite
def heaps(draw: st.DrawFn) -> list[Json]:
    """Objects with ids of their own."""
    ids = draw(
        st.lists(
            st.tuples(
                st.sampled_from(sorted(bodies)),
                st.sampled_from(["one", "two"]),
                st.sampled_from(["", *KERNELS]),
            ),
            max_size=6,
            unique=True,
        )
    )
    return [draw(objects(*each)) for each in ids]


def stored(manifest: Json, file: str = "f.yaml") -> StoredObject:
    annotations = manifest["metadata"].get("annotations", {})
    ref = ObjectRef(id=object_id(manifest), kernel=annotations.get(KERNEL_ANNOTATION, ""), file=file)
    return StoredObject(ref=ref, manifest=manifest)


def diff_of(before: Sequence[Json], after: Sequence[Json], rules: Sequence[str] = ()) -> Diff:
    pair = FilePair(before=tuple(map(stored, before)), after=tuple(map(stored, after)))
    empty = Side(shape=BundleShape(name="A")), Side(shape=BundleShape(name="B"))
    return diff_bundles(*empty, [pair], rules)


# -- the applier


def item_of(items: list[Any], key: ListKey) -> int | None:
    """Where the item with a key stands."""
    for index, item in enumerate(items):
        if key.fields == (("item", item),) or (
            isinstance(item, dict) and all(text_at(item, name) == value for name, value in key.fields)
        ):
            return index
    return None


def text_at(item: Json, name: str) -> str | None:
    value = item.get(name, DEFAULTS.get(name))
    return ",".join(sorted(value)) if isinstance(value, list) else None if value is None else str(value)


def apply_field(value: Any, path: Sequence[Any], after: Any) -> Any:
    """The value with another one at a path; UNSET takes it away."""
    if not path:
        return after
    step, rest = path[0], path[1:]
    if isinstance(value, dict):
        changed = apply_field(value.get(step), rest, after)
        kept = {key: each for key, each in value.items() if key != step}
        return kept if changed is UNSET else {**kept, step: changed}
    assert isinstance(value, list)
    index = step if isinstance(step, int) else item_of(value, step)
    if index is None or index >= len(value):
        return [*value, after]
    changed = apply_field(value[index], rest, after)
    # What goes by its place keeps it until all is applied.
    return [*value[:index], changed, *value[index + 1 :]]


def without_gaps(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_gaps(each) for key, each in value.items()}
    return [without_gaps(each) for each in value if each is not UNSET] if isinstance(value, list) else value


def applied(before: Sequence[Json], diff: Diff) -> list[Json]:
    found = {str(object_id(each)): each for each in before}
    for change in diff.changes:
        if change.before is not None:
            manifest = found.pop(str(change.before.id))
        if change.kind is ChangeKind.ADDED:
            manifest = change.manifest or {}
        if change.after is not None:
            for field in change.fields:
                manifest = apply_field(manifest, field.path, field.after)
            found[str(change.after.id)] = without_gaps(manifest)
    return list(found.values())


def canonical(value: Any, name: str = "") -> Any:
    """A value in which no order is left that means nothing."""
    if isinstance(value, dict):
        return {key: canonical(value[key], key) for key in sorted(value)}
    if not isinstance(value, list):
        return value
    items = [canonical(each) for each in value]
    has_names = all(isinstance(each, dict) and isinstance(each.get("name"), str) for each in items)
    if name in KEYED or (items and has_names):
        items.sort(key=lambda each: json.dumps(each, sort_keys=True))
    return items


def canonical_heap(heap: Sequence[Json]) -> list[str]:
    return sorted(json.dumps(canonical(unsealed(each)), sort_keys=True) for each in heap)


def unsealed(value: Any) -> Any:
    """A value with all that is secret, and all marks, as one word: a diff does not tell what it is."""
    if isinstance(value, dict):
        is_inside = value.get("kind") == "Secret"
        return {
            key: dict.fromkeys(each, "?") if is_inside and key in {"data", "stringData"} else unsealed(each)
            for key, each in value.items()
        }
    return [unsealed(each) for each in value] if isinstance(value, list) else value


# -- the laws


@LAWS
@given(heaps())
def test_nothing_differs_from_itself(heap: list[Json]) -> None:
    diff = diff_of(heap, json.loads(json.dumps(heap)))
    assert (diff.is_empty, diff.changes, diff.folded) == (True, (), ())


@LAWS
@given(heaps(), heaps())
def test_a_diff_applied_to_the_first_gives_the_second(before: list[Json], after: list[Json]) -> None:
    diff = diff_of(before, after)
    assert canonical_heap(applied(before, diff)) == canonical_heap(after)


@LAWS
@given(st.data())
def test_a_small_change_applied_gives_the_second(data: st.DataObject) -> None:
    before = data.draw(heaps())
    after = [
        data.draw(objects(each["kind"], each["metadata"]["name"], "")) if data.draw(st.booleans()) else each
        for each in before
    ]
    assert canonical_heap(applied(before, diff_of(before, after))) == canonical_heap(after)


def shuffled(value: Any, chance: random.Random, name: str = "") -> Any:
    """A value in another order wherever the order means nothing."""
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {key: shuffled(value[key], chance, key) for key in keys}
    if not isinstance(value, list):
        return value
    items = [shuffled(each, chance) for each in value]
    if name in KEYED:
        chance.shuffle(items)
    return items


@LAWS
@given(heaps(), heaps(), st.randoms(use_true_random=False))
def test_order_that_means_nothing_changes_nothing(
    before: list[Json], after: list[Json], chance: random.Random
) -> None:
    other = [{**shuffled(each, chance), "kind": each["kind"]} for each in after]
    for each, original in zip(other, after, strict=True):
        if original["kind"] == "Widget":  # its lists have no known keys
            each["spec"] = original["spec"]
    chance.shuffle(other)
    assert diff_of(after, other).changes == ()
    assert said(diff_of(before, other)) == said(diff_of(before, after))


@LAWS
@given(heaps(), heaps())
def test_folding_loses_nothing(before: list[Json], after: list[Json]) -> None:
    diff = diff_of(before, after)
    key = repr
    assert sorted(unfold(diff.folded), key=key) == sorted(diff.changes, key=key)
    for folded in diff.folded:
        assert folded.shown is folded.changes[0]
        assert len({each.ref.label for each in folded.changes}) == 1


@LAWS
@given(heaps(), heaps())
def test_what_is_hidden_and_what_is_shown_is_all(before: list[Json], after: list[Json]) -> None:
    whole = diff_of(before, after)
    cut = diff_of(before, after, ["*:metadata.annotations", "DaemonSet/*:spec"])
    hidden = sum(each.count for each in cut.hidden)
    assert [each.rule for each in cut.hidden] == [BUILT_IN, "*:metadata.annotations", "DaemonSet/*:spec"]
    assert fields_of(cut) + hidden == fields_of(whole)


def said(diff: Diff) -> list[Any]:
    """What a diff says, without the order of what is shown as a whole."""
    return [
        (
            change.kind,
            change.ref.id,
            [
                (each.path, canonical_value(each.path, each.before), canonical_value(each.path, each.after))
                for each in change.fields
            ],
            canonical(change.manifest),
        )
        for change in diff.changes
    ]


def canonical_value(path: Sequence[Any], value: Any) -> Any:
    return canonical(value, path[-1] if isinstance(path[-1], str) else "")


def fields_of(diff: Diff) -> int:
    return sum(len(change.fields) for change in diff.changes)


TOKENS = ("kolibri", "c2VjcmV0LWtvbGlicmk=", "7f3d")
LAST = "kubectl.kubernetes.io/last-applied-configuration"


@st.composite
def secret_heaps(draw: st.DrawFn) -> list[Json]:
    """Secrets in every place and of every shape that their fields may have, with tokens as all values."""
    token = st.sampled_from(TOKENS)
    hidden = st.recursive(
        token,
        lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(names, inner, max_size=2)),
        max_leaves=4,
    )
    found = []
    for name in draw(st.lists(names, unique=True, max_size=3)):
        secret: Json = {
            "apiVersion": draw(st.sampled_from(["v1", "v2"])),
            "kind": "Secret",
            "metadata": {"name": name, "annotations": draw(st.dictionaries(st.just(LAST), token))},
        }
        for field in draw(st.lists(st.sampled_from(["data", "stringData", "Data", "spec"]), unique=True)):
            secret[field] = draw(hidden)
        if draw(st.booleans()):
            meta = {"name": name}
            wrapped: Json = {"objects": [secret]} if draw(st.booleans()) else {"spec": {"a": secret}}
            secret = {"apiVersion": "t/v1", "kind": "Template", "metadata": meta, **wrapped}
        found.append(secret)
    return found


@LAWS
@given(secret_heaps(), secret_heaps())
def test_no_byte_of_a_secret_is_in_any_report(before: list[Json], after: list[Json]) -> None:
    diff = diff_of(before, after)
    # The records are all that other reports are made of.
    for text in (repr(diff), text_report(diff), markdown_report(diff)):
        assert [token for token in TOKENS if token in text] == []


@LAWS
@given(secrets, secrets)
def test_marks_differ_if_and_only_if_the_data_does(before: Json, after: Json) -> None:
    base = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}
    diff = diff_of([{**base, "data": before}], [{**base, "data": after}])
    found = {field.path[1]: (field.before, field.after) for each in diff.changes for field in each.fields}
    expected = {
        key: (
            UNSET if key not in before else OLD if key in after else UNCHANGED,
            UNSET if key not in after else NEW if key in before else UNCHANGED,
        )
        for key in {*before, *after}
        if before.get(key) != after.get(key)
    }
    assert found == expected
    assert all(field.is_masked for each in diff.changes for field in each.fields)


@LAWS
@given(
    secret_heaps(),
    st.sampled_from(["\tx: [", "a: b: c", "data: {", "\x01", "- x", "&a *b", "? - x"]),
    st.booleans(),
)
def test_no_byte_of_a_secret_is_in_an_error(heap: list[Json], fault: str, is_first: bool) -> None:
    texts = [writer.write(each) for each in heap]
    broken = f"kind: Secret\nstringData:\n  a: kolibri {fault} kolibri: kolibri\n{fault} kolibri"
    texts.insert(0 if is_first else len(texts), broken)
    sides = load_sides("A", {"a.yaml": "---\n".join(texts).encode()}, "B", {"b.yaml": b"{}"})
    with pytest.raises((SroError, ExceptionGroup)) as caught:
        diff_bundles(sides.before, sides.after, sides.pairs)
    errors = caught.value.exceptions if isinstance(caught.value, ExceptionGroup) else (caught.value,)
    text = "".join(map(str, errors))
    assert [token for token in TOKENS if token in text] == []


@LAWS
@given(heaps(), st.text(alphabet="0123456789abcdef", min_size=16, max_size=16))
def test_what_repeats_is_read_as_if_it_were_read_by_itself(heap: list[Json], suffix: str) -> None:
    texts = RepeatedTexts(Limits())
    for manifest in heap:
        for kernel in KERNELS:
            text = writer.write(
                {**manifest, "k": [kernel, suffix, f"{kernel}-{suffix}", f"sha256:{suffix * 4}", suffix * 4]}
            )
            read = texts.read(text, (kernel, suffix))
            assert read is None or repr(read) == repr(read_manifest(Source("", text), Limits()))
