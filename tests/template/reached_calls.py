"""Which API calls the code of a function can reach: read from the source, without running it.

What counts is what a name may mean (rapid type analysis): a function is reached if something that is reached names it,
and a method if also its class is named. So more may be reached than ever runs, and nothing less, as long as the code
calls what it names: it looks no method up by a text but for `getattr` of the adapters, whose operations are texts, too.
"""

from __future__ import annotations

import ast
import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore import xform_name
from botocore.loaders import Loader

from tests.template.shipped import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SERVICES = {
    "event_bus": "events",
    "inference": "sagemaker-runtime",
    "logs": "logs",
    "monitoring": "cloudwatch",
    "registry": "ecr",
    "s3": "s3",
    "s3_calls": "s3",
    "s3_copy": "s3",
    "s3_objects": "s3",
    "sagemaker": "sagemaker",
    "sagemaker_calls": "sagemaker",
    "sagemaker_tags": "sagemaker",
    "scaling": "application-autoscaling",
    "scaling_calls": "application-autoscaling",
    "step_functions": "stepfunctions",
}
"""The services that each adapter calls; a new adapter has to be named here."""


@dataclass(frozen=True)
class Unit:
    """A function, a method, or what a module does when it is imported.

    Attributes:
        module: Its module, such as `deployer.aws.s3`.
        owner: The class of a method; empty elsewhere.
        name: Its name; empty for what a module does.
        names: What it names.
        attributes: What it names as an attribute of something, as methods are.
        imported: The modules that it imports.
        operations: The API operations that it names, each with its service.
    """

    module: str
    owner: str
    name: str
    names: frozenset[str] = field(repr=False)
    attributes: frozenset[str] = field(repr=False)
    imported: frozenset[str] = field(repr=False)
    operations: frozenset[tuple[str, str]] = field(repr=False)


def reached_operations(handler: str) -> set[tuple[str, str]]:
    """Return the API operations that a handler's module can reach, each with its service."""
    units = all_units()
    reached: set[Unit] = set()
    imported, names, attributes = {handler}, {"handler"}, set[str]()
    while True:
        found = {unit for unit in units - reached if unit.module in imported and _is_named(unit, names, attributes)}
        if not found:
            return {operation for unit in reached for operation in unit.operations}
        reached |= found
        names |= {name for unit in found for name in unit.names}
        attributes |= {name for unit in found for name in unit.attributes}
        imported |= {module for unit in found for module in unit.imported}


def _is_named(unit: Unit, names: set[str], attributes: set[str]) -> bool:
    if unit.owner:
        return unit.name in attributes and unit.owner in names | attributes
    return not unit.name or unit.name in names | attributes


@functools.cache
def all_units() -> frozenset[Unit]:
    """Read every unit of the functions."""
    return frozenset(unit for path in sorted(FUNCTIONS.rglob("*.py")) for unit in _units_of(path))


def _units_of(path: Path) -> Iterator[Unit]:
    module = ".".join(path.relative_to(FUNCTIONS).with_suffix("").parts).removesuffix(".__init__")
    operations = _operations_of(path.stem) if path.parent.name == "aws" else {}
    definitions: dict[ast.AST, tuple[str, str]] = {}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                definitions[inner] = (node.name, getattr(inner, "name", "__init__"))
            # Bases and decorators are named where the class is.
            definitions[ast.Tuple(elts=[*node.bases, *node.decorator_list], ctx=ast.Load())] = ("", "")
        elif isinstance(node, ast.FunctionDef):
            definitions[node] = ("", node.name)
        elif not _is_for_types(node):
            definitions[node] = ("", "")
    for defined, (owner, name) in definitions.items():
        # What Python calls by itself is reached with its class.
        is_implicit = name.startswith("__") or not isinstance(defined, ast.FunctionDef)
        yield Unit(
            module,
            owner if not is_implicit else "",
            owner if owner and is_implicit else name,
            frozenset(_names(defined)),
            frozenset(each.attr for each in _walk(defined) if isinstance(each, ast.Attribute)),
            frozenset(_imports(defined)),
            frozenset((operations[text], text) for text in _texts(defined) if text in operations),
        )


def _operations_of(adapter: str) -> dict[str, str]:
    """Return the operations of an adapter's services, in the spellings of the API and of botocore."""
    found: dict[str, str] = {}
    for service in SERVICES.get(adapter, "").split():
        model = Loader().load_service_model(service, "service-2")
        for operation in model["operations"]:
            found[operation] = found[xform_name(operation)] = service
    return found


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def _names(node: ast.AST) -> Iterator[str]:
    for each in _walk(node):
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load):
            yield each.id
        elif isinstance(each, ast.alias):
            yield each.name


def _texts(node: ast.AST) -> Iterator[str]:
    """Yield the names of operations that may be in a unit: texts, and attributes of a client."""
    for each in _walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value
        elif isinstance(each, ast.Attribute) and "client" in ast.dump(each.value):
            yield each.attr


def _imports(node: ast.AST) -> Iterator[str]:
    for each in _walk(node):
        if isinstance(each, ast.ImportFrom) and each.module:
            yield each.module
            yield from (f"{each.module}.{alias.name}" for alias in each.names)
        elif isinstance(each, ast.Import):
            yield from (alias.name for alias in each.names)


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes below one but for annotations, which nothing calls."""
    yield node
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns"}:
            continue
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, ast.AST):
                yield from _walk(each)
