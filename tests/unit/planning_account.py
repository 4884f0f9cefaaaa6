"""An account to plan in: simulated SageMaker hosting, and S3, CloudWatch and Application Auto Scaling in memory."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import boto3
from botocore.config import Config

from deployer.aws.monitoring import Monitoring
from deployer.aws.s3 import Objects
from deployer.aws.sagemaker import SageMaker
from deployer.aws.scaling import Scaling
from deployer.endpoint_config import config_names
from deployer.json_document import Document
from deployer.planning.choose import Planning
from deployer.planning.draft_state import Draft, Upload
from deployer.planning.keys import request_key
from deployer.planning.plan import Action, Before, Plan
from deployer.planning.revision import Store
from deployer.planning.revision_store import StoredRevision
from deployer.planning.settings import Settings
from deployer.tags import DEPLOYED, STATE_TAG
from local.autoscaling.service import ScalingService
from local.simulator import Simulator
from local.simulator.in_process import attach_to
from tests.unit.manual_clock import Clock
from tests.unit.planning_samples import EXECUTION, NOON, OTHER_EXECUTION, STACK, draft
from tests.unit.request_samples import REGISTRY, ROLE

BUCKET = "artifacts"
KEY = "models/churn/model.tar.gz"


@functools.cache
def client(service: str) -> Any:
    """Return the one client of a service; moto empties what is behind it for each test."""
    make: Any = boto3.client  # the stubs know services by literal names only
    return make(service)


_newest: list[PlanningAccount] = []


@functools.cache
def sagemaker_client() -> Any:
    """Return the one client of SageMaker, which talks to the simulator of the newest account."""
    made = boto3.client("sagemaker", config=Config(retries={"total_max_attempts": 1}))
    attach_to(made, lambda: _newest[0].simulator)
    return made


@functools.cache
def scaling_client() -> Any:
    """Return the one client of Application Auto Scaling, which talks to that of the newest account."""
    made = boto3.client("application-autoscaling")
    attach_to(made, lambda: cast("Any", _newest[0].scaling))
    return made


@dataclass
class PlanningAccount:
    """An account in which requests are planned; its clock starts at noon.

    Attributes:
        copy_artifacts: The stack's parameter CopyArtifacts.
        clock: What time it is.
    """

    copy_artifacts: str = "uploads"
    clock: Clock = field(default_factory=lambda: Clock(NOON.timestamp()))

    def __post_init__(self) -> None:
        """Make SageMaker hosting, and the artifact bucket, which keeps versions."""
        _newest[:] = [self]
        self.simulator = Simulator(clock=self.clock)
        self.s3 = client("s3")
        self.cloudwatch = client("cloudwatch")
        self.scaling, self.autoscaling = ScalingService(self.clock), scaling_client()
        self.s3.create_bucket(Bucket=BUCKET)
        self.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})

    @property
    def clients(self) -> Document:
        """The clients that the functions make, by service."""
        return {
            "sagemaker": sagemaker_client(),
            "s3": self.s3,
            "cloudwatch": self.cloudwatch,
            "application-autoscaling": self.autoscaling,
            "stepfunctions": client("stepfunctions"),
        }

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables of the functions."""
        return {
            "ACCOUNT_ID": "111122223333",
            "STACK_NAME": STACK,
            "ARTIFACT_BUCKET": BUCKET,
            "ARTIFACT_PREFIX": "models/",
            "EXECUTION_ROLE_ARN": ROLE,
            "DEFAULT_IMAGE": f"{REGISTRY}/default:1",
            "DEFAULT_INSTANCE_TYPE": "ml.m5.large",
            "COPY_ARTIFACTS": self.copy_artifacts,
            "ABORT_ALARMS": "stack-role",
            "STACK_ROLE_ARN": ROLE,
        }

    @property
    def now(self) -> datetime:
        """The time on the account's clock."""
        return datetime.fromtimestamp(self.clock.now(), UTC)

    @property
    def sagemaker(self) -> SageMaker:
        """The adapter of SageMaker, on behalf of the execution that plans."""
        return SageMaker(sagemaker_client(), execution=EXECUTION, stack=STACK)

    @property
    def store(self) -> Store:
        """Where model data are stored."""
        return Store(Objects(self.s3), BUCKET, self.copy_artifacts)

    @property
    def planning(self) -> Planning:
        """The adapters and the time for a decision now."""
        monitoring, scaling = Monitoring(self.clients.__getitem__), Scaling(self.clients.__getitem__, STACK)
        settings = Settings.model_validate({name.lower(): value for name, value in self.environment.items()})
        return Planning(self.sagemaker, monitoring, scaling, self.store, settings, self.now, 60)

    def sleep(self, minutes: float) -> None:
        """Let time pass."""
        self.clock.sleep(60 * minutes)

    def calls(self, since: int = 0) -> list[str]:
        """List the calls of SageMaker, without the first ones."""
        return [call.operation for call in self.simulator.calls[since:]]

    def put(self, key: str = KEY, body: bytes = b"model") -> Upload:
        """Upload an object; return the version."""
        put = self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        return Upload(bucket=BUCKET, key=key, version=put["VersionId"])

    def serve(self, image: str = "live", minutes: float = 0, **changed: Any) -> Plan:
        """Deploy a complete request, as another execution did it; see `bring_into_service`."""
        options = {name: changed.pop(name) for name in ("is_deployed", "is_stored") if name in changed}
        whose = {"execution": OTHER_EXECUTION, "request_id": f"event-{image}"}
        return self.bring_into_service(draft(image, minutes, **{**whose, **changed}), **options)

    def bring_into_service(self, wanted: Draft, *, is_deployed: bool = True, is_stored: bool = True) -> Plan:
        """Create or update the endpoint by the requests of a plan, and wait until it is in service.

        Args:
            wanted: What it deploys.
            is_deployed: Whether the revision is recorded as deployed; otherwise it stays pending.
            is_stored: Whether its request is stored, as versions after 0.1 do.
        """
        service = self.sagemaker
        endpoint = service.find_endpoint(wanted.endpoint_name)
        previous = "".join(config_names(endpoint or {}))
        made = Plan.of(wanted, Action.UPDATE if endpoint else Action.CREATE, 60, Before(previous=previous))
        for request in made.model_requests(self.now):
            service.create_model(request)
        arn = service.create_endpoint_config(made.endpoint_config_request(self.now))
        if endpoint:
            service.update_endpoint(made.update_request(), is_retry=False)
        else:
            service.create_endpoint(made.endpoint_request())
        self.sleep(10)
        if is_deployed:
            service.add_tags(arn, {STATE_TAG: DEPLOYED})
        if is_stored:
            self.store_request(made)
        return made

    def store_request(self, made: Plan, **changed: Any) -> None:
        """Store the request of a revision, as StoreRevision does."""
        stored = StoredRevision(
            revision=made.wanted.name,
            endpoint_name=made.endpoint_name,
            requested_at=made.requested_at,
            request_id=made.request_id,
            execution=made.execution,
            request=made.request,
            model_names=made.model_names,
            data=made.data,
        ).model_copy(update=changed)
        key = request_key(made.endpoint_name, made.wanted.name)
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=stored.to_json())

    def put_alarm(self, name: str) -> None:
        """Make an alarm."""
        self.cloudwatch.put_metric_alarm(
            AlarmName=name,
            Namespace="AWS/SageMaker",
            MetricName="Invocation5XXErrors",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
        )

    def scale(self, variant_name: str = "AllTraffic") -> None:
        """Let Application Auto Scaling manage a variant of the endpoint."""
        self.autoscaling.register_scalable_target(
            ServiceNamespace="sagemaker",
            ResourceId=f"endpoint/churn/variant/{variant_name}",
            ScalableDimension="sagemaker:variant:DesiredInstanceCount",
            MinCapacity=1,
            MaxCapacity=4,
        )
