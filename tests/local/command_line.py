"""The command line in a process of its own, on the stack."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import yaml

from local.environment import ROOT, aws_environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from local.aws.stack import Stack

SECONDS = 120


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

    def run_in_terminal(self, *arguments: str) -> str:
        """Run a command in a terminal; return what it drew."""
        ours, theirs = pty.openpty()
        command = [sys.executable, "-m", "endpoint_deployer", *arguments]
        variables = {**self._environment, "TERM": "xterm-256color"}
        with subprocess.Popen(command, cwd=ROOT, env=variables, stdout=theirs, stderr=theirs) as process:  # noqa: S603 - fixed arguments
            os.close(theirs)
            drawn = b""
            # Linux reports the other end's closing as an error.
            with suppress(OSError):
                while part := os.read(ours, 65536):
                    drawn += part
            os.close(ours)
            assert process.wait(SECONDS) == 0, drawn
        return drawn.decode()

    def json(self, *arguments: str, status: int = 0) -> Any:
        """Run a command that prints JSON; return that."""
        return json.loads(self.run(*arguments, "--json", status=status))


def write_manifest(folder: Path, count: int, **more: Any) -> None:
    """Write a manifest for a count of instances."""
    variant = {"InstanceType": "ml.m5.large", "InitialInstanceCount": count}
    models = {"m": {"PrimaryContainer": {"Environment": {"KEY": "hunter2"}}}}
    manifest = {"Models": models, "EndpointConfig": {"ProductionVariants": [variant]}, **more}
    (folder / "deployment.yaml").write_text(yaml.safe_dump(manifest))
