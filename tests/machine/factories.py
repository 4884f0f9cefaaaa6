"""Requests of the machine's tests: an image is the content, and each model answers with its own name."""

from __future__ import annotations

from typing import Any

REGISTRY = "111122223333.dkr.ecr.us-east-1.amazonaws.com"
ALARM = "churn-5xx"
NOTHING: dict[str, list[str]] = {"Models": [], "EndpointConfigs": [], "Endpoints": []}
ANSWERS: dict[str, Any] = {"Body": "{}", "Expect": {"JsonSchema": {"required": ["Model"]}}}
"""A smoke test that every model passes which works."""

CANARY: dict[str, Any] = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {
            "Type": "CANARY",
            "WaitIntervalInSeconds": 120,
            "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 10},
        }
    },
    "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": ALARM}]},
}


def request(content: str, endpoint: str = "churn", **more: Any) -> dict[str, Any]:
    """Build a request for an endpoint that runs an image of the name `content`, with further members of the request."""
    variant = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    return {
        "EndpointName": endpoint,
        "Models": {"m": {"PrimaryContainer": {"Image": f"{REGISTRY}/{content}:1"}}},
        "EndpointConfig": {"ProductionVariants": [variant]},
        **more,
    }


def rollback(to: bool | str = True, endpoint: str = "churn", **more: Any) -> dict[str, Any]:  # noqa: FBT001, FBT002 - as in JSON
    """Build a request to go back."""
    return {"EndpointName": endpoint, "Rollback": to, **more}


def serves(world: Any, endpoint: str = "churn") -> str:
    """Tell which content an endpoint serves; nothing if there is no endpoint in service."""
    resources = world.simulator.resources()
    found = resources["Endpoints"].get(endpoint)
    if found is None or found["EndpointStatus"] != "InService":
        return ""
    config = resources["EndpointConfigs"][found["EndpointConfigName"]]
    model = resources["Models"][config["ProductionVariants"][0]["ModelName"]]
    return str(model["PrimaryContainer"]["Image"].removeprefix(f"{REGISTRY}/").removesuffix(":1"))


def deploy(world: Any, *contents: str, **more: Any) -> list[str]:
    """Deploy contents to one endpoint, a minute apart; return the revisions."""
    revisions = []
    for content in contents:
        world.clock.sleep(60)
        execution = world.run(request(content, **more))
        assert execution.states[-1] == "Deployed", execution.cause
        revisions.append(world.bus[-1]["Revision"])
    return revisions


def live_revision(world: Any, endpoint: str = "churn") -> str:
    """Return the endpoint config that an endpoint has."""
    return str(world.simulator.resources()["Endpoints"][endpoint]["EndpointConfigName"])
