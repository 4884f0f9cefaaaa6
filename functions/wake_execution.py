"""WakeExecution: end the wait of the execution that waits for an endpoint, because the endpoint has changed.

A rule invokes it with SageMaker's event. Events may be lost, late or doubled, so an event only ends the wait; the next
look decides. The store names the executions that work on a revision. An execution's history holds its task token.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from deployer.aws.event_bus import APPROVAL_REQUESTED
from deployer.aws.step_functions import execution_arn
from deployer.execution_history import waiting_task
from deployer.json_document import Document
from deployer.planning.keys import STORE_PREFIX, revision_folder
from deployer.planning.names import Revision
from deployer.runtime import executions, objects, step

if TYPE_CHECKING:
    from collections.abc import Iterator


_REVISIONS, _EXECUTIONS, _EVENTS = 5, 10, 5
"""How many of the newest to read: revisions of an endpoint, executions of a revision, events of an execution."""

_LOOK_SECONDS = 5
"""How long the execution waits if a replica still shows the earlier state of the endpoint."""


@step(objects, executions)
def handler(event: Document) -> Document:
    """Return the names of the executions that were woken."""
    detail = event["detail"]
    if event["detail-type"] == APPROVAL_REQUESTED:
        return {"Woken": [*_supersede(detail["EndpointName"])]}
    woken = []
    for _, name, task in _waiting_tasks(detail["EndpointName"], detail.get("EndpointConfigName", "")):
        # A task without it waits for a person.
        if "LookSeconds" in task:
            answer = {"InService": False, "RequestedAt": task["RequestedAt"], "LookSeconds": _LOOK_SECONDS}
            if executions().send_success(task["TaskToken"], answer):
                woken.append(name)
    return {"Woken": woken}


def _supersede(endpoint_name: str) -> Iterator[str]:
    """End the waits for approval of all but the newest revision that waits for it; yield the executions' names."""
    waiting = [each for each in _waiting_tasks(endpoint_name, "") if "LookSeconds" not in each[2]]
    newest = max((revision.order for revision, _, _ in waiting), default=None)
    for revision, name, task in waiting:
        if newest and revision.order < newest:
            reason = "A newer request of the endpoint waits for approval"
            if executions().send_success(task["TaskToken"], {"Decision": "Supersede", "Comment": reason}):
                yield name


def _waiting_tasks(endpoint_name: str, attached: str) -> Iterator[tuple[Revision, str, Document]]:
    """Yield the tasks that wait for their tokens: the revision, the execution's name, and the task's input."""
    for revision, name in _executions_of(endpoint_name, attached):
        arn = execution_arn(os.environ["STATE_MACHINE_ARN"], name)
        if task := waiting_task(executions().newest_events(arn, _EVENTS)):
            yield revision, name, task


def _executions_of(endpoint_name: str, attached: str) -> Iterator[tuple[Revision, str]]:
    """Yield the executions that work on the newest revisions of an endpoint; none on an older one than it serves."""
    bucket, start = os.environ["ARTIFACT_BUCKET"], attached if Revision.parse(endpoint_name, attached) else ""
    folders = objects().list_folders(bucket, f"{STORE_PREFIX}{endpoint_name}/", start)
    revisions = [revision for each in folders if (revision := Revision.parse(endpoint_name, each))]
    for revision in sorted(revisions, key=lambda each: each.order, reverse=True)[:_REVISIONS]:
        stored = objects().list_objects(bucket, f"{revision_folder(endpoint_name, revision.name)}executions/")
        newest = sorted(stored, key=lambda each: each.last_modified, reverse=True)
        yield from ((revision, each.key.rpartition("/")[2]) for each in newest[:_EXECUTIONS])
