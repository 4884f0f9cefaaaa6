"""Builds the shipped template by `sam build`, and makes the copy of it that runs on a laptop.

The copy differs only in the `Runtime` and the `CodeUri` that all functions share. MiniStack's own worker for Python
reports every exception as `Runtime.HandlerError`, which hides the class names that the state machine retries and
catches. On a custom runtime it passes them on, so the built package gets a `bootstrap` that runs AWS's runtime client.
"""

import fcntl
import hashlib
import importlib.util
import platform
import shlex
import shutil
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

import yaml

from local.aws import function_process
from local.aws.errors import LocalAwsError
from local.aws.processes import run
from local.environment import BUILD, REGION, ROOT, WHEELS, process_environment

_TEMPLATE = ROOT / "template.yaml"
_FUNCTIONS = ROOT / "functions"
_SAM = Path(sys.executable).with_name("sam")
_BUILD_SECONDS = 240.0
# The functions share one package, so the package of one of them is enough.
_BUILT_FUNCTION = "PlanDeploymentFunction"
_CUSTOM_RUNTIME = "provided.al2023"
_RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
_RUNTIME_CLIENT = ("awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py")
_ARCHITECTURES = {"arm64": "arm64", "aarch64": "arm64", "x86_64": "x86_64", "AMD64": "x86_64"}


class UnsharedCodeError(LocalAwsError):
    """A function of the template does not share the code and the runtime of all others."""


class WheelsMissingError(LocalAwsError):
    """The functions' requirements have not been fetched."""


def architecture() -> str:
    """Return this machine's processor architecture, as Lambda names it."""
    return _ARCHITECTURES.get(platform.machine(), "x86_64")


def build() -> Path:
    """Build the template for this machine and return the path of its local copy.

    Nothing is built twice: as long as the template and the functions stay the same, so does the build. The functions'
    requirements come from the folder of wheels that `make install` has filled, never from the network.

    Raises:
        ProgramFailedError: `sam build` failed.
        UnsharedCodeError: A function has a CodeUri or a Runtime of its own.
        WheelsMissingError: The functions' requirements have not been fetched.
    """
    if not any(WHEELS.glob("*.whl")):
        raise WheelsMissingError(f"There are no wheels in {WHEELS}; `make install` fetches them")
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _build_once()


def _build_once() -> Path:
    stamp = BUILD / "stamp"
    local_template = BUILD / "build" / "local.yaml"
    sources = _digest(_sources())
    if stamp.exists() and stamp.read_text(encoding="utf-8") == sources and local_template.exists():
        return local_template
    stamp.unlink(missing_ok=True)
    _sam_build()
    _localize(BUILD / "build" / "template.yaml", local_template)
    stamp.write_text(sources, encoding="utf-8")
    return local_template


def _sources() -> Iterable[Path]:
    yield _TEMPLATE
    yield Path(__file__)
    yield from sorted(p for p in _FUNCTIONS.rglob("*") if p.is_file() and "__pycache__" not in p.parts)


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256(f"{sys.version} {sys.executable}".encode())
    for path in paths:
        content = path.read_bytes()
        digest.update(f"{path} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def build_package(folder: Path) -> Path:
    """Build the functions' package for this machine and its Python, without SAM.

    Args:
        folder: The package is to be in a folder of it.

    Raises:
        ProgramFailedError: The build failed.
    """
    package = folder / "package"
    folder.mkdir(parents=True, exist_ok=True)
    make = ["make", "build-Package", f"ARTIFACTS_DIR={package}"]
    run(make, environment=_build_environment(folder), folder=_FUNCTIONS, timeout=_BUILD_SECONDS)
    return package


def _build_environment(home: Path) -> dict[str, str]:
    variables = {
        "PIP_NO_INDEX": "1",
        # As a URI, because pip splits the list at spaces, which the path may have.
        "PIP_FIND_LINKS": WHEELS.as_uri(),
        "AWS_DEFAULT_REGION": REGION,
        "PYTHON": sys.executable,
        "RUNTIME": _RUNTIME,
        "ARCHITECTURE": "host",
    }
    return process_environment(home, variables)


def _sam_build() -> None:
    environment = _build_environment(BUILD)
    environment["PATH"] = f"{_SAM.parent}:{environment['PATH']}"
    parameters = [f"Runtime={_RUNTIME}", f"Architecture={architecture()}"]
    run(
        [_SAM, "build", _BUILT_FUNCTION, "--template", _TEMPLATE, "--build-dir", BUILD / "build",
         "--cached", "--cache-dir", BUILD / "cache", "--parameter-overrides", *parameters],
        environment=environment,
        folder=BUILD,
        timeout=_BUILD_SECONDS,
    )  # fmt: skip


def _localize(built: Path, local: Path) -> None:
    """Write a copy of the built template whose functions run AWS's runtime client on a custom runtime."""
    template = yaml.safe_load(built.read_text(encoding="utf-8"))
    package = local.with_name("functions.zip")
    _pack(built.parent / template["Resources"][_BUILT_FUNCTION]["Properties"].pop("CodeUri"), package)
    template["Globals"]["Function"].update(CodeUri=package.name, Runtime=_CUSTOM_RUNTIME)
    for name, resource in template["Resources"].items():
        own = sorted(resource.get("Properties", {}).keys() & {"CodeUri", "Runtime"})
        if resource["Type"] == "AWS::Serverless::Function" and own:
            raise UnsharedCodeError(f"{name} has its own {' and '.join(own)}; local AWS builds only the shared one")
    local.write_text(yaml.safe_dump(template, sort_keys=False), encoding="utf-8")


def _pack(built: Path, package: Path) -> None:
    """Zip a built function together with its `bootstrap`; stored, for it goes no further than this machine."""
    program = [sys.executable, "-S", function_process.__file__, str(_runtime_client())]
    bootstrap = zipfile.ZipInfo("bootstrap")
    bootstrap.external_attr = 0o755 << 16
    with zipfile.ZipFile(package, "w") as archive:
        for path in sorted(built.rglob("*")):
            archive.write(path, path.relative_to(built))
        archive.writestr(bootstrap, f"#!/bin/sh\nexec {shlex.join(program)}\n")


def _runtime_client() -> Path:
    """Return a folder with AWS's runtime client in it, and no other package of this environment."""
    folder = BUILD / "runtime-client"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in _RUNTIME_CLIENT:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"AWS's runtime client needs {name}, which is not installed", name=name)
        origin = Path(spec.origin)
        module = origin.parent if spec.submodule_search_locations else origin
        (folder / module.name).symlink_to(module)
    return folder
