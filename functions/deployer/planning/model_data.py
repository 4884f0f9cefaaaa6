"""The model data of a request: their versions, the copies to make, and the URLs that the models are created with."""

from __future__ import annotations

import copy
import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deployer.aws.s3 import ARTIFACT_NAME
from deployer.aws.s3_objects import Artifact, parse_uri
from deployer.errors import AccessDeniedError, ArtifactMissingError, InvalidRequestError
from deployer.json_document import Document
from deployer.planning.keys import STORE_PREFIX, artifact_key
from deployer.planning.revision_store import Copy, StoredData
from deployer.request.containers import containers, has_data, is_multi_model, lacks_data, sources
from deployer.request.problem import Problem, reject

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from deployer.aws.s3 import Objects
    from deployer.aws.s3_objects import Listing
    from deployer.request.containers import Source

_ANY_VERSION = ""


@dataclass(frozen=True, slots=True)
class ResolvedData:
    """The models of a request with the data URLs that they are created with.

    Attributes:
        models: The models by key; where data are copied, they name the copies.
        data: The versions of all data that they name.
        copies: The copies to make before the models are created.
    """

    models: dict[str, Document]
    data: list[StoredData]
    copies: list[Copy]


def resolve_data(  # noqa: PLR0913 - by name
    models: Mapping[str, Document],
    *,
    endpoint_name: str,
    bucket: str,
    artifact: Artifact | None,
    objects: Objects,
    copy_artifacts: str,
) -> ResolvedData:
    """Look up all data that models name in S3, and decide what is copied.

    Args:
        models: CreateModel requests without names, by key.
        endpoint_name: The endpoint, whose part of the store the copies go to.
        bucket: The artifact bucket.
        artifact: The uploaded artifact, for containers without data.
        objects: The adapter of S3.
        copy_artifacts: `uploads` copies each `model.tar.gz` of the artifact bucket, `all` everything but the folders
            of multi-model containers, `none` nothing. What another stack or endpoint has stored is always copied.

    Raises:
        InvalidRequestError: Data are missing or cannot be read; each line names a field.
    """
    resolver = _Resolver(endpoint_name, bucket, objects, copy_artifacts)
    if artifact:
        resolver.found[artifact.uri] = artifact
    resolved: dict[str, Document] = {}
    for key, model in models.items():
        resolved[key] = copy.deepcopy(model)
        for path, container in containers(resolved[key], f"Models.{key}"):
            resolver.resolve_container(path, container, artifact)
    reject(resolver.problems)
    return ResolvedData(resolved, resolver.data, [*resolver.copies.values()])


def data_problems(data: Sequence[StoredData], objects: Objects, bucket: str) -> Iterator[Problem]:
    """Yield a problem for all data of a deployed revision that have been deleted or overwritten since."""
    for each in data:
        try:
            problem = _difference(each, objects, bucket)
        except (AccessDeniedError, InvalidRequestError) as error:
            problem = str(error)
        if problem:
            yield Problem(each.path, problem)


def objects_to_copy(planned: Copy, objects: Objects) -> Iterator[tuple[Artifact, str]]:
    """Yield the objects that a copy consists of, each with the key of its copy.

    Raises:
        ArtifactMissingError: The objects of a folder are not those that were planned with.
    """
    if not planned.is_folder:
        yield planned.source, planned.target
        return
    listing = objects.listing(planned.bucket, planned.key)
    if listing.digest != planned.version:
        uri = f"s3://{planned.bucket}/{planned.key}"
        raise ArtifactMissingError(f"{uri}: has changed since the deployment was planned; request it again")
    for each in listing.objects:
        # A folder made in the console is an object too; SageMaker refuses it (API Reference, S3ModelDataSource).
        if not each.key.endswith("/"):
            yield each, planned.target + each.key.removeprefix(planned.key)


