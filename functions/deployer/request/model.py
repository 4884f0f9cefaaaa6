"""The request that a user writes: SageMaker's own API syntax, checked whole before anything is created."""

from __future__ import annotations

import functools
import json
import operator
from collections.abc import Mapping  # noqa: TC003 - pydantic reads the annotations
from typing import TYPE_CHECKING, Any, cast

from pydantic import AliasGenerator, BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_pascal

from deployer.errors import InvalidRequestError
from deployer.request.allowances import Allowances
from deployer.request.rules import broken_rules
from deployer.request.service_model import Problem, check_shape, described_type, nearest, operation_input, shown
from deployer.request.smoke_test import Expect, SmokeTest, problems_of

if TYPE_CHECKING:
    from collections.abc import Iterator

Document = dict[str, Any]
"""A JSON object, such as an API request."""

DEFAULT_MODEL_KEY = "model"
DEFAULT_MODELS: Mapping[str, Document] = {DEFAULT_MODEL_KEY: {"PrimaryContainer": {}}}
"""What a request that names no model deploys: the uploaded artifact, in the stack's default image."""

DEFAULT_VARIANT_NAME = "AllTraffic"
"""What SageMaker's own tools call the only variant of an endpoint."""

MODEL_KEY_LENGTH = 24
"""Characters of a key of `Models`; it becomes a part of the model's name."""

DEPTH_LIMIT = 50
"""How deeply a request may be nested; so no step that follows it down runs out of stack."""

_TAGS_LEFT = 46

# What pydantic misses, in the words of `deployer.request.service_model`.
_WANTED = {
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "int_type": "a whole number",
    "list_type": "a list",
    "model_type": "a mapping",
    "string_type": "text",
}


class DeploymentRequest(BaseModel):
    """One request for an endpoint, as it is in `deployment.yaml`, in an event's detail or in an execution's input."""

    model_config = ConfigDict(
        alias_generator=AliasGenerator(alias=to_pascal), extra="forbid", frozen=True, strict=True, title="Deployment"
    )

    endpoint_name: str
    """May be left out where a folder or a package group names it."""
    models: dict[str, Document]
    """CreateModel requests without their names, by a name that is local to the request."""
    endpoint_config: Document | None = None
    """A CreateEndpointConfig request without its name; a `ModelName` that is a key of `Models` means that one."""
    deployment_config: Document | None = None
    """UpdateEndpoint's own."""
    retain_all_variant_properties: bool | None = None
    """UpdateEndpoint's own. Left out, live instance counts stay where Application Auto Scaling manages them."""
    exclude_retained_variant_properties: list[Document] = []
    """UpdateEndpoint's own."""
    smoke_test: SmokeTest | None = None
    """What the endpoint has to answer before the deployment counts."""
    rollback: bool | str = False
    """Whether to deploy what the revision before the live one held, or the name of the revision."""
    tags: dict[str, str] = {}
    """Tags of everything that is created."""

    @property
    def is_made_of_upload(self) -> bool:
        """Whether all that it deploys is the uploaded artifact."""
        return self.models == DEFAULT_MODELS


def read_request(
    document: object, *, allowances: Allowances | None = None, endpoint_name: str | None = None
) -> DeploymentRequest:
    """Read and check a request.

    Nothing in a request is ever evaluated: a string that looks like a JSONPath, an intrinsic function or a placeholder
    is passed on as the string that it is.

    Args:
        document: What the user wrote, as JSON.
        allowances: What it may name.
        endpoint_name: The endpoint's name by its folder or package group; a request that says another contradicts it.

    Raises:
        InvalidRequestError: It is wrong; the message has a line for each problem, with the path of the field.
    """
    allowances = allowances or Allowances()
    if not isinstance(document, dict):
        raise InvalidRequestError(f"request: must be a mapping, and is {described_type(document)}")
    if _is_deeper(document, DEPTH_LIMIT):
        raise InvalidRequestError(f"request: is nested more than {DEPTH_LIMIT} levels deep")
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InvalidRequestError("request: holds half of a character, which no text can") from None  # it has the text
    named = {**document, "EndpointName": document.get("EndpointName", endpoint_name)}
    complete = _with_names(named)
    shape_problems = list(_shape_problems(complete, allowances))
    said = {problem.path for problem in shape_problems}
    contract_problems = [problem for problem in _contract_problems(complete) if problem.path not in said]
    problems = [*_contradiction(named, endpoint_name), *contract_problems, *shape_problems]
    if not problems:
        request = DeploymentRequest.model_validate(complete)
        smoke_test_problems = problems_of(request.smoke_test, request.endpoint_config) if request.smoke_test else ()
        problems = [*broken_rules(complete), *allowances.broken(complete), *smoke_test_problems]
    if problems:
        raise InvalidRequestError("\n".join(map(str, sorted(set(problems)))))
    return request


def _is_deeper(document: object, levels: int) -> bool:
    layer: list[object] = [document]
    for _ in range(levels + 1):
        parts = [each.values() if isinstance(each, dict) else each for each in layer if isinstance(each, dict | list)]
        layer = [entry for part in parts for entry in part]
    return bool(layer)


def _contradiction(document: Document, endpoint_name: str | None) -> Iterator[Problem]:
    given = document["EndpointName"]
    if endpoint_name is not None and given != endpoint_name:
        yield Problem("EndpointName", f"{shown(given)} contradicts where the request comes from, '{endpoint_name}'")


