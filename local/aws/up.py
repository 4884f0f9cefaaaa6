"""Keeps the stack running on local AWS until Ctrl-C. `python -m local.aws.up`."""

import signal

from rich.console import Console

from endpoint_deployer.view.progress import Progress
from local.aws.build import build
from local.aws.deploy import deploy
from local.aws.interrupts import run_interruptible
from local.aws.server import Server
from local.environment import aws_environment


def main() -> int:
    """Bring local AWS and the stack up, tell how to talk to them, and wait to be interrupted."""
    console = Console(highlight=False)
    progress = Progress(console)
    with progress.step("Build the stack with sam build"):
        template = build()
    with Server() as server:
        with progress.step("Deploy the stack to local AWS"):
            outputs = deploy(server, template, {})
        exports = "".join(f"export {name}={value}\n" for name, value in aws_environment(server.url).items())
        console.print(
            f"\n{exports}\n"
            f"aws s3 cp model.tar.gz s3://{outputs.artifact_bucket}/models/<endpoint>/model.tar.gz\n"
            f"aws stepfunctions start-execution --state-machine-arn {outputs.state_machine_arn} --input file://…\n"
            f"\nCtrl-C ends it.",
            soft_wrap=True,
            markup=False,
        )
        signal.pause()
    return 0


if __name__ == "__main__":
    run_interruptible(main)