@dataclass(slots=True)
class _Resolver:
    endpoint_name: str
    bucket: str
    objects: Objects
    copy_artifacts: str
    found: dict[str, Artifact | None] = field(default_factory=dict)
    listed: dict[str, Listing] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    data: list[StoredData] = field(default_factory=list)
    copies: dict[str, Copy] = field(default_factory=dict)

    def resolve_container(self, path: str, container: Document, artifact: Artifact | None) -> None:
        """Look up the data of one container, and replace their URLs by those of the copies."""
        if artifact and lacks_data(container):
            container["ModelDataUrl"] = artifact.uri
        if not has_data(container) and is_multi_model(container):
            self.problems.append(
                Problem(f"{path}.ModelDataUrl", "is missing; a MultiModel container needs the folder of its models")
            )
        for source in sources(container, path):
            if source.uri.startswith("s3://") and not source.is_brokered:
                try:
                    self._resolve(source)
                except (AccessDeniedError, InvalidRequestError) as error:
                    self.problems.append(Problem(source.path, str(error)))

    def _resolve(self, source: Source) -> None:
        bucket, key = parse_uri(source.uri)
        if source.is_multi_model:
            if not self.objects.find_any(bucket, key):
                raise InvalidRequestError(f"{source.uri} is not there")
            self.data.append(StoredData(path=source.path, uri=source.uri, version=_ANY_VERSION))
            return
        version, size = self._look_up(source.uri, bucket, key, is_folder=source.is_folder)
        if not self._is_copied(source, bucket, key):
            # A stored copy is never overwritten: its URL, which has the digest of what was copied, is all its content.
            copied_from = source.uri if self._is_in_store(bucket, key) else ""
            data = StoredData(path=source.path, uri=source.uri, version=version, size=size, copied_from=copied_from)
            self.data.append(data)
            return
        name = "" if source.is_folder else posixpath.basename(key)
        target = artifact_key(self.endpoint_name, source.uri, version, name)
        original, uri = source.uri, f"s3://{self.bucket}/{target}"
        source.holder[source.field] = uri
        self.data.append(StoredData(path=source.path, uri=uri, version=version, size=size, copied_from=original))
        self.copies[target] = Copy(bucket=bucket, key=key, version=version, size=size, target=target)

    def _look_up(self, uri: str, bucket: str, key: str, *, is_folder: bool) -> tuple[str, int]:
        """Return the current version and size of an object or a folder."""
        if is_folder:
            if uri not in self.listed:
                self.listed[uri] = self.objects.listing(bucket, key)
            if not self.listed[uri].objects:
                raise InvalidRequestError(f"{uri} is not there")
            return self.listed[uri].digest, self.listed[uri].size
        if uri not in self.found:
            self.found[uri] = self.objects.find(bucket, key) if key else None
        artifact = self.found[uri]
        if artifact is None:
            raise InvalidRequestError(f"{uri} is not there")
        if artifact.is_archived:
            raise InvalidRequestError(f"{uri} is in an archive; restore it first")
        return artifact.version, artifact.size

    def _is_in_store(self, bucket: str, key: str) -> bool:
        return bucket == self.bucket and key.startswith(f"{STORE_PREFIX}{self.endpoint_name}/")

    def _is_copied(self, source: Source, bucket: str, key: str) -> bool:
        if self._is_in_store(bucket, key) or source.is_bound:
            return False
        if key.startswith(STORE_PREFIX):
            return True  # it belongs to another stack, or to another endpoint, and is swept with that one's revisions
        is_upload = bucket == self.bucket and posixpath.basename(key) == ARTIFACT_NAME and not source.is_folder
        return self.copy_artifacts == "all" or (self.copy_artifacts == "uploads" and is_upload)


def _difference(data: StoredData, objects: Objects, bucket: str) -> str:
    """Describe how data differ from the deployed data; empty if they do not."""
    place, key = parse_uri(data.uri)
    is_stored = place == bucket and key.startswith(STORE_PREFIX)
    if data.version == _ANY_VERSION:
        return "" if objects.find_any(place, key) else f"{data.uri} is gone"
    if key.endswith("/"):
        listing = objects.listing(place, key)
        version, size = (listing.digest, listing.size) if listing.objects else ("", 0)
    else:
        artifact = objects.find(place, key)
        version, size = (artifact.version, artifact.size) if artifact else ("", 0)
    if not version:
        return f"{data.uri} is gone" + (f", which was copied from {data.copied_from}" if data.copied_from else "")
    if is_stored:
        # Nothing overwrites what is stored; a copy has a version and ETags of its own.
        return "" if size == data.size else f"{data.uri} has {size} bytes instead of {data.size}"
    if version == data.version:
        return ""
    return f"{data.uri} has been overwritten: it had the version {data.version}, and has {version} now"
