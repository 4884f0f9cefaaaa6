"""The only code that speaks to SageMaker: its calls, and its answers in the state machine's words."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from deployer.aws.sagemaker_calls import SageMakerCalls
from deployer.errors import (
    AccessDeniedError,
    AlreadyAppliedError,
    AlreadyExistsError,
    EndpointBusyError,
    EndpointConfigNotVisibleError,
    EndpointExistsError,
    EndpointMissingError,
    EndpointNotVisibleError,
    ModelNotVisibleError,
)
from deployer.planning.names import Revision
from deployer.planning.plan import Live
from deployer.planning.revision import EXECUTION_TAG, REVISION_TAG, UNPROVEN_TAG
from deployer.request.rules import model_names

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from botocore.client import BaseClient

CONFIRMED_TAG = "endpoint-deployer:confirmed"
"""Tag of an endpoint: the newest revision that asked for what the endpoint served already."""


class Hosting(SageMakerCalls):
    """SageMaker hosting, as one run of the deployer sees it.

    Every method raises the leaves of `deployer.errors`. Only what is throttled is tried again here, for a while; all
    else the state machine retries.

    Args:
        client: A boto3 client of `sagemaker` that makes one attempt a call.
        execution: The execution on whose behalf the calls are made.
        names: Names of the models and the endpoint config that this run created or has seen: if SageMaker cannot find
            one of those, it cannot see it *yet*.
        patience: Seconds to spend in all on calls that are throttled.
    """

    def __init__(
        self, client: BaseClient, *, execution: str = "", names: Collection[str] = (), patience: float = 0.0
    ) -> None:
        super().__init__(client, names, patience)
        self._execution = execution

    def create_model(self, request: Mapping[str, Any], safe: Collection[str] = (), *, has_waited: bool = False) -> bool:
        """Create a model, or find it there with equal content and lay claim to it.

        Args:
            request: What CreateModel is called with.
            safe: Revisions whose models nobody is taking away.
            has_waited: Whether this run has claimed it before, and waited for the claim to be seen.

        Returns:
            Whether it is another run's, which may not see the claim yet and take the model away.
        """
        try:
            self._call("CreateModel", **request)
        except AlreadyExistsError as error:
            model = self._call("DescribeModel", ModelName=request["ModelName"])
            _settle(error, model, request)
            return self._claim(model["ModelArn"], request["Tags"], safe, has_waited=has_waited)
        return False

    def create_endpoint_config(self, request: Mapping[str, Any], *, has_waited: bool = False) -> bool:
        """Create an endpoint config, or find it there with equal content and lay claim to it; see `create_model`."""
        try:
            self._call("CreateEndpointConfig", **request)
        except AlreadyExistsError as error:
            config = self.describe_endpoint_config(request["EndpointConfigName"])
            _settle(error, config, request)
            return self._claim(config["EndpointConfigArn"], request["Tags"], has_waited=has_waited)
        return False

    def _claim(self, arn: str, tags: list[dict[str, str]], safe: Collection[str] = (), *, has_waited: bool) -> bool:
        """Let a resource bear this run's tags: whoever undoes something leaves alone what another run has claimed.

        One tag holds one claim, and the newest revision's is the one that counts. An older one that did not see it may
        have taken its place; so it is looked at again after the wait, and laid again.
        """
        before, claim = self.tags_of(arn), {tag["Key"]: tag for tag in tags}
        claimant, own = before.get(REVISION_TAG, ""), claim[REVISION_TAG]["Value"]
        # Revisions of one endpoint sort by name.
        if before.get(EXECUTION_TAG) == self._execution or (has_waited and claimant >= own):
            return False
        if claimant <= own:
            self._call("AddTags", ResourceArn=arn, Tags=[claim[EXECUTION_TAG], claim[REVISION_TAG]])
        return claimant not in safe

    def create_endpoint(self, request: Mapping[str, Any]) -> None:
        """Create an endpoint.

        One that this very execution created is success: the answer to an earlier call was lost on its way.

        Raises:
            EndpointExistsError: Somebody else's endpoint has the name.
        """
        try:
            self._call("CreateEndpoint", **request)
        except EndpointExistsError:
            if not self.made_by_this_execution(self.describe_endpoint(request["EndpointName"])["EndpointArn"]):
                raise

    def update_endpoint(self, request: Mapping[str, Any], *, is_retry: bool) -> None:
        """Change an endpoint to a config.

        Args:
            request: What UpdateEndpoint is called with.
            is_retry: Whether this execution may have done so just before. An update to the same config, under way or
                done, is success then: the answer was lost on its way.

        Raises:
            EndpointBusyError: Somebody else is changing the endpoint, or has changed it to this config.
            EndpointNotVisibleError: Which of these it is cannot be seen yet.
        """
        try:
            self._call("UpdateEndpoint", **request)
        except (EndpointBusyError, AlreadyAppliedError) as error:
            endpoint = self.describe_endpoint(request["EndpointName"]) if is_retry else {}
            pending = endpoint.get("PendingDeploymentSummary") or endpoint
            if pending.get("EndpointConfigName") == request["EndpointConfigName"]:
                return
            if endpoint.get("EndpointStatus") == "InService":
                raise EndpointNotVisibleError(f"{error} It shows no sign of it yet.") from error
            raise EndpointBusyError(str(error)) from error

    def go_back(self, endpoint_name: str, config_name: str, retention: Mapping[str, Any]) -> None:
        """Begin to change an endpoint back to the config that it had, without guardrails: it is proven.

        An endpoint that is gone, or is back already, is success.

        Raises:
            EndpointBusyError: It is changing.
            EndpointConfigNotVisibleError: The config cannot be seen, or is gone.
        """
        config = self.describe_endpoint_config(config_name)
        self._names = {config_name, *model_names(config)}
        with suppress(AlreadyAppliedError, EndpointMissingError):
            self._call("UpdateEndpoint", EndpointName=endpoint_name, EndpointConfigName=config_name, **retention)

    def made_revision(self, name: str) -> bool:
        """Tell whether this execution created an endpoint config; False if there is none."""
        config = self.find_endpoint_config(name)
        return config is not None and self.made_by_this_execution(config["EndpointConfigArn"])

    def find_live(self, name: str) -> Live | None:
        """Return an endpoint as planning sees it; None if SageMaker does not know it.

        What its tags say is asked only of one that rests: nothing is decided about any other.
        """
        endpoint = self.find_endpoint(name)
        if endpoint is None:
            return None
        pending = endpoint.get("PendingDeploymentSummary", {}).get("EndpointConfigName", "")
        live = Live.model_validate({**endpoint, "PendingConfigName": pending})
        if live.endpoint_status != "InService":
            return live
        confirmed = self.tags_of(endpoint["EndpointArn"]).get(CONFIRMED_TAG, "")
        return live.model_copy(update={"confirmed": confirmed, "is_unproven": self._is_unproven(name, endpoint)})

    def _is_unproven(self, name: str, endpoint: Mapping[str, Any]) -> bool:
        if Revision.parse(name, endpoint["EndpointConfigName"]) is None:
            return False
        config = self.find_endpoint_config(endpoint["EndpointConfigName"])
        tags = self.tags_of(config["EndpointConfigArn"]) if config else {}
        # A revision is never without tags: where none are seen, it is about to be deleted, or a replica lags.
        return UNPROVEN_TAG in tags or not tags

    def prove(self, revision: str) -> None:
        """Note on an endpoint config that its smoke test has passed."""
        config = self.describe_endpoint_config(revision)
        self._call("DeleteTags", ResourceArn=config["EndpointConfigArn"], TagKeys=[UNPROVEN_TAG])

    def distrust(self, revision: str) -> None:
        """Note on an endpoint config that nobody knows whether it has proven itself: no rollback chooses it."""
        if config := self.find_endpoint_config(revision):
            tags = [{"Key": UNPROVEN_TAG, "Value": "true"}]
            self._call("AddTags", ResourceArn=config["EndpointConfigArn"], Tags=tags)

    def confirm(self, endpoint_arn: str, revision: str) -> None:
        """Note on an endpoint that a later request asked for what it serves."""
        self._call("AddTags", ResourceArn=endpoint_arn, Tags=[{"Key": CONFIRMED_TAG, "Value": revision}])

    def delete_endpoint(self, name: str) -> None:
        """Begin to delete an endpoint; one that is gone is success.

        Raises:
            EndpointBusyError: It is changing.
        """
        with self._gone_is_success(self.find_endpoint, name):
            self._call("DeleteEndpoint", EndpointName=name)

    def delete_endpoint_config(self, name: str) -> None:
        """Delete an endpoint config; one that is gone is success."""
        with self._gone_is_success(self.find_endpoint_config, name):
            self._call("DeleteEndpointConfig", EndpointConfigName=name)

    def delete_model(self, name: str) -> None:
        """Delete a model; one that is gone is success."""
        with self._gone_is_success(self.find_model, name):
            self._call("DeleteModel", ModelName=name)

    @contextmanager
    def _gone_is_success(self, find: Callable[[str], object], name: str) -> Iterator[None]:
        """Take the answers to the deletion of what is not there for success.

        The functions' policies allow deletions by tag, and what is not there has none: then IAM is the one to answer.
        """
        try:
            yield
        except (EndpointNotVisibleError, EndpointConfigNotVisibleError, ModelNotVisibleError):
            return
        except AccessDeniedError:
            if find(name) is not None:
                raise

    def made_by_this_execution(self, arn: str) -> bool:
        """Tell whether this execution created a resource."""
        return self.tags_of(arn).get(EXECUTION_TAG) == self._execution


def holds(described: object, requested: object) -> bool:
    """Tell whether what SageMaker describes is what was requested; members it added by itself do not count."""
    if isinstance(requested, dict) and isinstance(described, dict):
        return all(key in described and holds(described[key], value) for key, value in requested.items())
    if isinstance(requested, list) and isinstance(described, list):
        return len(described) == len(requested) and all(map(holds, described, requested))
    return described == requested


def _settle(error: AlreadyExistsError, described: dict[str, Any], requested: Mapping[str, Any]) -> None:
    """Take an existing resource of equal content for the requested one; tags are no content."""
    if not holds(described, {member: value for member, value in requested.items() if member != "Tags"}):
        raise AlreadyExistsError(f"{error} It holds something else than this deployment asks for.") from error
