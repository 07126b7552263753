"""Where the pods of an object may run: its selectors, read and evaluated against nodes.

Decides whether Kubernetes' scheduler would put a pod on a node as far as labels, name and required node
affinity say; taints, resources and preferences are no matter of the inventory. What serves a node is
decided in `coverage`.
Source: k8s.io/component-helpers scheduling/corev1/nodeaffinity and k8s.io/apimachinery pkg/labels.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from msgspec import Struct

from sro_render.kernels.affinity import pod_spec_path
from sro_render.kernels.facts import KERNEL_LABEL, kernel_label_value
from sro_render.model.inventory import Node
from sro_render.model.objects import JsonObject, JsonValue, mapping_of, text_of

# https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
# Few pods have node affinity: the patterns are compiled when the first one is read.
_NAME = r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_PREFIX = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*"
_INT64 = range(-(2**63), 2**63)
_INTEGER = r"[+-]?[0-9]{1,40}"
_ANOTHER = "\0"
"""What can be the value of no label and the name of no node."""
BUILD_KINDS = frozenset({"Build", "BuildConfig"})
NAME_FIELD = "metadata.name"


class Requirement(Struct, frozen=True):
    """One line of `matchExpressions` or `matchFields`: a key, an operator and its values."""

    key: str
    operator: str
    values: tuple[str, ...] = ()


class Term(Struct, frozen=True):
    """Requirements on labels and fields that all must hold; None for a term that holds nowhere."""

    labels: tuple[Requirement, ...] = ()
    fields: tuple[Requirement, ...] = ()


class PodSelector(Struct, frozen=True, kw_only=True):
    """All that ties a pod to nodes.

    labels:    `nodeSelector`.
    terms:     required node affinity, of which one term must hold; None where there is none.
    node_name: `nodeName`, empty where the scheduler decides.
    is_broken: a part of it has a shape that no server takes: it holds nowhere.
    """

    labels: Mapping[str, str] = {}
    terms: tuple[Term, ...] | None = None
    node_name: str = ""
    is_broken: bool = False

    def matches(self, labels: Mapping[str, str], name: str) -> bool:
        """Whether a node with these labels and this name may run the pod."""
        if self.is_broken or self.node_name not in {"", name}:
            return False
        if any(labels.get(key) != value for key, value in self.labels.items()):
            return False
        return self.terms is None or any(_holds(term, labels, name) for term in self.terms)

    def obstacle(self, labels: Mapping[str, str], name: str) -> str:
        """What such a node lacks, in words; of several things the first."""
        lacking = [key for key, value in self.labels.items() if labels.get(key) != value]
        if lacking:
            return f"the label {lacking[0]}={self.labels[lacking[0]]}"
        if self.node_name not in {"", name}:
            return f"the node {self.node_name}"
        return "what its node affinity requires"

    def keys(self) -> Iterator[str]:
        """The labels that it looks at."""
        yield from self.labels
        for term in self.terms or ():
            for requirement in term.labels:
                yield requirement.key

    def without(self, key: str) -> PodSelector:
        """The same without one label of `nodeSelector`."""
        rest = {name: value for name, value in self.labels.items() if name != key}
        return PodSelector(labels=rest, terms=self.terms, node_name=self.node_name, is_broken=self.is_broken)


class Questions:
    """All that a number of selectors ask of nodes: what they do not tell apart has one answer."""

    def __init__(self) -> None:
        self._values: dict[str, set[str]] = {}
        self._compared: set[str] = set()
        self._names: set[str] = set()

    def add(self, selector: PodSelector) -> None:
        """What a pod asks."""
        self.add_labels(selector.labels)
        self._names.add(selector.node_name)
        for term in selector.terms or ():
            for each in term.labels:
                self._values.setdefault(each.key, set()).update(each.values)
                if each.operator in {"Gt", "Lt"}:
                    self._compared.add(each.key)
            for each in term.fields:
                self._names.update(each.values)

    def add_labels(self, labels: Mapping[str, str]) -> None:
        """What a nodeSelector asks."""
        for key, value in labels.items():
            self._values.setdefault(key, set()).add(value)

    def keys(self) -> tuple[str, ...]:
        """The labels that are asked for, A-Z."""
        return tuple(sorted(self._values))

    def answers(self, labels: Mapping[str, str], name: str) -> tuple[str | None, ...]:
        """What a node answers; two nodes with equal answers fit the same pods.

        A value or name that no selector names is one of many.
        """
        known = [
            value if value is None or key in self._compared or value in values else _ANOTHER
            for key, values, value in ((key, self._values[key], labels.get(key)) for key in self.keys())
        ]
        return (*known, name if name in self._names else _ANOTHER)


def node_labels(node: Node) -> Mapping[str, str]:
    """A node's labels, with those that kubelet and node-feature-discovery set where the snapshot lacks them.

    Source: https://kubernetes.io/docs/reference/node/node-labels/.
    """
    known = {
        "kubernetes.io/os": "linux",
        "beta.kubernetes.io/os": "linux",
        KERNEL_LABEL: kernel_label_value(node.kernel),
    }
    if node.architecture:
        known |= {"kubernetes.io/arch": node.architecture, "beta.kubernetes.io/arch": node.architecture}
    if node.name:
        known["kubernetes.io/hostname"] = node.name
    return {**known, **node.labels}


def pod_selector(manifest: JsonObject) -> PodSelector | None:
    """Where the pods of a workload or of a build may run; None for other kinds."""
    kind = text_of(manifest.get("kind"))
    if kind in BUILD_KINDS:
        given = mapping_of(manifest.get("spec")).get("nodeSelector")
        return read_pod_selector({"nodeSelector": given})
    path = pod_spec_path(kind)
    if path is None:
        return None
    spec = manifest
    for key in path:
        spec = mapping_of(spec.get(key))
    return read_pod_selector(spec)


def read_pod_selector(spec: Mapping[str, JsonValue]) -> PodSelector:
    """The selectors of a pod's spec."""
    affinity = mapping_of(mapping_of(spec.get("affinity")).get("nodeAffinity"))
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    selector = spec.get("nodeSelector")
    labels = mapping_of(selector)
    shapes = (selector is None or isinstance(selector, dict), required is None or isinstance(required, dict))
    return PodSelector(
        labels={key: text_of(value) for key, value in labels.items()},
        terms=None if required is None else tuple(_read_terms(mapping_of(required))),
        node_name=text_of(spec.get("nodeName")),
        is_broken=not all(shapes) or not all(isinstance(value, str) for value in labels.values()),
    )


