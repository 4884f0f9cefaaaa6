"""botocore's service data, cut to what the functions call.

The services and the operations are read from the functions' own source, so that the cut follows it. Of each operation
everything stays, because requests are checked against these models: whole requests, answers and errors.
"""

from __future__ import annotations

import ast
import importlib
import json
import shutil
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Document = dict[str, Any]

_CALLED_BY_BOTOCORE = frozenset({"HeadBucket", "CreateSession"})
"""Operations that botocore calls by itself: after an error of HeadObject, and for directory buckets (its `utils`)."""

_MAKERS = frozenset({"client", "_client", "create_client"})
_SHARED = ("_retry", "partitions", "sdk-default-configuration")
_RULES = "endpoint-rule-set-1"


def cut_service_data(package: Path, functions: Path) -> None:
    """Replace the data of all services by what the functions call.

    Args:
        package: The folder that botocore is installed in.
        functions: The folder with the functions' source.
    """
    sys.path.insert(0, str(package))
    xform_name = importlib.import_module("botocore").xform_name
    loader = importlib.import_module("botocore.loaders").Loader(include_default_search_paths=False)
    data, whole = package / "botocore" / "data", package / "botocore" / "all-data"
    data.rename(whole)
    loader.search_paths.append(str(whole))
    services, words = called(functions)
    prefixes = set(services)
    for service in services:
        model = loader.load_service_model(service, "service-2")
        operations = {name for name in model["operations"] if {name, xform_name(name)} & (words | _CALLED_BY_BOTOCORE)}
        prefixes.add(model["metadata"]["endpointPrefix"])
        folder = data / service / loader.determine_latest_version(service, "service-2")
        _write(folder / "service-2.json", cut_model(model, operations))
        _write(folder / f"{_RULES}.json", loader.load_service_model(service, _RULES))
    for name in _SHARED:
        _write(data / f"{name}.json", loader.load_data(name))
    _write(data / "endpoints.json", _cut_endpoints(loader.load_data("endpoints"), prefixes))
    shutil.rmtree(whole)
    sys.path.remove(str(package))


def called(functions: Path) -> tuple[list[str], set[str]]:
    """Return the services that the functions make clients of, and what may be the names of operations.

    An adapter names an operation by a text, or by a method of its client.
    """
    services, words = set(), set()
    for path in functions.glob("**/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                words.add(node.value)
            elif isinstance(node, ast.Attribute) and _name(node.value).endswith("client"):
                words.add(node.attr)
            elif isinstance(node, ast.Call) and _name(node.func) in _MAKERS and node.args:
                first = node.args[0]
                services |= {first.value} if isinstance(first, ast.Constant) else set()
    return sorted(str(service) for service in services), words


def cut_model(model: Document, operations: set[str]) -> Document:
    """Return a service model with some operations only, and with all shapes that they reach, without descriptions."""
    kept = {name: operation for name, operation in model["operations"].items() if name in operations}
    reached: set[str] = set()
    new = set(_shapes_in(kept))
    while new:
        reached |= new
        new = {shape for name in new for shape in _shapes_in(model["shapes"][name])} - reached
    shapes = {name: shape for name, shape in model["shapes"].items() if name in reached}
    # botocore reads descriptions elsewhere in a model: those of the parameters of endpoints.
    return {**model, "operations": _without_descriptions(kept), "shapes": _without_descriptions(shapes)}


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _shapes_in(value: object) -> Iterator[str]:
    """Yield the names of the shapes that a part of a model refers to."""
    if isinstance(value, dict):
        if isinstance(value.get("shape"), str):
            yield value["shape"]
        for each in value.values():
            yield from _shapes_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from _shapes_in(each)


def _without_descriptions(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _without_descriptions(each)
            for key, each in value.items()
            if not (key == "documentation" and isinstance(each, str))
        }
    return [_without_descriptions(each) for each in value] if isinstance(value, list) else value


def _cut_endpoints(endpoints: Document, prefixes: set[str]) -> Document:
    for partition in endpoints["partitions"]:
        partition["services"] = {name: each for name, each in partition["services"].items() if name in prefixes}
    return endpoints


def _write(path: Path, document: Document) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, separators=(",", ":")), encoding="utf-8")
