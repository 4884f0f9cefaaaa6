"""What a revision is made of: a checked request turned into the SageMaker requests that fulfil it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deployer.errors import InvalidRequestError
from deployer.planning.names import Revision, model_name
from deployer.request.model import DEFAULT_VARIANT_NAME, DeploymentRequest, Document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from deployer.aws.s3 import Artifact

EXECUTION_TAG = "endpoint-deployer:execution"
"""Tag that names the execution which created a resource: its own effect, even if the answer was lost on its way."""

REVISION_TAG = "endpoint-deployer:revision"
"""Tag that names the newest revision which relies on a resource: it is that revision's to undo."""

STACK_TAG = "endpoint-deployer:stack"
"""Tag that names the stack which created a resource: the functions' policies let nothing else be deleted."""

UNPROVEN_TAG = "endpoint-deployer:unproven"
"""Tag of an endpoint config whose smoke test has yet to pass."""

_NO_IMAGE = "is missing, and the stack has no DefaultImage"
_NO_INSTANCE_TYPE = "is missing, and the stack has no DefaultInstanceType"


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the stack fills in where a request leaves it out."""

    execution_role_arn: str
    image: str = ""
    instance_type: str = ""
    instance_count: int = 1


@dataclass(frozen=True, slots=True)
class Sources:
    """What a request's models are made of, as it lies in S3."""

    artifact: Artifact | None = None
    """The uploaded artifact, for containers that name no model data."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """The version of each object that the models use, by URI: overwritten data make another model."""


@dataclass(frozen=True, slots=True)
class Content:
    """All that a revision is made of, under names that its content gives it."""

    revision: Revision
    models: list[Document]
    """CreateModel requests."""
    endpoint_config: Document
    """A CreateEndpointConfig request."""
    tags: list[Document]
    """The endpoint's tags, as the API has them."""


@dataclass(frozen=True, slots=True)
class ModelData:
    """One place in a request that names data in S3."""

    path: str
    uri: str
    is_prefix: bool


def compose(
    request: DeploymentRequest, requested_at: datetime, defaults: Defaults, sources: Sources, tags: Mapping[str, str]
) -> Content:
    """Turn a request into the SageMaker requests that fulfil it.

    Args:
        request: The checked request.
        requested_at: When it was made.
        defaults: What the stack fills in.
        sources: The artifact and the versions of all model data.
        tags: Tags for everything that is created, beside the request's own. They are no part of the content.

    Raises:
        InvalidRequestError: Something is missing that the stack has no default for.
    """
    names: dict[str, str] = {}
    models: list[Document] = []
    for key, model in request.models.items():
        content = _complete_model(model, f"Models.{key}", defaults, sources.artifact)
        used = {data.uri: sources.versions.get(data.uri, "") for data in model_data(content, "")}
        names[key] = model_name(request.endpoint_name, key, {"Model": content, "Versions": used})
        models.append({"ModelName": names[key], **content})
    config = _endpoint_config(request, defaults, names)
    revision = Revision.of(request.endpoint_name, requested_at, {"EndpointConfig": config, "Tags": request.tags})
    all_tags = {**request.tags, **tags, REVISION_TAG: revision.name}
    return Content(
        revision,
        [_tagged(model, all_tags) for model in models],
        _tagged({"EndpointConfigName": revision.name, **config}, all_tags),
        tag_list(all_tags),
    )


def needs_artifact(request: DeploymentRequest) -> bool:
    """Tell whether any container waits for the uploaded artifact."""
    return any(_lacks_data(container) for model in request.models.values() for _, container in _containers(model, ""))


def model_data(model: Document, path: str) -> Iterator[ModelData]:
    """Yield every place where a model names data in S3."""
    for container_path, container in _containers(model, path):
        if "ModelDataUrl" in container:
            # For several models in one container the URL is the folder that they lie in.
            is_prefix = container.get("Mode") == "MultiModel" or container["ModelDataUrl"].endswith("/")
            yield ModelData(f"{container_path}.ModelDataUrl", container["ModelDataUrl"], is_prefix)
        sources = [("ModelDataSource", container.get("ModelDataSource", {}))]
        additional = container.get("AdditionalModelDataSources", [])
        sources += [(f"AdditionalModelDataSources[{index}]", source) for index, source in enumerate(additional)]
        for name, source in sources:
            if data := source.get("S3DataSource"):
                yield ModelData(
                    f"{container_path}.{name}.S3DataSource.S3Uri", data["S3Uri"], data.get("S3DataType") == "S3Prefix"
                )


