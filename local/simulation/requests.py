"""Builds requests: valid ones, invalid ones, and those whose validity depends on the account."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from local.environment import ACCOUNT_ID, REGION
from local.json_document import Document
from local.simulation.scaled_requests import with_scaling
from local.virtual_time.world import BUCKET, IMAGE, ROLE

if TYPE_CHECKING:
    from random import Random

REGISTRY = f"{ACCOUNT_ID}.dkr.ecr.{REGION}.amazonaws.com"
SECRETS = ("hunter2-environment", "hunter2-body")
"""Values in requests that must not be disclosed."""

ALARM = "churn-5xx"
"""The alarm that guardrails name."""

EXTERNAL_MODEL = "external"
"""A model that a person created, and that requests may name."""

SHARED_KEY = "shared/model.tar.gz"
"""An object outside of every endpoint's folder, which requests may name as model data."""

SHARED_FOLDER = "shared/folder/"
"""A folder of uncompressed model data, which requests may name."""

SHARED_OBJECTS = {SHARED_KEY: b"shared", f"{SHARED_FOLDER}config.json": b"{}", f"{SHARED_FOLDER}weights": b"weights"}
"""The shared objects, with their content at the start of a scenario."""

CONTENTS = "abcd"
BROKEN = "bad"
"""The image of a model that loads but cannot answer."""

ANSWERS: Document = {"Body": f'{{"secret": "{SECRETS[1]}"}}', "Expect": {"JsonSchema": {"required": ["Model"]}}}
"""A smoke test that every working model passes."""

INSTANCES: Document = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
_SERVERLESS: Document = {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}


def _percent(value: int) -> Document:
    return {"Type": "CAPACITY_PERCENT", "Value": value}


def _blue_green(kind: str, wait: int, **size: Document) -> Document:
    routing = {"Type": kind, "WaitIntervalInSeconds": wait, **size}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}}


_ALARMS: Document = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": ALARM}]}}
GUARDRAILS: tuple[Document, ...] = (
    {**_blue_green("CANARY", 600, CanarySize=_percent(10)), **_ALARMS},
    {**_blue_green("LINEAR", 300, LinearStepSize=_percent(25)), **_ALARMS},
    {**_blue_green("ALL_AT_ONCE", 120), **_ALARMS},
    _blue_green("ALL_AT_ONCE", 0),
    {"RollingUpdatePolicy": {"MaximumBatchSize": _percent(50), "WaitIntervalInSeconds": 120}, **_ALARMS},
)


_GUARDED_SHARE, _ALARMED_SHARE = 0.65, 0.8
_ROLLBACK_ALARMS: tuple[Document, ...] = (
    {},
    {"Errors": {"Percent": 1}},
    {"Errors": {"Percent": 1}, "Latency": {"P99Milliseconds": 500}, "Invocations": {"MinimumPerMinute": 1}},
    {
        "Alarms": [
            {
                "Namespace": "Shop",
                "MetricName": "Purchases",
                "Statistic": "Sum",
                "Period": 60,
                "EvaluationPeriods": 3,
                "Threshold": 5,
                "ComparisonOperator": "LessThanThreshold",
            }
        ]
    },
)


def with_alarms(document: Document, random: Random) -> Document:
    """Let a request have alarms made for its guardrails, or none; more requests get guardrails, rollbacks too."""
    variants = document.get("EndpointConfig", {}).get("ProductionVariants", [])
    can_be_guarded = len(variants) == 1 and "InstanceType" in variants[0]
    if (can_be_guarded or document.get("Rollback")) and random.random() < _GUARDED_SHARE:
        document = {**document, "DeploymentConfig": random.choice(GUARDRAILS)}
    if "DeploymentConfig" in document and random.random() < _ALARMED_SHARE:
        document = {**document, "RollbackAlarms": random.choice(_ROLLBACK_ALARMS)}
    return document


def model(content: str) -> Document:
    """Build a model that differs from others by its image, and that holds a secret."""
    return {"PrimaryContainer": {"Image": f"{REGISTRY}/{content}:1", "Environment": {"KEY": SECRETS[0]}}}


def _with_data(document: Document) -> Document:
    return _with_container(document, {"ModelDataUrl": f"s3://{BUCKET}/{SHARED_KEY}"})


def _with_folder(document: Document) -> Document:
    uri = f"s3://{BUCKET}/{SHARED_FOLDER}"
    source = {"S3DataSource": {"S3Uri": uri, "S3DataType": "S3Prefix", "CompressionType": "None"}}
    return _with_container(document, {"ModelDataSource": source})


def _with_container(document: Document, members: Document) -> Document:
    return {**document, "PrimaryContainer": {**document["PrimaryContainer"], **members}}


def external_model() -> Document:
    """Build a person's own CreateModel request."""
    return {"ModelName": EXTERNAL_MODEL, "ExecutionRoleArn": ROLE, "PrimaryContainer": {"Image": IMAGE}}


