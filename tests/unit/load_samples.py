"""Runs of the load and what they leave."""

from __future__ import annotations

from typing import Any

from deployer.json_document import Document
from local.load_test.checks import EndState
from local.load_test.uploads import Run

OLD, NEW = "e-0-20260101T000000-a", "e-0-20260101T000100-b"
MODELS = {OLD: "e-0-model-a", NEW: "e-0-model-b"}
ARTIFACTS = {
    "e-0-model-a": "revisions/e-0/artifacts/a/model.tar.gz",
    "e-0-model-b": "revisions/e-0/artifacts/b/model.tar.gz",
}


def entered(state: str) -> Document:
    """Make the event of a history for a state that is entered."""
    return {"type": "TaskStateEntered", "stateEnteredEventDetails": {"name": state}}


def run(number: int, revision: str, outcome: str = "Deployed", **more: Any) -> Run:
    """Make a run for an endpoint."""
    detail = {"Outcome": outcome, "EndpointName": "e-0", "Revision": revision, "DurationSeconds": 2.0, **more}
    return Run(number, "e-0", detail, [entered("Deployed")])


def state(
    live: str = NEW, configs: tuple[str, ...] = (OLD, NEW), *more_models: str, stored: tuple[str, ...] = ()
) -> EndState:
    """Make what there is after a sweep, with further models and stored objects."""
    models = [*(MODELS[config] for config in configs), *more_models]
    requests = [f"revisions/e-0/{config}/{name}" for config in configs for name in ("request.json", "executions/x")]
    resources: Document = {
        "Endpoints": {"e-0": {"EndpointStatus": "InService", "EndpointConfigName": live}},
        "EndpointConfigs": {name: {"ProductionVariants": [{"ModelName": MODELS[name]}]} for name in configs},
        "Models": {
            name: {"PrimaryContainer": {"ModelDataUrl": f"s3://bucket/{ARTIFACTS.get(name, 'elsewhere')}"}}
            for name in models
        },
    }
    artifacts = [ARTIFACTS[name] for name in models if name in ARTIFACTS]
    return EndState(resources, [*requests, *artifacts, *stored])
