"""Values for every member that a shape of the service model has."""

from __future__ import annotations

from typing import Any

from deployer.json_document import Document
from deployer.request.service_model import _pattern


def every_member(shape: Any) -> Any:
    """Build a value with every member of a shape in it."""
    metadata = shape.metadata
    match shape.type_name:
        case "structure":
            return {name: every_member(member) for name, member in shape.members.items()}
        case "list":
            return [every_member(shape.member)] * max(1, metadata.get("min", 1))
        case "map":
            return {"Key": every_member(shape.value)}
        case "boolean":
            return True
        case "integer" | "long" | "float" | "double":
            return metadata.get("min", 1)
        case _:
            return shape.enum[0] if shape.enum else text_for(metadata)


SAMPLES = [
    "a", "s3://b/k/", "arn:aws:iam::111122223333:role/r", "arn:aws:sns:us-east-1:111122223333:t", "/path", "text/csv",
    "arn:aws:sagemaker:us-east-1:111122223333:training-plan/x", "mig-1g.5gb", "subnet-12345678", "A" * 20,
]  # fmt: skip


def text_for(metadata: Document) -> str:
    """Find a text that fits a shape's pattern and length."""
    for sample in SAMPLES:
        text = sample.ljust(metadata.get("min", 0), "a")
        if len(text) <= metadata.get("max", 1000) and _pattern(metadata.get("pattern", ".*")).fullmatch(text):
            return text
    raise AssertionError(f"add a sample that fits {metadata}")
