"""The only code that invokes endpoints."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from deployer.errors import AccessDeniedError, EndpointNotVisibleError, SageMakerUnavailableError
from deployer.request.smoke_test import Answer

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from deployer.request.smoke_test import SmokeTest

_OK = 200


class Inference:
    """What endpoints answer.

    Args:
        client: A boto3 client of `sagemaker-runtime` that makes one attempt a call.
    """

    def __init__(self, client: BaseClient) -> None:
        self._client: Any = client

    def invoke(self, endpoint_name: str, test: SmokeTest, body: bytes) -> Answer:
        """Invoke an endpoint as a smoke test asks; an error of the model's container is an answer, too.

        Raises:
            EndpointNotVisibleError: The runtime does not know the endpoint or its variant yet.
            SageMakerUnavailableError: The runtime throttled, failed or did not answer.
            AccessDeniedError: A policy does not allow the call.
        """
        optional = {"Accept": test.accept, "TargetVariant": test.target_variant}
        parameters = {name: value for name, value in optional.items() if value is not None}
        began = time.perf_counter()
        try:
            answer = self._client.invoke_endpoint(
                EndpointName=endpoint_name, ContentType=test.content_type, Body=body, **parameters
            )
            content = answer["Body"].read()
        except ClientError as error:
            return _refusal(error, began)
        except BotoCoreError as error:
            raise SageMakerUnavailableError(f"InvokeEndpoint: {error}") from error
        return Answer(_OK, content, _milliseconds_since(began))


def _refusal(error: ClientError, began: float) -> Answer:
    response: Any = error.response
    code, message = response["Error"].get("Code", ""), response["Error"].get("Message", "")
    if code == "ModelError":
        told = str(response.get("OriginalMessage") or message).encode(errors="replace")
        return Answer(int(response.get("OriginalStatusCode") or 0), told, _milliseconds_since(began))
    if code in {"ValidationError", "ValidationException"}:
        raise EndpointNotVisibleError(f"InvokeEndpoint: {message}") from error
    if code.startswith("AccessDenied"):
        raise AccessDeniedError(f"InvokeEndpoint: {message}") from error
    raise SageMakerUnavailableError(f"InvokeEndpoint: {code}: {message}") from error


def _milliseconds_since(began: float) -> float:
    return (time.perf_counter() - began) * 1000
