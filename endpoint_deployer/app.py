"""The command line `endpoint-deployer`: its options and its commands."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError
from rich.console import Console

from endpoint_deployer.aws.stack import DEFAULT_NAME, ENVIRONMENT_VARIABLE, Stack
from endpoint_deployer.commands import approvals, changes, deployments, explaining, reading
from endpoint_deployer.console import Invocation
from endpoint_deployer.errors import WRONG, CommandError

_WAYS_OUT = {
    NoRegionError: "Name it with --region or AWS_REGION, or in your profile.",
    NoCredentialsError: "Sign in, or name a profile with --profile or AWS_PROFILE.",
}

app = typer.Typer(
    name="endpoint-deployer",
    help="Plan, deploy, watch and explain deployments of SageMaker endpoints, with your own AWS credentials.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def _options(
    context: typer.Context,
    stack: Annotated[str, typer.Option(help="Name of the stack.", envvar=ENVIRONMENT_VARIABLE)] = DEFAULT_NAME,
    region: Annotated[
        str | None,
        typer.Option(help="AWS region; otherwise that of the profile.", envvar=["AWS_REGION", "AWS_DEFAULT_REGION"]),
    ] = None,
    profile: Annotated[
        str | None, typer.Option(help="AWS profile; otherwise the default one.", envvar="AWS_PROFILE")
    ] = None,
) -> None:
    context.obj = Invocation(Stack(stack, region or None, profile or None))


for module in (deployments, approvals, reading, explaining, changes):
    for command in module.COMMANDS:
        app.command()(command)


def main() -> None:
    """Run the command line; what AWS refuses is one line, not a traceback."""
    try:
        app()
    except (CommandError, BotoCoreError, ClientError) as error:
        Console(stderr=True, highlight=False).print(
            f"Error: {_message(error)}", style="red", markup=False, soft_wrap=True
        )
        sys.exit(WRONG)


def _message(error: Exception) -> str:
    if isinstance(error, ClientError):
        details = error.response["Error"]
        return f"{error.operation_name}: {details.get('Code')}: {details.get('Message')}"
    ways = (way for kind, way in _WAYS_OUT.items() if isinstance(error, kind))
    return " ".join([f"{str(error).rstrip('.')}.", *ways])
