"""Every status that an endpoint of the hosting simulator can be in, and what can be done to it then."""

from __future__ import annotations

import math
from typing import Any

import pytest

from local.simulator import Settings
from local.simulator.validation import model
from tests.unit.hosting.account import ARN, Account, canary, refused

STATUSES: dict[str, tuple[bool, str]] = {
    "OutOfService": (False, "in status OutOfService"),
    "Creating": (False, "in-progress"),
    "Updating": (True, "in-progress"),
    "SystemUpdating": (True, "in-progress"),
    "RollingBack": (True, "in-progress"),
    "InService": (True, ""),
    "Deleting": (False, "in-progress"),
    "Failed": (False, "in status Failed"),
    "UpdateRollbackFailed": (True, "in status UpdateRollbackFailed"),
}
"""Whether an endpoint answers in a status, and what an update is refused with."""


def test_every_status_of_the_api_is_looked_at() -> None:
    """A status that SageMaker adds is noticed here."""
    shape: Any = model("sagemaker").shape_for("EndpointStatus")

    assert STATUSES.keys() == {*shape.enum}


def test_a_failed_creation_can_only_be_deleted() -> None:
    """Failed is final: an update is refused, a deletion takes its time and then the name is free."""
    account = Account(settings=Settings(failure_reasons={"*": "The image 'x' does not exist."}))
    account.serve()
    account.create_config("d")

    failed = account.describe()
    busy = refused(account.sagemaker.update_endpoint, EndpointName="e", EndpointConfigName="d")
    account.sagemaker.delete_endpoint(EndpointName="e")
    deleting = account.describe()["EndpointStatus"]
    account.clock.sleep(account.settings.delete_seconds)

    assert (failed["EndpointStatus"], failed["FailureReason"]) == ("Failed", "The image 'x' does not exist.")
    assert busy == ("ValidationException", f'Cannot update endpoint "{ARN}endpoint/e" in status Failed.')
    assert deleting == "Deleting"
    assert refused(account.describe)[1].startswith("Could not find endpoint ")


@pytest.mark.parametrize("status", STATUSES)
def test_an_endpoint_is_put_into_a_status_at_once(status: str) -> None:
    """It answers, and is changed, as the service has it for that status."""
    account = Account()
    account.serve()
    account.create_config("d")
    answers, said = STATUSES[status]

    account.simulator.set_status("e", status, "as the test wants it", seconds=math.inf)

    described = account.describe()
    assert (described["EndpointStatus"], described["FailureReason"]) == (status, "as the test wants it")
    if answers:
        assert account.invoke()["Model"] == "m"
    else:
        assert refused(account.invoke) == ("ValidationError", "Endpoint e of account 111122223333 not found.")
    if said:
        code, message = refused(account.sagemaker.update_endpoint, EndpointName="e", EndpointConfigName="d")
        assert code == "ValidationException"
        assert message.startswith("Cannot update ")
        assert said in message
    else:
        assert account.sagemaker.update_endpoint(EndpointName="e", EndpointConfigName="d")


@pytest.mark.parametrize("status", STATUSES)
def test_changing_endpoint_cannot_be_deleted(status: str) -> None:
    """DeleteEndpoint is the way out of every status that does not pass."""
    account = Account()
    account.serve()
    account.simulator.set_status("e", status, seconds=math.inf)

    if STATUSES[status][1] == "in-progress":
        busy = refused(account.sagemaker.delete_endpoint, EndpointName="e")

        assert busy == ("ValidationException", f'Cannot update in-progress endpoint "{ARN}endpoint/e".')
    else:
        account.sagemaker.delete_endpoint(EndpointName="e")
        account.clock.sleep(account.settings.delete_seconds)

        assert refused(account.describe)[1].startswith("Could not find endpoint ")
        assert account.simulator.tags(f"{ARN}endpoint/e") == {}


@pytest.mark.parametrize("phase", ["Creating", "InService", "canary", "RollingBack"])
@pytest.mark.parametrize("status", STATUSES)
def test_forced_status_cancels_due_transitions(status: str, phase: str) -> None:
    """A forced transient status ends in service on the attached config, or in a deletion."""
    account = Account(settings=Settings(failure_reasons={"d": "no"} if phase == "RollingBack" else {}))
    account.serve()
    if phase == "Creating":
        account.simulator.set_status("e", "Creating")
    elif phase != "InService":
        account.update(canary())
        account.clock.sleep(account.settings.update_seconds + 60)
        account.describe()

    account.simulator.set_status("e", status, seconds=50_000)
    account.clock.sleep(49_999)
    during = account.state
    account.clock.sleep(50_000)

    assert during == (status, "c")
    if status == "Deleting":
        assert refused(account.describe)[1].startswith("Could not find endpoint ")
    elif status in {"OutOfService", "Failed", "UpdateRollbackFailed"}:
        assert account.state == (status, "c")
    else:
        assert account.state == ("InService", "c")
        assert account.models(100).keys() == {"m"}


def test_a_system_update_lasts_as_long_as_the_settings_say() -> None:
    """Maintenance changes nothing, and passes by itself."""
    account = Account(settings=Settings(system_update_seconds=120))
    account.serve()
    before = account.describe()["ProductionVariants"]
    account.simulator.set_status("e", "SystemUpdating")

    account.clock.sleep(119)
    during = account.state
    account.clock.sleep(1)

    assert during == ("SystemUpdating", "c")
    assert account.state == ("InService", "c")
    assert account.describe()["ProductionVariants"] == before


def test_a_failed_rollback_leaves_the_mix_that_it_found() -> None:
    """Put into UpdateRollbackFailed amid a canary, both fleets go on answering until somebody settles it."""
    account = Account()
    account.serve()
    account.update(canary(size=50))
    account.clock.sleep(account.settings.update_seconds + 60)
    account.describe()

    account.simulator.set_status("e", "UpdateRollbackFailed")
    mixed = account.models()
    account.simulator.set_status("e", "InService")

    assert mixed.keys() == {"m", "n"}
    assert account.models().keys() == {"m"}


@pytest.mark.parametrize(("name", "status"), [("e", "Sleeping"), ("x", "InService")])
def test_status_or_endpoint_that_does_not_exist_is_refused(name: str, status: str) -> None:
    """An unknown status and an unknown endpoint are errors."""
    account = Account()
    account.serve()

    with pytest.raises(LookupError):
        account.simulator.set_status(name, status)
