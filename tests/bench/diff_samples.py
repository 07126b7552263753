"""Diffs made by hand, for what is made from a diff: reports are tried on these without a comparison.

Every kind of change, of mark and of value is in `upgrade`; `hostile` has names that attack a page;
`large` has as many changes as one wants.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import UNSET

from sro_render.diff.records import (
    BundleShape,
    ChangeKind,
    Diff,
    DriverLoss,
    FieldChange,
    FoldedChange,
    Hidden,
    ListKey,
    Mark,
    ObjectChange,
    ObjectRef,
    ResourceShape,
    StateShape,
    TouchedNode,
)
from sro_render.model.objects import ObjectId

OLD = "5.14.0-284.52.1.el9_2.x86_64"
NEW = "5.14.0-284.57.1.el9_2.x86_64"
REAL_TIME = "5.14.0-284.57.1.rt14.342.el9_2.x86_64"
ARM = "5.14.0-284.57.1.el9_2.aarch64"
KERNELS = (OLD, ARM, NEW, REAL_TIME)
HASHES = {
    OLD: "2230d26c75599d2e",
    ARM: "f839fadea9595db5",
    NEW: "7b251180d5ef7dd7",
    REAL_TIME: "1a6037718ecee385",
}
IMAGE = ("spec", "template", "spec", "containers", ListKey((("name", "driver"),)), "image")
SCRIPT = "#!/bin/sh\nset -e\n" + "".join(f"echo step {number}\n" for number in range(30))
HOSTILE = "</script><img src=x onerror=alert(1)>\u202egnp.exe"


def ref(kind: str, name: str, state: str, kernel: str = "", api: str = "apps/v1") -> ObjectRef:
    """An object of the SR `orion`; of a kernel with the kernel's suffix."""
    full = f"{name}-{HASHES[kernel]}" if kernel else name
    folder = f"orion/{state}/{kernel}" if kernel else f"orion/{state}"
    return ObjectRef(
        id=ObjectId(api, kind, "orion-system", full),
        special_resource="orion",
        state=state,
        kernel=kernel,
        file=f"{folder}/{kind.lower()}-{full}.yaml",
    )


def changed(where: ObjectRef, *fields: FieldChange, marks: tuple[Mark, ...] = ()) -> ObjectChange:
    """An object that stays where it is."""
    return ObjectChange(kind=ChangeKind.CHANGED, before=where, after=where, fields=fields, marks=marks)


def folded(*changes: ObjectChange) -> FoldedChange:
    """A change for several kernels, shown as the first of them."""
    return FoldedChange(shown=changes[0], changes=changes)


def shape(name: str, nodes: Mapping[str, tuple[str, ...]]) -> BundleShape:
    """A bundle of `nfd` and of `orion`, which needs it."""
    per_kernel = dict.fromkeys(nodes, 1)
    return BundleShape(
        name=name,
        cluster="lab",
        resources=(
            ResourceShape(name="nfd", states=(StateShape(name="1000-worker", objects={"": 3}),)),
            ResourceShape(
                name="orion",
                states=(
                    StateShape(name="namespace", objects={"": 1}),
                    StateShape(name="0000-access", objects={"": 2}),
                    StateShape(name="1000-build", objects={"": 1, **per_kernel}),
                    StateShape(name="2000-driver", objects=per_kernel),
                    StateShape(name="3000-device-plugin", objects={"": 2}),
                    StateShape(name="4000-monitoring", objects={"": 4}),
                ),
                dependencies=("nfd",),
            ),
        ),
        kernels=tuple(sorted(nodes.items())),
    )


