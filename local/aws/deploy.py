"""Deploys the built template to local AWS by `sam deploy`."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.aws.build import architecture
from local.aws.processes import run
from local.aws.server import Server
from local.environment import BUILD, STACK_NAME

_SAM = Path(sys.executable).with_name("sam")
_DEPLOY_SECONDS = 120.0
_PACKAGES = "local-packages"


@dataclass(frozen=True)
class Outputs:
    """The outputs of the stack; the names are those of the template's outputs.

    Attributes:
        artifact_bucket: The bucket that uploads go to.
        state_machine_arn: The state machine that they start.
        sweep_state_machine_arn: The state machine that deletes what nothing uses.
        execution_role_arn: The role that SageMaker runs models as.
        dead_letter_queue_url: The queue of events that could not start an execution.
        event_bus: The bus that gets an event of each outcome.
    """

    artifact_bucket: str
    state_machine_arn: str
    sweep_state_machine_arn: str
    execution_role_arn: str
    dead_letter_queue_url: str
    event_bus: str


def deploy(server: Server, template: Path, parameters: Mapping[str, str], stack: str = STACK_NAME) -> Outputs:
    """Deploy a built template, or update the stack to it, and return the stack's outputs.

    Args:
        server: Local AWS.
        template: What `local.aws.build.build` returned.
        parameters: Parameters of the template.
        stack: The name of the stack.

    Raises:
        ProgramFailedError: `sam deploy` failed; the message says why.
    """
    server.client("s3").create_bucket(Bucket=_PACKAGES)
    overrides = {"Architecture": architecture(), **parameters}
    environment = server.environment | {"SAM_CLI_POLL_DELAY": "0.3", "PYTHONWARNINGS": "ignore"}
    run(
        [_SAM, "deploy", "--template-file", template, "--stack-name", stack, "--s3-bucket", _PACKAGES,
         "--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--no-progressbar", "--parameter-overrides",
         *(f"{name}={value}" for name, value in overrides.items())],
        environment=environment,
        folder=BUILD,
        timeout=_DEPLOY_SECONDS,
    )  # fmt: skip
    return _outputs(server, stack)


def _outputs(server: Server, name: str) -> Outputs:
    stack = server.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    values = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    return Outputs(
        artifact_bucket=values["ArtifactBucketName"],
        state_machine_arn=values["StateMachineArn"],
        sweep_state_machine_arn=values["SweepStateMachineArn"],
        execution_role_arn=values["ExecutionRoleArn"],
        dead_letter_queue_url=values["DeadLetterQueueUrl"],
        event_bus=values["EventBusName"],
    )
