"""The package that Lambda runs: for the template's default runtime and architecture, and for this machine.

`functions/Makefile` builds both, as `sam build` has it do. The wheels are those that `make install` has fetched, never
the network.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

from deployer.json_document import Document
from local.aws.build import build
from local.environment import ROOT
from tests.template.shipped import allowed_to, functions_of
from tests.template.test_imports import ON_LAMBDA

FUNCTIONS = ROOT / "functions"
REQUIREMENTS = FUNCTIONS / "requirements.txt"
MODULES = sorted(path.stem for path in FUNCTIONS.glob("*.py"))
PLATFORMS = {"arm64": ("aarch64", 183), "x86_64": ("x86_64", 62)}
"""As pip and as ELF files name them."""
COMPILED = {"pydantic_core", "rpds"}
MEGABYTE = 1_000_000
# Lambda takes 50 MB zipped and 250 MB unzipped (Lambda Developer Guide, "Lambda quotas"). How long a cold start takes
# depends on the size, so what is measured (6.5 MB and 17.6 MB with bytecode) gets little to grow.
MOST_ZIPPED, MOST_UNZIPPED = 8 * MEGABYTE, 20 * MEGABYTE
CHECKED_OPERATIONS = (
    "CreateModel",
    "CreateEndpointConfig",
    "UpdateEndpoint",
    "DescribeModel",
    "DescribeEndpointConfig",
)
"""Requests and answers that the deployer reads the service model for."""

IMPORTS = """
import importlib, json, sys
sys.path.append(sys.argv[1])
for name in sys.argv[2:]:
    importlib.import_module(name).handler
files = [getattr(module, "__file__", None) for module in sys.modules.values()]
print(json.dumps([file for file in files if file]))
"""
CLIENTS = """
import json, sys
sys.path.append(sys.argv[1])
import botocore.session
session = botocore.session.get_session()
services = json.loads(sys.argv[2]) if sys.argv[2:] else session.get_available_services()
clients = {}
for service in services:
    regions = session.get_available_regions(service) or ["us-east-1", "cn-north-1"]
    made = {region: session.create_client(service, region_name=region) for region in regions}
    clients[service] = {region: [client.meta.endpoint_url, client.meta.region_name] for region, client in made.items()}
print(json.dumps(clients))
"""


def default_of(template: Document, parameter: str) -> str:
    """Return a parameter's default."""
    return str(template["Parameters"][parameter]["Default"])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
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


@pytest.fixture(scope="module")
def package(made: subprocess.CompletedProcess[str]) -> Path:
    """What `sam build` makes for the template's default runtime and architecture."""
    assert made.returncode == 0, made.stderr
    return Path(made.args[-1].partition("=")[2])


@pytest.fixture(scope="module")
def local_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `sam build` makes for this machine."""
    folder = tmp_path_factory.mktemp("local")
    with zipfile.ZipFile(build().with_name("functions.zip")) as archive:
        archive.extractall(folder)
    return folder


def files(package: Path) -> set[str]:
    """Return the files of a package, as paths below it."""
    return {str(path.relative_to(package)) for path in package.rglob("*") if path.is_file()}


def run(package: Path, program: str, *arguments: str) -> Any:
    """Return what a program prints as JSON that has Python itself and the package, and nothing else."""
    ran = subprocess.run(  # noqa: S603 - a program of our own
        [sys.executable, "-I", "-S", "-c", program, package, *arguments],
        env=ON_LAMBDA,
        capture_output=True,
        check=False,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_makefile_builds_every_function_for_what_the_template_says(template: Document, resources: Document) -> None:
    makefile = (FUNCTIONS / "Makefile").read_text()

    for name in functions_of(resources):
        assert resources[f"{name}Function"]["Metadata"]["BuildMethod"] == "makefile"
    for parameter in ("Runtime", "Architecture"):
        assert f"export {parameter.upper()} ?= {default_of(template, parameter)}\n" in makefile


def test_package_holds_what_is_pinned_and_nothing_else(package: Path) -> None:
    """Each file is one of a pinned wheel, one of ours, or of the cut service data; each wheel has a file in it."""
    wheels = ROOT / ".cache" / "wheels-python3.13-arm64"
    pins = set(re.findall(r"^([a-z0-9-]+)==(\S+)", REQUIREMENTS.read_text(), re.MULTILINE))
    found = set()
    recorded: set[str] = set()
    for wheel in wheels.glob("*.whl"):
        name, version = wheel.name.split("-")[:2]
        if (pin := (name.lower().replace("_", "-"), version)) in pins:
            content = set(zipfile.ZipFile(wheel).namelist())
            found |= {pin} if content & files(package) else set()
            recorded |= content
    ours = {str(path.relative_to(FUNCTIONS)) for path in [*FUNCTIONS.glob("*.py"), *FUNCTIONS.glob("deployer/**/*.py")]}
    data = {file for file in files(package) if file.startswith("botocore/data/")}

    assert found == pins
    assert ours <= files(package)
    assert files(package) - recorded - ours - data == {"requirements.txt"}


def test_compiled_modules_fit_runtime_and_architecture(template: Document, package: Path) -> None:
    """Each is an ELF file of the default architecture, for the default version of Python or for all."""
    version = default_of(template, "Runtime").removeprefix("python").replace(".", "")
    platform, machine = PLATFORMS[default_of(template, "Architecture")]
    libraries = [path for path in package.rglob("*") if path.is_file() and path.read_bytes()[:4] == b"\x7fELF"]

    assert {library.parent.name for library in libraries} == COMPILED
    for library in libraries:
        assert library.name.endswith((f".cpython-{version}-{platform}-linux-gnu.so", ".abi3.so"))
        assert int.from_bytes(library.read_bytes()[18:20], "little") == machine


def test_bytecode_is_for_the_runtime_and_never_compared_with_its_source(local_package: Path) -> None:
    """The header of a file of bytecode: the magic number of its Python, and flags (PEP 552); 1 is "unchecked hash"."""
    sources = list(local_package.rglob("*.py"))

    for source in sources:
        bytecode = source.parent / "__pycache__" / f"{source.stem}.{sys.implementation.cache_tag}.pyc"
        assert int.from_bytes(bytecode.read_bytes()[4:8], "little") == 1


def test_package_without_bytecode_is_announced_in_one_line(
    made: subprocess.CompletedProcess[str], package: Path
) -> None:
    """Bytecode is made by a Python of the runtime's version, which a developer's machine need not have."""
    has_bytecode = any(file.endswith(".pyc") for file in files(package))
    line = "No bytecode in the package, so cold starts take longer: there is no python3.13 here."

    assert made.stderr.splitlines() == ([] if has_bytecode else [line])


@pytest.mark.parametrize("kind", ["package", "local_package"])
def test_package_stays_small(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> None:
    """It is far from Lambda's limits, zipped as `sam deploy` does it and unzipped, with bytecode and without."""
    package: Path = request.getfixturevalue(kind)
    archive = tmp_path / "package.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for file in sorted(files(package)):
            zipped.write(package / file, file)

    assert archive.stat().st_size < MOST_ZIPPED
    assert sum((package / file).stat().st_size for file in files(package)) < MOST_UNZIPPED