def _read_terms(required: JsonObject) -> Iterator[Term]:
    """The terms that may hold somewhere: an empty one selects nothing, nor does one with a fault."""
    given = required.get("nodeSelectorTerms")
    for each in given if isinstance(given, list) else ():
        term = mapping_of(each)
        labels = _read_requirements(term.get("matchExpressions"), _is_valid_expression)
        fields = _read_requirements(term.get("matchFields"), _is_valid_field)
        if labels is not None and fields is not None and (labels or fields):
            yield Term(labels, fields)


def _read_requirements(
    value: JsonValue, is_valid: Callable[[Requirement], bool]
) -> tuple[Requirement, ...] | None:
    """The requirements of a list; None if one of them is none."""
    if value is None:
        return ()
    if not isinstance(value, list):
        return None
    found = []
    for each in map(mapping_of, value):
        given = each.get("values")
        values = given if isinstance(given, list) else []
        if not isinstance(given, list | None) or not all(isinstance(item, str) for item in values):
            return None
        requirement = Requirement(
            text_of(each.get("key")), text_of(each.get("operator")), tuple(map(text_of, values))
        )
        if not is_valid(requirement):
            return None
        found.append(requirement)
    return tuple(found)


def _is_valid_expression(requirement: Requirement) -> bool:
    """Source: labels.NewRequirement."""
    operator, values = requirement.operator, requirement.values
    prefix, slash, name = requirement.key.rpartition("/")
    if not re.fullmatch(_NAME, name) or (
        slash and not (re.fullmatch(_PREFIX, prefix) and len(prefix) <= 253)
    ):
        return False
    if not all(value == "" or re.fullmatch(_NAME, value) for value in values):
        return False
    match operator:
        case "In" | "NotIn":
            return bool(values)
        case "Exists" | "DoesNotExist":
            return not values
        case "Gt" | "Lt":
            return len(values) == 1 and _integer(values[0]) is not None
        case _:
            return False


def _is_valid_field(requirement: Requirement) -> bool:
    """Source: nodeSelectorRequirementsAsFieldSelector."""
    return requirement.operator in {"In", "NotIn"} and len(requirement.values) == 1


def _holds(term: Term, labels: Mapping[str, str], name: str) -> bool:
    return all(_OPERATORS[each.operator](labels.get(each.key), each.values) for each in term.labels) and all(
        _OPERATORS[each.operator](name if each.key == NAME_FIELD else "", each.values) for each in term.fields
    )


def _integer(text: str) -> int | None:
    """Source: Go's strconv.ParseInt with base 10 and 64 bits."""
    number = int(text) if re.fullmatch(_INTEGER, text) else None
    return number if number is not None and number in _INT64 else None


def _is_greater(value: str | None, limits: tuple[str, ...]) -> bool:
    number, limit = _integer(value or ""), _integer(limits[0])
    return number is not None and limit is not None and number > limit


def _is_less(value: str | None, limits: tuple[str, ...]) -> bool:
    number, limit = _integer(value or ""), _integer(limits[0])
    return number is not None and limit is not None and number < limit


# A label's value, None where the node lacks it, and the requirement's values. Source: Requirement.Matches.
_OPERATORS: Mapping[str, Callable[[str | None, tuple[str, ...]], bool]] = MappingProxyType(
    {
        "In": lambda value, values: value in values,
        "NotIn": lambda value, values: value not in values,
        "Exists": lambda value, _: value is not None,
        "DoesNotExist": lambda value, _: value is None,
        "Gt": _is_greater,
        "Lt": _is_less,
    }
)
