"""The adapter of SageMaker updates and reverts endpoints, and distinguishes its own updates from those of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deployer import errors
from deployer.tags import (
    STACK_TAG,
)
from tests.unit.sagemaker.answers import (
    ARN,
    ENDPOINT_ARN,
    STACK,
    UPDATE,
    deny,
    describe_config,
    describe_endpoint,
    list_tags,
    refuse,
)

if TYPE_CHECKING:
    from botocore.stub import Stubber

    from deployer.aws.sagemaker import SageMaker


ROLLING = {"MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 20}, "WaitIntervalInSeconds": 60}
IN_PROGRESS = f'Cannot update in-progress endpoint "{ARN}endpoint/churn".'
IN_USE = 'Cannot update endpoint with the currently in use endpoint configuration "churn-c-1".'


@pytest.mark.parametrize("message", [IN_PROGRESS, IN_USE], ids=["under way", "done"])
def test_update_of_this_execution_is_success(service: SageMaker, stub: Stubber, message: str) -> None:
    """The answer to UpdateEndpoint may get lost; tried again, it finds its effect pending or attached."""
    pending = {"PendingDeploymentSummary": {"EndpointConfigName": "churn-c-1"}} if message == IN_PROGRESS else {}
    refuse(stub, "update_endpoint", message)
    describe_endpoint(stub, "churn-c-0" if pending else "churn-c-1", **pending)

    service.update_endpoint(UPDATE, is_retry=True)


@pytest.mark.parametrize("message", [IN_PROGRESS, IN_USE], ids=["under way", "done"])
def test_same_update_by_another_run_is_planned_again(service: SageMaker, stub: Stubber, message: str) -> None:
    """An effect before the first attempt is not this execution's."""
    refuse(stub, "update_endpoint", message)

    with pytest.raises(errors.EndpointBusyError) as busy:
        service.update_endpoint(UPDATE, is_retry=False)

    assert message in str(busy.value)


@pytest.mark.parametrize("is_retry", [True, False], ids=["tried again", "tried first"])
def test_other_update_by_another_run_is_planned_again(service: SageMaker, stub: Stubber, *, is_retry: bool) -> None:
    refuse(stub, "update_endpoint", IN_PROGRESS)
    if is_retry:
        describe_endpoint(stub, "churn-c-0", PendingDeploymentSummary={"EndpointConfigName": "churn-c-9"})

    with pytest.raises(errors.EndpointBusyError):
        service.update_endpoint(UPDATE, is_retry=is_retry)


@pytest.mark.parametrize("message", [IN_PROGRESS, IN_USE], ids=["under way", "done"])
def test_update_that_is_not_visible_yet_is_looked_for_again(service: SageMaker, stub: Stubber, message: str) -> None:
    """A replica that lags describes the endpoint as it was: the owner of the update is known only later."""
    refuse(stub, "update_endpoint", message)
    describe_endpoint(stub, "churn-c-0", EndpointStatus="InService")

    with pytest.raises(errors.EndpointNotVisibleError, match="shows no sign"):
        service.update_endpoint(UPDATE, is_retry=True)


@pytest.mark.parametrize(
    ("tags", "raised"),
    [({STACK_TAG: STACK}, errors.PermissionNotReadyError), ({STACK_TAG: "another"}, errors.AccessDeniedError)],
    ids=["own", "another stack's"],
)
@pytest.mark.parametrize("change", ["update", "revert"])
def test_change_that_iam_denies_is_tried_again_if_the_endpoint_is_own(
    service: SageMaker, stub: Stubber, change: str, tags: dict[str, str], raised: type[errors.DeployerError]
) -> None:
    """The policy allows it by the endpoint's tag, which reaches IAM late."""
    if change == "revert":
        describe_config(stub, EndpointConfigName="churn-c-0")
    deny(stub, "update_endpoint")
    describe_endpoint(stub, "churn-c-0")
    list_tags(stub, ENDPOINT_ARN, **tags)

    with pytest.raises(raised):
        service.revert("churn", "churn-c-0", {}) if change == "revert" else service.update_endpoint(
            UPDATE, is_retry=False
        )


def test_update_is_requested_as_planned(service: SageMaker, stub: Stubber) -> None:
    request = {**UPDATE, "RetainAllVariantProperties": True, "DeploymentConfig": {"RollingUpdatePolicy": ROLLING}}
    stub.add_response("update_endpoint", {"EndpointArn": f"{ARN}endpoint/churn"}, request)

    service.update_endpoint(request, is_retry=False)


def test_reverting_requests_the_config_that_was_there(service: SageMaker, stub: Stubber) -> None:
    """Without guardrails: it has been deployed before. Counts that are kept stay so."""
    describe_config(stub, EndpointConfigName="churn-c-0")
    asked = {"EndpointName": "churn", "EndpointConfigName": "churn-c-0", "RetainAllVariantProperties": True}
    stub.add_response("update_endpoint", {"EndpointArn": f"{ARN}endpoint/churn"}, asked)

    service.revert("churn", "churn-c-0", {"RetainAllVariantProperties": True})


@pytest.mark.parametrize(
    "message",
    [IN_USE.replace("c-1", "c-0"), f'Could not find endpoint "{ARN}endpoint/churn".'],
    ids=["it is back already", "the endpoint is gone"],
)
def test_reverting_a_reverted_or_missing_endpoint_is_success(service: SageMaker, stub: Stubber, message: str) -> None:
    """The step is repeated, and somebody may have done it before."""
    describe_config(stub, EndpointConfigName="churn-c-0")
    refuse(stub, "update_endpoint", message)

    service.revert("churn", "churn-c-0", {})


@pytest.mark.parametrize(
    ("message", "raised"),
    [
        (IN_PROGRESS, errors.EndpointBusyError),
        (
            f'Could not find endpoint configuration "{ARN}endpoint-config/churn-c-0".',
            errors.EndpointConfigNotVisibleError,
        ),
        (f'Could not find model "{ARN}model/churn-m-1".', errors.ModelNotVisibleError),
        (f'Could not find model "{ARN}model/another".', errors.SageMakerRejectedError),
    ],
    ids=["it is changing", "the config is not visible", "its model is not visible", "a model is gone"],
)
def test_reverting_raises_the_error_of_the_answer(
    service: SageMaker, stub: Stubber, message: str, raised: type[errors.DeployerError]
) -> None:
    """The config that has just been described is there, and so are its models, even if a replica lags."""
    describe_config(stub, EndpointConfigName="churn-c-0")
    refuse(stub, "update_endpoint", message)

    with pytest.raises(raised):
        service.revert("churn", "churn-c-0", {})


def test_reverting_to_a_missing_config_is_not_requested(service: SageMaker, stub: Stubber) -> None:
    refuse(stub, "describe_endpoint_config", f'Could not find endpoint configuration "{ARN}endpoint-config/churn-c-0".')

    with pytest.raises(errors.EndpointConfigNotVisibleError):
        service.revert("churn", "churn-c-0", {})
