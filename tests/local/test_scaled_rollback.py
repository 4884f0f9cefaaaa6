"""A rollback brings scaling along, on local AWS: with step policies and the alarms that start them."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from local.environment import STACK_NAME
from tests.local.empty_account import empty_account
from tests.machine.factories import request, rollback
from tests.machine.scaling_samples import NIGHT, POLICY, scaled
from tests.machine.step_samples import IN, OUT

if TYPE_CHECKING:
    from deployer.json_document import Document
    from local.aws.stack import Stack

DAYS = 2 * 86400.0
NAMESPACE = {"ServiceNamespace": "sagemaker"}


def deploy(stack: Stack, document: Document) -> Document:
    """Deploy a request; return the outcome."""
    states, machine = stack.server.client("stepfunctions"), stack.outputs.state_machine_arn
    return stack.outcome_of(states.start_execution(stateMachineArn=machine, input=json.dumps(document))["executionArn"])


def registered(stack: Stack) -> tuple[list[tuple[int, int]], list[str], list[str]]:
    """Return the bounds, the policies and the scheduled actions that are registered."""
    client = stack.server.client("application-autoscaling")
    targets = client.describe_scalable_targets(**NAMESPACE)["ScalableTargets"]
    policies = client.describe_scaling_policies(**NAMESPACE)["ScalingPolicies"]
    actions = client.describe_scheduled_actions(**NAMESPACE)["ScheduledActions"]
    bounds = [(target["MinCapacity"], target["MaxCapacity"]) for target in targets]
    return (
        bounds,
        sorted(policy["PolicyName"] for policy in policies),
        [action["ScheduledActionName"] for action in actions],
    )


def started_policies(stack: Stack) -> list[str]:
    """Return the policies that the alarms of the endpoint start."""
    policies = stack.server.client("application-autoscaling").describe_scaling_policies(**NAMESPACE)["ScalingPolicies"]
    names = {policy["PolicyARN"]: policy["PolicyName"] for policy in policies}
    alarms = stack.server.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{STACK_NAME}/scaling/stepped-")
    return sorted(names.get(action, action) for alarm in alarms["MetricAlarms"] for action in alarm["AlarmActions"])


def drift_of(stack: Stack) -> list[str]:
    """Sweep, and return the differences that are found of the endpoint, but for what concerns its invocations."""
    stack.sweep(after=DAYS)
    states = stack.server.client("stepfunctions")
    machine = stack.outputs.sweep_state_machine_arn
    newest = states.list_executions(stateMachineArn=machine, maxResults=1)["executions"][0]
    output = states.describe_execution(executionArn=newest["executionArn"])["output"]
    found: list[str] = json.loads(output)["Drift"]["Found"].get("stepped", [])
    return [kind for kind in found if kind != "NotInvoked"]


def test_rollback_registers_the_scaling_of_its_revision(stack: Stack) -> None:
    """Bounds, policies, actions and alarms; as described they are not drift, and they go with the endpoint."""
    empty_account(stack)
    first = deploy(stack, request("a", "stepped", **scaled(4, POLICY, OUT, IN, ScheduledActions=[NIGHT])))
    before = registered(stack), started_policies(stack)
    second = deploy(stack, request("b", "stepped"))
    between = registered(stack), started_policies(stack)

    back = deploy(stack, rollback(endpoint="stepped"))

    after, drift = (registered(stack), started_policies(stack)), drift_of(stack)
    stack.server.client("sagemaker").delete_endpoint(EndpointName="stepped")
    while stack.server.control.resources()["Endpoints"]:
        time.sleep(0.1)
    for _ in range(2):
        stack.sweep(after=DAYS)
    assert [each["Outcome"] for each in (first, second, back)] == ["Deployed"] * 3
    assert before == after == (([(1, 4)], ["in", "invocations", "out"], ["night"]), ["in", "out"])
    assert between == (([], [], []), [])
    assert drift == []
    assert started_policies(stack) == []
