"""Rules for models: their containers, and which variant names which model. Pure.

The sources are the SageMaker API Reference (ContainerDefinition, CreateModel) and the Developer Guide, "Multi-container
endpoints".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.endpoint_config import model_references
from deployer.json_document import Document
from deployer.request.containers import containers, data_sources, is_multi_model
from deployer.request.problem import Problem, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


_MARKETPLACE_ACCOUNTS = frozenset(
    {
        "057799348421", "077584701553", "136758871317", "192199979996", "270155090741", "382657785993",
        "446921602837", "470592106596", "594846645681", "666831318237", "745090734665", "843114510376",
        "856760150666", "865070037744", "977537786026", "985815980388",
    }
)  # fmt: skip
"""Accounts that own the model packages of AWS Marketplace, one a region, as sellers publish the packages' ARNs."""


def is_marketplace(model: Document) -> bool:
    """Return whether a model has a container of AWS Marketplace, as far as the ARN of its package says."""
    names = (container.get("ModelPackageName", "").split(":") for _, container in containers(model, ""))
    return any(len(parts) > 4 and parts[4] in _MARKETPLACE_ACCOUNTS for parts in names)  # noqa: PLR2004 - an ARN


def is_pipeline(model: Document) -> bool:
    """Return whether a model has several containers."""
    return len(model.get("Containers", [])) > 1


def has_multi_model(model: Document) -> bool:
    """Return whether a model has a multi-model container."""
    return any(is_multi_model(container) for _, container in containers(model, ""))


def models_of(variants: list[Document], models: Mapping[str, Document]) -> dict[str, Document]:
    """Return the models of a request that variants name, by key; others that exist in SageMaker are not known."""
    config = {"ProductionVariants": variants}
    return {name: models[name] for _, name in model_references(config) if name in models}


def model_problems(path: str, model: Document) -> Iterator[Problem]:
    """Yield what is wrong between the fields of a model that stands at a path."""
    if "PrimaryContainer" in model and "Containers" in model:
        yield Problem(f"{path}.Containers", "cannot be used with PrimaryContainer; use one of them")
    for where, container in containers(model, path):
        yield from _container_problems(where, container)
    if "Containers" in model:
        yield from _hostname_problems(f"{path}.Containers", model)


def _container_problems(path: str, container: Document) -> Iterator[Problem]:
    if "ModelPackageName" in container:
        for beside in sorted(container.keys() & {"Image", "ModelDataUrl", "ModelDataSource"}):
            yield Problem(f"{path}.{beside}", "cannot be used with ModelPackageName, which holds it")
    if "ModelDataUrl" in container and "ModelDataSource" in container:
        yield Problem(f"{path}.ModelDataSource", "cannot be used with ModelDataUrl; use one of them")
    if is_multi_model(container) and "ModelDataSource" in container:
        yield Problem(f"{path}.ModelDataSource", "is not for MultiModel containers; name their folder as ModelDataUrl")
    for name, source in data_sources(container):
        data = source.get("S3DataSource", {})
        if data.get("S3DataType") == "S3Prefix" and not data.get("S3Uri", "").endswith("/"):
            yield Problem(f"{path}.{name}.S3DataSource.S3Uri", "must end in a slash, as S3DataType is S3Prefix")


def _hostname_problems(path: str, model: Document) -> Iterator[Problem]:
    """Check that all containers have hostnames or none, that direct ones have, and that no two have the same."""
    names = [container.get("ContainerHostname") for container in model["Containers"]]
    is_direct = model.get("InferenceExecutionConfig", {}).get("Mode") == "Direct"
    why = "containers of the mode Direct are invoked by it" if is_direct else "others have one, and all must or none"
    for index, name in enumerate(names):
        if name is None and (is_direct or any(names)):
            yield Problem(f"{path}[{index}].ContainerHostname", f"is missing; {why}")
        elif name is not None and name in names[:index]:
            yield Problem(f"{path}[{index}].ContainerHostname", f"'{name}' is that of another container")


def reference_problems(config: Document, models: Mapping[str, Document]) -> Iterator[Problem]:
    """Yield the models that no variant uses; where a variant seems to mean one, what is wrong there."""
    references = list(model_references(config))
    unused = [key for key in models if key not in {name for _, name in references}]
    misspelt = {path: name for path, name in references if name not in models and nearest(name, unused)}
    for path, name in misspelt.items():
        yield Problem(path, f"'{name}' is not a key of Models{nearest(name, unused)}")
    for key in unused:
        if not any(nearest(name, [key]) for name in misspelt.values()):
            yield Problem(f"Models.{key}", "is used by no variant; make it the ModelName of one, or leave it out")
