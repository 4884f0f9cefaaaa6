"""The lines that `make local` prints, run as they are by a developer with a set-up of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from local.demo.up import instructions

if TYPE_CHECKING:
    from pathlib import Path

    from local.aws.stack import Stack


def has_command_line() -> bool:
    """Return whether version 2 of the AWS CLI is here, for which the lines are written."""
    if shutil.which("aws") is None:
        return False
    version = subprocess.run(["aws", "--version"], capture_output=True, text=True, check=False)  # noqa: S607 - the user's
    return version.stdout.startswith("aws-cli/2")


HOSTILE = {"AWS_PROFILE": "nobody", "HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}


@pytest.mark.skipif(not has_command_line(), reason="version 2 of the AWS CLI is not here")
def test_printed_lines_deploy_the_sample(stack: Stack, artifact: bytes, tmp_path: Path) -> None:
    """One after the other: upload, executions, status, invocation and log."""
    sample = tmp_path / "my models" / "model.tar.gz"
    sample.parent.mkdir()
    sample.write_bytes(artifact)
    before = {execution["executionArn"] for execution in stack.executions()}
    text = instructions(stack.outputs, stack.server.url, 50.0, sample)
    script = text.partition("\n\nSageMaker's time")[0]
    upload, _, after = script.partition("\naws stepfunctions")

    first = run(upload)
    (execution,) = {each["executionArn"] for each in stack.executions()} - before
    outcome = stack.outcome_of(execution)
    then = run(f"{script.partition('aws s3 cp')[0]}aws stepfunctions{after.partition('aws logs tail')[0]}")

    assert (first.returncode, then.returncode) == (0, 0), first.stderr + then.stderr
    assert outcome["Outcome"] == "Deployed"
    assert execution in then.stdout
    assert '"InService"' in then.stdout
    assert "predictions" in then.stdout


def run(script: str) -> subprocess.CompletedProcess[str]:
    """Run lines in a shell of the developer's."""
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "AWS_PAGER": "", **HOSTILE}
    return subprocess.run(  # noqa: S603 - lines of our own
        ["bash", "-e", "-c", script],  # noqa: S607 - the developer's shell
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
