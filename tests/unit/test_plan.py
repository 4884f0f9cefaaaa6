"""Drafts and plans: what an execution's data keep of them, and the requests that they become."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deployer.json_document import Document
from deployer.planning.draft_state import Draft
from deployer.planning.live_checks import COUNTS_STAY
from deployer.planning.plan import Action, Before, Plan
from deployer.planning.revision import name_revision
from deployer.planning.revision_store import Copy, StoredData
from deployer.request.service_model import check_shape, operation_input
from deployer.tags import EXECUTION_TAG, PENDING, PREVIOUS_TAG, STACK_TAG, STATE_TAG, TAGS_TAG, USED_AT_TAG
from tests.unit.planning_samples import EXECUTION, NOON, STACK, at, bare_draft, complete_request, draft, live, plan
from tests.unit.request_samples import percent, routing

GUARDRAILS = {"BlueGreenUpdatePolicy": routing("CANARY", CanarySize=percent(10))}
OWN = {EXECUTION_TAG: EXECUTION, STACK_TAG: STACK}
USED_AT = {USED_AT_TAG: "2026-11-24T12:00:00+00:00"}


def tags(request: Document) -> dict[str, str]:
    """Return the tags of a request of the API."""
    found = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
    assert len(found) == len(request["Tags"]), "a key twice is refused by SageMaker"
    return found


def full_plan() -> Plan:
    """Build a plan that has all that a plan can have."""
    return plan(
        DeploymentConfig=GUARDRAILS,
        upload={"bucket": "artifacts", "key": "models/churn/model.tar.gz", "version": "v1"},
        previous_arn="arn:aws:sagemaker:us-east-1:111122223333:endpoint-config/old",
        retention=COUNTS_STAY,
    ).model_copy(
        update={
            "data": [StoredData(path="Models.m.PrimaryContainer.ModelDataUrl", uri="s3://b/k", version="v1", size=3)],
            "copies": [Copy(bucket="b", key="k", version="v1", size=3, target="revisions/churn/artifacts/1/k")],
        }
    )


def test_plan_is_read_back_from_the_data_of_the_execution() -> None:
    whole = full_plan()

    document = json.loads(json.dumps(whole.model_dump(mode="json", by_alias=True)))

    assert Plan.model_validate(document) == whole


def test_data_of_the_execution_have_the_names_that_the_state_machine_reads() -> None:
    document = full_plan().model_dump(mode="json", by_alias=True)

    assert document.keys() == {
        "Action", "Approval", "Copies", "Data", "Deadline", "EndpointName", "Execution", "ModelNames", "Preview",
        "Previous", "PreviousArn", "Reason", "Request", "RequestId", "RequestedAt", "Retention", "Revision", "Scaling",
        "Source", "Stack", "StartedAt", "TagsDiffer", "Upload", "WaitSeconds", "Warnings",
    }  # fmt: skip
    assert document["Upload"].keys() == {"Bucket", "Key", "Version"}
    assert document["Copies"][0].keys() == {"Bucket", "Key", "Version", "Size", "Target"}
    assert document["Data"][0].keys() == {"Path", "Uri", "Version", "Size", "CopiedFrom"}


@pytest.mark.parametrize("action", Action)
def test_every_plan_has_what_the_state_machine_reads_of_it(action: Action) -> None:
    """A path that leads to nothing ends an execution with an error that it cannot catch."""
    undecided = bare_draft({"Rollback": True, "SmokeTest": None})

    document = Plan.of(undecided, action, 7).model_dump(mode="json", by_alias=True)

    assert (document["Action"], document["WaitSeconds"]) == (action.value, 7)
    assert {"RequestId", "EndpointName", "Revision", "RequestedAt"} <= document.keys()
    assert "SmokeTest" in document["Request"]


def test_content_that_is_not_expected_in_the_data_is_refused() -> None:
    document = full_plan().model_dump(mode="json", by_alias=True)

    with pytest.raises(ValueError, match="Extra inputs are not permitted"):
        Plan.model_validate({**document, "Poll": 1})


def test_plan_that_is_decided_again_keeps_its_draft_and_nothing_of_the_decision() -> None:
    first = full_plan()

    again = Plan.of(first, Action.WAIT, 9)

    assert {name: getattr(again, name) for name in Draft.model_fields} == {
        name: getattr(first, name) for name in Draft.model_fields
    }
    assert (again.action, again.wait_seconds) == (Action.WAIT, 9)
    assert (again.previous, again.previous_arn, again.retention) == ("", "", {})


def test_plan_takes_what_the_endpoint_serves_from_before() -> None:
    before = Before(previous="old", previous_arn="arn", retention=COUNTS_STAY)

    found = Plan.of(draft(), Action.UPDATE, 9, before)

    assert (found.previous, found.previous_arn, found.retention) == ("old", "arn", COUNTS_STAY)


def test_draft_with_content_keeps_whose_it_is() -> None:
    bare = bare_draft({"Rollback": True}, request_id="event-7", upload=None)
    content = name_revision(complete_request(), NOON, full_plan().data, full_plan().copies)

    found = bare.with_content(content, source="churn-20261124T110000-0123456789ab")

    assert (found.request_id, found.execution, found.deadline) == ("event-7", EXECUTION, bare.deadline)
    assert (found.request, found.data, found.copies) == (complete_request(), full_plan().data, full_plan().copies)
    assert found.wanted.requested_at == NOON
    assert found.source == "churn-20261124T110000-0123456789ab"


def test_draft_without_a_revision_wants_none() -> None:
    with pytest.raises(ValueError, match="is no revision of churn"):
        _ = bare_draft({}).wanted


def test_names_are_those_that_the_run_creates() -> None:
    made = plan()

    assert made.names == {made.revision, *made.model_names.values()}
    assert Plan.of(bare_draft({}), Action.WAIT, 1).names == frozenset()


def test_requests_are_what_the_api_takes() -> None:
    made = full_plan()

    requests = {
        "CreateModel": [*made.model_requests(NOON)],
        "CreateEndpointConfig": [made.endpoint_config_request(NOON)],
        "CreateEndpoint": [made.endpoint_request()],
        "UpdateEndpoint": [made.update_request()],
    }

    for operation, found in requests.items():
        assert [check_shape(operation_input(operation), each, "") for each in found] == [[]] * len(found)


def test_models_bear_whose_they_are_and_when_they_were_used() -> None:
    (model,) = plan().model_requests(NOON.replace(microsecond=7))

    assert tags(model) == {**OWN, **USED_AT}


def test_config_is_pending_and_tells_what_was_served_before() -> None:
    config = plan(previous="old").endpoint_config_request(NOON)

    assert tags(config) == {**OWN, **USED_AT, STATE_TAG: PENDING, PREVIOUS_TAG: "old"}


def test_config_of_a_new_endpoint_tells_that_nothing_was_served_before() -> None:
    config = plan(action=Action.CREATE, previous="").endpoint_config_request(NOON)

    assert tags(config)[PREVIOUS_TAG] == ""


def test_endpoint_bears_whose_it_is() -> None:
    made = plan()

    request = made.endpoint_request()

    assert tags(request) == OWN
    assert (request["EndpointName"], request["EndpointConfigName"]) == ("churn", made.revision)


def test_update_has_no_tags() -> None:
    """UpdateEndpoint takes none."""
    assert plan().update_request() == {"EndpointName": "churn", "EndpointConfigName": plan().revision}


def test_update_has_the_guardrails_and_what_is_retained() -> None:
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


@pytest.mark.parametrize(
    ("found", "is_attached"),
    [
        pytest.param(live("old"), False, id="another config"),
        pytest.param(live(plan().wanted), True, id="attached"),
        pytest.param(
            live("old", PendingDeploymentSummary={"EndpointConfigName": plan().revision}), True, id="on its way"
        ),
    ],
)
def test_plan_is_attached_where_its_revision_is_served_or_on_its_way(found: Any, *, is_attached: bool) -> None:
    assert plan().is_attached_to(found) is is_attached


@pytest.mark.parametrize(
    ("made", "found", "is_rolled_back"),
    [
        pytest.param(plan(), live("old"), True, id="serves what it served"),
        pytest.param(plan(), live("old", EndpointStatus="RollingBack"), False, id="still changing"),
        pytest.param(plan(), live("another"), False, id="serves something else"),
        pytest.param(plan(previous=""), live(""), False, id="there was no endpoint"),
    ],
)
def test_endpoint_that_serves_what_it_served_is_rolled_back(made: Plan, found: Any, *, is_rolled_back: bool) -> None:
    assert made.is_rolled_back(found) is is_rolled_back


def test_time_of_a_plan_survives_the_data_of_the_execution() -> None:
    made = plan(minutes=7.5)

    document = json.loads(json.dumps(made.model_dump(mode="json", by_alias=True)))

    assert Plan.model_validate(document).requested_at == at(7.5)
