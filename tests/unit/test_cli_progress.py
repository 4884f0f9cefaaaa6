"""What `watch` shows of an execution, and when it looks at the endpoint."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from endpoint_deployer.aws.history import Moment
from endpoint_deployer.aws.status import reason_to_wait
from endpoint_deployer.commands import following
from endpoint_deployer.view.progress import Progress
from endpoint_deployer.view.progress_view import ProgressView
from endpoint_deployer.view.summaries import summarize_state

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("restore", "summary"),
    [
        ({"Done": False}, ""),
        ({"Done": True, "Restored": "churn-1"}, "✓ the endpoint is as it was"),
        ({"Done": True, "Restored": "deleted"}, "✓ the endpoint is deleted"),
        ({"Done": True, "Restored": None}, "✓ the endpoint is as it was"),
    ],
    ids=str,
)
def test_progress_shows_the_restoration(restore: dict[str, Any], summary: str) -> None:
    assert summarize_state("RestoreEndpoint", {"Restore": restore}) == summary


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("AwaitApproval", "waits for a person: endpoint-deployer approve churn, or reject"),
        ("WaitForOtherDeployment", "Endpoint churn is Updating"),
        ("PlanAgain", "Endpoint churn is Updating"),
        ("CreateModels", ""),
    ],
)
def test_wait_shows_its_reason_and_its_end(state: str, reason: str) -> None:
    assert reason_to_wait(state, "churn", {"Reason": "Endpoint churn is Updating"}) == reason


def test_wait_is_shown_once_however_often_it_plans_again() -> None:
    """The same summary comes every few minutes until a person has answered."""
    printed = io.StringIO()
    view = ProgressView(Progress(Console(file=printed, width=120)), folds=False)
    waits, approved = ({"Plan": {"Action": action, "EndpointName": "churn"}} for action in ("Approve", "Update"))

    for seconds, data in enumerate([waits, waits, waits, approved]):
        at = NOON + timedelta(seconds=seconds)
        view.on_event(Moment(at, "PlanAgain", "TaskStateEntered"))
        view.on_event(Moment(at, "PlanAgain", "TaskStateExited", data=data))
        view.on_event(Moment(at, "AwaitApproval", "TaskStateEntered"))

    assert printed.getvalue().count("waits for a person: endpoint-deployer approve churn") == 1


@pytest.mark.parametrize("is_running", [True, False], ids=["running", "ended"])
def test_endpoint_is_looked_at_while_the_execution_runs(monkeypatch: pytest.MonkeyPatch, is_running: bool) -> None:  # noqa: FBT001 - a case
    """Changes of the endpoint by another execution are not part of an execution that has ended."""
    looked: list[str] = []

    class Watcher:
        """Notes that it was used."""

        def __init__(self, _client: object, name: str, *_: object, **__: object) -> None:
            self.name = name

        def __enter__(self) -> None:
            looked.append(self.name)

        def __exit__(self, *_: object) -> None:
            return

    monkeypatch.setattr(following, "EndpointWatcher", Watcher)
    monkeypatch.setattr(following, "follow", lambda _client, _arn: iter(()))
    ended: Any = SimpleNamespace(
        arn="arn", endpoint="churn", is_running=is_running, outcome="Deployed", error="", cause=""
    )
    runs: Any = SimpleNamespace(client=None, describe=lambda _: ended)
    printed = io.StringIO()
    stack = SimpleNamespace(client=lambda _: None)
    invocation: Any = SimpleNamespace(stack=stack, out=Console(file=printed, width=80))

    following.watch_run(invocation, runs, ended)

    assert looked == (["churn"] if is_running else [])
    assert printed.getvalue().split() == ["Deployed"]
