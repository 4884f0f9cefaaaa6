"""What every step runs in: its settings, its clients, and its logs, metrics and traces."""

from __future__ import annotations

import functools
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, cast

import boto3
from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from botocore.config import Config
from pydantic import BaseModel, BeforeValidator, ConfigDict

from deployer.aws.inference import Inference
from deployer.aws.monitoring import Monitoring
from deployer.aws.s3 import Artifacts
from deployer.aws.sagemaker import Hosting
from deployer.cleanup.usage import Memory, Usage
from deployer.errors import DeployerError
from deployer.planning.plan import Plan
from deployer.planning.revision import Defaults
from deployer.planning.triggers import Landing
from deployer.request.allowances import Allowances

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.typing import LambdaContext
    from botocore.client import BaseClient

METRICS_NAMESPACE = "EndpointDeployer"

logger = Logger(service="endpoint-deployer")
tracer = Tracer(service="endpoint-deployer", patch_modules=["botocore"])

# One attempt a call: the state machine retries by name, and every retry is to be seen in its history.
_ONE_ATTEMPT = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=20)

# A third of what the functions have, so that no step runs out of time for it.
_PATIENCE_SECONDS = 20.0

# A model may take 60 s to answer (SageMaker AI Runtime API Reference, InvokeEndpoint).
_SLOW_ANSWERS = _ONE_ATTEMPT.merge(Config(read_timeout=65))

Document = dict[str, Any]


def _split(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


Words = Annotated[tuple[str, ...], BeforeValidator(_split)]
"""Comma-separated, as CloudFormation joins a list."""


class Settings(BaseModel):
    """What the template tells PlanDeployment, each by the environment variable of the same name in upper case."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    account_id: str
    stack_name: str
    artifact_bucket: str
    artifact_prefix: str
    execution_role_arn: str
    default_image: str = ""
    default_instance_type: str = ""
    default_instance_count: int = 1
    poll_interval_seconds: int = 30
    deployment_timeout_seconds: int = 3600
    allowed_images: Words = ()
    allowed_role_arns: Words = ()
    allowed_bucket_arns: Words = ()
    allow_newer_values: bool = False

    @classmethod
    def from_environment(cls) -> Settings:
        """Read the settings of this function."""
        return cls.model_validate({name.lower(): value for name, value in os.environ.items()})

    @property
    def landing(self) -> Landing:
        """Where uploads land."""
        return Landing(self.artifact_bucket, self.artifact_prefix, self.account_id)

    @property
    def defaults(self) -> Defaults:
        """What requests may leave out."""
        return Defaults(
            self.execution_role_arn, self.default_image, self.default_instance_type, self.default_instance_count
        )

    @property
    def allowances(self) -> Allowances:
        """What requests may name."""
        return Allowances(
            image_patterns=self.allowed_images,
            role_patterns=(self.execution_role_arn, *self.allowed_role_arns),
            buckets=(self.artifact_bucket, *(arn.rpartition(":")[2] for arn in self.allowed_bucket_arns)),
            open_enums=self.allow_newer_values,
        )


@functools.cache
def client(service: str) -> BaseClient:
    """Return the function's one client of an AWS service."""
    make = cast("Any", boto3.client)  # the stubs know services by literal names only
    config = _SLOW_ANSWERS if service == "sagemaker-runtime" else _ONE_ATTEMPT
    return cast("BaseClient", make(service, config=config))


def artifacts() -> Artifacts:
    """Return the adapter of S3."""
    return Artifacts(client("s3"))


def inference() -> Inference:
    """Return the adapter of the runtime of endpoints."""
    return Inference(client("sagemaker-runtime"))


def monitoring() -> Monitoring:
    """Return the adapter of what watches and scales endpoints."""
    return Monitoring(client("cloudwatch"), client("application-autoscaling"))


def hosting(plan: Plan | None = None) -> Hosting:
    """Return the adapter of SageMaker, for the run that a plan belongs to."""
    if plan is None:
        return Hosting(client("sagemaker"), patience=_PATIENCE_SECONDS)
    return Hosting(client("sagemaker"), execution=plan.execution, names=plan.names, patience=_PATIENCE_SECONDS)


@functools.cache
def remembered() -> Memory:
    """Return what this function has found to be in use, as long as it stays warm."""
    return {}


def usage(sagemaker: Hosting) -> Usage:
    """Return what looks for what is in use."""
    return Usage(sagemaker, remembered())


def measure(name: str, value: float, unit: MetricUnit, **dimensions: str) -> None:
    """Publish a metric, by its stack and further dimensions."""
    with single_metric(name=name, unit=unit, value=value, namespace=METRICS_NAMESPACE) as metric:
        metric.add_dimension(name="Stack", value=os.environ["STACK_NAME"])
        for dimension, named in dimensions.items():
            metric.add_dimension(name=dimension, value=named)


def now() -> datetime:
    """Return the time, for what happens within a step; when it began, the state machine tells."""
    return datetime.now(UTC)


def plan_of(event: Document) -> Plan:
    """Read the plan from an execution's data."""
    return Plan.model_validate(event["Plan"])


def step(function: Callable[[Document], Document]) -> Callable[[Document, LambdaContext], Document]:
    """Make a Lambda handler of one step of the state machine.

    Every line of its log and its trace bear the execution and the endpoint. An error is logged and counted by its
    name, without the data of the execution, and goes on to the state machine.
    """

    @functools.wraps(function)
    @tracer.capture_lambda_handler(capture_response=False, capture_error=False)
    @logger.inject_lambda_context(clear_state=True)
    def handler(event: Document, _context: LambdaContext) -> Document:
        for key, value in _business_keys(event).items():
            logger.append_keys(**{key: value})
            tracer.put_annotation(key, value)
        try:
            return function(event)
        except DeployerError as error:
            measure("StepErrors", 1, MetricUnit.Count, Error=type(error).__name__)
            logger.warning("Step raised", extra={"error": type(error).__name__, "cause": str(error)})
            raise

    return handler


def _business_keys(event: Document) -> dict[str, str]:
    """Find the execution's and the endpoint's name, wherever a step gets them from."""
    plan = event.get("Plan") or event.get("Data", {}).get("Plan")
    keys = {"execution": (event["Execution"]["Id"] if "Execution" in event else plan["Execution"]).rpartition(":")[2]}
    return keys | ({"endpoint": plan["EndpointName"]} if plan else {})
