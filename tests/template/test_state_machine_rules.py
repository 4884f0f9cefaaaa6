"""The rules that the state machine keeps, whatever it does."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import jsonschema
import pytest

from deployer import errors

LAMBDA_FAULTS = {
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.TooManyRequestsException",
}


def leaves(group: type[Exception]) -> set[str]:
    """Name the leaves below a group of errors."""
    below = group.__subclasses__()
    return {group.__name__} if not below else set().union(*map(leaves, below))


def mentioned(tasks: dict[str, Any], field: str) -> set[str]:
    """Name all errors that the Retry or the Catch fields speak of."""
    return {error for task in tasks.values() for entry in task[field] for error in entry["ErrorEquals"]}


def test_the_definition_keeps_the_schema_of_the_states_language(definition: dict[str, Any]) -> None:
    """The definition is valid by cfn-lint's JSON Schema of the Amazon States Language."""
    text = resources.files("cfnlint").joinpath("data/schemas/other/step_functions/statemachine.json").read_text()

    jsonschema.Draft7Validator(json.loads(text)).validate(definition)


def test_every_state_says_what_it_is_for(definition: dict[str, Any]) -> None:
    """Each state has a comment that reads as a sentence."""
    for name, state in definition["States"].items():
        assert state["Comment"].endswith("."), name


def test_every_task_is_bounded_and_guarded(tasks: dict[str, Any]) -> None:
    """Each Task has a timeout, retries Lambda's own faults, and catches what remains."""
    for name, task in tasks.items():
        retried = {error for retry in task["Retry"] for error in retry["ErrorEquals"]}

        assert 0 < task["TimeoutSeconds"] <= 900, name
        assert retried >= LAMBDA_FAULTS, name
        assert task["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name


def test_retries_are_named_capped_and_jittered(tasks: dict[str, Any]) -> None:
    """Nothing retries everything; each retry grows to a cap, with full jitter, a bounded number of times."""
    for task in tasks.values():
        for retry in task["Retry"]:
            assert not {"States.ALL", "States.TaskFailed"} & set(retry["ErrorEquals"])
            assert retry["JitterStrategy"] == "FULL"
            assert retry["BackoffRate"] > 1
            assert retry["IntervalSeconds"] < retry["MaxDelaySeconds"] <= 60
            assert 0 < retry["MaxAttempts"] <= 20


def test_visibility_is_waited_for_from_a_second_to_minutes(tasks: dict[str, Any]) -> None:
    """What is not visible yet is looked for after a second at first, and for minutes altogether."""
    for task in tasks.values():
        for retry in task["Retry"]:
            if any(error.endswith("NotVisibleError") for error in retry["ErrorEquals"]):
                delays = [min(2**n, retry["MaxDelaySeconds"]) for n in range(retry["MaxAttempts"])]

                assert retry["IntervalSeconds"] == 1
                # Full jitter halves a delay on the average.
                assert sum(delays) / 2 > 180


def test_each_transient_error_is_retried_by_the_tasks_that_raise_it(tasks: dict[str, Any]) -> None:
    """All transient errors are retried somewhere, and only they are; permanent ones are not tried again once."""
    own = {
        error
        for error in mentioned(tasks, "Retry")
        if not error.startswith(("Lambda.", "States.", "Sandbox.", "Runtime."))
    }

    assert own == leaves(errors.TransientError)


def test_each_replan_error_is_caught(tasks: dict[str, Any]) -> None:
    """An endpoint that is not as planned is planned anew, not failed."""
    assert mentioned(tasks, "Catch") - {"States.ALL", "ModelNotVisibleError"} == leaves(errors.ReplanError)


def targets(state: dict[str, Any]) -> set[str]:
    """Name the states that may follow a state."""
    entries = [state, *state.get("Choices", []), *state.get("Catch", [])]
    return {entry["Next"] for entry in entries if "Next" in entry} | (
        {state["Default"]} if "Default" in state else set()
    )


def test_every_state_can_be_reached_and_left(definition: dict[str, Any]) -> None:
    """There is no state without a way in, and none but the terminals without a way out."""
    states = definition["States"]
    reached: set[str] = set()
    ahead = {definition["StartAt"]}
    while ahead:
        reached |= ahead
        ahead = set().union(*(targets(states[name]) for name in ahead)) - reached

    assert reached == set(states)
    for name, state in states.items():
        assert bool(targets(state)) != (state["Type"] in {"Succeed", "Fail"}), name


@pytest.mark.parametrize("wait", ["WaitForEndpoint", "WaitForOtherDeployment"])
def test_waits_are_set_by_the_stack(definition: dict[str, Any], wait: str) -> None:
    """How long a wait takes comes from the plan, and so from the stack's parameters."""
    assert definition["States"][wait]["SecondsPath"].endswith(".PollSeconds")
