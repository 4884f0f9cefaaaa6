"""Paths through the state machines that together need every right of the functions."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deployer.execution_history import waiting_task
from deployer.json_document import Document
from deployer.tags import STACK_TAG
from local.aws.execution_follower import follow
from local.environment import STACK_NAME
from local.simulator import Failure, Fault
from tests.local.empty_account import empty_account
from tests.local.permission_calls import ALARM, TARGET, VARIANT
from tests.machine.factories import ANSWERS, request, rollback
from tests.machine.scaling_samples import LARGER, NIGHT, POLICY, scaled
from tests.machine.step_samples import OUT
from tests.machine.weight_samples import CHANGE, split

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.aws.stack import Stack
    from local.simulator import Settings


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
    # Nor when UpdateWeights does.
    Fault(CHANGE, "rejected", code="AccessDeniedException", resource="perms-weights"),
    # IAM denies the deletion of a model, and the sweep looks whether it is there, and whose it is.
    Fault("DeleteModel", "rejected", code="AccessDeniedException", resource="perms-failed"),
    # The plan and the update look at the endpoint first. The next look is answered when somebody has changed it since:
    # the update takes 40 s.
    Fault("DescribeEndpoint", "slow", skip=2, seconds=250.0, resource="perms-overtaken"),
)


# The plan and the change of weights look at the endpoint first. The next look sees it as it was before the change.
STALE_LOOK = Fault("DescribeEndpoint", "stale", skip=2, resource="perms-weights")

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
        paths = (
            self._failures, self._overtaken, self._whole_life, self._scaled, self._weighted, self._short_ones,
        )  # fmt: skip
        with ThreadPoolExecutor(3) as pool:
            for path in [pool.submit(path) for path in paths]:
                path.result()
        self._lagging_look()
        self.stack.server.control.settings = replace(self.quick, faults=FAULTS)
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
        whole = scaled(4, POLICY, OUT, ScheduledActions=[NIGHT])
        for content, parts in (("a", whole), ("b", scaled(3)), ("c", {}), ("d", whole)):
            self._run(request(content, "perms-scaled", **parts), "Deployed")
        self._run(request("e", "perms-scaled", **LARGER, **whole), "Deployed")

    def _weighted(self) -> None:
        """Give an endpoint other weights twice, and weights whose smoke test fails; then update it."""
        for first, second in ((9, 1), (5, 5), (1, 9)):
            self._run(split(first, second, endpoint="perms-weights"), "Deployed")
        self._run(split(3, 7, endpoint="perms-weights", SmokeTest=WRONG), "Failed")
        # Two counts take more than one change of weights.
        self._run(split(1, 9, 2, 2, endpoint="perms-weights"), "Deployed")

    def _lagging_look(self) -> None:
        """Change weights once more; the look at the endpoint misses that. DetectDrift looks up whose weights it has."""
        self.stack.server.control.settings = replace(self.quick, faults=(STALE_LOOK,), scale_seconds=20.0)
        self._run(split(2, 8, 2, 2, endpoint="perms-weights"), "Deployed")

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
        """Make an alarm, and return guardrails that name it; and those of an endpoint that is gone, for the sweep."""
        gone = (f"{STACK_NAME}/abort/perms-gone", f"{STACK_NAME}/scaling/perms-gone-0123456789ab")
        for name in (ALARM["AlarmName"], *gone):
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
