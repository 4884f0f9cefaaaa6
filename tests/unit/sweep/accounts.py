"""What is left in a simulated account, and its sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.unit.manual_clock import Clock
from tests.unit.planning_samples import NOON
from tests.unit.sweep_factories import Sweeper
from tests.unit.sweep_fakes import FakeObjects, FakeSageMaker

if TYPE_CHECKING:
    from deployer.planning.plan import Plan
    from tests.unit.planning_account import PlanningAccount


def existing(account: PlanningAccount) -> set[str]:
    """Return the names of all models and endpoint configs."""
    resources = account.simulator.resources()
    return {*resources["Models"], *resources["EndpointConfigs"]}


def parts(*plans: Plan) -> set[str]:
    """Return the names of the models and endpoint configs of plans."""
    return {name for each in plans for name in each.names}


def delete_endpoint(account: PlanningAccount) -> None:
    """Delete the endpoint, as a person does."""
    account.sagemaker.delete_endpoint("churn")
    account.sleep(10)


def sweep_at_noon(account: FakeSageMaker) -> None:
    """Sweep an account in memory."""
    Sweeper(account, FakeObjects(), Clock(NOON.timestamp())).sweep()
