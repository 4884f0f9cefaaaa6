"""Writes the JSON Schema of `deployment.yaml`, with which editors complete and check it. `python -m local.schema`."""

from __future__ import annotations

import ast
import inspect
import json
import re
import sys
from html import unescape
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pydantic.alias_generators import to_pascal

from deployer.request.approval import ApprovalRule
from deployer.request.model import DeploymentRequest
from deployer.request.rollback_alarms import ErrorsAlarm, InvocationsAlarm, LatencyAlarm, RollbackAlarms
from deployer.request.rules.tags import MOST_TAGS
from deployer.request.scaling import OPERATIONS, STEP_ALARM_NAMES, ScalingPolicy, VariantScaling
from deployer.request.service_model import operation_input, shape_of
from deployer.request.shapes import MODEL_KEY_LENGTH
from deployer.request.smoke_test import Expect, SmokeTest
from local.environment import ROOT
from local.json_document import Document

if TYPE_CHECKING:
    from pydantic import BaseModel


PATH = ROOT / "docs" / "deployment.schema.json"

_NUMBERS = {"integer": "integer", "long": "integer", "float": "number", "double": "number"}
_SENTENCE = re.compile(r"(?<=[.:])\s")
_MARKUP = re.compile(r"<[^>]+>")

_RETAINED, _EXCLUDED = "RetainAllVariantProperties", "ExcludeRetainedVariantProperties"
_NULL = {"type": "null"}
_EMPTY = {"maxProperties": 0}
_ALARMS = (RollbackAlarms, ErrorsAlarm, LatencyAlarm, InvocationsAlarm)
_NAME = "^[a-zA-Z0-9](-*[a-zA-Z0-9])*$"
_RESERVED_TAG = "^([aA][wW][sS]|[eE][nN][dD][pP][oO][iI][nN][tT]-[dD][eE][pP][lL][oO][yY][eE][rR]):"
_JSON_POINTER = "^(/([^/~]|~[01])*)*$"

_ROLLBACK_STANDS_ALONE = {
    "if": {"required": ["Rollback"], "properties": {"Rollback": {"not": {"const": False}}}},
    "then": {
        "properties": {"Models": _EMPTY, "EndpointConfig": _NULL, "Scaling": _EMPTY, "Tags": _EMPTY},
    },
}
_EXCLUSION_NEEDS_RETENTION = {
    "if": {"required": [_EXCLUDED], "properties": {_EXCLUDED: {"minItems": 1}}},
    "then": {"required": [_RETAINED], "properties": {_RETAINED: {"const": True}}},
}


def main() -> int:
    """Write the schema."""
    PATH.write_text(render(), encoding="utf-8")
    sys.stdout.write(f"{PATH.relative_to(ROOT)}\n")
    return 0


