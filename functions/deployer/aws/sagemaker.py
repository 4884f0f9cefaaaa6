"""The adapter of SageMaker: creates, changes and deletes models, endpoint configs and endpoints, all repeatable."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from deployer.aws.sagemaker_tags import SageMakerTags
from deployer.endpoint_config import is_same_number, model_names
from deployer.errors import (
    AlreadyAppliedError,
    AlreadyExistsError,
    ChangeUncertainError,
    DeploymentTimedOutError,
    EndpointBusyError,
    EndpointConfigNotVisibleError,
    EndpointExistsError,
    EndpointMissingError,
    EndpointNotVisibleError,
    ModelNotVisibleError,
    PermanentError,
)
from deployer.json_document import Document
from deployer.tags import EXECUTION_TAG, PREVIOUS_TAG, STACK_TAG, USED_AT_TAG

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class SageMaker(SageMakerTags):
    """SageMaker hosting, as one run of the deployer sees it."""

    def create_model(self, request: Mapping[str, Any]) -> None:
        """Create a model, or find it there with equal content and note that it is in use.

        A model of another stack is used, and not changed.

        Raises:
            AlreadyExistsError: It is there with other content.
            PermissionNotReadyError: IAM does not know its tags yet.
        """
        try:
            self._call("CreateModel", **request)
        except AlreadyExistsError as error:
            model = self._call("DescribeModel", ModelName=request["ModelName"])
            _require_equal(error, model, request)
            arn: str = model["ModelArn"]
            if (present := self.tags_of(arn)).get(STACK_TAG) == self._stack:
                self._retag(arn, present, request, (EXECUTION_TAG, USED_AT_TAG), ModelNotVisibleError)

    def create_endpoint_config(self, request: Mapping[str, Any]) -> str:
        """Create an endpoint config, or find it there with equal content and take responsibility; return its ARN.

        Raises:
            AlreadyExistsError: It is there with other content, or belongs to another stack.
            EndpointConfigNotVisibleError: Its owner is not visible yet.
            PermissionNotReadyError: IAM does not know its tags yet.
        """
        try:
            return str(self._call("CreateEndpointConfig", **request)["EndpointConfigArn"])
        except AlreadyExistsError as error:
            config = self.describe_endpoint_config(request["EndpointConfigName"])
            _require_equal(error, config, request)
            arn: str = config["EndpointConfigArn"]
            present = self.tags_of(arn)
            if not present:
                raise EndpointConfigNotVisibleError(f"{error} It shows no tags yet.") from error
            if present.get(STACK_TAG) != self._stack:
                raise AlreadyExistsError(f"{error} It does not belong to this stack.") from error
            keys = (EXECUTION_TAG, PREVIOUS_TAG, USED_AT_TAG)
            self._retag(arn, present, request, keys, EndpointConfigNotVisibleError)
            return arn

    def create_endpoint(self, request: Mapping[str, Any]) -> None:
        """Create an endpoint.

        An endpoint that this execution has created already is success: the answer to an earlier call was lost.

        Raises:
            EndpointExistsError: Somebody else's endpoint has the name.
            SageMakerRejectedError: An endpoint has the name in another case.
        """
        try:
            self._call("CreateEndpoint", **request)
        except EndpointExistsError:
            arn = self.describe_taken(request["EndpointName"])["EndpointArn"]
            if self.tags_of(arn).get(EXECUTION_TAG) != self._execution:
                raise

    def update_endpoint(self, request: Mapping[str, Any], *, is_retry: bool) -> None:
        """Change an endpoint to a config.

        Args:
            request: What UpdateEndpoint is called with.
            is_retry: Whether this execution may have done so just before. An update to the same config, under way or
                done, is success then: the answer was lost on its way.

        Raises:
            EndpointBusyError: Somebody else is changing the endpoint, or has changed it to this config.
            EndpointNotVisibleError: It is not visible yet which of these applies.
            PermissionNotReadyError: IAM does not know its tags yet.
        """
        try:
            self._change("UpdateEndpoint", **request)
        except (EndpointBusyError, AlreadyAppliedError) as error:
            endpoint = self.describe_endpoint(request["EndpointName"]) if is_retry else {}
            pending = endpoint.get("PendingDeploymentSummary") or endpoint
            if pending.get("EndpointConfigName") == request["EndpointConfigName"]:
                return
            if endpoint.get("EndpointStatus") == "InService":
                raise EndpointNotVisibleError(f"{error} It shows no sign of it yet.") from error
            raise EndpointBusyError(str(error)) from error

    def update_weights(self, endpoint_name: str, change: list[Document]) -> None:
        """Begin to change weights, or a count, of the variants of an endpoint, which keeps its endpoint config.

        Args:
            endpoint_name: The endpoint's name.
            change: The DesiredWeightsAndCapacities.

        Raises:
            EndpointBusyError: It is changing.
            QuotaExceededError: There are not as many instances.
            PermissionNotReadyError: IAM does not know the endpoint's tags yet.
        """
        operation = "UpdateEndpointWeightsAndCapacities"
        self._change(operation, EndpointName=endpoint_name, DesiredWeightsAndCapacities=change)

    def revert(self, endpoint_name: str, config_name: str, retention: Mapping[str, Any]) -> None:
        """Begin to change an endpoint back to its previous config, without guardrails, as it has been deployed before.

        An endpoint that is gone, or is back already, is success.

        Raises:
            EndpointBusyError: It is changing.
            EndpointConfigNotVisibleError: The config cannot be seen, or is gone.
            PermissionNotReadyError: IAM does not know the endpoint's tags yet.
        """
        config = self.describe_endpoint_config(config_name)
        self._names = {config_name, *model_names(config)}
        with suppress(AlreadyAppliedError, EndpointMissingError):
            self._change("UpdateEndpoint", EndpointName=endpoint_name, EndpointConfigName=config_name, **retention)

    def delete_endpoint(self, name: str) -> None:
        """Begin to delete an endpoint; one that is gone is success.

        Raises:
            EndpointBusyError: It is changing.
            PermissionNotReadyError: IAM does not know its tags yet.
        """
        with self._deletion(self.find_endpoint, name, "EndpointArn"):
            self._call("DeleteEndpoint", EndpointName=name)

    def delete_endpoint_config(self, name: str) -> None:
        """Delete an endpoint config; one that is gone is success."""
        with self._deletion(self.find_endpoint_config, name, "EndpointConfigArn"):
            self._call("DeleteEndpointConfig", EndpointConfigName=name)

    def delete_model(self, name: str) -> None:
        """Delete a model; one that is gone is success."""
        with self._deletion(self.find_model, name, "ModelArn"):
            self._call("DeleteModel", ModelName=name)


@contextmanager
def may_have_been_accepted(*, is_retry: bool) -> Iterator[None]:
    """Turn a refusal of a repeated change of an endpoint into ChangeUncertainError: the call before may have succeeded.

    Raises:
        ChangeUncertainError: The change has been asked for before, and now it, a look at it, or what has to be there
            before it, such as an alarm, is refused.
    """
    try:
        yield
    except PermanentError as error:
        # After the deadline the endpoint is left as SageMaker has it, whether or not the first call took effect.
        if not is_retry or isinstance(error, DeploymentTimedOutError):
            raise
        raise ChangeUncertainError(f"{type(error).__name__}: {error}") from error


def holds(described: object, requested: object) -> bool:
    """Return whether what SageMaker describes is what was requested; members it added by itself do not count."""
    if isinstance(requested, dict) and isinstance(described, dict):
        return all(key in described and holds(described[key], value) for key, value in requested.items())
    if isinstance(requested, list) and isinstance(described, list):
        return len(described) == len(requested) and all(map(holds, described, requested))
    if isinstance(requested, float):
        return is_same_number(described, requested)
    return described == requested


def _require_equal(error: AlreadyExistsError, described: Document, requested: Mapping[str, Any]) -> None:
    """Check that an existing resource has the requested content; tags are not content."""
    if not holds(described, {member: value for member, value in requested.items() if member != "Tags"}):
        raise AlreadyExistsError(f"{error} Its content differs from that of this deployment.") from error
