"""Puts a load on the deployer: in virtual time, and on local AWS. `python -m local.load_test`.

It ends with status 1 if a guarantee of the deployer is violated: a run that fails or announces nothing, an endpoint
that does not serve its newest artifact, a model, config or object that a sweep leaves behind or deletes wrongly; and
if in virtual time the load takes more calls or more time than the targets allow.
"""

from __future__ import annotations

import argparse
import os

from rich.console import Console
from rich.markup import escape

from endpoint_deployer.view.progress import Progress
from local.aws.build import build
from local.aws.errors import LocalAwsError
from local.aws.interrupts import run_interruptible
from local.aws.server import Server
from local.aws.stack import Stack
from local.environment import FUNCTIONS_ENVIRONMENT
from local.load_test.figures import Figures, table, write
from local.load_test.on_aws import run_on_aws
from local.load_test.uploads import RETAINED, Load, hosting

_STUCK_SECONDS = 3600.0


def main() -> int:
    """Run both loads and print their figures; return 0 only if there is no violation."""
    options, progress = _options(), Progress(Console(highlight=False))
    limit = options.calls_per_second or None
    try:
        on_aws = _on_aws(progress, Load(options.local_uploads, options.local_endpoints), limit, options.speed)
        load = Load(options.uploads, options.endpoints)
        in_virtual_time = _in_virtual_time(progress, load, limit, on_aws.milliseconds)
    except LocalAwsError as error:
        progress.say(f"[bold red]The load failed[/]: {type(error).__name__}: {escape(str(error))}")
        return 1
    progress.say(table(in_virtual_time, on_aws))
    violations = [*in_virtual_time.violations, *on_aws.violations, *in_virtual_time.missed_targets()]
    for violation in violations:
        progress.say(f"[red]✗[/] {escape(violation)}")
    if options.write:
        write(table(in_virtual_time, on_aws))
    return 1 if violations else 0


def _on_aws(progress: Progress, load: Load, limit: float | None, speed: float) -> Figures:
    with progress.step("Build the stack with sam build"):
        template = build()
    with Server(speed=speed) as server:
        with progress.step("Deploy the stack to local AWS"):
            stack = Stack.deploy(server, template, {"DefaultImage": "load:1", "RetainedRevisions": str(RETAINED)})
        server.control.settings = hosting(limit)
        with progress.step(f"{load.uploads} uploads for {load.endpoints} endpoints on local AWS"):
            return run_on_aws(stack, load, speed=speed, timeout=_STUCK_SECONDS)


def _in_virtual_time(progress: Progress, load: Load, limit: float | None, milliseconds: float) -> Figures:
    os.environ.update(FUNCTIONS_ENVIRONMENT)
    from local.load_test.in_virtual_time import run_in_virtual_time  # noqa: PLC0415 - its functions read the environment

    with progress.step(f"{load.uploads} uploads for {load.endpoints} endpoints in virtual time"):
        return run_in_virtual_time(load, calls_per_second=limit, milliseconds=milliseconds)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.load_test", description=__doc__.partition("`")[0])
    parser.add_argument("--uploads", type=int, default=Load.uploads, help="in virtual time")
    parser.add_argument("--endpoints", type=int, default=Load.endpoints)
    parser.add_argument("--local-uploads", type=int, default=Load.uploads, help="on local AWS")
    parser.add_argument("--local-endpoints", type=int, default=Load.endpoints)
    parser.add_argument(
        "--speed", type=float, default=1.0, help="how many times faster than the wall clock local AWS runs"
    )
    parser.add_argument("--calls-per-second", type=float, default=10.0, help="SageMaker's limit; 0 for none")
    parser.add_argument("--write", action="store_true", help="write the table of docs/benchmarks.md")
    return parser.parse_args()


if __name__ == "__main__":
    run_interruptible(main)
