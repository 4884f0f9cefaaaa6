"""The only code that calls Step Functions: it completes tasks that wait, and reads histories of executions."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from deployer.errors import AccessDeniedError, StepFunctionsUnavailableError
from deployer.json_document import Document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.client import BaseClient


_ENDED_TASK = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})
UNKNOWN_END = datetime.min.replace(tzinfo=UTC)
"""When an execution ended that Step Functions does not know."""

_MISSING_EXECUTION = frozenset({"ExecutionDoesNotExist", "InvalidArn"})


class Executions:
    """The executions of a state machine.

    Every method raises the leaves of `deployer.errors`; none retries.

    Args:
        client: A boto3 client of `stepfunctions` that makes one attempt a call.
    """

    def __init__(self, client: BaseClient) -> None:
        self._client: Any = client

    def send_success(self, token: str, output: Mapping[str, Any]) -> bool:
        """Complete a task that waits for its token.

        Args:
            token: The task's token.
            output: The task's result.

        Returns:
            Whether the task was still waiting. A task that has ended meanwhile is not an error: its time was over, or
            an event came twice.
        """
        try:
            self._client.send_task_success(taskToken=token, output=json.dumps(output))
        except ClientError as error:
            if error.response["Error"].get("Code") in _ENDED_TASK:
                return False
            raise _named("SendTaskSuccess", error) from error
        except BotoCoreError as error:
            raise StepFunctionsUnavailableError(f"SendTaskSuccess: {error}") from error
        return True

    def start(self, state_machine: str, name: str, document: Mapping[str, Any]) -> str | None:
        """Start an execution.

        Args:
            state_machine: The state machine's ARN.
            name: The execution's name. Step Functions takes each name once in 90 days (API reference, StartExecution).
            document: Its input.

        Returns:
            Its ARN, also if it runs already with the same input; None if one of that name has ended.
        """
        try:
            answer = self._client.start_execution(stateMachineArn=state_machine, name=name, input=json.dumps(document))
        except ClientError as error:
            if error.response["Error"].get("Code") == "ExecutionAlreadyExists":
                return None
            raise _named("StartExecution", error) from error
        except BotoCoreError as error:
            raise StepFunctionsUnavailableError(f"StartExecution: {error}") from error
        return str(answer["executionArn"])

    def ended_at(self, execution: str) -> datetime | None:
        """Return when an execution ended; None while it runs.

        Args:
            execution: The execution's ARN.

        Returns:
            `UNKNOWN_END` if Step Functions does not know it: it forgets executions 90 days after their end.
        """
        try:
            answer = self._client.describe_execution(executionArn=execution)
        except ClientError as error:
            if error.response["Error"].get("Code") in _MISSING_EXECUTION:
                return UNKNOWN_END
            raise _named("DescribeExecution", error) from error
        except BotoCoreError as error:
            raise StepFunctionsUnavailableError(f"DescribeExecution: {error}") from error
        ended_at: datetime | None = answer.get("stopDate")
        return ended_at

    def newest_events(self, execution: str, count: int) -> list[Document]:
        """Return the newest events of an execution's history, the newest first, with the data that they carry.

        Args:
            execution: The execution's ARN.
            count: How many events to read at most.

        Returns:
            The events; none if there is no such execution. Step Functions keeps histories for 90 days.
        """
        try:
            answer = self._client.get_execution_history(
                executionArn=execution, reverseOrder=True, maxResults=count, includeExecutionData=True
            )
        except ClientError as error:
            if error.response["Error"].get("Code") in _MISSING_EXECUTION:
                return []
            raise _named("GetExecutionHistory", error) from error
        except BotoCoreError as error:
            raise StepFunctionsUnavailableError(f"GetExecutionHistory: {error}") from error
        events: list[Document] = answer["events"]
        return events


def execution_arn(state_machine: str, name: str) -> str:
    """Return the ARN of an execution of a state machine, which is given by its own ARN."""
    return f"{state_machine.replace(':stateMachine:', ':execution:', 1)}:{name}"


def _named(operation: str, error: ClientError) -> AccessDeniedError | StepFunctionsUnavailableError:
    code, message = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
    if code.startswith("AccessDenied"):
        return AccessDeniedError(f"{operation}: {message}")
    return StepFunctionsUnavailableError(f"{operation}: {code}: {message}")
