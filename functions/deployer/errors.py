"""The tree of errors. The class names are the error names in the state machine.

Step Functions compares error *names* with `Retry` and `Catch` and knows no inheritance, so only the leaves are raised;
the groups between say what the state machine does about a leaf.
"""

from __future__ import annotations

import json
from bisect import bisect_right

MESSAGE_BYTES = 8 * 1024
"""Bytes of an error's message, as they count in JSON."""


def bounded(message: str) -> str:
    """Return a message that fits `MESSAGE_BYTES`: as many whole lines as fit, and how many more there were."""
    if _json_bytes(message) <= MESSAGE_BYTES:
        return message
    lines = message.split("\n")
    room = MESSAGE_BYTES - len("\nand 1234567 more")
    kept: list[str] = []
    for line in lines:
        room -= _json_bytes(line) + len("\n")
        if room < 0:
            break
        kept.append(line)
    if not kept:
        kept = [_beginning(lines[0], MESSAGE_BYTES - 40) + "…"]
    left = len(lines) - len(kept)
    return "\n".join([*kept, f"and {left} more"]) if left else kept[0]


def _beginning(line: str, size: int) -> str:
    """Cut a line to a number of bytes in JSON, where one character takes up to twelve."""
    line = line[:size]
    length = bisect_right(range(len(line) + 1), size, key=lambda end: _json_bytes(line[:end])) - 1
    return line[:length]


def _json_bytes(text: str) -> int:
    return len(json.dumps(text))


class DeployerError(Exception):
    """Base class of the errors that the deployer raises.

    The message is bounded, because it becomes part of the execution's data, which hold 256 KiB, and of an event.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(bounded(message))


class TransientError(DeployerError):
    """A transient error: the state machine tries the same step again, for a bounded time."""


class ReplanError(DeployerError):
    """The endpoint is not as planned: the state machine plans again."""


class SettledError(DeployerError):
    """The resource exists already: the step compares, and equal content is success."""


class PermanentError(DeployerError):
    """A permanent error: the state machine restores the endpoint if this run has changed it, and fails."""


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


class PermissionNotReadyError(TransientError):
    """IAM denies a call on a resource that bears the stack's tag: tags reach IAM minutes after they were set."""


class CopyUnfinishedError(TransientError):
    """A copy did not finish in the function's time; the next try continues it."""


class StepFunctionsUnavailableError(TransientError):
    """Step Functions throttled, failed or did not answer."""


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
    """A model or an endpoint config of this name exists; if its content differs, the run ends."""


class AlreadyAppliedError(SettledError):
    """The endpoint uses the config that it is asked to change to."""


class InvalidRequestError(PermanentError):
    """The request is wrong. Raised before anything is created; each line of the message names a field."""


class ArtifactMissingError(PermanentError):
    """The version of an object that was to be stored has been deleted since it was planned."""


class LiveConfigMissingError(PermanentError):
    """The endpoint config that an endpoint serves, or has, was deleted; SageMaker cannot update such an endpoint."""


class QuotaExceededError(PermanentError):
    """A service quota of the account is used up."""


class SageMakerRejectedError(PermanentError):
    """SageMaker refuses the call for a permanent reason."""


class AlarmRejectedError(PermanentError):
    """CloudWatch refuses an alarm of the request for a permanent reason."""


class ScalingRejectedError(PermanentError):
    """Application Auto Scaling refuses the scaling of the request for a permanent reason, or it is somebody else's."""


class ListingTooLongError(PermanentError):
    """A listing has more pages than are read; a part of it is never taken for the whole."""


class AccessDeniedError(PermanentError):
    """A policy does not allow the call."""


class ChangeUncertainError(PermanentError):
    """A repeated change of the endpoint is refused; whether the first call was accepted is not known."""


class EndpointFailedError(PermanentError):
    """The endpoint ended in a status that it cannot leave by itself, such as Failed."""


class UpdateRolledBackError(PermanentError):
    """SageMaker rolled the update back, after a failed health check or an alarm."""


class SmokeTestFailedError(PermanentError):
    """An answer of the endpoint to the smoke test is not as expected."""


class ApprovalRejectedError(PermanentError):
    """A person did not approve the deployment."""


class ApprovalTimedOutError(PermanentError):
    """Nobody approved the deployment in time."""


class DeploymentSupersededError(PermanentError):
    """Somebody else has changed the endpoint since this run did."""


class DeploymentTimedOutError(PermanentError):
    """The deployment did not end within the deployment timeout; the endpoint is left as SageMaker has it."""
