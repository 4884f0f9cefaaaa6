"""Checks of the parts of a request that are SageMaker's: models, endpoint config, guardrails and tags."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from deployer.endpoint_config import VARIANT_KINDS
from deployer.json_document import Document
from deployer.request.problem import Problem, listed, shown
from deployer.request.scaling import OPERATIONS, STEP_ALARM_NAMES, without_alarms
from deployer.request.service_model import check_shape, operation_input

if TYPE_CHECKING:
    from collections.abc import Iterator


MODEL_KEY_LENGTH = 24
"""Characters of a key of `Models`; it becomes a part of the model's name."""

MODEL_KEY_PATTERN = r"[a-zA-Z0-9](-*[a-zA-Z0-9])*"
"""The pattern of a key of `Models`."""

_NOTHING = frozenset[str]()


def shape_problems(document: Document, *, open_enums: bool) -> Iterator[Problem]:
    """Yield what is wrong with each field by itself in the parts of a request that are SageMaker's."""
    models = document.get("Models")
    keys = [*models] if isinstance(models, dict) else []
    key_problems = {key: problem for key in keys for problem in _key_problems(key)}
    unnamed = set(_variants_without_model(document))
    filled_in = {
        f"{path}.{member}"
        for path, variant in _variants(document)
        for member in ("ModelName", "VariantName")
        if variant.get(member) in keys and variant[member] in key_problems
    }
    for shape, value, path, supplied in (*_shaped_parts(document), *_alarms(document), *_scaling(document)):
        for problem in check_shape(shape, value, path, supplied=supplied, open_enums=open_enums):
            # A variant that lacks its model has no name for that reason, and a wrong key is wrong at one place.
            follows = problem.path.removesuffix(".VariantName") in unnamed and problem.message == "is missing"
            if not follows and problem.path not in filled_in:
                yield problem
    for path in sorted(unnamed):
        those = f"one of Models, {listed(keys)}" if keys else "a key of Models, or a model in SageMaker"
        yield Problem(f"{path}.ModelName", f"is missing; name {those}")
    yield from key_problems.values()


def _key_problems(key: str) -> Iterator[Problem]:
    if len(key) > MODEL_KEY_LENGTH:
        yield Problem(f"Models.{key}", f"is a key of {len(key)} characters; at most {MODEL_KEY_LENGTH} fit a name")
    elif not re.fullmatch(MODEL_KEY_PATTERN, key):
        yield Problem(
            f"Models.{key}",
            f"{shown(key)} cannot be a part of a model's name; use letters, digits, and hyphens between them",
        )


def _variants_without_model(document: Document) -> Iterator[str]:
    """Yield the path of each variant that needs a model and names none."""
    config = document.get("EndpointConfig")
    if isinstance(config, dict) and "ExecutionRoleArn" not in config:
        yield from (path for path, variant in _variants(document) if "ModelName" not in variant)


def _variants(document: Document) -> Iterator[tuple[str, Document]]:
    """Yield the path and the content of each variant of a request, as far as it has any."""
    config = document.get("EndpointConfig")
    for kind in VARIANT_KINDS if isinstance(config, dict) else ():
        variants = config.get(kind) if isinstance(config, dict) else None
        for index, variant in enumerate(variants if isinstance(variants, list) else []):
            if isinstance(variant, dict):
                yield f"EndpointConfig.{kind}[{index}]", variant


def _shaped_parts(document: Document) -> Iterator[tuple[str, object, str, frozenset[str]]]:
    """Yield shape, value and path of each part that is SageMaker's, and the members that the deployer fills in."""
    for field, shape in (("EndpointName", "EndpointName"), ("Rollback", "EndpointConfigName")):
        if isinstance(name := document.get(field), str):
            yield shape, name, field, _NOTHING
    if isinstance(models := document.get("Models"), dict):
        for key, model in models.items():
            yield operation_input("CreateModel"), model, f"Models.{key}", frozenset({"ModelName"})
    for field, shape, supplied in (
        ("EndpointConfig", operation_input("CreateEndpointConfig"), frozenset({"EndpointConfigName"})),
        ("DeploymentConfig", "DeploymentConfig", _NOTHING),
        ("ExcludeRetainedVariantProperties", "VariantPropertyList", _NOTHING),
    ):
        if document.get(field) is not None:
            yield shape, document[field], field, supplied
    if isinstance(test := document.get("SmokeTest"), dict) and test.get("TargetVariant") is not None:
        yield "VariantName", test["TargetVariant"], "SmokeTest.TargetVariant", _NOTHING
    if isinstance(tags := document.get("Tags"), dict):
        for key, value in tags.items():
            yield "TagKey", key, f"Tags.{key}", _NOTHING
            yield "TagValue", value, f"Tags.{key}", _NOTHING


def _alarms(document: Document) -> Iterator[tuple[str, object, str, frozenset[str]]]:
    """Yield shape, value and path of each alarm that is written as a whole request of CloudWatch."""
    wanted = document.get("RollbackAlarms")
    alarms = wanted.get("Alarms") if isinstance(wanted, dict) else None
    yield from _whole_alarms(alarms, "RollbackAlarms.Alarms", frozenset({"AlarmName", "Tags"}))


def _whole_alarms(
    alarms: object, path: str, supplied: frozenset[str]
) -> Iterator[tuple[str, object, str, frozenset[str]]]:
    for index, alarm in enumerate(alarms if isinstance(alarms, list) else []):
        if isinstance(alarm, dict):
            yield operation_input("PutMetricAlarm", "cloudwatch"), alarm, f"{path}[{index}]", supplied


def _scaling(document: Document) -> Iterator[tuple[str, object, str, frozenset[str]]]:
    """Yield shape, value and path of each request of Application Auto Scaling."""
    scaling = document.get("Scaling")
    for name, wanted in scaling.items() if isinstance(scaling, dict) else ():
        yield "VariantName", name, f"Scaling.{name}", _NOTHING
        for field, (operation, supplied) in OPERATIONS.items() if isinstance(wanted, dict) else ():
            shape, path, value = (
                operation_input(operation, "application-autoscaling"),
                f"Scaling.{name}.{field}",
                wanted.get(field),
            )
            if isinstance(value, list):
                for index, entry in enumerate(value):
                    where, is_policy = f"{path}[{index}]", field == "Policies" and isinstance(entry, dict)
                    if is_policy:
                        yield from _whole_alarms(entry.get("Alarms"), f"{where}.Alarms", STEP_ALARM_NAMES)
                    yield shape, without_alarms(entry) if is_policy else entry, where, supplied
            elif value is not None:
                yield shape, value, path, supplied