def upgrade() -> Diff:
    """A new driver image in all kernels, a node that goes to a new kernel, and much else."""
    images = [
        changed(
            ref("DaemonSet", "orion-driver", "2000-driver", kernel),
            FieldChange(
                path=IMAGE,
                before="registry.example.com/orion/driver:2.4.1",
                after="registry.example.com/orion/driver:2.5.0",
            ),
            FieldChange(
                path=("spec", "template", "spec", "hostPID"),
                after=True,
                marks=(Mark("new-privilege", "pods see the processes of the node"),),
            ),
            FieldChange(
                path=("spec", "template", "metadata", "annotations", "example.com/config.digest"),
                before="sha256:2c26b46b",
                after="sha256:fcde2b2e",
            ),
        )
        for kernel in (ARM, NEW, REAL_TIME)
    ]
    roll = ObjectChange(
        kind=ChangeKind.ROLLED_OVER,
        before=ref("BuildConfig", "orion-driver-build", "1000-build", OLD, "build.openshift.io/v1"),
        after=ref("BuildConfig", "orion-driver-build", "1000-build", NEW, "build.openshift.io/v1"),
        fields=(
            FieldChange(
                path=("spec", "nodeSelector", "feature.node.kubernetes.io/kernel-version.full"),
                before=OLD,
                after=NEW,
            ),
        ),
    )
    gone = ObjectChange(
        kind=ChangeKind.REMOVED,
        before=ref("DaemonSet", "orion-driver", "2000-driver", OLD),
        after=None,
        manifest={
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {"name": f"orion-driver-{HASHES[OLD]}"},
        },
        marks=(Mark("unloads-module", "deleting it unloads the module on w1 and w2"),),
    )
    settings = changed(
        ref("ConfigMap", "orion-device-plugin", "3000-device-plugin", api="v1"),
        FieldChange(
            path=("data", "start.sh"),
            before=SCRIPT,
            after=SCRIPT.replace("step 14", "step fourteen").replace("set -e\n", "set -eu\n"),
        ),
        FieldChange(path=("data", "replicas"), before="8", after="9"),
        FieldChange(
            path=("spec", "selector"),
            before={"app": "a"},
            after={"app": "b", "tier": "node"},
            marks=(Mark("immutable-field", "the API server refuses to change it"),),
        ),
    )
    secret = changed(
        ref("Secret", "orion-licence", "3000-device-plugin", api="v1"),
        FieldChange(
            path=("data", "key"),
            before="(masked, 32 bytes, mark 1f3a)",
            after="(masked, 32 bytes, mark 77b0)",
            is_masked=True,
        ),
    )
    rule = ObjectChange(
        kind=ChangeKind.ADDED,
        before=None,
        after=ref("ClusterRole", "orion-monitoring", "4000-monitoring", api="rbac.authorization.k8s.io/v1"),
        manifest={
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": "orion-monitoring"},
            "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list"]}],
        },
        marks=(Mark("widened-rbac", "may read every kind of object"),),
    )
    gone_field = changed(
        ref("Service", "orion-monitoring", "4000-monitoring", api="v1"),
        FieldChange(path=("spec", "ports", 0, "nodePort"), before=30443, after=UNSET),
    )
    before = {OLD: ("w1", "w2"), ARM: ("arm1", "arm2"), NEW: ("w3", "w4", "w5"), REAL_TIME: ("rt1",)}
    after = {OLD: ("w1",), ARM: ("arm1", "arm2"), NEW: ("w2", "w3", "w4", "w5"), REAL_TIME: ("rt1",)}
    return Diff(
        before=shape("main:out/lab", before),
        after=shape("out/lab", after),
        changes=(roll, *images, gone, settings, secret, rule, gone_field),
        folded=(folded(roll), folded(*images), *map(folded, (gone, settings, secret, rule, gone_field))),
        touched=(
            *(TouchedNode(name=name, kernel_before=ARM, kernel_after=ARM) for name in ("arm1", "arm2")),
            TouchedNode(name="rt1", kernel_before=REAL_TIME, kernel_after=REAL_TIME),
            TouchedNode(name="w1", kernel_before=OLD, kernel_after=OLD),
            TouchedNode(name="w2", kernel_before=OLD, kernel_after=NEW),
            *(TouchedNode(name=name, kernel_before=NEW, kernel_after=NEW) for name in ("w3", "w4", "w5")),
        ),
        losses=(
            DriverLoss(
                node="w1",
                kernel=OLD,
                special_resource="orion",
                reason="DaemonSet/orion-system/orion-driver-2230d26c75599d2e goes",
            ),
        ),
        hidden=(Hidden(rule="metadata.annotations[*]", count=42),),
    )


