"""The account that commands of the command line work on, in memory."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from typer.testing import CliRunner

from endpoint_deployer import app as program
from endpoint_deployer.aws.runs import Run
from endpoint_deployer.commands import changes, deployments
from endpoint_deployer.errors import CommandError

if TYPE_CHECKING:
    import pytest

ALARM = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "churn-5xx"}]}}
"""A DeploymentConfig with an alarm of the request's own."""


def run_of(status: str, **changed: Any) -> Run:
    """Build an execution."""
    described = {
        "executionArn": "arn:run-1",
        "name": "run-1",
        "status": status,
        "startDate": datetime(2026, 11, 24, tzinfo=UTC),
    }
    return Run({**described, "input": json.dumps({"EndpointName": "churn"}), **changed}, "models/")


@dataclass
class Account:
    """All that the commands read and change, in memory.

    Attributes:
        statuses: The endpoint's status at each look; the last one stays.
        run: The execution of the endpoint.
        state: The state that it is in.
        deployment: Its DeploymentConfig.
        action: The action of its plan.
        alarms: The alarms that exist.
        calls: What was changed, in order.
    """

    statuses: list[str]
    run: Run | None = None
    state: str = "DescribeEndpoint"
    deployment: dict[str, Any] | None = None
    action: str = "Update"
    alarms: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)

    # Endpoints
    def find(self, name: str) -> dict[str, Any]:
        """Describe the endpoint."""
        status = self.statuses[0] if len(self.statuses) == 1 else self.statuses.pop(0)
        return {"EndpointName": name, "EndpointStatus": status}

    # Runs
    @property
    def client(self) -> Account:
        """The client of Step Functions."""
        return self

    def of_endpoint(self, _name: str, *, is_running: bool) -> list[Run]:
        """List the executions that run."""
        assert is_running
        return [self.run] if self.run else []

    def last_state(self, _run: Run) -> tuple[str, datetime, dict[str, Any]]:
        """Return the execution's state and data."""
        plan = {"Action": self.action, "Request": {"DeploymentConfig": self.deployment}}
        return self.state, datetime.now(UTC), {"Plan": plan}

    def find_execution(self, _name: str) -> Run | None:
        """Return the execution."""
        return self.run

    def describe(self, _arn: str) -> Run:
        """Return the execution."""
        assert self.run
        return self.run

    def start(self, request: dict[str, Any], command: str) -> Run:
        """Start an execution."""
        self.calls.append(f"{command} {request['EndpointName']}")
        return run_of("RUNNING", name="run-2")

    def redrive_execution(self, **named: str) -> None:
        """Redrive an execution."""
        self.calls.append(f"redrive {named['executionArn']}")

    # Alarms
    def exists(self, name: str) -> bool:
        """Return whether an alarm exists."""
        return name in self.alarms

    def set_to_alarm(self, name: str, _reason: str) -> None:
        """Set an alarm to ALARM."""
        self.calls.append(f"set {name}")

    def restore(self, name: str) -> None:
        """Set an alarm to OK."""
        self.calls.append(f"restore {name}")


def invoke(monkeypatch: pytest.MonkeyPatch, account: Account, *arguments: str) -> tuple[int, str]:
    """Run a command; return its exit status and what it printed, or why it could not go on."""
    for module in (changes, deployments):
        for name in ("Runs", "Endpoints", "Alarms"):
            monkeypatch.setattr(module, name, lambda _stack: account, raising=False)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    done = CliRunner().invoke(program.app, [*arguments])
    is_refused = isinstance(done.exception, CommandError)
    return done.exit_code, str(done.exception) if is_refused else done.output
