"""Which driver toolkit is for a kernel, and what is said where that is not clear.

Matrix: (a) by the kernel: standard and real-time, with and without the architecture, several
architectures in one image; (b) by the tag that the nodes' OS image names, both eras of RHCOS; (c) by
release: the cluster's version, `latest`, the nodes' own release; each way before the next. Expected
values: SRO's rule (upgrade.go, kernels without architecture), the names of tags in the image stream
openshift/driver-toolkit, and that a toolkit with other headers is worse than none.
Left out: how inventories say it (test_snapshot.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sro_render.errors import describe
from sro_render.kernels.grouping import KernelGroup, group_by_kernel
from sro_render.kernels.toolkits import Toolkits
from sro_render.model.inventory import DriverToolkit, KernelVersion, Node, ToolkitTag

EL8 = "4.18.0-305.45.1.el8_4.x86_64"
RT8 = "4.18.0-305.45.1.rt7.117.el8_4.x86_64"
OLD8 = "4.18.0-305.19.1.el8_4.x86_64"
EL9 = "5.14.0-570.16.1.el9_6.x86_64"
RT9 = "5.14.0-570.16.1.el9_6.x86_64+rt"
R410 = "410.84.202203221702-0"
R410_NEXT = "410.84.202204112301-0"
R419 = "9.6.20250523-0"
TOOLKIT = DriverToolkit(
    image="dtk@sha256:1",
    kernel="4.18.0-305.45.1.el8_4",
    rt_kernel="4.18.0-305.45.1.rt7.117.el8_4",
    os_version="8.4",
)


def found(kernel: str, architecture: str, *toolkits: DriverToolkit) -> DriverToolkit | None:
    return next(iter(Toolkits.of(toolkits, (), "").for_kernel(kernel, architecture)), None)


# -- (a) by its kernels


@pytest.mark.parametrize(
    ("kernel", "architecture", "is_found"),
    [
        (EL8, "amd64", True),
        (RT8, "amd64", True),
        ("4.18.0-305.45.1.el8_4.aarch64", "arm64", True),
        ("4.18.0-305.45.1.el8_4.aarch64", "amd64", False),
        (OLD8, "amd64", False),
        (EL8, "", True),
        ("4.18.0-305.45.1.el8_4", "", True),
        ("4.18.0-305.45.1.el8_4.s390x", "", True),
        ("4.18.0-305.45.1.el8_4.lowlatency", "", False),
    ],
)
def test_a_toolkit_is_found_by_either_of_its_kernels(kernel: str, architecture: str, is_found: bool) -> None:
    toolkit = found(kernel, architecture, TOOLKIT)
    assert (toolkit is not None) == is_found
    if toolkit:
        assert kernel in {toolkit.kernel, toolkit.rt_kernel}


def test_a_toolkit_whose_kernels_have_the_architecture_is_taken_as_it_is() -> None:
    toolkit = DriverToolkit(image="i", kernel=EL8, rt_kernel=RT8)
    assert found(EL8, "amd64", toolkit) == toolkit


@pytest.mark.parametrize("rt_kernel", ["5.14.0-427.el9_4.x86_64+rt", "5.14.0-427.el9_4+rt"])
def test_a_real_time_kernel_with_its_flavour_behind_the_architecture_finds_its_toolkit(
    rt_kernel: str,
) -> None:
    toolkit = DriverToolkit(image="i", kernel="5.14.0-427.el9_4", rt_kernel=rt_kernel)
    expected = DriverToolkit(
        image="i", kernel="5.14.0-427.el9_4.x86_64", rt_kernel="5.14.0-427.el9_4.x86_64+rt"
    )
    assert found("5.14.0-427.el9_4.x86_64+rt", "amd64", toolkit) == expected
    assert found("5.14.0-427.el9_4.x86_64", "amd64", toolkit) == expected
    assert found("5.14.0-427.el9_4.x86_64+debug", "amd64", toolkit) is None


def test_a_toolkit_of_another_architecture_does_not_count() -> None:
    toolkit = DriverToolkit(image="i", kernel=EL8, architecture="arm64")
    assert found(EL8, "amd64", toolkit) is None
    assert found(EL8, "", toolkit) is None


def test_the_toolkit_of_the_nodes_architecture_comes_before_one_that_names_none() -> None:
    any_, own, other = (
        DriverToolkit(image=image, kernel="5.14.0-1.el9", architecture=architecture)
        for image, architecture in (("a", ""), ("b", "arm64"), ("c", "amd64"))
    )
    kernel = found("5.14.0-1.el9.aarch64", "arm64", any_, own, other)
    assert kernel == DriverToolkit(
        image="b", kernel="5.14.0-1.el9.aarch64", rt_kernel=".aarch64", architecture="arm64"
    )


def test_thousands_of_kernels_find_theirs_among_thousands_of_toolkits_at_once() -> None:
    # Each against each would be 400 million comparisons.
    toolkits = Toolkits.of((DriverToolkit(image=f"i{n}", kernel=f"5.9.0-{n}") for n in range(20_000)), (), "")
    kernels = [toolkits.for_kernel(f"5.9.0-{n}.x86_64", "amd64") for n in range(20_000)]
    assert [each.image for (each,) in kernels] == [f"i{n}" for n in range(20_000)]


# -- by tags


def node(name: str, kernel: str = EL8, version: str = R410, architecture: str = "amd64") -> Node:
    system = f"Red Hat Enterprise Linux CoreOS {version} (Ootpa)" if version[:1].isdigit() else version
    return Node(name=name, kernel=KernelVersion(kernel), os_image=system, architecture=architecture)


def tags(**images: str) -> list[ToolkitTag]:
    """Tags by names in which `_` stands for a dot and `__` for a dash."""
    return [
        ToolkitTag(tag=name.lstrip("v").replace("__", "-").replace("_", "."), image=image)
        for name, image in images.items()
    ]


def groups_of(
    nodes: Sequence[Node],
    toolkits: Sequence[DriverToolkit] = (),
    stream: Sequence[ToolkitTag] = (),
    version: str = "4.10.11",
    planned: Sequence[Node] = (),
) -> tuple[tuple[KernelGroup, ...], list[str]]:
    """The groups, and each finding as code and message."""
    groups, errors, findings = group_by_kernel(nodes, planned, toolkits, stream, version)
    assert errors == ()
    return groups, [f"{each.code}: {each.message}" for each in findings]


def known(image: str, kernel: str = EL8, **facts: str) -> DriverToolkit:
    return DriverToolkit(image=image, kernel=kernel, rt_kernel=RT8, os_version="8.4", **facts)


TAG_410 = tags(v410_84_202203221702__0="image-410")
TAG_419 = tags(v9_6_20250523__0="image-419")
LATEST = tags(latest="image-latest")


@pytest.mark.parametrize(
    ("case", "kernel", "version", "toolkits", "stream", "cluster", "expected"),
    [
        # (b) the nodes' OS image, of both eras; real-time kernels too
        ("older era", EL8, R410, [], TAG_410, "", ("image-410", R410)),
        ("newer era", EL9, R419, [], TAG_419, "4.19.1", ("image-419", R419)),
        ("real-time", RT9, R419, [], TAG_419, "4.19.1", ("image-419", R419)),
        ("another image's tag", EL8, R410_NEXT, [], TAG_410, "4.10.11", None),
        ("no RHCOS", EL9, "Red Hat Enterprise Linux 9.6 (Plow)", [], TAG_419, "4.19.1", None),
        # (a) before (b), (b) before (c)
        ("the kernel tells", EL8, R410, [known("a")], TAG_410, "4.10.11", ("a", "")),
        ("the OS image before latest", EL8, R410, [], TAG_410 + LATEST, "4.10.11", ("image-410", R410)),
        # (c) by release
        ("latest", EL8, R410, [], LATEST, "4.10.11", ("image-latest", "latest")),
        ("the cluster's version", EL8, R410, [], tags(v4_10_11="v") + LATEST, "4.10.11", ("v", "4.10.11")),
        ("the nodes' release", EL8, R410, [], tags(v4_10="r") + LATEST, "4.11.0", ("r", "4.10")),
        ("latest is of another release", EL8, R410, [], LATEST, "4.11.0", None),
        ("a release that nobody tells", EL9, R419, [], LATEST, "4.19.1", ("image-latest", "latest")),
        ("a cluster that does not tell", EL8, R410, [], LATEST, "", None),
        (
            "latest is another OS image's",
            EL8,
            R410_NEXT,
            [],
            TAG_410 + tags(latest="image-410"),
            "4.10.11",
            None,
        ),
        ("latest is another kernel's", OLD8, R410, [known("image-latest")], LATEST, "4.10.11", None),
        ("no RHCOS in a release", EL9, "Fedora Linux 40", [], LATEST, "4.10.11", None),
        # an image for another architecture is none
        ("arm64", EL8, R410, [DriverToolkit(image="image-410", architecture="arm64")], TAG_410, "", None),
        (
            "amd64",
            EL8,
            R410,
            [DriverToolkit(image="image-410", architecture="amd64")],
            TAG_410,
            "",
            ("image-410", R410),
        ),
    ],
)
def test_a_kernel_finds_its_toolkit(
    case: str,
    kernel: str,
    version: str,
    toolkits: list[DriverToolkit],
    stream: list[ToolkitTag],
    cluster: str,
    expected: tuple[str, str] | None,
) -> None:
    (group,), findings = groups_of([node("a", kernel, version)], toolkits, stream, cluster)
    toolkit = group.toolkit
    assert (toolkit and (toolkit.image, toolkit.tag)) == expected, case
    assert findings == []


@pytest.mark.parametrize(
    ("kernel", "facts"), [(EL9, {"kernel": EL9}), (RT9, {"rt_kernel": RT9})], ids=["standard", "real-time"]
)
def test_a_toolkit_that_only_a_tag_tells_of_is_that_of_the_nodes_system(
    kernel: str, facts: dict[str, str]
) -> None:
    (group,), _ = groups_of([node("a", kernel, R419)], (), TAG_419)
    assert group.toolkit == DriverToolkit(image="image-419", tag=R419, os_version="9.6", **facts)


def test_a_planned_kernel_takes_the_toolkit_of_its_own_os_image_and_never_latest() -> None:
    stream = LATEST + TAG_419
    running, planned = node("a"), node("", EL9, R419)
    (first, second), findings = groups_of([running], (), stream, "4.10.11", [planned])
    assert first.toolkit
    assert second.toolkit
    assert (first.toolkit.image, second.toolkit.image, findings) == ("image-latest", "image-419", [])
    assert [each.toolkit for each in groups_of([], (), LATEST, "4.10.11", [node("", OLD8)])[0]] == [None]


def test_a_standard_and_a_real_time_kernel_share_one_toolkit() -> None:
    groups, findings = groups_of([node("a"), node("b", RT8)], (), TAG_410)
    assert [each.toolkit.image for each in groups if each.toolkit] == ["image-410", "image-410"]
    assert findings == []


# -- what is not clear


def test_a_toolkit_of_another_kernel_under_the_nodes_own_tag_is_a_finding() -> None:
    (group,), findings = groups_of([node("a", OLD8)], [known("image-410")], TAG_410)
    assert group.toolkit is None
    assert findings == [
        f"toolkit-other-kernel: the driver toolkit of the nodes' OS image {R410} is for {EL8} and {RT8}"
    ]


def test_a_toolkit_with_the_kernel_comes_before_the_tags_whatever_they_name() -> None:
    toolkits = [known("image-410"), known("own", OLD8)]
    (group,), findings = groups_of([node("a", OLD8)], toolkits, TAG_410)
    assert group.toolkit
    assert (group.toolkit.image, findings) == ("own", [])


def test_two_toolkits_of_one_kernel_are_a_finding_that_names_both() -> None:
    (group,), findings = groups_of([node("a")], [known("b"), known("a")])
    assert group.toolkit
    assert group.toolkit.image == "a"
    assert findings == ["toolkit-ambiguous: several driver toolkits are for this kernel: a and b"]


@pytest.mark.parametrize(
    "stream",
    [
        tags(v410_84_202203221702__0="b"),
        tags(latest="b"),
        tags(v4_10_11="b"),
        tags(v410_84_202203221702__0="b", latest="a"),
    ],
)
def test_tags_tell_two_toolkits_of_one_kernel_apart(stream: list[ToolkitTag]) -> None:
    (group,), findings = groups_of([node("a")], [known("a"), known("b")], stream)
    assert group.toolkit
    assert (group.toolkit.image, findings) == ("b", [])


def test_a_kernel_on_two_os_images_has_two_toolkits_and_a_finding() -> None:
    stream = TAG_410 + tags(v410_84_202204112301__0="image-next")
    (group,), findings = groups_of([node("a"), node("b", EL8, R410_NEXT)], (), stream)
    assert group.toolkit
    assert group.toolkit.image == "image-410"
    assert findings == [
        "toolkit-ambiguous: several driver toolkits are for this kernel: image-410 and image-next"
    ]


def test_one_tag_for_two_kernels_is_a_finding_that_names_both() -> None:
    groups, findings = groups_of([node("a"), node("b", OLD8)], (), LATEST)
    assert [each.toolkit.image for each in groups if each.toolkit] == ["image-latest"] * 2
    said = f"is for one of the kernels {OLD8} and {EL8}, and nothing tells for which"
    assert findings == [f"toolkit-ambiguous: the driver toolkit with the tag latest {said}"]


def test_the_whole_of_each_finding() -> None:
    _, _, findings = group_by_kernel([node("a", OLD8)], [], [known("image-410")], TAG_410, "4.10.11")
    assert [describe(each, severity="warning") for each in findings] == [
        f"""\
