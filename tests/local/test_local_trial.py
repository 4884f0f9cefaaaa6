"""The lines that `make local` prints, run as they are by a developer with a set-up of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from local.demo.up import instructions, write_sample

if TYPE_CHECKING:
    from pathlib import Path

    from local.aws.stack import Stack


HOSTILE = {"AWS_PROFILE": "nobody", "HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}


@pytest.mark.skipif(shutil.which("aws") is None, reason="the AWS CLI is not here")
def test_printed_lines_deploy_the_sample(stack: Stack, tmp_path: Path) -> None:
    """One after the other, with either version of the AWS CLI: upload, progress, status, invocation and log."""
    sample = tmp_path / "my models"
    write_sample(sample)
    before = {execution["executionArn"] for execution in stack.executions()}
    text = instructions(stack.outputs, stack.server.url, 50.0, sample)
    script = text.partition("\n\nSageMaker's time")[0]
    upload, watch, after = script.partition("\n(cd ")

    first = run(upload)
    (execution,) = {each["executionArn"] for each in stack.executions()} - before
    outcome = stack.outcome_of(execution)
    then = run(upload.partition("\naws s3 cp")[0] + watch + after)

    assert (first.returncode, then.returncode) == (0, 0), first.stderr + then.stderr
    assert outcome["Outcome"] == "Deployed"
    for expected in (execution, "RecordDeployment", '"InService"', "predictions", '"message":"Decided"'):
        assert expected in then.stdout


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
