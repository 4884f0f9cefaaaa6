"""The stack that a command is about, and what is said if it is not there."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, NoCredentialsError, NoRegionError
from botocore.stub import Stubber
from typer.testing import CliRunner

from endpoint_deployer import app as program
from endpoint_deployer.aws.stack import Stack
from endpoint_deployer.errors import CommandError

OUTPUTS = {
    "StateMachineArn": "arn:aws:states:us-east-1:111122223333:stateMachine:deploy",
    "SweepStateMachineArn": "arn:aws:states:us-east-1:111122223333:stateMachine:sweep",
    "ArtifactBucketName": "artifacts",
}


def stack_of(outputs: dict[str, str] | None, parameters: dict[str, str] | None = None) -> Stack:
    """Build a stack whose description CloudFormation answers; None if there is no stack."""
    client = boto3.client("cloudformation", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")  # noqa: S106 - it opens nothing
    stubber, made = Stubber(client), Stack("mine", "eu-west-1")
    if outputs is None:
        stubber.add_client_error("describe_stacks", "ValidationError", "Stack with id mine does not exist")
    else:
        described: dict[str, Any] = {
            "StackName": "mine",
            "StackStatus": "CREATE_COMPLETE",
            "CreationTime": "2026-01-01T00:00:00Z",
            "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in (parameters or {}).items()],
        }
        stubber.add_response("describe_stacks", {"Stacks": [described]}, {"StackName": "mine"})
    stubber.activate()
    made._clients["cloudformation"] = client
    return made


def test_stack_is_looked_up_once() -> None:
    stack = stack_of(OUTPUTS, {"ArtifactPrefix": "uploads/"})

    assert stack.state_machine == OUTPUTS["StateMachineArn"]
    assert stack.sweep_state_machine == OUTPUTS["SweepStateMachineArn"]
    assert (stack.bucket, stack.prefix) == ("artifacts", "uploads/")


def test_missing_stack_is_named_with_its_region_and_the_ways_to_name_another() -> None:
    with pytest.raises(CommandError) as missing:
        _ = stack_of(None).bucket

    for part in ("mine", "eu-west-1", "--stack", "ENDPOINT_DEPLOYER_STACK", "--region"):
        assert part in str(missing.value)


def test_other_stack_is_refused_with_its_missing_outputs() -> None:
    with pytest.raises(CommandError, match="has no output SweepStateMachineArn and no output ArtifactBucketName"):
        _ = stack_of({"StateMachineArn": "arn"}).bucket


@pytest.mark.parametrize(
    "arguments", [["frobnicate"], ["plan"], ["history", "churn", "--limit", "0"], ["deploy", "--json"]]
)
def test_wrong_use_ends_with_status_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(program.app, arguments).exit_code == 2


def test_every_command_explains_itself() -> None:
    """The help offers completion for the shell."""
    runner = CliRunner()
    printed = runner.invoke(program.app, ["--help"]).output

    names = {command.callback.__name__ for command in program.app.registered_commands if command.callback}
    assert names >= {
        "plan", "deploy", "status", "watch", "history", "diff", "rollback", "abort", "retry", "explain", "report",
        "sweep", "adopt",
    }  # fmt: skip
    assert "--install-completion" in printed
    for name in names:
        assert runner.invoke(program.app, [name, "--help"]).exit_code == 0


def test_shell_completes_commands() -> None:
    environment = {
        "_ENDPOINT_DEPLOYER_COMPLETE": "complete_bash",
        "COMP_WORDS": "endpoint-deployer re",
        "COMP_CWORD": "1",
    }

    printed = CliRunner().invoke(program.app, prog_name="endpoint-deployer", env=environment).output

    assert set(printed.split()) == {"reject", "report", "retry"}


@pytest.mark.parametrize(
    ("error", "printed"),
    [
        pytest.param(CommandError("[no] way"), "[no] way.", id="ours"),
        pytest.param(NoRegionError(), "You must specify a region. Name it with --region or AWS_REGION", id="region"),
        pytest.param(
            NoCredentialsError(), "Unable to locate credentials. Sign in, or name a profile", id="credentials"
        ),
        pytest.param(
            ClientError({"Error": {"Code": "AccessDenied", "Message": "not allowed"}}, "StartExecution"),
            "StartExecution: AccessDenied: not allowed",
            id="denial",
        ),
    ],
)
def test_refusal_of_aws_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, printed: str
) -> None:
    """The line has a remedy, where there is one, and no traceback."""
    monkeypatch.setattr(program, "app", lambda: (_ for _ in ()).throw(error))

    with pytest.raises(SystemExit) as ended:
        program.main()

    assert ended.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"Error: {printed}")
