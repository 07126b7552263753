"""Inventory files, of either form, read and merged; every fault of every file is reported at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from sro_render.edges import schemas
from sro_render.edges.files import each_file, read_source
from sro_render.errors import Faults, InputError, SroError
from sro_render.kernels.merging import InventoryDocument
from sro_render.kernels.snapshot import INVENTORY_KIND, merge_documents, objects_in, without_nodes
from sro_render.limits import Limits
from sro_render.model.bundle import InputFile
from sro_render.model.inventory import Inventory
from sro_render.model.objects import JsonObject, mapping_of, text_of
from sro_render.model.specialresource import KIND as SPEC_KIND
from sro_render.model.specialresource import UNSUPPORTED_KINDS
from sro_render.model.wording import format_path
from sro_render.pipeline.provenance import facts_digest
from sro_render.validation import check_schema
from sro_render.yamltext.reader import locate_nearest, read_stream


class InventoryFiles(Struct, frozen=True, kw_only=True):
    """What the inventory files hold."""

    inventory: Inventory
    config_maps: tuple[JsonObject, ...]
    files: tuple[InputFile, ...]


def read_inventories(paths: Iterable[str], limits: Limits, *, needs_nodes: bool = True) -> InventoryFiles:
    """Read and merge inventory files, of either form.

    Args:   needs_nodes: whether it is an error if no file has nodes or planned kernels.
    Raises: InputError, or a group of them: everything that is wrong in any of the files.
    """
    faults = Faults()
    documents: list[InventoryDocument] = []
    config_maps: list[JsonObject] = []
    files: list[InputFile] = []
    of_files: list[Inventory | None] = []
    for path in each_file(paths, faults):
        try:
            source = read_source(path)
            read = read_stream(source, limits)
        except (SroError, ExceptionGroup) as error:
            faults.add(error)
            continue
        facts: list[InventoryDocument] = []
        for index, document in enumerate(read):
            value = document.value
            if not isinstance(value, dict):
                faults.add(
                    InputError(
                        "not-an-object",
                        "this document is not a Kubernetes object",
                        span=document.span,
                        hint="make an inventory with: kubectl get nodes -o json > nodes.json",
                    )
                )
                continue
            for fault in _form_faults(InventoryDocument(source=source, value=value, index=index)):
                faults.add(fault)
            config_maps.extend(_config_maps(value))
            facts.append(InventoryDocument(source=source, value=value, index=index))
        if not read:
            facts.append(InventoryDocument(source=source, value={}))
        documents.extend(facts)
        of_files.append(_merged(facts))
        digest = facts_digest(of_files[-1]) if of_files[-1] else None
        if digest is not None:
            files.append(InputFile(path=str(path), digest=digest))
    faults.raise_if_any()
    # Merging thousands of nodes takes a moment: what one file has is merged already.
    alone = of_files[0] if len(of_files) == 1 else None
    inventory = alone or merge_documents(documents)
    if needs_nodes and not inventory.nodes and not inventory.planned:
        raise without_nodes(documents)
    return InventoryFiles(inventory=inventory, config_maps=tuple(config_maps), files=tuple(files))


def _form_faults(document: InventoryDocument) -> Iterator[InputError]:
    """What is wrong with the form of our own kinds in a document, also inside of lists."""
    for value, path in objects_in(document.value):
        kind, version = text_of(value.get("kind")), text_of(value.get("apiVersion"))
        # SRO's own kinds are told apart by what reads them.
        known = {INVENTORY_KIND, SPEC_KIND, *UNSUPPORTED_KINDS}
        if version.startswith("sro.openshift.io/") and kind not in known:
            yield InputError(
                "unknown-kind",
                f"{kind!r} is not a kind of inventory",
                span=locate_nearest(document.source, [*path, "kind"], document.index, value=True),
                path=format_path([*path, "kind"]),
                hint=f"did you mean {INVENTORY_KIND}?",
            )
        if kind == INVENTORY_KIND:
            yield from check_schema(
                value,
                schemas.validator(INVENTORY_KIND),
                schemas.schema(INVENTORY_KIND),
                source=document.source,
                document=document.index,
                prefix=path,
            )


def _merged(documents: Sequence[InventoryDocument]) -> Inventory | None:
    """The facts in one file; None if they are wrong, which is said when all files are merged."""
    try:
        return merge_documents(documents)
    except (SroError, ExceptionGroup):
        return None


def _config_maps(value: JsonObject) -> Iterator[JsonObject]:
    items = value.get("items")
    if isinstance(items, list):
        for item in items:
            yield from _config_maps(mapping_of(item))
    elif value.get("kind") == "ConfigMap":
        yield value
