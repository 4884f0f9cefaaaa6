"""Updates of the hosting simulator's endpoints go through the stages of their policy."""

from __future__ import annotations

from typing import Any

import pytest

from deployer.json_document import Document
from local.simulator import Settings
from tests.unit.hosting.account import Account, canary, images, percent, rolling, variant
from tests.unit.rollout_samples import CLEANING, DONE, FOUR, NEW, PLANS, READY, SHORT, STEP

BAKING = READY + SHORT + 1
"""Seconds after an update's beginning, when its first step bakes."""


@pytest.mark.parametrize(("deployment", "stages", "seconds"), PLANS.values(), ids=PLANS)
def test_an_update_goes_through_the_stages_of_its_policy(
    deployment: Document, stages: list[tuple[str, str, str]], seconds: float
) -> None:
    """DescribeEndpoint shows the endpoint's status and the stages of both fleets; the rollout takes the stated time."""
    account = Account()
    account.serve(*FOUR)
    account.describe()
    began = account.clock.now()
    account.update(deployment, *NEW)

    seen = account.stages(seconds=SHORT)

    # The last look was followed by one more pause.
    assert account.clock.now() - SHORT - began == READY + SHORT + seconds + SHORT
    assert seen == stages
    described = account.describe()
    assert described["EndpointConfigName"] == "d"
    assert "PendingDeploymentSummary" not in described
    assert described.get("LastDeploymentConfig", {}) == deployment


def test_a_pending_deployment_is_described_in_full() -> None:
    """Name, start, stage with its own start, weights and counts, of both fleets."""
    account = Account()
    account.serve(*FOUR)
    account.describe()
    began = account.clock.now()
    account.update(canary(size=25), variant(InitialInstanceCount=8, ModelName="n", InitialVariantWeight=2.0))
    account.clock.sleep(BAKING)

    described = account.describe()

    pending = described["PendingDeploymentSummary"]
    assert pending["EndpointConfigName"] == "d"
    assert pending["StartTime"].timestamp() == began
    (new,) = pending["ProductionVariants"]
    assert new.pop("VariantStatus")[0]["StartTime"].timestamp() == began + READY + SHORT
    assert new == {
        "VariantName": "A",
        "DeployedImages": images("n", pending["StartTime"]),
        "CurrentWeight": 0.5,
        "DesiredWeight": 2.0,
        "CurrentInstanceCount": 8,
        "DesiredInstanceCount": 8,
        "InstanceType": "ml.m5.large",
    }
    assert described["ProductionVariants"] == [
        {
            "VariantName": "A",
            "DeployedImages": images("m", described["CreationTime"]),
            "CurrentWeight": 1.0,
            "DesiredWeight": 1.0,
            "CurrentInstanceCount": 4,
            "DesiredInstanceCount": 4,
        }
    ]


def test_a_rolling_update_replaces_instances_by_batches() -> None:
    """The counts of both fleets show how far it is."""
    account = Account()
    account.serve(*FOUR)
    account.update(rolling(percent(50)), *NEW)
    seen: list[Any] = []
    while account.state[0] == "Updating":
        described = account.look()
        fleets = (described["ProductionVariants"], described["PendingDeploymentSummary"]["ProductionVariants"])
        counts = tuple(fleet[0]["CurrentInstanceCount"] for fleet in fleets)
        if not seen or seen[-1] != counts:
            seen.append(counts)
        account.clock.sleep(SHORT)

    assert seen == [(4, 0), (4, 2), (2, 2), (2, 4)]


def test_the_last_deployment_config_can_be_used_again() -> None:
    """RetainDeploymentConfig goes by the guardrails of the update before."""
    account = Account()
    account.serve()
    account.update(canary())
    account.clock.sleep(10_000)
    account.create_config("f")

    account.sagemaker.update_endpoint(EndpointName="e", EndpointConfigName="f", RetainDeploymentConfig=True)

    assert account.stages()[-4:] == [*STEP, CLEANING, DONE]
    assert account.describe()["LastDeploymentConfig"] == canary()


def test_a_replica_that_lags_shows_an_earlier_stage() -> None:
    """Each stage is written as it is entered, so that a stale answer is an older one and none that never was."""
    account = Account(options={"seed": 5})
    account.serve()
    account.update(canary())
    account.simulator.settings = Settings(lag=40)
    account.clock.sleep(READY - SHORT)
    order = ["Creating", "ActivatingTraffic", "Baking"]
    seen: list[Any] = []
    for _ in range(100):
        account.clock.sleep(1)
        (new,) = account.look()["PendingDeploymentSummary"]["ProductionVariants"]
        seen.append(order.index(new["VariantStatus"][0]["Status"]))

    assert set(seen) == {0, 1, 2}
    assert seen != sorted(seen), "a stale read after a good one"
    assert seen[-1] == 2


def test_an_untouched_endpoint_costs_no_computing() -> None:
    """A look skips endpoints that have nothing due, however many there are."""
    account = Account()
    account.serve()
    for number in range(50):
        account.simulator.call("CreateEndpoint", {"EndpointName": f"other-{number}", "EndpointConfigName": "c"})
    account.clock.sleep(10_000)
    account.simulator.catch_up()

    assert account.simulator._lifecycle._queue == []
    assert account.simulator._lifecycle._watched == {}
