"""What people ask for in a story: requests that can be fulfilled, that cannot, and of which it depends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from local.settings import ACCOUNT_ID, REGION
from local.virtual_time.world import BUCKET, IMAGE, ROLE

if TYPE_CHECKING:
    from random import Random

    from local.simulation.story import Document

REGISTRY = f"{ACCOUNT_ID}.dkr.ecr.{REGION}.amazonaws.com"
SECRETS = ("hunter2-environment", "hunter2-body")
"""What requests hold that nobody may be told."""

ALARM = "churn-5xx"
"""The alarm of all guardrails."""

THEIR_MODEL = "theirs"
"""A model that somebody made by hand, which requests may name."""

CONTENTS = "abcd"
BROKEN = "bad"
"""What the image of a model is named that loads and cannot answer."""

ANSWERS: Document = {"Body": f'{{"secret": "{SECRETS[1]}"}}', "Expect": {"JsonSchema": {"required": ["Model"]}}}
"""A smoke test that every model passes which works."""

_INSTANCES: Document = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
_SERVERLESS: Document = {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}


def _percent(value: int) -> Document:
    return {"Type": "CAPACITY_PERCENT", "Value": value}


def _blue_green(kind: str, wait: int, **size: Document) -> Document:
    routing = {"Type": kind, "WaitIntervalInSeconds": wait, **size}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}}


_ALARMS: Document = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": ALARM}]}}
_GUARDRAILS: tuple[Document, ...] = (
    {**_blue_green("CANARY", 600, CanarySize=_percent(10)), **_ALARMS},
    {**_blue_green("LINEAR", 300, LinearStepSize=_percent(25)), **_ALARMS},
    {**_blue_green("ALL_AT_ONCE", 120), **_ALARMS},
    _blue_green("ALL_AT_ONCE", 0),
    {"RollingUpdatePolicy": {"MaximumBatchSize": _percent(50), "WaitIntervalInSeconds": 120}, **_ALARMS},
)


def model(content: str) -> Document:
    """Build a model that is told from others by its image, and that holds a secret."""
    return {"PrimaryContainer": {"Image": f"{REGISTRY}/{content}:1", "Environment": {"KEY": SECRETS[0]}}}


def their_model() -> Document:
    """Build the CreateModel request of somebody else."""
    return {"ModelName": THEIR_MODEL, "ExecutionRoleArn": ROLE, "PrimaryContainer": {"Image": IMAGE}}


def request(endpoint: str, content: str, random: Random) -> Document:
    """Build a request that can be fulfilled; whether it can on what is live may depend."""
    models: dict[str, Document] = {random.choice(["m", "m", "m", "a-b", "b"]): model(content)}
    variant = {**_INSTANCES, "VariantName": "v"}
    kind = random.choices(["one", "two", "serverless", "theirs"], [80, 10, 5, 5])[0]
    if kind == "two":
        models["second"] = model(random.choice(CONTENTS))
    elif kind == "serverless":
        variant = _SERVERLESS
    elif kind == "theirs":
        models, variant = {}, {**variant, "ModelName": THEIR_MODEL}
    variants = [{**variant, "VariantName": key, "ModelName": key} for key in models] if kind == "two" else [variant]
    has_test, has_guardrails, has_tags = (random.choices([True, False], [share, 10 - share])[0] for share in (4, 2, 2))
    document: Document = {
        "EndpointName": endpoint,
        "Models": models,
        "EndpointConfig": {"ProductionVariants": variants},
    }
    if has_test or content == BROKEN:
        document["SmokeTest"] = {**ANSWERS, "Repetitions": random.choice([1, 1, 3])}
    if has_guardrails and kind == "one":
        document["DeploymentConfig"] = random.choice(_GUARDRAILS)
    if has_tags:
        document["Tags"] = {"team": random.choice(["growth", "risk"])}
    return document


def rollback(endpoint: str, random: Random) -> Document:
    """Build a request to go back."""
    test = random.choice([{}, {}, {"SmokeTest": ANSWERS}])
    return {"EndpointName": endpoint, "Rollback": True, **test}


def manifest(random: Random) -> str:
    """Write a manifest for an artifact that is uploaded."""
    variant = {**_INSTANCES, "InitialInstanceCount": random.choice([1, 2])}
    document: Document = {
        "Models": {"m": {"PrimaryContainer": {"Environment": {"KEY": SECRETS[0]}}}},
        "EndpointConfig": {"ProductionVariants": [variant]},
        **random.choice([{}, {"SmokeTest": ANSWERS}]),
    }
    return json.dumps(document)


def wrong(endpoint: str, random: Random) -> Any:
    """Build what is no request that could ever be fulfilled."""
    good = request(endpoint, "a", random)
    missing = {"PrimaryContainer": {"Image": f"{REGISTRY}/a:1", "ModelDataUrl": f"s3://{BUCKET}/nowhere.tar.gz"}}
    misplaced = {"PrimaryContainer": {"Image": f"{REGISTRY}/a:1", "Environment": {"KEY": [SECRETS[0]]}}}
    choices: tuple[Any, ...] = (
        {**good, "EndpointConfg": {}},
        {**good, **_on({**_INSTANCES, "InstanceType": "ml.m5.lrge"})},
        {**good, **_on({**_INSTANCES, "InitialVariantWeight": 0})},
        {**good, **_on({**_INSTANCES, **_SERVERLESS})},
        {**good, **_on(_INSTANCES), "Models": {"m": missing}},
        {**good, **_on({**_INSTANCES, "ModelName": "no-such-model"}), "Models": {}},
        {**good, "Rollback": True},
        {**good, "SmokeTest": {}},
        {**good, "SmokeTest": {"Body": {"secret": SECRETS[1]}}},
        {**good, **_on(_INSTANCES), "Models": {"m": misplaced}},
        {**good, "Tags": {"aws:mine": "x"}},
        {"EndpointName": "not_a_name"},
        {"EndpointName": endpoint, "Rollback": f"{endpoint[:12]}-20200101T000000-0123456789ab"},
        [],
        "deploy!",
        None,
    )
    return random.choice(choices)


def _on(variant: Document) -> Document:
    return {"EndpointConfig": {"ProductionVariants": [variant]}}


WRONG_MANIFESTS = (
    "a: [1, 2\nb: 3",
    "EndpointName: somebody-else",
    "Models: {m: {Colour: blue}}",
    "Rollback: true",
    f"Models: {{m: {{PrimaryContainer: {{Environment: {{KEY: {SECRETS[0]}: {SECRETS[0]}}}}}}}}}",
    f"Models: {{m: {{PrimaryContainer: {{Environment: {SECRETS[0]}}}}}}}",
)


def last_request(endpoint: str) -> Document:
    """Build the request that has to be fulfilled after everything has ended."""
    return {
        "EndpointName": endpoint,
        "Models": {"last": model("last")},
        **_on({**_INSTANCES, "VariantName": "v"}),
        "SmokeTest": ANSWERS,
    }
