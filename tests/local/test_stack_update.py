"""An update of the stack while a deployment is under way: the running execution ends on the code that it began with."""

from __future__ import annotations

import json
import re
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from deployer.json_document import Document
from local.aws.build import build
from local.aws.deploy import deploy
from local.aws.execution_follower import follow
from local.aws.stack import Stack, running_stack
from tests.local.parameters import PARAMETERS
from tests.local.permission_calls import ALARM
from tests.machine.factories import request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from local.simulator import Settings

EXECUTION_SECONDS = 90.0
CANARY_SECONDS = 3600
ENDPOINT = "updated"
ALARM_NAME = "canary"
CANARY = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {
            "Type": "CANARY",
            "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50},
            "WaitIntervalInSeconds": CANARY_SECONDS,
        }
    },
    "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": ALARM_NAME}]},
}

# The plan gets a member that the old code forbids and the new code requires, and an outcome shows which code named it.
CHANGES = [
    ("deployer/planning/draft_state.py", r"    execution: str\n", "    shape: str\n    execution: str\n"),
    ("deployer/planning/draft.py", r"\bRun\(\n", 'Run(\n        shape="new",\n'),
    ("deployer/outcome.py", r'"Outcome": ', '"Code": "new", "Outcome": '),
]


@pytest.fixture
def stack(image: str, quick: Settings) -> Iterator[Stack]:
    """A stack of its own, because the update leaves it with other code."""
    with running_stack({"DefaultImage": image, **PARAMETERS}, speed=50.0) as made:
        made.server.control.settings = quick
        yield made


def with_other_code(template: Path, folder: Path) -> Path:
    """Copy a built template and its package, with other code of some modules; return the template's path."""
    package = folder / "functions.zip"
    with zipfile.ZipFile(template.with_name("functions.zip")) as old, zipfile.ZipFile(package, "w") as new:
        for entry in old.infolist():
            # Python takes the bytecode in the package without a look at its source.
            if entry.filename.startswith("deployer/") and entry.filename.endswith(".pyc"):
                continue
            content = old.read(entry)
            for pattern, replacement in (change[1:] for change in CHANGES if change[0] == entry.filename):
                text, count = re.subn(pattern, replacement, content.decode(), count=1)
                assert count == 1, (entry.filename, pattern)
                content = text.encode()
            new.writestr(entry, content)
    document = yaml.safe_load(template.read_text(encoding="utf-8"))
    document["Globals"]["Function"]["CodeUri"] = package.name
    for resource in document["Resources"].values():
        if definition := resource.get("Properties", {}).get("DefinitionUri"):
            resource["Properties"]["DefinitionUri"] = str((template.parent / definition).resolve())
    copy = folder / "template.yaml"
    copy.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return copy


def start(stack: Stack, content: str, **more: Any) -> str:
    """Start an execution that deploys a content, and return its ARN."""
    states, document = stack.server.client("stepfunctions"), request(content, ENDPOINT, **more)
    started = states.start_execution(stateMachineArn=stack.outputs.state_machine_arn, input=json.dumps(document))
    return str(started["executionArn"])


def plan_of(stack: Stack, execution: str) -> Document:
    """Return the plan in an execution's data."""
    states = stack.server.client("stepfunctions")
    moments = follow(states, execution, timeout=EXECUTION_SECONDS)
    return next(
        dict(moment.data["Plan"]) for moment in moments if isinstance(moment.data, dict) and "Plan" in moment.data
    )


def test_running_execution_ends_on_its_own_code(stack: Stack, image: str, tmp_path: Path) -> None:
    """The stack is updated in the middle of a canary, which then fails; the next execution runs on the new code."""
    cloudwatch, states = stack.server.client("cloudwatch"), stack.server.client("stepfunctions")
    cloudwatch.put_metric_alarm(**{**ALARM, "AlarmName": ALARM_NAME})
    before = stack.outcome_of(start(stack, "a"))
    running = start(stack, "b", DeploymentConfig=CANARY)
    for moment in follow(states, running, timeout=EXECUTION_SECONDS):
        if (moment.state, moment.kind) == ("DescribeEndpoint", "TaskStateEntered"):
            break

    deploy(stack.server, with_other_code(build(), tmp_path), {"DefaultImage": image, "PollIntervalSeconds": "10"})
    # The canary takes hours; how long the update of the stack takes does not matter.
    cloudwatch.set_alarm_state(AlarmName=ALARM_NAME, StateValue="ALARM", StateReason="by hand")
    old = stack.outcome_of(running)
    live = stack.endpoint(ENDPOINT)["EndpointConfigName"]
    following = start(stack, "c")
    new = stack.outcome_of(following)

    assert (old["Outcome"], old["Error"], old.get("Code")) == ("Failed", "UpdateRolledBackError", None)
    assert live == before["Revision"]
    assert (new["Outcome"], new.get("Code")) == ("Deployed", "new")
    assert "Shape" not in plan_of(stack, running)
    assert plan_of(stack, following)["Shape"] == "new"
