"""Turns a trigger into a checked request, with the artifact that it deploys."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from deployer.aws.s3 import MANIFEST_NAMES, Objects
from deployer.aws.s3_objects import Artifact, parse_uri
from deployer.errors import AccessDeniedError, InvalidRequestError
from deployer.planning.promotion import promoted_request
from deployer.planning.revision import containers_without_data
from deployer.request.manifest import read_manifest
from deployer.request.model import DeploymentRequest, parse_request, request_problems
from deployer.request.problem import Problem
from deployer.request.smoke_test import BODY_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deployer.planning.triggers import Trigger, UploadLocation
    from deployer.request.allowances import Allowances
    from deployer.request.smoke_test import SmokeTest


class Readiness(Enum):
    """Whether a request can be deployed now."""

    READY = auto()
    OVERWRITTEN = auto()
    """There is a newer version of the uploaded artifact, which has an event of its own."""
    AWAITING_ARTIFACT = auto()
    """A container waits for an artifact that has not been uploaded yet."""


@dataclass(frozen=True, slots=True)
class ResolvedRequest:
    """A request, each field of which is right by itself, with the artifact that it deploys, if it deploys any.

    Attributes:
        request: The request.
        artifact: The artifact.
        readiness: Whether it can be deployed now.
        problems: The problems between its fields.
        searched: Where no artifact was found, if it waits for one: the URI of the folder.
    """

    request: DeploymentRequest
    artifact: Artifact | None = None
    readiness: Readiness = Readiness.READY
    problems: tuple[Problem, ...] = ()
    searched: str = ""


def resolve_request(
    trigger: Trigger, objects: Objects, location: UploadLocation, allowances: Allowances
) -> ResolvedRequest:
    """Read and check the request, and find the artifact that it deploys.

    Raises:
        InvalidRequestError: A field of the request is wrong by itself, or the uploaded object is gone.
    """
    document = _document(trigger, objects, location, allowances)
    request = parse_request(document, endpoint_name=trigger.endpoint_name, open_enums=allowances.open_enums)
    problems = tuple(_problems(trigger, request, allowances))
    is_upload_of_artifact = trigger.upload is not None and not _is_manifest(trigger.upload)
    artifact = _find_artifact(trigger, request, objects, location)
    if artifact and is_upload_of_artifact and trigger.upload and artifact.version != trigger.upload.version:
        return ResolvedRequest(request, artifact, Readiness.OVERWRITTEN, problems)
    if artifact is None and _waits_for_artifact(trigger, request):
        searched = f"s3://{location.bucket}/{_searched_folder(trigger, request, location)}/"
        return ResolvedRequest(request, None, Readiness.AWAITING_ARTIFACT, problems, searched)
    return ResolvedRequest(request, artifact, Readiness.READY, problems)


def _problems(trigger: Trigger, request: DeploymentRequest, allowances: Allowances) -> Iterator[Problem]:
    yield from request_problems(request, allowances)
    if trigger.upload is not None and request.rollback:
        yield Problem("Rollback", "is asked for by an event or an execution, not by an upload")
    if _waits_for_artifact(trigger, request):
        yield from _ambiguous_containers(request)


def _document(trigger: Trigger, objects: Objects, location: UploadLocation, allowances: Allowances) -> object:
    """Return the request: from the trigger, a manifest in S3, or another stack's store."""
    if trigger.promoted:
        return promoted_request(trigger.promoted, objects, allowances, location.bucket)
    upload = trigger.upload
    if upload is None:
        return trigger.document
    if _is_manifest(upload):
        objects.manifest_in(upload.bucket, posixpath.dirname(upload.key))
        key: str | None = upload.key
    else:
        key = objects.nearest_manifest(upload.bucket, upload.key, location.folder(trigger.endpoint_name or ""))
    if key is None:
        return {}
    manifest = objects.read(upload.bucket, key)
    if manifest is None:
        raise _gone(upload)
    return read_manifest(manifest, posixpath.basename(key))


def _find_artifact(
    trigger: Trigger, request: DeploymentRequest, objects: Objects, location: UploadLocation
) -> Artifact | None:
    upload = trigger.upload
    if upload is not None and not _is_manifest(upload):
        artifact = objects.find(upload.bucket, upload.key)
        if artifact is None:
            raise _gone(upload)
        return artifact
    if not _waits_for_artifact(trigger, request):
        return None
    return objects.newest_below(location.bucket, _searched_folder(trigger, request, location))


def _searched_folder(trigger: Trigger, request: DeploymentRequest, location: UploadLocation) -> str:
    """Return the folder, without a slash at its end, whose newest artifact a request deploys."""
    return posixpath.dirname(trigger.upload.key) if trigger.upload else location.folder(request.endpoint_name)


def _waits_for_artifact(trigger: Trigger, request: DeploymentRequest) -> bool:
    """Return whether a request deploys the newest artifact of its folder, although none came with its trigger."""
    return request.is_made_of_upload if trigger.upload is None else bool(containers_without_data(request))


def _ambiguous_containers(request: DeploymentRequest) -> Iterator[Problem]:
    """Yield the containers of one model that would all get the upload; at most one may."""
    paths = containers_without_data(request)
    for key in request.models:
        those = [path for path in paths if path.startswith(f"Models.{key}.")]
        if len(those) > 1:
            for path in those:
                yield Problem(
                    f"{path}.ModelDataUrl",
                    f"is missing in {len(those)} containers of the model, and the upload is for one of them; write "
                    "ModelDataUrl: null for each container that has no model data",
                )


def _is_manifest(upload: Artifact) -> bool:
    return posixpath.basename(upload.key) in MANIFEST_NAMES


def check_smoke_test_body(test: SmokeTest | None, objects: Objects) -> None:
    """Check that the body of a smoke test is there, if it is in S3.

    Raises:
        InvalidRequestError: It is not there, cannot be read, or is larger than an endpoint takes.
    """
    if test is None or test.body_s3_uri is None:
        return
    uri = test.body_s3_uri
    try:
        body = objects.find(*parse_uri(uri))
    except AccessDeniedError as error:
        raise _rejected("SmokeTest.BodyS3Uri", str(error)) from error
    if body is None:
        raise _rejected("SmokeTest.BodyS3Uri", f"{uri} is not there")
    if body.size > BODY_BYTES:
        size = f"has {body.size} bytes; an endpoint takes at most {BODY_BYTES}"
        raise _rejected("SmokeTest.BodyS3Uri", f"{uri} {size}")


def _rejected(path: str, message: str) -> InvalidRequestError:
    return InvalidRequestError(str(Problem(path, message)))


def _gone(upload: Artifact) -> InvalidRequestError:
    return _rejected("detail.object.key", f"{upload.uri} is not there any more")
