"""The rules that the state machines keep, whatever they do."""

from __future__ import annotations

import ast
import json
import re
from copy import deepcopy
from importlib import resources as packages
from typing import TYPE_CHECKING

import jsonschema
import pytest
from cfnlint.api import lint
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

from deployer import errors
from deployer.aws.classification import classify
from deployer.json_document import Document
from tests.template.shipped import (
    FUNCTIONS,
    MACHINES,
    ROOT,
    SHARED,
    caught,
    function_of,
    is_callback,
    module_of,
    reachable,
    read_definition,
    retried,
    targets,
    tasks_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable


LINES = {"DeployEndpoint": 450, "SweepUnused": 60}
"""How long a definition may become before nobody reads it to its end any more."""

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

ADAPTER_FAULTS = {
    "sagemaker": {"SageMakerThrottledError", "SageMakerUnavailableError"},
    "inference": {"SageMakerUnavailableError"},
    "objects": {"StorageUnavailableError"},
    "copier": {"StorageUnavailableError", "CopyUnfinishedError"},
    "monitoring": {"MonitoringUnavailableError"},
    "scaling": {"MonitoringUnavailableError"},
    "executions": {"StepFunctionsUnavailableError"},
    "event_bus": {"AnnouncementUnavailableError"},
}
"""What each service that a step may speak to answers at any time, by the adapter's name in the runtime."""

MODEL, CONFIG, ENDPOINT = (f"arn:aws:sagemaker:us-east-1:111122223333:{kind}/it" for kind in
                           ("model", "endpoint-config", "endpoint"))  # fmt: skip
NO_MODEL = f'Could not find model "{MODEL}".'
NO_CONFIG = f'Could not find endpoint configuration "{CONFIG}".'
NO_ENDPOINT = f'Could not find endpoint "{ENDPOINT}".'
BUSY = f'Cannot update in-progress endpoint "{ENDPOINT}".'
EXISTS = f'Cannot create already existing endpoint "{ENDPOINT}".'
ROLE = 'The execution role ARN "arn:aws:iam::111122223333:role/it" is invalid. Please ensure that the role exists'

ANSWERS = {
    "CreateModel": [ROLE],
    "CreateEndpointConfig": [NO_MODEL, ROLE],
    "CreateEndpoint": [NO_MODEL, NO_CONFIG, EXISTS, ROLE],
    "UpdateEndpoint": [NO_MODEL, NO_CONFIG, NO_ENDPOINT, BUSY, ROLE],
    "DeleteEndpoint": [BUSY],
    "DescribeModel": [NO_MODEL],
    "DescribeEndpointConfig": [NO_CONFIG],
    "DescribeEndpoint": [NO_ENDPOINT],
    "AddTags": [NO_CONFIG],
    "ListTags": [NO_ENDPOINT],
}
"""What SageMaker may answer to a call of what this run has created, and what passes by itself or by another plan."""

CALLS = {
    "ConfirmRevision": ["AddTags"],
    "CreateModels": ["CreateModel", "DescribeModel"],
    "CreateEndpointConfig": ["CreateEndpointConfig", "DescribeEndpointConfig"],
    "DescribeEndpointConfig": ["DescribeEndpointConfig"],
    "CreateEndpoint": ["CreateEndpoint", "DescribeEndpoint"],
    "UpdateEndpoint": ["UpdateEndpoint", "DescribeEndpoint"],
    "DescribeEndpoint": ["DescribeEndpoint"],
    "RecordDeployment": ["AddTags"],
    "UpdateTags": ["DescribeEndpoint", "AddTags"],
    "RestoreEndpoint": ["DescribeEndpointConfig", "UpdateEndpoint", "DeleteEndpoint", "ListTags"],
}
"""The calls of each step that SageMaker may answer so. Those of planning and of sweeps take "missing" for an answer."""

OTHERWISE_RAISED = {
    # The endpoint shows its config, and the replica that is asked for it, or for the endpoint's tags, does not yet.
    "PlanDeployment": {"EndpointConfigNotVisibleError", "EndpointNotVisibleError"},
    "PlanAgain": {"EndpointConfigNotVisibleError", "EndpointNotVisibleError"},
    # The runtime of endpoints has words of its own, and the endpoint is described after the last answer.
    "SmokeTestEndpoint": {"EndpointBusyError", "EndpointNotVisibleError"},
    # They change and delete by tag, and tags reach IAM late.
    "ConfirmRevision": {"PermissionNotReadyError"},
    "RecordDeployment": {"PermissionNotReadyError"},
    # Application Auto Scaling looks at the endpoint by itself, and may see it as it was before.
    "RegisterScaling": {"EndpointNotVisibleError", "PermissionNotReadyError"},
    "UpdateTags": {"PermissionNotReadyError"},
    "RestoreEndpoint": {"PermissionNotReadyError"},
    "CreateModels": {"PermissionNotReadyError"},
    "CreateEndpointConfig": {"PermissionNotReadyError"},
    "UpdateEndpoint": {"PermissionNotReadyError"},
}
HANDLED = {
    # It waits for an endpoint that is busy, and takes one that is gone for restored. It changes back to what was served
    # before, so the role is an old one.
    "RestoreEndpoint": {"EndpointBusyError", "EndpointMissingError", "RoleNotReadyError"},
    # It goes on without an alarm by which a person could end it.
    "UpdateEndpoint": {"MonitoringUnavailableError"},
}
"""What the steps themselves handle."""

LEAST_SECONDS = {
    "ModelNotVisibleError": 600,
    "EndpointConfigNotVisibleError": 600,
    "EndpointNotVisibleError": 600,
    "RoleNotReadyError": 240,
    "PermissionNotReadyError": 300,
}
"""For how long a step has to be repeated at the least; the services publish no figures.

Terraform waits two minutes for roles; AWS's own SDK for SageMaker waits 300 s for tags to reach IAM.
"""


def leaves(group: type[Exception]) -> set[str]:
    """Name the leaves below a group of errors."""
    below = [error for error in group.__subclasses__() if error.__module__ == errors.__name__]
    return {group.__name__} if not below else set().union(*map(leaves, below))


def all_tasks() -> Document:
    """Return the Task states of both state machines by name."""
    return {name: task for machine in MACHINES for name, task in tasks_of(read_definition(machine)).items()}


every_task = pytest.mark.parametrize(("name", "task"), all_tasks().items(), ids=all_tasks())
every_machine = pytest.mark.parametrize("machine", MACHINES)


def deployed(definition: Document) -> Document:
    """Return the definition as it is deployed: with ARNs in the places of the functions."""
    arn = r"arn:aws:lambda:us-east-1:111122223333:function:\1:7"
    text = re.sub(r"\$\{(\w+)Arn\}", arn, json.dumps(definition)).replace("${Partition}", "aws")
    document: Document = json.loads(text)
    return document


def found_by_schema(definition: Document) -> list[str]:
    """Check a definition by cfn-lint's JSON Schema of the Amazon States Language."""
    text = packages.files("cfnlint").joinpath("data/schemas/other/step_functions/statemachine.json").read_text()
    # The schema has more beside its `$ref`s, which drafts before 2019-09 ignore.
    validator = jsonschema.Draft202012Validator(json.loads(text))
    return [error.message for error in validator.iter_errors(definition)]


def found_by_rule(definition: Document) -> list[str]:
    """Check a definition by cfn-lint's rule E3601. It cannot see one that is in a file, so it gets a template of it."""
    role = "arn:aws:iam::111122223333:role/machine"
    machine = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {"RoleArn": role, "Definition": definition},
    }
    return [f"{match.rule.id} {match.message}" for match in lint(json.dumps({"Resources": {"Machine": machine}}))]


