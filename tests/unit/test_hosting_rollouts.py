"""Updates of the hosting simulator's endpoints through guardrails: stages, traffic, and what is retained."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from deployer.json_document import Document
from local.simulator import Settings
from tests.unit.hosting_account import (
    WAIT,
    Account,
    blue_green,
    canary,
    images,
    instances,
    percent,
    refused,
    rolling,
    variant,
    watching,
)

ALARM = "errors"
SETTINGS = Settings()
READY = SETTINGS.update_seconds
SHORT = SETTINGS.stage_seconds
BAKING = READY + SHORT + 1
"""Seconds after an update's beginning, when its first step bakes."""
FOUR = [variant(InitialInstanceCount=4)]
NEW = [variant(InitialInstanceCount=4, ModelName="n")]
STEP = [("Updating", "", "ActivatingTraffic"), ("Updating", "", "Baking")]
PROVISION, CLEANING = ("Updating", "", "Creating"), ("Updating", "Deleting", "")
DONE = ("InService", "", "")

PLANS: dict[str, tuple[Document, list[tuple[str, str, str]], float]] = {
    "without guardrails": ({}, [PROVISION, STEP[0], CLEANING, DONE], 0),
    "all at once": (blue_green("ALL_AT_ONCE"), [PROVISION, *STEP, CLEANING, DONE], WAIT),
    "canary": (canary(), [PROVISION, *STEP, *STEP, CLEANING, DONE], 2 * WAIT + SHORT),
    "linear": (
        blue_green("LINEAR", LinearStepSize=percent(40)),
        [PROVISION, *STEP, *STEP, *STEP, CLEANING, DONE],
        3 * WAIT + 2 * SHORT,
    ),
    "the old fleet waits": (
        canary(TerminationWaitInSeconds=900),
        [PROVISION, *STEP, *STEP, ("Updating", "", ""), CLEANING, DONE],
        2 * WAIT + SHORT + 900,
    ),
    "rolling": (
        rolling(instances(2)),
        2 * [PROVISION, *STEP, CLEANING] + [DONE],
        2 * WAIT + 2 * SHORT + READY,
    ),
    "rolling by 3 of 10 percent": (
        rolling(percent(30)),  # of 4 instances: 2 at a time
        2 * [PROVISION, *STEP, CLEANING] + [DONE],
        2 * WAIT + 2 * SHORT + READY,
    ),
}


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


def test_a_deployment_that_is_pending_is_told_in_full() -> None:
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
    """The counts of both fleets tell how far it is."""
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


@pytest.mark.parametrize(
    ("deployment", "shares"),
    [
        pytest.param(blue_green("ALL_AT_ONCE"), [1.0], id="all at once"),
        pytest.param(canary(size=10), [0.1, 1.0], id="canary"),
        pytest.param(blue_green("CANARY", CanarySize=instances(1)), [0.25, 1.0], id="canary of one instance"),
        pytest.param(blue_green("LINEAR", LinearStepSize=percent(40)), [0.4, 0.8, 1.0], id="linear"),
        pytest.param(blue_green("LINEAR", LinearStepSize=percent(50)), [0.5, 1.0], id="linear by halves"),
        pytest.param(rolling(instances(1)), [0.25, 0.5, 0.75, 1.0], id="rolling"),
    ],
)
def test_traffic_shifts_in_steps(deployment: Document, shares: list[float]) -> None:
    """While a step bakes, the new fleet answers its share; before the first and after the last, one fleet answers."""
    account = Account()
    account.serve(*FOUR)
    account.update(deployment, *NEW)
    account.clock.sleep(READY + SHORT - 1)
    before = account.models(100)
    account.clock.sleep(2)

    seen: list[Any] = []
    for _ in shares:
        seen.append(account.models(400)["n"] / 400)
        account.clock.sleep(WAIT + SHORT + (READY + SHORT if "RollingUpdatePolicy" in deployment else 0))

    assert before == Counter(m=100)
    assert seen == pytest.approx(shares, abs=0.08)
    assert all(share in {0.0, 1.0} or 0 < part < 1 for share, part in zip(shares, seen, strict=True))
    account.clock.sleep(10_000)
    assert account.models(100) == Counter(n=100)


