"""A request in a file: a manifest, read as the JSON document that it stands for, with the artifact that it deploys."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from endpoint_deployer.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from endpoint_deployer.json_document import Document

MANIFEST_NAMES = ("deployment.yaml", "deployment.yml", "deployment.json")
ARTIFACT_NAME = "model.tar.gz"

_DATA_FIELDS = {"ModelDataUrl", "ModelDataSource", "ModelPackageName"}


class _JsonLoader(yaml.SafeLoader):
    """Reads YAML that stands for JSON: dates stay text, and no key comes twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's
        keys = [key.value for key, _ in node.value]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise yaml.MarkedYAMLError(problem=f"has the key {twice[0]!r} twice", problem_mark=node.start_mark)
        return super().construct_mapping(node, deep=deep)


_JsonLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def is_path(target: str) -> bool:
    """Return whether a command's argument is a file or folder, and not the name of an endpoint.

    A folder that happens to be called like an endpoint counts only if it holds something to deploy.
    """
    if "/" in target or target.endswith((".yaml", ".yml", ".json")):
        return True
    path = Path(target)
    return path.is_file() or any((path / name).is_file() for name in (*MANIFEST_NAMES, ARTIFACT_NAME))


def find_manifest(path: Path) -> Path | None:
    """Return the manifest that a path means: the file itself, or the one in the folder; None if it has none.

    Raises:
        CommandError: There is no such path, or it is another file.
    """
    if path.is_dir():
        return next((path / name for name in MANIFEST_NAMES if (path / name).is_file()), None)
    if not path.is_file():
        raise CommandError(f"{path}: there is no such file or folder")
    if path.suffix not in {".yaml", ".yml", ".json"}:
        raise CommandError(f"{path}: is not a manifest; name a {MANIFEST_NAMES[0]} or a folder that has one")
    return path


def find_artifact(path: Path) -> Path | None:
    """Return the artifact beside a manifest, or in a folder; None if there is none."""
    candidate = (path if path.is_dir() else path.parent) / ARTIFACT_NAME
    return candidate if candidate.is_file() else None


def read_request(path: Path, endpoint: str | None, *, has_artifact: bool = False) -> Document:
    """Read the request of a path, with the endpoint's name: its own, the one that was asked for, or the folder's.

    Args:
        path: A manifest, or a folder.
        endpoint: The name that was asked for.
        has_artifact: Whether there is an artifact to deploy; then a folder needs no manifest.

    Raises:
        CommandError: It is not a manifest, the folder has none, or it contradicts the name that was asked for.
    """
    manifest = find_manifest(path)
    if manifest is None and not has_artifact:
        raise CommandError(f"{path}: has neither a {MANIFEST_NAMES[0]} nor a {ARTIFACT_NAME}")
    document = parse_manifest(manifest.read_bytes(), str(manifest)) if manifest else {}
    named = document.get("EndpointName")
    if endpoint and named not in {None, endpoint}:
        raise CommandError(f"{manifest}: names the endpoint {named!r}, and --endpoint says {endpoint!r}")
    folder = path if path.is_dir() else path.parent
    return {**document, "EndpointName": named or endpoint or folder.resolve().name}


def parse_manifest(text: bytes, name: str) -> Document:
    """Parse a manifest.

    Raises:
        CommandError: It is not YAML, or no mapping.
    """
    try:
        document = yaml.load(text.decode("utf-8-sig"), Loader=_JsonLoader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CommandError(f"{name}: is not YAML: {error}") from error
    if not isinstance(document, dict | None):
        raise CommandError(f"{name}: must be a mapping")
    return document or {}


def lacks_data(request: Document) -> bool:
    """Return whether a container of a request waits for an artifact; one without models finds its own."""
    return any(True for _ in _without_data(copy.deepcopy(request)))


def with_artifact(request: Document, uri: str | None) -> Document:
    """Return a request whose containers without model data get an artifact, as an upload's do; None says there is none.

    Raises:
        CommandError: No container waits for it, or several containers of one model do.
    """
    models = {"model": {"PrimaryContainer": {}}} if _has_default_model(request) else request.get("Models")
    filled = copy.deepcopy({**request, "Models": models})
    paths: list[str] = []
    for path, container in _without_data(filled):
        container["ModelDataUrl"] = uri
        paths.append(path)
    if not paths:
        raise CommandError("The request has no container that waits for an artifact; leave the artifact out")
    owners = [path.split(".")[1] for path in paths]
    if twice := next((path for path, owner in zip(paths, owners, strict=True) if owners.count(owner) > 1), None):
        raise CommandError(
            f"{twice}.ModelDataUrl: is missing in several containers of the model, and the artifact is for one of "
            "them; write ModelDataUrl: null for each container that has no model data"
        )
    return filled


def _has_default_model(request: Document) -> bool:
    """Return whether a request gets its only model from the stack's defaults."""
    variants = (request.get("EndpointConfig") or {}).get("ProductionVariants") or [{}]
    return request.get("Models") is None and any("ModelName" not in variant for variant in variants)


def _without_data(request: Document) -> Iterator[tuple[str, Document]]:
    models = request.get("Models")
    for key, model in (models if isinstance(models, dict) else {}).items():
        if not isinstance(model, dict):
            continue
        if "Containers" not in model:
            model.setdefault("PrimaryContainer", {})
        containers = {"PrimaryContainer": model.get("PrimaryContainer")}
        containers |= {f"Containers[{index}]": each for index, each in enumerate(model.get("Containers") or [])}
        for name, container in containers.items():
            if (
                isinstance(container, dict)
                and not container.keys() & _DATA_FIELDS
                and container.get("Mode") != "MultiModel"
            ):
                yield f"Models.{key}.{name}", container
