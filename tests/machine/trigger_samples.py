"""Sample events, and what the template's rules match."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moto.events.models import EventPattern

from tests.machine.factories import (
    BUCKET,
)
from tests.template.shipped import read_template

if TYPE_CHECKING:
    from local.virtual_time.world import World


EVENTS = {path.stem: path for path in sorted(Path(__file__).parents[1].joinpath("events").glob("*.json"))}


def sample(name: str) -> Any:
    """Read a sample of a trigger; an event happens minutes before virtual time begins."""
    event = json.loads(EVENTS[name].read_text())
    return {**event, "time": "2026-09-21T14:00:00Z"} if "time" in event else event


def sample_with_object(world: World, name: str) -> Any:
    """Read a sample, with the object in S3 that it is about."""
    event = sample(name)
    if event.get("source") == "aws.s3":
        uploaded = event["detail"]["object"]
        put = world.s3.put_object(Bucket=BUCKET, Key=uploaded["key"], Body=b"Tags: {a: b}")
        uploaded["version-id"] = put["VersionId"]
    return event


def rule_of_template(name: str) -> EventPattern:
    """Return the pattern of a rule of the template, for the world's bucket, prefix and sources."""
    pattern = read_template()["Resources"][name]["Properties"]["EventPattern"]
    text = json.dumps(pattern)
    for reference, value in {"ArtifactBucket": [BUCKET], "RequestSources": ["endpoint-deployer.requests"]}.items():
        text = text.replace(json.dumps([{"Ref": reference}]), json.dumps(value))
        text = text.replace(json.dumps({"Ref": reference}), json.dumps(value))
    text = re.sub(r'\{"Fn::Sub": ("[^"]*")\}', r"\1", text).replace("${ArtifactPrefix}", "models/")
    return EventPattern("", json.loads(text))
