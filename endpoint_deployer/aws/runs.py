"""Executions of the state machine that deploys: started, described, and found by their endpoint."""

from __future__ import annotations

import getpass
import json
import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice, tee
from typing import TYPE_CHECKING, Any

from endpoint_deployer.aws.history import readable_cause
from endpoint_deployer.aws.run_triggers import describe_trigger, endpoint_name_of
from endpoint_deployer.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from endpoint_deployer.aws.stack import Stack
    from endpoint_deployer.json_document import Document

MOST_RUNS = 500
"""How many executions, the newest first, are looked through for those of an endpoint."""

_THREADS = 8
_NOT_IN_A_NAME = re.compile(r"[^a-zA-Z0-9_-]+")
_OUTCOMES_OF_ERRORS = {
    "InvalidRequestError": "Rejected",
    "ApprovalRejectedError": "Rejected",
    "DeploymentTimedOutError": "TimedOut",
    "ApprovalTimedOutError": "TimedOut",
}
_OUTCOMES_OF_STATUSES = {
    "RUNNING": "Running",
    "TIMED_OUT": "TimedOut",
    "ABORTED": "Stopped",
    "PENDING_REDRIVE": "Running",
}


@dataclass(frozen=True)
class Run:
    """One execution.

    Attributes:
        description: What DescribeExecution answers.
        prefix: Where the endpoints' folders for uploads are in the artifact bucket.
    """

    description: Document
    prefix: str

    @property
    def arn(self) -> str:
        """Its ARN."""
        return str(self.description["executionArn"])

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.description["name"])

    @property
    def input(self) -> Any:
        """Its input, as JSON."""
        return json.loads(self.description.get("input") or "null")

    @property
    def output(self) -> Document:
        """Its data at the end; empty unless it has succeeded."""
        output = json.loads(self.description.get("output") or "null")
        return output if isinstance(output, dict) else {}

    @property
    def endpoint(self) -> str:
        """The endpoint that it is about; empty if its input names none."""
        return endpoint_name_of(self.input, self.prefix)

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.outcome == "Running"

    @property
    def outcome(self) -> str:
        """How it ended, in the words of `docs/operations.md`; `Running` or `Stopped` if it has no outcome."""
        status = self.description["status"]
        if status == "SUCCEEDED":
            return str((self.output.get("Outcome") or {}).get("Outcome") or "Succeeded")
        if status == "FAILED":
            return _OUTCOMES_OF_ERRORS.get(self.error, "Failed")
        return str(_OUTCOMES_OF_STATUSES.get(status, status))

    @property
    def error(self) -> str:
        """The error that it failed with; empty if it did not fail."""
        return str(self.description.get("error") or "")

    @property
    def cause(self) -> str:
        """The message of the error."""
        return readable_cause(str(self.description.get("cause") or ""))

    @property
    def trigger(self) -> str:
        """A description of its trigger."""
        return describe_trigger(self.input, self.name)

    @property
    def title(self) -> str:
        """Its trigger and its name."""
        return self.trigger if self.name in self.trigger else f"{self.trigger} · {self.name}"

    @property
    def started_at(self) -> datetime:
        """When it started."""
        return _utc(self.description["startDate"])

    @property
    def ended_at(self) -> datetime | None:
        """When it ended; None while it runs."""
        ended = self.description.get("stopDate")
        return None if ended is None else _utc(ended)

    def document(self) -> Document:
        """Write what there is to know of it as JSON."""
        known = {
            "Execution": self.arn,
            "EndpointName": self.endpoint,
            "Outcome": self.outcome,
            "StartedAt": self.started_at.isoformat(),
            "EndedAt": self.ended_at.isoformat() if self.ended_at else None,
            "Trigger": self.trigger,
            "Error": self.error,
            "Cause": self.cause,
        }
        return {member: value for member, value in known.items() if value}


class Runs:
    """The executions of a stack's state machine.

    Args:
        stack: The stack.
    """

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.client = stack.client("stepfunctions")

    def start(self, request: object, command: str) -> Run:
        """Start an execution with a request, under a name that says which command and who."""
        who = _NOT_IN_A_NAME.sub("-", self._stack.caller or getpass.getuser())[:40]
        name = f"{command}-{who}-{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"
        started = self.client.start_execution(
            stateMachineArn=self._stack.state_machine, name=name, input=json.dumps(request)
        )
        return self.describe(started["executionArn"])

    def describe(self, arn: str) -> Run:
        """Describe an execution by its ARN."""
        return Run(self.client.describe_execution(executionArn=arn), self._stack.prefix)

    def find_execution(self, arn_or_name: str) -> Run | None:
        """Describe an execution by its ARN or its name; None if there is none."""
        arn = arn_or_name
        if not arn.startswith("arn:"):
            arn = f"{self._stack.state_machine.replace(':stateMachine:', ':execution:')}:{arn_or_name}"
        try:
            return self.describe(arn)
        except (self.client.exceptions.ExecutionDoesNotExist, self.client.exceptions.InvalidArn):
            return None

    def of_endpoint(self, endpoint: str, *, is_running: bool = False) -> Iterator[Run]:
        """Yield the executions of an endpoint among the newest, the newest first.

        Executions that EventBridge starts have no telling name, so their inputs are read.
        """
        yield from (run for run in self.newest(is_running=is_running) if run.endpoint == endpoint)

    def newest(self, *, is_running: bool = False) -> Iterator[Run]:
        """Yield the newest executions, the newest first."""
        status = {"statusFilter": "RUNNING"} if is_running else {}
        pages = self.client.get_paginator("list_executions").paginate(
            stateMachineArn=self._stack.state_machine, **status, PaginationConfig={"PageSize": 100}
        )
        arns = (each["executionArn"] for page in pages for each in page["executions"])
        with ThreadPoolExecutor(_THREADS) as pool:
            chosen = islice(arns, MOST_RUNS)
            while batch := [*islice(chosen, 4 * _THREADS)]:
                yield from pool.map(self.describe, batch)

    def find(self, target: str) -> Run:
        """Return an execution by its ARN or name, or the one of an endpoint: running, or else the newest.

        Dry runs of an endpoint are skipped, unless there is no other execution.

        Raises:
            CommandError: There is no such execution, and none of such an endpoint.
        """
        is_arn = target.startswith("arn:")
        running = [] if is_arn else [*self.of_endpoint(target, is_running=True)]
        found = running[-1] if running else self.find_execution(target)
        if found is None and not is_arn:
            newest, others = tee(self.of_endpoint(target))
            found = next((run for run in others if run.outcome != "Planned"), None) or next(newest, None)
        if found is None:
            raise CommandError(
                f"{target} is not an execution of the stack {self._stack.name}, and none of its newest {MOST_RUNS} "
                "executions is about an endpoint of this name. Step Functions forgets executions after 90 days."
            )
        return found

    def last_state(self, run: Run) -> tuple[str, datetime, Document]:
        """Return the state that an execution is in, when it entered it, and its data."""
        for event in self.newest_events(run):
            if details := event.get("stateEnteredEventDetails"):
                data = json.loads(details.get("input") or "null")
                return str(details["name"]), _utc(event["timestamp"]), data if isinstance(data, dict) else {}
        return "", run.started_at, {}

    def newest_events(self, run: Run) -> list[Document]:
        """Return the last events of an execution's history, the newest first, with their data."""
        events: list[Document] = self.client.get_execution_history(
            executionArn=run.arn, reverseOrder=True, maxResults=100, includeExecutionData=True
        )["events"]
        return events


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
