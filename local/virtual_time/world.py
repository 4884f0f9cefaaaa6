"""A world of its own for one run: virtual time, the state machine, the simulator, S3, CloudWatch and the event bus."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import StringIO
from random import Random
from typing import TYPE_CHECKING, Any

from local.environment import ACCOUNT_ID, REGION
from local.json_document import Document
from local.virtual_time.eventbridge_events import build_event, upload_detail
from local.virtual_time.machine import DEFINITION, Machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from local.autoscaling.service import ScalingService
    from local.simulator import Simulator
    from local.virtual_time.account import Account
    from local.virtual_time.execution import Execution
    from local.virtual_time.rules import Rules
    from local.virtual_time.step_functions_api import StepFunctions
    from local.virtual_time.virtual_clock import VirtualClock

BUCKET = "artifacts"
SWEEP_ENDED = "Endpoint Deployer Sweep Ended"
DRIFT_DETECTED = "Endpoint Drift Detected"
APPROVAL_REQUESTED = "Endpoint Deployment Approval Requested"
SWEEPER = DEFINITION.with_name("sweep_unused.asl.json")
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
    "COPY_ARTIFACTS": "uploads",
    "POLL_INTERVAL_SECONDS": "30",
    "DEPLOYMENT_TIMEOUT_SECONDS": "7200",
    "RETAINED_REVISIONS": "3",
    "UNUSED_RETENTION_HOURS": "24",
    "APPROVAL_ENDPOINTS": "",
    "IDLE_ENDPOINT_DAYS": "30",
    "REPAIR_DRIFT": "",
    "EVENT_BUS_NAME": "default",
    "FAILURE_LOG_LINES": "0",
    "ABORT_ALARMS": "none",
    "STACK_ROLE_ARN": ROLE,
    "STATE_MACHINE_ARN": f"arn:aws:states:{REGION}:{ACCOUNT_ID}:stateMachine:deploy-endpoint",
}
"""The functions' variables where a test or a campaign sets no others."""


def _inject_nothing(_service: str, _operation: str, _when: str) -> None:
    """Inject no fault."""


def _arrive_once(_event: Document) -> Iterable[float]:
    return (0.0,)


@dataclass
class World:
    """The environment of executions: state machines, clock, simulator, services and events.

    Attributes:
        machine: The state machine that deploys.
        sweeper: The state machine that sweeps; it runs by `sweep` only.
        step_functions: The service, as the functions call it.
        account: What the simulator asks of other services.
        rules: The rules that invoke functions on events.
        scaling: Application Auto Scaling, of which `autoscaling` is a client without injected faults.
        bus: The details of the deployments' events that the bus took, in order.
        sweeps: The details of the sweeps' events that it took.
        drift: The details of the events of drift that it took.
        approvals: The details of the events that request an approval that it took.
        log: What the functions logged.
        random: Decides for how long they pause when a service throttles them.
        inject_fault: Called with service, operation and `before` or `after` for each call that the functions make of
            S3, CloudWatch, Application Auto Scaling, EventBridge and Step Functions; for PutEvents also with `entry`.
            It may raise or let time pass. SageMaker's faults are the simulator's.
        arrivals: Called with each `aws.sagemaker` and `aws.states` event that arrives at EventBridge; returns the
            seconds after which the rules see it, once for each time: () loses it, (0, 5) doubles it.
    """

    clock: VirtualClock
    simulator: Simulator
    machine: Machine
    sweeper: Machine
    step_functions: StepFunctions
    rules: Rules
    s3: Any
    cloudwatch: Any
    autoscaling: Any
    account: Account
    scaling: ScalingService
    bus: list[Document] = field(default_factory=list)
    sweeps: list[Document] = field(default_factory=list)
    drift: list[Document] = field(default_factory=list)
    approvals: list[Document] = field(default_factory=list)
    events: int = 0
    log: StringIO = field(default_factory=StringIO)
    random: Random = field(default_factory=lambda: Random(0))  # noqa: S311 - repeatable, not secret
    inject_fault: Callable[[str, str, str], None] = _inject_nothing
    arrivals: Callable[[Document], Iterable[float]] = _arrive_once

    def upload(self, key: str, body: bytes = b"artifact", *, at: float | None = None) -> Execution:
        """Upload an object and start the execution that its event starts, now or when the event arrives."""
        put = self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        return self.machine.start(self.object_created(key, put["VersionId"], put["ETag"]), at=at)

    def object_created(self, key: str, version: str, etag: str) -> Document:
        """Build the event that S3 sends of an upload."""
        detail = upload_detail(BUCKET, key, version, etag)
        return self.event("aws.s3", "Object Created", detail, [f"arn:aws:s3:::{BUCKET}"])

    def requested(self, detail: Any) -> Document:
        """Build the event of an application that requests a deployment now."""
        return self.event("endpoint-deployer.requests", "Endpoint Deployment Requested", detail)

    def event(self, source: str, detail_type: str, detail: Any, resources: list[str] | None = None) -> Document:
        """Build an event of EventBridge that happens now."""
        self.events += 1
        name, time = (
            f"event-{self.events}",
            datetime.fromtimestamp(self.clock.now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        )
        return build_event(source, detail_type, detail, name=name, time=time, resources=resources or [])

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
        self.simulator.catch_up()

    def own_alarms(self) -> list[str]:
        """Return the names of the alarms that the stack has made."""
        found = self.cloudwatch.describe_alarms(AlarmNamePrefix=f"{STACK_NAME}/")["MetricAlarms"]
        return [alarm["AlarmName"] for alarm in found]

    def change_own_alarms(self, state: str) -> int:
        """Bring all rollback alarms that the stack has made to a state; return how many there are."""
        names = [name for name in self.own_alarms() if name.startswith(f"{STACK_NAME}/rollback/")]
        self.simulator.catch_up()
        for name in names:
            self.cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="as the test wants it")
        self.simulator.catch_up()
        return len(names)

    def run(self, request: Any = None, **options: Any) -> Execution:
        """Run an execution of a request to its end."""
        execution = self.machine.start(request, **options)
        self.machine.run()
        return execution

    def sweep(self, **given: Any) -> Execution:
        """Run a sweep to its end, with members of its input such as `DryRun=True`."""
        execution = self.sweeper.start(given)
        self.machine.run()
        return execution

    def put_event(self, detail_type: str, detail: Document) -> None:
        """Take an event of the deployer's, and let the rules see it."""
        others = {SWEEP_ENDED: self.sweeps, DRIFT_DETECTED: self.drift, APPROVAL_REQUESTED: self.approvals}
        others.get(detail_type, self.bus).append(detail)
        self.rules.deliver(self.event("endpoint-deployer", detail_type, detail))

    def count(self, operation: str) -> int:
        """Count the calls of an operation that took effect."""
        return sum(call.operation == operation and call.outcome == "ok" for call in self.simulator.calls)

    @property
    def names(self) -> dict[str, list[str]]:
        """The resources in SageMaker, by kind."""
        return {kind: sorted(found) for kind, found in self.simulator.resources().items()}

    @property
    def outcomes(self) -> list[str]:
        """The outcomes of the events on the bus, in order."""
        return [event["Outcome"] for event in self.bus]
