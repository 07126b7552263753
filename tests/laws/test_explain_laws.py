"""Every field of every object that the examples render has an origin, and what is said of it is so.

Matrix: all scalars of all objects of all examples. Left out: how explanations read
(tests/unit/cli/test_explain.py).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from sro_render.cli.render_inputs import RenderArguments, read_inputs
from sro_render.cli.talk import Talk
from sro_render.explain.fields import Explainer, scalar_paths
from sro_render.explain.interface import Subject
from sro_render.explain.paths import value_at
from sro_render.explain.query import find_object
from sro_render.limits import Limits
from sro_render.model.options import RenderOptions

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path.parent for path in ROOT.glob("examples/*/specialresource.yaml"))
OTHER_FILES = {"specialresource.yaml", "next.yaml"}


def subjects(folder: Path) -> list[Subject]:
    """Every object of an example, found by its id."""
    inventories = [str(path) for path in sorted(folder.glob("*.yaml")) if path.name not in OTHER_FILES]
    arguments = RenderArguments(
        specs=[str(folder / "specialresource.yaml")],
        inventories=inventories,
        charts=str(folder / "charts"),
        options=RenderOptions(limits=Limits()),
        seconds=0,
    )
    render = read_inputs(arguments, Talk()).render(Talk(quiet=True), with_accounts=True)
    assert not render.errors
    ids = [
        each.id for resource in render.bundle.resources for state in resource.states for each in state.objects
    ]
    found = [find_object(render, str(identity)) for identity in ids]
    assert [each.rendered.id for each in found] == ids
    return found


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda path: path.name)
def test_every_field_has_a_place_or_a_step(folder: Path) -> None:
    for subject in subjects(folder):
        explainer = Explainer(subject, Limits())
        for path in scalar_paths(subject.rendered.manifest):
            account = explainer.field(path)
            assert account.writers or account.steps, (str(subject.rendered.id), path)


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda path: path.name)
def test_the_steps_lead_from_what_was_rendered_to_what_is_written(folder: Path) -> None:
    for subject in subjects(folder):
        explainer = Explainer(subject, Limits())
        assert explainer.steps[-1][1] == subject.rendered.manifest
        for path in scalar_paths(subject.rendered.manifest):
            before = value_at(explainer.raw, path)
            for touched in explainer.touched(path):
                assert touched.before == before
                before = touched.after
            assert before == value_at(subject.rendered.manifest, path)


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda path: path.name)
def test_the_values_by_kernel_are_those_of_the_objects_that_are_written(folder: Path) -> None:
    everything = subjects(folder)
    by_id = {each.rendered.id: each for each in everything}
    for subject in everything:
        shelved = subject.accounts.shelved
        own = shelved[subject.rendered.id]
        # The objects that the same template rendered of it for other kernels, found by their names.
        twins = [
            by_id[identity]
            for identity, other in shelved.items()
            if other.manifest.template == own.manifest.template
            and other.group is not None
            and other.manifest.value["kind"] == own.manifest.value["kind"]
            and value_at(other.manifest.value, ("metadata", "name"))
            == value_at(own.manifest.value, ("metadata", "name"))
        ]
        explainer = Explainer(subject, Limits())
        for path in scalar_paths(subject.rendered.manifest):
            said = {kernel: each.value for each in explainer.field(path).by_kernel for kernel in each.kernels}
            assert said[subject.kernel] == value_at(subject.rendered.manifest, path)
            for twin in twins:
                assert said[twin.rendered.kernel] == value_at(twin.rendered.manifest, path)
