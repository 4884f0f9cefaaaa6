"""Factories for requests and their parts."""

from __future__ import annotations

from typing import Any

from deployer.json_document import Document

REGISTRY = "111122223333.dkr.ecr.us-east-1.amazonaws.com"
ROLE = "arn:aws:iam::111122223333:role/runs-models"


def variant(**changed: Any) -> Document:
    """Build a variant on instances."""
    return {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1, **changed}


def serverless(**changed: Any) -> Document:
    """Build a serverless variant."""
    return {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 10, **changed}}


def request(*variants: Document, **changed: Any) -> Document:
    """Build a request; without variants it leaves the config to the stack."""
    config = {"EndpointConfig": {"ProductionVariants": list(variants)}} if variants else {}
    return {"EndpointName": "churn", **config, **changed}


def with_config(*variants: Document, **more: Any) -> Document:
    """Build a request whose endpoint config has more than variants."""
    return request(EndpointConfig={"ProductionVariants": list(variants), **more})


def with_container(**container: Any) -> Document:
    """Build a request of one model with one container."""
    return request(Models={"m": {"PrimaryContainer": container}})


def with_guardrails(*variants: Document, **deployment: Any) -> Document:
    """Build a request with a DeploymentConfig."""
    return request(*variants, DeploymentConfig=deployment)


def routing(kind: str, **sizes: Any) -> Document:
    """Build a blue/green policy."""
    return {"TrafficRoutingConfiguration": {"Type": kind, "WaitIntervalInSeconds": 600, **sizes}}


def percent(value: int) -> Document:
    """Build a share of the capacity."""
    return {"Type": "CAPACITY_PERCENT", "Value": value}


def rolling(value: int) -> Document:
    """Build a rolling policy."""
    return {"MaximumBatchSize": percent(value), "WaitIntervalInSeconds": 60}


def with_smoke_test(**changed: Any) -> Document:
    """Build a request with a smoke test; what is None is left out."""
    test = {"Body": "1,2", **changed}
    return request(variant(), SmokeTest={field: value for field, value in test.items() if value is not None})


TWO_MODELS: Document = {
    "EndpointName": "churn",
    "Models": {
        "champion": {"PrimaryContainer": {"Image": f"{REGISTRY}/churn:3"}},
        "challenger": {"PrimaryContainer": {"Image": f"{REGISTRY}/churn:4", "ModelDataUrl": "s3://data/model.tar.gz"}},
    },
    "EndpointConfig": {
        "ProductionVariants": [
            variant(VariantName="A", ModelName="champion", InitialVariantWeight=2),
            variant(VariantName="B", ModelName="challenger", InitialVariantWeight=1),
        ]
    },
    "DeploymentConfig": {
        "BlueGreenUpdatePolicy": routing("CANARY", CanarySize=percent(10)),
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "churn-5xx"}]},
    },
    "Tags": {"team": "growth"},
}