@pytest.mark.parametrize(("deployment", "stages", "seconds"), PLANS.values(), ids=PLANS)
@pytest.mark.parametrize("is_alarmed", [False, True], ids=["healthy", "rolled back"])
def test_no_invocation_fails(
    deployment: Document, stages: list[tuple[str, str, str]], seconds: float, *, is_alarmed: bool
) -> None:
    """At every moment of an update and of a rollback, one of both fleets answers, whichever variant is asked for."""
    del stages
    account = Account()
    account.serve(*FOUR)
    account.update({**deployment, **watching(ALARM)}, *NEW)
    seen: set[str] = set()
    for _ in range(int(READY + seconds + 300) // 5):
        account.clock.sleep(5)
        seen |= account.models(1).keys() | account.models(1, TargetVariant="A").keys()
        if is_alarmed and "n" in seen:
            account.alarms.add(ALARM)

    status, config = account.state
    assert status == "InService"
    assert account.models(20).keys() == {"m" if config == "c" else "n"}
    # All at once without a wait is over before anything can be seen of it.
    assert (config == "c") is (is_alarmed and seconds > 0)


def test_other_variant_names_are_switched_at_once() -> None:
    """Without guardrails the names may differ: those of the fleet that has the traffic can be asked for."""
    account = Account()
    account.serve()
    account.update(None, variant(VariantName="B", ModelName="n"))
    account.clock.sleep(READY + SHORT - 1)

    before = account.invoke(TargetVariant="A")["Model"], refused(account.invoke, TargetVariant="B")[0]
    account.clock.sleep(1)
    after = account.invoke(TargetVariant="B")["Model"], refused(account.invoke, TargetVariant="A")

    assert before == ("m", "ValidationError")
    assert after == ("n", ("ValidationError", "Variant A was not found for endpoint e"))


@pytest.mark.parametrize(
    ("request_members", "weight", "count"),
    [
        pytest.param({}, 1.0, 2, id="nothing"),
        pytest.param({"RetainAllVariantProperties": False}, 1.0, 2, id="nothing, and it is said"),
        pytest.param({"RetainAllVariantProperties": True}, 3.0, 7, id="all"),
        pytest.param({"RetainAllVariantProperties": True, "exclude": ["DesiredWeight"]}, 1.0, 7, id="but weights"),
        pytest.param(
            {"RetainAllVariantProperties": True, "exclude": ["DesiredInstanceCount"]}, 3.0, 2, id="but counts"
        ),
        pytest.param(
            {"RetainAllVariantProperties": True, "exclude": ["DesiredWeight", "DesiredInstanceCount"]},
            1.0,
            2,
            id="none",
        ),
    ],
)
def test_what_was_set_since_is_retained_or_not(request_members: Document, weight: float, count: int) -> None:
    """Weights and counts are those of the live variants or of the new config; a variant that is new has its own."""
    account = Account()
    account.serve(variant(), variant(VariantName="B"))
    desired = [{"VariantName": "A", "DesiredWeight": 3.0, "DesiredInstanceCount": 7}]
    account.sagemaker.update_endpoint_weights_and_capacities(EndpointName="e", DesiredWeightsAndCapacities=desired)
    members = dict(request_members)
    if excluded := members.pop("exclude", None):
        members["ExcludeRetainedVariantProperties"] = [{"VariantPropertyType": each} for each in excluded]

    account.update(None, variant(InitialInstanceCount=2), variant(VariantName="C", InitialVariantWeight=5.0), **members)
    pending = account.describe()["PendingDeploymentSummary"]["ProductionVariants"]
    account.clock.sleep(READY + 2 * SHORT)
    kept, new = account.describe()["ProductionVariants"]

    assert (pending[0]["DesiredWeight"], pending[0]["DesiredInstanceCount"]) == (weight, count)
    assert (kept["CurrentWeight"], kept["CurrentInstanceCount"]) == (weight, count)
    assert (new["CurrentWeight"], new["CurrentInstanceCount"]) == (5.0, 1)


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


def test_an_endpoint_that_nobody_touches_costs_nothing() -> None:
    """A look passes over endpoints that have nothing due, however many there are."""
    account = Account()
    account.serve()
    for number in range(50):
        account.simulator.call("CreateEndpoint", {"EndpointName": f"other-{number}", "EndpointConfigName": "c"})
    account.clock.sleep(10_000)
    account.simulator.catch_up()

    assert account.simulator._lifecycle._queue == []
    assert account.simulator._lifecycle._watched == {}
