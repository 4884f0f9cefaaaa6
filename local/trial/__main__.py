"""Asks, tries the stack in the account of the caller's profile, and writes a report. `python -m local.trial`."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import Annotated, Any

import boto3
import typer
from rich.console import Console

from local.trial.run import run_trial
from local.trial.site import Site

_REPORT = Path("trial-report.md")
_COST = """\
This trial makes one endpoint on one {instance_type}, and on two while it is updated, for about an hour, in account
{account}, region {region}, through the stack {stack}. At list price that is less than a dollar; it also makes models,
endpoint configs, objects in {bucket}, an SQS queue and two rules of EventBridge. It removes all of them in the end, and
says if it could not. Nothing else is touched.
"""


def main(
    *,
    stack: Annotated[str, typer.Option(help="The deployed stack.")] = "endpoint-deployer",
    image: Annotated[str, typer.Option(help="An image that serves scikit-learn models, of the stack's region.")] = (
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3"
    ),
    instance_type: Annotated[str, typer.Option(help="What the endpoint runs on.")] = "ml.t2.medium",
    yes: Annotated[bool, typer.Option(help="Do not ask.")] = False,
) -> None:
    """Try the deployed stack, and set what is assumed of AWS beside what is seen."""
    session, console = boto3.Session(), Console(highlight=False)
    client: Any = session.client  # the stubs know services by literal names only
    (described,) = client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in described["Outputs"]}
    console.print(
        _COST.format(
            instance_type=instance_type,
            account=client("sts").get_caller_identity()["Account"],
            region=session.region_name,
            stack=stack,
            bucket=outputs["ArtifactBucketName"],
        )
    )
    if not yes:
        typer.confirm("Begin?", abort=True)
    site = Site(
        clients=client,
        bucket=outputs["ArtifactBucketName"],
        state_machine=outputs["StateMachineArn"],
        role=outputs["ExecutionRoleArn"],
        event_bus=outputs["EventBusName"],
        image=image,
        instance_type=instance_type,
        name=f"trial-{secrets.token_hex(3)}",
    )
    report = run_trial(site, console.print)
    _REPORT.write_text(report.markdown())
    console.print(f"{len(report.different)} assumptions are different; see {_REPORT}. {report.failure}")
    sys.exit(1 if report.failure or report.left or report.different else 0)


if __name__ == "__main__":
    typer.run(main)
