"""Wake-ups: an event of an endpoint ends the wait for it; without events the state machine looks by itself."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from local.aws.execution_follower import follow
from local.simulator import EventDelivery
from tests.machine.factories import request

if TYPE_CHECKING:
    from endpoint_deployer.aws.history import Moment
    from local.aws.stack import Stack
    from local.simulator import Settings

CREATE_SECONDS = 100.0  # 2 s on the wall clock
LOOK_SECONDS = 480.0  # the first look interval, with the stack's default timeout of two hours: 9.6 s on the wall clock
NOTICE_SECONDS = 8.0  # on the wall clock: the event's way, a cold start of WakeExecution, and a look
EXECUTION_SECONDS = 60.0


def start(stack: Stack, endpoint: str) -> str:
    """Start an execution that creates an endpoint, and return its ARN."""
    states, machine = stack.server.client("stepfunctions"), stack.outputs.state_machine_arn
    document = json.dumps(request("a", endpoint))
    return str(states.start_execution(stateMachineArn=machine, input=document)["executionArn"])


def wait_of(stack: Stack, execution: str) -> list[Moment]:
    """Follow an execution to its end, and return what happened while it waited for the endpoint."""
    moments = [*follow(stack.server.client("stepfunctions"), execution, timeout=EXECUTION_SECONDS)]
    assert stack.outcome_of(execution)["Outcome"] == "Deployed"
    return [moment for moment in moments if moment.state == "DescribeEndpoint"]


def seconds_of(wait: list[Moment]) -> float:
    """Return the seconds that a wait took, on the wall clock."""
    return (wait[-1].at - wait[0].at).total_seconds()


def test_event_ends_the_wait_of_its_endpoint_within_seconds(stack: Stack, quick: Settings) -> None:
    """It is noticed long before the execution looks again by itself; another endpoint's event changes nothing."""
    stack.server.control.settings = replace(quick, create_seconds=CREATE_SECONDS)
    executions = [start(stack, "woken"), start(stack, "woken-too")]

    waits = [wait_of(stack, execution) for execution in executions]

    for wait in waits:
        kinds = [moment.kind for moment in wait]
        assert "TaskTimedOut" not in kinds
        assert kinds.count("TaskStateEntered") == 2
        assert seconds_of(wait) - CREATE_SECONDS / 50 < NOTICE_SECONDS < LOOK_SECONDS / 50


def test_lost_events_cost_one_look_interval(stack: Stack, quick: Settings) -> None:
    """Nothing wakes the execution; it finds the endpoint in service when it looks."""
    stack.server.control.settings = replace(quick, events=EventDelivery(lost=1.0))

    wait = wait_of(stack, start(stack, "not-woken"))

    assert [moment.kind for moment in wait].count("TaskTimedOut") == 1
    assert seconds_of(wait) >= LOOK_SECONDS / 50
