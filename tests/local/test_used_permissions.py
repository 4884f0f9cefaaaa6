"""Nothing spare: what the policies of the functions allow, some path of the state machines needs."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pytest

from deployer.execution_history import waiting_task
from deployer.json_document import Document
from deployer.tags import STACK_TAG
from local.aws.execution_follower import follow
from local.environment import STACK_NAME
from local.simulator import Failure, Fault
from tests.local.empty_account import empty_account
from tests.local.permission_calls import ALARM, MAY, TARGET, VARIANT
from tests.machine.factories import ANSWERS, request, rollback
from tests.machine.test_scaling import LARGER, NIGHT, POLICY, scaled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from local.aws.audit import Authorization
    from local.aws.stack import Stack
    from local.simulator import Settings

# Lambda itself writes a function's logs and traces, and the events that a function fails on, with the function's role.
# MiniStack writes logs without asking, has no X-Ray, and no function fails here.
OF_LAMBDA = ("logs:", "xray:", "sqs:")
# Copies in parts begin at 256 MiB; the unit tests of the adapter make them.
OF_LARGE_COPIES = ("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:ListBucketMultipartUploads")
# CloudWatch asks for the right to tag an alarm that is made with tags; MiniStack does not.
# SageMaker reads alarms with the rights of the function that names them; the simulator reads them with its own.
# Without it S3 answers 403, not 404, for an object that is missing. MiniStack always answers 404.
# Only a name that an endpoint has in another case is looked up so.
# Only a rollback that finds an update under way ends it so; tests/local/test_permissions.py tries the right.
# No image of these tests lies in the account's own registry; the other module tries that right, too.
# Only a stack whose parameter says so repairs drift; tests/local/test_permissions.py tries the right.
OF_SERVICES = {
    ("CreateEndpoint", "sagemaker:ListEndpoints"),
    ("DetectDrift", "ecr:DescribeImages"),
    ("DetectDrift", "states:StartExecution"),
    ("PlanDeployment", "cloudwatch:SetAlarmState"),
    ("UpdateEndpoint", "cloudwatch:DescribeAlarms"),
    ("UpdateEndpoint", "cloudwatch:TagResource"),
    ("StoreRevision", "s3:ListBucket"),
    ("SmokeTestEndpoint", "s3:ListBucket"),
}
# Paths here test only endpoints in real time, of models.
OF_OTHER_SMOKE_TESTS = ("sagemaker:InvokeEndpointWithResponseStream", "sagemaker:InvokeEndpointAsync")
# A model that names a package needs rights on it, too (Developer Guide, "Deploy a Model Version from a Different
# Account"); the simulator has no registry.
# Application Auto Scaling makes alarms and its role with the rights of who registers a target; local AWS makes none.
OF_OTHER_RESOURCES = (
    ":model-package/*",
    ":inference-component/*",
    ":alarm:TargetTracking-endpoint/*",
    "/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint",
)
# It looks at the endpoint with these rights; local AWS looks with its own.
OF_SCALING = {
    "sagemaker:DescribeEndpoint",
    "sagemaker:DescribeEndpointConfig",
    "sagemaker:UpdateEndpointWeightsAndCapacities",
    "cloudwatch:DescribeAlarms",
}
# What puts scaling back after a failure has the policy of what registers it.
REGISTERING = {"RegisterScaling", "UpdateEndpoint", "RestoreEndpoint"}
EXECUTION_SECONDS = 90.0
RETENTION_SECONDS = 2 * 86400.0
LARGEST_INPUT = 261_700  # of the 262,144 bytes that an execution's input may have
GUARDED: Document = {
    "DeploymentConfig": {
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}}
    },
    "RollbackAlarms": {"Errors": {"Percent": 1}},
}
WRONG = {"Body": "{}", "Expect": {"Contains": "what no model answers"}}
FAULTS = (
    # The calls take effect, and their answers are lost: the next attempt finds what the first one created.
    Fault("CreateModel", "dropped", "after", resource="perms-life"),
    Fault("CreateEndpointConfig", "dropped", "after", resource="perms-life"),
    Fault("CreateEndpoint", "dropped", "after", resource="perms-life"),
    # IAM does not know a config's tags yet when RecordDeployment adds one, nor when ConfirmRevision does. Before them
    # CreateEndpointConfig tags the config that it finds there, and in between lie a retry and another deployment.
    Fault("AddTags", "rejected", skip=1, code="AccessDeniedException", resource="endpoint-config/perms-life"),
    Fault("AddTags", "rejected", skip=5, code="AccessDeniedException", resource="endpoint-config/perms-life"),
    # IAM does not know an endpoint's tags yet when UpdateEndpoint changes it.
    Fault("UpdateEndpoint", "rejected", code="AccessDeniedException", resource="perms-life"),
    # IAM denies the deletion of a model, and the sweep looks whether it is there, and whose it is.
    Fault("DeleteModel", "rejected", code="AccessDeniedException", resource="perms-failed"),
    # The plan and the update look at the endpoint first. The next look is answered when somebody has changed it since:
    # the update takes 40 s.
    Fault("DescribeEndpoint", "slow", skip=2, seconds=250.0, resource="perms-overtaken"),
)

# The first update of the endpoint; without a reason, the states of the alarms are read.
FAILURES = (Failure("perms-failed", "Baking", times=1),)


@dataclass(frozen=True)
class Paths:
    """The paths through the state machines, on the shipped stack.

    Attributes:
        stack: The stack, up on local AWS.
        quick: How SageMaker behaves where nothing goes wrong.
    """

    stack: Stack
    quick: Settings

    def take_all(self) -> None:
        """Take all of them, side by side: they wait more than they work."""
        empty_account(self.stack)
        self.stack.server.control.settings = replace(self.quick, faults=FAULTS, failures=FAILURES)
        # A function that has run is warm for the next path: alone, the first run starts each of them only once.
        self._creation()
        paths = (self._failures, self._overtaken, self._whole_life, self._scaled, self._short_ones)
        with ThreadPoolExecutor(3) as pool:
            for path in [pool.submit(path) for path in paths]:
                path.result()
        self.stack.sweep(after=RETENTION_SECONDS)

    def _creation(self) -> None:
        """Create an endpoint, with a smoke test whose body is in S3."""
        self.stack.upload("bodies/1.json", b"{}")
        body = {"BodyS3Uri": f"s3://{self.stack.outputs.artifact_bucket}/bodies/1.json", "Expect": ANSWERS["Expect"]}
        self._run(request("a", "perms-life", SmokeTest=body), "Deployed")

    def _whole_life(self) -> None:
        """Update, confirm and roll back."""
        self.stack.server.client("sagemaker").create_model(ModelName="perms-own", PrimaryContainer={"Image": "i"})
        variants = [VARIANT, {**VARIANT, "VariantName": "w", "ModelName": "perms-own"}]
        # The role is one that only inference components need; the simulator accepts it beside a model, too.
        config = {"ExecutionRoleArn": self.stack.outputs.execution_role_arn, "ProductionVariants": variants}
        self._run(request("b", "perms-life", Tags={"team": "growth", "cost": "9"}), "Deployed")
        self._run(request("b", "perms-life", Tags={"team": "risk"}), "NothingToDo")
        self._run(request("c", "perms-life", EndpointConfig=config), "Deployed")
        self._run(rollback(endpoint="perms-life"), "Deployed")

    def _scaled(self) -> None:
        """Scale an endpoint, less, no more and again; then change its instance type."""
        whole = scaled(4, POLICY, ScheduledActions=[NIGHT])
        for content, parts in (("a", whole), ("b", scaled(3)), ("c", {}), ("d", whole)):
            self._run(request(content, "perms-scaled", **parts), "Deployed")
        self._run(request("e", "perms-scaled", **LARGER, **whole), "Deployed")

    def _failures(self) -> None:
        """Update an endpoint by what SageMaker rolls back without a reason, and by what fails its smoke test."""
        self._run(request("a", "perms-failed"), "Deployed")
        alarms = {"Errors": {"Percent": 1}}
        self._run(request("b", "perms-failed", DeploymentConfig=self._guarded(), RollbackAlarms=alarms), "Failed")
        self._run(request("c", "perms-failed", SmokeTest=WRONG), "Failed")
        # It stays the newest artifact of the endpoint, which DetectDrift reports.
        version = self.stack.upload("models/perms-failed/model.tar.gz", b"no archive")
        assert self._ending(self.stack.execution_of(version)) == "Failed"

    def _short_ones(self) -> None:
        """Create a scaled endpoint that fails its smoke test; upload a manifest and an artifact; ask for too much."""
        scaling = self.stack.server.client("application-autoscaling")
        target = {**TARGET, "ResourceId": "endpoint/perms-new/variant/AllTraffic"}
        scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=2)
        self._run(request("a", "perms-new", SmokeTest=WRONG), "Failed")
        # Its model is used by somebody else, so the sweep keeps it, and what is stored of the revision.
        (model,) = self.stack.made_for("perms-new")["Models"]
        self.stack.server.client("sagemaker").create_endpoint_config(
            EndpointConfigName="user-of-a-model", ProductionVariants=[{**VARIANT, "ModelName": model}]
        )
        execution = self._start(request("a", "perms-approved", Approval={}))
        self._approve(execution)
        assert self._ending(execution) == "Deployed"
        # DetectDrift looks at the alarms of the live revision.
        self._run(request("b", "perms-approved", **GUARDED), "Deployed")
        version = self.stack.upload("models/perms-waits/deployment.yaml", b"{}")
        assert self._ending(self.stack.execution_of(version)) == "AwaitingArtifact"
        version = self.stack.upload("models/perms-waits/model.tar.gz", b"no archive")
        assert self._ending(self.stack.execution_of(version)) == "Failed"
        # With what the first step adds to it, it exceeds the data of a state, and the execution ends at once.
        execution = self._start(request("a", "perms-large", Tags={"large": LARGEST_INPUT * "x"}))
        assert self.stack.outcome_of(execution)["Error"] == "States.DataLimitExceeded"

    def _overtaken(self) -> None:
        """Before a run sees that its update is done, somebody changes the endpoint once more."""
        client, endpoint = self.stack.server.client("sagemaker"), "perms-overtaken"
        client.create_model(ModelName="by-hand", PrimaryContainer={"Image": "i"})
        for config in ("first-by-hand", "last-by-hand"):
            variant = {**VARIANT, "ModelName": "by-hand"}
            client.create_endpoint_config(EndpointConfigName=config, ProductionVariants=[variant])
        tags = [{"Key": STACK_TAG, "Value": STACK_NAME}]
        client.create_endpoint(EndpointName=endpoint, EndpointConfigName="first-by-hand", Tags=tags)
        self._wait_until(endpoint, lambda config: config == "first-by-hand")
        execution = self._start(request("a", endpoint))
        self._wait_until(endpoint, lambda config: config != "first-by-hand")
        client.update_endpoint(EndpointName=endpoint, EndpointConfigName="last-by-hand")
        assert self._ending(execution) == "Superseded"

    def _approve(self, execution: str) -> None:
        """Approve a deployment as soon as it waits for that, by the token in the execution's history."""
        states, deadline = self.stack.server.client("stepfunctions"), time.monotonic() + EXECUTION_SECONDS
        while time.monotonic() < deadline:
            history = states.get_execution_history(executionArn=execution, reverseOrder=True, maxResults=5)
            if (task := waiting_task(history["events"])) and "LookSeconds" not in task:
                states.send_task_success(taskToken=task["TaskToken"], output='{"Decision": "Approve"}')
                return
            time.sleep(0.2)
        raise TimeoutError(execution)

    def _wait_until(self, name: str, is_awaited: Callable[[str], bool]) -> None:
        """Wait until an endpoint is in service on an awaited config, without asking SageMaker."""
        deadline = time.monotonic() + EXECUTION_SECONDS
        while time.monotonic() < deadline:
            endpoint = self.stack.endpoint(name)
            if endpoint["EndpointStatus"] == "InService" and is_awaited(endpoint["EndpointConfigName"]):
                return
            time.sleep(0.1)
        raise TimeoutError(name)

    def _guarded(self) -> Document:
        """Make an alarm, and return guardrails that name it; and one of an endpoint that is gone, for the sweep."""
        for name in (ALARM["AlarmName"], f"{STACK_NAME}/abort/perms-gone"):
            self.stack.server.client("cloudwatch").put_metric_alarm(**{**ALARM, "AlarmName": name})
        traffic = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 60}
        return {
            "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": traffic},
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": ALARM["AlarmName"]}]},
        }

    def _run(self, document: Document, ending: str) -> None:
        assert self._ending(self._start(document)) == ending, document

    def _start(self, document: Document) -> str:
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


