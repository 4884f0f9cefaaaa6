"""The stack that a command is about: found by its name, with the clients of the caller's own credentials."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from endpoint_deployer.errors import CommandError

DEFAULT_NAME = "endpoint-deployer"
ENVIRONMENT_VARIABLE = "ENDPOINT_DEPLOYER_STACK"

STACK_TAG = "endpoint-deployer:stack"
STATE_TAG = "endpoint-deployer:state"
EXECUTION_TAG = "endpoint-deployer:execution"

_OUTPUTS = ("StateMachineArn", "SweepStateMachineArn", "ArtifactBucketName")
_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=5, read_timeout=30)


@dataclass
class Stack:
    """The deployer's stack; it is looked up when something of it is needed first.

    Attributes:
        name: The stack's name.
        region: The region; None for that of the environment or the profile.
        profile: The profile of the AWS configuration; None for that of the environment.
    """

    name: str
    region: str | None = None
    profile: str | None = None
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """Return the one client of an AWS service."""
        if service not in self._clients:
            make: Any = self._session.client  # the stubs know services by literal names only
            self._clients[service] = make(service, config=_CONFIG)
        return self._clients[service]

    @property
    def state_machine(self) -> str:
        """The ARN of the state machine that deploys."""
        return self._outputs["StateMachineArn"]

    @property
    def sweep_state_machine(self) -> str:
        """The ARN of the state machine that sweeps."""
        return self._outputs["SweepStateMachineArn"]

    @property
    def bucket(self) -> str:
        """The artifact bucket."""
        return self._outputs["ArtifactBucketName"]

    @property
    def prefix(self) -> str:
        """Where the endpoints' folders for uploads are in the bucket; ends in a slash."""
        return str(self._parameters.get("ArtifactPrefix", "models/"))

    @functools.cached_property
    def caller_arn(self) -> str:
        """The ARN of who calls."""
        return str(self.client("sts").get_caller_identity()["Arn"])

    @functools.cached_property
    def caller(self) -> str:
        """The name of who calls: the last part of the caller's ARN, such as a user or a session."""
        arn = self.caller_arn
        return arn.rpartition("/")[2] if "/" in arn else arn.rpartition(":")[2]

    @functools.cached_property
    def _session(self) -> boto3.Session:
        return boto3.Session(profile_name=self.profile, region_name=self.region)

    @functools.cached_property
    def _description(self) -> dict[str, Any]:
        client = self.client("cloudformation")
        try:
            stacks = client.describe_stacks(StackName=self.name)["Stacks"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            stacks = []
        if not stacks:
            raise CommandError(
                f"There is no stack {self.name} in {client.meta.region_name}. Name it with --stack or "
                f"{ENVIRONMENT_VARIABLE}, and its region with --region or AWS_REGION."
            )
        description: dict[str, Any] = stacks[0]
        return description

    @functools.cached_property
    def _outputs(self) -> dict[str, str]:
        outputs = {each["OutputKey"]: each["OutputValue"] for each in self._description.get("Outputs", [])}
        if missing := [name for name in _OUTPUTS if name not in outputs]:
            raise CommandError(
                f"The stack {self.name} has no output {' and no output '.join(missing)}: it is not a stack of this "
                "deployer, or its deployment has not ended. Name the right one with --stack."
            )
        return outputs

    @functools.cached_property
    def _parameters(self) -> dict[str, str]:
        return {each["ParameterKey"]: each["ParameterValue"] for each in self._description.get("Parameters", [])}
