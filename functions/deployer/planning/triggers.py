"""Every way in becomes one checked request: uploads, approved model packages, custom events and manual input."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from deployer.aws.s3 import ARTIFACT_NAME, MANIFEST_NAME, Artifact, Artifacts, parse_uri
from deployer.errors import InvalidRequestError
from deployer.planning.revision import Sources, model_data, needs_artifact
from deployer.request.manifest import read_manifest
from deployer.request.model import DeploymentRequest, read_request
from deployer.request.service_model import Problem, reject
from deployer.request.smoke_test import BODY_BYTES

if TYPE_CHECKING:
    from deployer.request.allowances import Allowances


@dataclass(frozen=True, slots=True)
class Landing:
    """Where uploads land."""

    bucket: str
    prefix: str
    """Ends in a slash; below it lies one folder for each endpoint."""
    account: str

    def folder(self, endpoint_name: str) -> str:
        """Return an endpoint's folder, without a slash at its end."""
        return self.prefix + endpoint_name


@dataclass(frozen=True, slots=True)
class Arrival:
    """What started an execution, before anything is looked up."""

    request_id: str
    requested_at: datetime
    endpoint_name: str | None = None
    """What the folder or the package group says."""
    document: object = None
    """The request, where it came along."""
    upload: Artifact | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """A checked request, with what it needs from S3."""

    request: DeploymentRequest
    sources: Sources = field(default_factory=Sources)
    is_overwritten: bool = False
    """A newer version of the uploaded artifact has come since, and with it a newer event."""
    is_awaiting_artifact: bool = False
    """A container waits for an artifact that has not been uploaded yet."""

    @property
    def is_ready(self) -> bool:
        """Whether there is all that a deployment needs."""
        return not (self.is_overwritten or self.is_awaiting_artifact)


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    id: Annotated[str, Field(min_length=1, max_length=128)]
    account: str
    time: AwareDatetime


class _Bucket(BaseModel):
    name: str


class _Object(BaseModel):
    key: str
    etag: str = ""
    version_id: Annotated[str, Field(alias="version-id")] = ""


class _UploadDetail(BaseModel):
    bucket: _Bucket
    object: _Object


class _ObjectCreated(_Event):
    source: Literal["aws.s3"]
    detail_type: Annotated[Literal["Object Created"], Field(alias="detail-type")]
    detail: _UploadDetail


class _PackageDetail(BaseModel):
    package_arn: Annotated[str, Field(alias="ModelPackageArn")]
    group_name: Annotated[str, Field(alias="ModelPackageGroupName")]
    status: Annotated[Literal["Approved"], Field(alias="ModelApprovalStatus")]


class _PackageApproved(_Event):
    source: Literal["aws.sagemaker"]
    detail_type: Annotated[Literal["SageMaker Model Package State Change"], Field(alias="detail-type")]
    detail: _PackageDetail


class _DeploymentRequested(_Event):
    source: str
    detail_type: Annotated[Literal["Endpoint Deployment Requested"], Field(alias="detail-type")]
    detail: Any


_EVENT: TypeAdapter[_ObjectCreated | _PackageApproved | _DeploymentRequested] = TypeAdapter(
    Annotated[_ObjectCreated | _PackageApproved | _DeploymentRequested, Field(discriminator="detail_type")]
)


def arrive(document: object, execution_name: str, started_at: datetime, landing: Landing) -> Arrival:
    """Tell what the input of an execution is: an event of EventBridge, or else the request itself.

    Raises:
        InvalidRequestError: It is an event that this deployer does not know, or one from another account or bucket.
    """
    if not isinstance(document, dict) or not {"detail-type", "source", "detail"} <= document.keys():
        return Arrival(execution_name, started_at, document=document)
    try:
        event = _EVENT.validate_python(document)
    except ValidationError as error:
        problems = [
            Problem(".".join(map(str, found["loc"][1:])) or "detail-type", found["msg"]) for found in error.errors()
        ]
        raise InvalidRequestError("\n".join(map(str, problems))) from None  # that one quotes the event
    if event.account != landing.account:
        raise _rejected("account", f"the event is of account {event.account}, the deployer of {landing.account}")
    if isinstance(event, _ObjectCreated):
        return _uploaded(event, landing)
    requested_at = event.time.astimezone(UTC)
    if isinstance(event, _PackageApproved):
        package = {"Models": {"package": {"PrimaryContainer": {"ModelPackageName": event.detail.package_arn}}}}
        return Arrival(event.id, requested_at, event.detail.group_name, package)
    return Arrival(event.id, requested_at, document=event.detail)


