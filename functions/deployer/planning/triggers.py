"""Parses triggers: uploads, approved packages, events of applications and of other stacks, and inputs of people."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from deployer.aws.event_bus import DEPLOYMENT_ENDED
from deployer.aws.s3 import ARTIFACT_NAME, MANIFEST_NAME, MANIFEST_NAMES
from deployer.aws.s3_objects import Artifact, version_of
from deployer.errors import InvalidRequestError
from deployer.planning.keys import STORE_PREFIX
from deployer.request.problem import Problem, shown

if TYPE_CHECKING:
    from collections.abc import Collection

REQUESTED = "Endpoint Deployment Requested"
"""The `detail-type` of the event with which an application requests a deployment."""

_CLOCK_SKEW = timedelta(minutes=5)
"""How far the clock of an event's sender may be ahead; applications choose the time of theirs (PutEvents, `Time`)."""

_OTHER_ARCHIVES = frozenset({"model.zip", "model.tgz", "model.tar"})  # the rule for uploads knows them, too


@dataclass(frozen=True, slots=True)
class UploadLocation:
    """Where uploads are expected; the prefix ends in a slash, and below it is one folder for each endpoint."""

    bucket: str
    prefix: str
    account: str

    def folder(self, endpoint_name: str) -> str:
        """Return an endpoint's folder, without a slash at its end."""
        return self.prefix + endpoint_name


@dataclass(frozen=True, slots=True)
class AllowedEvents:
    """The sources whose events a stack accepts."""

    package_groups: Collection[str] = ("*",)
    """Patterns (with `*`) of the model package groups whose packages are deployed."""
    promoting_account: str = ""
    """The account whose stack promotes what it has deployed to this one; empty for none."""


_ANY_PACKAGE = AllowedEvents()


@dataclass(frozen=True, slots=True)
class Trigger:
    """The trigger of an execution, before anything is looked up."""

    request_id: str
    requested_at: datetime
    endpoint_name: str | None = None
    """The endpoint's name, from the folder or the package group."""
    document: object = None
    """The request, if the trigger holds it."""
    upload: Artifact | None = None
    promoted: str = ""
    """The URI of the stored request that another stack has deployed, and that is deployed here, too."""


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
    status: Annotated[Literal["Completed"], Field(alias="ModelPackageStatus")]
    approval: Annotated[Literal["Approved"], Field(alias="ModelApprovalStatus")]
    updated_fields: Annotated[tuple[str, ...], Field(alias="UpdatedModelPackageFields")] = ()


class _PackageApproved(_Event):
    source: Literal["aws.sagemaker"]
    detail_type: Annotated[Literal["SageMaker Model Package State Change"], Field(alias="detail-type")]
    detail: _PackageDetail


class _EndedDetail(BaseModel):
    outcome: Annotated[Literal["Deployed"], Field(alias="Outcome")]
    endpoint_name: Annotated[str, Field(alias="EndpointName")]
    stored_request: Annotated[
        str, Field(alias="StoredRequest", pattern=rf"^s3://[^/]+/{STORE_PREFIX}.+/request\.json$")
    ]


class _DeploymentEnded(_Event):
    source: Literal["endpoint-deployer"]
    detail_type: Annotated[Literal["Endpoint Deployment Ended"], Field(alias="detail-type")]
    detail: _EndedDetail


class _DeploymentRequested(_Event):
    source: str
    detail_type: Annotated[Literal["Endpoint Deployment Requested"], Field(alias="detail-type")]
    detail: Any


_KnownEvent = _ObjectCreated | _PackageApproved | _DeploymentRequested | _DeploymentEnded
_EVENT: TypeAdapter[_KnownEvent] = TypeAdapter(Annotated[_KnownEvent, Field(discriminator="detail_type")])
_DETAIL_TYPES = ("Object Created", "SageMaker Model Package State Change", REQUESTED, DEPLOYMENT_ENDED)


def parse_trigger(
    document: object,
    execution_name: str,
    started_at: datetime,
    location: UploadLocation,
    allowed: AllowedEvents = _ANY_PACKAGE,
) -> Trigger:
    """Read the input of an execution: an event of EventBridge, or else the request itself.

    Args:
        document: The input.
        execution_name: The execution's name.
        started_at: When it started.
        location: Where uploads are expected.
        allowed: The sources whose events are accepted.

    Raises:
        InvalidRequestError: The event is of an unknown type, from another source, or from the future.
    """
    if not isinstance(document, dict) or not {"detail-type", "source", "detail"} <= document.keys():
        return Trigger(execution_name, started_at, document=document)
    if document["detail-type"] not in _DETAIL_TYPES:
        asked_for = shown(document["detail-type"])
        raise _rejected("detail-type", f"must be '{REQUESTED}' for a request of an application, and is {asked_for}")
    try:
        event = _EVENT.validate_python(document)
    except ValidationError as error:
        raise _malformed(error) from None  # that one quotes the event
    if event.time > started_at + _CLOCK_SKEW:
        raise _rejected("time", f"{event.time.isoformat()} is in the future; no request before then could replace it")
    if isinstance(event, _DeploymentEnded):
        return _parse_promotion(event, allowed.promoting_account)
    return _parse_own_event(event, location, allowed.package_groups)


