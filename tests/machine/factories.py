"""Requests of the machine's tests, and questions about what became of them.

An image is the content of a request: each model answers with its own name. Model data are content, too: an endpoint
loads whatever bytes lie where its model says.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from deployer.json_document import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.virtual_time.execution import Execution
    from local.virtual_time.world import World


REGISTRY = "111122223333.dkr.ecr.us-east-1.amazonaws.com"
BUCKET = "artifacts"
KEY = "models/churn/model.tar.gz"
MANIFEST_KEY = "models/churn/deployment.yaml"
ALARM = "churn-5xx"
NOTHING: dict[str, list[str]] = {"Models": [], "EndpointConfigs": [], "Endpoints": []}
ANSWERS: Document = {"Body": "{}", "Expect": {"JsonSchema": {"required": ["Model"]}}}
"""A smoke test that every model passes which works."""

REFUSES: Document = {"Body": "{}", "Expect": {"Contains": "nothing of the kind"}}
"""A smoke test that no model passes."""

CANARY: Document = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {
            "Type": "CANARY",
            "WaitIntervalInSeconds": 120,
            "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 10},
        }
    },
    "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": ALARM}]},
}

LINEAR: Document = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {
            "Type": "LINEAR",
            "WaitIntervalInSeconds": 3600,
            "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 13},
        }
    }
}
"""Eight steps of an hour."""

HOUR = 3600.0
DAY = 24 * HOUR


def variant(name: str = "AllTraffic", **changed: Any) -> Document:
    """Build a variant on instances, with further members or other values."""
    return {"VariantName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1, **changed}


def config(*variants: Document) -> Document:
    """Build the member of a request that says what its endpoint config is."""
    return {"EndpointConfig": {"ProductionVariants": [*variants]}}


def container(content: str, **more: Any) -> Document:
    """Build a model of one container, whose image is the content."""
    return {"PrimaryContainer": {"Image": f"{REGISTRY}/{content}:1", **more}}


def request(content: str, endpoint: str = "churn", **more: Any) -> Document:
    """Build a request for an endpoint that runs an image of the name `content`, with further members of the request."""
    variants = [{"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}]
    return {
        "EndpointName": endpoint,
        "Models": {"m": container(content)},
        "EndpointConfig": {"ProductionVariants": variants},
        **more,
    }


def request_of(models: Document, endpoint: str = "churn", **more: Any) -> Document:
    """Build a request for an endpoint of several models, by their keys, each in a variant of its own."""
    variants = [variant(key, ModelName=key, InitialVariantWeight=1) for key in models]
    return {"EndpointName": endpoint, "Models": models, **config(*variants), **more}


def rollback(to: bool | str = True, endpoint: str = "churn", **more: Any) -> Document:  # noqa: FBT001, FBT002 - as in JSON
    """Build a request to go back."""
    return {"EndpointName": endpoint, "Rollback": to, **more}


def deploy(world: World, *contents: str, **more: Any) -> list[str]:
    """Deploy contents to one endpoint, a minute apart; return the revisions."""
    return [deploy_one(world, request(content, **more)) for content in contents]


def deploy_one(world: World, wanted: Document) -> str:
    """Deploy a request a minute later; return the revision."""
    world.clock.sleep(60)
    execution = world.run(wanted)
    assert execution.states[-1] == "Deployed", execution.cause
    return str(world.bus[-1]["Revision"])


def upload(world: World, body: bytes, key: str = KEY) -> Any:
    """Upload an artifact a minute later, and run the execution that its event starts."""
    world.clock.sleep(60)
    execution = world.upload(key, body)
    world.machine.run()
    return execution


def put_manifest(world: World, text: str, key: str = MANIFEST_KEY) -> None:
    """Put a manifest into the bucket, without the execution that its event starts."""
    world.s3.put_object(Bucket=BUCKET, Key=key, Body=text.encode())


def run_into(world: World, execution: Execution, state: str) -> None:
    """Let time pass until an execution is in a state."""
    while execution.states[-1:] != [state]:
        assert execution.status == "RUNNING", execution.states
        world.machine.run(world.clock.now() + 0.5)


def endpoint_of(world: World, endpoint: str = "churn") -> Document:
    """Return what SageMaker holds of an endpoint."""
    found: Document = world.simulator.resources()["Endpoints"][endpoint]
    return found


def live_revision(world: World, endpoint: str = "churn") -> str:
    """Return the endpoint config that an endpoint has."""
    return str(endpoint_of(world, endpoint)["EndpointConfigName"])


def live_model(world: World, endpoint: str = "churn") -> Document:
    """Return the model of the first variant of an endpoint in service; nothing if there is no such endpoint."""
    resources = world.simulator.resources()
    found = resources["Endpoints"].get(endpoint)
    if found is None or found["EndpointStatus"] != "InService":
        return {}
    name = resources["EndpointConfigs"][found["EndpointConfigName"]]["ProductionVariants"][0]["ModelName"]
    model: Document = resources["Models"][name]
    return model


def serves(world: World, endpoint: str = "churn") -> str:
    """Return which content an endpoint serves; nothing if there is no endpoint in service."""
    model = live_model(world, endpoint)
    image = model["PrimaryContainer"]["Image"] if model else ""
    return str(image.removeprefix(f"{REGISTRY}/").removesuffix(":1"))


def loads(world: World, endpoint: str = "churn") -> bytes:
    """Return the bytes that a new instance of an endpoint would load now."""
    bucket, _, key = (
        live_model(world, endpoint)["PrimaryContainer"]["ModelDataUrl"].removeprefix("s3://").partition("/")
    )
    body: bytes = world.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return body


def tags_of_config(world: World, revision: str) -> dict[str, str]:
    """Return the tags of an endpoint config."""
    tags: dict[str, str] = world.simulator.tags(
        world.simulator.resources()["EndpointConfigs"][revision]["EndpointConfigArn"]
    )
    return tags


def stored(world: World, prefix: str = "revisions/") -> list[str]:
    """Return the keys of the objects below a prefix, each as often as it has versions."""
    pages = world.s3.get_paginator("list_object_versions").paginate(Bucket=BUCKET, Prefix=prefix)
    return sorted(version["Key"] for page in pages for version in page.get("Versions", []))


def copies(world: World, endpoint: str = "churn") -> list[str]:
    """Return the keys of the artifacts that are stored for an endpoint, each as often as it was copied."""
    return stored(world, f"revisions/{endpoint}/artifacts/")


@contextmanager
def calls_of(world: World) -> Iterator[list[str]]:
    """Collect the operations that are called of SageMaker meanwhile."""
    before, operations = len(world.simulator.calls), list[str]()
    yield operations
    operations += [call.operation for call in world.simulator.calls[before:]]


def moment_of(event: Document) -> float:
    """Return when an event of an execution's history happened, in seconds."""
    return datetime.fromisoformat(event["timestamp"]).timestamp()


def entered(execution: Execution) -> list[tuple[str, float]]:
    """Return the states that an execution entered, and when."""
    return [
        (event["stateEnteredEventDetails"]["name"], moment_of(event))
        for event in execution.events
        if "stateEnteredEventDetails" in event
    ]
