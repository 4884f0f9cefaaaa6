"""Events and executions that start deployments, through the rules and roles of the shipped template."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from deployer.json_document import Document
from local.aws.execution_follower import wait_for_execution
from local.environment import STACK_NAME

if TYPE_CHECKING:
    from local.aws.stack import Stack

EVENTS = Path(__file__).parents[1] / "events"


def sample(name: str, endpoint: str) -> Any:
    """Read a sample event or input, for an endpoint of the test's own."""
    text = (EVENTS / f"{name}.json").read_text()
    return json.loads(text.replace('"EndpointName": "churn"', f'"EndpointName": "{endpoint}"'))


def put(stack: Stack, event: Document, bus: str = "default") -> str:
    """Put an event on a bus; return its id."""
    entry = {
        "Source": event["source"],
        "DetailType": event["detail-type"],
        "Detail": json.dumps(event["detail"]),
        "EventBusName": bus,
    }
    answer = stack.server.client("events").put_events(Entries=[entry])
    return str(answer["Entries"][0]["EventId"])


def outcome_of_event(stack: Stack, event_id: str) -> Document:
    """Wait for the execution that an event starts, and return its outcome."""
    states, machine = stack.server.client("stepfunctions"), stack.outputs.state_machine_arn
    return stack.outcome_of(wait_for_execution(states, machine, "/id", event_id, timeout=20))


def test_request_by_event_is_deployed(stack: Stack) -> None:
    """The event's detail is the request, and its id comes back with the outcome."""
    event_id = put(stack, sample("deployment_requested", "by-event"))

    outcome = outcome_of_event(stack, event_id)

    assert (outcome["Outcome"], outcome["EndpointName"]) == ("Deployed", "by-event")
    assert outcome["RequestId"] == event_id


@pytest.mark.parametrize(
    ("changed", "passes"),
    [
        pytest.param({}, True, id="approved"),
        pytest.param({"UpdatedModelPackageFields": []}, True, id="registered as approved"),
        pytest.param({"UpdatedModelPackageFields": ["ModelLifeCycle", "ModelApprovalStatus"]}, True, id="and more"),
        pytest.param({"UpdatedModelPackageFields": ["CustomerMetadataProperties"]}, False, id="only its metadata"),
        pytest.param({"ModelPackageStatus": "InProgress"}, False, id="incomplete"),
        pytest.param({"ModelApprovalStatus": "PendingManualApproval"}, False, id="pending"),
        pytest.param({"ModelApprovalStatus": "Rejected"}, False, id="rejected"),
    ],
)
def test_rule_matches_approvals_only(stack: Stack, changed: dict[str, Any], passes: bool) -> None:  # noqa: FBT001 - a case
    """Only SageMaker may put its events on the bus, so the rule's own pattern is tested."""
    events = stack.server.client("events")
    described = stack.server.client("cloudformation").describe_stack_resource(
        StackName=STACK_NAME, LogicalResourceId="ModelPackageRule"
    )
    name = described["StackResourceDetail"]["PhysicalResourceId"].rpartition("/")[2]
    event = sample("model_package_approved", "")
    event["detail"] |= changed

    pattern = events.describe_rule(Name=name)["EventPattern"]

    assert events.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))["Result"] is passes


def test_approved_package_is_deployed(stack: Stack) -> None:
    """The package's group names the endpoint, and the package is the model."""
    states = stack.server.client("stepfunctions")
    event = sample("model_package_approved", "")
    event["detail"]["ModelPackageGroupName"] = "by-package"

    started = states.start_execution(stateMachineArn=stack.outputs.state_machine_arn, input=json.dumps(event))
    outcome = stack.outcome_of(started["executionArn"])

    assert (outcome["Outcome"], outcome["EndpointName"]) == ("Deployed", "by-package")
    assert outcome["RequestId"] == event["id"]


def test_execution_by_hand_is_deployed(stack: Stack) -> None:
    """The sample is the input as it stands; the same request again has nothing to do."""
    states = stack.server.client("stepfunctions")
    request = json.dumps(sample("manual", "by-hand"))
    outcomes = []
    for _ in range(2):
        started = states.start_execution(stateMachineArn=stack.outputs.state_machine_arn, input=request)
        outcomes.append(stack.outcome_of(started["executionArn"])["Outcome"])

    assert outcomes == ["Deployed", "NothingToDo"]
    assert [len(names) for names in stack.made_for("by-hand").values()] == [2, 1, 1]


@pytest.mark.parametrize(
    "changed",
    [{"source": "somebody.else"}, {"detail-type": "Something Else"}],
    ids=["another source", "another type"],
)
def test_other_events_start_nothing(stack: Stack, changed: dict[str, str]) -> None:
    """The rules match the source and the type."""
    before = {execution["executionArn"] for execution in stack.executions()}
    put(stack, {**sample("deployment_requested", "not-ours"), **changed})
    # An event that matches arrives after it, so the other one has had its time.
    outcome_of_event(stack, put(stack, sample("deployment_requested", "by-event")))

    started = {execution["executionArn"] for execution in stack.executions()} - before

    assert len(started) == 1
    assert stack.made_for("not-ours") == {"Models": [], "EndpointConfigs": [], "Endpoints": []}
