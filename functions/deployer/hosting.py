"""The only code that speaks to SageMaker: its calls, and its answers in the state machine's words."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.exceptions import ClientError, HTTPClientError, ParamValidationError
from botocore.exceptions import ConnectionError as NoConnectionError

from deployer.content import EXECUTION_TAG, REVISION_TAG
from deployer.errors import (
    AccessDeniedError,
    AlreadyAppliedError,
    AlreadyExistsError,
    DeployerError,
    EndpointBusyError,
    EndpointConfigNotVisibleError,
    EndpointExistsError,
    EndpointNotVisibleError,
    ModelNotVisibleError,
    SageMakerRejectedError,
    SageMakerUnavailableError,
    classify,
)
from deployer.planning import Live

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from datetime import datetime

    from botocore.client import BaseClient

CONFIRMED_TAG = "endpoint-deployer:confirmed"
"""Tag of an endpoint: the newest revision that asked for what the endpoint served already."""

_SERVER_FAULT = 500
_MOST_PAGES = 20


class Hosting:
    """SageMaker hosting, as one run of the deployer sees it.

    Every method raises the leaves of `deployer.errors`; none retries, because the state machine does.

    Args:
        client: A boto3 client of `sagemaker` that makes one attempt a call.
        execution: The execution on whose behalf the calls are made.
        names: Names of the models and the endpoint config that this run created or has seen: if SageMaker cannot find
            one of those, it cannot see it *yet*.
    """

    def __init__(self, client: BaseClient, *, execution: str = "", names: Collection[str] = ()) -> None:
        self._client = client
        self._execution = execution
        self._names = names

    def create_model(self, request: Mapping[str, Any]) -> None:
        """Create a model, or find it there with equal content and lay claim to it.

        The tags lay the claim: an older revision with the same model leaves it alone when it is undone.
        """
        try:
            self._call("CreateModel", **request)
        except AlreadyExistsError as error:
            model = self._call("DescribeModel", ModelName=request["ModelName"])
            _settle(error, model, request)
            self._call(
                "AddTags", ResourceArn=model["ModelArn"], Tags=[{"Key": EXECUTION_TAG, "Value": self._execution}]
            )

    def create_endpoint_config(self, request: Mapping[str, Any]) -> None:
        """Create an endpoint config, or find it there with equal content."""
        try:
            self._call("CreateEndpointConfig", **request)
        except AlreadyExistsError as error:
            _settle(error, self.describe_endpoint_config(request["EndpointConfigName"]), request)

    def create_endpoint(self, request: Mapping[str, Any]) -> None:
        """Create an endpoint.

        An endpoint that this very execution created is success: the answer to an earlier call was lost on its way.

        Raises:
            EndpointExistsError: Somebody else's endpoint has the name.
        """
        try:
            self._call("CreateEndpoint", **request)
        except EndpointExistsError:
            if not self.made_by_this_execution(self.describe_endpoint(request["EndpointName"])["EndpointArn"]):
                raise

    def update_endpoint(self, request: Mapping[str, Any]) -> None:
        """Change an endpoint to a config.

        An update to the config of this very execution, under way or done, is success: the answer was lost on its way.

        Raises:
            EndpointBusyError: Somebody else is changing the endpoint.
        """
        try:
            self._call("UpdateEndpoint", **request)
        except (EndpointBusyError, AlreadyAppliedError):
            endpoint = self.describe_endpoint(request["EndpointName"])
            pending = endpoint.get("PendingDeploymentSummary") or endpoint
            if pending["EndpointConfigName"] != request["EndpointConfigName"]:
                raise
            config = self.describe_endpoint_config(request["EndpointConfigName"])
            if not self.made_by_this_execution(config["EndpointConfigArn"]):
                raise

    def describe_endpoint_config(self, name: str) -> dict[str, Any]:
        """Describe an endpoint config that is known to exist."""
        return self._call("DescribeEndpointConfig", EndpointConfigName=name)

    def describe_endpoint(self, name: str) -> dict[str, Any]:
        """Describe an endpoint that is known to exist."""
        return self._call("DescribeEndpoint", EndpointName=name)

    def find_model(self, name: str) -> dict[str, Any] | None:
        """Describe a model; None if SageMaker does not know it."""
        try:
            return self._call("DescribeModel", ModelName=name)
        except ModelNotVisibleError:
            return None

    def find_endpoint_config(self, name: str) -> dict[str, Any] | None:
        """Describe an endpoint config; None if SageMaker does not know it."""
        try:
            return self.describe_endpoint_config(name)
        except EndpointConfigNotVisibleError:
            return None

    def find_endpoint(self, name: str) -> dict[str, Any] | None:
        """Describe an endpoint; None if SageMaker does not know it."""
        try:
            return self.describe_endpoint(name)
        except EndpointNotVisibleError:
            return None

    def find_live(self, name: str) -> Live | None:
        """Return an endpoint as planning sees it; None if SageMaker does not know it."""
        endpoint = self.find_endpoint(name)
        if endpoint is None:
            return None
        confirmed = self._tags(endpoint["EndpointArn"]).get(CONFIRMED_TAG, "")
        return Live.model_validate({**endpoint, "Confirmed": confirmed})

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

    def endpoints_changed_since(self, moment: datetime) -> Iterator[dict[str, Any]]:
        """Describe every endpoint that was created or changed since."""
        pages = self._pages("ListEndpoints", "Endpoints", LastModifiedTimeAfter=moment)
        found = (self.find_endpoint(summary["EndpointName"]) for summary in pages)
        return (endpoint for endpoint in found if endpoint is not None)

    def configs_created_since(self, moment: datetime) -> Iterator[dict[str, Any]]:
        """Describe every endpoint config that was created since."""
        pages = self._pages("ListEndpointConfigs", "EndpointConfigs", CreationTimeAfter=moment)
        found = (self.find_endpoint_config(summary["EndpointConfigName"]) for summary in pages)
        return (config for config in found if config is not None)

    def made_by_this_execution(self, arn: str) -> bool:
        """Tell whether this execution created a resource."""
        return self._tags(arn).get(EXECUTION_TAG) == self._execution

    def revision_of(self, arn: str) -> str | None:
        """Return the newest revision that relies on a resource; None if this deployer did not make it."""
        return self._tags(arn).get(REVISION_TAG)

    def _tags(self, arn: str) -> dict[str, str]:
        return {tag["Key"]: tag["Value"] for tag in self._call("ListTags", ResourceArn=arn)["Tags"]}

    def _pages(self, operation: str, member: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Yield the entries of a listing, up to a bound that no one deployment's time should see."""
        token: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            page = self._call(operation, MaxResults=100, **parameters, **token)
            yield from page[member]
            if "NextToken" not in page:
                return
            token = {"NextToken": page["NextToken"]}
        raise SageMakerRejectedError(f"{operation}: more than {_MOST_PAGES} pages since the deployment began.")

    def _call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self._client, xform_name(operation))(**parameters)
        except ClientError as error:
            raise self._named(operation, error) from error
        except ParamValidationError as error:
            raise SageMakerRejectedError(f"{operation}: {error}") from error
        except (HTTPClientError, NoConnectionError) as error:
            raise SageMakerUnavailableError(f"{operation}: {error}") from error
        return answer

    def _named(self, operation: str, error: ClientError) -> DeployerError:
        code, message = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= _SERVER_FAULT:
            return SageMakerUnavailableError(f"{operation}: {code}: {message}")
        return classify(operation, code, message, created=self._names)(f"{operation}: {message}")


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