def _parse_own_event(event: _KnownEvent, location: UploadLocation, groups: Collection[str]) -> Trigger:
    """Read an event of the stack's own account."""
    if event.account != location.account:
        raise _rejected("account", f"the event is from account {event.account}; the deployer is in {location.account}")
    if isinstance(event, _ObjectCreated):
        return _parse_upload(event, location)
    requested_at = event.time.astimezone(UTC)
    if isinstance(event, _PackageApproved):
        _check_approval(event.detail, groups)
        package = {"Models": {"package": {"PrimaryContainer": {"ModelPackageName": event.detail.package_arn}}}}
        return Trigger(event.id, requested_at, event.detail.group_name, package)
    return Trigger(event.id, requested_at, document=event.detail)


def _parse_promotion(event: _DeploymentEnded, promoting_account: str) -> Trigger:
    """Read the event of another stack's deployment. EventBridge sets the account, which no caller can choose."""
    if event.account != promoting_account:
        raise _rejected("account", f"{event.account} may not promote to this stack; see its parameter PromoteFrom")
    at, detail = event.time.astimezone(UTC), event.detail
    return Trigger(event.id, at, detail.endpoint_name, promoted=detail.stored_request)


def _malformed(error: ValidationError) -> InvalidRequestError:
    problems = [Problem(".".join(map(str, each["loc"][1:])) or "detail-type", each["msg"]) for each in error.errors()]
    return InvalidRequestError("\n".join(map(str, problems)))


def _check_approval(detail: _PackageDetail, package_groups: Collection[str]) -> None:
    """Check that an event says that a package of an allowed group has just been approved.

    SageMaker sends the status `Approved` again when other fields of an approved package change, such as its metadata or
    the stage of its life-cycle, and names these in `UpdatedModelPackageFields` (aws/CICD-for-SageMakerUnifiedStudio,
    README, "Deploy trigger behavior").
    """
    if detail.updated_fields and "ModelApprovalStatus" not in detail.updated_fields:
        raise _rejected(
            "detail.UpdatedModelPackageFields",
            f"names {', '.join(detail.updated_fields)}; only a change of ModelApprovalStatus is deployed",
        )
    if not any(fnmatchcase(detail.group_name, pattern) for pattern in package_groups):
        raise _rejected(
            "detail.ModelPackageGroupName",
            f"{detail.group_name} is not a group that this stack deploys; see its parameter ModelPackageGroups",
        )


def _parse_upload(event: _ObjectCreated, location: UploadLocation) -> Trigger:
    bucket, uploaded = event.detail.bucket.name, event.detail.object
    if bucket != location.bucket:
        raise _rejected("detail.bucket.name", f"{bucket} is not the artifact bucket, {location.bucket}")
    if uploaded.key.startswith(STORE_PREFIX):
        raise _rejected("detail.object.key", f"'{uploaded.key}' is in the deployer's own store, {STORE_PREFIX}")
    if advice := _upload_advice(uploaded.key, location.prefix):
        raise _rejected("detail.object.key", f"'{uploaded.key}' {advice}")
    endpoint_name = uploaded.key.removeprefix(location.prefix).partition("/")[0]
    upload = Artifact(bucket, uploaded.key, version_of(uploaded.version_id, uploaded.etag))
    return Trigger(event.id, event.time.astimezone(UTC), endpoint_name, upload=upload)


def _upload_advice(key: str, prefix: str) -> str:
    """Explain why an uploaded object starts no deployment, and what would; empty if it starts one."""
    name, folder = posixpath.basename(key), f"{prefix}<EndpointName>/"
    expected = next((each for each in (ARTIFACT_NAME, *MANIFEST_NAMES) if each == name.lower()), "")
    if not key.startswith(prefix) or not (expected or name.lower() in _OTHER_ARCHIVES):
        return f"is neither {ARTIFACT_NAME} nor {MANIFEST_NAME} in {folder} or below"
    endpoint_name, slash, _ = key.removeprefix(prefix).partition("/")
    if not (endpoint_name and slash):
        return f"is not in the folder of an endpoint; upload it as {folder}{expected or ARTIFACT_NAME}"
    if not expected:
        return f"is not a {ARTIFACT_NAME}; pack the model's files with tar -czf {ARTIFACT_NAME} and upload that"
    return "" if name == expected else f"is written in another case; upload it as {expected}"


def _rejected(path: str, message: str) -> InvalidRequestError:
    return InvalidRequestError(str(Problem(path, message)))
