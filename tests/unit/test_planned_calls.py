"""The calls that a plan becomes: names, tags and what an update retains."""

from __future__ import annotations

from deployer.json_document import Document
from deployer.planning.live_checks import COUNTS_STAY
from deployer.planning.plan import Action, Plan
from deployer.request.service_model import check_shape, operation_input
from deployer.tags import EXECUTION_TAG, PENDING, PREVIOUS_TAG, STACK_TAG, STATE_TAG, TAGS_TAG, USED_AT_TAG
from tests.unit.plan_samples import GUARDRAILS, full_plan
from tests.unit.planning_samples import EXECUTION, NOON, STACK, bare_draft, plan

OWN = {EXECUTION_TAG: EXECUTION, STACK_TAG: STACK}
USED_AT = {USED_AT_TAG: "2026-11-24T12:00:00+00:00"}


def tags(request: Document) -> dict[str, str]:
    """Return the tags of a request of the API."""
    found = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
    assert len(found) == len(request["Tags"]), "a key twice is refused by SageMaker"
    return found


def test_names_are_those_that_the_run_creates() -> None:
    made = plan()

    assert made.names == {made.revision, *made.model_names.values()}
    assert Plan.of(bare_draft({}), Action.WAIT, 1).names == frozenset()


def test_requests_fit_the_service_model() -> None:
    made = full_plan()

    requests = {
        "CreateModel": [*made.model_requests(NOON)],
        "CreateEndpointConfig": [made.endpoint_config_request(NOON)],
        "CreateEndpoint": [made.endpoint_request()],
        "UpdateEndpoint": [made.update_request()],
    }

    for operation, found in requests.items():
        assert [check_shape(operation_input(operation), each, "") for each in found] == [[]] * len(found)


def test_models_bear_owner_and_time_of_use() -> None:
    (model,) = plan().model_requests(NOON.replace(microsecond=7))

    assert tags(model) == {**OWN, **USED_AT}


def test_config_is_pending_and_names_the_previous_config() -> None:
    config = plan(previous="old").endpoint_config_request(NOON)

    assert tags(config) == {**OWN, **USED_AT, STATE_TAG: PENDING, PREVIOUS_TAG: "old"}


def test_config_of_a_new_endpoint_names_nothing_that_was_served_before() -> None:
    config = plan(action=Action.CREATE, previous="").endpoint_config_request(NOON)

    assert tags(config)[PREVIOUS_TAG] == ""


def test_endpoint_bears_its_owner() -> None:
    made = plan()

    request = made.endpoint_request()

    assert tags(request) == OWN
    assert (request["EndpointName"], request["EndpointConfigName"]) == ("churn", made.revision)


def test_update_has_no_tags() -> None:
    """UpdateEndpoint takes none."""
    assert plan().update_request() == {"EndpointName": "churn", "EndpointConfigName": plan().revision}


def test_update_has_guardrails_and_retention() -> None:
    made = plan(DeploymentConfig=GUARDRAILS, retention=COUNTS_STAY)

    request = made.update_request()

    assert request["DeploymentConfig"] == GUARDRAILS
    assert COUNTS_STAY.items() <= request.items()


def test_config_names_the_models_by_their_names_in_sagemaker() -> None:
    made = plan()

    (variant,) = made.endpoint_config_request(NOON)["ProductionVariants"]

    assert variant["ModelName"] == made.model_names["m"]


def test_tag_of_a_model_wins_over_one_of_the_request() -> None:
    request = plan(Tags={"team": "growth", "cost": "7"})
    models = {"m": {**request.request["Models"]["m"], "Tags": [{"Key": "team", "Value": "fraud"}]}}

    made = plan(Tags={"team": "growth", "cost": "7"}, Models=models)

    (model,) = made.model_requests(NOON)
    assert tags(model) == {**OWN, **USED_AT, "team": "fraud", "cost": "7"}
    assert tags(made.endpoint_config_request(NOON))["team"] == "growth"
    assert tags(made.endpoint_request())["team"] == "growth"


FORGED = {
    EXECUTION_TAG: "forged",
    STACK_TAG: "other",
    STATE_TAG: "deployed",
    PREVIOUS_TAG: "forged",
    USED_AT_TAG: "0",
    TAGS_TAG: "forged",
}


def test_tags_of_the_deployer_win_over_those_of_a_request() -> None:
    """Checked requests have none of these; what is stored may be edited by hand."""
    listed = [{"Key": key, "Value": value} for key, value in FORGED.items()]
    base = plan().request
    models = {"m": {**base["Models"]["m"], "Tags": listed}}
    config = {**base["EndpointConfig"], "Tags": listed}

    made = plan(Models=models, EndpointConfig=config, Tags=FORGED)

    (model,) = made.model_requests(NOON)
    assert tags(model).items() >= {**OWN, **USED_AT}.items()
    assert tags(made.endpoint_config_request(NOON)) == {
        **OWN,
        **USED_AT,
        STATE_TAG: PENDING,
        PREVIOUS_TAG: "old",
        TAGS_TAG: made.tag_record.text,
    }
    assert tags(made.endpoint_request()).items() >= OWN.items()