def grants_of(stack: Stack, function: str, role: str) -> Iterator[tuple[list[str], list[str]]]:
    """Yield actions and resources of each statement that allows a function something, without what others need."""
    for document in _policies_of(stack.server.client("iam"), role):
        for statement in document["Statement"]:
            assert statement["Effect"] == "Allow"
            actions, resources = (_listed(statement[member]) for member in ("Action", "Resource"))
            resources = [resource for resource in resources if not resource.endswith(OF_OTHER_RESOURCES)]
            others = (*OF_LAMBDA, *OF_LARGE_COPIES, *OF_OTHER_SMOKE_TESTS)
            own = [action for action in actions if not action.startswith(others)]
            own = [action for action in own if (function, action) not in OF_SERVICES]
            own = [action for action in own if not _is_for_scaling(function, action)]
            if own and resources:
                yield own, resources


def _is_for_scaling(function: str, action: str) -> bool:
    """Return whether an action may be needed only where scaling is registered, or put back."""
    if function == "RegisterScaling":
        return action in OF_SCALING
    is_of_scaling = action.startswith("application-autoscaling:") or action in OF_SCALING
    return function in REGISTERING and is_of_scaling


def _policies_of(iam: Any, role: str) -> Iterator[Document]:
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        yield iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        version = iam.get_policy(PolicyArn=policy["PolicyArn"])["Policy"]["DefaultVersionId"]
        yield iam.get_policy_version(PolicyArn=policy["PolicyArn"], VersionId=version)["PolicyVersion"]["Document"]


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
        for actions, resources in grants_of(running, function, roles[function])
        for action in actions
        if not any(action == used and fnmatchcase(arn, each) for used, arn in needed for each in resources)
    ] + [
        (actions, resource)
        for actions, resources in grants_of(running, function, roles[function])
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
