"""The package: the functions, what they import, and bytecode of both for the runtime."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambda_package.service_data import cut_service_data

if TYPE_CHECKING:
    from pathlib import Path

HOST = "host"
"""The architecture that stands for this machine, whatever it is."""

_PLATFORMS = {"arm64": "aarch64", "x86_64": "x86_64"}
# Lambda's Pythons run on Amazon Linux 2023, whose glibc is 2.34 (Lambda Developer Guide, "Lambda runtimes").
_GLIBCS = ("manylinux2014", "manylinux_2_28")

_NEVER_IMPORTED = (
    "*.dist-info",
    "bin",
    "jsonpointer-stubs",
    "**/*.pyi",
    "**/py.typed",
    "**/tests",
    "aws_lambda_powertools/event_handler",
    "aws_lambda_powertools/metrics/provider/datadog",
    "aws_lambda_powertools/utilities/*",
    "dateutil/zoneinfo/*.tar.gz",
    "jsonschema/benchmarks",
    "pydantic/experimental",
    "pydantic/mypy.py",
    "pydantic/v1",
    "urllib3/contrib/emscripten",
    # PyYAML's parser in C; manifests are read by the one in Python, which says where a mistake is.
    "_yaml",
    "yaml/_yaml*.so",
)
_IMPORTED = tuple(f"aws_lambda_powertools/utilities/{name}" for name in ("__init__.py", "jmespath_utils", "typing"))
"""The modules that are kept all the same."""

_TIME = 1_577_836_800
"""Of all files: with one time, an equal package is an equal archive, and `sam deploy` publishes no new versions."""

_COMPILE = """
import compileall, py_compile, sys
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
options = {"maxlevels": 20, "force": True, "quiet": 1, "stripdir": sys.argv[1], "prependdir": "/var/task"}
sys.exit(not compileall.compile_dir(sys.argv[1], invalidation_mode=mode, **options))
"""


@dataclass(frozen=True, slots=True)
class Target:
    """The runtime and architecture of the package.

    Attributes:
        runtime: Lambda's name of a Python, such as `python3.13`.
        architecture: `arm64`, `x86_64`, or `host`.
    """

    runtime: str
    architecture: str


def build(functions: Path, package: Path, target: Target) -> None:
    """Build the package.

    Args:
        functions: The folder with the handlers and `requirements.txt`.
        package: The folder to make.
        target: What it is for.
    """
    _install(functions / "requirements.txt", package, target)
    cut_service_data(package, functions)
    _remove_never_imported(package)
    _copy_sources(functions, package)
    _compile(package, target)
    for path in package.rglob("*"):
        os.utime(path, (_TIME, _TIME))


def _install(requirements: Path, package: Path, target: Target) -> None:
    """Install the requirements for the target, whatever machine this is, as wheels only: nothing is run."""
    version = target.runtime.removeprefix("python")
    platform = [] if target.architecture == HOST else _platform(version, target.architecture)
    command = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile", "--no-deps"]
    wheels = ["--require-hashes", "--only-binary=:all:", *platform, "--target", str(package), "-r", str(requirements)]
    subprocess.run([sys.executable, *command, *wheels], check=True)  # noqa: S603 - pip, with fixed arguments


def _platform(version: str, architecture: str) -> list[str]:
    platforms = [f"--platform={glibc}_{_PLATFORMS[architecture]}" for glibc in _GLIBCS]
    abis = [f"--abi=cp{version.replace('.', '')}", "--abi=abi3", "--abi=none"]
    return ["--implementation=cp", f"--python-version={version}", *abis, *platforms]


def _remove_never_imported(package: Path) -> None:
    kept = {package / path for path in _IMPORTED}
    for pattern in _NEVER_IMPORTED:
        for path in [*package.glob(pattern)]:
            if path in kept:
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def _copy_sources(functions: Path, package: Path) -> None:
    """Copy the handlers and the package `deployer`; `requirements.txt` names the rest."""
    for path in (*functions.glob("*.py"), functions / "requirements.txt"):
        shutil.copy(path, package)
    shutil.copytree(functions / "deployer", package / "deployer", ignore=shutil.ignore_patterns("__pycache__"))


def _compile(package: Path, target: Target) -> None:
    """Compile everything if the runtime's own Python is on this machine: the bytecode of another is of no use.

    Python takes the bytecode without a look at its source, since the package never changes: what Lambda unpacks has
    other times than what was compiled, and cannot be written to, so it would compile again at each cold start.
    """
    python = _python(target.runtime)
    if python is None:
        sys.stderr.write(
            f"No bytecode in the package, so cold starts take longer: there is no {target.runtime} here.\n"
        )
        return
    subprocess.run([python, "-I", "-c", _COMPILE, str(package)], check=True)  # noqa: S603 - a program of our own


def _python(runtime: str) -> str | None:
    """Return a Python of the runtime's version, or None; what version managers put into the path may be no Python."""
    if runtime == f"python{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    found = shutil.which(runtime)
    works = found and subprocess.run([found, "-I", "-c", ""], capture_output=True, check=False).returncode == 0  # noqa: S603
    return found if works else None
