"""Deployments that wait for a person, and the person's answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from deployer.execution_history import waiting_task
from tests.machine.factories import (
    run_into,
)

if TYPE_CHECKING:
    from local.virtual_time.world import World


APPROVAL: dict[str, Any] = {"Approval": {"Required": True, "TimeoutHours": 6}}
BY = "arn:aws:iam::111122223333:user/ann"


def start(world: World, wanted: Any, seconds: float = 60) -> Any:
    """Start an execution a minute later, and let it come to wait for approval."""
    world.clock.sleep(seconds)
    execution = world.machine.start(wanted)
    run_into(world, execution, "AwaitApproval")
    settle(world)
    return execution


def settle(world: World, seconds: float = 5) -> None:
    """Let the functions that events invoke do their work."""
    world.machine.run(world.clock.now() + seconds)


def answer(world: World, execution: Any, decision: Any, comment: str = "looks right") -> None:
    """Answer as a person does, by the token in the execution's history, and let time pass until all has ended."""
    asked = {"executionArn": execution.arn, "reverseOrder": True, "maxResults": 5}
    task = waiting_task(world.step_functions.call("GetExecutionHistory", asked)["events"])
    given = {"Decision": decision, "By": BY, "Comment": comment} if isinstance(decision, str) else decision
    world.step_functions.call("SendTaskSuccess", {"taskToken": task["TaskToken"], "output": json.dumps(given)})
    world.machine.run()