def test_package_is_all_that_the_handlers_import(local_package: Path) -> None:
    """Without this environment's packages every handler can be imported, and its clients are made."""
    imported = run(local_package, IMPORTS, *MODULES)

    assert [file for file in imported if "site-packages" in file] == []


def service_model(service: str, package: Path | None = None) -> ServiceModel:
    """Return the model of a service, as this environment's botocore has it or as a package does."""
    loader = Loader(include_default_search_paths=package is None)
    if package:
        loader.search_paths.append(str(package / "botocore" / "data"))
    return ServiceModel(loader.load_service_model(service, "service-2"))


def without_descriptions(shapes: Document) -> str:
    """Write a part of a service model without its descriptions."""

    def cut(value: object) -> object:
        if isinstance(value, dict):
            return {k: cut(v) for k, v in value.items() if k != "documentation" or not isinstance(v, str)}
        return [*map(cut, value)] if isinstance(value, list) else value

    return json.dumps(cut(shapes), sort_keys=True)


@pytest.mark.parametrize(
    ("service", "prefix"), [("sagemaker", "sagemaker"), ("stepfunctions", "states"), ("cloudwatch", "cloudwatch")]
)
def test_operations_are_those_that_the_functions_may_call(
    resources: Document, package: Path, service: str, prefix: str
) -> None:
    """All that any role allows, and no other; the runtime of endpoints has a model of its own."""
    actions = {action.partition(":") for name in functions_of(resources) for action in allowed_to(resources, name)}
    # With the caller's rights, SageMaker looks the packages up that models name, and CloudWatch tags new alarms.
    # Application Auto Scaling scales with the rights of who registers a target.
    implied = {"DescribeModelPackage", "TagResource", "UpdateEndpointWeightsAndCapacities"}
    allowed = {operation for of, _, operation in actions if of == prefix} - implied
    # An operation that several services have by one name is kept in each of them.
    found = set(service_model(service, package).operation_names) - ({"ListTagsForResource"} - allowed)

    assert found == allowed & set(service_model(service).operation_names)


def test_requests_and_answers_stay_whole(package: Path) -> None:
    """Every shape that is left is as botocore ships it, and all are there that requests are checked against."""
    whole: Any = service_model("sagemaker")
    cut: Any = service_model("sagemaker", package)
    alarms: tuple[Any, ...] = (service_model("cloudwatch", package), service_model("cloudwatch"))

    for name in cut.shape_names:
        assert without_descriptions(cut._service_description["shapes"][name]) == without_descriptions(
            whole._service_description["shapes"][name]
        )
    ours, theirs = (each.operation_model("PutMetricAlarm") for each in alarms)
    assert members_of(ours.input_shape) == members_of(theirs.input_shape)
    for operation in CHECKED_OPERATIONS:
        ours, theirs = cut.operation_model(operation), whole.operation_model(operation)
        assert members_of(ours.input_shape) == members_of(theirs.input_shape)
        assert members_of(ours.output_shape) == members_of(theirs.output_shape)


def members_of(shape: Any, seen: frozenset[str] = frozenset()) -> Any:
    """Return the shapes that a shape is made of, by the names of its members."""
    if shape is None or shape.name in seen:
        return None
    parts = {"structure": "members", "list": "member", "map": "value"}.get(shape.type_name)
    if parts is None:
        return shape.name
    below = seen | {shape.name}
    inner = getattr(shape, parts)
    return {k: members_of(v, below) for k, v in inner.items()} if parts == "members" else members_of(inner, below)


def test_clients_call_the_same_endpoints_as_with_whole_data(local_package: Path) -> None:
    """In every region of each service."""
    cut = run(local_package, CLIENTS)
    (whole_data,) = (path for path in sys.path if (Path(path) / "botocore" / "data" / "sagemaker").exists())
    whole = run(Path(whole_data), CLIENTS, json.dumps([*cut]))

    assert "sagemaker" in cut
    assert cut == whole