def _with_names(document: Document) -> Document:
    """Fill in what variants and models are called where a request need not say."""
    models, config = document.get("Models"), document.get("EndpointConfig")
    if models is None:
        has_default = not document.get("Rollback") and (config is None or _lacks_models(config))
        document = {**document, "Models": dict(DEFAULT_MODELS) if has_default else {}}
        models = document["Models"]
    if not isinstance(config, dict):
        return document
    variants = config.get("ProductionVariants")
    if not (isinstance(variants, list) and all(isinstance(variant, dict) for variant in variants)):
        return document
    # Variants of inference components have no model; the config's own role marks them.
    only_model = [*models] if isinstance(models, dict) and len(models) == 1 and "ExecutionRoleArn" not in config else []
    filled = [{**({"ModelName": only_model[0]} if only_model else {}), **variant} for variant in variants]
    named = [
        {"VariantName": DEFAULT_VARIANT_NAME if len(filled) == 1 else variant.get("ModelName"), **variant}
        for variant in filled
    ]
    return {**document, "EndpointConfig": {**config, "ProductionVariants": named}}


def _lacks_models(config: object) -> bool:
    if not isinstance(config, dict) or "ExecutionRoleArn" in config:
        return False
    variants = config.get("ProductionVariants")
    return isinstance(variants, list) and any(
        isinstance(variant, dict) and "ModelName" not in variant for variant in variants
    )


def _contract_problems(document: Document) -> Iterator[Problem]:
    """Check what is this deployer's own: the fields of the request, and their types."""
    try:
        DeploymentRequest.model_validate(document)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            location = detail["loc"]
            path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)[1:]
            if detail["type"] == "extra_forbidden":
                whole, fields = _fields_beside(location)
                yield Problem(path, f"is no field of a {whole}{nearest(location[-1], fields)}")
            elif path == "EndpointName":
                yield Problem(path, "is missing" if document["EndpointName"] is None else "must be text; quote it")
            elif location[0] == "Rollback":
                yield Problem("Rollback", "must be true or the name of a revision")
            elif wanted := _WANTED.get(detail["type"]):
                value = functools.reduce(operator.getitem, location, cast("Any", document))
                yield Problem(path, f"must be {wanted}, and is {described_type(value)}")
            else:
                yield Problem(path, detail["msg"].partition(" ")[2])


def _fields_beside(location: tuple[int | str, ...]) -> tuple[str, list[str]]:
    """Name the part of the request that a field stands in, and the fields that the part has."""
    parts: dict[tuple[int | str, ...], tuple[str, type[BaseModel]]] = {
        ("SmokeTest",): ("smoke test", SmokeTest),
        ("SmokeTest", "Expect"): ("smoke test's expectation", Expect),
    }
    name, model = parts.get(location[:-1], ("request", DeploymentRequest))
    return name, [to_pascal(field) for field in model.model_fields]


def _shape_problems(document: Document, allowances: Allowances) -> Iterator[Problem]:
    """Check what is SageMaker's: everything inside the models, the config and the guardrails."""
    for shape, value, path, supplied in _shaped_parts(document):
        yield from check_shape(shape, value, path, supplied=supplied, open_enums=allowances.open_enums)
    if isinstance(models := document.get("Models"), dict):
        for key in models:
            if len(key) > MODEL_KEY_LENGTH:
                yield Problem(
                    f"Models.{key}", f"is a key of {len(key)} characters; at most {MODEL_KEY_LENGTH} fit a name"
                )
    if isinstance(tags := document.get("Tags"), dict):
        yield from _tag_problems(tags)


def _shaped_parts(document: Document) -> Iterator[tuple[str, object, str, frozenset[str]]]:
    """Yield shape, value and path of each part that is SageMaker's, and the members that the deployer fills in."""
    nothing = frozenset[str]()
    for field, shape in (("EndpointName", "EndpointName"), ("Rollback", "EndpointConfigName")):
        if isinstance(name := document.get(field), str):
            yield shape, name, field, nothing
    if isinstance(models := document.get("Models"), dict):
        for key, model in models.items():
            yield "EndpointName", key, f"Models.{key}", nothing
            yield operation_input("CreateModel"), model, f"Models.{key}", frozenset({"ModelName"})
    for field, shape, supplied in (
        ("EndpointConfig", operation_input("CreateEndpointConfig"), frozenset({"EndpointConfigName"})),
        ("DeploymentConfig", "DeploymentConfig", nothing),
        ("ExcludeRetainedVariantProperties", "VariantPropertyList", nothing),
    ):
        if document.get(field) is not None:
            yield shape, document[field], field, supplied
    if isinstance(test := document.get("SmokeTest"), dict) and test.get("TargetVariant") is not None:
        yield "VariantName", test["TargetVariant"], "SmokeTest.TargetVariant", nothing


def _tag_problems(tags: Document) -> Iterator[Problem]:
    if len(tags) > _TAGS_LEFT:
        yield Problem("Tags", f"has {len(tags)} entries; SageMaker takes 50, and the deployer adds some of its own")
    for key, value in tags.items():
        yield from check_shape("TagKey", key, f"Tags.{key}")
        yield from check_shape("TagValue", value, f"Tags.{key}")
        if key.lower().startswith(("aws:", "endpoint-deployer:")):
            yield Problem(f"Tags.{key}", "begins with a prefix that is reserved")
