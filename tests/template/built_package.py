"""Files of the package, and programs that run with the package alone."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from local.environment import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FUNCTIONS = ROOT / "functions"
ON_LAMBDA = {
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_LAMBDA_FUNCTION_NAME": "deployer",
    "AWS_SECRET_ACCESS_KEY": "none",
    "ARTIFACT_BUCKET": "artifacts",
    "EVENT_BUS_NAME": "default",
    "STACK_NAME": "deployer",
}


def files(package: Path) -> set[str]:
    """Return the files of a package, as paths below it."""
    return {str(path.relative_to(package)) for path in package.rglob("*") if path.is_file()}


def run(package: Path, program: str, *arguments: str) -> Any:
    """Return the JSON that a program prints which can import the standard library and the package, and nothing else."""
    ran = subprocess.run(  # noqa: S603 - a program of our own
        [sys.executable, "-I", "-S", "-c", program, package, *arguments],
        env=ON_LAMBDA,
        capture_output=True,
        check=False,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)
