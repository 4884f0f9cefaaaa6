"""Puts back the weights and counts that an endpoint had before a run, if it has the same endpoint config as then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.endpoint_config import variants_of
from deployer.planning.record_weights import record_weights
from deployer.planning.weights import weight_change

if TYPE_CHECKING:
    from deployer.aws.sagemaker import SageMaker
    from deployer.json_document import Document
    from deployer.planning.plan import Plan
    from deployer.planning.weight_record import WeightRecord


def missing_weights(plan: Plan, endpoint: Document, sagemaker: SageMaker) -> list[Document]:
    """Return the change that gives an endpoint on the plan's base the weights of the revision before; empty if none.

    Counts that the run's update would have kept stay: Application Auto Scaling has changed them.
    """
    config = sagemaker.describe_endpoint_config(plan.previous)
    change = weight_change(variants_of(endpoint), config)
    return [each for each in change if "DesiredWeight" in each or not plan.keeps_counts]


def put_back_weights(plan: Plan, sagemaker: SageMaker, record: WeightRecord) -> None:
    """Begin to give the plan's base the weights of the revision before, and record that it has them.

    It is recorded after the change is accepted: until then the next look finds the run's own revision, and tries again.

    Raises:
        EndpointBusyError: The endpoint is changing.
    """
    endpoint = sagemaker.describe_endpoint(plan.endpoint_name)
    number, served, _ = record.last(plan.endpoint_name, plan.base)
    if served not in {plan.wanted.name, plan.previous}:
        return
    if change := missing_weights(plan, endpoint, sagemaker):
        sagemaker.update_weights(plan.endpoint_name, change)
    if served != plan.previous:
        record_weights(record, plan.endpoint_name, plan.base, plan.previous, number + 1)
