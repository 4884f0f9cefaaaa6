"""Requests and answers, checked against botocore's service model.

Source: botocore's service model; the words are those of the service in public issues, such as aws/amazon-sagemaker-
examples, issue 2236.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from local.json_document import Document
from local.simulator.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.model import OperationModel, Shape


_JAVA_CLASSES = {r"\p{L}": r"\w", r"\p{N}": r"\d", r"\p{Z}": r"\s", r"\p{ASCII}": r"[\x00-\x7f]"}


@functools.cache
def model(service: str) -> ServiceModel:
    """Load the service model of `sagemaker` or `sagemaker-runtime`."""
    return ServiceModel(Loader().load_service_model(service, "service-2"))


def operation(name: str, service: str = "sagemaker") -> OperationModel:
    """Return an operation of the service model."""
    return model(service).operation_model(name)


def check_request(name: str, parameters: Document) -> None:
    """Raise the ValidationException that SageMaker answers to a request that does not fit the model.

    Source: botocore's service model; aws/amazon-sagemaker-examples, issue 2236.
    """
    shape: Any = operation(name).input_shape
    report = ParamValidator().validate(parameters, shape)
    if report.has_errors():
        raise invalid(report.generate_report())
    failures = list(_constraints(parameters, shape, ""))
    if failures:
        count = f"{len(failures)} validation error{'s' if len(failures) > 1 else ''} detected: "
        raise invalid(count + "; ".join(failures))


def check_answer(name: str, answer: Document, service: str = "sagemaker") -> None:
    """Raise AssertionError if an answer of ours does not fit the model: then the simulator is wrong."""
    shape = operation(name, service).output_shape
    if shape is None:
        return
    report = ParamValidator().validate(answer, shape)
    problems = report.generate_report() if report.has_errors() else "; ".join(_constraints(answer, shape, ""))
    if problems:
        raise AssertionError(f"{name} answers what the service model does not have: {problems}")


def _constraints(value: Any, shape: Any, path: str) -> Iterator[str]:
    """Yield the broken enums, patterns and sizes, which botocore leaves to the service."""
    if shape.type_name == "structure":
        for name, member in value.items():
            dot = "." if path else ""
            yield from _constraints(member, shape.members[name], f"{path}{dot}{name[0].lower()}{name[1:]}")
    elif shape.type_name == "list":
        yield from _size(shape, value, len(value), path)
        for index, entry in enumerate(value, start=1):
            yield from _constraints(entry, shape.member, f"{path}.{index}.member")
    elif shape.type_name == "map":
        yield from _size(shape, value, len(value), path)
        for key, entry in value.items():
            yield from _constraints(entry, shape.value, f"{path}.{key}.member")
    elif shape.type_name == "string":
        yield from _text(shape, value, path)
    elif shape.type_name in {"integer", "long", "float", "double"}:
        highest = shape.metadata.get("max")
        if highest is not None and value > highest:
            yield _failed(value, path, f"Member must have value less than or equal to {highest}")


def _text(shape: Shape, value: str, path: str) -> Iterator[str]:
    if shape.metadata.get("enum") and value not in shape.metadata["enum"]:
        yield _failed(value, path, f"Member must satisfy enum value set: [{', '.join(shape.metadata['enum'])}]")
    yield from _size(shape, value, len(value), path)
    pattern = shape.metadata.get("pattern")
    if pattern and not _pattern(pattern).fullmatch(value):
        yield _failed(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _size(shape: Shape, value: object, size: int, path: str) -> Iterator[str]:
    highest = shape.metadata.get("max")
    if highest is not None and size > highest:
        yield _failed(value, path, f"Member must have length less than or equal to {highest}")


def _failed(value: object, path: str, constraint: str) -> str:
    return f"Value '{value}' at '{path}' failed to satisfy constraint: {constraint}"


@functools.cache
def _pattern(pattern: str) -> re.Pattern[str]:
    for java, python in _JAVA_CLASSES.items():
        pattern = pattern.replace(java, python)
    return re.compile(pattern)


def method_name(name: str) -> str:
    """Respell an operation's name as a method's: `CreateEndpointConfig` as `create_endpoint_config`."""
    respelled: str = xform_name(name)
    return respelled
