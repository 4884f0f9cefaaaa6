"""Puts a load on the deployer: in virtual time, and on local AWS. `python -m local.load_test`.

It ends with status 1 if a promise is broken: a run that fails or says nothing, an endpoint that does not serve its
newest artifact, a model or a config that nothing accounts for.
"""

from __future__ import annotations

import argparse
import os

from rich.console import Console
from rich.markup import escape

from local.aws.build import build
from local.aws.errors import LocalAwsError
from local.aws.interrupts import run_interruptible
from local.aws.server import Server
from local.aws.stack import Stack
from local.demo.story import Story
from local.load_test.figures import Figures, table, write
from local.load_test.on_aws import put_on_aws
from local.load_test.uploads import RETAINED, Load, hosting
from local.settings import REGION

_STUCK_SECONDS = 3600.0
_ENVIRONMENT = {
    "AWS_DEFAULT_REGION": REGION,
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "POWERTOOLS_TRACE_DISABLED": "true",
    "POWERTOOLS_METRICS_NAMESPACE": "EndpointDeployer",
}


def main() -> int:
    """Put both loads and tell what they took; return 0 only if no promise is broken."""
    options, story = _options(), Story(Console(highlight=False))
    limit = options.calls_per_second or None
    try:
        on_aws = _on_aws(story, Load(options.local_uploads, options.local_endpoints), limit, options.speed)
        in_virtual_time = _in_virtual_time(story, Load(options.uploads, options.endpoints), limit, on_aws.milliseconds)
    except LocalAwsError as error:
        story.say(f"[bold red]The load failed[/]: {type(error).__name__}: {escape(str(error))}")
        return 1
    story.say(table(in_virtual_time, on_aws))
    broken = [*in_virtual_time.broken, *on_aws.broken]
    for promise in broken:
        story.say(f"[red]✗[/] {escape(promise)}")
    if options.write:
        write(table(in_virtual_time, on_aws))
    return 1 if broken else 0


def _on_aws(story: Story, load: Load, limit: float | None, speed: float) -> Figures:
    with story.chapter("Build the stack with sam build"):
        template = build()
    with Server(speed=speed) as server:
        with story.chapter("Deploy the stack to local AWS"):
            stack = Stack.deploy(server, template, {"DefaultImage": "load:1", "RetainedRevisions": str(RETAINED)})
        server.control.settings = hosting(limit)
        with story.chapter(f"{load.uploads} uploads for {load.endpoints} endpoints on local AWS"):
            return put_on_aws(stack, load, speed=speed, timeout=_STUCK_SECONDS)


def _in_virtual_time(story: Story, load: Load, limit: float | None, milliseconds: float) -> Figures:
    os.environ.update(_ENVIRONMENT)
    from local.load_test.in_virtual_time import put_in_virtual_time  # noqa: PLC0415 - imports the functions, which read that

    with story.chapter(f"{load.uploads} uploads for {load.endpoints} endpoints in virtual time"):
        return put_in_virtual_time(load, calls_per_second=limit, milliseconds=milliseconds)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.load_test", description=__doc__.partition("`")[0])
    parser.add_argument("--uploads", type=int, default=Load.uploads, help="in virtual time")
    parser.add_argument("--endpoints", type=int, default=Load.endpoints)
    parser.add_argument("--local-uploads", type=int, default=Load.uploads, help="on local AWS")
    parser.add_argument("--local-endpoints", type=int, default=Load.endpoints)
    parser.add_argument("--speed", type=float, default=2.0, help="how many times as fast the clock of local AWS goes")
    parser.add_argument("--calls-per-second", type=float, default=10.0, help="that SageMaker takes; 0 for any number")
    parser.add_argument("--write", action="store_true", help="write the table of docs/benchmarks.md")
    return parser.parse_args()


if __name__ == "__main__":
    run_interruptible(main)
