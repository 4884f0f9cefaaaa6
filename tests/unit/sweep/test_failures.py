"""A sweep goes on after a failure, never deletes what it could not look up, and makes few calls."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from deployer.cleanup.sweep import Cursor
from deployer.errors import AccessDeniedError, SageMakerUnavailableError
from local.simulator.settings import Fault
from tests.unit.planning_samples import NOON, STACK, revision
from tests.unit.sweep.accounts import delete_endpoint, existing, parts, sweep_at_noon
from tests.unit.sweep_factories import DAY, Sweeper, names
from tests.unit.sweep_fakes import FakeSageMaker

if TYPE_CHECKING:
    from tests.unit.planning_account import PlanningAccount


def test_refused_deletion_is_counted_and_the_sweep_goes_on(account: PlanningAccount, sweeper: Sweeper) -> None:
    kept, other = account.serve("kept"), account.serve("other", 20)
    delete_endpoint(account)
    denied = Fault(
        "DeleteModel", "rejected", code="AccessDeniedException", resource=next(iter(kept.model_names.values()))
    )
    account.simulator.settings = replace(account.simulator.settings, faults=(denied,))
    account.sleep(DAY + 1)

    cursor = sweeper.sweep()

    (model,) = kept.model_names.values()
    assert cursor.refused.names == [f"{model}: PermissionNotReadyError"]
    assert existing(account) == {model}
    assert names(cursor)["Revisions"] == [other.revision]


def test_second_sweep_removes_nothing_more(account: PlanningAccount, sweeper: Sweeper) -> None:
    for number in range(4):
        account.serve(f"image-{number}", 20 * number)
    account.sleep(DAY + 1)
    sweeper.sweep()

    assert names(sweeper.sweep()) == {}


def test_sweep_goes_on_where_it_stopped(account: PlanningAccount, sweeper: Sweeper) -> None:
    """Invocations with little time remove together what one with enough removes."""
    plans = [account.serve(f"image-{number}", 20 * number) for number in range(6)]
    account.sleep(DAY + 1)
    sweeper.invocation = timedelta(seconds=3)

    cursor = sweeper.sweep()

    assert sweeper.invocations > 3
    assert existing(account) == parts(*plans[4:])
    assert (
        cursor.removed["EndpointConfigs"].count
        == cursor.removed["Models"].count
        == cursor.removed["Revisions"].count
        == 4
    )


def test_sweep_makes_few_calls_a_second(account: PlanningAccount, sweeper: Sweeper) -> None:
    for number in range(6):
        account.serve(f"image-{number}", 20 * number)
    account.sleep(DAY + 1)
    before, began = len(account.calls()), account.clock.now()

    sweeper.sweep()

    assert len(account.calls(before)) <= 4 * (account.clock.now() - began)


def test_passing_error_ends_only_an_invocation_that_got_further(account: PlanningAccount, sweeper: Sweeper) -> None:
    account.serve("first")
    account.serve("second", 20)
    delete_endpoint(account)
    account.sleep(DAY + 1)
    fault = Fault("DeleteEndpointConfig", "unavailable", skip=1, times=None)
    account.simulator.settings = replace(account.simulator.settings, faults=(fault,))
    cursor = Cursor(started_at=account.now)

    is_done = sweeper.invoke(cursor)

    assert not is_done
    assert cursor.removed["EndpointConfigs"].count == 1
    with pytest.raises(SageMakerUnavailableError):
        sweeper.invoke(cursor)


def test_config_that_is_created_during_the_sweep_protects_its_model(account: PlanningAccount, sweeper: Sweeper) -> None:
    made = account.serve("taken")
    (model,) = made.model_names.values()
    delete_endpoint(account)
    account.sleep(DAY + 1)
    variant = {"VariantName": "A", "ModelName": model, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    take = {"EndpointConfigName": "a-person-s", "ProductionVariants": [variant]}
    delete = account.sagemaker.delete_endpoint_config

    def delete_and_take(name: str) -> None:
        delete(name)
        account.sagemaker.create_endpoint_config(take)

    service = mock.Mock(wraps=account.sagemaker, delete_endpoint_config=delete_and_take)
    Sweeper(service, sweeper.objects, account.clock).sweep()

    assert existing(account) == {model, "a-person-s"}


def test_config_that_cannot_be_described_protects_older_models() -> None:
    """It may name any model that existed when it was made."""
    account, (older, younger) = FakeSageMaker(), ("churn-m-0123456789ab", "churn-m-ba9876543210")
    account.add_model(older, NOON - timedelta(hours=60), stack=STACK)
    account.add_config("secret", at=NOON - timedelta(hours=50))
    account.add_model(younger, NOON - timedelta(hours=40), stack=STACK)

    def deny(method: str, name: str) -> None:
        if (method, name) == ("find_endpoint_config", "secret"):
            raise AccessDeniedError("DescribeEndpointConfig: no")

    account.before_call = deny

    sweep_at_noon(account)

    assert account.models.keys() == {older}


def test_update_without_a_known_target_protects_everything_of_the_endpoint() -> None:
    account, (older, served) = FakeSageMaker(), (revision(number, number).name for number in range(2))
    for name in (older, served):
        account.add_config(name, at=NOON - timedelta(days=2), stack=STACK)
    account.add_model("churn-m-0123456789ab", NOON - timedelta(days=2), stack=STACK)
    account.add_endpoint("churn", served)
    account.endpoints["churn"]["EndpointStatus"] = "Updating"

    sweep_at_noon(account)

    assert account.configs.keys() == {older, served}
    assert account.models
