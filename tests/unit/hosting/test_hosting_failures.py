"""Updates and creations of the hosting simulator's endpoints that fail, and their reasons."""

from __future__ import annotations

import pytest

from deployer.json_document import Document
from local.simulator import Failure, Settings
from tests.unit.hosting.account import WAIT, Account, canary, percent, refused, rolling, variant
from tests.unit.hosting.hosting_rollback_samples import ALARM, BAKING, FOUR, NEW, READY, SETTINGS, SHORT

CAPACITY = "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error."
FAILURES: dict[str, tuple[Document, Failure, float, list[str]]] = {
    "it does not come up": (canary(), Failure("d", "Creating", CAPACITY), READY, ["m"]),
    "the second batch does not come up": (
        rolling(percent(50)),
        Failure("d", "Creating", CAPACITY, step=2),
        READY + SHORT + WAIT + SHORT + READY,
        ["m", "n"],
    ),
    "the canary fails": (canary(), Failure("d", "Baking", CAPACITY), READY + SHORT + WAIT, ["m"]),
    "the rest fails": (canary(), Failure("*", "Baking", CAPACITY, step=2), READY + 2 * (SHORT + WAIT), ["m"]),
    "all at once fails": ({}, Failure("d", "Baking", CAPACITY), READY + SHORT, ["m"]),
}


@pytest.mark.parametrize("is_emptied", [False, True], ids=["with its reason", "without"])
@pytest.mark.parametrize(("deployment", "failure", "seconds", "models"), FAILURES.values(), ids=FAILURES)
def test_an_update_that_fails_is_rolled_back(
    deployment: Document, failure: Failure, seconds: float, models: list[str], *, is_emptied: bool
) -> None:
    """The endpoint ends in service on the old config after a failure in any stage, with a reason or without."""
    account = Account(settings=Settings(failures=(failure,), empties_failure_reason=is_emptied))
    account.serve(*FOUR) if failure.config == "d" else account.serve(variant(InitialInstanceCount=4))
    account.describe()
    account.update(deployment, *NEW)

    account.clock.sleep(seconds - 1)
    during = account.state[0]
    account.clock.sleep(1)
    rolling_back, answering = account.state[0], account.models(100)
    account.clock.sleep(SETTINGS.rollback_seconds)

    assert (during, rolling_back) == ("Updating", "RollingBack")
    assert sorted(answering) == models
    assert account.state == ("InService", "c")
    assert account.describe().get("FailureReason", "") == ("" if is_emptied else CAPACITY)
    assert account.models(20).keys() == {"m"}


def test_next_update_clears_the_failure_reason() -> None:
    """FailureReason is that of the last update."""
    account = Account(settings=Settings(failures=(Failure("d", "Creating", CAPACITY, times=1),)))
    account.serve()
    account.update()
    account.clock.sleep(READY + SETTINGS.rollback_seconds)
    failed = account.describe()["FailureReason"]

    account.sagemaker.update_endpoint(EndpointName="e", EndpointConfigName="d")
    again = account.describe()
    account.clock.sleep(READY + 2 * SHORT)

    assert failed == CAPACITY
    assert "FailureReason" not in again
    assert account.state == ("InService", "d"), "the failure occurs once"


@pytest.mark.parametrize(
    ("deployment", "mixed"),
    [(canary(ALARM, size=50), {"m", "n"}), (rolling(percent(50), ALARM), {"m", "n"})],
    ids=["canary", "rolling"],
)
def test_a_rollback_that_fails_leaves_a_mixed_fleet(deployment: Document, mixed: set[str]) -> None:
    """UpdateRollbackFailed serves from both fleets, keeps the old config, and can only be deleted."""
    account = Account(settings=Settings(failures=(Failure("d", "RollingBack", "It is a mess."),)))
    account.serve(*FOUR)
    account.update(deployment, *NEW)
    account.clock.sleep(BAKING)
    account.simulator.catch_up()
    account.alarms.add(ALARM)

    seen = account.stages()

    described = account.describe()
    assert [status for status, _, _ in seen] == ["RollingBack", "UpdateRollbackFailed"]
    assert (described["EndpointConfigName"], described["FailureReason"]) == ("c", "It is a mess.")
    assert "PendingDeploymentSummary" not in described
    assert account.models().keys() == mixed
    account.sagemaker.delete_endpoint(EndpointName="e")
    account.clock.sleep(SETTINGS.delete_seconds)
    assert refused(account.describe)[1].startswith("Could not find endpoint ")


def test_a_creation_that_fails_is_failed() -> None:
    """There is nothing to go back to."""
    account = Account(settings=Settings(failures=(Failure("c", "Creating", CAPACITY),)))
    account.serve()

    described = account.describe()

    assert (described["EndpointStatus"], described["FailureReason"]) == ("Failed", CAPACITY)
    assert "PendingDeploymentSummary" not in described
    assert "ProductionVariants" not in described
