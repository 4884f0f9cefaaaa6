"""The rules that the state machine keeps, whatever it does."""

from __future__ import annotations

import ast
import json
import re
from copy import deepcopy
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from cfnlint.api import lint
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

from deployer import errors

if TYPE_CHECKING:
    from collections.abc import Callable

FUNCTIONS = Path(__file__).parents[2] / "functions"

LAMBDA_FAULTS = {
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.TooManyRequestsException",
}


ADAPTER_FAULTS = {
    "hosting": {"SageMakerThrottledError", "SageMakerUnavailableError"},
    "inference": {"SageMakerUnavailableError"},
    "artifacts": {"StorageUnavailableError"},
    "monitoring": {"MonitoringUnavailableError"},
}
"""What each service that a step may speak to answers at any time, by the adapter's name in the runtime."""


def leaves(group: type[Exception]) -> set[str]:
    """Name the leaves below a group of errors."""
    below = group.__subclasses__()
    return {group.__name__} if not below else set().union(*map(leaves, below))


def mentioned(tasks: dict[str, Any], field: str) -> set[str]:
    """Name all errors that the Retry or the Catch fields speak of."""
    return {error for task in tasks.values() for entry in task[field] for error in entry["ErrorEquals"]}


def deployed(definition: dict[str, Any]) -> dict[str, Any]:
    """Return the definition as it is deployed: with ARNs in the places of the functions."""
    arn = r"arn:aws:lambda:us-east-1:111122223333:function:\1"
    document: dict[str, Any] = json.loads(re.sub(r"\$\{(\w+)Arn\}", arn, json.dumps(definition)))
    return document


def found_by_schema(definition: dict[str, Any]) -> list[str]:
    """Check a definition by cfn-lint's JSON Schema of the Amazon States Language."""
    text = resources.files("cfnlint").joinpath("data/schemas/other/step_functions/statemachine.json").read_text()
    # The schema has more beside its `$ref`s, which drafts before 2019-09 ignore.
    validator = jsonschema.Draft202012Validator(json.loads(text))
    return [error.message for error in validator.iter_errors(definition)]


def found_by_rule(definition: dict[str, Any]) -> list[str]:
    """Check a definition by cfn-lint's rule E3601. It cannot see one that is in a file, so it gets a template of it."""
    role = "arn:aws:iam::111122223333:role/machine"
    machine = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {"RoleArn": role, "Definition": definition},
    }
    return [f"{match.rule.id} {match.message}" for match in lint(json.dumps({"Resources": {"Machine": machine}}))]


def found_by_grammar(definition: dict[str, Any]) -> list[str]:
    """Check a definition by a grammar of the Amazon States Language, which is strict where the schema is not."""
    try:
        AmazonStateLanguageParser.parse(json.dumps(definition))
    except Exception as error:  # noqa: BLE001 - the parser has no error class of its own
        return [str(error)]
    return []


CHECKS = {"schema": found_by_schema, "rule": found_by_rule, "grammar": found_by_grammar}

BROKEN: list[tuple[str, set[str], Callable[[dict[str, Any]], object]]] = [
    ("start is no state", {"rule"}, lambda it: it.update(StartAt="Nowhere")),
    ("state without a type", {"schema", "rule", "grammar"}, lambda it: it["States"]["CreateModels"].pop("Type")),
    ("task without a resource", {"schema", "rule", "grammar"}, lambda it: it["States"]["CreateModels"].pop("Resource")),
    (
        "misspelt timeout",
        {"schema", "rule", "grammar"},
        lambda it: it["States"]["CreateModels"].update(TimoutSeconds=9),
    ),
    ("timeout in words", {"schema", "grammar"}, lambda it: it["States"]["CreateModels"].update(TimeoutSeconds="9")),
    ("no way on", {"rule"}, lambda it: it["States"]["CreateModels"].pop("Next")),
    ("terminal with a way on", {"schema", "rule"}, lambda it: it["States"]["Failed"].update(Next="Deployed")),
    ("catch without a way on", {"schema", "rule"}, lambda it: it["States"]["CreateModels"]["Catch"][0].pop("Next")),
    ("choice without a way on", {"schema", "rule"}, lambda it: it["States"]["IsUndone"]["Choices"][0].pop("Next")),
    ("misspelt comparison", {"grammar"}, lambda it: it["States"]["IsUndone"]["Choices"][0].update(BoolEquals=True)),
    ("misspelt retry", {"grammar"}, lambda it: it["States"]["CreateModels"]["Retry"][0].update(MaxAttempt=9)),
    ("unknown jitter", {"grammar"}, lambda it: it["States"]["CreateModels"]["Retry"][0].update(JitterStrategy="ANY")),
    ("wait for nothing", {"grammar"}, lambda it: it["States"]["WaitForEndpoint"].pop("SecondsPath")),
]
"""Definitions that are wrong, and the checks that say so."""


@pytest.mark.parametrize("check", CHECKS)
def test_the_definition_is_of_the_states_language(definition: dict[str, Any], check: str) -> None:
    """Schema, linter and grammar know different rules of the language; the definition keeps all of them."""
    shipped = deployed(definition)

    found = CHECKS[check](shipped)

    assert not found


@pytest.mark.parametrize(("checks", "breach"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_a_broken_definition_is_found(
    definition: dict[str, Any], checks: set[str], breach: Callable[[dict[str, Any]], object]
) -> None:
    """The checks above can fail: each breach is found by those that claim to know the rule."""
    broken = deepcopy(deployed(definition))

    breach(broken)

    assert all(CHECKS[check](broken) for check in checks)


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
            assert 0 < retry["MaxAttempts"] <= 40


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
    recreated = {"ModelNotVisibleError", "EndpointConfigNotVisibleError"}

    assert mentioned(tasks, "Catch") - {"States.ALL"} - recreated == leaves(errors.ReplanError)


def test_steps_retry_what_their_services_answer(tasks: dict[str, Any]) -> None:
    """A step that speaks to a service tries again by itself when the service throttles, fails or does not answer."""
    for name, task in tasks.items():
        module = ast.parse((FUNCTIONS / f"{re.sub(r'(?<!^)(?=[A-Z])', '_', name).lower()}.py").read_text())
        imported = {alias.name for node in ast.walk(module) if isinstance(node, ast.ImportFrom) for alias in node.names}
        answered = set().union(*(ADAPTER_FAULTS[adapter] for adapter in imported & set(ADAPTER_FAULTS)))

        assert answered <= {error for entry in task["Retry"] for error in entry["ErrorEquals"]}, name


def test_no_error_is_named_in_vain(tasks: dict[str, Any]) -> None:
    """The first entry that names an error wins, so no list names one twice, and what catches all is alone and last."""
    for name, task in tasks.items():
        for field in ("Retry", "Catch"):
            named = [error for entry in task[field] for error in entry["ErrorEquals"]]

            assert len(named) == len(set(named)), name
            assert "States.ALL" not in named[:-1], name


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