def request(endpoint: str, content: str, random: Random) -> Document:
    """Build a request that can be fulfilled, except that it may depend on what is live."""
    models: dict[str, Document] = {random.choice(["m", "m", "m", "a-b", "b"]): model(content)}
    variant = {**INSTANCES, "VariantName": "v"}
    kinds = {"one": 65, "two": 10, "serverless": 5, "external": 5, "data": 10, "folder": 5}
    kind = random.choices([*kinds], [*kinds.values()])[0]
    if kind == "two":
        models["second"] = model(random.choice(CONTENTS))
    elif kind in {"data", "folder"}:
        add = _with_data if kind == "data" else _with_folder
        models = {key: add(document) for key, document in models.items()}
    elif kind == "serverless":
        variant = {**_SERVERLESS, "VariantName": "v"}
    elif kind == "external":
        models, variant = {}, {**variant, "ModelName": EXTERNAL_MODEL}
    variants = [{**variant, "VariantName": key, "ModelName": key} for key in models] if kind == "two" else [variant]
    has_test, has_guardrails, has_tags = (random.choices([True, False], [share, 10 - share])[0] for share in (4, 2, 2))
    document: Document = {
        "EndpointName": endpoint,
        "Models": models,
        "EndpointConfig": {"ProductionVariants": variants},
    }
    if has_test or content == BROKEN:
        document["SmokeTest"] = {**ANSWERS, "Repetitions": random.choice([1, 1, 3])}
    if has_guardrails and kind in {"one", "data"}:
        document["DeploymentConfig"] = random.choice(GUARDRAILS)
    if has_tags:
        document["Tags"] = {"team": random.choice(["growth", "risk"])}
    return with_scaling(document) if kind in {"one", "data", "serverless"} else document


def rollback(endpoint: str, random: Random) -> Document:
    """Build a request to roll back."""
    test = random.choice([{}, {}, {"SmokeTest": ANSWERS}])
    return {"EndpointName": endpoint, "Rollback": True, **test}


def manifest(random: Random) -> str:
    """Write a manifest for an uploaded artifact."""
    variant = {**INSTANCES, "InitialInstanceCount": random.choice([1, 2])}
    is_broken = random.choices([True, False], [1, 5])[0]
    image = {"Image": f"{REGISTRY}/{BROKEN}:1"} if is_broken else {}
    document: Document = {
        "Models": {"m": {"PrimaryContainer": {**image, "Environment": {"KEY": SECRETS[0]}}}},
        "EndpointConfig": {"ProductionVariants": [variant]},
        **({"SmokeTest": ANSWERS} if is_broken or random.choice([True, False]) else {}),
    }
    return json.dumps(document)


def invalid(endpoint: str, random: Random) -> Any:
    """Build a document that can never be fulfilled as a request."""
    good = request(endpoint, "a", random)
    missing = {"PrimaryContainer": {"Image": f"{REGISTRY}/a:1", "ModelDataUrl": f"s3://{BUCKET}/nowhere.tar.gz"}}
    misplaced = {"PrimaryContainer": {"Image": f"{REGISTRY}/a:1", "Environment": {"KEY": [SECRETS[0]]}}}
    choices: tuple[Any, ...] = (
        {**good, "EndpointConfg": {}},
        {**good, **_on({**INSTANCES, "InstanceType": "ml.m5.lrge"})},
        {**good, **_on({**INSTANCES, "InitialVariantWeight": 0})},
        {**good, **_on({**INSTANCES, **_SERVERLESS})},
        {**good, **_on(INSTANCES), "Models": {"m": missing}},
        {**good, **_on({**INSTANCES, "ModelName": "no-such-model"}), "Models": {}},
        {**good, "Rollback": True},
        {**good, "SmokeTest": {}},
        {**good, "SmokeTest": {"Body": {"secret": SECRETS[1]}}},
        {**good, **_on(INSTANCES), "Models": {"m": misplaced}},
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


INVALID_MANIFESTS = (
    "a: [1, 2\nb: 3",
    "EndpointName: somebody-else",
    "Models: {m: {Colour: blue}}",
    "Rollback: true",
    f"Models: {{m: {{PrimaryContainer: {{Environment: {{KEY: {SECRETS[0]}: {SECRETS[0]}}}}}}}}}",
    f"Models: {{m: {{PrimaryContainer: {{Environment: {SECRETS[0]}}}}}}}",
)


def final_request(endpoint: str, guarded_variant: str = "") -> Document:
    """Build the request that has to be fulfilled after all executions have ended.

    Args:
        endpoint: The endpoint.
        guarded_variant: The live variant that guardrails with alarms are for; empty for none.
    """
    guarded: Document = {"DeploymentConfig": _blue_green("ALL_AT_ONCE", 120), "RollbackAlarms": _ROLLBACK_ALARMS[2]}
    return {
        **(guarded if guarded_variant else {}),
        "EndpointName": endpoint,
        "Models": {"final": model("final")},
        **_on({**INSTANCES, "VariantName": guarded_variant or "v"}),
        "SmokeTest": ANSWERS,
    }
