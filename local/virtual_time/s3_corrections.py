"""Corrects moto's S3 where it differs from Amazon S3 in something that the deployer relies on.

moto ignores conditions of copies, and breaks on multipart uploads that are gone. Source of what S3 does: Amazon S3
API Reference, CopyObject, UploadPartCopy and CompleteMultipartUpload.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import ClientError

from local.json_document import Document

_OPERATIONS = ("CopyObject", "UploadPartCopy", "CompleteMultipartUpload")
_PARAMETERS = "local.virtual_time.s3_corrections"


@dataclass(frozen=True, slots=True)
class _Response:
    """The members of an HTTP response that botocore reads."""

    status_code: int


_PRECONDITION = (412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
_NO_UPLOAD = (404, "NoSuchUpload", "The specified upload does not exist.")


class S3Corrections:
    """Answers in place of moto where moto would answer otherwise than S3.

    Args:
        client: A client of moto's S3 that is not corrected, to look things up.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def attach(self, client: Any) -> None:
        """Correct what a client is answered."""
        for operation in _OPERATIONS:
            client.meta.events.register(f"provide-client-params.s3.{operation}", _keep)
            client.meta.events.register(f"before-call.s3.{operation}", self._correct)

    def _correct(self, event_name: str, context: Document, **_: Any) -> tuple[_Response, Document] | None:
        request: Document = context[_PARAMETERS]
        if "UploadId" in request and not self._has_upload(request):
            return _refusal(*_NO_UPLOAD)
        is_new_only = event_name.endswith("CopyObject") and request.get("IfNoneMatch") == "*"
        if is_new_only and self._etag(request["Bucket"], request["Key"]) is not None:
            return _refusal(*_PRECONDITION)
        if (wanted := request.get("CopySourceIfMatch")) is not None:
            etag = self._etag(*_source(request["CopySource"]))
            if etag is not None and etag.strip('"') != wanted.strip('"'):
                return _refusal(*_PRECONDITION)
        return None

    def _etag(self, bucket: str, key: str, version: str = "") -> str | None:
        """Return an object's ETag; None if it is not there."""
        pin = {"VersionId": version} if version else {}
        try:
            return str(self._client.head_object(Bucket=bucket, Key=key, **pin)["ETag"])
        except ClientError:
            return None

    def _has_upload(self, request: Document) -> bool:
        try:
            self._client.list_parts(**{name: request[name] for name in ("Bucket", "Key", "UploadId")})
        except ClientError:
            return False
        return True


def _keep(params: Document, context: Document, **_: Any) -> None:
    """Keep a call's parameters, which botocore does not pass to the event before the call."""
    context[_PARAMETERS] = params


def _source(source: Any) -> tuple[str, str, str]:
    """Return bucket, key and version of what is copied."""
    if isinstance(source, dict):
        return source["Bucket"], source["Key"], source.get("VersionId", "")
    path, _, version = unquote(source).lstrip("/").partition("?versionId=")
    bucket, _, key = path.partition("/")
    return bucket, key, version


def _refusal(status: int, code: str, message: str) -> tuple[_Response, Document]:
    error = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return _Response(status), error
