"""Drafts and plans: what an execution's data keep of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deployer.planning.draft_state import Draft
from deployer.planning.live_checks import COUNTS_STAY
from deployer.planning.plan import Action, Before, Plan
from deployer.planning.revision import name_revision
from tests.unit.plan_samples import full_plan
from tests.unit.planning_samples import EXECUTION, NOON, at, bare_draft, complete_request, draft, live, plan


def test_plan_is_read_back_from_the_data_of_the_execution() -> None:
    whole = full_plan()

    document = json.loads(json.dumps(whole.model_dump(mode="json", by_alias=True)))

    assert Plan.model_validate(document) == whole


def test_data_of_the_execution_have_the_names_that_the_state_machine_reads() -> None:
    document = full_plan().model_dump(mode="json", by_alias=True)

    assert document.keys() == {
        "Action", "Approval", "Base", "Copies", "Data", "EndpointName", "Execution", "ModelNames", "Preview",
        "Previous", "PreviousArn", "Reason", "Request", "RequestId", "RequestedAt", "Retention", "Revision", "Scaling",
        "Source", "Stack", "StartedAt", "TagsDiffer", "TimeoutSeconds", "Upload", "WaitSeconds", "Warnings",
    }  # fmt: skip
    assert document["Upload"].keys() == {"Bucket", "Key", "Version"}
    assert document["Copies"][0].keys() == {"Bucket", "Key", "Version", "Size", "Target"}
    assert document["Data"][0].keys() == {"Path", "Uri", "Version", "Size", "CopiedFrom"}


@pytest.mark.parametrize("action", Action)
def test_every_plan_has_the_members_that_the_state_machine_reads(action: Action) -> None:
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


def test_plan_has_the_previous_config_of_the_endpoint() -> None:
    before = Before(previous="old", previous_arn="arn", retention=COUNTS_STAY)

    found = Plan.of(draft(), Action.UPDATE, 9, before)

    assert (found.previous, found.previous_arn, found.retention) == ("old", "arn", COUNTS_STAY)


def test_draft_has_its_run_and_its_content() -> None:
    bare = bare_draft({"Rollback": True}, request_id="event-7", upload=None)
    source = "churn-20261124T110000-0123456789ab"
    content = name_revision(complete_request(), NOON, full_plan().data, full_plan().copies, source)

    found = Draft.of_run(bare, content)

    assert (found.request_id, found.execution, found.deadline) == ("event-7", EXECUTION, bare.deadline)
    assert (found.request, found.data, found.copies) == (complete_request(), full_plan().data, full_plan().copies)
    assert found.wanted.requested_at == NOON
    assert found.source == source


def test_draft_without_a_revision_has_none() -> None:
    with pytest.raises(ValueError, match="is not a revision of churn"):
        _ = bare_draft({}).wanted


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
def test_plan_is_attached_where_its_revision_is_served_or_pending(found: Any, *, is_attached: bool) -> None:
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
def test_endpoint_on_its_previous_config_is_rolled_back(made: Plan, found: Any, *, is_rolled_back: bool) -> None:
    assert made.is_rolled_back(found) is is_rolled_back


def test_time_of_a_plan_survives_the_data_of_the_execution() -> None:
    made = plan(minutes=7.5)

    document = json.loads(json.dumps(made.model_dump(mode="json", by_alias=True)))

    assert Plan.model_validate(document).requested_at == at(7.5)
