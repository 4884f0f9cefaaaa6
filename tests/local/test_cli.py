"""The command line against the shipped stack, as a person and a pipe use it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from local.environment import ROOT, aws_environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from local.aws.stack import Stack

SECONDS = 120
ENDPOINT = "commanded"


class CommandLine:
    """Runs the command line in a process of its own, whose output is a pipe."""

    def __init__(self, stack: Stack) -> None:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self._environment: Mapping[str, str] = {**kept, **aws_environment(stack.server.url)}

    def run(self, *arguments: str, status: int = 0, **variables: str) -> str:
        """Run a command; return what it printed, and assert its exit status and that it drew nothing for a terminal."""
        done = subprocess.run(  # noqa: S603 - fixed arguments
            [sys.executable, "-m", "endpoint_deployer", *arguments],
            cwd=ROOT,
            env={**self._environment, **variables},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr
        assert "\x1b" not in done.stdout
        assert "Traceback" not in done.stderr
        return done.stdout if status in {0, 2} else done.stdout + done.stderr

    def json(self, *arguments: str, status: int = 0) -> Any:
        """Run a command that prints JSON; return that."""
        return json.loads(self.run(*arguments, "--json", status=status))


@pytest.fixture
def command_line(stack: Stack) -> CommandLine:
    """The command line, on the stack."""
    return CommandLine(stack)


@pytest.fixture
def folder(tmp_path: Path, artifact: bytes) -> Path:
    """A folder with a manifest and an artifact."""
    path = tmp_path / ENDPOINT
    path.mkdir()
    (path / "model.tar.gz").write_bytes(artifact)
    write_manifest(path, 1)
    return path


def write_manifest(folder: Path, count: int, **more: Any) -> None:
    """Write a manifest for a count of instances."""
    variant = {"InstanceType": "ml.m5.large", "InitialInstanceCount": count}
    models = {"m": {"PrimaryContainer": {"Environment": {"KEY": "hunter2"}}}}
    manifest = {"Models": models, "EndpointConfig": {"ProductionVariants": [variant]}, **more}
    (folder / "deployment.yaml").write_text(yaml.safe_dump(manifest))


def test_endpoint_is_planned_deployed_and_rolled_back(command_line: CommandLine, folder: Path, stack: Stack) -> None:
    """What a person does one after the other, each with the exit status that a pipeline reads."""
    assert "waits for an artifact" in command_line.run("plan", str(folder / "deployment.yaml"), status=1)
    printed = command_line.run("deploy", str(folder), "--watch")
    assert "DescribeEndpoint" in printed
    assert printed.rstrip().endswith("Deployed")
    first = stack.endpoint(ENDPOINT)["EndpointConfigName"]
    command_line.run("plan", str(folder))

    write_manifest(folder, 2)
    planned = command_line.run("plan", str(folder), status=2)
    assert "~ InitialInstanceCount: 1 → 2" in planned
    assert "hunter2" not in planned
    assert stack.endpoint(ENDPOINT)["EndpointConfigName"] == first
    deployed = command_line.json("deploy", str(folder / "deployment.yaml"), "--watch")
    assert (deployed["Outcome"], deployed["EndpointName"]) == ("Deployed", ENDPOINT)

    rows = command_line.json("history", ENDPOINT)
    assert [row["IsLive"] for row in rows] == [True, False]
    assert [row["CanBeRolledBackTo"] for row in rows] == [False, True]
    assert rows[1]["Revision"] == first
    (change,) = command_line.json("diff", ENDPOINT)["Changes"]
    assert (change["Before"], change["After"]) == (1, 2)

    command_line.run("rollback", ENDPOINT, "--to", first, "--watch")
    assert stack.endpoint(ENDPOINT)["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    found = command_line.json("status", ENDPOINT)
    assert (found["Status"], found["Live"]["State"], found["Runs"]) == ("InService", "deployed", [])
    assert f"{ENDPOINT} InService" in command_line.run("status")


def test_wrong_request_is_rejected_with_its_exit_status(command_line: CommandLine, folder: Path) -> None:
    write_manifest(folder, 1, Colour="blue")

    assert "Colour: is no field of a request" in command_line.run("plan", str(folder), status=1)
    assert "Colour: is no field of a request" in command_line.run("deploy", str(folder), "--watch", status=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            ["--stack", "nix", "status"], "There is no stack nix in us-east-1. Name it with --stack", id="stack"
        ),
        pytest.param(["status", "nix"], "There is no endpoint nix", id="endpoint"),
        pytest.param(["watch", "nix"], "nix is no execution of the stack", id="execution"),
        pytest.param(["history", "nix"], "Nothing is stored of an endpoint nix", id="history"),
        pytest.param(["diff", "nix"], "There are no two deployed revisions of nix", id="revisions"),
        pytest.param(["retry", "nix"], "nix is no execution of the stack", id="retry"),
        pytest.param(["plan", "./nix"], "nix: there is no such file or folder", id="path"),
    ],
)
def test_what_is_not_found_is_named(command_line: CommandLine, arguments: list[str], message: str) -> None:
    assert message in command_line.run(*arguments, status=1)
