"""How stacks promote to one another, and that two stacks of one account share nothing else."""

from __future__ import annotations

import json

import pytest
from ministack.services import eventbridge

from deployer.aws.event_bus import APPROVAL_REQUESTED, DEPLOYMENT_ENDED, SOURCE
from deployer.json_document import Document

ACCOUNT, REGION = "111122223333", "us-east-1"
OTHER_ACCOUNT = "999988887777"
NAMES = {
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "DeployEndpointStateMachine.Name": "ours-DeployEndpoint",
}
OURS = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:ours-DeployEndpoint:run"
NEIGHBOUR = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:theirs-DeployEndpoint:run"
OTHERS = f"arn:aws:states:{REGION}:{OTHER_ACCOUNT}:execution:ours-DeployEndpoint:run"


def is_taken(resources: Document, rule: str, event: Document, promote_from: str = OTHER_ACCOUNT) -> bool:
    """Return whether a rule takes an event, by the call of local AWS that tests a pattern."""

    def filled(value: object) -> object:
        if isinstance(value, list):
            return [filled(each) for each in value]
        if not isinstance(value, dict):
            return value
        if "Ref" in value:
            references = {"PromoteFrom": promote_from, "NotifiedOutcomes": ["Deployed", "Failed"]}
            return references[value["Ref"]]
        if "Fn::Sub" in value:
            text = value["Fn::Sub"]
            for name, known in NAMES.items():
                text = text.replace(f"${{{name}}}", known)
            return text
        return {key: filled(each) for key, each in value.items()}

    pattern = json.dumps(filled(resources[rule]["Properties"]["EventPattern"]))
    status, _, body = eventbridge._test_event_pattern({"EventPattern": pattern, "Event": json.dumps(event)})
    assert status == 200, body
    return bool(json.loads(body)["Result"])


def ended(execution: str, account: str = ACCOUNT, outcome: str = "Deployed", kind: str = DEPLOYMENT_ENDED) -> Document:
    """Build the event of an execution."""
    detail = {"Outcome": outcome, "Execution": execution, "EndpointName": "churn"}
    return {"source": SOURCE, "detail-type": kind, "account": account, "detail": detail}


@pytest.mark.parametrize("rule", ["PromotionRule", "NotificationRule"])
@pytest.mark.parametrize(
    ("event", "matches"),
    [
        pytest.param(ended(OURS), True, id="its own"),
        pytest.param(ended(NEIGHBOUR), False, id="another stack's of the account"),
        pytest.param(ended(OTHERS, OTHER_ACCOUNT), False, id="a stack's of the same name in another account"),
        pytest.param(ended(OURS, outcome="Rejected"), False, id="another outcome"),
    ],
)
def test_rule_takes_events_of_its_own_stack_only(
    resources: Document,
    rule: str,
    event: Document,
    matches: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """Two stacks that share a bus do not announce each other's deployments, or promote them."""
    assert is_taken(resources, rule, event) is matches


@pytest.mark.parametrize("rule", ["SupersedeRule", "NotificationRule"])
@pytest.mark.parametrize(("execution", "matches"), [(OURS, True), (NEIGHBOUR, False)], ids=["its own", "another's"])
def test_requests_for_approval_concern_their_own_stack(
    resources: Document,
    rule: str,
    execution: str,
    matches: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """A request for approval of another stack invokes nothing."""
    event = ended(execution, kind=APPROVAL_REQUESTED)
    del event["detail"]["Outcome"]

    assert is_taken(resources, rule, event) is matches


@pytest.mark.parametrize(
    ("event", "promote_from", "matches"),
    [
        pytest.param(ended(OTHERS, OTHER_ACCOUNT), OTHER_ACCOUNT, True, id="the other account"),
        pytest.param(ended(NEIGHBOUR), ACCOUNT, True, id="another stack of one account"),
        pytest.param(ended(OURS), ACCOUNT, False, id="its own"),
        pytest.param(ended(NEIGHBOUR), OTHER_ACCOUNT, False, id="an account that does not promote"),
        pytest.param(ended(OTHERS, OTHER_ACCOUNT, "Failed"), OTHER_ACCOUNT, False, id="a failure"),
    ],
)
def test_promoted_revisions_come_from_the_chosen_account_only(
    resources: Document,
    event: Document,
    promote_from: str,
    matches: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """A stack never takes its own deployments for another's, so none goes round in circles."""
    assert is_taken(resources, "PromotedRevisionRule", event, promote_from) is matches


def test_other_account_may_read_stored_revisions_and_nothing_else(resources: Document) -> None:
    """Uploads of the sending stack stay its own."""
    statements = resources["ArtifactBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    objects, listing = (each["Fn::If"][1] for each in statements if "Fn::If" in each)

    assert objects["Action"] == ["s3:GetObject", "s3:GetObjectVersion"]
    assert objects["Resource"] == {"Fn::Sub": "${ArtifactBucket.Arn}/revisions/*"}
    assert listing["Condition"] == {"StringLike": {"s3:prefix": "revisions/*"}}


def test_stack_does_not_promote_to_the_bus_of_its_own_events(template: Document, resources: Document) -> None:
    """The rule that sends them would see them again, without end."""
    bus = {"Fn::Sub": "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/${EventBusName}"}

    (_, is_other) = template["Conditions"]["Promotes"]["Fn::And"]

    assert is_other == {"Fn::Not": [{"Fn::Equals": [{"Ref": "PromoteTo"}, bus]}]}
    assert resources["PromotionRule"]["Condition"] == "Promotes"
