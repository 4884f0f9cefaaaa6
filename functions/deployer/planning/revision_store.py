"""Stored revisions: the format of `request.json`, and the copies of artifacts. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence  # noqa: TC003 - pydantic reads the annotations
from datetime import datetime  # noqa: TC003 - pydantic reads the annotations
from typing import Final, Literal

from pydantic import ValidationError

from deployer.aws.s3_objects import Artifact
from deployer.errors import InvalidRequestError
from deployer.json_document import Document
from deployer.planning.state_data import StateData

FORMAT: Final = 1
"""Format of `request.json` that this version of the deployer reads and writes."""


class StoredData(StateData):
    """A reference of a model to data in S3, with the version of the data."""

    path: str
    """Where the URI stands in the request."""
    uri: str
    """The URI that the model names: that of the stored copy, if there is one."""
    version: str
    """Version id or quoted ETag of an object, digest of a folder's listing; empty if the data only have to exist."""
    size: int = 0
    """Bytes."""
    copied_from: str = ""
    """The URI that the request named, if `uri` is a stored copy: its source, or the copy. It had the version."""


class Copy(StateData):
    """One object, or one folder, to copy into the store; a folder's key and target end in a slash."""

    bucket: str
    key: str
    version: str
    """Version id or quoted ETag of an object, digest of a folder's listing."""
    size: int
    """Bytes."""
    target: str
    """The key of the copy in the artifact bucket."""

    @property
    def is_folder(self) -> bool:
        """Whether it stands for all objects of a folder."""
        return self.target.endswith("/")

    @property
    def source(self) -> Artifact:
        """The object to copy."""
        return Artifact(self.bucket, self.key, self.version, self.size)


class StoredRevision(StateData):
    """The request that a revision was made of, as `request.json` keeps it."""

    format: Literal[1] = FORMAT
    revision: str
    endpoint_name: str
    requested_at: datetime
    request_id: str
    execution: str
    """ARN of the execution that stored it."""
    request: Document
    """The complete request; it deploys the same revision again."""
    model_names: dict[str, str]
    """Names of the models in SageMaker, by their keys in the request."""
    data: Sequence[StoredData] = ()

    @classmethod
    def parse(cls, content: bytes) -> StoredRevision:
        """Read `request.json`.

        Raises:
            InvalidRequestError: The object holds something else, or a format that this version cannot read.
        """
        try:
            document = json.loads(content)
        except ValueError:
            raise InvalidRequestError("the stored request is not JSON") from None  # that error quotes the content
        if not isinstance(document, dict) or "Format" not in document:
            raise InvalidRequestError("the stored request has no Format, so this deployer did not write it")
        if document["Format"] != FORMAT:
            raise InvalidRequestError(
                f"the stored request has Format {document['Format']!r}; this version of the deployer reads {FORMAT}"
            )
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            lines = (f"{'.'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors())
            raise InvalidRequestError("\n".join(f"the stored request: {line}" for line in lines)) from None

    def to_json(self) -> bytes:
        """Write `request.json`."""
        return json.dumps(self.model_dump(mode="json", by_alias=True), ensure_ascii=False).encode()
