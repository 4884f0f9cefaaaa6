"""Commands whose every branch would take local AWS too long: abort and retry."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from typer.testing import CliRunner

from endpoint_deployer import app as program
from endpoint_deployer.aws.runs import Run
from endpoint_deployer.commands import changes, deployments
from endpoint_deployer.errors import CommandError

ALARM = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "churn-5xx"}]}}
OWN_ALARM = "endpoint-deployer/abort/churn"


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
        alarms: The alarms that exist.
        calls: What was changed, in order.
    """

    statuses: list[str]
    run: Run | None = None
    state: str = "DescribeEndpoint"
    deployment: dict[str, Any] | None = None
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
        return self.state, datetime.now(UTC), {"Plan": {"Request": {"DeploymentConfig": self.deployment}}}

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


@pytest.mark.parametrize(
    ("account", "message"),
    [
        pytest.param(Account(["InService"]), "no update is under way", id="at rest"),
        pytest.param(Account(["Creating"]), "cannot end a creation", id="creating"),
        pytest.param(Account(["Updating"]), "no execution of this stack is changing it", id="somebody else's"),
        pytest.param(
            Account(["Updating"], run_of("RUNNING"), state="WaitForOtherDeployment", deployment=ALARM),
            "no execution of this stack is changing it",
            id="only a queued one",
        ),
        pytest.param(Account(["Updating"], run_of("RUNNING")), "has no AutoRollbackConfiguration", id="without alarm"),
    ],
)
def test_refused_abort_has_its_reason(monkeypatch: pytest.MonkeyPatch, account: Account, message: str) -> None:
    status, printed = invoke(monkeypatch, account, "abort", "churn", "--yes")

    assert (status, account.calls) == (1, [])
    assert message in printed


@pytest.mark.parametrize("alarm", ["churn-5xx", OWN_ALARM])
def test_abort_keeps_the_alarm_set_until_sagemaker_rolls_back(monkeypatch: pytest.MonkeyPatch, alarm: str) -> None:
    """The deployer's own alarm is preferred, because nobody else listens to it."""
    statuses = ["Updating", "Updating", "Updating", "RollingBack"]
    account = Account(statuses, run_of("RUNNING"), deployment=ALARM, alarms={alarm})

    status, printed = invoke(monkeypatch, account, "abort", "churn", "--yes")

    assert status == 0
    assert account.calls == [f"set {alarm}"] * 3 + [f"restore {alarm}"]
    assert "churn is RollingBack" in printed


def test_abort_gives_up_and_restores_the_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(["Updating"], run_of("RUNNING"), deployment=ALARM)

    status, printed = invoke(monkeypatch, account, "abort", "churn", "--yes")

    assert status == 1
    assert "is still Updating" in printed
    assert account.calls[-1] == "restore churn-5xx"
    assert len(account.calls) == 61


def test_abort_asks_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing answer counts as a no."""
    account = Account(["Updating"], run_of("RUNNING"), deployment=ALARM)

    status, _ = invoke(monkeypatch, account, "abort", "churn")

    assert (status, account.calls) == (1, [])


@pytest.mark.parametrize(
    ("run", "calls", "message"),
    [
        pytest.param(run_of("FAILED", error="EndpointFailedError"), ["retry churn"], "run-1", id="failed"),
        pytest.param(run_of("ABORTED"), ["redrive arn:run-1"], "run-1", id="stopped"),
        pytest.param(run_of("TIMED_OUT"), ["redrive arn:run-1"], "run-1", id="out of time"),
        pytest.param(run_of("RUNNING"), [], "has not ended", id="running"),
        pytest.param(run_of("SUCCEEDED"), [], "nothing to try again", id="succeeded"),
        pytest.param(None, [], "is not an execution", id="unknown"),
    ],
)
def test_retry_restarts_failed_executions_and_redrives_stopped_ones(
    monkeypatch: pytest.MonkeyPatch, run: Run | None, calls: list[str], message: str
) -> None:
    account = Account(["InService"], run)

    status, printed = invoke(monkeypatch, account, "retry", "run-1")

    assert account.calls == calls
    assert status == (0 if calls else 1)
    assert message in printed
