"""Checks a JSON document against a service's model, the one that ships with botocore; mostly SageMaker's.

botocore's own validator leaves out enums and patterns and stops at what it can serialise; this one says everything
that is wrong, each with its path, in words that a person can act on.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.loaders import Loader
from botocore.model import ServiceModel

from deployer.request.problem import Problem, described_type, nearest, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from botocore.model import Shape

_SHOWN_VALUES = 8
_SECRET_SHAPES = frozenset({"EnvironmentMap", "EnvironmentValue"})

_NULLABLE = frozenset({("ContainerDefinition", "ModelDataUrl")})
"""Members of shapes that a request may leave empty on purpose; they are not sent to SageMaker."""

# Java's classes of characters, and its pairs for those beyond 16 bits, which Python's `re` lacks.
_JAVA_CLASSES = {
    r"\p{L}": r"\w",
    r"\p{N}": r"\d",
    r"\p{Z}": r"\s",
    r"\p{Print}": r"[\x20-\x7e]",
    r"\uD800\uDC00-\uDBFF\uDFFF": r"\U00010000-\U0010FFFF",
}


@functools.cache
def sagemaker() -> ServiceModel:
    """Load SageMaker's service model."""
    return service_model("sagemaker")


@functools.cache
def service_model(service: str) -> ServiceModel:
    """Load the model of a service, by botocore's name for it."""
    return ServiceModel(Loader().load_service_model(service, "service-2"))


def operation_input(operation: str, service: str = "") -> str:
    """Return the name of the shape of an operation's request; with `<service>.` before it if that is not SageMaker."""
    shape: Any = service_model(service or "sagemaker").operation_model(operation).input_shape
    return f"{service}.{shape.name}" if service else str(shape.name)


def shape_of(name: str) -> Any:
    """Return the shape of a name, such as `DeploymentConfig` or `cloudwatch.PutMetricAlarmInput`."""
    service, _, shape_name = name.rpartition(".")
    return service_model(service or "sagemaker").shape_for(shape_name)


def check_shape(
    shape_name: str, value: object, path: str, *, supplied: Collection[str] = (), open_enums: bool = False
) -> list[Problem]:
    """Check a JSON value against a shape of the service model.

    Args:
        shape_name: The shape's name; see `shape_of`.
        value: The document.
        path: Where the document stands in the request.
        supplied: Members of the shape itself that the deployer fills in, and that a request must not set.
        open_enums: Whether values pass that an enum does not list.
    """
    return list(_Check(open_enums=open_enums).shape(shape_of(shape_name), value, path, supplied))


@functools.cache
def _pattern(pattern: str) -> re.Pattern[str]:
    for java, python in _JAVA_CLASSES.items():
        pattern = pattern.replace(java, python)
    return re.compile(pattern)


