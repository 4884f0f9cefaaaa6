"""A world of its own for one run: virtual time, the state machine, the simulator, S3, CloudWatch and the event bus."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import StringIO
from random import Random
from typing import TYPE_CHECKING, Any
from unittest import mock

import boto3
from moto import mock_aws
from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.moto_api._internal import mock_random
from moto.s3.models import s3_backends

from deployer import runtime
from local.settings import ACCOUNT_ID, REGION
from local.simulator import Settings, Simulator
from local.virtual_time.clock import VirtualClock
from local.virtual_time.connections import SERVICES, connect
from local.virtual_time.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.virtual_time.execution import Execution

BUCKET = "artifacts"
STACK_NAME = "test"
ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/runs-models"
IMAGE = f"{ACCOUNT_ID}.dkr.ecr.{REGION}.amazonaws.com/inference:1"

ENVIRONMENT = {
    "ACCOUNT_ID": ACCOUNT_ID,
    "STACK_NAME": STACK_NAME,
    "ARTIFACT_BUCKET": BUCKET,
    "ARTIFACT_PREFIX": "models/",
    "EXECUTION_ROLE_ARN": ROLE,
    "DEFAULT_IMAGE": IMAGE,
    "DEFAULT_INSTANCE_TYPE": "ml.m5.large",
    "DEFAULT_INSTANCE_COUNT": "1",
    "POLL_INTERVAL_SECONDS": "30",
    "DEPLOYMENT_TIMEOUT_SECONDS": "7200",
    "RETAINED_REVISIONS": "3",
    "EVENT_BUS_NAME": "default",
}
"""What the functions are told where a test or a campaign says nothing else."""


def _let_pass(_service: str, _operation: str, _when: str) -> None:
    """Let a call be what it is."""


@dataclass
class World:
    """All that an execution touches.

    Attributes:
        bus: The details of the events that the bus took, in order.
        log: What the functions logged.
        random: Decides for how long they pause when SageMaker throttles them.
        strike: Called with service, operation and `before` or `after` for each call that the functions make of S3,
            CloudWatch, Application Auto Scaling and EventBridge. It may raise or let time pass. SageMaker's faults are
            the simulator's.
    """

    clock: VirtualClock
    simulator: Simulator
    machine: Machine
    s3: Any
    cloudwatch: Any
    autoscaling: Any
    bus: list[dict[str, Any]] = field(default_factory=list)
    events: int = 0
    log: StringIO = field(default_factory=StringIO)
    random: Random = field(default_factory=lambda: Random(0))  # noqa: S311 - repeatable, not secret
    strike: Callable[[str, str, str], None] = _let_pass

    def upload(self, key: str, body: bytes = b"artifact", *, at: float | None = None) -> Execution:
        """Upload an object and start the execution that its event starts, now or when the event arrives."""
        put = self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        return self.machine.start(self.object_created(key, put["VersionId"], put["ETag"]), at=at)

    def object_created(self, key: str, version: str, etag: str) -> dict[str, Any]:
        """Build the event that S3 sends of an upload."""
        detail = {
            "version": "0",
            "bucket": {"name": BUCKET},
            "object": {"key": key, "size": 8, "etag": etag.strip('"'), "version-id": version, "sequencer": "00"},
            "request-id": "R",
            "requester": ACCOUNT_ID,
            "source-ip-address": "192.0.2.1",
            "reason": "PutObject",
        }
        return self.event("aws.s3", "Object Created", detail, [f"arn:aws:s3:::{BUCKET}"])

    def requested(self, detail: Any) -> dict[str, Any]:
        """Build the event of an application that requests a deployment now."""
        return self.event("endpoint-deployer.requests", "Endpoint Deployment Requested", detail)

    def event(self, source: str, detail_type: str, detail: Any, resources: list[str] | None = None) -> dict[str, Any]:
        """Build an event of EventBridge that happens now."""
        self.events += 1
        return {
            "version": "0",
            "id": f"event-{self.events}",
            "detail-type": detail_type,
            "source": source,
            "account": ACCOUNT_ID,
            "time": datetime.fromtimestamp(self.clock.now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": REGION,
            "resources": resources or [],
            "detail": detail,
        }

    def make_alarm(self, name: str, state: str = "OK") -> None:
        """Make a CloudWatch alarm that is in a state, or bring it there."""
        self.simulator.catch_up()  # what is due before that moment has not seen it
        self.cloudwatch.put_metric_alarm(
            AlarmName=name,
            Namespace="AWS/SageMaker",
            MetricName="Invocation5XXErrors",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
        )
        self.cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="as the test wants it")

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


@contextmanager
def worlds() -> Iterator[Callable[..., World]]:
    """Give a function that makes worlds, by `Settings` of the simulator and a seed; the newest one is in use.

    moto is S3, CloudWatch and Application Auto Scaling here, and starts empty with each world; SageMaker is the
    simulator. The functions' own clients are at work, down to the socket. A new world closes the one before it.
    """
    made: list[World] = []

    sagemaker_is_ours = {"core": {"passthrough": {"services": ["sagemaker"]}}}
    with ExitStack() as stack:
        stack.enter_context(mock.patch.dict(os.environ, ENVIRONMENT))
        stack.enter_context(mock_aws(config=sagemaker_is_ours))
        stack.callback(runtime.client.cache_clear)
        runtime.client.cache_clear()
        connect(made, stack)
        client: Any = boto3.client  # the stubs know services by literal names only
        s3, cloudwatch, autoscaling = (client(service) for service in SERVICES)

        def make(settings: Settings | None = None, seed: int = 0) -> World:
            for world in made:
                world.machine.close()
            made.clear()
            runtime.remembered.cache_clear()
            for backends in (s3_backends, cloudwatch_backends, applicationautoscaling_backends):
                backends.reset()
            mock_random.seed(seed)
            clock = VirtualClock(seed=seed)
            simulator = Simulator(
                clock=clock, settings=settings, seed=seed, alarm_is_on=is_in_alarm, is_scaled=is_scaled
            )
            made.append(World(clock, simulator, Machine(clock, seed=seed), s3, cloudwatch, autoscaling))
            s3.create_bucket(Bucket=BUCKET)
            s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
            return made[-1]

        def is_in_alarm(name: str) -> bool:
            alarms = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
            return any(alarm["StateValue"] == "ALARM" for alarm in alarms)

        def is_scaled(endpoint: str, variant: str) -> bool:
            resources = [f"endpoint/{endpoint}/variant/{variant}"]
            found = autoscaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=resources)
            return bool(found["ScalableTargets"])

        try:
            yield make
        finally:
            for world in made:
                world.machine.close()
