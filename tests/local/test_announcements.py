"""Announcements of executions that cannot announce their outcome themselves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from local.environment import REGION
from local.simulator.archive import pack_script
from tests.local.parameters import NOTIFICATION_TOPIC

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.aws.stack import Stack


@pytest.fixture
def _no_announcements(stack: Stack, roles: dict[str, str]) -> Iterator[None]:
    """Deny AnnounceOutcome the event bus."""
    iam, role = stack.server.client("iam"), roles["AnnounceOutcome"]
    statement = {"Effect": "Deny", "Action": "events:PutEvents", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=role, PolicyName="no-announcements", PolicyDocument=policy)
    yield
    iam.delete_role_policy(RoleName=role, PolicyName="no-announcements")


@pytest.mark.usefixtures("_no_announcements")
def test_failed_execution_is_announced_all_the_same(stack: Stack) -> None:
    """It ends in FailedUnannounced, and AnnounceFailure puts the event, with the rights of its own role."""
    execution = stack.execution_of(stack.upload("models/unannounced/deployment.yaml", b"Models: 3"))

    outcome = stack.outcome_of(execution)

    described = stack.server.client("stepfunctions").describe_execution(executionArn=execution)
    assert (described["status"], described["error"]) == ("FAILED", "InvalidRequestError")
    assert (outcome["Outcome"], outcome["EndpointName"]) == ("Rejected", "unannounced")
    assert outcome["Error"] == "InvalidRequestError"
    assert "Models" in outcome["Cause"]


def test_event_of_a_failed_endpoint_has_cause_and_remedy(stack: Stack) -> None:
    """The class is that of SageMaker's reason, and the traceback comes from CloudWatch Logs, with the role's rights."""
    broken = pack_script("def model_fn(folder):\n    raise ValueError('the weights are missing')\n")

    outcome = stack.outcome_of(stack.execution_of(stack.upload("models/unhealthy/model.tar.gz", broken)))

    assert (outcome["Outcome"], outcome["CauseClass"]) == ("Failed", "HealthCheck")
    assert outcome["NextAction"].startswith("Read the container's log.")
    assert outcome["LogGroup"] == "/aws/sagemaker/Endpoints/unhealthy"
    assert outcome["LogStream"].startswith("AllTraffic/i-")
    assert outcome["LogLines"][-1] == "ValueError: the weights are missing"


@pytest.fixture
def notifications(stack: Stack) -> Iterator[str]:
    """A queue that is subscribed to the topic of NotificationTopicArn; its URL."""
    sns, sqs = stack.server.client("sns"), stack.server.client("sqs")
    topic = sns.create_topic(Name=NOTIFICATION_TOPIC.rpartition(":")[2])["TopicArn"]
    queue = sqs.create_queue(QueueName="notifications")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn}
    statement |= {"Principal": {"Service": "sns.amazonaws.com"}, "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)
    yield queue
    sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    sqs.delete_queue(QueueUrl=queue)


def test_notification_is_a_sentence_with_a_link(stack: Stack, notifications: str) -> None:
    """The rule's input transformer makes it; the topic passes it on."""
    execution = stack.execution_of(stack.upload("models/notified/deployment.yaml", b"Models: 3"))
    stack.outcome_of(execution)

    (message,) = stack.server.client("sqs").receive_message(QueueUrl=notifications, WaitTimeSeconds=20)["Messages"]

    sentence, link = json.loads(message["Body"])["Message"].splitlines()
    assert sentence.startswith('"Endpoint notified: a request was rejected, and nothing was changed. Models: must be a')
    assert link == (
        f'"https://{REGION}.console.aws.amazon.com/states/home?region={REGION}#/v2/executions/details/{execution}"'
    )


def test_announced_failure_is_announced_once(stack: Stack) -> None:
    """AnnounceFailure is invoked for every failed execution, and leaves those alone that did it themselves."""
    execution = stack.execution_of(stack.upload("models/announced/deployment.yaml", b"Models: 3"))
    stack.outcome_of(execution)
    # The second one is announced after whatever the first one's end has caused.
    stack.outcome_of(stack.execution_of(stack.upload("models/announced/deployment.yaml", b"Models: 4")))

    assert stack.outcomes.count(execution) == 1
