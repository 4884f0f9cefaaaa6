"""Checks, right before an endpoint is changed, that it is still as it was planned."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from deployer.errors import EndpointBusyError
from deployer.planning.decisions import decide
from deployer.planning.live import Live
from deployer.planning.plan import Action
from deployer.planning.weights import weight_change

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

    from deployer.aws.sagemaker import SageMaker
    from deployer.planning.plan import Plan


def check_as_planned(
    plan: Plan, endpoint: Mapping[str, Any] | None, served: str, sagemaker: SageMaker, now: datetime
) -> None:
    """Check that an endpoint serves what it served when it was planned, and that no newer request has confirmed that.

    Args:
        plan: The plan.
        endpoint: The endpoint, by DescribeEndpoint; None if it cannot be found.
        served: The revision that it serves.
        sagemaker: The adapter of SageMaker.
        now: What time it is.

    Raises:
        EndpointBusyError: It does not, or one has.
    """
    live = Live.of(endpoint, served=served) if endpoint else None
    known = (plan.previous, plan.base)
    is_as_planned = live is not None and live.status == "InService" and (live.config_name, live.base_name) == known
    if live and is_as_planned and plan.previous_arn:
        live = replace(live, tags=sagemaker.tags_of(plan.previous_arn))
        if plan.base != plan.previous:
            config = sagemaker.describe_endpoint_config(plan.previous)
            live = replace(live, lacks_weights=bool(weight_change(live.variants, config)))
    if not is_as_planned or decide(plan.wanted, live, now) is not Action.UPDATE:
        raise EndpointBusyError(f"Endpoint {plan.endpoint_name} is not as it was planned.")
