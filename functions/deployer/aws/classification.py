"""Classifies SageMaker's error answers: one class of `deployer.errors` for each.

SageMaker gives one code, `ValidationException`, to "not visible yet", "busy", "exists already" and "wrong"; so the
message decides. `tests/unit/sagemaker_errors.jsonl` holds real messages with their sources.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from deployer.errors import (
    AccessDeniedError,
    AlreadyAppliedError,
    AlreadyExistsError,
    DeployerError,
    EndpointBusyError,
    EndpointConfigNotVisibleError,
    EndpointExistsError,
    EndpointFailedError,
    EndpointMissingError,
    EndpointNotVisibleError,
    ModelNotVisibleError,
    QuotaExceededError,
    RoleNotReadyError,
    SageMakerRejectedError,
    SageMakerThrottledError,
    SageMakerUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Collection

_MISSING = re.compile(r'Could not find (?P<kind>endpoint configuration|endpoint|model)(?: "(?P<arn>arn:[^"]+)"|\W*$)')
_EXISTS = re.compile(r"Cannot create already existing (?P<kind>endpoint configuration|endpoint|model)\b")
_BUSY = re.compile(r"Cannot update in-progress endpoint\b|The status should be in 'InService' to register")
_APPLIED = re.compile(r"Cannot update endpoint with the currently in use endpoint configuration\b")
_ROLE = re.compile(
    r'The execution role ARN ".*" is invalid\b|Could not access model data at s3://.*ensure that the role\b'
)

# The codes are undeclared in the service model, and proxies and gateways on the way add spellings of their own.
_THROTTLED = re.compile(r"Throttl|^TooManyRequests|^RequestLimitExceeded|^SlowDown|^LimitExceededException")
_UNAVAILABLE = re.compile(r"^Internal|^ServiceUnavailable|^Unavailable|^RequestTimeout|^ServiceException|^5\d\d$")
_DENIED = re.compile(r"^AccessDenied|^UnauthorizedOperation|^NotAuthorized|^ExpiredToken|^UnrecognizedClient")
_QUOTA = re.compile(r"^ResourceLimitExceeded|^ServiceQuotaExceeded")

_NOT_VISIBLE: dict[str, type[DeployerError]] = {
    "model": ModelNotVisibleError,
    "endpoint configuration": EndpointConfigNotVisibleError,
    "endpoint": EndpointNotVisibleError,
}


def classify(operation: str, code: str, message: str, *, created: Collection[str] = ()) -> type[DeployerError]:
    """Return the class of error for an answer of SageMaker.

    One code, `ValidationException`, covers "not visible yet", "busy", "exists" and "wrong", so the message decides.

    Args:
        operation: The API operation that was called, such as `CreateEndpoint`.
        code: `Error.Code` of the answer, or `FailureReason` for the text of that member of DescribeEndpoint.
        message: `Error.Message` of the answer.
        created: Names of the resources that this run created. Where any are given, a model or endpoint config that is
            not among them, and that a call builds on, is missing permanently.

    Returns:
        The class of the error; `SageMakerRejectedError` if it is not known to be transient.
    """
    if code == "FailureReason":
        return EndpointFailedError
    for pattern, error in (
        (_THROTTLED, SageMakerThrottledError),
        (_UNAVAILABLE, SageMakerUnavailableError),
        (_DENIED, AccessDeniedError),
        (_QUOTA, QuotaExceededError),
    ):
        if pattern.search(code):
            return error
    return (
        _classify_validation(operation, message, created) if code == "ValidationException" else SageMakerRejectedError
    )


def _classify_validation(operation: str, message: str, created: Collection[str]) -> type[DeployerError]:
    if missing := _MISSING.match(message):
        return _classify_missing(operation, missing["kind"], missing["arn"], created)
    if exists := _EXISTS.match(message):
        return EndpointExistsError if exists["kind"] == "endpoint" else AlreadyExistsError
    if _BUSY.match(message):
        return EndpointBusyError
    if _APPLIED.match(message):
        return AlreadyAppliedError
    if _ROLE.match(message):
        return RoleNotReadyError
    return SageMakerRejectedError


def _classify_missing(operation: str, kind: str, arn: str | None, created: Collection[str]) -> type[DeployerError]:
    if kind == "endpoint":
        return EndpointMissingError if operation.startswith("UpdateEndpoint") else EndpointNotVisibleError
    # A call that describes or deletes a resource may find none; only a call that builds on the resource needs it.
    if arn is None or operation.startswith(("Describe", "Delete")):
        return _NOT_VISIBLE[kind]
    # SageMaker lower-cases names inside ARNs.
    name = arn.rpartition("/")[2].lower()
    # UpdateEndpoint also misses the config that is *attached*, if somebody deleted it: that one never comes back.
    unknown_is_gone = bool(created) or (operation == "UpdateEndpoint" and kind == "endpoint configuration")
    if unknown_is_gone and name not in {own.lower() for own in created}:
        return SageMakerRejectedError
    return _NOT_VISIBLE[kind]
