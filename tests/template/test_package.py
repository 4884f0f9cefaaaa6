"""The package that Lambda runs: for the template's default runtime and architecture, and for this machine.

`sam build` wants an interpreter of the runtime, which a developer's machine need not have. So the package is built
here by the parts of SAM that `sam build` runs; pip's own variables name its interpreter and platform. It
comes from the wheels that `make install` has fetched for that, and never from the network.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from importlib.metadata import Distribution
from typing import TYPE_CHECKING

import pytest
from aws_lambda_builders.actions import CopySourceAction
from aws_lambda_builders.workflows.python_pip.packager import DependencyBuilder, PipRunner, SubprocessPip
from aws_lambda_builders.workflows.python_pip.utils import OSUtils
from aws_lambda_builders.workflows.python_pip.workflow import PythonPipWorkflow

from deployer.json_document import Document
from local.aws.build import build
from local.environment import ROOT

if TYPE_CHECKING:
    from pathlib import Path


FUNCTIONS = ROOT / "functions"
REQUIREMENTS = FUNCTIONS / "requirements.txt"
MODULES = sorted(path.stem for path in FUNCTIONS.glob("*.py"))
PLATFORMS = {"arm64": ("aarch64", 183), "x86_64": ("x86_64", 62)}
"""As pip and as ELF files name them."""
COMPILED = {"pydantic_core", "rpds", "yaml"}
MEGABYTE = 1_000_000
# Lambda takes 50 MB zipped and 250 MB unzipped (Lambda Developer Guide, "Lambda quotas"). How long a cold start takes
# depends on the size, so what is measured (22 MB and 40 MB) gets little to grow.
MOST_ZIPPED, MOST_UNZIPPED = 25 * MEGABYTE, 46 * MEGABYTE

IMPORTS = """
import importlib, json, sys
sys.path.append(sys.argv[1])
for name in sys.argv[2:]:
    importlib.import_module(name).handler
files = [getattr(module, "__file__", None) for module in sys.modules.values()]
print(json.dumps([file for file in files if file]))
"""


def pins() -> set[str]:
    """Return what is pinned, as names and versions."""
    return set(re.findall(r"^([a-z0-9-]+==\S+)", REQUIREMENTS.read_text(), re.MULTILINE))


def default_of(template: Document, parameter: str) -> str:
    """Return a parameter's default."""
    return str(template["Parameters"][parameter]["Default"])


@pytest.fixture(scope="module")
def package(template: Document, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `sam build` makes for the template's default runtime and architecture."""
    runtime, architecture = default_of(template, "Runtime"), default_of(template, "Architecture")
    version, platform = runtime.removeprefix("python"), PLATFORMS[architecture][0]
    wheels = ROOT / ".cache" / f"wheels-{runtime}-{architecture}"
    assert any(wheels.glob("*.whl")), f"There are no wheels in {wheels}; `make install` fetches them"
    package, scratch = tmp_path_factory.mktemp("package"), tmp_path_factory.mktemp("scratch")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "PIP_CONFIG_FILE": "/dev/null",
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": wheels.as_uri(),
            "PIP_ONLY_BINARY": ":all:",
            "PIP_PYTHON_VERSION": version,
            "PIP_PLATFORM": f"manylinux2014_{platform} manylinux_2_28_{platform}",
        }.items():
            patch.setenv(name, value)
        pip = PipRunner(sys.executable, SubprocessPip(OSUtils(), sys.executable))
        resolver = DependencyBuilder(OSUtils(), runtime, sys.executable, pip, architecture)
        resolver.build_site_packages(str(REQUIREMENTS), str(package), str(scratch))
    CopySourceAction(str(FUNCTIONS), str(package), excludes=PythonPipWorkflow.EXCLUDED_FILES).execute()
    return package


@pytest.fixture(scope="module")
def local_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `sam build` makes for this machine."""
    folder = tmp_path_factory.mktemp("local")
    with zipfile.ZipFile(build().with_name("functions.zip")) as archive:
        archive.extractall(folder)
    return folder


def distributions(package: Path) -> list[Distribution]:
    """Return the distributions in a package."""
    return [Distribution.at(folder) for folder in package.glob("*.dist-info")]


def files(package: Path) -> set[str]:
    """Return the files of a package, as paths below it."""
    return {str(path.relative_to(package)) for path in package.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", ["package", "local_package"])
def test_package_holds_what_is_pinned(request: pytest.FixtureRequest, kind: str) -> None:
    """Every pin of requirements.txt is in it, in the pinned version, and no other distribution."""
    package: Path = request.getfixturevalue(kind)

    found = {f"{each.name.lower().replace('_', '-')}=={each.version}" for each in distributions(package)}

    assert found == pins()


def test_package_holds_nothing_else(package: Path) -> None:
    """Each file is of a distribution, by the distribution's own record, or one of ours."""
    recorded = {
        re.sub(r"^[^/]+\.data/(purelib|platlib)/", "", str(file))
        for distribution in distributions(package)
        for file in distribution.files or []
    }
    ours = {
        str(path.relative_to(FUNCTIONS))
        for path in FUNCTIONS.rglob("*")
        if path.suffix in {".py", ".txt"} and path.is_file()
    }

    assert ours <= files(package)
    assert files(package) - recorded - ours == set()


def test_compiled_modules_fit_runtime_and_architecture(template: Document, package: Path) -> None:
    """Each is an ELF file of the default architecture, for the default version of Python or for all."""
    version = default_of(template, "Runtime").removeprefix("python").replace(".", "")
    platform, machine = PLATFORMS[default_of(template, "Architecture")]
    libraries = [path for path in package.rglob("*") if path.is_file() and path.read_bytes()[:4] == b"\x7fELF"]

    assert {library.parent.name for library in libraries} == COMPILED
    for library in libraries:
        assert library.name.endswith((f".cpython-{version}-{platform}-linux-gnu.so", ".abi3.so"))
        assert int.from_bytes(library.read_bytes()[18:20], "little") == machine


def test_package_stays_small(package: Path, tmp_path: Path) -> None:
    """It is far from Lambda's limits, zipped as `sam deploy` does it and unzipped."""
    archive = tmp_path / "package.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for file in sorted(files(package)):
            zipped.write(package / file, file)

    assert archive.stat().st_size < MOST_ZIPPED
    assert sum((package / file).stat().st_size for file in files(package)) < MOST_UNZIPPED


def test_package_is_all_that_the_handlers_import(local_package: Path) -> None:
    """Without this environment's packages every handler can be imported, from the package and Python itself alone."""
    imported = subprocess.run(  # noqa: S603 - a program of our own
        [sys.executable, "-I", "-S", "-c", IMPORTS, local_package, *MODULES],
        env={"AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert imported.returncode == 0, imported.stderr
    foreign = [file for file in json.loads(imported.stdout) if "site-packages" in file]
    assert foreign == []
