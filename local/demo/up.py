"""Keeps the stack running on local AWS until Ctrl-C. `python -m local.demo.up --speed 60 --port 4566`."""

import argparse
import platform
import shlex
import shutil
import signal
import sys
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from endpoint_deployer.view.progress import Progress
from local.aws.build import build
from local.aws.deploy import Outputs, deploy
from local.aws.errors import LocalAwsError
from local.aws.interrupts import run_interruptible
from local.aws.server import Server
from local.demo.sample.training import pack, train
from local.environment import BUILD, ROOT, STACK_NAME, aws_environment

_IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3"
"""The image of uploads without a manifest; local models run in this environment, whatever image they name."""

_SAMPLE = BUILD / "sample"
"""A folder with an artifact, and with a row of measurements that its model takes."""

_ROW = ",".join(["1"] * 30)
_PACKAGES = ("scikit-learn", "numpy", "joblib")
_CREATION_SECONDS = 180.0


def main() -> int:
    """Bring local AWS and the stack up, print how to use them, and wait to be interrupted."""
    options = _options()
    console = Console(highlight=False)
    progress = Progress(console)
    try:
        with progress.step("Build the stack with sam build"):
            template = build()
        with progress.step("Train the sample's model"):
            write_sample(_SAMPLE)
        with Server(speed=options.speed, port=options.port) as server:
            with progress.step("Deploy the stack to local AWS"):
                outputs = deploy(server, template, {"DefaultImage": _IMAGE, "FailureLogLines": "20"})
            console.print(instructions(outputs, server.url, options.speed), soft_wrap=True, markup=False)
            signal.pause()
    except LocalAwsError as error:
        console.print(f"{type(error).__name__}: {error}", style="red", markup=False)
        return 1
    return 0


def write_sample(folder: Path) -> None:
    """Write the sample's artifact, and a row that it takes."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.tar.gz").write_bytes(pack(train()))
    (folder / "row.csv").write_text(_ROW, encoding="utf-8")


def instructions(outputs: Outputs, url: str, speed: float, sample: Path = _SAMPLE) -> str:
    """Return what a person does next: lines for the shell that work as they are, and what to know of this AWS.

    They work with versions 1 and 2 of the AWS CLI, which differ in blobs and in `logs tail`.
    """
    aws = (
        "aws" if shutil.which("aws") else f"{shlex.quote(str(Path(sys.executable).with_name('uvx')))} --from awscli aws"
    )
    exports = "\n".join(f"export {name}={value}" for name, value in aws_environment(url).items())
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    pip = shlex.quote(str(Path(sys.executable).with_name("pip")))
    lasts = f"about {_CREATION_SECONDS / speed:.0f} s"
    time = "Time is real" if speed == 1 else f"SageMaker's time and the waits run {speed:g} times as fast"
    return f"""
{exports}
unset AWS_PROFILE HTTP_PROXY HTTPS_PROXY http_proxy https_proxy

{aws} s3 cp {shlex.quote(str(sample / "model.tar.gz"))} s3://{outputs.artifact_bucket}/models/sample/model.tar.gz
(cd {shlex.quote(str(ROOT))} && {shlex.quote(sys.executable)} -m endpoint_deployer --stack {STACK_NAME} watch sample)
{aws} stepfunctions list-executions --state-machine-arn {outputs.state_machine_arn}
{aws} sagemaker describe-endpoint --endpoint-name sample --query EndpointStatus
{aws} sagemaker-runtime invoke-endpoint --endpoint-name sample --content-type text/csv \\
  --body {shlex.quote(f"fileb://{sample / 'row.csv'}")} /dev/stdout
{aws} logs filter-log-events --log-group-name /aws/lambda/endpoint-deployer \\
  --query "events[].message" --output text

{time}: an endpoint takes {lasts} to come up.
Models run in Python {platform.python_version()} with the packages of this environment: {packages}.
Others: {pip} install …
What a model prints is in the log group /aws/sagemaker/Endpoints/<endpoint>. What local AWS lacks:
{ROOT / "docs" / "architecture.md"}, "AWS on a laptop".

Ctrl-C ends it."""


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make local", description=__doc__)
    parser.add_argument("--speed", type=_speed, default=1.0, help="times as fast as real time (default: 1)")
    parser.add_argument("--port", type=int, default=0, help="the port on 127.0.0.1 (default: one that is free)")
    return parser.parse_args()


def _speed(text: str) -> float:
    speed = float(text)
    if not 0 < speed <= 1000:  # noqa: PLR2004 - what local AWS keeps up with
        raise argparse.ArgumentTypeError("must be above 0 and at most 1000")
    return speed


if __name__ == "__main__":
    run_interruptible(main)