def hostile() -> Diff:
    """Every text from outside tries to be more than text."""
    where = ObjectRef(
        id=ObjectId("v1", HOSTILE, HOSTILE, HOSTILE),
        special_resource=HOSTILE,
        state=HOSTILE,
        kernel=HOSTILE,
        file=HOSTILE,
    )
    change = changed(
        where,
        FieldChange(
            path=(HOSTILE, ListKey(((HOSTILE, HOSTILE),))),
            before=HOSTILE,
            after="\x00" + HOSTILE,
            marks=(Mark(HOSTILE, HOSTILE),),
        ),
        FieldChange(path=("a", "\"]'><b>"), before="x", after="<!--\n]]>\ud800"),
        marks=(Mark(HOSTILE, HOSTILE),),
    )
    added = ObjectChange(
        kind=ChangeKind.ADDED, before=None, after=where, manifest={HOSTILE: [HOSTILE, {HOSTILE: None}]}
    )
    bundle = BundleShape(
        name=HOSTILE,
        cluster=HOSTILE,
        resources=(
            ResourceShape(
                name=HOSTILE,
                states=(StateShape(name=HOSTILE, objects={HOSTILE: 1}),),
                dependencies=(HOSTILE,),
            ),
        ),
        kernels=((HOSTILE, (HOSTILE,)),),
    )
    return Diff(
        before=bundle,
        after=bundle,
        changes=(change, added),
        folded=(folded(change), folded(added)),
        touched=(TouchedNode(name=HOSTILE, kernel_before=HOSTILE, kernel_after=""),),
        losses=(DriverLoss(node=HOSTILE, kernel=HOSTILE, special_resource=HOSTILE, reason=HOSTILE),),
        hidden=(Hidden(rule=HOSTILE, count=1),),
    )


def large(number: int) -> Diff:
    """So many changes that do not fold, of 40 kernels and 10 SRs."""
    kernels = tuple(f"5.14.0-{each}.1.el9_2.x86_64" for each in range(100, 140))
    changes = [
        changed(
            ObjectRef(
                id=ObjectId("apps/v1", "DaemonSet", f"sr-{each % 10}", f"driver-x{each}"),
                special_resource=f"sr-{each % 10}",
                state=f"{each // 10 % 4}000-state",
                kernel=kernels[each % 40],
                file=f"sr-{each % 10}/driver-x{each}.yaml",
            ),
            FieldChange(
                path=IMAGE,
                before=f"registry.example.com/driver:{each}",
                after=f"registry.example.com/driver:{each}-next",
            ),
            FieldChange(path=("spec", "template", "spec", "priority"), before=each, after=each + 1),
            FieldChange(path=("metadata", "labels", "app.kubernetes.io/version"), after=f"v{each}"),
            marks=(Mark("immutable-field", "the API server refuses to change it"),)
            if each % 1000 == 7
            else (),
        )
        for each in range(number)
    ]
    changes.sort(key=lambda each: (each.ref.special_resource, each.ref.state, each.ref))
    bundle = BundleShape(
        name="out/fleet",
        cluster="fleet",
        resources=tuple(
            ResourceShape(
                name=f"sr-{each}",
                states=tuple(
                    StateShape(name=f"{state}000-state", objects=dict.fromkeys(kernels, number // 1600))
                    for state in range(4)
                ),
                dependencies=tuple(f"sr-{other}" for other in range(max(each - 1, 0), each)),
            )
            for each in range(10)
        ),
        kernels=tuple((kernel, tuple(f"node-{kernel}-{each}" for each in range(100))) for kernel in kernels),
    )
    return Diff(
        before=bundle,
        after=bundle,
        changes=tuple(changes),
        folded=tuple(map(folded, changes)),
        touched=tuple(
            TouchedNode(name=name, kernel_before=kernel, kernel_after=kernel)
            for kernel, nodes in bundle.kernels
            for name in nodes
        ),
    )
