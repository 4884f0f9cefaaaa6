"""The command line as it is installed from the repository."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import botocore.session
import pytest
from botocore import xform_name

from endpoint_deployer.app import app
from tests.template.shipped import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGE = ROOT / "endpoint_deployer"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SERVICES = ("cloudformation", "cloudwatch", "logs", "s3", "sagemaker", "stepfunctions", "sts")
RIGHTS = {"s3:ListObjectsV2": "s3:ListBucket", "sts:GetCallerIdentity": ""}
"""The rights of calls that have another name, or that need none."""

MODULES_OF_DISTRIBUTIONS = {"pyyaml": "yaml"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The package, built as `uv tool install` and `pipx install` do, without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    uv = Path(sys.executable).with_name("uv")
    subprocess.run(  # noqa: S603 - fixed arguments
        [uv, "build", "--wheel", "--offline", "--no-cache", "--quiet", "--out-dir", folder, ROOT],
        check=True,
        timeout=60,
    )
    (built,) = folder.glob("*.whl")
    return zipfile.ZipFile(built)


def test_package_has_the_command_and_all_modules(wheel: zipfile.ZipFile) -> None:
    (entry_points,) = (name for name in wheel.namelist() if name.endswith("/entry_points.txt"))
    modules = {name for name in wheel.namelist() if name.endswith(".py")}

    assert "endpoint-deployer" in wheel.read(entry_points).decode()
    assert modules == {str(path.relative_to(ROOT)) for path in PACKAGE.rglob("*.py")}


def test_package_has_the_text_of_the_operations_guide(wheel: zipfile.ZipFile) -> None:
    """`explain` prints the texts of docs/operations.md."""
    assert wheel.read("endpoint_deployer/operations.md") == (ROOT / "docs" / "operations.md").read_bytes()


def test_guide_names_every_command() -> None:
    """The table of the operations guide has a row for each."""
    guide = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    table = guide.partition("## The command line")[2].partition("\n## ")[0]

    documented = set(re.findall(r"`([a-z]+)(?: [A-Z]+)?`", "".join(re.findall(r"^\| (`.+?) \|", table, re.MULTILINE))))

    assert documented == {command.callback.__name__ for command in app.registered_commands if command.callback}


def test_guide_names_every_right() -> None:
    """Those of the calls that the command line makes, and no others."""
    guide = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    table = guide.partition("| for | rights |")[2].partition("\n\n")[0]
    words = {word for path in PACKAGE.rglob("*.py") for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))}
    session = botocore.session.get_session()
    called = {
        f"{service.replace('stepfunctions', 'states')}:{operation}"
        for service in SERVICES
        for operation in session.get_service_model(service).operation_names
        if "_" in (name := xform_name(operation)) and name in words  # `search` is Python's, too
    }
    assert "upload_file" in words

    rights = {RIGHTS.get(call, call) for call in called} - {""} | {"s3:PutObject"}

    assert set(re.findall(r"`([a-z0-9]+:\w+)`", table)) == rights


@pytest.mark.parametrize(
    "command",
    [each.callback for each in app.registered_commands if each.callback],
    ids=lambda command: command.__name__,
)
def test_every_command_prints_json(command: Callable[..., None]) -> None:
    assert "as_json" in inspect.signature(command).parameters


def test_dependencies_are_the_imported_packages() -> None:
    imported = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.partition(".")[0])
    # botocore comes with boto3.
    others = imported - set(sys.stdlib_module_names) - {"endpoint_deployer", "botocore"}

    assert others == {MODULES_OF_DISTRIBUTIONS.get(name, name) for name in PROJECT["dependencies"]}
