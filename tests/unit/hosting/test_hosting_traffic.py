"""Traffic of the hosting simulator's endpoints during an update, and what an update retains."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from deployer.json_document import Document
from tests.unit.hosting.account import (
    WAIT,
    Account,
    blue_green,
    canary,
    instances,
    percent,
    refused,
    rolling,
    variant,
    watching,
)
from tests.unit.rollout_samples import FOUR, NEW, PLANS, READY, SHORT

ALARM = "errors"


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
def test_weights_and_counts_are_retained_if_the_update_asks_for_it(
    request_members: Document, weight: float, count: int
) -> None:
    """Weights and counts are those of the live variants or of the new config; a variant that is new has its own."""
    account = Account()
    account.serve(variant(), variant(VariantName="B"))
    for desired in ({"DesiredWeight": 3.0}, {"DesiredInstanceCount": 7}):
        change = [{"VariantName": "A", **desired}]
        account.sagemaker.update_endpoint_weights_and_capacities(EndpointName="e", DesiredWeightsAndCapacities=change)
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
