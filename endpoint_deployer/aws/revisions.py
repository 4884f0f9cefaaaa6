"""The revisions of an endpoint: what is stored of them, which have been deployed, and which one is live."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from endpoint_deployer.aws.stack import STATE_TAG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from endpoint_deployer.aws.stack import Stack
    from endpoint_deployer.json_document import Document

_STORE = "revisions/"
_REVISION = re.compile(r".+-(?P<requested_at>\d{8}T\d{6})-(?P<digest>[0-9a-f]{12})")
_MISSING = {"NoSuchKey", "404", "NoSuchBucket"}


@dataclass(frozen=True)
class Revision:
    """One revision of an endpoint.

    Attributes:
        name: Its name, that of its endpoint config.
        stored: What the store keeps of its request; empty if the request is not stored.
        state: `deployed` or `pending`; empty if the endpoint config is gone.
        is_live: Whether the endpoint serves it.
    """

    name: str
    stored: Document
    state: str
    is_live: bool

    @property
    def requested_at(self) -> datetime:
        """When it was requested, to the second."""
        match = _REVISION.fullmatch(self.name)
        moment = match["requested_at"] if match else "19700101T000000"
        return datetime.strptime(moment, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)

    @property
    def execution(self) -> str:
        """The ARN of the execution that stored it; empty if that is not known."""
        return str(self.stored.get("Execution", ""))

    @property
    def can_be_rolled_back_to(self) -> bool:
        """Whether a rollback may name it."""
        return self.state == "deployed" and bool(self.stored) and not self.is_live


class Endpoints:
    """The endpoints that a stack has deployed, and their revisions.

    Args:
        stack: The stack.
    """

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._sagemaker = stack.client("sagemaker")
        self._s3 = stack.client("s3")

    def names(self) -> list[str]:
        """Return the names of the endpoints of which something is stored."""
        return [*self._folders(_STORE)]

    def find(self, name: str) -> Document | None:
        """Describe an endpoint; None if there is none."""
        return self._describe("describe_endpoint", EndpointName=name)

    def live(self, name: str) -> str:
        """Return the revision that an endpoint serves; empty if there is no endpoint."""
        endpoint = self.find(name)
        return self.served(endpoint) if endpoint else ""

    def served(self, endpoint: Document) -> str:
        """Return the revision that a described endpoint serves: its endpoint config, or one whose weights that has.

        The store has a record of the revisions whose weights an endpoint config was given; the last one counts.
        """
        config = str(endpoint.get("EndpointConfigName", ""))
        keys = [each["Key"] for each in self._objects(f"{_STORE}{endpoint['EndpointName']}/{config}/weights/")]
        return str(self.read(keys[-1])["Revision"]) if keys else config

    def find_config(self, name: str) -> Document | None:
        """Describe an endpoint config; None if there is none."""
        return self._describe("describe_endpoint_config", EndpointConfigName=name)

    def tags_of(self, arn: str) -> dict[str, str]:
        """Return the tags of a resource."""
        pages = self._sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
        return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}

    def tags_of_config(self, name: str) -> dict[str, str]:
        """Return the tags of an endpoint config; none if it is gone."""
        config = self.find_config(name) if name else None
        return self.tags_of(config["EndpointConfigArn"]) if config else {}

    def revisions(self, endpoint: str) -> Iterator[Revision]:
        """Yield the stored revisions of an endpoint, the newest first."""
        names = [name for name in self._folders(f"{_STORE}{endpoint}/") if _REVISION.fullmatch(name)]
        live = self.live(endpoint)
        for name in sorted(names, key=lambda each: each[-28:], reverse=True):
            yield self.revision(endpoint, name, live)

    def revision(self, endpoint: str, name: str, live: str | None = None) -> Revision:
        """Return one revision of an endpoint."""
        state = self.tags_of_config(name).get(STATE_TAG, "")
        is_live = name == (self.live(endpoint) if live is None else live)
        return Revision(name, self.read(f"{_STORE}{endpoint}/{name}/request.json"), state, is_live)

    def read(self, key: str) -> Document:
        """Read a JSON document of the artifact bucket; empty if there is none."""
        text = self.read_text(key)
        document: Any = json.loads(text) if text is not None else None
        return document if isinstance(document, dict) else {}

    def read_text(self, key: str) -> bytes | None:
        """Read an object of the artifact bucket; None if there is none."""
        try:
            answer = self._s3.get_object(Bucket=self._stack.bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return None
            raise
        body: bytes = answer["Body"].read()
        return body

    def live_artifact(self, endpoint: str) -> str | None:
        """Return the URI of the live revision's only artifact, mostly a stored copy; None without one."""
        live = self.live(endpoint)
        data = self.revision(endpoint, live, live).stored.get("Data") or [] if live else []
        artifacts = {each["Uri"] for each in data if each["Uri"].endswith("/model.tar.gz")}
        return artifacts.pop() if len(artifacts) == 1 else None

    def newest_artifact(self, *folders: str) -> str | None:
        """Return the URI of the newest `model.tar.gz` below some folders of the artifact bucket; None without any."""
        found = [
            (each["LastModified"], each["Key"])
            for folder in folders
            for each in self._objects(folder)
            if each["Key"].endswith("/model.tar.gz")
        ]
        return f"s3://{self._stack.bucket}/{max(found)[1]}" if found else None

    def _objects(self, prefix: str) -> Iterator[Document]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._stack.bucket, Prefix=prefix)
        yield from (each for page in pages for each in page.get("Contents", []))

    def _folders(self, prefix: str) -> Iterator[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._stack.bucket, Prefix=prefix, Delimiter="/"
        )
        for page in pages:
            for each in page.get("CommonPrefixes", []):
                yield each["Prefix"].removeprefix(prefix).rstrip("/")

    def _describe(self, method: str, **names: str) -> Document | None:
        call = functools.partial(getattr(self._sagemaker, method), **names)
        try:
            described: Document = call()
        except ClientError as error:
            if error.response["Error"].get("Message", "").startswith("Could not find"):
                return None
            raise
        return described