def found_by_grammar(definition: Document) -> list[str]:
    """Check a definition by a grammar of the Amazon States Language, which is strict where the schema is not."""
    try:
        AmazonStateLanguageParser.parse(json.dumps(definition))
    except Exception as error:  # noqa: BLE001 - the parser has no error class of its own
        return [str(error)]
    return []


CHECKS = {"schema": found_by_schema, "rule": found_by_rule, "grammar": found_by_grammar}

BROKEN: list[tuple[str, set[str], Callable[[Document], object]]] = [
    ("start is no state", {"rule"}, lambda it: it.update(StartAt="Nowhere")),
    ("state without a type", {"schema", "rule", "grammar"}, lambda it: it["States"]["CreateModels"].pop("Type")),
    ("task without a resource", {"schema", "rule", "grammar"}, lambda it: it["States"]["CreateModels"].pop("Resource")),
    (
        "misspelt timeout",
        {"schema", "rule", "grammar"},
        lambda it: it["States"]["CreateModels"].update(TimoutSeconds=9),
    ),
    ("timeout in words", {"schema", "grammar"}, lambda it: it["States"]["CreateModels"].update(TimeoutSeconds="9")),
    ("timeout at no path", {"grammar"}, lambda it: it["States"]["DescribeEndpoint"].update(TimeoutSecondsPath=9)),
    ("two timeouts", {"grammar"}, lambda it: it["States"]["DescribeEndpoint"].update(TimeoutSeconds=9)),
    ("no way on", {"rule"}, lambda it: it["States"]["CreateModels"].pop("Next")),
    ("terminal with a way on", {"schema", "rule"}, lambda it: it["States"]["Failed"].update(Next="Deployed")),
    ("catch without a way on", {"schema", "rule"}, lambda it: it["States"]["CreateModels"]["Catch"][0].pop("Next")),
    (
        "catch to no path",
        {"grammar"},
        lambda it: it["States"]["CreateModels"]["Catch"][0].update(ResultPath=9),
    ),
    ("choice without a way on", {"schema", "rule"}, lambda it: it["States"]["IsRestored"]["Choices"][0].pop("Next")),
    ("misspelt comparison", {"grammar"}, lambda it: it["States"]["IsRestored"]["Choices"][0].update(BoolEquals=True)),
    ("misspelt retry", {"grammar"}, lambda it: it["States"]["CreateModels"]["Retry"][0].update(MaxAttempt=9)),
    ("unknown jitter", {"grammar"}, lambda it: it["States"]["CreateModels"]["Retry"][0].update(JitterStrategy="ANY")),
    ("wait for nothing", {"grammar"}, lambda it: it["States"]["WaitForOtherDeployment"].pop("SecondsPath")),
]
"""Definitions that are wrong, and the checks that say so."""


