"""Each step retries or catches what its calls may raise, and no more."""

from __future__ import annotations

import ast

from deployer import errors
from deployer.aws.classification import classify
from deployer.json_document import Document
from tests.template.shipped import (
    FUNCTIONS,
    caught,
    function_of,
    module_of,
    retried,
)
from tests.template.state_machine_tasks import LEAST_SECONDS, all_tasks, every_task, leaves

ADAPTER_FAULTS = {
    "sagemaker": {"SageMakerThrottledError", "SageMakerUnavailableError"},
    "inference": {"SageMakerUnavailableError"},
    "objects": {"StorageUnavailableError"},
    "weight_record": {"StorageUnavailableError"},
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
    "UpdateEndpointWeightsAndCapacities": [NO_ENDPOINT, BUSY],
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
    "UpdateWeights": ["UpdateEndpointWeightsAndCapacities", "DescribeEndpoint", "DescribeEndpointConfig"],
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
    "UpdateWeights": {"PermissionNotReadyError"},
}

HANDLED = {
    # It waits for an endpoint that is busy, and takes one that is gone for restored. It changes back to what was served
    # before, so the role is an old one.
    "RestoreEndpoint": {"EndpointBusyError", "EndpointMissingError", "RoleNotReadyError"},
    # It goes on without an alarm by which a person could end it.
    "UpdateEndpoint": {"MonitoringUnavailableError"},
}
"""What the steps themselves handle."""


def test_all_transient_errors_are_retried_and_no_others() -> None:
    own = {error for task in all_tasks().values() for error in retried(task) if "." not in error}

    assert own == leaves(errors.TransientError)


def test_all_replan_errors_are_caught_by_name() -> None:
    """The end of a wait, the deadline, and errors of visibility are caught by name, too."""
    named = {error for task in all_tasks().values() for error in caught(task)}

    assert named == leaves(errors.ReplanError) | {
        "States.Timeout",
        "DeploymentTimedOutError",
        "ModelNotVisibleError",
        "EndpointConfigNotVisibleError",
    }


@every_task
def test_step_retries_the_transient_errors_of_its_services(name: str, task: Document) -> None:
    """A step that speaks to a service tries again by itself when the service throttles, fails or does not answer."""
    tree = ast.parse((FUNCTIONS / f"{module_of(function_of(task))}.py").read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    # A module beside the runtime that the handlers of two announcements share.
    imported |= {"event_bus"} if "announce" in imported else set()
    answered = set().union(*(ADAPTER_FAULTS[adapter] for adapter in imported & set(ADAPTER_FAULTS)))

    assert answered - HANDLED.get(name, set()) <= retried(task), name
    assert retried(task) & set().union(*ADAPTER_FAULTS.values()) <= answered | {"SageMakerThrottledError"}, name


@every_task
def test_step_retries_or_catches_exactly_the_errors_of_its_calls(name: str, task: Document) -> None:
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
