"""A plan is checked against the live endpoint: its variants, its scaling and its inference components."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from deployer.errors import (
    InvalidRequestError,
)
from deployer.json_document import Document
from deployer.planning.live_checks import COUNTS_STAY
from deployer.planning.plan import Action
from tests.unit.choose_samples import choose
from tests.unit.planning_samples import draft
from tests.unit.request_samples import ROLE, percent, routing, serverless, variant

if TYPE_CHECKING:
    from tests.unit.planning_account import PlanningAccount


GUARDED = {
    "BlueGreenUpdatePolicy": routing("CANARY", CanarySize=percent(10)),
    "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "churn-5xx"}]},
}


def of_model(*variants: Document) -> Document:
    """Build the endpoint config of a complete request."""
    return {"ProductionVariants": [{"ModelName": "m", "VariantName": "AllTraffic", **each} for each in variants]}


def test_update_that_the_live_config_does_not_allow_is_rejected_by_field(account: PlanningAccount) -> None:
    account.serve()
    wanted = draft(
        minutes=10,
        DeploymentConfig=GUARDED,
        EndpointConfig=of_model(variant(VariantName="B", InitialInstanceCount=2)),
    )

    with pytest.raises(InvalidRequestError) as rejected:
        choose(account, wanted)

    assert [line.partition(": ")[0] for line in str(rejected.value).splitlines()] == [
        "EndpointConfig.ProductionVariants",
        "DeploymentConfig.AutoRollbackConfiguration.Alarms[0].AlarmName",
    ]


def test_update_whose_alarms_exist_is_planned(account: PlanningAccount) -> None:
    account.serve()
    account.put_alarm("churn-5xx")

    plan = choose(account, draft(minutes=10, DeploymentConfig=GUARDED))

    assert (plan.action, plan.deployment_config) == (Action.UPDATE, GUARDED)


def test_update_keeps_the_instance_counts_of_a_scaled_endpoint(account: PlanningAccount) -> None:
    account.serve()
    account.scale()

    assert choose(account, draft(minutes=10)).retention == COUNTS_STAY


def test_update_that_changes_the_type_of_a_scaled_variant_is_rejected(account: PlanningAccount) -> None:
    account.serve()
    account.scale()

    with pytest.raises(InvalidRequestError, match=r"InstanceType: cannot change from ml\.m5\.large"):
        choose(account, draft(minutes=10, EndpointConfig=of_model(variant(InstanceType="ml.c5.large"))))


@pytest.mark.parametrize(
    ("retained", "is_rejected"), [(None, True), (True, False), (False, False)], ids=["nothing said", "yes", "no"]
)
def test_count_beside_a_scaled_variant_may_change_only_with_explicit_retention(
    account: PlanningAccount, retained: Any, *, is_rejected: bool
) -> None:
    two = [variant(VariantName="AllTraffic"), variant(VariantName="B")]
    account.serve(EndpointConfig=of_model(*two))
    account.scale()
    changed = of_model(two[0], variant(VariantName="B", InitialInstanceCount=2))
    wanted = draft(minutes=10, EndpointConfig=changed, RetainAllVariantProperties=retained)

    if is_rejected:
        with pytest.raises(
            InvalidRequestError, match=r"\[1\]\.InitialInstanceCount: cannot change from 1 in an update"
        ):
            choose(account, wanted)
    else:
        assert choose(account, wanted).action is Action.UPDATE


def of_components() -> Document:
    """Build the endpoint config of an endpoint of inference components."""
    return {"ExecutionRoleArn": ROLE, "ProductionVariants": [variant(VariantName="AllTraffic")]}


def test_first_deployment_of_inference_components_cannot_be_tested(account: PlanningAccount) -> None:
    components: Document = {"Models": {}, "EndpointConfig": of_components()}

    with pytest.raises(InvalidRequestError, match=r"^SmokeTest: is not for the first deployment\b"):
        choose(account, draft(**components, SmokeTest={"Body": "x"}))

    assert choose(account, draft(**components)).action is Action.CREATE
    assert choose(account, draft(SmokeTest={"Body": "x"})).action is Action.CREATE


def test_later_deployment_of_inference_components_can_be_tested(account: PlanningAccount) -> None:
    components: Document = {"Models": {}, "EndpointConfig": of_components()}
    account.serve()

    assert choose(account, draft(minutes=10, **components, SmokeTest={"Body": "x"})).action is Action.UPDATE


def test_request_decides_which_properties_are_retained(account: PlanningAccount) -> None:
    account.serve()
    excluded = [{"VariantPropertyType": "DesiredWeight"}]

    plan = choose(
        account,
        draft(minutes=10, RetainAllVariantProperties=True, ExcludeRetainedVariantProperties=excluded),
    )

    assert plan.retention == {"RetainAllVariantProperties": True, "ExcludeRetainedVariantProperties": excluded}


def test_serverless_endpoint_is_not_asked_for_scaled_instances(account: PlanningAccount) -> None:
    account.serve(EndpointConfig=of_model(serverless()))
    account.scale()

    assert choose(account, draft(minutes=10, EndpointConfig=of_model(serverless()))).retention == {}


@pytest.mark.parametrize(
    "action", [Action.NOTHING_TO_DO, Action.SUPERSEDED], ids=["the same request", "an older request"]
)
def test_request_that_changes_nothing_is_not_checked_against_the_endpoint(
    account: PlanningAccount, action: Action
) -> None:
    guarded = {"DeploymentConfig": GUARDED}
    account.serve("a", minutes=10)
    wanted = draft("a", 10, **guarded) if action is Action.NOTHING_TO_DO else draft("b", 5, **guarded)

    assert choose(account, wanted).action is action
