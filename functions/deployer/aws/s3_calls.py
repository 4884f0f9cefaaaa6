"""Calls of S3, and the errors for its answers.

The codes are those of the S3 API Reference, "Error responses".
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError, ParamValidationError
from botocore.exceptions import ConnectionError as NoConnectionError

from deployer.errors import (
    AccessDeniedError,
    DeployerError,
    InvalidRequestError,
    ListingTooLongError,
    StorageUnavailableError,
)
from deployer.json_document import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.client import BaseClient


MOST_PAGES = 1_000
"""Of a thousand entries each."""

UNREACHABLE = (HTTPClientError, NoConnectionError, IncompleteReadError)
"""Errors of botocore for answers that are lost or incomplete."""

_SERVER_FAULT, _NOT_IMPLEMENTED = 500, 501
_ADVICE = "the stack's parameters AllowedBucketArns and AllowedKmsKeyArns say what the deployer may use"


class ObjectMissingError(DeployerError):
    """There is no such object, version or bucket; it never leaves `deployer.aws`."""


class PreconditionFailedError(DeployerError):
    """The object is there already, is not the expected one, or its upload has ended; it never leaves `deployer.aws`."""


class S3Calls:
    """Base class of the adapters of S3: calls, their errors, and paginated listings.

    Args:
        client: A boto3 client of `s3` that makes one attempt a call.
    """

    def __init__(self, client: BaseClient) -> None:
        self._client = client

    def _call(self, operation: str, **parameters: Any) -> Document:
        """Call an operation.

        Raises:
            DeployerError: A leaf of `deployer.errors`, or one of the errors above.
        """
        uri = f"s3://{parameters['Bucket']}/{parameters.get('Key', parameters.get('Prefix', ''))}"
        try:
            answer: Document = getattr(self._client, xform_name(operation))(**parameters)
        except ClientError as error:
            raise classify(error, uri) from error
        except ParamValidationError as error:
            raise InvalidRequestError(f"{uri}: {error}") from error
        except UNREACHABLE as error:
            raise StorageUnavailableError(f"{uri}: {operation}: {error}") from error
        return answer

    def _all_entries(self, bucket: str, prefix: str, limit: int, advice: str) -> list[Document]:
        """List all objects under a prefix.

        Raises:
            InvalidRequestError: There are more than the limit says.
        """
        entries = list(islice(self._entries(bucket, prefix), limit + 1))
        if len(entries) > limit:
            raise InvalidRequestError(f"s3://{bucket}/{prefix}: holds more than {limit:,} objects; {advice}")
        return entries

    def _entries(self, bucket: str, prefix: str, **parameters: Any) -> Iterator[Document]:
        """Yield all objects under a prefix."""
        for page in self._pages(bucket, prefix, **parameters):
            yield from page.get("Contents", [])

    def _pages(self, bucket: str, prefix: str, **parameters: Any) -> Iterator[Document]:
        """Yield the pages of ListObjectsV2; none if there is no such bucket.

        Raises:
            ListingTooLongError: There are more than `MOST_PAGES`.
        """
        marker: Document = {}
        for _ in range(MOST_PAGES):
            try:
                page = self._call("ListObjectsV2", Bucket=bucket, Prefix=prefix, **parameters, **marker)
            except ObjectMissingError:
                return
            yield page
            if not page["IsTruncated"]:
                return
            marker = {"ContinuationToken": page["NextContinuationToken"]}
        raise ListingTooLongError(f"s3://{bucket}/{prefix}: has more than {MOST_PAGES:,} pages, and no more are read")


_MEANINGS: tuple[tuple[str, type[DeployerError]], ...] = (
    (r"(404|NoSuchKey|NotFound|NoSuchBucket|NoSuchVersion)$", ObjectMissingError),
    (r"(412|PreconditionFailed|NoSuchUpload)$", PreconditionFailedError),
    (r"(403|AccessDenied|Forbidden)$", AccessDeniedError),
    (
        r"Internal|(Service)?Unavailable|SlowDown|.*Throttl|RequestLimitExceeded|TooManyRequests",
        StorageUnavailableError,
    ),
    (r"RequestTimeout$|BandwidthLimitExceeded|OperationAborted|ConditionalRequestConflict", StorageUnavailableError),
    # A second copy beside this one has just replaced a part by the same bytes under another ETag.
    (r"InvalidPart$", StorageUnavailableError),
)


def classify(error: ClientError, uri: str) -> DeployerError:
    """Return the error for an answer of S3; unknown answers are permanent."""
    code, message = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    is_fault = status >= _SERVER_FAULT and status != _NOT_IMPLEMENTED
    unknown = StorageUnavailableError if is_fault else InvalidRequestError
    meaning = next((each for pattern, each in _MEANINGS if re.match(pattern, code)), unknown)
    advice = f" ({_ADVICE})" if meaning is AccessDeniedError else ""
    return meaning(f"{uri}: {error.operation_name}: {code}: {message}{advice}")
