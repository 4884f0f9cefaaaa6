"""A world of its own for one run: virtual time, the state machine, the simulator, S3, CloudWatch and the event bus."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO, StringIO
from typing import TYPE_CHECKING, Any
from unittest import mock

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from moto import mock_aws
from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.moto_api._internal import mock_random
from moto.s3.models import s3_backends
from urllib3.response import HTTPResponse

from deployer import runtime
from local.hosting import Settings, Simulator
from local.hosting.in_process import attach_to
from local.machine.clock import VirtualClock
from local.machine.machine import Machine
from local.settings import ACCOUNT_ID, REGION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.awsrequest import AWSPreparedRequest

    from local.machine.execution import Execution

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

_MOTO = ("s3", "cloudwatch", "application-autoscaling")


class EntryRefusedError(Exception):
    """The event bus answers, and says that it did not take the entry."""


def _let_pass(_service: str, _operation: str, _when: str) -> None:
    """Let a call be what it is."""


@dataclass
class World:
    """All that an execution touches.

    Attributes:
        bus: The details of the events that the bus took, in order.
        log: What the functions logged.
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

    def now() -> datetime:
        return datetime.fromtimestamp(made[-1].clock.now(), UTC)

    def utc_now() -> datetime:
        return now().replace(tzinfo=None)

    sagemaker_is_ours = {"core": {"passthrough": {"services": ["sagemaker"]}}}
    with ExitStack() as stack:
        stack.enter_context(mock.patch.dict(os.environ, ENVIRONMENT))
        stack.enter_context(mock_aws(config=sagemaker_is_ours))
        stack.enter_context(mock.patch("moto.s3.models.utcnow", utc_now))
        stack.enter_context(mock.patch("describe_endpoint_config.now", now))
        stack.enter_context(mock.patch.object(runtime.logger.registered_handler, "stream", _Log(made)))
        stack.callback(runtime.client.cache_clear)
        runtime.client.cache_clear()
        _attach(made)
        client: Any = boto3.client  # the stubs know services by literal names only
        s3, cloudwatch, autoscaling = (client(service) for service in _MOTO)

        def make(settings: Settings | None = None, seed: int = 0) -> World:
            for world in made:
                world.machine.close()
            made.clear()
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


class _Log:
    """A stream that is the newest world's log."""

    def __init__(self, made: list[World]) -> None:
        self._made = made

    def write(self, text: str) -> int:
        return self._made[-1].log.write(text)

    def flush(self) -> None:
        """All is in memory."""


def _attach(made: list[World]) -> None:
    """Let the functions' clients talk to the newest world."""
    for service in ("sagemaker", "sagemaker-runtime"):
        attach_to(runtime.client(service), lambda: made[-1].simulator)
    for service in _MOTO:

        def strike(event_name: str, *, service: str = service, **_: Any) -> None:
            made[-1].strike(service, event_name.rpartition(".")[2], "before")

        events: Any = runtime.client(service).meta.events
        events.register_first(
            f"before-send.{runtime.client(service).meta.service_model.service_id.hyphenize()}.*", strike
        )

    def put_events(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        world = made[-1]
        world.strike("events", "PutEvents", "before")
        body: Any = request.body
        entries = json.loads(body)["Entries"]
        answer: dict[str, Any] = {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}
        try:
            world.strike("events", "PutEvents", "entry")
            world.bus += [json.loads(entry["Detail"]) for entry in entries]
        except EntryRefusedError as error:
            refused = {"ErrorCode": "InternalFailure", "ErrorMessage": str(error)}
            answer = {"FailedEntryCount": 1, "Entries": [refused]}
        world.strike("events", "PutEvents", "after")
        raw = HTTPResponse(BytesIO(json.dumps(answer).encode()), preload_content=False)
        return AWSResponse(request.url, 200, HTTPHeaders(), raw)

    bus: Any = runtime.client("events").meta.events
    bus.register_first("before-send.eventbridge.*", put_events)
