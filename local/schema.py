"""Writes the JSON Schema of `deployment.yaml`, with which editors complete and check it. `python -m local.schema`."""

from __future__ import annotations

import json
import re
import sys
from html import unescape
from typing import Any

from deployer.request import MODEL_KEY_LENGTH
from deployer.service_model import operation_input, sagemaker
from local.settings import ROOT

PATH = ROOT / "docs" / "deployment.schema.json"

_NUMBERS = {"integer": "integer", "long": "integer", "float": "number", "double": "number"}
_SENTENCE = re.compile(r"(?<=[.:])\s")
_MARKUP = re.compile(r"<[^>]+>")


def main() -> int:
    """Write the schema."""
    PATH.write_text(render(), encoding="utf-8")
    sys.stdout.write(f"{PATH.relative_to(ROOT)}\n")
    return 0


def render() -> str:
    """Return the schema as it is written."""
    return json.dumps(schema(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def schema() -> dict[str, Any]:
    """Build the schema from the request's own fields and the shapes of SageMaker's service model."""
    shapes = _Shapes()
    model = shapes.without(operation_input("CreateModel"), "ModelName")
    variant = shapes.reference("ProductionVariant")
    config = shapes.without(operation_input("CreateEndpointConfig"), "EndpointConfigName")
    deployment = shapes.reference("DeploymentConfig")
    # A request may leave out what variants are called where it can be told.
    shapes.definitions[variant["$ref"].rpartition("/")[2]]["required"] = []
    tag = {"type": "string", "maxLength": 256}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Deployment of a SageMaker endpoint",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "EndpointName": {**shapes.of("EndpointName"), "description": "May be left out where a folder names it."},
            "Models": {
                "type": "object",
                "description": "CreateModel requests, by a name local to this file.",
                "propertyNames": {"pattern": "^[a-zA-Z0-9](-*[a-zA-Z0-9])*$", "maxLength": MODEL_KEY_LENGTH},
                "additionalProperties": model,
            },
            "EndpointConfig": {**config, "description": "A CreateEndpointConfig request without its name."},
            "DeploymentConfig": {**deployment, "description": "UpdateEndpoint's own."},
            "Tags": {
                "type": "object",
                "description": "Tags of everything that is created.",
                "additionalProperties": tag,
            },
        },
        "$defs": shapes.definitions,
    }


class _Shapes:
    """The shapes that a schema refers to."""

    def __init__(self) -> None:
        self.definitions: dict[str, Any] = {}

    def without(self, shape_name: str, member: str) -> dict[str, Any]:
        """Return a structure without the member that the deployer names."""
        described = self.of(shape_name)
        described["properties"].pop(member)
        described["required"] = [name for name in described["required"] if name != member]
        return described

    def reference(self, shape_name: str) -> dict[str, Any]:
        """Return a reference to a shape, which is defined once."""
        if shape_name not in self.definitions:
            self.definitions[shape_name] = {}  # shapes may hold themselves
            self.definitions[shape_name] = self.of(shape_name)
        return {"$ref": f"#/$defs/{shape_name}"}

    def of(self, shape_name: str) -> dict[str, Any]:
        """Describe a shape in JSON Schema."""
        shape: Any = sagemaker().shape_for(shape_name)
        limits = shape.metadata
        match shape.type_name:
            case "structure":
                members = {name: self._member(member) for name, member in shape.members.items()}
                required = list(shape.required_members)
                return {"type": "object", "additionalProperties": False, "properties": members, "required": required}
            case "list":
                sizes = _renamed(limits, min="minItems", max="maxItems")
                return {"type": "array", "items": self.reference(shape.member.name), **sizes}
            case "map":
                sizes = _renamed(limits, max="maxProperties")
                return {"type": "object", "additionalProperties": self.reference(shape.value.name), **sizes}
            case "boolean":
                return {"type": "boolean"}
            case number if number in _NUMBERS:
                return {"type": _NUMBERS[number], **_renamed(limits, min="minimum", max="maximum")}
            case _:
                sizes = _renamed(limits, min="minLength", max="maxLength")
                return {"type": "string", **sizes, **({"enum": list(shape.enum)} if shape.enum else {})}

    def _member(self, shape: Any) -> dict[str, Any]:
        description = _first_sentence(shape.documentation)
        return {**self.reference(shape.name), **({"description": description} if description else {})}


def _renamed(limits: dict[str, Any], **names: str) -> dict[str, Any]:
    return {names[name]: limits[name] for name in names if name in limits}


def _first_sentence(documentation: str) -> str:
    text = " ".join(unescape(_MARKUP.sub("", documentation)).split())
    return _SENTENCE.split(text, maxsplit=1)[0]


if __name__ == "__main__":
    raise SystemExit(main())
