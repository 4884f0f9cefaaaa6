"""Calls and look-ups of SageMaker's API, and its answers in the state machine's words."""

from __future__ import annotations

from random import uniform as draw
from time import sleep
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.exceptions import ClientError, HTTPClientError, ParamValidationError
from botocore.exceptions import ConnectionError as NoConnectionError

from deployer.errors import (
    DeployerError,
    EndpointConfigNotVisibleError,
    EndpointNotVisibleError,
    ModelNotVisibleError,
    SageMakerRejectedError,
    SageMakerThrottledError,
    SageMakerUnavailableError,
    classify,
)
from deployer.planning.names import Revision, revision_stem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from botocore.client import BaseClient

_SERVER_FAULT = 500
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1.0, 10.0
_MOST_PAGES = 40
"""Of a hundred entries each; a filtered listing may have empty ones between."""


class SageMakerCalls:
    """What `deployer.aws.sagemaker` makes its calls with.

    Every method raises the leaves of `deployer.errors`.

    Args:
        client: A boto3 client of `sagemaker` that makes one attempt a call.
        names: Names of the models and the endpoint config that this run created or has seen: if SageMaker cannot find
            one of those, it cannot see it *yet*.
        patience: Seconds to spend in all on calls that are throttled. They have had no effect, and to begin the step
            anew would take all its other calls once more.
    """

    def __init__(self, client: BaseClient, names: Collection[str], patience: float) -> None:
        self._client = client
        self._names = names
        self._patience = patience

    def tags_of(self, arn: str) -> dict[str, str]:
        """Return a resource's tags."""
        return {tag["Key"]: tag["Value"] for tag in self._call("ListTags", ResourceArn=arn)["Tags"]}

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

    def endpoints_changed_since(self, moment: datetime) -> Iterator[dict[str, Any]]:
        """List every endpoint that was created or changed since."""
        return self._pages("ListEndpoints", "Endpoints", LastModifiedTimeAfter=moment)

    def configs_created_since(self, moment: datetime) -> Iterator[dict[str, Any]]:
        """List every endpoint config that was created since."""
        return self._pages("ListEndpointConfigs", "EndpointConfigs", CreationTimeAfter=moment)

    def revisions(self, endpoint_name: str) -> dict[str, Revision]:
        """Return all revisions of an endpoint that there are, by name and from the newest to the oldest."""
        listed = self._pages("ListEndpointConfigs", "EndpointConfigs", NameContains=revision_stem(endpoint_name))
        found = {
            each["EndpointConfigName"]: Revision.parse(endpoint_name, each["EndpointConfigName"]) for each in listed
        }
        own = {name: revision for name, revision in found.items() if revision is not None}
        return dict(sorted(own.items(), key=lambda entry: entry[1].order, reverse=True))

    def _pages(self, operation: str, member: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Yield the entries of a listing, up to a bound."""
        token: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            page = self._call(operation, MaxResults=100, **parameters, **token)
            yield from page[member]
            if "NextToken" not in page:
                return
            token = {"NextToken": page["NextToken"]}
        raise SageMakerRejectedError(
            f"{operation}: there are more than {_MOST_PAGES} pages, and no more are looked through."
        )

    def _call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        longest = _FIRST_PAUSE_SECONDS
        while True:
            try:
                return self._call_once(operation, **parameters)
            except SageMakerThrottledError:
                if self._patience <= 0:
                    raise
            pause = draw(longest / 2, longest)  # noqa: S311 - nothing depends on who guesses it
            sleep(pause)
            self._patience -= pause
            longest = min(2 * longest, _LONGEST_PAUSE_SECONDS)

    def _call_once(self, operation: str, **parameters: Any) -> dict[str, Any]:
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
