"""Commands whose every branch would take local AWS too long: abort and retry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.command_account import ALARM, Account, invoke, run_of

if TYPE_CHECKING:
    from endpoint_deployer.aws.runs import Run

OWN_ALARM = "endpoint-deployer/abort/churn"


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
