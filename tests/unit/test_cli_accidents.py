"""Commands that a script calls with a variable that is not set, or that a person interrupts."""

from __future__ import annotations

from typing import Any

import pytest

from endpoint_deployer.aws.runs import Run  # noqa: TC001 - a test double returns it
from endpoint_deployer.commands import changes
from tests.unit.command_account import ALARM, Account, invoke, run_of


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [([], True), (["--to", "churn-1"], "churn-1"), (["--to", ""], "")],
    ids=["without a revision", "with one", "with an empty name"],
)
def test_rollback_to_an_empty_name_is_not_one_to_the_revision_before(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], wanted: Any
) -> None:
    """The deployer rejects an empty name; it must not go back to whatever was before."""
    account, requests = Account(["InService"]), list[Any]()

    def start(request: Any, _command: str) -> Run:
        requests.append(request)
        return run_of("RUNNING")

    monkeypatch.setattr(account, "start", start)

    status, _ = invoke(monkeypatch, account, "rollback", "churn", *arguments)

    assert status == 0
    assert requests == [{"EndpointName": "churn", "Rollback": wanted}]


def test_interrupted_abort_restores_the_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(["Updating"], run_of("RUNNING"), deployment=ALARM)

    def interrupt(name: str, _reason: str) -> None:
        account.calls.append(f"set {name}")
        raise KeyboardInterrupt

    monkeypatch.setattr(changes, "_status", lambda *_: "Updating")
    monkeypatch.setattr(account, "set_to_alarm", interrupt)

    status, _ = invoke(monkeypatch, account, "abort", "churn", "--yes")

    assert status != 0
    assert account.calls == ["set churn-5xx", "restore churn-5xx"]
