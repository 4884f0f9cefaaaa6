"""Cold starts: how long a process takes that imports a function and makes what it needs, beside a bare boto3 handler.

All are whole processes of this machine's Python, one after the other in turns. What counts are the ratios of their
processor seconds: whatever else the machine does changes those little, and meets all alike.
"""

from __future__ import annotations

import compileall
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from local.aws.build import build_package
from local.environment import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BARE = "bare boto3 handler"
MOST_OF_SHIPPED, MOST_OF_COMPILED = 0.75, 1.25
"""Times of a bare handler that a function may take: without its bytecode, as `sam build` ships it, and with it."""

_FOLDER = ROOT / ".cache" / "bench"
_BARE_PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six")
_BARE_HANDLER = 'import boto3; boto3.client("sagemaker")'
_ENVIRONMENT = {
    "ARTIFACT_BUCKET": "artifacts",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_LAMBDA_FUNCTION_NAME": "bench",
    "AWS_SECRET_ACCESS_KEY": "none",
    "EVENT_BUS_NAME": "default",
    "STACK_NAME": "bench",
}


@dataclass(frozen=True)
class ColdStart:
    """A function's cold start.

    Attributes:
        name: The handler's module, or `BARE`.
        shipped: Seconds without bytecode.
        compiled: Seconds with bytecode.
    """

    name: str
    shipped: float
    compiled: float


def measure(rounds: int) -> list[ColdStart]:
    """Measure the bare handler, and each function; the bare one first.

    Args:
        rounds: How often each is started; the medians count.
    """
    shutil.rmtree(_FOLDER, ignore_errors=True)
    ours, bare = build_package(_FOLDER / "build"), _bare_package(_FOLDER / "bare")
    shipped = {path: _without_bytecode(path) for path in (ours, bare)}
    compileall.compile_dir(bare, quiet=2)
    programs = {BARE: (bare, _BARE_HANDLER)}
    programs |= {path.stem: (ours, f"import {path.stem}") for path in sorted(ours.glob("*.py")) if _is_handler(path)}
    times: Mapping[str, tuple[list[float], list[float]]] = {name: ([], []) for name in programs}
    for _ in range(rounds):
        for name, (package, program) in programs.items():
            times[name][0].append(_seconds(shipped[package], program, "-B"))
            times[name][1].append(_seconds(package, program))
    return [ColdStart(name, median(found[0]), median(found[1])) for name, found in times.items()]


def _is_handler(path: Path) -> bool:
    return (ROOT / "functions" / path.name).exists()


def function_of(module: str) -> str:
    """Return the name of the function whose handler a module has."""
    return re.sub(r"(?:^|_)(.)", lambda found: found[1].upper(), module)


def missed_targets(found: Sequence[ColdStart]) -> list[str]:
    """Return the functions whose cold start takes longer than it may, compared with the bare handler."""
    bare, *functions = found
    return [
        f"{each.name} takes {each.compiled:.3f} s; bare {bare.shipped:.3f} s, with bytecode {bare.compiled:.3f} s"
        for each in functions
        if each.compiled > min(MOST_OF_SHIPPED * bare.shipped, MOST_OF_COMPILED * bare.compiled)
    ]


def _bare_package(folder: Path) -> Path:
    """Copy what a handler with boto3 has in its package, from this environment."""
    for name in _BARE_PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"A bare handler needs {name}, which is not installed", name=name)
        origin = Path(spec.origin)
        if spec.submodule_search_locations:
            shutil.copytree(origin.parent, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(origin, folder)
    return folder


def _without_bytecode(package: Path) -> Path:
    copied = package.with_name(f"{package.name}-shipped")
    return Path(shutil.copytree(package, copied, ignore=shutil.ignore_patterns("__pycache__")))


def _seconds(package: Path, program: str, *options: str) -> float:
    """Return the processor seconds of a process that has Python itself and a package, and nothing else.

    Raises:
        CalledProcessError: It failed.
    """
    source = f"import sys; sys.path.append({str(package)!r}); {program}"
    command = [sys.executable, "-I", "-S", *options, "-c", source]
    with subprocess.Popen(command, env={**_ENVIRONMENT, "PATH": os.defpath}) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return usage.ru_utime + usage.ru_stime
