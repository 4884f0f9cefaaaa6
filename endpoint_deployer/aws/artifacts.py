"""The artifacts of endpoints in the artifact bucket: those that commands upload, and those that are there."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from endpoint_deployer.aws.revisions import Endpoints
from endpoint_deployer.errors import CommandError

if TYPE_CHECKING:
    from pathlib import Path

    from endpoint_deployer.aws.stack import Stack

_FOLDER = "deployments/"
"""Where `deploy` uploads artifacts: a folder of the artifact bucket in which an upload starts nothing by itself."""
_DIGITS = 16
"""Digits of the digest that names an artifact: the same bytes are the same object, and so the same revision."""


@dataclass(frozen=True)
class LocalArtifact:
    """A file, and the place in the artifact bucket that its content names.

    Attributes:
        file: The file.
        key: The key of the object.
        uri: Its URI.
        is_uploaded: Whether it is there already.
    """

    file: Path
    key: str
    uri: str
    is_uploaded: bool

    @property
    def size(self) -> int:
        """Bytes."""
        return self.file.stat().st_size


class Artifacts:
    """The artifacts of one endpoint.

    Args:
        stack: The stack.
        endpoint: The endpoint's name.
    """

    def __init__(self, stack: Stack, endpoint: str) -> None:
        self._stack = stack
        self._endpoint = endpoint
        self._s3 = stack.client("s3")

    def of_file(self, file: Path) -> LocalArtifact:
        """Look for the object that has the content of a file.

        Raises:
            CommandError: There is no such file, or an upload would start a deployment by itself.
        """
        if not file.is_file():
            raise CommandError(f"{file}: there is no such file")
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        key = f"{_FOLDER}{self._endpoint}/{digest[:_DIGITS]}/model.tar.gz"
        if key.startswith(self._stack.prefix):
            raise CommandError(f"The stack's ArtifactPrefix, {self._stack.prefix}, holds {_FOLDER}: upload it yourself")
        found = self._s3.list_objects_v2(Bucket=self._stack.bucket, Prefix=key, MaxKeys=1).get("Contents")
        return LocalArtifact(file, key, f"s3://{self._stack.bucket}/{key}", bool(found))

    def upload(self, artifact: LocalArtifact) -> None:
        """Upload an artifact."""
        self._s3.upload_file(str(artifact.file), self._stack.bucket, artifact.key)

    def known(self) -> str | None:
        """Return the URI of the artifact that is live, or else of the newest upload; None without any."""
        endpoints = Endpoints(self._stack)
        folders = (f"{self._stack.prefix}{self._endpoint}/", f"{_FOLDER}{self._endpoint}/")
        return endpoints.live_artifact(self._endpoint) or endpoints.newest_artifact(*folders)