@dataclass(frozen=True, slots=True)
class _Check:
    open_enums: bool

    def shape(self, shape: Shape, value: object, path: str, supplied: Collection[str] = ()) -> Iterator[Problem]:
        match shape.type_name:
            case "structure":
                yield from self._structure(shape, value, path, supplied)
            case "list":
                yield from self._list(shape, value, path)
            case "map":
                yield from self._map(shape, value, path)
            case "boolean":
                if not isinstance(value, bool):
                    yield _mistyped(path, "true or false", value)
            case "integer" | "long" | "float" | "double":
                yield from self._number(shape, value, path)
            case "timestamp":
                if not isinstance(value, str):
                    yield _mistyped(path, "text", value)
            case _:
                yield from self._text(shape, value, path)

    def _structure(self, shape: Any, value: object, path: str, supplied: Collection[str]) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield _mistyped(path, "a mapping", value)
            return
        for name, member in value.items():
            member_path = f"{path}.{name}" if path else str(name)
            if name in supplied:
                yield Problem(member_path, "is named by the deployer; leave it out")
            elif name not in shape.members:
                yield Problem(member_path, _why_unknown(shape, name, supplied))
            elif member is not None or (shape.name, name) not in _NULLABLE:
                yield from self.shape(shape.members[name], member, member_path)
        for name in shape.required_members:
            if name not in value and name not in supplied:
                yield Problem(f"{path}.{name}" if path else name, "is missing")

    def _list(self, shape: Any, value: object, path: str) -> Iterator[Problem]:
        if not isinstance(value, list):
            yield _mistyped(path, "a list", value)
            return
        yield from _sized(shape, len(value), path, "entries")
        for index, entry in enumerate(value):
            yield from self.shape(shape.member, entry, f"{path}[{index}]")

    def _map(self, shape: Any, value: object, path: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield _mistyped(path, "a mapping", value, is_secret=shape.name in _SECRET_SHAPES)
            return
        yield from _sized(shape, len(value), path, "entries")
        for key, entry in value.items():
            entry_path = f"{path}.{key}"
            yield from self.shape(shape.key, key, entry_path)
            yield from self.shape(shape.value, entry, entry_path)

    def _number(self, shape: Any, value: object, path: str) -> Iterator[Problem]:
        whole = shape.type_name in {"integer", "long"}
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            yield _mistyped(path, "a whole number" if whole else "a number", value)
            return
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if (low is not None and value < low) or (high is not None and value > high):
            yield Problem(path, f"{shown(value)} is not {_range(low, high)}")

    def _text(self, shape: Any, value: object, path: str) -> Iterator[Problem]:
        if not isinstance(value, str):
            yield _mistyped(path, "text", value, is_secret=shape.name in _SECRET_SHAPES)
            return
        if shape.enum:
            if value not in shape.enum and not self.open_enums:
                yield Problem(path, f"{shown(value)} is not a valid {_words(shape.name)}{_choices(value, shape.enum)}")
            return
        size = list(_sized(shape, len(value), path, "characters"))
        yield from size
        pattern = shape.metadata.get("pattern")
        if pattern and not size and not _pattern(pattern).fullmatch(value):
            found = "the value" if shape.name in _SECRET_SHAPES else shown(value)
            yield Problem(path, f"{found} is not a valid {_words(shape.name)}: it does not match {pattern}")


def _why_unknown(shape: Any, name: str, supplied: Collection[str]) -> str:
    """Explain why a shape has no such member; members of SageMaker's answers are often pasted into requests."""
    operation = shape.name.removesuffix("Input")
    if operation.startswith("Create") and name in _answered_members(operation):
        return f"is in what {_describing(operation)} answers, and {operation} does not take it; leave it out"
    known = [known for known in shape.members if known not in supplied]
    return f"is not a field of {operation}{nearest(name, known)}"


def _describing(operation: str) -> str:
    return operation.replace("Create", "Describe")


@functools.cache
def _answered_members(operation: str) -> frozenset[str]:
    shape: Any = sagemaker().operation_model(_describing(operation)).output_shape
    return frozenset(shape.members)


def _mistyped(path: str, wanted: str, value: object, *, is_secret: bool = False) -> Problem:
    # What stands in the place of a mapping or a list may have been meant for any field in it, a secret one too.
    is_scalar = isinstance(value, str | int | float) and not is_secret and wanted not in {"a mapping", "a list"}
    found = f"{described_type(value)}, {shown(value)}" if is_scalar else described_type(value)
    hint = "; quote it" if wanted == "text" and isinstance(value, bool | int | float) else ""
    return Problem(path, f"must be {wanted}, and is {found}{hint}")


def _sized(shape: Any, size: int, path: str, unit: str) -> Iterator[Problem]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if (low is not None and size < low) or (high is not None and size > high):
        yield Problem(path, f"has {size} {unit}; AWS takes {_range(low, high)}")


def _range(low: float | None, high: float | None) -> str:
    if low is None:
        return f"at most {high}"
    return f"at least {low}" if high is None else f"{low} to {high}"


def _choices(value: str, enum: list[str]) -> str:
    if suggestion := nearest(value, enum):
        return suggestion
    return f"; one of {', '.join(enum)}" if len(enum) <= _SHOWN_VALUES else ""


def _words(shape_name: str) -> str:
    """Write a shape's name as words: `ProductionVariantInstanceType` as `production variant instance type`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", shape_name).lower()
