"""Announcements of executions that cannot announce their outcome themselves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

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


def test_announced_failure_is_announced_once(stack: Stack) -> None:
    """AnnounceFailure is invoked for every failed execution, and leaves those alone that did it themselves."""
    execution = stack.execution_of(stack.upload("models/announced/deployment.yaml", b"Models: 3"))
    stack.outcome_of(execution)
    # The second one is announced after whatever the first one's end has caused.
    stack.outcome_of(stack.execution_of(stack.upload("models/announced/deployment.yaml", b"Models: 4")))

    assert stack.outcomes.count(execution) == 1
