"""Events and inputs that start an execution."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deployer.errors import InvalidRequestError
from deployer.json_document import Document
from deployer.planning.triggers import Trigger, UploadLocation, parse_trigger
from tests.unit.planning_samples import at

EVENTS = Path(__file__).parents[1] / "events"
LOCATION = UploadLocation("artifacts", "models/", "111122223333")
STARTED_AT = at(1)


def sample(name: str, **changed: Any) -> Document:
    """Read a sample of an event, with some of its members changed."""
    event: Document = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    return {**event, **changed}


def uploaded(key: str, bucket: str = "artifacts", **changed: Any) -> Document:
    """Build the event of an upload."""
    event = sample("artifact_uploaded")
    detail = {**event["detail"], "bucket": {"name": bucket}}
    detail["object"] = {**detail["object"], "key": key, **changed}
    return {**event, "detail": detail}


def package_event(**changed: Any) -> dict[str, Any]:
    """Build the event of an approved model package, with some members of its detail changed."""
    event = sample("model_package_approved")
    return {**event, "detail": {**event["detail"], **changed}}


def parse(document: object, location: UploadLocation = LOCATION) -> Trigger:
    """Read the input of an execution."""
    return parse_trigger(document, "run-1", STARTED_AT, location)


def rejection(document: object, location: UploadLocation = LOCATION) -> str:
    """Return the message with which an input is rejected."""
    with pytest.raises(InvalidRequestError) as rejected:
        parse(document, location)
    return str(rejected.value)
