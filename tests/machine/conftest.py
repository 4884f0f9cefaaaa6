"""A world of its own for every test: virtual time, the state machine, the simulator, S3 and the event bus."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from deployer import runtime
from local.hosting import Settings, Simulator
from local.hosting.in_process import attach_to
from local.machine import Execution, Machine, VirtualClock

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT_ID = "111122223333"
BUCKET = "artifacts"
ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/runs-models"
IMAGE = f"{ACCOUNT_ID}.dkr.ecr.us-east-1.amazonaws.com/inference:1"

ENVIRONMENT = {
    "ACCOUNT_ID": ACCOUNT_ID,
    "STACK_NAME": "test",
    "ARTIFACT_BUCKET": BUCKET,
    "ARTIFACT_PREFIX": "models/",
    "EXECUTION_ROLE_ARN": ROLE,
    "DEFAULT_IMAGE": IMAGE,
    "DEFAULT_INSTANCE_TYPE": "ml.m5.large",
    "DEFAULT_INSTANCE_COUNT": "1",
    "POLL_INTERVAL_SECONDS": "30",
    "DEPLOYMENT_TIMEOUT_SECONDS": "7200",
    "EVENT_BUS_NAME": "default",
}


@dataclass
class World:
    """All that an execution touches."""

    clock: VirtualClock
    simulator: Simulator
    machine: Machine
    s3: Any
    bus: list[dict[str, Any]] = field(default_factory=list)
    events: int = 0

    def upload(self, key: str, body: bytes = b"artifact", *, at: float | None = None) -> Execution:
        """Upload an object and start the execution that its event starts, now or when the event arrives."""
        put = self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        return self.machine.start(self.object_created(key, put["VersionId"], put["ETag"]), at=at)

    def object_created(self, key: str, version: str, etag: str) -> dict[str, Any]:
        """Build the event that S3 sends of an upload."""
        self.events += 1
        moment = datetime.fromtimestamp(self.clock.now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "version": "0",
            "id": f"event-{self.events}",
            "detail-type": "Object Created",
            "source": "aws.s3",
            "account": ACCOUNT_ID,
            "time": moment,
            "region": "us-east-1",
            "resources": [f"arn:aws:s3:::{BUCKET}"],
            "detail": {
                "version": "0",
                "bucket": {"name": BUCKET},
                "object": {"key": key, "size": 8, "etag": etag.strip('"'), "version-id": version, "sequencer": "00"},
                "request-id": "R",
                "requester": ACCOUNT_ID,
                "source-ip-address": "192.0.2.1",
                "reason": "PutObject",
            },
        }

    def run(self, request: Any = None, **options: Any) -> Execution:
        """Run an execution of a request to its end."""
        execution = self.machine.start(request, **options)
        self.machine.run()
        return execution

    def count(self, operation: str) -> int:
        """Count the calls of an operation that took effect."""
        return sum(call.operation == operation and call.outcome == "ok" for call in self.simulator.calls)

    @property
    def names(self) -> dict[str, list[str]]:
        """What exists in SageMaker, by kind."""
        return {kind: sorted(found) for kind, found in self.simulator.resources().items()}

    @property
    def outcomes(self) -> list[str]:
        """The outcomes that the bus was told, in order."""
        return [event["Outcome"] for event in self.bus]


@pytest.fixture
def make_world(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Make worlds with settings and a seed of their own; the functions serve the newest one."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    worlds: list[World] = []
    # moto is S3 here; SageMaker is the simulator.
    with mock_aws(config={"core": {"passthrough": {"services": ["sagemaker"]}}}):
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        sagemaker = boto3.client("sagemaker", config=Config(retries={"total_max_attempts": 1}))
        attach_to(sagemaker, lambda: worlds[-1].simulator)

        class Bus:
            """The event bus."""

            def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's
                worlds[-1].bus += [json.loads(entry["Detail"]) for entry in Entries]
                return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}

        clients = {"s3": s3, "sagemaker": sagemaker, "events": Bus()}
        monkeypatch.setattr(runtime, "client", clients.__getitem__)
        monkeypatch.setattr("announce_outcome.client", clients.__getitem__)

        def make(settings: Settings | None = None, seed: int = 0) -> World:
            clock = VirtualClock(seed=seed)
            simulator = Simulator(clock=clock, settings=settings, seed=seed)
            world = World(clock, simulator, Machine(clock, seed=seed), s3)
            worlds.append(world)
            return world

        yield make


@pytest.fixture
def world(make_world: Any) -> World:
    """A world without lag or faults."""
    made: World = make_world()
    return made