@every_machine
@pytest.mark.parametrize("check", CHECKS)
def test_definition_is_valid_states_language(machine: str, check: str) -> None:
    """Schema, linter and grammar know different rules of the language; the definitions keep all of them."""
    assert not CHECKS[check](deployed(read_definition(machine)))


@pytest.mark.parametrize(("checks", "breach"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_broken_definition_is_found(
    definition: Document, checks: set[str], breach: Callable[[Document], object]
) -> None:
    """The checks above can fail: each breach is found by those that claim to know the rule."""
    broken = deepcopy(deployed(definition))

    breach(broken)

    assert all(CHECKS[check](broken) for check in checks)


@every_machine
def test_definition_can_be_read_in_one_sitting(machine: str) -> None:
    text = (ROOT / "statemachine" / f"{MACHINES[machine]}.asl.json").read_text()

    assert len(text.splitlines()) <= LINES[machine]
    assert max(len(line) for line in text.splitlines() if '{"ErrorEquals"' not in line) <= 120


@every_machine
def test_every_state_says_what_it_is_for(machine: str) -> None:
    """Each state has a comment that reads as a sentence; those in which a failure ends have a name that says it."""
    for name, state in read_definition(machine)["States"].items():
        assert state.get("Comment", "." if state["Type"] == "Fail" else "").endswith("."), name


@every_task
def test_task_ends_later_than_its_function(resources: Document, name: str, task: Document) -> None:
    """Each state has a timeout, which leaves its function all its time; a callback's is that of its wait."""
    if is_callback(task):
        assert task["TimeoutSecondsPath"] in {"$.Endpoint.LookSeconds", "$.Plan.WaitSeconds"}, name
    else:
        function = resources[f"{SHARED.get(name, name)}Function"]["Properties"]
        assert task["TimeoutSeconds"] - function.get("Timeout", 60) in {15, 30}, name


@every_task
def test_task_retries_faults_of_lambda_and_catches_what_remains(name: str, task: Document) -> None:
    assert retried(task) >= LAMBDA_FAULTS | LOST_FUNCTIONS, name
    assert task["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name


@every_task
def test_timeout_of_a_wait_leads_on_and_any_other_is_retried(name: str, task: Document) -> None:
    """A function that has not answered is called again; a wait that is over is no failure."""
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
    """Only the timeout differs: a wait that is over is no fault."""
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
def test_what_passes_by_itself_is_waited_for_long_enough_whatever_jitter_draws(name: str, task: Document) -> None:
    for retrier in task["Retry"]:
        least = max(LEAST_SECONDS.get(error, 0) for error in retrier["ErrorEquals"])

        assert shortest_seconds(retrier) >= least, name


@every_task
def test_other_retries_have_full_jitter(name: str, task: Document) -> None:
    """Many executions that are throttled at once must not come back at once."""
    for retrier in task["Retry"]:
        if not {*LEAST_SECONDS, "CopyUnfinishedError"} & set(retrier["ErrorEquals"]):
            assert retrier["JitterStrategy"] == "FULL", name


def test_all_transient_errors_are_retried_and_no_others() -> None:
    own = {error for task in all_tasks().values() for error in retried(task) if "." not in error}

    assert own == leaves(errors.TransientError)


def test_all_replan_errors_are_caught_by_name() -> None:
    """So are the end of a wait, the deadline, and what stays invisible."""
    named = {error for task in all_tasks().values() for error in caught(task)}

    assert named == leaves(errors.ReplanError) | {
        "States.Timeout",
        "DeploymentTimedOutError",
        "ModelNotVisibleError",
        "EndpointConfigNotVisibleError",
    }


@every_task
def test_step_retries_what_its_services_answer_at_any_time(name: str, task: Document) -> None:
    """A step that speaks to a service tries again by itself when the service throttles, fails or does not answer."""
    tree = ast.parse((FUNCTIONS / f"{module_of(function_of(task))}.py").read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    # A module beside the runtime that the handlers of two announcements share.
    imported |= {"event_bus"} if "announce" in imported else set()
    answered = set().union(*(ADAPTER_FAULTS[adapter] for adapter in imported & set(ADAPTER_FAULTS)))

    assert answered - HANDLED.get(name, set()) <= retried(task), name
    assert retried(task) & set().union(*ADAPTER_FAULTS.values()) <= answered | {"SageMakerThrottledError"}, name


@every_task
def test_step_retries_or_catches_what_its_calls_may_raise_and_no_more(name: str, task: Document) -> None:
    calls = [(operation, message) for operation in CALLS.get(name, []) for message in ANSWERS[operation]]
    raised = {classify(operation, "ValidationException", message, created={"it"}) for operation, message in calls}
    names = {error.__name__ for error in raised} | OTHERWISE_RAISED.get(name, set())

    assert not {errors.SageMakerRejectedError, errors.AlreadyExistsError} & raised
    assert names - HANDLED.get(name, set()) <= retried(task) | caught(task), name
    assert (retried(task) | caught(task)) & (set(LEAST_SECONDS) | leaves(errors.ReplanError)) <= names, name


@every_task
def test_no_error_is_named_twice(name: str, task: Document) -> None:
    """The first entry that names an error wins; what catches all is alone and last."""
    for field in ("Retry", "Catch"):
        named = [error for entry in task[field] for error in entry["ErrorEquals"]]

        assert len(named) == len(set(named)), name
        assert "States.ALL" not in named[:-1], name


@every_machine
def test_every_state_can_be_reached_and_left(machine: str) -> None:
    """There is no state without a way in, and none but the terminals without a way out."""
    definition = read_definition(machine)
    states = definition["States"]

    assert reachable(states, definition["StartAt"]) == set(states)
    for name, state in states.items():
        assert bool(targets(state)) != (state["Type"] in {"Succeed", "Fail"}), name


def test_endpoint_is_restored_after_failures_of_the_steps_that_may_have_touched_it(definition: Document) -> None:
    """Failures before that need nothing; at the deadline SageMaker is left to its work."""
    following = {
        name: {catcher["Next"] for catcher in task["Catch"] if catcher["ErrorEquals"] == ["States.ALL"]}
        for name, task in tasks_of(definition).items()
    }

    assert {name for name, states in following.items() if states == {"RestoreEndpoint"}} == {
        "CreateEndpoint",
        "UpdateEndpoint",
        "DescribeEndpoint",
        "SmokeTestEndpoint",
        "UpdateTags",
        "RegisterScaling",
        "RecordDeployment",
    }
    assert following.pop("PlanDeployment") == {"AnnounceRejection"}
    assert following.pop("AnnounceOutcome") == following.pop("AnnounceRejection") == {"EndUnannounced"}
    assert set().union(*following.values()) == {"RestoreEndpoint", "AnnounceOutcome"}


def test_steps_get_only_what_they_need_of_the_data(definition: Document) -> None:
    """An execution's data hold 256 KiB, and the input may have as much: no step gets both the input and the plan."""
    for name, task in tasks_of(definition).items():
        paths = re.findall(r'\.\$": "(\$[^"]*)"', json.dumps(task["Parameters"]))

        assert "$" not in paths, name
        assert not ("$$.Execution.Input" in paths and any(path.startswith("$.Plan") for path in paths)), name
    assert "$.Plan" not in re.findall(r'"(\$[^"]*)"', json.dumps(definition["States"]["AnnounceOutcome"]["Parameters"]))


@pytest.mark.parametrize(
    ("wait", "path"),
    [("WaitForOtherDeployment", "$.Plan.WaitSeconds"), ("WaitForRestoration", "$.Restore.PollSeconds")],
)
def test_steps_say_how_long_to_wait(definition: Document, wait: str, path: str) -> None:
    assert definition["States"][wait]["SecondsPath"] == path


def test_looks_at_the_endpoint_without_an_event_become_rarer(definition: Document) -> None:
    """And what else is known of the endpoint stays known."""
    states = definition["States"]
    kept = set(states["ReceiveRequest"]["Result"]["Endpoint"]) - {"LookSeconds"}
    doubled = {"LookSeconds.$": "States.MathAdd($.Endpoint.LookSeconds, $.Endpoint.LookSeconds)"}

    assert states["LookLessOften"]["Parameters"] == doubled | {f"{each}.$": f"$.Endpoint.{each}" for each in kept}
    assert states["LookLessOften"]["ResultPath"] == "$.Endpoint"
    assert states["LookLessOften"]["Next"] == "DescribeEndpoint"


def test_answer_to_the_wait_says_when_to_look_again(definition: Document) -> None:
    """It takes the place of what was known, so the functions that answer get that."""
    states, look = definition["States"], definition["States"]["DescribeEndpoint"]

    assert look["ResultPath"] == "$.Endpoint"
    assert {f"{each}.$" for each in states["ReceiveRequest"]["Result"]["Endpoint"]} <= look["Parameters"][
        "Payload"
    ].keys()
    assert look["TimeoutSecondsPath"] == "$.Endpoint.LookSeconds"
    assert states["IsInService"]["Default"] == "DescribeEndpoint"
