"""Updates of the hosting simulator's endpoints that an alarm or a time limit rolls back."""

from __future__ import annotations

import pytest

from deployer.json_document import Document
from tests.unit.hosting.account import WAIT, Account, blue_green, canary, instances, percent, rolling
from tests.unit.hosting.hosting_rollback_samples import ALARM, BAKING, FOUR, NEW, READY, SETTINGS, SHORT


@pytest.mark.parametrize(
    ("seconds", "is_rolled_back"),
    [
        pytest.param(0, True, id="before the update"),
        pytest.param(READY - 1, True, id="before traffic shifts"),
        pytest.param(READY + 1, True, id="while traffic shifts"),
        pytest.param(BAKING, True, id="while the canary bakes"),
        pytest.param(BAKING + WAIT, True, id="while the rest of the traffic shifts"),
        pytest.param(BAKING + WAIT + SHORT, True, id="while the rest bakes"),
        pytest.param(BAKING + 2 * WAIT + SHORT, False, id="while the old fleet waits"),
        pytest.param(BAKING + 2 * WAIT + SHORT + 900, False, id="while the old fleet is deleted"),
    ],
)
def test_an_alarm_rolls_back_while_traffic_shifts_and_bakes(seconds: float, *, is_rolled_back: bool) -> None:
    """Earlier there is nothing to watch yet, later there is no way back; FailureReason stays empty."""
    account = Account()
    account.serve()
    account.update(canary(ALARM, TerminationWaitInSeconds=900))
    account.clock.sleep(seconds)
    account.simulator.catch_up()
    account.alarms.add(ALARM)

    seen = account.stages(seconds=5)

    assert (("RollingBack", "", "Deleting") in seen) is is_rolled_back
    assert account.state == ("InService", "c" if is_rolled_back else "d")
    assert "FailureReason" not in account.describe()


def test_alarm_in_alarm_counts_for_unobserved_stages() -> None:
    """The endpoint was not described for a long time: the alarm was watched in the stages that passed."""
    account = Account()
    account.serve()
    account.update(canary(ALARM))
    account.alarms.add(ALARM)

    account.clock.sleep(100_000)

    assert account.state == ("InService", "c")


def test_the_alarms_of_others_count_for_nothing() -> None:
    """An update looks at its own alarms, and each is asked once a look."""
    asked: list[str] = []

    def is_on(name: str) -> bool:
        asked.append(name)
        return False

    account = Account(options={"alarm_is_on": is_on})
    account.serve()
    account.update(canary("a", "b"))
    account.clock.sleep(BAKING)

    account.describe()

    assert asked == ["a", "b"]


def test_the_old_fleet_has_the_traffic_as_soon_as_it_rolls_back() -> None:
    """A blue fleet is still there: nothing has to come up first."""
    account = Account()
    account.serve()
    account.update(canary(ALARM, size=50))
    account.clock.sleep(BAKING)
    mixed = account.models()
    account.alarms.add(ALARM)

    assert mixed.keys() == {"m", "n"}
    assert account.models().keys() == {"m"}
    assert account.state == ("RollingBack", "c")


@pytest.mark.parametrize(
    ("size", "shares"),
    [
        pytest.param({}, [0.75], id="at once"),
        pytest.param({"RollbackMaximumBatchSize": percent(100)}, [0.75], id="all of it"),
        pytest.param({"RollbackMaximumBatchSize": instances(1)}, [0.75, 0.5, 0.25], id="by instances"),
        pytest.param({"RollbackMaximumBatchSize": percent(50)}, [0.75, 0.375], id="by halves"),
    ],
)
def test_a_rolling_update_goes_back_by_batches(size: Document, shares: list[float]) -> None:
    """Deleted instances of the old fleet have to start again before it gets its traffic back."""
    account = Account()
    account.serve(*FOUR)
    account.update(rolling(instances(1), ALARM, **size), *NEW)
    account.clock.sleep(3 * (READY + SHORT) + 2 * (WAIT + SHORT) + 1)
    account.simulator.catch_up()
    account.alarms.add(ALARM)

    seen = []
    while account.state == ("RollingBack", "c"):
        (new,) = account.look()["PendingDeploymentSummary"]["ProductionVariants"]
        seen.append((new["CurrentWeight"], account.models(400)["n"] / 400))
        account.clock.sleep(SETTINGS.rollback_seconds)

    assert [weight for weight, _ in seen] == shares
    assert [share for _, share in seen] == pytest.approx(shares, abs=0.08)
    assert account.state == ("InService", "c")
    assert account.models(20).keys() == {"m"}
    assert account.describe()["ProductionVariants"][0]["CurrentInstanceCount"] == 4


@pytest.mark.parametrize(
    ("deployment", "seconds"),
    [
        (canary(MaximumExecutionTimeoutInSeconds=1200), 1200),
        (rolling(percent(50), MaximumExecutionTimeoutInSeconds=1201), 1201),
        (canary(size=5, TerminationWaitInSeconds=3600, MaximumExecutionTimeoutInSeconds=4201), 4201),
    ],
    ids=["canary", "rolling", "while the old fleet waits"],
)
def test_an_update_that_takes_too_long_is_rolled_back(deployment: Document, seconds: int) -> None:
    """At the moment of its MaximumExecutionTimeoutInSeconds, whenever it is described; its waits alone would fit."""
    account = Account()
    account.serve(*FOUR)
    account.update(deployment, *NEW)

    account.clock.sleep(seconds - 1)
    during = account.state
    account.clock.sleep(1)
    after = account.state
    account.clock.sleep(SETTINGS.rollback_seconds)

    assert during == ("Updating", "c")
    assert after == ("RollingBack", "c")
    assert account.state == ("InService", "c")
    assert "MaximumExecutionTimeoutInSeconds" in account.describe()["FailureReason"]


def test_an_update_within_its_time_is_done() -> None:
    """The time that it may take ends nothing that is over but for what is left to delete."""
    account = Account()
    account.serve()
    account.update(blue_green("ALL_AT_ONCE", policy={"MaximumExecutionTimeoutInSeconds": int(READY + SHORT + WAIT)}))

    account.clock.sleep(100_000)

    assert account.state == ("InService", "d")
