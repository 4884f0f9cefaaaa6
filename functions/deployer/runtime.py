"""What every step runs in: its settings, its clients, and its logs, metrics and traces."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any, cast

import boto3
from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from botocore.config import Config

from deployer.aws.event_bus import EventBus
from deployer.aws.inference import Inference
from deployer.aws.monitoring import Monitoring
from deployer.aws.s3 import Objects
from deployer.aws.s3_copy import COPY_CONFIG, Copier
from deployer.aws.sagemaker import SageMaker
from deployer.aws.step_functions import Executions
from deployer.errors import DeployerError
from deployer.json_document import Document
from deployer.planning.plan import Plan

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
_THROTTLE_SECONDS = 20.0

# A model may take 60 s to answer (SageMaker AI Runtime API Reference, InvokeEndpoint).
_SLOW_ANSWERS = _ONE_ATTEMPT.merge(Config(read_timeout=65))


@functools.cache
def client(service: str) -> BaseClient:
    """Return the function's one client of an AWS service."""
    make = cast("Any", boto3.client)  # the stubs know services by literal names only
    config = _SLOW_ANSWERS if service == "sagemaker-runtime" else _ONE_ATTEMPT
    return cast("BaseClient", make(service, config=config))


@functools.cache
def copy_client() -> BaseClient:
    """Return the function's client of S3 for copies, which S3 answers when they are done."""
    make = cast("Any", boto3.client)
    return cast("BaseClient", make("s3", config=COPY_CONFIG))


def copier() -> Copier:
    """Return what copies within S3 to the artifact bucket."""
    return Copier(copy_client(), os.environ["ARTIFACT_BUCKET"])


def objects() -> Objects:
    """Return the adapter of S3."""
    return Objects(client("s3"))


def inference() -> Inference:
    """Return the adapter of the runtime of endpoints."""
    return Inference(client("sagemaker-runtime"))


def monitoring() -> Monitoring:
    """Return the adapter of what watches and scales endpoints."""
    return Monitoring(client("cloudwatch"), client("application-autoscaling"))


def executions() -> Executions:
    """Return the adapter of Step Functions."""
    return Executions(client("stepfunctions"))


def event_bus() -> EventBus:
    """Return the adapter of EventBridge."""
    return EventBus(client("events"), os.environ["EVENT_BUS_NAME"])


def sagemaker(plan: Plan | None = None) -> SageMaker:
    """Return the adapter of SageMaker, for the run that a plan belongs to."""
    return SageMaker(
        client("sagemaker"),
        stack=os.environ["STACK_NAME"],
        execution=plan.execution if plan else "",
        names=plan.names if plan else (),
        throttle_seconds=_THROTTLE_SECONDS,
    )


def measure(name: str, value: float, unit: MetricUnit, **dimensions: str) -> None:
    """Publish a metric, by its stack and further dimensions."""
    with single_metric(name=name, unit=unit, value=value, namespace=METRICS_NAMESPACE) as metric:
        metric.add_dimension(name="Stack", value=os.environ["STACK_NAME"])
        for dimension, named in dimensions.items():
            metric.add_dimension(name=dimension, value=named)


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
    plan = event.get("Plan", {})
    execution = event.get("Execution", {}).get("Id") or plan.get("Execution", "")
    keys = {"execution": execution.rpartition(":")[2], "endpoint": plan.get("EndpointName", "")}
    return {key: value for key, value in keys.items() if value}
