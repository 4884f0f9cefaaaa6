"""The running stack on local AWS, and what its users do with it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from local.aws.build import build
from local.aws.deploy import Outputs, deploy
from local.aws.execution_follower import VERSION_POINTER, follow, wait_for_execution
from local.aws.outcome_queue import Outcomes
from local.aws.server import Server
from local.json_document import Document

_START_SECONDS = 20.0
_OUTCOME_SECONDS = 90.0
_SWEEP_SECONDS = 600.0


@dataclass(frozen=True)
class Stack:
    """The running stack.

    Attributes:
        server: The local AWS that it is deployed to.
        outputs: The stack's outputs.
        outcomes: Its events on the bus.
    """

    server: Server
    outputs: Outputs
    outcomes: Outcomes

    @classmethod
    def deploy(cls, server: Server, template: Path, parameters: Mapping[str, str]) -> Self:
        """Deploy a built template to local AWS; see `local.aws.deploy.deploy`."""
        outputs = deploy(server, template, parameters)
        return cls(server, outputs, Outcomes(server, outputs.event_bus))

    def upload(self, key: str, body: bytes) -> str:
        """Upload an object to the artifact bucket, and return its version."""
        s3, bucket = self.server.client("s3"), self.outputs.artifact_bucket
        return str(s3.put_object(Bucket=bucket, Key=key, Body=body)["VersionId"])

    def executions(self) -> list[Document]:
        """Return the state machine's executions, the newest first, as ListExecutions has them."""
        pages = self.server.client("stepfunctions").get_paginator("list_executions")
        arn = self.outputs.state_machine_arn
        return [execution for page in pages.paginate(stateMachineArn=arn) for execution in page["executions"]]

    def execution_of(self, version: str) -> str:
        """Wait for the execution that an upload starts, and return its ARN.

        Args:
            version: The version of the uploaded object.

        Raises:
            ExecutionMissingError: None started in time.
        """
        states, machine = self.server.client("stepfunctions"), self.outputs.state_machine_arn
        return wait_for_execution(states, machine, VERSION_POINTER, version, timeout=_START_SECONDS)

    def outcome_of(self, execution: str) -> Document:
        """Wait for the event that announces an execution's outcome, and return its detail.

        Raises:
            OutcomeMissingError: It did not come in time.
        """
        return self.outcomes.of(execution, timeout=_OUTCOME_SECONDS)

    def sweep(self, *, dry_run: bool = False, after: float = 0.0) -> Document:
        """Run a sweep to its end, and return the detail of its event.

        Args:
            dry_run: Whether it only names what it would delete.
            after: Seconds by which the clock of the sweep is ahead.

        Raises:
            StillRunningError: It did not end in time.
            OutcomeMissingError: It put no event.
        """
        states, began = self.server.client("stepfunctions"), datetime.now(UTC) + timedelta(seconds=after)
        self.server.control.advance_step_functions(after)
        try:
            started = states.start_execution(
                stateMachineArn=self.outputs.sweep_state_machine_arn, input=json.dumps({"DryRun": dry_run})
            )
            for _ in follow(states, started["executionArn"], timeout=_SWEEP_SECONDS):
                pass
        finally:
            self.server.control.advance_step_functions(0.0)
        return self.outcomes.of_sweep(began)

    def endpoint(self, name: str) -> Document:
        """Return an endpoint as DescribeEndpoint would, if no replica lagged.

        Raises:
            KeyError: There is none of this name.
        """
        endpoint: Document = self.server.control.resources()["Endpoints"][name]
        return endpoint

    def made_for(self, endpoint: str) -> dict[str, list[str]]:
        """Return the names of what there is in SageMaker for an endpoint: Models, EndpointConfigs and Endpoints."""
        resources = self.server.control.resources()
        return {
            kind: [name for name in names if name == endpoint or name.startswith(f"{endpoint}-")]
            for kind, names in resources.items()
        }


@contextmanager
def running_stack(parameters: Mapping[str, str], *, speed: float) -> Iterator[Stack]:
    """Start local AWS and deploy the stack; stop both at the end of the context.

    Args:
        parameters: Parameters of the template.
        speed: How many times faster than the wall clock SageMaker, the state machine's waits and the pauses of
            functions run.

    Raises:
        StartFailedError: Local AWS did not start.
        ProgramFailedError: The build or the deployment failed.
    """
    template = build()
    with Server(speed=speed) as server:
        yield Stack.deploy(server, template, parameters)
