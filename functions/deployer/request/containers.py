"""The containers of a model, and the places where they name data in S3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployer.json_document import Document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


_DATA_FIELDS = frozenset({"ModelDataUrl", "ModelDataSource", "ModelPackageName"})
_BROKERS = frozenset({"ModelAccessConfig", "HubAccessConfig"})
_CHECKED_FIELDS = frozenset({"ETag", "ManifestS3Uri", "ManifestEtag"})


@dataclass(frozen=True, slots=True)
class Source:
    """One place where a container names data in S3.

    Attributes:
        path: Where the URI stands in the request, such as `Models.m.PrimaryContainer.ModelDataUrl`.
        holder: The part of the request that has the URI as one of its fields.
        field: The name of that field.
        is_folder: Whether the URI names all objects below it, not one object.
        is_multi_model: Whether it is the folder of a multi-model container, whose models come and go.
        is_brokered: Whether SageMaker itself gets access to the data, so that the deployer may have none
            (SageMaker API Reference, ModelAccessConfig and InferenceHubAccessConfig).
        is_bound: Whether other fields beside the URI hold its ETag or its manifest, which fit no other place.
    """

    path: str
    holder: Document
    field: str
    is_folder: bool = False
    is_multi_model: bool = False
    is_brokered: bool = False
    is_bound: bool = False

    @property
    def uri(self) -> str:
        """The URI of the object or folder."""
        return str(self.holder[self.field])


def containers(model: Document, path: str) -> Iterator[tuple[str, Document]]:
    """Yield the path and the document of each container of a CreateModel request that stands at a path."""
    if "PrimaryContainer" in model:
        yield f"{path}.PrimaryContainer", model["PrimaryContainer"]
    for index, container in enumerate(model.get("Containers", [])):
        yield f"{path}.Containers[{index}]", container


def with_each_container(model: Document, change: Callable[[Document], Document]) -> Document:
    """Return a CreateModel request with each container replaced by what a function makes of it."""
    result = dict(model)
    if "PrimaryContainer" in model:
        result["PrimaryContainer"] = change(model["PrimaryContainer"])
    if "Containers" in model:
        result["Containers"] = [change(container) for container in model["Containers"]]
    return result


def lacks_data(container: Document) -> bool:
    """Return whether a container waits for the uploaded artifact.

    A multi-model container does not: it needs the folder of its models.
    """
    return not (has_data(container) or is_multi_model(container))


def has_data(container: Document) -> bool:
    """Return whether a container says where its model data are, or, with an empty ModelDataUrl, that it has none."""
    return bool(container.keys() & _DATA_FIELDS)


def without_empty_data(model: Document) -> Document:
    """Return a model without the empty ModelDataUrl that says that a container has no data; SageMaker takes no null."""

    def stripped(container: Document) -> Document:
        if container.get("ModelDataUrl", "") is not None:
            return container
        return {member: value for member, value in container.items() if member != "ModelDataUrl"}

    return with_each_container(model, stripped)


def is_multi_model(container: Document) -> bool:
    """Return whether a container loads the models of a folder on demand."""
    return container.get("Mode") == "MultiModel"


def sources(container: Document, path: str) -> Iterator[Source]:
    """Yield every place where a container that stands at a path names data in S3."""
    if container.get("ModelDataUrl"):
        is_folder = is_multi_model(container) or container["ModelDataUrl"].endswith("/")
        where = f"{path}.ModelDataUrl"
        yield Source(where, container, "ModelDataUrl", is_folder, is_multi_model=is_multi_model(container))
    for name, source in data_sources(container):
        if data := source.get("S3DataSource"):
            yield from _s3_sources(data, f"{path}.{name}.S3DataSource", is_multi_model(container) and "[" not in name)


def data_sources(container: Document) -> Iterator[tuple[str, Document]]:
    """Yield the name and the document of a container's ModelDataSource and AdditionalModelDataSources."""
    if container.get("ModelDataSource"):
        yield "ModelDataSource", container["ModelDataSource"]
    for index, source in enumerate(container.get("AdditionalModelDataSources", [])):
        yield f"AdditionalModelDataSources[{index}]", source


def _s3_sources(data: Document, path: str, is_of_multi_model: bool) -> Iterator[Source]:  # noqa: FBT001 - private
    is_brokered, is_bound = bool(data.keys() & _BROKERS), bool(data.keys() & _CHECKED_FIELDS)
    is_folder = data.get("S3DataType") == "S3Prefix"
    yield Source(f"{path}.S3Uri", data, "S3Uri", is_folder, is_of_multi_model, is_brokered, is_bound)
    if data.get("ManifestS3Uri"):
        yield Source(f"{path}.ManifestS3Uri", data, "ManifestS3Uri", is_brokered=is_brokered, is_bound=True)
