"""What Argo CD and Flux do not do of what sro-apply does, said of one bundle.

Decides when a bundle is touched by it: nothing is said that does not matter to its objects, nor what the
user has accepted: `sro-apply run --observe` may do it beside the tool.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from sro_render.errors import Finding
from sro_render.model.bundle import Bundle, RenderedObject, RenderedResource
from sro_render.model.objects import mapping_of
from sro_render.model.wording import wordlist
from sro_render.targets.annotating import is_driver, is_guarded, is_hook_object

_OBSERVE = "run `sro-apply run --observe` beside it, and say so with --target-option accept={}"


def argo_findings(bundle: Bundle, accepted: Collection[str]) -> tuple[Finding, ...]:
    """Those of Argo CD."""
    found = [*_common(bundle, "Argo CD")]
    if any(_has_lanes(resource) for resource in bundle.resources):
        found.append(
            Finding(
                code="target-order-once",
                message="Argo CD keeps the order of Applications only while it creates them: a later commit "
                "reaches what is there once and all kernels at the same time",
                hint="within a kernel builds and drivers keep their order; README.md has the health check "
                "that Argo CD needs to wait for Applications at all",
            )
        )
    on_delete = [each for each in _drivers(bundle) if _is_on_delete(each)]
    if on_delete:
        found.append(
            Finding(
                code="target-driver-not-awaited",
                message="Argo CD takes a DaemonSet with updateStrategy OnDelete for healthy as soon as it "
                f"is there: {_counted(on_delete, 'driver')} not waited for",
                notes=(_names(on_delete),),
                hint="let what needs the driver wait for it, for example in an init container",
            )
        )
    return tuple(each for each in found if each.code not in accepted)


def flux_findings(bundle: Bundle, accepted: Collection[str]) -> tuple[Finding, ...]:
    """Those of Flux."""
    found = [*_common(bundle, "Flux")]
    hooks = [each for each in _objects(bundle) if is_hook_object(each.manifest)]
    if hooks:
        found.append(
            Finding(
                code="target-hook-as-object",
                message=f"Flux knows no hooks: {_counted(hooks, 'hook')} applied in order, by state but not "
                "by weight, and run again only when changed",
                notes=(_names(hooks),),
                hint="make it a Job of a state if its weight matters",
            )
        )
    return tuple(each for each in found if each.code not in accepted)


def _common(bundle: Bundle, tool: str) -> Iterator[Finding]:
    drivers = [each for each in _drivers(bundle) if is_guarded(each.manifest)]
    if drivers:
        yield Finding(
            code="target-node-labels",
            message=f"{tool} sets no label specialresource.openshift.io/state-SR-NNNN on the nodes whose "
            "drivers are ready, and serves none of SRO's metrics",
            hint=_OBSERVE.format("target-node-labels"),
        )
    if drivers:
        yield Finding(
            code="target-driver-kept",
            message=f"{tool} never prunes {_counted(drivers, 'driver', verb=False)}: it does not know when "
            "the last node has left a kernel",
            notes=(_names(drivers),),
            hint=_OBSERVE.format("target-driver-kept")
            + "; or delete a driver by hand when no node runs its kernel any more",
        )
    for resource in bundle.resources:
        if _follows_lanes(resource):
            yield Finding(
                code="target-lane-holds-up",
                message=f"under {tool} a kernel that fails holds up the states after it that are there once",
                subject=resource.name,
                special_resource=resource.name,
                hint="sro-apply goes on when every lane is ready or has failed, and one at least is ready",
            )
    if bundle.removed:
        yield Finding(
            code="target-removed-kept",
            message=f"{tool} leaves drivers, CRDs, claims and namespaces of removed SpecialResources: "
            f"{wordlist(bundle.removed)}",
            hint="delete them by hand, or with `sro-apply delete`",
        )


def _objects(bundle: Bundle) -> Iterator[RenderedObject]:
    for resource in bundle.resources:
        for state in resource.states:
            yield from state.objects


def _drivers(bundle: Bundle) -> list[RenderedObject]:
    return [each for each in _objects(bundle) if is_driver(each.manifest)]


def _is_on_delete(each: RenderedObject) -> bool:
    strategy = mapping_of(mapping_of(each.manifest.get("spec")).get("updateStrategy"))
    return strategy.get("type") == "OnDelete"


def _has_lanes(resource: RenderedResource) -> bool:
    return any(each.kernel for state in resource.states for each in state.objects)


def _follows_lanes(resource: RenderedResource) -> bool:
    """Whether a state without kernels comes after one with kernels."""
    kinds = [any(each.kernel for each in state.objects) for state in resource.states if state.objects]
    return any(is_affine and not all(kinds[at:]) for at, is_affine in enumerate(kinds))


def _counted(objects: Sequence[RenderedObject], what: str, *, verb: bool = True) -> str:
    number = len(objects)
    words = f"{number} {what}" if number == 1 else f"{number} {what}s"
    return f"{words} {'is' if number == 1 else 'are'}" if verb else words


def _names(objects: Sequence[RenderedObject]) -> str:
    shown = [str(each.id) for each in objects[:3]]
    more = len(objects) - len(shown)
    return ", ".join(shown) + (f", and {more} more" if more else "")
