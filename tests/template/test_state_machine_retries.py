"""How often and how long each error is retried."""

from __future__ import annotations

import json

from deployer.json_document import Document
from tests.template.shipped import (
    caught,
    is_callback,
    retried,
)
from tests.template.state_machine_tasks import LEAST_SECONDS, all_tasks, every_task

LAMBDA_FAULTS = {
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.TooManyRequestsException",
}

LOST_FUNCTIONS = {
    "Lambda.Unknown",
    "Runtime.ExitError",
    "Runtime.OutOfMemory",
    "Runtime.Unknown",
    "Sandbox.Failure",
    "Sandbox.Timedout",
    "Sandbox.Timeout",
}
"""What a function is lost by, beside the state's own timeout; the next try may be lost in the same way."""


@every_task
def test_task_retries_faults_of_lambda_and_catches_all_other_errors(name: str, task: Document) -> None:
    assert retried(task) >= LAMBDA_FAULTS | LOST_FUNCTIONS, name
    assert task["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name


@every_task
def test_timeout_of_a_wait_leads_on_and_any_other_is_retried(name: str, task: Document) -> None:
    """A function that has not answered is called again; a wait that is over is not a failure."""
    assert ("States.Timeout" in retried(task)) != is_callback(task), name
    assert ("States.Timeout" in caught(task)) == is_callback(task), name


@every_task
def test_retries_are_by_name_and_bounded(name: str, task: Document) -> None:
    """Nothing retries everything; each retry grows to a cap, a bounded number of times."""
    for retrier in task["Retry"]:
        if retrier["ErrorEquals"] == ["CopyUnfinishedError"]:  # it goes on where it was: there is nothing to wait for
            assert retrier["MaxAttempts"] <= 10
            continue
        assert not {"States.ALL", "States.TaskFailed"} & set(retrier["ErrorEquals"]), name
        assert "BackoffRate" not in retrier, f"{name}: two is the default"
        assert retrier["IntervalSeconds"] < retrier["MaxDelaySeconds"] <= 60, name
        assert 0 < retrier["MaxAttempts"] <= 40, name


def test_faults_of_lambda_have_one_retrier_that_is_the_same_in_every_task() -> None:
    """Only the timeout differs: a wait that is over is not a fault."""
    curves = set()
    for name, task in all_tasks().items():
        (retrier,) = (each for each in task["Retry"] if "Lambda.Unknown" in each["ErrorEquals"])
        assert set(retrier.pop("ErrorEquals")) - {"States.Timeout"} == LAMBDA_FAULTS | LOST_FUNCTIONS, name
        curves.add(json.dumps(retrier))

    assert len(curves) == 1


def shortest_seconds(retrier: Document) -> float:
    """Add up the waits of a retrier, each as short as its jitter may draw it."""
    if retrier.get("JitterStrategy", "NONE") == "FULL":
        return 0
    rate = retrier.get("BackoffRate", 2)
    grown = (retrier["IntervalSeconds"] * rate**n for n in range(retrier["MaxAttempts"]))
    return float(sum(min(delay, retrier.get("MaxDelaySeconds", delay)) for delay in grown))


@every_task
def test_transient_errors_are_retried_long_enough_with_any_jitter(name: str, task: Document) -> None:
    for retrier in task["Retry"]:
        least = max(LEAST_SECONDS.get(error, 0) for error in retrier["ErrorEquals"])

        assert shortest_seconds(retrier) >= least, name


@every_task
def test_other_retries_have_full_jitter(name: str, task: Document) -> None:
    """Many executions that are throttled at once must not come back at once."""
    for retrier in task["Retry"]:
        if not {*LEAST_SECONDS, "CopyUnfinishedError"} & set(retrier["ErrorEquals"]):
            assert retrier["JitterStrategy"] == "FULL", name
