"""The package that Lambda runs: for the template's default runtime and architecture, and for this machine.

`functions/Makefile` builds both, as `sam build` has it do. The wheels are those that `make install` has fetched, never
the network.
"""

from __future__ import annotations

import re
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from deployer.json_document import Document
from local.environment import ROOT
from tests.template.built_package import FUNCTIONS, files, run
from tests.template.shipped import functions_of

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

REQUIREMENTS = FUNCTIONS / "requirements.txt"
MODULES = sorted(path.stem for path in FUNCTIONS.glob("*.py"))
PLATFORMS = {"arm64": ("aarch64", 183), "x86_64": ("x86_64", 62)}
"""As pip and as ELF files name them."""
COMPILED = {"pydantic_core", "rpds"}
MEGABYTE = 1_000_000
# Lambda takes 50 MB zipped and 250 MB unzipped (Lambda Developer Guide, "Lambda quotas"). How long a cold start takes
# depends on the size, so what is measured (6.5 MB and 17.6 MB with bytecode) gets little to grow.
MOST_ZIPPED, MOST_UNZIPPED = 8 * MEGABYTE, 20 * MEGABYTE

IMPORTS = """
import importlib, json, sys
sys.path.append(sys.argv[1])
for name in sys.argv[2:]:
    importlib.import_module(name).handler
files = [getattr(module, "__file__", None) for module in sys.modules.values()]
print(json.dumps([file for file in files if file]))
"""


def default_of(template: Document, parameter: str) -> str:
    """Return a parameter's default."""
    return str(template["Parameters"][parameter]["Default"])


def test_makefile_builds_every_function_for_the_runtime_of_the_template(
    template: Document, resources: Document
) -> None:
    makefile = (FUNCTIONS / "Makefile").read_text()

    for name in functions_of(resources):
        assert resources[f"{name}Function"]["Metadata"]["BuildMethod"] == "makefile"
    for parameter in ("Runtime", "Architecture"):
        assert f"export {parameter.upper()} ?= {default_of(template, parameter)}\n" in makefile


def test_package_holds_pinned_requirements_only(package: Path) -> None:
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
    package_build: subprocess.CompletedProcess[str], package: Path
) -> None:
    """Bytecode is made by a Python of the runtime's version, which a developer's machine need not have."""
    has_bytecode = any(file.endswith(".pyc") for file in files(package))
    line = "No bytecode in the package, so cold starts take longer: there is no python3.13 here."

    assert package_build.stderr.splitlines() == ([] if has_bytecode else [line])


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
