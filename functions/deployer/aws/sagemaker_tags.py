"""Tags of SageMaker's resources: sets and removes them, and explains denials by IAM, whose policies read tags."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from deployer.aws.sagemaker_calls import NO_RESOURCE, SageMakerCalls
from deployer.errors import (
    AccessDeniedError,
    DeployerError,
    EndpointConfigNotVisibleError,
    EndpointNotVisibleError,
    ModelNotVisibleError,
    PermissionNotReadyError,
    SageMakerRejectedError,
)
from deployer.json_document import Document
from deployer.tags import CONFIRMED_TAG, STACK_TAG, USED_AT_TAG, tag_list

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from botocore.client import BaseClient


class SageMakerTags(SageMakerCalls):
    """Base class of the adapter of SageMaker: changes that the functions' policies allow by a resource's tags.

    Every method raises the leaves of `deployer.errors`. Only what is throttled is tried again here, for a while; all
    else the state machine retries.

    Args:
        client: A boto3 client of `sagemaker` that makes one attempt a call.
        execution: The execution on whose behalf the calls are made.
        stack: The stack whose resources may be deleted.
        names: Names of the models and the endpoint config that this run created or has seen: if SageMaker cannot find
            one of those, it cannot see it *yet*.
        throttle_seconds: Seconds to spend in all on pauses after calls that were throttled.
    """

    def __init__(
        self,
        client: BaseClient,
        *,
        execution: str = "",
        stack: str = "",
        names: Collection[str] = (),
        throttle_seconds: float = 0.0,
    ) -> None:
        super().__init__(client, names, throttle_seconds)
        self._execution = execution
        self._stack = stack

    def confirm(self, config_arn: str, revision: str) -> None:
        """Record on an endpoint config that a later request asked for the same content."""
        self.add_tags(config_arn, {CONFIRMED_TAG: revision})

    def _retag(
        self,
        arn: str,
        present: Mapping[str, str],
        request: Mapping[str, Any],
        keys: Collection[str],
        gone: type[DeployerError],
    ) -> None:
        """Set on an existing resource those of a request's tags that differ between runs.

        Raises:
            PermissionNotReadyError: IAM does not know its tags yet.
            gone: It has been deleted since its tags were read. SageMaker refuses to tag what is gone; IAM denies it.
        """
        wanted = {tag["Key"]: tag["Value"] for tag in request["Tags"] if tag["Key"] in keys}
        try:
            self.add_tags(arn, wanted)
        except PermissionNotReadyError:
            # Tags that IAM does not know yet are minutes old, and so is the time of the last use.
            if any(present.get(key) != value for key, value in wanted.items() if key != USED_AT_TAG):
                raise
        except (AccessDeniedError, SageMakerRejectedError) as error:
            if NO_RESOURCE not in str(error) and self.tags_of(arn):
                raise
            raise gone(f"{error} It has been deleted meanwhile.") from error

    def add_tags(self, arn: str, tags: Mapping[str, str]) -> None:
        """Set tags of a resource of this stack; raises what `_tag` does."""
        self._tag("AddTags", arn, Tags=tag_list(tags))

    def delete_tags(self, arn: str, keys: Collection[str]) -> None:
        """Remove tags of a resource of this stack; raises what `_tag` does."""
        self._tag("DeleteTags", arn, TagKeys=[*keys])

    def _tag(self, operation: str, arn: str, **parameters: Any) -> None:
        """Change the tags of a resource; raises PermissionNotReadyError if IAM does not know the stack's tag yet."""
        try:
            self._call(operation, ResourceArn=arn, **parameters)
        except AccessDeniedError as error:
            raise self._permission_error(error, arn) from error

    def _permission_error(self, error: AccessDeniedError, arn: str) -> DeployerError:
        """Return the error for a denial, by whether the resource has the stack's tag."""
        is_own = self.tags_of(arn).get(STACK_TAG) == self._stack
        return PermissionNotReadyError(str(error)) if is_own else error

    @contextmanager
    def _deletion(self, find: Callable[[str], Document | None], name: str, arn: str) -> Iterator[None]:
        """Interpret the answers to a deletion.

        The functions' policies allow deletions by tag. What is not there has no tags, and the tags of what is there
        reach IAM late (AWS's own Python SDK for SageMaker retries AccessDenied for 300 s): IAM denies both.
        """
        try:
            yield
        except (EndpointNotVisibleError, EndpointConfigNotVisibleError, ModelNotVisibleError):
            return
        except AccessDeniedError as error:
            found = find(name)
            if found is not None:
                raise self._permission_error(error, found[arn]) from error

    def _change(self, operation: str, **request: Any) -> None:
        """Change an endpoint, which the functions' policies allow by tag."""
        try:
            self._call(operation, **request)
        except AccessDeniedError as error:
            arn = self.describe_endpoint(request["EndpointName"])["EndpointArn"]
            raise self._permission_error(error, arn) from error
