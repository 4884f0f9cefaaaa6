"""Tasks that wait for their token, and the service that returns it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from deployer.json_document import Document
from local.simulator.errors import ServiceError
from local.virtual_time.step_functions_api import StepFunctions
from tests.machine.bench import DONE

if TYPE_CHECKING:
    from local.virtual_time import Execution, Machine
    from tests.machine.bench import Bench


TIMED: Document = {"Catch": [{"ErrorEquals": ["States.Timeout"], "ResultPath": "$.Failure", "Next": "Done"}]}


def waiting(**more: Any) -> Document:
    """Build a Task state that calls a function with its token and waits for it."""
    payload = {"TaskToken.$": "$$.Task.Token", "RetryCount.$": "$$.State.RetryCount"}
    return {
        "Type": "Task",
        "Resource": "arn:${Partition}:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": "${WorkFunctionArn}", "Payload": payload},
        "Next": "Done",
        **more,
    }


class Service:
    """A machine of one Task that waits for its token, and Step Functions' API in front of it."""

    def __init__(self, bench: Bench, **more: Any) -> None:
        self.bench = bench
        self.machine: Machine = bench.machine({"Wait": waiting(**more), **DONE})
        callbacks = self.machine._callbacks
        self.api = StepFunctions(bench.clock, [self.machine], callbacks)

    def succeed(self, token: str, output: Any = None) -> None:
        """Complete a task."""
        self.api.call("SendTaskSuccess", {"taskToken": token, "output": json.dumps(output)})

    def refusal(self, operation: str, **request: Any) -> str:
        """Return the code with which a call is refused."""
        with pytest.raises(ServiceError) as refused:
            self.api.call(operation, request)
        return refused.value.code

    def run(self, document: Any = None) -> Execution:
        """Run an execution to its end."""
        execution = self.machine.start(document or {})
        self.machine.run()
        return execution

    def at(self, seconds: float, act: Any) -> None:
        """Do something later."""
        self.bench.clock.spawn(act, name="later", at=self.bench.clock.now() + seconds)