def existing_models(request: DeploymentRequest) -> Iterator[tuple[str, str]]:
    """Yield the path and the name of every model that a request expects to exist in SageMaker."""
    for kind in ("ProductionVariants", "ShadowProductionVariants"):
        for index, variant in enumerate((request.endpoint_config or {}).get(kind, [])):
            path = f"EndpointConfig.{kind}[{index}]"
            named = [(f"{path}.ModelName", variant.get("ModelName"))]
            for number, pool in enumerate(variant.get("InstancePools", [])):
                named.append((f"{path}.InstancePools[{number}].ModelNameOverride", pool.get("ModelNameOverride")))
            yield from ((where, name) for where, name in named if name is not None and name not in request.models)


def tag_list(tags: Mapping[str, str]) -> list[Document]:
    """Write tags as SageMaker's API does."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _tagged(document: Document, tags: Mapping[str, str]) -> Document:
    """Add tags to a request; a tag that the request gives this resource itself is the more specific one."""
    own = {tag["Key"]: tag["Value"] for tag in document.get("Tags", [])}
    return {**document, "Tags": tag_list({**tags, **own})}


def _containers(model: Document, path: str) -> Iterator[tuple[str, Document]]:
    if "PrimaryContainer" in model:
        yield f"{path}.PrimaryContainer", model["PrimaryContainer"]
    for index, container in enumerate(model.get("Containers", [])):
        yield f"{path}.Containers[{index}]", container


def _lacks_data(container: Document) -> bool:
    return not container.keys() & {"ModelDataUrl", "ModelDataSource", "ModelPackageName"}


def _complete_model(model: Document, path: str, defaults: Defaults, artifact: Artifact | None) -> Document:
    complete = {"ExecutionRoleArn": defaults.execution_role_arn, **model}
    if "Containers" in model:
        complete["Containers"] = [
            _complete_container(container, f"{path}.Containers[{index}]", defaults, artifact)
            for index, container in enumerate(model["Containers"])
        ]
    if "PrimaryContainer" in model or "Containers" not in model:
        container = model.get("PrimaryContainer", {})
        complete["PrimaryContainer"] = _complete_container(container, f"{path}.PrimaryContainer", defaults, artifact)
    return complete


def _complete_container(container: Document, path: str, defaults: Defaults, artifact: Artifact | None) -> Document:
    complete = dict(container)
    if artifact and _lacks_data(container):
        complete["ModelDataUrl"] = artifact.uri
    if not container.keys() & {"Image", "ModelPackageName"}:
        if not defaults.image:
            raise InvalidRequestError(f"{path}.Image: {_NO_IMAGE}")
        complete["Image"] = defaults.image
    return complete


def _endpoint_config(request: DeploymentRequest, defaults: Defaults, names: Mapping[str, str]) -> Document:
    if request.endpoint_config is None:
        if not defaults.instance_type:
            raise InvalidRequestError(f"EndpointConfig.ProductionVariants[0].InstanceType: {_NO_INSTANCE_TYPE}")
        return {"ProductionVariants": [_default_variant(key, name, names, defaults) for key, name in names.items()]}
    config = dict(request.endpoint_config)
    for kind in config.keys() & {"ProductionVariants", "ShadowProductionVariants"}:
        config[kind] = [_named_variant(variant, names) for variant in config[kind]]
    return config


def _default_variant(key: str, name: str, names: Mapping[str, str], defaults: Defaults) -> Document:
    return {
        "VariantName": DEFAULT_VARIANT_NAME if len(names) == 1 else key,
        "ModelName": name,
        "InstanceType": defaults.instance_type,
        "InitialInstanceCount": defaults.instance_count,
        "InitialVariantWeight": 1,
    }


def _named_variant(variant: Document, names: Mapping[str, str]) -> Document:
    named = dict(variant)
    if "ModelName" in variant:
        named["ModelName"] = names.get(variant["ModelName"], variant["ModelName"])
    if "InstancePools" in variant:
        named["InstancePools"] = [_named_pool(pool, names) for pool in variant["InstancePools"]]
    return named


def _named_pool(pool: Document, names: Mapping[str, str]) -> Document:
    model = pool.get("ModelNameOverride")
    return pool if model is None else {**pool, "ModelNameOverride": names.get(model, model)}
