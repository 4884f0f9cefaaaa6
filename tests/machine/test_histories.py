"""Histories and descriptions of executions in virtual time are read as in Step Functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from deployer.json_document import Document
from local.virtual_time.step_functions_api import StepFunctions
from tests.machine.bench import DONE, wait
from tests.machine.callback_samples import TIMED, Service

if TYPE_CHECKING:
    from local.virtual_time import Execution
    from tests.machine.bench import Bench


def history(service: Service, execution: Execution, **more: Any) -> Document:
    """Read a page of the history."""
    return service.api.call("GetExecutionHistory", {"executionArn": execution.arn, **more})


def test_the_history_is_paged_and_turned_around(bench: Bench) -> None:
    """The newest events come first; what happens between two pages moves nothing."""
    bench.function(lambda *_: None)
    service = Service(bench, TimeoutSeconds=30, **TIMED)
    execution = service.machine.start({})
    service.machine.run(until=bench.clock.now() + 10)

    first = history(service, execution, reverseOrder=True, maxResults=2)
    service.machine.run()
    second = history(service, execution, reverseOrder=True, maxResults=10, nextToken=first["nextToken"])

    assert [event["type"] for event in first["events"]] == ["TaskSubmitted", "TaskStarted"]
    assert [event["id"] for event in second["events"]] == [3, 2, 1]
    assert "nextToken" not in second
    assert [event["id"] for event in history(service, execution)["events"]][:3] == [1, 2, 3]


def test_the_history_leaves_data_out_if_asked_to(bench: Bench) -> None:
    """Inputs and outputs only."""
    bench.function(lambda *_: None)
    service = Service(bench, TimeoutSeconds=30, **TIMED)
    execution = service.run({"a": 1})

    events = history(service, execution, includeExecutionData=False)["events"]

    assert events[1]["stateEnteredEventDetails"] == {"name": "Wait", "inputDetails": {"truncated": False}}
    assert execution.events[1]["stateEnteredEventDetails"]["input"] == '{"a":1}'


def test_executions_are_started_and_described(bench: Bench) -> None:
    """The same name with the same input is the same execution while it runs; another input is refused."""
    machine = bench.machine({"W": wait(100), **DONE})
    api = StepFunctions(bench.clock, [machine], machine._callbacks)
    service = Service(bench)
    service.api = api
    request = {"stateMachineArn": machine.arn, "name": "n", "input": '{"a": 1}'}

    first, second = api.call("StartExecution", request), api.call("StartExecution", request)
    other = service.refusal("StartExecution", **{**request, "input": "{}"})
    machine.run()
    described = api.call("DescribeExecution", {"executionArn": first["executionArn"]})

    assert first == second
    assert other == "ExecutionAlreadyExists"
    assert (described["status"], described["stopDate"] - described["startDate"]) == ("SUCCEEDED", 100)


@pytest.mark.parametrize("operation", ["DescribeExecution", "GetExecutionHistory"])
def test_unknown_executions_are_refused(bench: Bench, operation: str) -> None:
    """One that has not begun yet is not there either."""
    bench.function(lambda *_: None)
    service = Service(bench, TimeoutSeconds=30)
    later = service.machine.start({}, at=bench.clock.now() + 10)

    assert service.refusal(operation, executionArn="arn:x") == "ExecutionDoesNotExist"
    assert service.refusal(operation, executionArn=later.arn) == "ExecutionDoesNotExist"
    service.machine.close()
