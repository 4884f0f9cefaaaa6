"""Builds a revision: the complete request, under names made from its content."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from deployer.endpoint_config import with_model_names
from deployer.errors import InvalidRequestError
from deployer.json_document import Document
from deployer.planning.draft_state import Content
from deployer.planning.model_data import ResolvedData, resolve_data
from deployer.planning.names import Revision, model_name
from deployer.planning.rollback_alarms import with_whole_alarms
from deployer.planning.stored_requests import find_readable
from deployer.planning.weight_record import WeightRecord
from deployer.request.containers import containers, lacks_data, with_each_container, without_empty_data
from deployer.request.fill_in import DEFAULT_VARIANT_NAME
from deployer.request.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from deployer.aws.s3 import Objects
    from deployer.aws.s3_objects import Artifact
    from deployer.planning.revision_store import Copy, StoredData, StoredRevision
    from deployer.request.model import DeploymentRequest


@dataclass(frozen=True, slots=True)
class Defaults:
    """The stack's defaults for fields that a request leaves out."""

    execution_role_arn: str
    image: str = ""
    instance_type: str = ""
    instance_count: int = 1
    rollback_alarms: Document = field(default_factory=dict)
    """The field `RollbackAlarms` of guarded updates that have none; empty for none."""


@dataclass(frozen=True, slots=True)
class Store:
    """Where model data are stored, and which.

    Attributes:
        objects: The adapter of S3.
        bucket: The artifact bucket.
        copy_artifacts: `uploads`, `all` or `none`; see the parameter CopyArtifacts.
    """

    objects: Objects
    bucket: str
    copy_artifacts: str

    def stored(self, endpoint_name: str, revision: str) -> StoredRevision | None:
        """Read the stored request of a revision; None if there is none, or none that this version can read."""
        return find_readable(self.objects, self.bucket, endpoint_name, revision)

    @property
    def weights(self) -> WeightRecord:
        """The record of the weights that endpoint configs have been given."""
        return WeightRecord(self.objects, self.bucket)


def build_revision(
    request: DeploymentRequest, requested_at: datetime, artifact: Artifact | None, defaults: Defaults, store: Store
) -> Content:
    """Complete a request, look up the versions of its model data, and name the revision.

    Args:
        request: The checked request.
        requested_at: When it was made.
        artifact: The uploaded artifact, for containers that name no model data.
        defaults: The stack's defaults.
        store: Where model data are stored.

    Raises:
        InvalidRequestError: Something is missing that the stack has no default for, or data are not there.
    """
    complete = _complete(request, defaults)
    resolved: ResolvedData = resolve_data(
        complete["Models"],
        endpoint_name=request.endpoint_name,
        bucket=store.bucket,
        artifact=artifact,
        objects=store.objects,
        copy_artifacts=store.copy_artifacts,
    )
    whole = with_whole_alarms({**complete, "Models": resolved.models}, defaults.rollback_alarms)
    return name_revision(whole, requested_at, resolved.data, resolved.copies)


def name_revision(
    request: Document,
    requested_at: datetime,
    data: Sequence[StoredData],
    copies: Sequence[Copy] = (),
    source: str = "",
) -> Content:
    """Name the revision that a complete request asks for, and its models, by their content.

    Stored data have their version in their URL; of all others the version is a part of the content. Tags are not part
    of it: they are changed in place. Scaling is a part of it where a request has any.
    """
    endpoint_name = request["EndpointName"]
    names: dict[str, str] = {}
    for key, model in request["Models"].items():
        own = [each for each in data if each.path.startswith(f"Models.{key}.") and not each.copied_from]
        content = {
            "Model": _without_tags(without_empty_data(model)),
            "Versions": {each.uri: each.version for each in own},
        }
        names[key] = model_name(endpoint_name, key, content)
    config = with_model_names(request["EndpointConfig"], names)
    scaled = {"Scaling": request["Scaling"]} if request.get("Scaling") else {}
    revision = Revision.of(endpoint_name, requested_at, {"EndpointConfig": _without_tags(config), **scaled})
    return Content(
        request=request, revision=revision.name, model_names=names, data=[*data], copies=[*copies], source=source
    )


def _without_tags(document: Document) -> Document:
    return {member: value for member, value in document.items() if member != "Tags"}


def containers_without_data(request: DeploymentRequest) -> list[str]:
    """Return the paths of the containers that get the uploaded artifact."""
    return [
        path
        for key, model in request.models.items()
        # A model without a container gets one, in the stack's default image.
        for path, container in containers(
            model if "Containers" in model else {"PrimaryContainer": {}, **model}, f"Models.{key}"
        )
        if lacks_data(container)
    ]


def _complete(request: DeploymentRequest, defaults: Defaults) -> Document:
    """Return a request with every model's image and role, and an endpoint config."""
    problems: list[Problem] = []
    document = request.document()
    document["Models"] = {
        key: _complete_model(model, f"Models.{key}", defaults, problems) for key, model in request.models.items()
    }
    if request.endpoint_config is None:
        if not defaults.instance_type:
            path = "EndpointConfig.ProductionVariants[0].InstanceType"
            problems.append(Problem(path, "is missing, and the stack has no DefaultInstanceType"))
        document["EndpointConfig"] = {"ProductionVariants": _default_variants([*request.models], defaults)}
    if problems:
        raise InvalidRequestError("\n".join(map(str, problems)))
    return document


def _complete_model(model: Document, path: str, defaults: Defaults, problems: list[Problem]) -> Document:
    complete: Document = {"ExecutionRoleArn": defaults.execution_role_arn, **model}
    if "Containers" not in complete:
        complete = {"PrimaryContainer": {}, **complete}
    if not defaults.image:
        problems += [
            Problem(f"{where}.Image", "is missing, and the stack has no DefaultImage")
            for where, container in containers(complete, path)
            if not _has_image(container)
        ]

    def with_image(container: Mapping[str, Any]) -> Document:
        return dict(container) if _has_image(container) else {**container, "Image": defaults.image}

    return with_each_container(complete, with_image)


def _has_image(container: Mapping[str, Any]) -> bool:
    return bool(container.keys() & {"Image", "ModelPackageName"})


def _default_variants(keys: Sequence[str], defaults: Defaults) -> list[Document]:
    return [
        {
            "VariantName": DEFAULT_VARIANT_NAME if len(keys) == 1 else key,
            "ModelName": key,
            "InstanceType": defaults.instance_type,
            "InitialInstanceCount": defaults.instance_count,
            "InitialVariantWeight": 1,
        }
        for key in keys
    ]
