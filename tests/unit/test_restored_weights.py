"""What a run sees of an endpoint that keeps its config, and how the weights of the revision before are put back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from deployer.cleanup.put_back_weights import put_back_weights
from deployer.cleanup.restore_view import look
from deployer.planning.live_checks import COUNTS_STAY
from deployer.planning.plan import Action, Plan
from deployer.planning.record_weights import record_weights
from local.simulator import Settings
from tests.unit.planning_samples import NOON, draft, plan, revision
from tests.unit.request_samples import variant

if TYPE_CHECKING:
    from deployer.json_document import Document
    from tests.unit.planning_account import PlanningAccount

CHANGE = "UpdateEndpointWeightsAndCapacities"


def counted(count: int) -> Document:
    """Build the part of a request that says how many instances there are."""
    only = variant(VariantName="AllTraffic", ModelName="m", InitialInstanceCount=count)
    return {"EndpointConfig": {"ProductionVariants": [only]}}


def described(status: str, config_name: str, count: int, pending: str = "") -> Document:
    """Describe an endpoint with some instances."""
    shown = {
        f"{time}{member}": value
        for time in ("Current", "Desired")
        for member, value in (("Weight", 1.0), ("InstanceCount", count))
    }
    return {
        "EndpointName": "churn",
        "EndpointArn": "arn",
        "EndpointStatus": status,
        "EndpointConfigName": config_name,
        "ProductionVariants": [{"VariantName": "AllTraffic", **shown}],
        "CreationTime": NOON,
        "LastModifiedTime": NOON,
        **({"PendingDeploymentSummary": {"EndpointConfigName": pending}} if pending else {}),
    }


OWN = "the plan's own"


@pytest.mark.parametrize(
    ("action", "endpoint", "expected"),
    [
        pytest.param(Action.UPDATE_WEIGHTS, described("InService", "base", 1), "old", id="without its weights"),
        pytest.param(Action.UPDATE_WEIGHTS, described("InService", "base", 2), OWN, id="with its weights"),
        pytest.param(Action.UPDATE_WEIGHTS, described("Updating", "base", 1), OWN, id="on the way to its weights"),
        pytest.param(Action.UPDATE_WEIGHTS, described("InService", "other", 2), "other", id="on another config"),
        pytest.param(Action.UPDATE, described("InService", "base", 2), "old", id="an update that is rolled back"),
        pytest.param(Action.UPDATE, described("Updating", "base", 1, OWN), "old", id="an update under way"),
        pytest.param(Action.UPDATE, described("InService", "other", 2), "other", id="an update, on another config"),
    ],
)
def test_base_is_seen_as_the_revision_whose_weights_it_has(action: Action, endpoint: Document, expected: str) -> None:
    made = plan("new", 10, action, base="base", **counted(2))

    live = made.live(endpoint)

    assert live.config_name == (made.revision if expected == OWN else expected)
    assert live.base_name == endpoint["EndpointConfigName"]


def test_plan_without_a_base_believes_the_config() -> None:
    """Such as one for an endpoint that there was not."""
    assert plan(previous="").live(described("InService", "base", 2)).config_name == "base"


def changed(account: PlanningAccount, **more: Any) -> Plan:
    """Let an endpoint of one instance be given two, by a run that is not recorded as deployed; return its plan."""
    served = account.serve()
    wanted = draft("live", 10, **counted(2))
    before = {"previous": served.wanted.name, "base": served.wanted.name, **more}
    made = plan("live", 10, Action.UPDATE_WEIGHTS, **before, **counted(2))
    assert made.wanted == wanted.wanted
    account.sagemaker.create_endpoint_config(made.endpoint_config_request(account.now))
    assert record_weights(account.store.weights, "churn", made.base, made.wanted.name, 1)
    account.sagemaker.update_weights("churn", [{"VariantName": "AllTraffic", "DesiredInstanceCount": 2}])
    return made


def count_of(account: PlanningAccount) -> int:
    """Return the count that the endpoint has."""
    return int(account.sagemaker.describe_endpoint("churn")["ProductionVariants"][0]["CurrentInstanceCount"])


def put_back(account: PlanningAccount, made: Plan) -> tuple[int, str]:
    """Put the weights back; return the last number and revision of the record."""
    put_back_weights(made, account.sagemaker, account.store.weights)
    return account.store.weights.last("churn", made.base)[:2]


def test_weights_are_put_back_and_recorded_once(account: PlanningAccount) -> None:
    made = changed(account)

    first, second = put_back(account, made), put_back(account, made)

    assert count_of(account) == 1
    assert first == second == (2, made.previous)
    assert account.calls().count(CHANGE) == 2


def test_weights_that_sagemaker_took_back_are_recorded_only(account: PlanningAccount) -> None:
    made = changed(account)
    account.sagemaker.update_weights("churn", [{"VariantName": "AllTraffic", "DesiredInstanceCount": 1}])
    before = account.calls().count(CHANGE)

    assert put_back(account, made) == (2, made.previous)
    assert account.calls().count(CHANGE) == before


def test_weights_of_another_run_stay(account: PlanningAccount) -> None:
    """A newer run has recorded its own revision since."""
    made, other = changed(account), revision("c", 20).name
    assert record_weights(account.store.weights, "churn", made.base, other, 2)

    assert put_back(account, made) == (2, other)
    assert count_of(account) == 2


def test_counts_that_an_update_keeps_are_not_put_back(account: PlanningAccount) -> None:
    """Application Auto Scaling has changed them."""
    made = changed(account, retention=COUNTS_STAY)

    assert put_back(account, made) == (2, made.previous)
    assert count_of(account) == 2


@pytest.mark.parametrize(
    ("count", "is_recorded_back", "is_lacking"),
    [
        pytest.param(1, True, False, id="as before"),
        pytest.param(2, True, True, id="with the weights of the run"),
        pytest.param(1, False, False, id="still recorded for the run"),
    ],
)
def test_look_finds_weights_that_lack(
    account: PlanningAccount, count: int, *, is_recorded_back: bool, is_lacking: bool
) -> None:
    """Only an endpoint that the record says to serve the revision before can lack its weights."""
    made = changed(account)
    if count == 1:
        account.sagemaker.update_weights("churn", [{"VariantName": "AllTraffic", "DesiredInstanceCount": 1}])
    if is_recorded_back:
        assert record_weights(account.store.weights, "churn", made.base, made.previous, 2)

    view = look(made, account.sagemaker, account.store.weights)

    assert view.served == (made.previous if is_recorded_back else made.wanted.name)
    assert view.lacks_weights is is_lacking
    assert view.is_on(made.base)
    assert bool(view.tags) is not is_recorded_back


def test_look_at_a_change_under_way_asks_for_nothing_else(account: PlanningAccount) -> None:
    account.simulator.settings = Settings(scale_seconds=60)
    made = changed(account)
    before = len(account.calls())

    view = look(made, account.sagemaker, account.store.weights)

    assert account.calls(before) == ["DescribeEndpoint"]
    assert view.live is not None
    assert (view.live.config_name, view.lacks_weights) == (made.revision, False)
