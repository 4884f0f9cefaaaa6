"""The command line against the shipped stack, as a person and a pipe use it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from local.environment import STACK_NAME
from tests.local.command_line import CommandLine, write_manifest

if TYPE_CHECKING:
    from pathlib import Path

    from local.aws.stack import Stack

ENDPOINT = "commanded"


@pytest.fixture
def command_line(stack: Stack) -> CommandLine:
    """The command line, on the stack."""
    return CommandLine(stack)


@pytest.fixture
def folder(tmp_path: Path, artifact: bytes) -> Path:
    """A folder with a manifest and an artifact."""
    path = tmp_path / ENDPOINT
    path.mkdir()
    (path / "model.tar.gz").write_bytes(artifact)
    write_manifest(path, 1)
    return path


def test_endpoint_is_planned_deployed_and_rolled_back(command_line: CommandLine, folder: Path, stack: Stack) -> None:
    """A user's commands in order, each with the exit status that a pipeline reads."""
    assert "  uploads " in command_line.run("plan", str(folder / "deployment.yaml"), status=2)
    printed = command_line.run("deploy", str(folder), "--watch")
    assert "DescribeEndpoint" in printed
    assert printed.rstrip().endswith("Deployed")
    first = stack.endpoint(ENDPOINT)["EndpointConfigName"]
    command_line.run("plan", str(folder))

    write_manifest(folder, 2)
    planned = command_line.run("plan", str(folder), status=2)
    assert "~ InitialInstanceCount: 1 → 2" in planned
    assert "hunter2" not in planned
    assert stack.endpoint(ENDPOINT)["EndpointConfigName"] == first
    deployed = command_line.json("deploy", str(folder / "deployment.yaml"), "--watch")
    assert (deployed["Outcome"], deployed["EndpointName"]) == ("Deployed", ENDPOINT)

    rows = command_line.json("history", ENDPOINT)
    assert [row["IsLive"] for row in rows] == [True, False]
    assert [row["CanBeRolledBackTo"] for row in rows] == [False, True]
    assert rows[1]["Revision"] == first
    (change,) = command_line.json("diff", ENDPOINT)["Changes"]
    assert (change["Before"], change["After"]) == (1, 2)

    command_line.run("rollback", ENDPOINT, "--to", first, "--watch")
    assert stack.endpoint(ENDPOINT)["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    command_line.run("plan", ENDPOINT)
    found = command_line.json("status", ENDPOINT)
    assert (found["Status"], found["Live"]["State"], found["Runs"]) == ("InService", "deployed", [])
    assert f"{ENDPOINT} InService" in command_line.run("status")


def test_wrong_request_is_rejected_with_its_exit_status(command_line: CommandLine, folder: Path) -> None:
    write_manifest(folder, 1, Colour="blue")

    assert "Colour: is not a field of a request" in command_line.run("plan", str(folder), status=1)
    assert "Colour: is not a field of a request" in command_line.run("deploy", str(folder), "--watch", status=1)


def test_terminal_gets_colours_and_a_pipe_none(command_line: CommandLine, folder: Path) -> None:
    """`run` asserts that a pipe gets none."""
    command_line.run("deploy", str(folder), "--endpoint", "coloured", "--watch")

    printed = command_line.run_in_terminal("status", "coloured")

    assert "\x1b[32mInService" in printed
    assert "InService" in command_line.run("status", "coloured")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            ["--stack", "nix", "status"], "There is no stack nix in us-east-1. Name it with --stack", id="stack"
        ),
        pytest.param(["status", "nix"], "There is no endpoint nix", id="endpoint"),
        pytest.param(["watch", "nix"], "nix is not an execution of the stack", id="execution"),
        pytest.param(["history", "nix"], "Nothing is stored of an endpoint nix", id="history"),
        pytest.param(["diff", "nix"], "There are no two deployed revisions of nix", id="revisions"),
        pytest.param(["retry", "nix"], "nix is not an execution of the stack", id="retry"),
        pytest.param(["plan", "./nix"], "nix: there is no such file or folder", id="path"),
    ],
)
def test_missing_names_are_in_the_error(command_line: CommandLine, arguments: list[str], message: str) -> None:
    assert message in command_line.run(*arguments, status=1)


