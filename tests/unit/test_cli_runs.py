"""What an execution says of itself: its endpoint, its trigger and its outcome."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.outcome import Outcome
from deployer.outcome import endpoint_name_of as endpoint_name_by_the_deployer
from endpoint_deployer.aws.run_triggers import describe_trigger, endpoint_name_of
from endpoint_deployer.aws.runs import Run, Runs
from endpoint_deployer.commands.following import EXIT_STATUSES

EVENTS = [json.loads(path.read_text()) for path in sorted(Path(__file__).parents[1].joinpath("events").glob("*.json"))]
NAMES = st.sampled_from(["churn", "a-b", "models", ""])
DETAILS = st.fixed_dictionaries(
    {},
    optional={
        "EndpointName": NAMES,
        "ModelPackageGroupName": NAMES,
        "object": st.fixed_dictionaries({"key": st.sampled_from(["models/churn/model.tar.gz", "models/", "x/y", ""])}),
    },
)
INPUTS = st.one_of(DETAILS, st.fixed_dictionaries({"detail-type": st.just("x"), "detail": DETAILS}), st.none())


def run(**changed: Any) -> Run:
    """Build an execution."""
    described = {
        "executionArn": "arn:aws:states:us-east-1:111122223333:execution:deploy:run-1",
        "name": "run-1",
        "status": "SUCCEEDED",
        "startDate": datetime(2026, 11, 24, 12, tzinfo=UTC),
        "input": json.dumps({"EndpointName": "churn"}),
        **changed,
    }
    return Run(described, "models/")


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.get("detail-type", "by hand"))
def test_endpoint_of_every_sample_is_found(event: Any) -> None:
    assert endpoint_name_of(event, "models/") == "churn"


@given(INPUTS)
def test_endpoint_is_the_one_that_the_deployer_names(document: Any) -> None:
    """The command line imports nothing of the functions, so both say it."""
    assert endpoint_name_of(document, "models/") == (endpoint_name_by_the_deployer(document, "models/") or "")


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        pytest.param(
            {
                "detail-type": "Object Created",
                "detail": {"object": {"key": "models/churn/model.tar.gz"}, "requester": "ann"},
            },
            "upload of models/churn/model.tar.gz by ann",
            id="upload",
        ),
        pytest.param(
            {"detail-type": "x", "detail": {"ModelPackageArn": "arn:aws:sagemaker:r:1:model-package/churn/7"}},
            "approval of model-package/churn/7",
            id="package",
        ),
        pytest.param({"detail-type": "x", "source": "app", "detail": {}}, "event of app", id="event"),
        pytest.param({"EndpointName": "churn"}, "by hand: run-1", id="by hand"),
    ],
)
def test_trigger_is_put_into_words(event: Any, expected: str) -> None:
    assert describe_trigger(event, "run-1") == expected


@pytest.mark.parametrize(
    ("description", "outcome"),
    [
        ({"output": json.dumps({"Outcome": {"Outcome": "Superseded"}})}, "Superseded"),
        ({"output": json.dumps({"Failure": None})}, "Succeeded"),
        ({"status": "FAILED", "error": "InvalidRequestError"}, "Rejected"),
        ({"status": "FAILED", "error": "DeploymentTimedOutError"}, "TimedOut"),
        ({"status": "FAILED", "error": "SmokeTestFailedError"}, "Failed"),
        ({"status": "RUNNING"}, "Running"),
        ({"status": "ABORTED"}, "Stopped"),
        ({"status": "TIMED_OUT"}, "TimedOut"),
    ],
)
def test_outcome_is_that_of_the_event(description: dict[str, Any], outcome: str) -> None:
    assert run(**description).outcome == outcome


@pytest.mark.parametrize(
    ("outcomes", "found"),
    [(["Planned", "Failed", "Deployed"], "Failed"), (["Planned", "Planned"], "Planned"), (["Deployed"], "Deployed")],
    ids=str,
)
def test_newest_execution_of_an_endpoint_is_one_that_was_to_deploy(
    monkeypatch: pytest.MonkeyPatch, outcomes: list[str], found: str
) -> None:
    """A dry run after a failed deployment does not hide the deployment."""
    newest = [run(output=json.dumps({"Outcome": {"Outcome": outcome}})) for outcome in outcomes]
    stack: Any = SimpleNamespace(client=lambda _: None, name="mine")
    runs = Runs(stack)
    monkeypatch.setattr(runs, "of_endpoint", lambda _, is_running=False: iter([] if is_running else newest))
    monkeypatch.setattr(runs, "find_execution", lambda _: None)

    chosen = runs.find("churn")

    assert chosen.outcome == found
    assert chosen is next(each for each in newest if each.outcome == found)


def test_every_outcome_has_an_exit_status() -> None:
    """Exit status 2 is a wrong use of the command line."""
    assert {*EXIT_STATUSES} == {*Outcome} | {"Stopped"}
    assert 2 not in EXIT_STATUSES.values()
