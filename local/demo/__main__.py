"""Runs the demo: a model goes live, a better one takes over, a broken one is rolled back. `python -m local.demo`.

With a folder it also draws what it printed, and what the command line prints afterwards: the pictures of the documents.
"""

import sys
from pathlib import Path
from time import monotonic

from rich.console import Console

from endpoint_deployer.errors import CommandError
from endpoint_deployer.view.progress import Progress
from local.aws.build import build
from local.aws.errors import LocalAwsError
from local.aws.interrupts import run_interruptible
from local.aws.server import Server
from local.aws.stack import Stack
from local.demo.demo import Demo
from local.demo.demo_models import DemoModels
from local.demo.pictures import draw_commands, recording_console, save
from local.demo.sample.training import MANIFEST
from local.simulator import Fault, Settings

_SPEED = 60.0
_LAG = 30.0
_SETTINGS = Settings(
    lag=_LAG,
    create_seconds=90.0,
    update_seconds=90.0,
    faults=(
        # A replica that is up to date may answer each look-up. These two are answered by one that is not.
        Fault(operation="CreateEndpointConfig", kind="stale", times=1),
        Fault(operation="CreateEndpoint", kind="stale", times=1),
    ),
)


def main() -> int:
    """Run the demo, and draw it if a folder is given; return 0 only if all of it happened."""
    if len(sys.argv) == 1:
        return _demonstrate(Console(highlight=False))
    folder, console = Path(sys.argv[1]), recording_console()
    status = _demonstrate(console, folder)
    if status:
        sys.stdout.write(console.export_text())
    else:
        save(console, folder / "demo.svg", "make demo")
    return status


def _demonstrate(console: Console, folder: Path | None = None) -> int:
    begin, progress = monotonic(), Progress(console)
    try:
        _run(progress, folder)
    except (LocalAwsError, CommandError) as error:
        progress.say(f"[bold red]The demo failed[/]: {type(error).__name__}: {error}")
        return 1
    progress.say(f"[bold green]All of it happened[/], in {monotonic() - begin:.0f} s. Nothing is left running.")
    return 0


def _run(progress: Progress, folder: Path | None) -> None:
    with progress.step("Build the stack with sam build"):
        template = build()
    with progress.step("Start local AWS, IAM enforced") as remarks:
        server = Server(speed=_SPEED)
        remarks += [server.url, f"its clock runs {_SPEED:g} times as fast as ours, its replicas lag up to {_LAG:g} s"]
    with server:
        with progress.step("Deploy the stack with sam deploy") as remarks:
            stack = Stack.deploy(server, template, {})
            remarks.append(f"s3://{stack.outputs.artifact_bucket}")
        with progress.step("Train three models") as remarks:
            models = DemoModels.train()
            remarks += [f"{name}: {model.accuracy:.0%} right" for name, model in models.by_name.items()]
        stack.server.control.settings = _SETTINGS
        Demo(progress, stack, MANIFEST.read_bytes(), models).run()
        if folder:
            draw_commands(stack, folder)


if __name__ == "__main__":
    run_interruptible(main)
