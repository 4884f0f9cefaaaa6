"""SweepUnused in SageMaker: what is removed of a simulated account, and what stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from deployer.tags import DEPLOYED, PENDING, STACK_TAG, STATE_TAG, USED_AT_TAG
from tests.unit.planning_samples import NOON, STACK, revision
from tests.unit.sweep.accounts import delete_endpoint, existing, parts, sweep_at_noon
from tests.unit.sweep_factories import DAY, Sweeper, names
from tests.unit.sweep_fakes import FakeSageMaker

if TYPE_CHECKING:
    from tests.unit.planning_account import PlanningAccount


def tag(account: PlanningAccount, config: str, **tags: str) -> None:
    """Set tags of an endpoint config, by the last part of their keys."""
    arn = account.sagemaker.describe_endpoint_config(config)["EndpointConfigArn"]
    account.sagemaker.add_tags(
        arn, {f"endpoint-deployer:{key.replace('_', '-')}": value for key, value in tags.items()}
    )


def test_newest_deployed_revisions_stay(account: PlanningAccount, sweeper: Sweeper) -> None:
    plans = [account.serve(f"image-{number}", 20 * number) for number in range(4)]
    account.sleep(DAY + 1)

    cursor = sweeper.sweep()

    assert existing(account) == parts(*plans[2:])
    assert names(cursor)["EndpointConfigs"] == sorted(str(each.revision) for each in plans[:2])
    assert cursor.removed["Models"].count == cursor.removed["Revisions"].count == 2


def test_revision_that_failed_goes(account: PlanningAccount, sweeper: Sweeper) -> None:
    """It does not count as one of those that are retained, though it is the newest."""
    first, second = account.serve("first"), account.serve("second", 20)
    failed = account.serve("failed", 40, is_deployed=False)
    account.sagemaker.revert("churn", str(second.revision), {})
    account.sleep(DAY + 1)

    sweeper.sweep()

    assert existing(account) == parts(first, second)
    assert not parts(failed) & existing(account)


def test_resources_of_a_deleted_endpoint_are_swept(account: PlanningAccount, sweeper: Sweeper) -> None:
    account.serve("first")
    account.serve("second", 20)
    delete_endpoint(account)
    account.sleep(DAY + 1)

    sweeper.sweep()

    assert existing(account) == set()
    assert sweeper.objects.find_any("artifacts", "revisions/") is False


def test_young_resources_are_not_swept(account: PlanningAccount, sweeper: Sweeper) -> None:
    plans = [account.serve(f"image-{number}", 20 * number) for number in range(4)]
    delete_endpoint(account)

    assert names(sweeper.sweep()) == {}
    assert existing(account) == parts(*plans)


def test_config_that_an_endpoint_is_changing_to_stays(account: PlanningAccount, sweeper: Sweeper) -> None:
    served, other = account.serve("served"), account.serve("other", 20)
    account.sagemaker.revert("churn", str(served.revision), {})
    account.sleep(DAY + 1)
    tag(account, str(other.revision), state=PENDING)
    account.simulator.settings = replace(account.simulator.settings, update_seconds=3600.0)
    account.sagemaker.revert("churn", str(other.revision), {})

    sweeper.sweep()

    assert existing(account) == parts(served, other)


def test_previous_config_of_a_pending_revision_stays(account: PlanningAccount, sweeper: Sweeper) -> None:
    """Its run goes back to it, if the smoke test fails."""
    sweeper.retained = 1
    older, previous = account.serve("older"), account.serve("previous", 20)
    tag(account, str(previous.revision), state=PENDING)
    account.sleep(DAY + 1)
    current = account.serve("current", DAY + 60, is_deployed=False)

    sweeper.sweep()
    kept = existing(account)
    tag(account, str(current.revision), state=DEPLOYED)
    sweeper.sweep()

    assert kept == parts(older, previous, current)
    assert existing(account) == parts(current)


def test_revision_that_another_endpoint_has_stays(account: PlanningAccount, sweeper: Sweeper) -> None:
    used = account.serve("used")
    delete_endpoint(account)
    account.sagemaker.create_endpoint({"EndpointName": "elsewhere", "EndpointConfigName": used.revision})
    account.sleep(DAY + 1)

    sweeper.sweep()

    assert existing(account) == parts(used)


def test_model_that_a_foreign_config_names_stays(account: PlanningAccount, sweeper: Sweeper) -> None:
    made = account.serve("used")
    (model,) = made.model_names.values()
    variant = {"VariantName": "A", "ModelName": model, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    account.sagemaker.create_endpoint_config({"EndpointConfigName": "a-person-s", "ProductionVariants": [variant]})
    delete_endpoint(account)
    account.sleep(DAY + 1)

    sweeper.sweep()

    assert existing(account) == {model, "a-person-s"}
    assert sweeper.objects.find_any("artifacts", f"revisions/churn/{made.revision}/request.json")


@pytest.mark.parametrize("stack", [pytest.param("another", id="another stack"), pytest.param("", id="untagged")])
def test_foreign_models_and_configs_are_not_swept(account: PlanningAccount, sweeper: Sweeper, stack: str) -> None:
    made = account.serve("theirs")
    for kind, name in [("model", *made.model_names.values()), ("endpoint-config", str(made.revision))]:
        arn = account.simulator.store.arn(kind, name)
        account.simulator.call("DeleteTags", {"ResourceArn": arn, "TagKeys": [STACK_TAG, STATE_TAG]})
        if stack:
            account.sagemaker.add_tags(arn, {STACK_TAG: stack})
    delete_endpoint(account)
    account.sleep(DAY + 1)

    sweeper.sweep()

    assert existing(account) == parts(made)


@pytest.mark.parametrize("is_readable", [True, False], ids=["an hour ago", "unreadable"])
def test_resources_found_by_a_recent_run_are_not_swept(
    account: PlanningAccount, sweeper: Sweeper, *, is_readable: bool
) -> None:
    """A run that finds a model or a config there notes the time on it, and uses it in a moment."""
    made = account.serve("found")
    delete_endpoint(account)
    account.sleep(DAY + 1)
    used_at = (account.now - timedelta(hours=1)).isoformat() if is_readable else "lately"
    (model,) = made.model_names.values()
    for kind, name in (("model", model), ("endpoint-config", str(made.revision))):
        account.sagemaker.add_tags(account.simulator.store.arn(kind, name), {USED_AT_TAG: used_at})

    sweeper.sweep()

    assert existing(account) == parts(made)


def test_resources_of_an_endpoint_without_config_stay(account: PlanningAccount, sweeper: Sweeper) -> None:
    """Which models the endpoint serves cannot be known then."""
    older, attached = account.serve("older"), account.serve("attached", 20)
    account.sagemaker.delete_endpoint_config(str(attached.revision))
    sweeper.retained = 0
    account.sleep(DAY + 1)

    assert names(sweeper.sweep()) == {}
    assert existing(account) == parts(older, attached) - {attached.revision}


def test_dry_run_names_the_resources_that_a_sweep_removes(account: PlanningAccount, sweeper: Sweeper) -> None:
    for number in range(4):
        account.serve(f"image-{number}", 20 * number)
    account.sleep(DAY + 1)
    before = existing(account)

    listed = sweeper.sweep(is_dry_run=True)
    kept = existing(account)
    done = sweeper.sweep()

    assert kept == before
    assert names(listed) == names(done) != {}


def test_model_that_was_made_again_stays_with_the_older_revision_that_names_it() -> None:
    account, name = FakeSageMaker(), revision().name
    account.add_config(name, "churn-m-0123456789ab", at=NOON - timedelta(days=9), stack=STACK, state=DEPLOYED)
    account.add_model("churn-m-0123456789ab", NOON - timedelta(days=2), stack=STACK)
    account.add_endpoint("churn", name)

    sweep_at_noon(account)

    assert account.models
