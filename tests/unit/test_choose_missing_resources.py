"""A plan when the live config, the upload or an expected model is not there."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from deployer.errors import (
    EndpointConfigNotVisibleError,
    LiveConfigMissingError,
)
from deployer.planning.choose import missing_models
from deployer.planning.plan import Action
from deployer.planning.record_weights import record_weights
from tests.unit.choose_samples import begin_update, choose, make_config, serve_by_hand
from tests.unit.planning_account import BUCKET, KEY
from tests.unit.planning_samples import complete_request, draft
from tests.unit.request_samples import variant

if TYPE_CHECKING:
    from tests.unit.planning_account import PlanningAccount


def delete_config(account: PlanningAccount, name: str) -> None:
    """Delete an endpoint config as somebody does by hand."""
    account.sagemaker.delete_endpoint_config(name)


def sleep_until_visible(account: PlanningAccount, but_seconds: float = 0) -> None:
    """Let time pass until every replica sees what the endpoint is."""
    visible_by = account.sagemaker.describe_endpoint("churn")["LastModifiedTime"] + timedelta(minutes=10)
    account.sleep((visible_by - account.now).total_seconds() / 60 - but_seconds / 60)


@pytest.mark.parametrize("is_revision", [True, False], ids=["a revision", "made by hand"])
def test_deleted_live_config_is_reported_with_a_remedy(account: PlanningAccount, *, is_revision: bool) -> None:
    if is_revision:
        account.serve()
    else:
        serve_by_hand(account)
    name = account.sagemaker.describe_endpoint("churn")["EndpointConfigName"]
    delete_config(account, name)
    sleep_until_visible(account)

    with pytest.raises(LiveConfigMissingError) as missing:
        choose(account, draft(minutes=20))

    assert f"serves the endpoint config {name}, which has been deleted" in str(missing.value)
    assert "Create an endpoint config of that name again" in str(missing.value)


def test_config_of_weights_that_were_just_recorded_is_not_visible_yet(account: PlanningAccount) -> None:
    """The record shows at once that the endpoint is given another revision's weights; a replica may lack its config."""
    base = account.serve().wanted.name
    sleep_until_visible(account)
    later = draft(minutes=20).wanted.name
    record_weights(account.store.weights, "churn", base, later, 1)

    with pytest.raises(EndpointConfigNotVisibleError, match=later):
        choose(account, draft(minutes=30))


def test_live_config_that_is_missing_soon_after_a_change_is_not_visible_yet(account: PlanningAccount) -> None:
    served = account.serve()
    delete_config(account, served.wanted.name)
    sleep_until_visible(account, but_seconds=1)

    with pytest.raises(EndpointConfigNotVisibleError, match="which has been deleted"):
        choose(account, draft(minutes=20))


def test_missing_config_of_a_changing_endpoint_is_not_looked_for(account: PlanningAccount) -> None:
    served = account.serve()
    begin_update(account)
    delete_config(account, served.wanted.name)

    assert choose(account, draft(minutes=10)).action is Action.WAIT


def serve_nothing(account: PlanningAccount) -> None:
    """Leave the account without an endpoint."""


def serve_older(account: PlanningAccount) -> None:
    """Let an older revision be live."""
    account.serve()


def serve_pending(account: PlanningAccount) -> None:
    """Let an older revision be tested."""
    account.serve(is_deployed=False)


@pytest.mark.parametrize(
    ("serve", "otherwise"),
    [(serve_nothing, Action.CREATE), (serve_older, Action.UPDATE), (serve_pending, Action.WAIT)],
    ids=["to create", "to update", "waiting"],
)
def test_upload_that_was_overwritten_meanwhile_is_superseded(
    account: PlanningAccount, serve: Any, otherwise: Action
) -> None:
    upload = account.put()
    serve(account)
    wanted = draft(minutes=10, upload=upload)
    assert choose(account, wanted).action is otherwise

    newer = account.put()
    found = choose(account, wanted)

    assert found.action is Action.SUPERSEDED
    assert found.reason == f"s3://{newer.bucket}/{newer.key} has been uploaded again, as version {newer.version}"


def test_deployed_upload_that_was_overwritten_is_nothing_to_do(account: PlanningAccount) -> None:
    """The request has been fulfilled; the newer upload has a run of its own."""
    upload = account.put()
    account.serve("a")
    account.put()

    assert choose(account, draft("a", upload=upload)).action is Action.NOTHING_TO_DO


def test_upload_that_was_deleted_is_deployed_all_the_same(account: PlanningAccount) -> None:
    """Its version is still there, and no newer event will come."""
    upload = account.put()
    account.s3.delete_object(Bucket=BUCKET, Key=KEY)

    assert choose(account, draft(upload=upload)).action is Action.CREATE


def test_models_that_a_request_expects_in_sagemaker_are_looked_up(account: PlanningAccount) -> None:
    make_config(account, "there")
    request = complete_request(
        EndpointConfig={
            "ProductionVariants": [
                variant(VariantName="A", ModelName="m"),
                variant(VariantName="B", ModelName="there"),
                variant(VariantName="C", ModelName="gone"),
            ]
        }
    )

    problems = [str(problem) for problem in missing_models(request, account.sagemaker)]

    assert problems == [
        "EndpointConfig.ProductionVariants[2].ModelName: 'gone' is neither a key of Models nor a model in SageMaker"
    ]


def test_request_without_a_config_expects_no_models(account: PlanningAccount) -> None:
    assert not list(missing_models(complete_request(EndpointConfig=None), account.sagemaker))
