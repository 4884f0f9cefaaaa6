"""The request that a user writes: SageMaker's own API syntax, checked whole before anything is created."""

from __future__ import annotations

import functools
import json
import operator
from collections.abc import Mapping  # noqa: TC003 - pydantic reads the annotations
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, cast

from pydantic import AliasGenerator, BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_pascal

from deployer.errors import InvalidRequestError
from deployer.rules import broken_rules
from deployer.service_model import Problem, check_shape, described_type, nearest, operation_input, shown

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

_TAGS_LEFT = 47
_VARIANT_KINDS = ("ProductionVariants", "ShadowProductionVariants")


class DeploymentRequest(BaseModel):
    """One request for an endpoint, as it is in `deployment.yaml`, in an event's detail or in an execution's input."""

    model_config = ConfigDict(
        alias_generator=AliasGenerator(alias=to_pascal), extra="forbid", frozen=True, strict=True, title="Deployment"
    )

    endpoint_name: str
    models: dict[str, Document]
    """CreateModel requests without their names, by a name that is local to the request."""
    endpoint_config: Document | None = None
    """A CreateEndpointConfig request without its name; a `ModelName` that is a key of `models` means that one."""
    deployment_config: Document | None = None
    """UpdateEndpoint's `DeploymentConfig`."""
    tags: dict[str, str] = {}
    """Tags of everything that is created."""

    @property
    def is_made_of_upload(self) -> bool:
        """Whether all that it deploys is the uploaded artifact."""
        return self.models == DEFAULT_MODELS


@dataclass(frozen=True, slots=True)
class Allowances:
    """What requests may name; an empty list of patterns (with `*` and `?`) allows everything."""

    image_patterns: tuple[str, ...] = ()
    role_patterns: tuple[str, ...] = ()
    buckets: tuple[str, ...] = ()
    open_enums: bool = False
    """Whether values pass that the packaged service model does not list; SageMaker then judges them."""


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
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise InvalidRequestError("request: holds half of a character, which no text can") from error
    named = {**document, "EndpointName": document.get("EndpointName", endpoint_name)}
    complete = _with_names(named)
    problems = [
        *_contradiction(named, endpoint_name),
        *_contract_problems(complete),
        *_shape_problems(complete, allowances),
    ]
    if not problems:
        problems = [*broken_rules(complete), *_outside(complete, allowances)]
    if problems:
        raise InvalidRequestError("\n".join(map(str, sorted(set(problems)))))
    return DeploymentRequest.model_validate(complete)


def _contradiction(document: Document, endpoint_name: str | None) -> Iterator[Problem]:
    given = document["EndpointName"]
    if endpoint_name is not None and given != endpoint_name:
        yield Problem("EndpointName", f"{shown(given)} contradicts where the request comes from, '{endpoint_name}'")


def _with_names(document: Document) -> Document:
    """Fill in what variants and models are called where a request need not say."""
    models, config = document.get("Models"), document.get("EndpointConfig")
    if models is None:
        document = {**document, "Models": dict(DEFAULT_MODELS) if config is None or _lacks_models(config) else {}}
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
            path = ".".join(map(str, detail["loc"]))
            if detail["type"] == "extra_forbidden":
                fields = [to_pascal(name) for name in DeploymentRequest.model_fields]
                yield Problem(path, f"is no field of a request{nearest(path, fields)}")
            elif path == "EndpointName":
                yield Problem(path, "is missing" if document["EndpointName"] is None else "must be text; quote it")
            elif detail["type"] == "dict_type":
                value = functools.reduce(operator.getitem, detail["loc"], cast("Any", document))
                yield Problem(path, f"must be a mapping, and is {described_type(value)}")
            elif detail["loc"][0] != "Tags":
                yield Problem(path, detail["msg"][0].lower() + detail["msg"][1:])


def _shape_problems(document: Document, allowances: Allowances) -> Iterator[Problem]:
    """Check what is SageMaker's: everything inside the models, the config and the guardrails."""
    parts: list[tuple[str, object, str, frozenset[str]]] = []
    if isinstance(document["EndpointName"], str):
        parts.append(("EndpointName", document["EndpointName"], "EndpointName", frozenset()))
    if isinstance(models := document.get("Models"), dict):
        for key, model in models.items():
            parts.append(("EndpointName", key, f"Models.{key}", frozenset()))
            parts.append((operation_input("CreateModel"), model, f"Models.{key}", frozenset({"ModelName"})))
            if len(key) > MODEL_KEY_LENGTH:
                yield Problem(
                    f"Models.{key}", f"is a key of {len(key)} characters; at most {MODEL_KEY_LENGTH} fit a name"
                )
    if (config := document.get("EndpointConfig")) is not None:
        shape = operation_input("CreateEndpointConfig")
        parts.append((shape, config, "EndpointConfig", frozenset({"EndpointConfigName"})))
    if (deployment := document.get("DeploymentConfig")) is not None:
        parts.append(("DeploymentConfig", deployment, "DeploymentConfig", frozenset()))
    for shape, value, path, supplied in parts:
        yield from check_shape(shape, value, path, supplied=supplied, open_enums=allowances.open_enums)
    if isinstance(tags := document.get("Tags"), dict):
        yield from _tag_problems(tags)


def _tag_problems(tags: Document) -> Iterator[Problem]:
    if len(tags) > _TAGS_LEFT:
        yield Problem("Tags", f"has {len(tags)} entries; SageMaker takes 50, and the deployer adds some of its own")
    for key, value in tags.items():
        yield from check_shape("TagKey", key, f"Tags.{key}")
        yield from check_shape("TagValue", value, f"Tags.{key}")
        if key.lower().startswith(("aws:", "endpoint-deployer:")):
            yield Problem(f"Tags.{key}", "begins with a prefix that is reserved")


def _outside(document: Document, allowances: Allowances) -> Iterator[Problem]:
    """Check what the request names against what the stack allows."""
    for path, name, value in _texts(document.get("Models"), "Models"):
        if name == "Image":
            yield from _not_allowed(path, value, allowances.image_patterns, "AllowedImages")
    for part in ("Models", "EndpointConfig"):
        for path, name, value in _texts(document.get(part), part):
            if name == "ExecutionRoleArn":
                yield from _not_allowed(path, value, allowances.role_patterns, "AllowedRoleArns")
            elif value.startswith("s3://"):
                bucket = value.removeprefix("s3://").partition("/")[0]
                yield from _not_allowed(path, bucket, allowances.buckets, "AllowedBucketArns")
            elif name in {"ModelDataUrl", "S3Uri"} and allowances.buckets:
                yield Problem(path, f"{shown(value)} must begin with s3://")


def _not_allowed(path: str, value: str, patterns: tuple[str, ...], parameter: str) -> Iterator[Problem]:
    if patterns and not any(fnmatchcase(value, pattern) for pattern in patterns):
        yield Problem(path, f"{shown(value)} is not among what this stack allows; see its parameter {parameter}")


def _texts(value: object, path: str, name: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield path, field and text of every text in a document, except the environment of containers."""
    if isinstance(value, str):
        yield path, name, value
    elif isinstance(value, dict):
        for key, entry in value.items():
            if key != "Environment":
                yield from _texts(entry, f"{path}.{key}", key)
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from _texts(entry, f"{path}[{index}]", name)
