"""The template, the state machine and the functions as they are shipped."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import deployer.runtime  # noqa: F401 - the X-Ray SDK opens a socket on import, and no test may
from deployer.json_document import Document
from local.aws.build import build
from local.environment import ROOT
from tests.template.built_package import FUNCTIONS
from tests.template.shipped import read_definition, read_template, tasks_of


@pytest.fixture(scope="session")
def template() -> Document:
    """template.yaml, short forms spelled out."""
    return read_template()


@pytest.fixture(scope="session")
def resources(template: Document) -> Document:
    """The template's resources by logical id."""
    found: Document = template["Resources"]
    return found


@pytest.fixture(scope="session")
def definition() -> Document:
    """The definition of the state machine that deploys."""
    return read_definition("DeployEndpoint")


@pytest.fixture(scope="session")
def tasks(definition: Document) -> Document:
    """Its Task states by name."""
    return tasks_of(definition)


@pytest.fixture(scope="session")
def package_build(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """The build of the package for Lambda by default, from the wheels for it; its folder is the last argument."""
    wheels = ROOT / ".cache" / "wheels-python3.13-arm64"
    assert any(wheels.glob("*.whl")), f"There are no wheels in {wheels}; `make install` fetches them"
    folder = tmp_path_factory.mktemp("build") / "PlanDeploymentFunction"
    return subprocess.run(  # noqa: S603 - a program of our own
        ["make", "build-PlanDeploymentFunction", f"ARTIFACTS_DIR={folder}"],  # noqa: S607 - as SAM does
        cwd=FUNCTIONS,
        env={
            "PATH": os.environ["PATH"],
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_FIND_LINKS": wheels.as_uri(),
            "PIP_NO_INDEX": "1",
            "PYTHON": sys.executable,
        },
        capture_output=True,
        check=False,
        text=True,
    )


@pytest.fixture(scope="session")
def package(package_build: subprocess.CompletedProcess[str]) -> Path:
    """The output of `sam build` for the template's default runtime and architecture."""
    assert package_build.returncode == 0, package_build.stderr
    return Path(package_build.args[-1].partition("=")[2])


@pytest.fixture(scope="session")
def local_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of `sam build` for this machine."""
    folder = tmp_path_factory.mktemp("local")
    with zipfile.ZipFile(build().with_name("functions.zip")) as archive:
        archive.extractall(folder)
    return folder
