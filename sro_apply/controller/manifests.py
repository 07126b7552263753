"""What `sro-apply manifests` does: read the bundle, and put together what its cluster needs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from msgspec import Struct, field

from sro_apply.files import read_sources
from sro_apply.git import shown
from sro_apply.planning.installing import SNAPSHOT, Workload, access, namespaces, workload
from sro_apply.planning.kinds import kind_names
from sro_apply.planning.monitoring import monitoring
from sro_apply.planning.parts import RenderedBundle
from sro_apply.planning.rights import EVENTS, Needs, Purpose, rights_of
from sro_apply.planning.snapshot_rights import CLUSTER_FACTS, TOOLKITS, snapshot_rights
from sro_apply.planning.special_resource_crd import special_resource_crd
from sro_apply.planning.specs import read_needs
from sro_apply.sources import load_once
from sro_render.errors import InputError
from sro_render.model.objects import JsonObject


class Part(StrEnum):
    """What can be left out."""

    CRD = "crd"
    NAMESPACES = "namespaces"
    MONITORING = "monitoring"
    OPENSHIFT = "openshift"


class ManifestsRequest(Struct, frozen=True, kw_only=True):
    """What the user asked of `manifests`; see its options. Empty where not given.

    from_where: what the pods read the bundle from; arguments: further ones of `sro-apply run`.
    """

    source: str
    namespace: str
    purpose: Purpose = Purpose.RUN
    image: str = ""
    from_where: str = ""
    replicas: int = 2
    git_secret: str = ""
    arguments: tuple[str, ...] = ()
    deletes_namespaces: bool = False
    without: Collection[Part] = ()
    plurals: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def manifests(request: ManifestsRequest) -> list[JsonObject]:
    """What to install, in the order in which a server wants it.

    Raises: BundleError, InputError: the bundle cannot be read, or an option is missing.
    """
    asked = _workload(request) if request.purpose.is_in_cluster else None
    bundle = load_once(request.source, of_any_target=not request.purpose.writes)
    return [*_manifests(request, bundle, asked)]


def snapshot_manifests(specs: Path, namespace: str, without: Collection[Part]) -> list[JsonObject]:
    """An account that may take snapshots for these specs, and nothing else.

    Raises: InputError, or a group of them: a spec cannot be read.
    """
    needs = read_needs(read_sources([specs]))
    rights = snapshot_rights(needs, is_openshift=Part.OPENSHIFT not in without)
    spaces = {right.namespace for right in rights} - {
        "",
        *(each.namespace for each in (*CLUSTER_FACTS, TOOLKITS)),
    }
    made = [] if Part.NAMESPACES in without else [*namespaces(namespace, spaces)]
    return [*made, *access(namespace, rights, SNAPSHOT)]


def _workload(request: ManifestsRequest) -> Workload:
    if not request.image:
        raise InputError(
            "image-missing",
            "there is nothing to run in the cluster without an image",
            hint="build one of the Dockerfile of sro-render and name it with --image, or print the rights "
            "alone with --for sync",
        )
    from_where = request.from_where or (request.source if request.source.startswith("git+") else "")
    if not from_where:
        raise InputError(
            "source-missing",
            f"pods cannot read {request.source}, which is a folder here",
            hint="say where they find the same bundle: --source git+https://HOST/REPOSITORY@BRANCH:OUT/CLUSTER",
        )
    if shown(from_where) != from_where:
        raise InputError(
            "source-credentials",
            f"{shown(from_where)} has credentials in it, and whoever may read the Deployment reads them",
            hint="leave them out, and name a Secret that has them: --git-secret NAME",
        )
    return Workload(
        image=request.image,
        arguments=(from_where, *_observing(request), *request.arguments),
        replicas=request.replicas,
        git_secret=request.git_secret,
    )


def _observing(request: ManifestsRequest) -> tuple[str, ...]:
    return () if request.purpose.writes else ("--observe",)


def _manifests(
    request: ManifestsRequest, bundle: RenderedBundle, asked: Workload | None
) -> Iterator[JsonObject]:
    needs = Needs(
        namespace=request.namespace, purpose=request.purpose, deletes_namespaces=request.deletes_namespaces
    )
    names = kind_names((each.manifest for each in bundle.objects), request.plurals)
    rights = rights_of(bundle, names, needs)
    if asked and Part.CRD not in request.without:
        yield special_resource_crd()
    if Part.NAMESPACES not in request.without:
        yield from namespaces(request.namespace, {right.namespace for right in rights} - {"", EVENTS})
    yield from access(request.namespace, rights)
    if asked:
        yield from workload(request.namespace, asked)
        if Part.MONITORING not in request.without:
            yield from monitoring(request.namespace)
