"""Notifications: recipients, outcomes and texts; also the sample for Slack in the documents."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from cfnlint.api import ManualArgs, lint
from ministack.services import eventbridge

from deployer.outcome import Outcome
from tests.template.shipped import ROOT, read_template_text

if TYPE_CHECKING:
    from deployer.json_document import Document

SAMPLE = re.findall(r"```yaml\n(Parameters:.*?)```", (ROOT / "docs/operations.md").read_text(), re.DOTALL)[0]
DETAIL = {
    "Outcome": "Failed",
    "Summary": "Endpoint churn: a deployment failed (HealthCheck). Next: Read the container's log.",
    "Execution": "arn:aws:states:us-east-1:111122223333:execution:deploy:e",
}


def rendered(transformer: Document) -> str:
    """Return what a target gets of an event, by the rules that local AWS renders templates with."""
    event = {"region": "us-east-1", "detail": DETAIL}
    found = {}
    for name, path in transformer["InputPathsMap"].items():
        value: object = event
        for part in path.removeprefix("$.").split("."):
            assert isinstance(value, dict)
            value = value[part]
        found[name] = value
    text: str = eventbridge._render_input_template(transformer["InputTemplate"], found)
    return text


@pytest.mark.parametrize(
    ("partition", "domain"),
    [
        ("aws", "us-east-1.console.aws.amazon.com"),
        ("aws-cn", "us-east-1.console.amazonaws.cn"),
        ("aws-us-gov", "us-east-1.console.amazonaws-us-gov.com"),
    ],
)
def test_notification_is_a_sentence_and_a_link(template: Document, partition: str, domain: str) -> None:
    transformer = template["Resources"]["NotificationRule"]["Properties"]["Targets"][0]["InputTransformer"]
    text, variables = transformer["InputTemplate"]["Fn::Sub"]
    mapping, _, key = variables["Console"]["Fn::FindInMap"]
    console = template["Mappings"][mapping][partition][key]

    sentence, link = rendered({**transformer, "InputTemplate": text.replace("${Console}", console)}).splitlines()

    assert sentence.strip('"') == DETAIL["Summary"]
    assert link.strip('"') == (
        f"https://{domain}/states/home?region=us-east-1#/v2/executions/details/{DETAIL['Execution']}"
    )


def test_outcomes_of_notifications_exist(template: Document) -> None:
    default = template["Parameters"]["NotifiedOutcomes"]["Default"].split(",")

    assert set(default) <= set(Outcome)


def test_notifications_are_sent_only_if_they_are_asked_for(template: Document) -> None:
    """Every resource of notifications has a condition."""
    own = {name: each for name, each in template["Resources"].items() if name.startswith("Notification")}

    assert {name: each.get("Condition") for name, each in own.items()} == {
        "NotificationRule": "NotifiesOfOutcomes",
        "NotificationTopic": "MakesNotificationTopic",
        "NotificationTopicPolicy": "MakesNotificationTopic",
        "NotificationSubscription": "NotifiesAddress",
    }


def test_sample_for_slack_is_a_template_whose_message_chatbot_takes() -> None:
    """Chatbot shows nothing but its custom notifications of version 1.0."""
    errors = lint(SAMPLE, config=ManualArgs(regions=["us-east-1"]))
    transformer = read_template_text(SAMPLE)["Resources"]["SlackRule"]["Properties"]["Targets"][0]["InputTransformer"]

    message = json.loads(rendered(transformer))

    assert [str(error) for error in errors] == []
    assert (message["version"], message["source"]) == ("1.0", "custom")
    assert message["content"] == {"title": "Endpoint deployment: Failed", "description": DETAIL["Summary"]}
