"""Where objects lie: names of files and folders, and what several SRs share.

Matrix: kinds of Kubernetes and of others, namespaces, characters, length, clashes that only some file
systems see; sharing within an SR, between two, in order; conflicts with their whole text. Left out:
what stands in the files (test_plain.py).
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sro_render.errors import RenderError
from sro_render.model.bundle import Bundle, RenderedObject, RenderedResource, State, StateName
from sro_render.model.objects import JsonObject, ObjectId, object_id
from sro_render.targets.layout import SHARED, file_name, folder_name, place, share, shared_files


def config_map(
    name: str, data: JsonObject | None = None, *, kernel: str = "", namespace: str = "a", state: str = "s"
) -> RenderedObject:
    manifest: JsonObject = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "annotations": {"sro.openshift.io/state": state, "sro.openshift.io/digest": state},
        },
        "data": data or {},
    }
    return RenderedObject(id=object_id(manifest), manifest=manifest, kernel=kernel)


def resource(name: str, **states: tuple[RenderedObject, ...]) -> RenderedResource:
    return RenderedResource(
        name=name,
        namespace=name,
        states=tuple(
            State(name=StateName(state.replace("_", "-").lstrip("-")), objects=objects)
            for state, objects in states.items()
        ),
        chart_name=name,
        chart_version="1",
        chart_digest="sha256:0",
    )


def bundle(*resources: RenderedResource) -> Bundle:
    return Bundle(cluster="c", resources=resources)


def paths(laid: Bundle) -> list[str]:
    found = []
    for placed in place(laid):
        for state in placed.states:
            folder = f"{placed.folder}/{state.folder}"
            found += [f"{folder}/{item.file}" for item in state.objects]
            found += [f"{folder}/{one.folder}/{item.file}" for one in state.kernels for item in one.objects]
    return found


@pytest.mark.parametrize(
    ("api_version", "kind", "namespace", "name", "expected"),
    [
        ("v1", "Service", "home", "a", "service-a.yaml"),
        ("v1", "Service", "other", "a", "service-a@other.yaml"),
        ("v1", "Namespace", "", "a", "namespace-a.yaml"),
        ("apps/v1", "DaemonSet", "home", "a.b-c", "daemonset-a.b-c.yaml"),
        ("batch/v1", "CronJob", "home", "a", "cronjob-a.yaml"),
        ("policy/v1", "PodDisruptionBudget", "home", "a", "poddisruptionbudget-a.yaml"),
        ("rbac.authorization.k8s.io/v1", "Role", "home", "system:A", "role-system%3A%41.yaml"),
        ("build.openshift.io/v1", "BuildConfig", "home", "a", "buildconfig.build.openshift.io-a.yaml"),
        ("sigs.k8s.io.example.com/v1", "Foo", "home", "a", "foo.sigs.k8s.io.example.com-a.yaml"),
        ("v1", "ConfigMap", "home", "å/b", "configmap-%C3%A5%2Fb.yaml"),
        ("v1", "ConfigMap", "home", "a@b", "configmap-a%40b.yaml"),
        ("v1", "ConfigMap", "home", "a%40b", "configmap-a%2540b.yaml"),
        ("x.io/v1", "Con", "home", "a", "%63on.x.io-a.yaml"),
    ],
)
def test_a_file_is_named_after_its_object(
    api_version: str, kind: str, namespace: str, name: str, expected: str
) -> None:
    assert file_name(ObjectId(api_version, kind, namespace, name), "home") == expected


def test_a_version_is_no_part_of_the_name() -> None:
    names = {file_name(ObjectId(f"batch/{version}", "Job", "", "a"), "") for version in ("v1", "v1beta1")}
    assert names == {"job-a.yaml"}


def test_long_names_are_cut_and_stay_different() -> None:
    one = file_name(ObjectId("v1", "ConfigMap", "home", "a" * 250 + "b"), "home")
    two = file_name(ObjectId("v1", "ConfigMap", "home", "a" * 250 + "c"), "home")
    assert one == f"configmap-{'a' * 168}-ca663073d6e2be2e.yaml"
    assert two != one
    assert len(one) == len(two) == 200


def test_a_cut_leaves_no_half_of_an_escape() -> None:
    for length in range(150, 175):
        name = file_name(ObjectId("v1", "ConfigMap", "", "a" * length + ":" * 99), "")
        stem = name.removesuffix(".yaml").rpartition("-")[0]
        assert stem.replace("%3A", "").isalpha() or stem.replace("%3A", "").startswith("configmap-a")
        assert "%" not in stem.replace("%3A", "")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("4.18.0-305.45.1.el8_4.x86_64", "4.18.0-305.45.1.el8_4.x86_64"),
        ("6.1.0+rpt-rpi_v8~bpo", "6.1.0+rpt-rpi_v8~bpo"),
        ("5.4.0 (x)/y", "5.4.0%20%28x%29%2Fy"),
        (".", "%2E"),
        ("..", "%2E%2E"),
        (".git", "%2Egit"),
        ("5.4.", "5.4%2E"),
        ("NUL", "%4EUL"),
        ("com1.x", "%63om1.x"),
        ("console", "console"),
    ],
)
def test_a_folder_keeps_its_name_but_for_what_does_harm(name: str, expected: str) -> None:
    assert folder_name(name) == expected


names = st.text(
    st.sampled_from([*"aAbB.:/@%-_~ ", "å", "\U0001f600"]), min_size=1, max_size=6
) | st.sampled_from(["CON", "nul.x", "kustomization.yaml", "Kustomization.YAML", "sro.lock.yaml", "a" * 300])


@given(st.lists(st.tuples(names, st.sampled_from(["", "n", "m"])), unique=True), st.lists(names, unique=True))
def test_no_two_objects_or_kernels_share_a_name_on_any_file_system(
    objects: list[tuple[str, str]], kernels: list[str]
) -> None:
    items = (
        *(config_map(name, namespace=namespace) for name, namespace in objects),
        *(config_map("k", kernel=kernel, namespace="k") for kernel in kernels),
    )
    [placed] = place(bundle(resource("r", s=(config_map("first"), *items))))
    state = placed.states[0]
    used = [item.file for item in state.objects] + [kernel.folder for kernel in state.kernels]
    assert len({name.lower() for name in [*used, "kustomization.yaml"]}) == len(used) + 1
    for name in used:
        assert name.isascii()
        assert len(name) <= 200
        assert name.partition(".")[0].lower() not in {"con", "nul", ""}
        assert not name.endswith(".")
        assert "/" not in name
    assert [kernel.kernel for kernel in state.kernels] == sorted(kernels)


def test_who_gets_the_plain_name_does_not_depend_on_the_order() -> None:
    kernels = ["5.X", "5.x"]
    folders = []
    for order in (kernels, kernels[::-1]):
        items = tuple(config_map("a", kernel=kernel) for kernel in order)
        [placed] = place(bundle(resource("r", s=items)))
        folders.append({one.kernel: one.folder for one in placed.states[0].kernels})
    assert folders[0] == folders[1] == {"5.X": "5.X", "5.x": "5.x-df1a7c0a57277338"}


def test_an_sr_may_be_called_like_one_of_our_files() -> None:
    laid = bundle(resource("sro.lock.yaml", s=(config_map("a"),)), resource("b", s=(config_map("b"),)))
    folders = [placed.folder for placed in place(laid)]
    assert folders == ["sro.lock-23f2b5c29e79cf1f.yaml", "b"]


def test_states_and_srs_without_objects_have_no_folder() -> None:
    laid = bundle(resource("a", s=(), t=(config_map("a"),)), resource("b", s=()))
    assert paths(laid) == ["a/t/configmap-a.yaml"]


def test_kernels_come_after_files_and_in_byte_order() -> None:
    items = (config_map("x", kernel="5"), config_map("z"), config_map("x", kernel="4"), config_map("y"))
    assert paths(bundle(resource("a", s=items))) == [
        "a/s/configmap-z.yaml",
        "a/s/configmap-y.yaml",
        "a/s/4/configmap-x.yaml",
        "a/s/5/configmap-x.yaml",
    ]


def test_an_object_that_two_srs_render_alike_is_written_once_and_first() -> None:
    laid = bundle(
        resource("a", _0000_x=(config_map("own"), config_map("both", {"k": "v"}, state="0000-x"))),
        resource("b", _0001_y=(config_map("both", {"k": "v"}, state="0001-y"), config_map("mine"))),
    )
    shared = share(laid)
    assert paths(shared) == [
        "_shared/0000-x/configmap-both@a.yaml",
        "a/0000-x/configmap-own.yaml",
        "b/0001-y/configmap-mine@a.yaml",
    ]
    (written,) = shared.resources[0].states[0].objects
    assert written.manifest == laid.resources[0].states[0].objects[1].manifest
    assert shared_files(shared) == {"_shared/0000-x/configmap-both@a.yaml": ("a", "b")}
    assert share(shared) is shared


def test_shared_states_keep_the_order_of_application() -> None:
    states = {
        "stateless": (config_map("e"),),
        "_0002_c": (config_map("d"),),
        "_0001_b": (config_map("c"),),
        "pre_install": (config_map("b"),),
        "crds": (config_map("a"),),
        "post_install": (config_map("f"),),
    }
    shared = share(bundle(resource("a", **states), resource("b", **states))).resources[0]
    assert [state.name for state in shared.states] == [
        "crds",
        "pre-install",
        "0001-b",
        "0002-c",
        "stateless",
        "post-install",
    ]


def test_shared_objects_of_a_kernel_stay_with_their_kernel() -> None:
    item = config_map("x", kernel="5")
    shared = share(bundle(resource("a", s=(item,)), resource("b", s=(item,))))
    assert paths(shared) == [f"{SHARED}/s/5/configmap-x@a.yaml"]
    assert shared.resources[0].kernels == ("5",)
    assert shared.resources[0].states[0].is_affine


def test_an_object_that_comes_again_in_a_later_state_stays_in_the_first() -> None:
    item = config_map("x")
    laid = share(bundle(resource("a", s=(item, item), t=(item, config_map("y")))))
    assert paths(laid) == ["a/s/configmap-x.yaml", "a/t/configmap-y.yaml"]


def test_a_bundle_without_repetition_is_left_as_it_is() -> None:
    laid = bundle(resource("a", s=(config_map("x"),)), resource("b", s=(config_map("y"),)))
    assert share(laid) is laid


def test_two_srs_that_differ_over_an_object_are_an_error_that_names_both() -> None:
    laid = bundle(
        resource("a", s=(config_map("x", {"k": {"l": ["1", "2"]}}),)),
        resource("b", t=(config_map("x", {"k": {"l": ["1", "3"]}}),)),
    )
    with pytest.raises(RenderError) as caught:
        share(laid)
    assert str(caught.value) == (
        "error[object-conflict]: SpecialResources a and b both render it, but not the same: a/s and b/t "
        "differ\n"
        "  --> data.k.l[1]\n"
        "  in: ConfigMap/a/x\n"
        "  help: render it in one of the two only, give one another name, or make both render the same"
    )


def test_one_sr_that_renders_an_object_in_two_ways_is_an_error_too() -> None:
    laid = bundle(resource("a", s=(config_map("x", {"k": True}, kernel="5"), config_map("x", {"k": 1}))))
    with pytest.raises(RenderError) as caught:
        share(laid)
    assert str(caught.value) == (
        "error[object-conflict]: SpecialResource a renders it twice, but not the same: a/s/5 and a/s differ\n"
        "  --> data.k\n"
        "  in: ConfigMap/a/x\n"
        "  help: give one of the two another name, or render it in one state only"
    )


def test_two_versions_of_one_object_are_a_conflict() -> None:
    def budget(version: str) -> RenderedObject:
        manifest: JsonObject = {
            "apiVersion": f"policy/{version}",
            "kind": "PodDisruptionBudget",
            "metadata": {"name": "x"},
        }
        return RenderedObject(id=object_id(manifest), manifest=manifest)

    with pytest.raises(RenderError) as caught:
        share(bundle(resource("a", s=(budget("v1"),)), resource("b", s=(budget("v1beta1"),))))
    assert caught.value.finding.path == "apiVersion"


def test_all_conflicts_are_told_at_once() -> None:
    laid = bundle(
        resource("a", s=(config_map("x", {"k": 1}), config_map("y", {"k": [1]}), config_map("z", {}))),
        resource("b", s=(config_map("x", {"k": 2}), config_map("y", {"k": []}), config_map("z", {"k": 1}))),
    )
    with pytest.raises(ExceptionGroup) as caught:
        share(laid)
    found = [error.finding for error in caught.value.exceptions if isinstance(error, RenderError)]
    assert [(one.subject, one.path) for one in found] == [
        ("ConfigMap/a/x", "data.k"),
        ("ConfigMap/a/y", "data.k[0]"),
        ("ConfigMap/a/z", "data.k"),
    ]
