"""The error answers of SageMaker, in its own words.

`tests/unit/sagemaker_errors.jsonl` lists messages that SageMaker was seen to send, each with what quotes it.
"""

from __future__ import annotations


class ServiceError(Exception):
    """An error answer of the service.

    Args:
        code: The error's code, such as `ValidationException`.
        message: The message.
        status: The HTTP status.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


class ModelError(ServiceError):
    """A container answered an invocation with an error, or not at all.

    Args:
        message: What the runtime makes of it.
        original_status: The HTTP status that the container answered with; 0 if it did not answer.
        original_message: What the container answered.
    """

    def __init__(self, message: str, original_status: int, original_message: str) -> None:
        super().__init__("ModelError", message, 424)
        self.original_status = original_status
        self.original_message = original_message


class ConnectionDroppedError(Exception):
    """The connection breaks before the answer; the caller does not learn whether the call took effect."""


class FunctionKilledError(BaseException):
    """The process of the caller died at this point. No `Exception`, because nothing of the caller runs any more."""


def invalid(message: str) -> ServiceError:
    """Return a ValidationException, the code for nearly everything.

    Source: the public issues that `tests/unit/sagemaker_errors.jsonl` names.
    """
    return ServiceError("ValidationException", message)


def not_found(kind: str, arn: str) -> ServiceError:
    """Return what SageMaker says of something that it does not know, or does not see yet.

    Source: aws/amazon-sagemaker-operator-for-k8s, `sagemaker_client.go`; aws/sagemaker-python-sdk, issue 2112.
    """
    return invalid(f'Could not find {kind} "{arn}".')


def no_such_resource() -> ServiceError:
    """Return what SageMaker says of tags of an ARN that is nothing. Source: boto/boto3, issue 4606."""
    return invalid("Resource does not exist.")


def refused(message: str) -> ServiceError:
    """Return a ValidationError, the code of what the runtime refuses, whatever the reason.

    Source: aws/amazon-sagemaker-examples, issue 293.
    """
    return ServiceError("ValidationError", message)


def not_simulated(what: str) -> ServiceError:
    """Return the simulator's own error, which names what it does not do."""
    return ServiceError("UnknownOperationException", f"The simulator does not do {what}.")


def exists(kind: str, arn: str) -> ServiceError:
    """Return what SageMaker says of a name that is taken.

    Source: awslabs/spot-tagging-bot-for-digital-assets, issue 2; aws/sagemaker-python-sdk, issue 101.
    """
    return invalid(f'Cannot create already existing {kind} "{arn}".')


def in_progress(arn: str) -> ServiceError:
    """Return what SageMaker says to a change of an endpoint that is changing.

    Source: aws/amazon-sagemaker-operator-for-k8s, `sagemaker_client.go`.
    """
    return invalid(f'Cannot update in-progress endpoint "{arn}".')


def throttled() -> ServiceError:
    """Return what SageMaker says when calls come too fast.

    Source: aws/aws-step-functions-data-science-sdk-python, pull request 162.
    """
    return ServiceError("ThrottlingException", "Rate exceeded")


def internal_failure() -> ServiceError:
    """Return a fault of the service. Source: API Reference, "Common Errors"."""
    message = "The request processing has failed because of an unknown error, exception or failure."
    return ServiceError("InternalFailure", message, 500)


def role_not_ready(role_arn: str) -> ServiceError:
    """Return what SageMaker says of an execution role that it cannot assume, or not yet.

    Source: bentoml/BentoML, issue 892.
    """
    return invalid(
        f'The execution role ARN "{role_arn}" is invalid. Please ensure that the role exists and that its trust '
        'relationship policy allows the action "sts:AssumeRole" for the service principal "sagemaker.amazonaws.com".'
    )


def denied(principal: str, action: str, resource: str) -> ServiceError:
    """Return what IAM says to a call that no policy allows.

    Source: IAM User Guide, "Troubleshoot access denied error messages".
    """
    message = (
        f"User: {principal} is not authorized to perform: {action} on resource: {resource} "
        f"because no identity-based policy allows the {action} action"
    )
    return ServiceError("AccessDeniedException", message)
