"""Checks of the parts of a request that are this deployer's own: its fields, and their types."""

from __future__ import annotations

import functools
import operator
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel, ValidationError
from pydantic.alias_generators import to_pascal

from deployer.json_document import Document
from deployer.request.problem import Problem, described_type, nearest
from deployer.request.rollback_alarms import RollbackAlarms
from deployer.request.scaling import VariantScaling
from deployer.request.service_model import operation_input, sagemaker
from deployer.request.smoke_test import Expect, SmokeTest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import ErrorDetails


Location = tuple[int | str, ...]

# What pydantic misses, in the words of `deployer.request.service_model`.
_WANTED = {
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "float_type": "a number",
    "int_type": "a whole number",
    "list_type": "a list",
    "model_type": "a mapping",
    "string_type": "text",
}

_PARTS_OF_A_REQUEST = {"EndpointConfig": "CreateEndpointConfig", "Models.<key>": "CreateModel"}

_NOT_TAKEN = {
    "RetainDeploymentConfig": "is not supported; each request has its own DeploymentConfig, or none",
    "EndpointConfigName": "is named by the deployer; leave it out",
    "ModelName": "is named by the deployer; leave it out",
}
"""Fields of SageMaker's requests that have no place in a request, and why."""


def contract_problems(request: type[BaseModel], document: Document) -> Iterator[Problem]:
    """Yield what is wrong with a request's own fields.

    Args:
        request: The model of a request.
        document: The document that is to be one.
    """
    try:
        request.model_validate(document)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            yield _problem(request, document, detail)


def _problem(request: type[BaseModel], document: Document, detail: ErrorDetails) -> Problem:
    location = detail["loc"]
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)[1:]
    if detail["type"] == "extra_forbidden":
        return Problem(path, _why_unknown(request, location))
    if path == "EndpointName":
        return Problem(path, "is missing" if document["EndpointName"] is None else "must be text; quote it")
    if location[0] == "Rollback":
        return Problem("Rollback", "must be true or the name of a revision")
    if wanted := _WANTED.get(detail["type"]):
        value = functools.reduce(operator.getitem, location, cast("Any", document))
        return Problem(path, f"must be {wanted}, and is {described_type(value)}")
    return Problem(path, detail["msg"].partition(" ")[2])


def _why_unknown(request: type[BaseModel], location: Location) -> str:
    """Say why there is no such field, and where it belongs or what may be meant."""
    name = str(location[-1])
    if len(location) == 1:
        if name in _NOT_TAKEN:
            return _NOT_TAKEN[name]
        for part, taken in _PARTS_OF_A_REQUEST.items():
            if name in _members(taken):
                return f"is a field of {part}; write it there"
    parts: dict[Location, tuple[str, type[BaseModel]]] = {
        ("RollbackAlarms",): ("request's RollbackAlarms", RollbackAlarms),
        ("SmokeTest",): ("smoke test", SmokeTest),
        ("SmokeTest", "Expect"): ("smoke test's expectation", Expect),
    }
    if location[0] == "Scaling" and len(location) > 1:
        parts[location[:-1]] = ("variant's Scaling", VariantScaling)
    whole, model = parts.get(location[:-1], ("request", request))
    return f"is not a field of a {whole}{nearest(name, [to_pascal(field) for field in model.model_fields])}"


@functools.cache
def _members(taken: str) -> frozenset[str]:
    shape: Any = sagemaker().shape_for(operation_input(taken))
    return frozenset(shape.members)
