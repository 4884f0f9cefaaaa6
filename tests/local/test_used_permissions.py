"""Nothing spare: what the policies of the functions allow, some path of the state machine needs."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pytest

from local.aws.execution import follow
from local.simulator import Fault
from tests.local.permissions import ALARM, MAY, VARIANT
from tests.machine.factories import ANSWERS, request, rollback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from local.aws.audit import Authorization
    from local.aws.stack import Stack
    from local.simulator import Settings

# Lambda itself writes a function's logs and traces, with the function's role; MiniStack writes logs without asking, and
# has no X-Ray.
OF_LAMBDA = ("logs:", "xray:")
EXECUTION_SECONDS = 90.0
WRONG = {"Body": "{}", "Expect": {"Contains": "what no model answers"}}
FAULTS = (
    # What the answer never told of is found to be there.
    Fault("CreateEndpointConfig", "dropped", "after", resource="perms-life"),
    Fault("CreateEndpoint", "dropped", "after", resource="perms-life"),
    # The plan and the update look at the endpoint first. The next look sees it when somebody has changed it since: the
    # update takes 40 s.
    Fault("DescribeEndpoint", "slow", skip=2, seconds=250.0, resource="perms-overtaken"),
)


@dataclass(frozen=True)
class Paths:
    """The ways through the state machine, on the shipped stack.

    Attributes:
        stack: The stack, up on local AWS.
        quick: How SageMaker behaves where nothing goes wrong.
    """

    stack: Stack
    quick: Settings

    def take_all(self) -> None:
        """Take all of them, side by side: they wait more than they work."""
        self.stack.server.control.settings = replace(self.quick, faults=FAULTS)
        # A function that has run is warm for the next one: alone, the first run starts each of them only once.
        self._creation()
        paths = (self._what_is_taken_back, self._overtaken, self._whole_life, self._short_ones)
        with ThreadPoolExecutor(3) as pool:
            for path in [pool.submit(path) for path in paths]:
                path.result()

    def _creation(self) -> None:
        """Create, with a smoke test whose body is in S3."""
        self.stack.upload("bodies/1.json", b"{}")
        body = {"BodyS3Uri": f"s3://{self.stack.outputs.artifact_bucket}/bodies/1.json", "Expect": ANSWERS["Expect"]}
        self._run(request("a", "perms-life", SmokeTest=body), "Deployed")

    def _whole_life(self) -> None:
        """Update what is there, confirm, roll back, and retire."""
        # What is of inference components only; the simulator has none, and takes it with a model, too.
        config = {"ExecutionRoleArn": self.stack.outputs.execution_role_arn, "ProductionVariants": [VARIANT]}
        self._run(request("b", "perms-life"), "Deployed")
        self._run(request("b", "perms-life"), "NothingToDo")
        self._run(request("c", "perms-life", EndpointConfig=config), "Deployed")
        # The stack retains three revisions.
        self._run(rollback(endpoint="perms-life"), "Deployed")

    def _what_is_taken_back(self) -> None:
        """An update that fails its smoke test, and one that an alarm ends."""
        self._run(request("a", "perms-undo"), "Deployed")
        self._run(request("b", "perms-undo", SmokeTest=WRONG), "Failed")
        self._run(request("c", "perms-undo", DeploymentConfig=self._guarded()), "Failed")

    def _short_ones(self) -> None:
        """A creation that fails its smoke test, and a manifest without an artifact."""
        self._run(request("a", "perms-new", SmokeTest=WRONG), "Failed")
        version = self.stack.upload("models/perms-waits/deployment.yaml", b"{}")
        assert self._ending(self.stack.execution_of(version)) == "AwaitingArtifact"

    def _overtaken(self) -> None:
        """Before a run sees that its update is done, somebody changes the endpoint once more."""
        client, endpoint = self.stack.server.client("sagemaker"), "perms-overtaken"
        client.create_model(ModelName="by-hand", PrimaryContainer={"Image": "i"})
        for config in ("first-by-hand", "last-by-hand"):
            variant = {**VARIANT, "ModelName": "by-hand"}
            client.create_endpoint_config(EndpointConfigName=config, ProductionVariants=[variant])
        client.create_endpoint(EndpointName=endpoint, EndpointConfigName="first-by-hand")
        self._wait_until(endpoint, lambda config: config == "first-by-hand")
        execution = self._start(request("a", endpoint))
        self._wait_until(endpoint, lambda config: config != "first-by-hand")
        client.update_endpoint(EndpointName=endpoint, EndpointConfigName="last-by-hand")
        assert self._ending(execution) == "Superseded"

    def _wait_until(self, name: str, is_awaited: Callable[[str], bool]) -> None:
        """Wait until an endpoint is in service on an awaited config, without asking SageMaker."""
        deadline = time.monotonic() + EXECUTION_SECONDS
        while time.monotonic() < deadline:
            endpoint = self.stack.endpoint(name)
            if endpoint["EndpointStatus"] == "InService" and is_awaited(endpoint["EndpointConfigName"]):
                return
            time.sleep(0.1)
        raise TimeoutError(name)

    def _guarded(self) -> dict[str, Any]:
        """Make an alarm that is on, and return the guardrails that name it."""
        cloudwatch = self.stack.server.client("cloudwatch")
        cloudwatch.put_metric_alarm(**ALARM)
        cloudwatch.set_alarm_state(AlarmName=ALARM["AlarmName"], StateValue="ALARM", StateReason="by hand")
        traffic = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 60}
        return {
            "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": traffic},
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": ALARM["AlarmName"]}]},
        }

    def _run(self, document: dict[str, Any], ending: str) -> None:
        assert self._ending(self._start(document)) == ending, document

    def _start(self, document: dict[str, Any]) -> str:
        states, machine = self.stack.server.client("stepfunctions"), self.stack.outputs.state_machine_arn
        return str(states.start_execution(stateMachineArn=machine, input=json.dumps(document))["executionArn"])

    def _ending(self, execution: str) -> str:
        """Return the name of the state that an execution ends in."""
        moments = list(follow(self.stack.server.client("stepfunctions"), execution, timeout=EXECUTION_SECONDS))
        return next(moment.state for moment in reversed(moments) if moment.kind.endswith("StateEntered"))


@pytest.fixture(scope="module")
def authorizations(running: Stack, quick: Settings) -> list[Authorization]:
    """What IAM has decided while all paths were taken."""
    before = len(running.server.control.authorizations())
    Paths(running, quick).take_all()
    return running.server.control.authorizations()[before:]


def grants_of(stack: Stack, role: str) -> Iterator[tuple[list[str], list[str]]]:
    """Yield actions and resources of each statement that allows a role something."""
    iam = stack.server.client("iam")
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        for statement in iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"]:
            assert statement["Effect"] == "Allow"
            actions, resources = (_listed(statement[member]) for member in ("Action", "Resource"))
            if own := [action for action in actions if not action.startswith(OF_LAMBDA)]:
                yield own, resources


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def needed_by(role: str, authorizations: Iterable[Authorization]) -> set[tuple[str, str]]:
    """Return the actions that a role was allowed, each with its resource."""
    return {
        (each.action, each.resource)
        for each in authorizations
        if f":assumed-role/{role}/" in each.principal and each.allowed
    }


@pytest.mark.parametrize("function", MAY)
def test_every_action_that_a_policy_lists_is_needed(
    running: Stack, authorizations: list[Authorization], roles: dict[str, str], function: str
) -> None:
    """Each action of each statement was needed on one of its resources, and each resource for one of its actions."""
    needed = needed_by(roles[function], authorizations)

    spare = [
        (action, resources)
        for actions, resources in grants_of(running, roles[function])
        for action in actions
        if not any(action == used and fnmatchcase(arn, each) for used, arn in needed for each in resources)
    ] + [
        (actions, resource)
        for actions, resources in grants_of(running, roles[function])
        for resource in resources
        if not any(used in actions and fnmatchcase(arn, resource) for used, arn in needed)
    ]

    assert spare == []


def test_nothing_that_a_function_needs_is_denied(authorizations: list[Authorization], roles: dict[str, str]) -> None:
    """Not one call of a function was refused, on any path."""
    denied = {
        (function, each.action, each.resource)
        for each in authorizations
        for function, role in roles.items()
        if f":assumed-role/{role}/" in each.principal and not each.allowed
    }

    assert denied == set()
