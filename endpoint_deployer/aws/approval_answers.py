"""The answer of a person to an execution that waits for approval."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from endpoint_deployer.errors import CommandError

if TYPE_CHECKING:
    from endpoint_deployer.aws.runs import Run, Runs
    from endpoint_deployer.json_document import Document

_TRIES = 3


def answer_approval(runs: Runs, run: Run, answer: Document) -> None:
    """Answer an execution that waits for approval.

    It gets another token every few minutes, so an answer that comes just then is given again.

    Raises:
        CommandError: It does not wait for approval.
    """
    for _ in range(_TRIES):
        token = _approval_token(runs, run)
        if token is None:
            raise CommandError(f"{run.name} does not wait for approval; it is in {runs.last_state(run)[0]}")
        try:
            runs.client.send_task_success(taskToken=token, output=json.dumps(answer))
        except (runs.client.exceptions.TaskTimedOut, runs.client.exceptions.TaskDoesNotExist):
            continue
        return
    raise CommandError(f"{run.name} was looking whether there is still something to approve; answer again")


def _approval_token(runs: Runs, run: Run) -> str | None:
    """Return the token of the task in which an execution waits for a person; None if it does not."""
    token = None
    for event in runs.newest_events(run):
        if event["type"] == "TaskScheduled" and token is None:
            parameters = json.loads(event["taskScheduledEventDetails"]["parameters"])
            token = parameters.get("Payload", {}).get("TaskToken")
        if details := event.get("stateEnteredEventDetails"):
            return token if details["name"] == "AwaitApproval" else None
    return None
