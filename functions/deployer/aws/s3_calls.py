"""Calls of S3, and its answers in the state machine's words.

The codes are those of the S3 API Reference, "Error responses".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError, ParamValidationError
from botocore.exceptions import ConnectionError as NoConnectionError

from deployer.errors import AccessDeniedError, DeployerError, InvalidRequestError, StorageUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.client import BaseClient

MOST_PAGES = 1_000
"""Of a thousand entries each."""

UNREACHABLE = (HTTPClientError, NoConnectionError, IncompleteReadError)
"""Errors of botocore for answers that are lost, wholly or in part."""

_MISSING = frozenset({"404", "NoSuchKey", "NotFound", "NoSuchBucket", "NoSuchVersion"})
_DENIED = frozenset({"403", "AccessDenied", "Forbidden"})
_FAILED_PRECONDITION = frozenset({"412", "PreconditionFailed"})

# InvalidPart: a second copy beside this one has just replaced a part by the same bytes under another ETag.
_PASSING = re.compile(
    r"^Internal|^ServiceUnavailable|^Unavailable|^SlowDown|Throttl|^RequestTimeout$|^RequestLimitExceeded|^TooManyRequests"
    r"|^BandwidthLimitExceeded|^OperationAborted|^ConditionalRequestConflict|^InvalidPart$"
)
_SERVER_FAULT, _NOT_IMPLEMENTED = 500, 501


class ObjectMissingError(DeployerError):
    """There is no such object, version or bucket; it never leaves `deployer.aws`."""


class PreconditionFailedError(DeployerError):
    """The object is there already, or is not the expected one; it never leaves `deployer.aws`."""


class UploadMissingError(DeployerError):
    """The multipart upload has been completed or aborted; it never leaves `deployer.aws`."""


class S3Calls:
    """Base class of the adapters of S3: calls, their errors, and paginated listings.

    Args:
        client: A boto3 client of `s3` that makes one attempt a call.
    """

    def __init__(self, client: BaseClient) -> None:
        self._client = client

    def _call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """Call an operation.

        Raises:
            DeployerError: A leaf of `deployer.errors`, or one of the errors above.
        """
        uri = f"s3://{parameters['Bucket']}/{parameters.get('Key', parameters.get('Prefix', ''))}"
        try:
            answer: dict[str, Any] = getattr(self._client, xform_name(operation))(**parameters)
        except ClientError as error:
            raise classify(error, uri) from error
        except ParamValidationError as error:
            raise InvalidRequestError(f"{uri}: {error}") from error
        except UNREACHABLE as error:
            raise StorageUnavailableError(f"{uri}: {operation}: {error}") from error
        return answer

    def _all_entries(self, bucket: str, prefix: str, limit: int, advice: str) -> list[dict[str, Any]]:
        """List all objects under a prefix.

        Raises:
            InvalidRequestError: There are more than the limit says.
        """
        entries: list[dict[str, Any]] = []
        for entry in self._entries(bucket, prefix):
            if len(entries) == limit:
                raise InvalidRequestError(f"s3://{bucket}/{prefix}: holds more than {limit:,} objects; {advice}")
            entries.append(entry)
        return entries

    def _entries(self, bucket: str, prefix: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Yield all objects under a prefix."""
        for page in self._pages(bucket, prefix, **parameters):
            yield from page.get("Contents", [])

    def _pages(self, bucket: str, prefix: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Yield the pages of ListObjectsV2; none if there is no such bucket."""
        marker: dict[str, Any] = {}
        for _ in range(MOST_PAGES):
            try:
                page = self._call("ListObjectsV2", Bucket=bucket, Prefix=prefix, **parameters, **marker)
            except ObjectMissingError:
                return
            yield page
            if not page["IsTruncated"]:
                return
            marker = {"ContinuationToken": page["NextContinuationToken"]}


def classify(error: ClientError, uri: str) -> DeployerError:
    """Return the error that an answer of S3 stands for; an unknown one is permanent."""
    code, message = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _MISSING:
        return ObjectMissingError(uri)
    if code == "NoSuchUpload":
        return UploadMissingError(uri)
    if code in _FAILED_PRECONDITION:
        return PreconditionFailedError(uri)
    text = f"{uri}: {error.operation_name}: {code}: {message}"
    if code in _DENIED:
        return AccessDeniedError(
            f"{text} (the stack's parameters AllowedBucketArns and AllowedKmsKeyArns say what the deployer may use)"
        )
    if _PASSING.search(code) or (status >= _SERVER_FAULT and status != _NOT_IMPLEMENTED):
        return StorageUnavailableError(text)
    return InvalidRequestError(text)