warning[toolkit-other-kernel]: the driver toolkit of the nodes' OS image {R410} is for {EL8} and {RT8}
  in: kernel {OLD8}
  note: it is image-410
  help: these nodes run another kernel than their OS image brings: add the toolkit of this kernel to driverToolkits of a NodeInventory"""
    ]
    _, _, findings = group_by_kernel([node("a")], [], [known("b"), known("a")])
    assert [describe(each, severity="warning") for each in findings] == [
        f"""\
warning[toolkit-ambiguous]: several driver toolkits are for this kernel: a and b
  in: kernel {EL8}
  note: a is taken
  help: leave one of them in driverToolkits of the NodeInventory, or add the image stream openshift/driver-toolkit, whose tags tell which belongs to the nodes' OS image"""
    ]
    _, _, findings = group_by_kernel([node("a"), node("b", OLD8)], [], [], LATEST, "4.10.11")
    assert [describe(each, severity="warning") for each in findings] == [
        f"""\
warning[toolkit-ambiguous]: the driver toolkit with the tag latest is for one of the kernels {OLD8} and {EL8}, and nothing tells for which
  in: kernel {OLD8}
  note: it is image-latest
  help: add it with its kernelFullVersion to driverToolkits of a NodeInventory; /etc/driver-toolkit-release.json in the image has it"""
    ]
