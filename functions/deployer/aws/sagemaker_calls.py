"""Calls of SageMaker's API, look-ups, and the errors for its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.exceptions import ClientError, HTTPClientError, ParamValidationError
from botocore.exceptions import ConnectionError as NoConnectionError

from deployer import clock
from deployer.aws.classification import classify
from deployer.errors import (
    DeployerError,
    EndpointConfigNotVisibleError,
    EndpointNotVisibleError,
    ListingTooLongError,
    ModelNotVisibleError,
    SageMakerRejectedError,
    SageMakerThrottledError,
    SageMakerUnavailableError,
)
from deployer.json_document import Document
from deployer.tags import PREVIOUS_TAG

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from botocore.client import BaseClient


NO_RESOURCE = "Resource does not exist"
"""SageMaker's message about the tags of a resource that does not exist (boto/boto3, issue 4606)."""

_SERVER_FAULT = 500
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1.0, 10.0
_PAGE = 100
_MOST_PAGES = 1_000
"""Of a hundred entries each; a filtered listing may have empty ones between."""
_MOST_PRECEDING = 10


class SageMakerCalls:
    """Base class of the adapter of SageMaker: calls, throttling and listings.

    Every method raises the leaves of `deployer.errors`.

    Args:
        client: A boto3 client of `sagemaker` that makes one attempt a call.
        names: Names of the models and the endpoint config that this run created or has seen: if SageMaker cannot find
            one of those, it cannot see it *yet*.
        throttle_seconds: Seconds to spend in all on pauses after calls that were throttled. They have had no effect,
            and to begin the step again would take all its other calls once more.
    """

    def __init__(self, client: BaseClient, names: Collection[str], throttle_seconds: float) -> None:
        self._client = client
        self._names = names
        self._throttle_seconds = throttle_seconds

    def tags_of(self, arn: str) -> dict[str, str]:
        """Return a resource's tags; none if it is gone, though a replica that lags may still describe it."""
        try:
            # A page has 50, as many as a user may set; those of AWS itself come on top.
            tags = [*self._listed_pages("ListTags", "Tags", ResourceArn=arn)]
        except SageMakerRejectedError as error:
            if NO_RESOURCE not in str(error):
                raise
            return {}
        return {tag["Key"]: tag["Value"] for tag in tags}

    def describe_endpoint_config(self, name: str) -> Document:
        """Describe an endpoint config that is known to exist."""
        return self._call("DescribeEndpointConfig", EndpointConfigName=name)

    def describe_endpoint(self, name: str) -> Document:
        """Describe an endpoint that is known to exist."""
        return self._call("DescribeEndpoint", EndpointName=name)

    def find_model(self, name: str) -> Document | None:
        """Describe a model; None if SageMaker does not know it."""
        try:
            return self._call("DescribeModel", ModelName=name)
        except ModelNotVisibleError:
            return None

    def find_endpoint_config(self, name: str) -> Document | None:
        """Describe an endpoint config; None if SageMaker does not know it."""
        try:
            return self.describe_endpoint_config(name)
        except EndpointConfigNotVisibleError:
            return None

    def find_endpoint(self, name: str) -> Document | None:
        """Describe an endpoint; None if SageMaker does not know it."""
        try:
            return self.describe_endpoint(name)
        except EndpointNotVisibleError:
            return None

    def preceding_configs(self, name: str) -> Iterator[str]:
        """Yield the endpoint configs that were served before a revision, the latest first, up to a bound."""
        for _ in range(_MOST_PRECEDING):
            config = self.find_endpoint_config(name)
            name = self.tags_of(config["EndpointConfigArn"]).get(PREVIOUS_TAG, "") if config else ""
            if not name:
                return
            yield name

    def describe_taken(self, name: str) -> Document:
        """Describe the endpoint that already has a name; SageMaker ignores case when it compares names of endpoints.

        Raises:
            EndpointNotVisibleError: It cannot be seen yet.
            SageMakerRejectedError: Its name differs by case.
        """
        if endpoint := self.find_endpoint(name):
            return endpoint
        for other in self.list_endpoints(NameContains=name):
            if other["EndpointName"] != name and other["EndpointName"].lower() == name.lower():
                raise SageMakerRejectedError(
                    f"The name {name} differs from that of the endpoint {other['EndpointName']} by case only, and "
                    "SageMaker takes them for one; request it by its own name."
                )
        raise EndpointNotVisibleError(f"Endpoint {name} exists, and cannot be seen yet.")

    def list_endpoints(self, **filters: Any) -> Iterator[Document]:
        """List endpoints, by the filters of the API's own ListEndpoints."""
        return self._listed_pages("ListEndpoints", "Endpoints", MaxResults=_PAGE, **filters)

    def list_endpoint_configs(self, **filters: Any) -> Iterator[Document]:
        """List endpoint configs, by the filters of the API's own ListEndpointConfigs."""
        return self._listed_pages("ListEndpointConfigs", "EndpointConfigs", MaxResults=_PAGE, **filters)

    def list_models(self, **filters: Any) -> Iterator[Document]:
        """List models, by the filters of the API's own ListModels."""
        return self._listed_pages("ListModels", "Models", MaxResults=_PAGE, **filters)

    def _listed_pages(self, operation: str, member: str, **parameters: Any) -> Iterator[Document]:
        """Yield the entries of a listing; raises ListingTooLongError beyond a bound."""
        token: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            page = self._call(operation, **parameters, **token)
            yield from page[member]
            if "NextToken" not in page:
                return
            token = {"NextToken": page["NextToken"]}
        raise ListingTooLongError(f"{operation}: there are more than {_MOST_PAGES:,} pages, and no more are read.")

    def _call(self, operation: str, **parameters: Any) -> Document:
        longest = _FIRST_PAUSE_SECONDS
        while True:
            try:
                return self._call_once(operation, **parameters)
            except SageMakerThrottledError:
                if self._throttle_seconds <= 0:
                    raise
            pause = clock.draw(longest / 2, longest)
            clock.sleep(pause)
            self._throttle_seconds -= pause
            longest = min(2 * longest, _LONGEST_PAUSE_SECONDS)

    def _call_once(self, operation: str, **parameters: Any) -> Document:
        try:
            answer: Document = getattr(self._client, xform_name(operation))(**parameters)
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