def _uploaded(event: _ObjectCreated, landing: Landing) -> Arrival:
    bucket, uploaded = event.detail.bucket.name, event.detail.object
    if bucket != landing.bucket:
        raise _rejected("detail.bucket.name", f"{bucket} is not the artifact bucket, {landing.bucket}")
    endpoint_name, slash, _ = uploaded.key.removeprefix(landing.prefix).partition("/")
    is_ours = posixpath.basename(uploaded.key) in {ARTIFACT_NAME, MANIFEST_NAME}
    if not (uploaded.key.startswith(landing.prefix) and endpoint_name and slash and is_ours):
        raise _rejected(
            "detail.object.key",
            f"'{uploaded.key}' is neither {ARTIFACT_NAME} nor {MANIFEST_NAME} "
            f"in {landing.prefix}<EndpointName>/ or below",
        )
    upload = Artifact(bucket, uploaded.key, uploaded.version_id or uploaded.etag)
    return Arrival(event.id, event.time.astimezone(UTC), endpoint_name, upload=upload)


def receive(arrival: Arrival, artifacts: Artifacts, landing: Landing, allowances: Allowances) -> Received:
    """Read and check the request, and look up what it needs from S3.

    Raises:
        InvalidRequestError: The request is wrong, or names data that are not there.
    """
    upload = arrival.upload
    if upload is None:
        request = read_request(arrival.document, allowances=allowances, endpoint_name=arrival.endpoint_name)
        is_needed = request.is_made_of_upload
        artifact = artifacts.newest_below(landing.bucket, landing.folder(request.endpoint_name)) if is_needed else None
    elif posixpath.basename(upload.key) == MANIFEST_NAME:
        manifest = artifacts.read(upload.bucket, upload.key)
        if manifest is None:
            raise _gone(upload)
        request = read_request(read_manifest(manifest), allowances=allowances, endpoint_name=arrival.endpoint_name)
        is_needed = needs_artifact(request)
        artifact = artifacts.newest_below(landing.bucket, posixpath.dirname(upload.key)) if is_needed else None
    else:
        manifest = artifacts.nearest_manifest(upload.bucket, upload.key, landing.folder(arrival.endpoint_name or ""))
        document = {} if manifest is None else read_manifest(manifest)
        request = read_request(document, allowances=allowances, endpoint_name=arrival.endpoint_name)
        is_needed = True
        artifact = artifacts.find(upload.bucket, upload.key)
        if artifact is None:
            raise _gone(upload)
        if artifact.version != upload.version:
            return Received(request, is_overwritten=True)
    if is_needed and artifact is None:
        return Received(request, is_awaiting_artifact=True)
    if upload is not None and request.rollback:
        raise _rejected("Rollback", "is asked for by an event or an execution, not by an upload")
    versions = _versions(request, artifacts) | ({artifact.uri: artifact.version} if artifact else {})
    return Received(request, Sources(artifact, versions))


def _rejected(path: str, message: str) -> InvalidRequestError:
    return InvalidRequestError(str(Problem(path, message)))


def _gone(upload: Artifact) -> InvalidRequestError:
    return _rejected("detail.object.key", f"{upload.uri} is not there any more")


def _versions(request: DeploymentRequest, artifacts: Artifacts) -> dict[str, str]:
    """Look up the version of everything that the request itself names in S3."""
    versions: dict[str, str] = {}
    problems: list[Problem] = []
    for key, model in request.models.items():
        for data in model_data(model, f"Models.{key}"):
            if not data.uri.startswith("s3://"):
                continue
            bucket, object_key = parse_uri(data.uri)
            if data.is_prefix:
                # A folder has no version of its own.
                is_there = artifacts.find_any(bucket, object_key)
            else:
                found = artifacts.find(bucket, object_key) if object_key else None
                is_there = found is not None
                versions[data.uri] = found.version if found else ""
            if not is_there:
                problems.append(Problem(data.path, f"{data.uri} is not there"))
    if request.smoke_test and (uri := request.smoke_test.body_s3_uri):
        body = artifacts.find(*parse_uri(uri))
        if body is None:
            problems.append(Problem("SmokeTest.BodyS3Uri", f"{uri} is not there"))
        elif body.size > BODY_BYTES:
            size = f"has {body.size} bytes; an endpoint takes at most {BODY_BYTES}"
            problems.append(Problem("SmokeTest.BodyS3Uri", f"{uri} {size}"))
    reject(problems)
    return versions