CANARY = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {
            "Type": "CANARY",
            "WaitIntervalInSeconds": 3600,
            "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50},
        }
    },
    "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "commanded-5xx"}]},
}
REFUSES = {"Body": "1", "Expect": {"Contains": "nothing of the kind"}}


def test_canary_is_aborted_and_explained(command_line: CommandLine, folder: Path, stack: Stack) -> None:
    """The alarm is rung until SageMaker goes back; nothing else ends an update."""
    stack.server.client("cloudwatch").put_metric_alarm(
        AlarmName="commanded-5xx",
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )
    name = ("--endpoint", "aborted")
    write_manifest(folder, 2)
    command_line.run("deploy", str(folder), *name, "--watch")
    live = stack.endpoint("aborted")["EndpointConfigName"]
    assert "no update is under way" in command_line.run("abort", "aborted", "--yes", status=1)

    write_manifest(folder, 4, DeploymentConfig=CANARY)
    started = command_line.json("deploy", str(folder), *name)
    while not (stack.endpoint("aborted").get("PendingDeploymentSummary") or {}).get("ProductionVariants"):
        time.sleep(0.2)
    (run,) = command_line.json("status", "aborted")["Runs"]
    assert run["State"] == "DescribeEndpoint"
    command_line.run("abort", "aborted", "--yes")

    assert "UpdateRolledBackError" in command_line.run("watch", "aborted", status=3)
    assert stack.endpoint("aborted")["EndpointConfigName"] == live
    found = command_line.json("explain", started["Execution"])
    assert (found["Outcome"], found["Error"]) == ("Failed", "UpdateRolledBackError")
    assert found["Meaning"]["what to do"].startswith("Read the reason")
    assert {alarm["AlarmName"] for alarm in found["Alarms"]} == {f"{STACK_NAME}/abort/aborted"}


def test_failed_smoke_test_is_explained_and_reported(command_line: CommandLine, folder: Path, tmp_path: Path) -> None:
    write_manifest(folder, 1, SmokeTest=REFUSES)
    name = ("--endpoint", "explained")

    command_line.run("deploy", str(folder), *name, "--watch", status=3)

    html = tmp_path / "report.html"
    command_line.run("report", "explained", "-o", str(html))
    data = command_line.json("report", "explained")
    assert (data["Outcome"], data["Visits"][-1]["State"]) == ("Failed", "Failed")
    assert [look["EndpointStatus"] for look in data["Looks"]][-2:] == ["InService", "restored"]
    assert "hunter2" not in html.read_text()
    printed = command_line.run("explain", "explained")
    assert "explained Failed SmokeTestFailedError" in printed
    assert "Correct the model or the expectation" in printed


def test_foreign_endpoint_is_adopted(command_line: CommandLine, stack: Stack) -> None:
    sagemaker = stack.server.client("sagemaker")
    role = stack.outputs.execution_role_arn
    image = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3"
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": "adopted",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    sagemaker.create_model(ModelName="adopted", ExecutionRoleArn=role, PrimaryContainer={"Image": image})
    sagemaker.create_endpoint_config(EndpointConfigName="adopted", ProductionVariants=[variant])
    arn = sagemaker.create_endpoint(EndpointName="adopted", EndpointConfigName="adopted")["EndpointArn"]

    command_line.run("adopt", "adopted", "--yes")

    tags = {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]}
    assert tags["endpoint-deployer:stack"] == STACK_NAME
    assert "is the stack's already" in command_line.run("adopt", "adopted")


def test_dry_run_of_a_sweep_deletes_nothing(command_line: CommandLine) -> None:
    assert command_line.json("sweep", "--dry-run")["Removed"].keys() == {
        "EndpointConfigs",
        "Models",
        "Revisions",
        "Artifacts",
        "Alarms",
    }
