"""Tags that reach IAM late: what the policies allow by tag is denied at first, and is tried again."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from deployer.json_document import Document
from local.aws.execution_follower import follow
from tests.machine.factories import REFUSES, request

if TYPE_CHECKING:
    from local.aws.stack import Stack
    from local.simulator import Settings

# 8 s on the wall clock: longer than a deployment takes until it needs the tags, and shorter than all retries together.
TAG_SECONDS = 400.0
EXECUTION_SECONDS = 60.0


def denied_states(stack: Stack, document: Document) -> tuple[Document, set[str]]:
    """Run an execution; return its outcome, and the states that IAM denied something because of missing tags."""
    states, machine = stack.server.client("stepfunctions"), stack.outputs.state_machine_arn
    execution = states.start_execution(stateMachineArn=machine, input=json.dumps(document))["executionArn"]
    moments = [*follow(states, execution, timeout=EXECUTION_SECONDS)]
    denied = {moment.state for moment in moments if moment.error == "PermissionNotReadyError"}
    return stack.outcome_of(execution), denied


def run_both(stack: Stack, name: str) -> list[tuple[Document, set[str]]]:
    """Deploy two new endpoints side by side, of which the second one does not pass its smoke test."""
    documents = [request("a", f"{name}-recorded"), request("a", f"{name}-restored", SmokeTest=REFUSES)]
    with ThreadPoolExecutor() as pool:
        return [*pool.map(lambda document: denied_states(stack, document), documents)]


def test_late_tags_are_waited_for(stack: Stack, quick: Settings) -> None:
    """RecordDeployment tags the config, and RestoreEndpoint deletes the endpoint, once IAM knows whose they are."""
    run_both(stack, "tags-on-time")  # so that all functions are warm
    stack.server.control.settings = replace(quick, tag_lag=TAG_SECONDS)

    recorded, restored = run_both(stack, "late-tags")

    assert (recorded[0]["Outcome"], recorded[1]) == ("Deployed", {"RecordDeployment"})
    assert (restored[0]["Outcome"], restored[1]) == ("Failed", {"RestoreEndpoint"})
    assert (restored[0]["Error"], restored[0]["Restored"]) == ("SmokeTestFailedError", "deleted")
    assert "RestoreError" not in restored[0]
    assert stack.made_for("late-tags")["Endpoints"] == ["late-tags-recorded"]
