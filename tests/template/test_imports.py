"""What each function imports at a cold start: what its step needs, and nothing else that is slow to import."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from typing import TYPE_CHECKING

import pytest

from tests.template.built_package import ON_LAMBDA
from tests.template.shipped import FUNCTIONS, ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

HANDLERS = sorted(path.stem for path in FUNCTIONS.glob("*.py"))

SLOW = {
    "boto3": "its clients are botocore's; the rest is resources and transfers",
    "deployer.request.model": "the model of a whole request, with all rules",
    "jsonpointer": "smoke tests have pointers",
    "jsonschema": "smoke tests may have a schema; imported when one has",
    "pydantic": "the plan, and what is stored, are pydantic models",
    "s3transfer": "copies are made by calls of their own",
    "yaml": "manifests are YAML",
}
"""Modules that take milliseconds to import, and what they are for."""

PLANLESS = {"announce_failure", "announce_outcome", "wake_execution"}
"""Handlers that read no plan."""

BESIDES = {
    "plan_deployment": {"deployer.request.model", "jsonpointer", "yaml"},
    "smoke_test_endpoint": {"jsonpointer"},
}
"""What a handler needs besides its plan."""

IMPORT = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
__import__(sys.argv[2]).handler
print(json.dumps([*sys.modules]))
"""


def modules_of(handler: str, environment: Mapping[str, str] = ON_LAMBDA) -> set[str]:
    """Return what a clean interpreter has imported once it has imported a handler."""
    ran = subprocess.run(  # noqa: S603 - a program of our own
        [sys.executable, "-I", "-c", IMPORT, FUNCTIONS, handler],
        env=environment,
        capture_output=True,
        check=False,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    return set(json.loads(ran.stdout))


@pytest.mark.parametrize("handler", HANDLERS)
def test_handler_imports_only_the_slow_modules_that_it_needs(handler: str) -> None:
    """The adapters and clients that Lambda's initialisation makes count, too."""
    needed = BESIDES.get(handler, set()) | (set() if handler in PLANLESS else {"pydantic"})

    assert modules_of(handler) & SLOW.keys() == needed


def test_adapters_are_made_while_lambda_initialises_a_function() -> None:
    """Elsewhere, importing a handler makes nothing, and needs no environment."""
    assert "deployer.aws.sagemaker" in modules_of("create_models")
    assert "deployer.aws.sagemaker" not in modules_of("create_models", {})


def test_functions_declare_their_imports() -> None:
    """A transitive dependency may disappear with the next version of its dependent."""
    trees = [ast.parse(path.read_text()) for path in FUNCTIONS.rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    names |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    own = {path.stem for path in FUNCTIONS.iterdir()}
    modules = {name.partition(".")[0] for name in names} - sys.stdlib_module_names - own

    imported = {packages_distributions()[module][0].lower().replace("_", "-") for module in modules}

    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["functions"]
    assert imported == set(declared)
