"""The environment of every step: clients, adapters, logs and metrics.

A cold start takes as long as its imports. So an adapter is imported where it is made, and clients are made by botocore
itself: boto3 would add s3transfer and the machinery of its resources.
"""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING

import botocore.session
from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from botocore.config import Config

from deployer.errors import DeployerError
from deployer.json_document import Document
from deployer.outcome import endpoint_name_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.typing import LambdaContext
    from botocore.client import BaseClient

    from deployer.aws.event_bus import EventBus
    from deployer.aws.inference import Inference
    from deployer.aws.logs import ContainerLogs
    from deployer.aws.monitoring import Monitoring
    from deployer.aws.registry import Registry
    from deployer.aws.s3 import Objects
    from deployer.aws.s3_copy import Copier
    from deployer.aws.sagemaker import SageMaker
    from deployer.aws.scaling import Scaling
    from deployer.aws.step_functions import Executions
    from deployer.planning.plan import Plan
    from deployer.planning.weight_record import WeightRecord

METRICS_NAMESPACE = "EndpointDeployer"

logger = Logger(service="endpoint-deployer")

# One attempt a call: the state machine retries by name, so every retry is in its history.
_ONE_ATTEMPT = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=20)

# A third of the functions' timeout, so that no step times out because of it.
_THROTTLE_SECONDS = 20.0

# A model may take 60 s to answer (SageMaker AI Runtime API Reference, InvokeEndpoint).
_SLOW_ANSWERS = _ONE_ATTEMPT.merge(Config(read_timeout=65))


if TYPE_CHECKING:
    Handler = Callable[[Document, LambdaContext], Document]


@functools.cache
def session() -> botocore.session.Session:
    """Return the function's one session, which reads what all clients share only once."""
    return botocore.session.get_session()


@functools.cache
def client(service: str) -> BaseClient:
    """Return the function's one client of an AWS service."""
    config = _SLOW_ANSWERS if service == "sagemaker-runtime" else _ONE_ATTEMPT
    made: BaseClient = session().create_client(service, config=config)
    return made


@functools.cache
def copy_client() -> BaseClient:
    """Return the function's client of S3 for copies; its timeout is longer, because S3 answers at the end of a copy."""
    from deployer.aws.s3_copy import COPY_CONFIG

    made: BaseClient = session().create_client("s3", config=COPY_CONFIG)
    return made


def copier() -> Copier:
    """Return the adapter of S3 that copies to the artifact bucket."""
    from deployer.aws.s3_copy import Copier

    return Copier(copy_client(), os.environ["ARTIFACT_BUCKET"])


def objects() -> Objects:
    """Return the adapter of S3."""
    from deployer.aws.s3 import Objects

    return Objects(client("s3"))


def weight_record() -> WeightRecord:
    """Return the record of the weights that endpoint configs have been given."""
    from deployer.planning.weight_record import WeightRecord

    return WeightRecord(objects(), os.environ["ARTIFACT_BUCKET"])


def inference() -> Inference:
    """Return the adapter of the runtime of endpoints."""
    from deployer.aws.inference import Inference

    return Inference(client("sagemaker-runtime"))


def monitoring() -> Monitoring:
    """Return the adapter of CloudWatch; its client is made when it is needed."""
    from deployer.aws.monitoring import Monitoring

    return Monitoring(client)


def scaling() -> Scaling:
    """Return the adapter of Application Auto Scaling; its client is made when it is needed."""
    from deployer.aws.scaling import Scaling

    return Scaling(client, os.environ["STACK_NAME"])


def container_logs() -> ContainerLogs:
    """Return the adapter of CloudWatch Logs."""
    from deployer.aws.logs import ContainerLogs

    return ContainerLogs(client("logs"))


def registry() -> Registry:
    """Return the adapter of Amazon ECR."""
    from deployer.aws.registry import Registry

    return Registry(client("ecr"), os.environ["ACCOUNT_ID"])


def executions() -> Executions:
    """Return the adapter of Step Functions."""
    from deployer.aws.step_functions import Executions

    return Executions(client("stepfunctions"))


def event_bus() -> EventBus:
    """Return the adapter of EventBridge."""
    from deployer.aws.event_bus import EventBus

    return EventBus(client("events"), os.environ["EVENT_BUS_NAME"])


def sagemaker(plan: Plan | None = None) -> SageMaker:
    """Return the adapter of SageMaker, for the run that a plan belongs to."""
    from deployer.aws.sagemaker import SageMaker

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


def step(*adapters: Callable[[], object]) -> Callable[[Callable[[Document], Document]], Handler]:
    """Make a Lambda handler of one step of the state machine.

    Every line of its log bears the execution and the endpoint. An error is logged and counted by its name, without the
    data of the execution, and goes on to the state machine.

    Args:
        adapters: The adapters that every invocation needs. On Lambda they are made while the function is initialised:
            users have measured that little memory does not slow that phase, and a snapshot then holds them.
    """
    if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
        for make in adapters:
            make()

    def decorate(function: Callable[[Document], Document]) -> Handler:
        @functools.wraps(function)
        @logger.inject_lambda_context(clear_state=True)
        def handler(event: Document, _context: LambdaContext) -> Document:
            logger.append_keys(**_business_keys(event))
            try:
                return function(event)
            except DeployerError as error:
                measure("StepErrors", 1, MetricUnit.Count, Error=type(error).__name__)
                logger.warning("Step raised", extra={"error": type(error).__name__, "cause": str(error)})
                raise

        made: Handler = handler
        return made

    return decorate


def _business_keys(event: Document) -> dict[str, str]:
    """Return the names of the execution and the endpoint for the log, from the event of any step."""
    plan, trigger = event.get("Plan", {}), event.get("Input", event)
    execution = event.get("Execution", {}).get("Id") or plan.get("Execution", "")
    endpoint = plan.get("EndpointName") or endpoint_name_of(trigger, os.environ.get("ARTIFACT_PREFIX", ""))
    keys = {"execution": execution.rpartition(":")[2], "endpoint": endpoint or ""}
    return {key: value for key, value in keys.items() if value}
