"""SageMaker's answers are classified by their code, their message and the names of the run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer import errors
from deployer.aws.classification import classify
from deployer.errors import DeployerError

ROWS = [json.loads(line) for line in Path(__file__).with_name("sagemaker_errors.jsonl").read_text().splitlines()]
CLASSES_OF_KINDS: dict[str, set[type[DeployerError]]] = {
    "transient-visibility": {
        errors.ModelNotVisibleError,
        errors.EndpointConfigNotVisibleError,
        errors.EndpointNotVisibleError,
    },
    "transient-iam-propagation": {errors.RoleNotReadyError},
    "transient-conflict": {errors.EndpointBusyError, errors.EndpointExistsError},
    "transient-service": {errors.SageMakerUnavailableError},
    "throttling": {errors.SageMakerThrottledError},
    "already-exists": {errors.AlreadyExistsError},
    "capacity-limit": {errors.QuotaExceededError, errors.EndpointFailedError},
    "permanent": {
        errors.SageMakerRejectedError,
        errors.AccessDeniedError,
        errors.EndpointFailedError,
        errors.EndpointMissingError,
    },
}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['operation']}-{row['kind']}-{row['message'][:40]}")
def test_message_that_sagemaker_was_seen_to_send_is_classified_by_its_kind(row: dict[str, str]) -> None:
    created = {"<requested-config>"} if "UpdateEndpoint" in row["operation"] else set()

    named = classify(row["operation"], row["code"], row["message"], created=created)

    assert named in CLASSES_OF_KINDS[row["kind"]]


ARN = "arn:aws:sagemaker:eu-west-1:111122223333:"


@pytest.mark.parametrize(
    ("operation", "message", "expected"),
    [
        pytest.param(
            "CreateEndpoint",
            f'Could not find endpoint configuration "{ARN}endpoint-config/churn-20261124t120000-0123456789ab".',
            errors.EndpointConfigNotVisibleError,
            id="own config, lower-cased in its ARN",
        ),
        pytest.param(
            "CreateEndpoint",
            f'Could not find endpoint configuration "{ARN}endpoint-config/deleted".',
            errors.SageMakerRejectedError,
            id="another config",
        ),
        pytest.param(
            "UpdateEndpoint",
            f'Could not find endpoint configuration "{ARN}endpoint-config/attached".',
            errors.SageMakerRejectedError,
            id="the attached config was deleted",
        ),
        pytest.param(
            "CreateEndpointConfig",
            f'Could not find model "{ARN}model/churn-model-1".',
            errors.ModelNotVisibleError,
            id="own model",
        ),
        pytest.param(
            "CreateEndpointConfig",
            f'Could not find model "{ARN}model/nobody-s".',
            errors.SageMakerRejectedError,
            id="a model this run knows nothing of",
        ),
        pytest.param(
            "CreateModel",
            "Could not find model data at s3://bucket/model.tar.gz.",
            errors.SageMakerRejectedError,
            id="model data, not a model",
        ),
        pytest.param(
            "DescribeEndpoint",
            f'Could not find endpoint "{ARN}endpoint/churn".',
            errors.EndpointNotVisibleError,
            id="endpoint",
        ),
        pytest.param(
            "UpdateEndpoint",
            f'Could not find endpoint "{ARN}endpoint/churn".',
            errors.EndpointMissingError,
            id="endpoint to update",
        ),
        pytest.param(
            "CreateEndpoint",
            f'Cannot create already existing endpoint "{ARN}endpoint/churn".',
            errors.EndpointExistsError,
            id="endpoint exists",
        ),
        pytest.param(
            "CreateEndpointConfig",
            f'Cannot create already existing endpoint configuration "{ARN}endpoint-config/churn".',
            errors.AlreadyExistsError,
            id="config exists",
        ),
        pytest.param(
            "UpdateEndpoint",
            'Cannot update endpoint with the currently in use endpoint configuration "churn-1".',
            errors.AlreadyAppliedError,
            id="applied",
        ),
        pytest.param(
            "CreateModel",
            'The execution role ARN "arn:aws:iam::111122223333:role/r" is invalid. Please ensure that the role exists.',
            errors.RoleNotReadyError,
            id="role not there yet",
        ),
        pytest.param("CreateModel", "Something new went wrong.", errors.SageMakerRejectedError, id="unknown"),
    ],
)
def test_validation_exception_is_classified_by_its_message_and_the_names_of_the_run(
    operation: str, message: str, expected: type[DeployerError]
) -> None:
    created = {"churn-20261124T120000-0123456789ab", "churn-model-1"}

    named = classify(operation, "ValidationException", message, created=created)

    assert named is expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ThrottlingException", errors.SageMakerThrottledError),
        ("Throttling", errors.SageMakerThrottledError),
        ("TooManyRequestsException", errors.SageMakerThrottledError),
        ("InternalFailure", errors.SageMakerUnavailableError),
        ("InternalServerError", errors.SageMakerUnavailableError),
        ("ServiceUnavailable", errors.SageMakerUnavailableError),
        ("503", errors.SageMakerUnavailableError),
        ("ResourceLimitExceeded", errors.QuotaExceededError),
        ("AccessDeniedException", errors.AccessDeniedError),
        ("ResourceInUse", errors.SageMakerRejectedError),
    ],
)
def test_any_other_code_is_classified_with_every_message(code: str, expected: type[DeployerError]) -> None:
    assert classify("CreateModel", code, "Could not find model") is expected


@given(operation=st.text(), code=st.text(), message=st.text(), created=st.sets(st.text()))
def test_any_answer_is_classified_as_a_leaf(operation: str, code: str, message: str, created: set[str]) -> None:
    named = classify(operation, code, message, created=created)

    assert issubclass(named, DeployerError)
    assert not named.__subclasses__()
