"""`make install`, with programs in place of Python and pip that do as little as possible."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from local.aws import build
from local.environment import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PYTHON = """#!/bin/sh
# A Python of a version that makes environments whose pip fails as long as there is a file `interrupted`.
case "$*" in
  -V) echo Python {version} ;;
  -c*) [ {version} = 3.10.12 ] || echo True ;;
  "-m venv"*) mkdir -p .venv/bin; cp "$0" .venv/bin/python; echo made >> log ;;
  "-m pip"*)
    mkdir -p .cache/wheels-python3.13-arm64
    [ ! -f interrupted ] || {{ touch .venv/half-installed; exit 1; }} ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder, with a space in its name, that has what `make install` reads."""
    folder = tmp_path / "my checkout"
    (folder / "functions").mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", folder)
    for name in ("requirements-dev.txt", "functions/requirements.txt"):
        (folder / name).touch()
    return folder


def install(checkout: Path, version: str = "3.12.1") -> subprocess.CompletedProcess[str]:
    """Run `make install` with a Python of a version."""
    python = checkout / "python"
    python.write_text(PYTHON.format(version=version))
    python.chmod(0o755)
    environment = {"PATH": os.environ["PATH"], "HOME": str(checkout)}
    return subprocess.run(
        ["make", "install", "PYTHON=./python"],  # noqa: S607 - the developer's make
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_install_makes_the_environment_once(checkout: Path) -> None:
    first, second = install(checkout), install(checkout)

    assert (first.returncode, second.returncode) == (0, 0)
    assert (checkout / "log").read_text().splitlines() == ["made"]


def test_interrupted_install_heals_itself(checkout: Path) -> None:
    """An environment that an interrupt left incomplete is made again."""
    (checkout / "interrupted").touch()
    interrupted = install(checkout)
    (checkout / "interrupted").unlink()

    healed = install(checkout)

    assert (interrupted.returncode, healed.returncode) == (2, 0)
    assert (checkout / "log").read_text().splitlines() == ["made", "made"]
    assert not (checkout / ".venv/half-installed").exists()


def test_python_that_is_too_old_is_refused_in_one_line(checkout: Path) -> None:
    refused = install(checkout, "3.10.12")

    (line,) = refused.stderr.splitlines()
    assert refused.returncode == 2
    assert (
        "Python 3.11 or newer is needed, and ./python is Python 3.10.12: make PYTHON=python3.12 takes another" in line
    )
    assert not (checkout / ".venv").exists()


def test_package_is_built_in_a_checkout_whose_path_has_a_space(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own Python, the target and the folder of the wheels all are in it."""
    shutil.copy(ROOT / "functions/Makefile", checkout / "functions")
    python = checkout / "python"
    python.write_text('#!/bin/sh\nfor word in "$@"; do echo "$word" >> log; done\n')
    python.chmod(0o755)
    environments: list[dict[str, str]] = []
    monkeypatch.setattr(build, "WHEELS", checkout / "wheels")
    monkeypatch.setattr(build, "run", lambda *_, environment, **__: environments.append(environment))

    build._sam_build()
    subprocess.run(
        ["make", "build-PlanDeploymentFunction"],  # noqa: S607 - the developer's make
        cwd=checkout / "functions",
        env={"PATH": os.environ["PATH"], "PYTHON": str(python), "ARTIFACTS_DIR": str(checkout / "built")},
        check=True,
    )

    assert environments[0]["PIP_FIND_LINKS"] == (checkout / "wheels").as_uri()
    assert " " not in environments[0]["PIP_FIND_LINKS"]
    assert (checkout / "functions/log").read_text().splitlines()[-1] == str(checkout / "built")
