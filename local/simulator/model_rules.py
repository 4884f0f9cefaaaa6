"""Rules of CreateModel beyond the service model.

Sources: API Reference, CreateModel, ContainerDefinition and S3ModelDataSource; Developer Guide, "Multi-container
endpoints". Messages without a source of their own are the simulator's.
"""

from __future__ import annotations

from local.json_document import Document
from local.simulator.errors import invalid
from local.simulator.variants import containers

_MARKETPLACE_ACCOUNT = "865070037744"
_ACCOUNT = 4


def is_marketplace(model: Document) -> bool:
    """Return whether a model has a package of AWS Marketplace.

    Source: ARNs of packages that sellers have published.

    In us-east-1 these belong to one account, as sellers publish the ARNs of their packages; those of other regions are
    not known here.
    """
    return any(
        [*each.get("ModelPackageName", "").split(":"), *[""] * _ACCOUNT][_ACCOUNT] == _MARKETPLACE_ACCOUNT
        for each in containers(model)
    )


def is_multi_model(model: Document) -> bool:
    """Return whether a model has a multi-model container. Source: API Reference, ContainerDefinition (Mode)."""
    return any(container.get("Mode") == "MultiModel" for container in containers(model))


def check_model(request: Document) -> None:
    """Raise what SageMaker answers to a model whose fields contradict each other.

    Source: API Reference, CreateModel; public logs.
    """
    if "PrimaryContainer" in request and "Containers" in request:
        raise invalid("Specify either PrimaryContainer or Containers, not both.")
    for container in containers(request):
        _check_container(container)
    if is_marketplace(request) and any(container.get("Environment") for container in containers(request)):
        # Seen in a public log.
        raise invalid(
            "Environment variable map cannot be specified when using a ModelPackage subscribed from AWS Marketplace."
        )
    _check_hostnames(request)


def _check_container(container: Document) -> None:
    """Check the image and the data of a container.

    Source: API Reference, ContainerDefinition, S3ModelDataSource; public logs.
    """
    if not container.keys() & {"Image", "ModelPackageName"}:
        # Seen in a public log.
        raise invalid("Specify one of either Image and Model Data URL or ModelPackageName in container definition.")
    if "ModelDataUrl" in container and "ModelDataSource" in container:
        raise invalid("ModelDataUrl and ModelDataSource cannot both be specified in container definition.")
    sources = [container.get("ModelDataSource", {}), *container.get("AdditionalModelDataSources", [])]
    for data in (source["S3DataSource"] for source in sources if "S3DataSource" in source):
        if data["S3DataType"] == "S3Prefix" and not data["S3Uri"].endswith("/"):
            raise invalid(f'S3Uri "{data["S3Uri"]}" must end with a forward slash, as S3DataType is S3Prefix.')


def _check_hostnames(request: Document) -> None:
    """Containers of a model have hostnames all or none, and each its own; those of the mode Direct need them.

    Source: Developer Guide, "Multi-container endpoints".
    """
    hostnames = [container.get("ContainerHostname") for container in request.get("Containers", [])]
    named = [hostname for hostname in hostnames if hostname]
    is_direct = request.get("InferenceExecutionConfig", {}).get("Mode") == "Direct"
    if len(named) < len(hostnames) and (named or is_direct):
        raise invalid("ContainerHostname must be specified for all containers or for none.")
    if len(set(named)) < len(named):
        raise invalid("ContainerHostname must be unique among the containers of a model.")
