"""A place to run small definitions in virtual time, and parts to build them of."""

from __future__ import annotations

import json
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from deployer.json_document import Document
from local.virtual_time import Machine, VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from local.virtual_time import Execution


class Bench:
    """A clock, and what makes machines and functions for it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = VirtualClock(start=1_000_000.0)
        self._path, self._monkeypatch = folder / "definition.asl.json", monkeypatch

    def machine(self, states: Document, seed: int = 0, **top: Any) -> Machine:
        """Make a machine of a small definition, whose first state is the one to start at."""
        self._path.write_text(json.dumps({"StartAt": next(iter(states)), "States": states, **top}))
        return Machine(self.clock, self._path, seed)

    def function(self, handler: Callable[[Any, Any], Any], name: str = "work") -> None:
        """Deploy a function."""
        module = ModuleType(name)
        module.handler = handler  # type: ignore[attr-defined]
        self._monkeypatch.setitem(sys.modules, name, module)

    @staticmethod
    def output(execution: Execution) -> Any:
        """Return what an execution ended with; None if it failed."""
        output = execution.record.get("output")
        return None if output is None else json.loads(output)

    @property
    def seconds(self) -> float:
        """How much time has passed."""
        return self.clock.now() - 1_000_000.0


def task(name: str = "Work", **more: Any) -> Document:
    """Build a Task state that calls a function and ends the execution, unless `more` says otherwise."""
    return {"Type": "Task", "Resource": f"${{{name}FunctionArn}}", **({} if "Next" in more else {"End": True}), **more}


def retry(*errors: str, **more: Any) -> Document:
    """Build a Retry of a second for some errors."""
    return {"Retry": [{"ErrorEquals": list(errors), "IntervalSeconds": 1, "BackoffRate": 1, **more}]}


def wait(seconds: int, following: str = "Done") -> Document:
    """Build a Wait state."""
    return {"Type": "Wait", "Seconds": seconds, "Next": following}


CALLED = ["LambdaFunctionScheduled", "LambdaFunctionStarted"]
DONE = {"Done": {"Type": "Succeed"}}


def types(execution: Execution) -> list[str]:
    """Return the events of an execution, without their details."""
    return [event["type"] for event in execution.events]
