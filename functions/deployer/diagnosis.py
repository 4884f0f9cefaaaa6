"""The class of a failure, by the error's name and SageMaker's message, and the next step for each class. Pure.

A `FailureReason` of SageMaker is a text without a code. The patterns are those of real messages, which
`tests/unit/sagemaker_errors.jsonl` holds.
"""

from __future__ import annotations

import re
from enum import StrEnum


class CauseClass(StrEnum):
    """The kind of a failure."""

    ABORTED = "Aborted"
    ALARM = "Alarm"
    APPROVAL = "Approval"
    ARCHIVE = "Archive"
    CAPACITY = "Capacity"
    CONTAINER_START = "ContainerStart"
    HEALTH_CHECK = "HealthCheck"
    IMAGE = "Image"
    MODEL_DATA = "ModelData"
    PERMISSION = "Permission"
    QUOTA = "Quota"
    REQUEST = "Request"
    ROLE = "Role"
    SERVICE = "Service"
    SMOKE_TEST = "SmokeTest"
    TIMEOUT = "Timeout"
    UNKNOWN = "Unknown"


NEXT_ACTIONS = {
    CauseClass.ABORTED: "Nothing, if that was wanted. Otherwise request again.",
    CauseClass.ALARM: (
        "Look at the alarm that went into ALARM and at the container's log. Correct the model, or the alarm, and "
        "request again."
    ),
    CauseClass.APPROVAL: "Agree with the approver on what should change, and request again.",
    CauseClass.ARCHIVE: (
        "Pack the model's files with tar -czf model.tar.gz, or choose instances with more memory for a large "
        "archive. Upload it again."
    ),
    CauseClass.CAPACITY: "Request again later, or with another instance type.",
    CauseClass.CONTAINER_START: (
        "Start the image with docker run <image> serve and correct what it says. Request again."
    ),
    CauseClass.HEALTH_CHECK: (
        "Read the container's log. Let the container answer GET /ping with 200 on port 8080 in time, or raise "
        "ContainerStartupHealthCheckTimeoutInSeconds. Request again."
    ),
    CauseClass.IMAGE: (
        "Push the image under the name and tag of the request, in a manifest format and a size that SageMaker "
        "takes. Request again."
    ),
    CauseClass.MODEL_DATA: (
        "Check that the object is there and that the execution role may read it and use its KMS key. Request again."
    ),
    CauseClass.PERMISSION: (
        "Allow what the message names; mostly a bucket policy, a service control policy or a permissions boundary "
        "denies it. Request again."
    ),
    CauseClass.QUOTA: "Ask for a higher quota in Service Quotas, or free instances. Request again.",
    CauseClass.REQUEST: "Correct what the message names, and request again.",
    CauseClass.ROLE: (
        "Check that the execution role exists, trusts sagemaker.amazonaws.com and may read the model data. "
        "Request again."
    ),
    CauseClass.SERVICE: "Look at AWS Health, and request again.",
    CauseClass.SMOKE_TEST: (
        "Compare the answer with what the smoke test expects, and read the container's log. Correct the model or "
        "the test, and request again."
    ),
    CauseClass.TIMEOUT: (
        "Look at what the endpoint does now. Request again once it rests, or give deployments more time."
    ),
    CauseClass.UNKNOWN: "Read the error, the container's log and the events of the endpoint. Request again.",
}
"""The one next step for each class; docs/operations.md has the same texts."""

_OF_CONTAINERS = frozenset(
    {CauseClass.ALARM, CauseClass.CONTAINER_START, CauseClass.HEALTH_CHECK, CauseClass.SMOKE_TEST, CauseClass.UNKNOWN}
)

_OF_ERRORS = {
    "AccessDeniedError": CauseClass.PERMISSION,
    "AlarmRejectedError": CauseClass.REQUEST,
    "ApprovalRejectedError": CauseClass.APPROVAL,
    "ApprovalTimedOutError": CauseClass.APPROVAL,
    "PermissionNotReadyError": CauseClass.PERMISSION,
    "DeploymentTimedOutError": CauseClass.TIMEOUT,
    "ExecutionTimedOut": CauseClass.TIMEOUT,
    "ArtifactMissingError": CauseClass.MODEL_DATA,
    "InvalidRequestError": CauseClass.REQUEST,
    "QuotaExceededError": CauseClass.QUOTA,
    "RoleNotReadyError": CauseClass.ROLE,
    "ScalingRejectedError": CauseClass.REQUEST,
    "SmokeTestFailedError": CauseClass.SMOKE_TEST,
    "SageMakerThrottledError": CauseClass.SERVICE,
    "SageMakerUnavailableError": CauseClass.SERVICE,
    "StorageUnavailableError": CauseClass.SERVICE,
    "MonitoringUnavailableError": CauseClass.SERVICE,
    "StepFunctionsUnavailableError": CauseClass.SERVICE,
}

# The order matters: some messages name the role, the image or the health check besides their subject.
_OF_MESSAGES = tuple(
    (re.compile(pattern, re.IGNORECASE), cause)
    for pattern, cause in (
        (r"It was aborted by hand", CauseClass.ABORTED),
        (r"In state ALARM: ", CauseClass.ALARM),
        (r"\bservice limit\b|ResourceLimitExceeded", CauseClass.QUOTA),
        (r"requested ML compute capacity|InsufficientInstanceCapacity|CapacityError", CauseClass.CAPACITY),
        (r"Unable to locate at least \d+ availability zone", CauseClass.CAPACITY),
        (r"ping health check", CauseClass.HEALTH_CHECK),
        (r"CannotStartContainerError", CauseClass.CONTAINER_START),
        (r"Failed to extract model data archive", CauseClass.ARCHIVE),
        (r"Failed to download model data|Could not find model data", CauseClass.MODEL_DATA),
        (r"execution role ARN .* is invalid|Could not access model data", CauseClass.ROLE),
        (r"The image '.*' does not exist|Requested image .* not found|Image size \d+ is greater", CauseClass.IMAGE),
        (r"Unsupported manifest media type", CauseClass.IMAGE),
        (r"MaximumExecutionTimeoutInSeconds", CauseClass.TIMEOUT),
        (r"Request to service failed|Internal(Failure| ?Error)", CauseClass.SERVICE),
    )
)

_VARIANT = re.compile(r"production variant (\S+) did not pass|container for variant (\S+) starts")


def cause_class(error: str, message: str) -> CauseClass:
    """Name the class of what went wrong.

    Args:
        error: The name of the error, one of `deployer.errors` or of AWS's own.
        message: The error's message; after a failure of the endpoint, with SageMaker's `FailureReason` in it.
    """
    if error in _OF_ERRORS:
        return _OF_ERRORS[error]
    found = next((cause for pattern, cause in _OF_MESSAGES if pattern.search(message)), None)
    if found is None:
        return CauseClass.REQUEST if error == "SageMakerRejectedError" else CauseClass.UNKNOWN
    return found


def is_shown_by_log(cause: str) -> bool:
    """Return whether the log of the endpoint's containers may show what went wrong, by the name of a class."""
    return cause in _OF_CONTAINERS


def failing_variant(message: str) -> str:
    """Return the variant that SageMaker names in a reason; empty if it names none."""
    match = _VARIANT.search(message)
    return next((name for name in match.groups() if name), "") if match else ""
