"""The error tree: its class names are the state machine's words, and `classify` is how AWS's answers become them.

Step Functions compares error *names* with `Retry` and `Catch` and knows no inheritance, so only the leaves are raised;
the groups between say what the state machine does about a leaf.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


class DeployerError(Exception):
    """Anything this deployer raises on purpose."""


class TransientError(DeployerError):
    """Passes by itself: the state machine tries the same step again, for a bounded time."""


class ReplanError(DeployerError):
    """The endpoint is not as planned: the state machine plans again."""


class SettledError(DeployerError):
    """What was asked for is there already: the step compares, and equal content is success."""


class PermanentError(DeployerError):
    """Trying again cannot help: the state machine removes what this run created, and fails."""


class ModelNotVisibleError(TransientError):
    """A model that was just created cannot be seen by the replica that answered."""


class EndpointConfigNotVisibleError(TransientError):
    """An endpoint config that was just created cannot be seen by the replica that answered."""


class EndpointNotVisibleError(TransientError):
    """An endpoint that was just created cannot be seen by the replica that answered."""


class RoleNotReadyError(TransientError):
    """SageMaker cannot assume the execution role, or cannot use its permissions, yet."""


class SageMakerThrottledError(TransientError):
    """SageMaker's API answers fewer calls than this account makes."""


class SageMakerUnavailableError(TransientError):
    """SageMaker's API failed or did not answer; the call may or may not have taken effect."""


class StorageUnavailableError(TransientError):
    """S3 throttled, failed or did not answer."""


class MonitoringUnavailableError(TransientError):
    """CloudWatch or Application Auto Scaling throttled, failed or did not answer."""


class AnnouncementUnavailableError(TransientError):
    """The event bus took no event."""


class EndpointBusyError(ReplanError):
    """Another change of this endpoint is in progress."""


class EndpointExistsError(ReplanError):
    """The endpoint to create exists, or is still being deleted."""


class EndpointMissingError(ReplanError):
    """The endpoint to update is gone."""


class AlreadyExistsError(SettledError):
    """The name of a model or an endpoint config is taken; if its content is another, this ends the run."""


class AlreadyAppliedError(SettledError):
    """The endpoint uses the config that it is asked to change to."""


class InvalidRequestError(PermanentError):
    """The request is wrong. Raised before anything is created; each line of the message names a field."""


class QuotaExceededError(PermanentError):
    """A service quota of the account is used up."""


class SageMakerRejectedError(PermanentError):
    """SageMaker refuses the call for a reason that stays."""


class AccessDeniedError(PermanentError):
    """A policy does not allow the call."""


class EndpointFailedError(PermanentError):
    """The endpoint ended in a status that it cannot leave by itself, such as Failed."""


class UpdateRolledBackError(PermanentError):
    """SageMaker went back to the previous config: a failed health check or an alarm."""


class SmokeTestFailedError(PermanentError):
    """The endpoint answered the smoke test with something else than expected."""


class DeploymentSupersededError(PermanentError):
    """Somebody else has changed the endpoint since this run did."""


class DeploymentTimedOutError(PermanentError):
    """The deployment did not end within the deployment timeout; the endpoint is left as SageMaker has it."""


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
    """Name what SageMaker's answer means for the state machine.

    One code, `ValidationException`, covers "not visible yet", "busy", "exists" and "wrong", so the message decides.

    Args:
        operation: The API operation that was called, such as `CreateEndpoint`.
        code: `Error.Code` of the answer, or `FailureReason` for the text of that member of DescribeEndpoint.
        message: `Error.Message` of the answer.
        created: Names of the resources that this run created. Where any are given, a model or endpoint config that is
            not among them, and that a call builds on, is missing for good.

    Returns:
        The class of the error; `SageMakerRejectedError` for whatever is not known to pass.
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
    # Whoever looks a resource up, or deletes it, asks whether it is there; only a call that builds on it needs it.
    if arn is None or operation.startswith(("Describe", "Delete")):
        return _NOT_VISIBLE[kind]
    # SageMaker lower-cases names inside ARNs.
    name = arn.rpartition("/")[2].lower()
    # UpdateEndpoint also misses the config that is *attached*, if somebody deleted it: that one never comes back.
    unknown_is_gone = bool(created) or (operation == "UpdateEndpoint" and kind == "endpoint configuration")
    if unknown_is_gone and name not in {own.lower() for own in created}:
        return SageMakerRejectedError
    return _NOT_VISIBLE[kind]
