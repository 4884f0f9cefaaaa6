"""Changes of an endpoint by others, between the plan of a run and its call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.unit.planning_samples import draft

if TYPE_CHECKING:
    from tests.unit.planning_account import PlanningAccount


def confirm(account: PlanningAccount) -> None:
    """Let a newer request have asked for what is live."""
    endpoint = account.sagemaker.describe_endpoint("churn")
    config = account.sagemaker.describe_endpoint_config(endpoint["EndpointConfigName"])
    account.sagemaker.confirm(config["EndpointConfigArn"], draft("live", 20).wanted.name)


def delete(account: PlanningAccount) -> None:
    """Let somebody delete the endpoint."""
    account.sagemaker.delete_endpoint("churn")
    account.sleep(10)
