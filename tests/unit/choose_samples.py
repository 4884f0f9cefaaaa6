"""Endpoints as an execution finds them, and the plan that it chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.planning.choose import choose_action
from deployer.tags import STACK_TAG, tag_list
from tests.unit.planning_samples import STACK
from tests.unit.request_samples import REGISTRY, ROLE, variant

if TYPE_CHECKING:
    from deployer.planning.draft_state import Draft
    from deployer.planning.plan import Plan
    from tests.unit.planning_account import PlanningAccount


def choose(account: PlanningAccount, wanted: Draft) -> Plan:
    """Choose the action of a draft."""
    return choose_action(wanted, account.planning)


def make_config(account: PlanningAccount, name: str) -> None:
    """Make an endpoint config by hand, and its model."""
    container = {"Image": f"{REGISTRY}/{name}:1"}
    account.sagemaker.create_model({"ModelName": name, "PrimaryContainer": container, "ExecutionRoleArn": ROLE})
    variants = [variant(VariantName="AllTraffic", ModelName=name)]
    account.sagemaker.create_endpoint_config({"EndpointConfigName": name, "ProductionVariants": variants})


def serve_by_hand(account: PlanningAccount, tags: dict[str, str] | None = None) -> None:
    """Bring an endpoint into service that somebody makes by hand, on the config `by-hand`, and tags."""
    make_config(account, "by-hand")
    request = {"EndpointName": "churn", "EndpointConfigName": "by-hand"}
    account.sagemaker.create_endpoint({**request, "Tags": tag_list({STACK_TAG: STACK} if tags is None else tags)})
    account.sleep(10)


def begin_update(account: PlanningAccount) -> None:
    """Begin to change the endpoint to a config that somebody makes by hand."""
    make_config(account, "next")
    account.sagemaker.update_endpoint({"EndpointName": "churn", "EndpointConfigName": "next"}, is_retry=False)