def render() -> str:
    """Return the schema as it is written."""
    return json.dumps(schema(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def schema() -> Document:
    """Build the schema from the request's own fields and the shapes of SageMaker's service model."""
    shapes = _Shapes()
    model = shapes.without(operation_input("CreateModel"), "ModelName")
    variant = shapes.reference("ProductionVariant")
    config = shapes.without(operation_input("CreateEndpointConfig"), "EndpointConfigName")
    deployment = shapes.reference("DeploymentConfig")
    # A request may leave out the names of variants where there is only one.
    shapes.definitions[variant["$ref"].rpartition("/")[2]]["required"] = []
    # It may say that a container has no model data.
    data_url = shapes.definitions["ContainerDefinition"]["properties"]["ModelDataUrl"]
    shapes.definitions["ContainerDefinition"]["properties"]["ModelDataUrl"] = {"anyOf": [data_url, _NULL]}
    shapes.definitions |= _own_parts(shapes.of("VariantName"))
    alarm = shapes.without(operation_input("PutMetricAlarm", "cloudwatch"), "AlarmName", "Tags")
    shapes.definitions["RollbackAlarms"]["properties"]["Alarms"]["items"] = alarm
    scaling = shapes.definitions["VariantScaling"]["properties"]
    for field, (operation, supplied) in OPERATIONS.items():
        part = shapes.without(operation_input(operation, "application-autoscaling"), *supplied)
        scaling[field] |= {"items": part} if scaling[field]["type"] == "array" else part
    step_alarm = shapes.without(operation_input("PutMetricAlarm", "cloudwatch"), *STEP_ALARM_NAMES)
    alarms = {"type": "array", "items": step_alarm, "description": _docstrings(ScalingPolicy)["Alarms"]}
    scaling["Policies"]["items"]["properties"]["Alarms"] = alarms
    parts = _request_parts(shapes, model, config, deployment)
    docstrings = _docstrings(DeploymentRequest)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Deployment of a SageMaker endpoint",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: {**part, "description": docstrings[name]} for name, part in parts.items()},
        "allOf": [_ROLLBACK_STANDS_ALONE, _EXCLUSION_NEEDS_RETENTION],
        "$defs": shapes.definitions,
    }


def _request_parts(shapes: _Shapes, model: Document, config: Document, deployment: Document) -> Document:
    """Return the schema of each field of a request."""
    named = {"pattern": _NAME, "minLength": 1}
    return {
        "EndpointName": {**shapes.of("EndpointName"), **named},
        "Models": {
            "type": ["object", "null"],
            "propertyNames": {"pattern": _NAME, "maxLength": MODEL_KEY_LENGTH},
            "additionalProperties": model,
        },
        "EndpointConfig": {**config, "type": ["object", "null"]},
        "DeploymentConfig": {"anyOf": [deployment, _NULL]},
        "RollbackAlarms": {"anyOf": [{"$ref": "#/$defs/RollbackAlarms"}, _NULL]},
        "Scaling": {
            "type": "object",
            "propertyNames": {**shapes.of("VariantName"), "pattern": _NAME},
            "additionalProperties": {"$ref": "#/$defs/VariantScaling"},
        },
        "RetainAllVariantProperties": {"type": ["boolean", "null"]},
        "ExcludeRetainedVariantProperties": shapes.of("VariantPropertyList"),
        "SmokeTest": {"anyOf": [{"$ref": "#/$defs/SmokeTest"}, _NULL]},
        "Rollback": {"anyOf": [{"type": "boolean"}, {**shapes.of("EndpointConfigName"), **named}]},
        "Approval": {"anyOf": [{"$ref": "#/$defs/ApprovalRule"}, _NULL]},
        "DryRun": {"type": "boolean"},
        "Tags": {
            "type": "object",
            "maxProperties": MOST_TAGS,
            "propertyNames": {**shapes.of("TagKey"), "not": {"pattern": _RESERVED_TAG}},
            "additionalProperties": shapes.of("TagValue"),
        },
    }


def _own_parts(variant_name: Document) -> Document:
    """Describe the parts of a request that are the deployer's own: the smoke test, the approval, the alarms."""
    definitions: Document = {}
    for part in (SmokeTest, Expect, ApprovalRule, VariantScaling, *_ALARMS):
        described = part.model_json_schema(ref_template="#/$defs/{model}")
        docstrings = _docstrings(part)
        fields = {
            name: {**_described(field), "description": docstrings[name]}
            for name, field in described["properties"].items()
        }
        required = {"required": described["required"]} if "required" in described else {}
        definitions[part.__name__] = {"type": "object", "additionalProperties": False, "properties": fields, **required}
    definitions["SmokeTest"]["properties"]["TargetVariant"]["anyOf"] = [{**variant_name, "pattern": _NAME}, _NULL]
    definitions["SmokeTest"]["oneOf"] = [
        {"required": [body], "properties": {body: {"type": "string"}}} for body in ("Body", "BodyS3Uri")
    ]
    definitions["Expect"]["properties"]["JsonValues"]["propertyNames"] = {"pattern": _JSON_POINTER}
    return definitions


def _described(field: Document) -> Document:
    """Leave out what pydantic adds and no person wants to read: titles, and defaults that are empty or long."""
    return {
        key: value
        for key, value in field.items()
        if key != "title" and (key != "default" or isinstance(value, str | int))
    }


def _docstrings(model: type[BaseModel]) -> dict[str, str]:
    """Return what is written below the fields of a model, by the names that they have in a request."""
    (definition,) = ast.parse(inspect.getsource(model)).body
    docstrings: dict[str, str] = {}
    for field, below in pairwise(getattr(definition, "body", [])):
        if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            docstrings[to_pascal(ast.unparse(field.target))] = inspect.cleandoc(str(below.value.value))
    return docstrings


class _Shapes:
    """The shapes that a schema refers to."""

    def __init__(self) -> None:
        self.definitions: Document = {}

    def without(self, shape_name: str, *supplied: str) -> Document:
        """Return a structure without the members that the deployer fills in."""
        described = self.of(shape_name)
        for member in supplied:
            described["properties"].pop(member)
        described["required"] = [name for name in described["required"] if name not in supplied]
        return described

    def reference(self, shape_name: str) -> Document:
        """Return a reference to a shape, which is defined once."""
        if shape_name not in self.definitions:
            self.definitions[shape_name] = {}  # shapes may hold themselves
            self.definitions[shape_name] = self.of(shape_name)
        return {"$ref": f"#/$defs/{shape_name}"}

    def of(self, shape_name: str) -> Document:
        """Describe a shape in JSON Schema."""
        shape: Any = shape_of(shape_name)
        prefix = shape_name.removesuffix(shape.name)
        limits = shape.metadata
        match shape.type_name:
            case "structure":
                members = {name: self._member(member, prefix) for name, member in shape.members.items()}
                required = list(shape.required_members)
                return {"type": "object", "additionalProperties": False, "properties": members, "required": required}
            case "list":
                sizes = _renamed(limits, min="minItems", max="maxItems")
                return {"type": "array", "items": self.reference(prefix + shape.member.name), **sizes}
            case "map":
                sizes = _renamed(limits, max="maxProperties")
                return {"type": "object", "additionalProperties": self.reference(prefix + shape.value.name), **sizes}
            case "boolean" | "timestamp" as kind:
                return {"type": "boolean"} if kind == "boolean" else {"type": "string", "format": "date-time"}
            case number if number in _NUMBERS:
                return {"type": _NUMBERS[number], **_renamed(limits, min="minimum", max="maximum")}
            case _:
                sizes = _renamed(limits, min="minLength", max="maxLength")
                return {"type": "string", **sizes, **({"enum": list(shape.enum)} if shape.enum else {})}

    def _member(self, shape: Any, prefix: str) -> Document:
        description = _first_sentence(shape.documentation)
        return {**self.reference(prefix + shape.name), **({"description": description} if description else {})}


def _renamed(limits: Document, **names: str) -> Document:
    return {names[name]: limits[name] for name in names if name in limits}


def _first_sentence(documentation: str) -> str:
    text = " ".join(unescape(_MARKUP.sub("", documentation)).split())
    return _SENTENCE.split(text, maxsplit=1)[0]


if __name__ == "__main__":
    raise SystemExit(main())
