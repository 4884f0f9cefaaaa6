"""An endpoint of the hosting simulator serves its configs' models, whichever changes it gets in whichever order."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from deployer.json_document import Document
from local.simulator import Failure, ServiceError, Settings, Simulator
from local.simulator.model_server import BrokenModelError
from tests.unit.hosting.account import ROLE, serverless, variant
from tests.unit.hosting.hosting_changes import CONFIGS, FAILURES, POLICIES
from tests.unit.manual_clock import Clock

ALARMS = ["one", "two"]
SERVING = {"InService", "Updating", "SystemUpdating", "RollingBack", "UpdateRollbackFailed"}
NOT_SERVING = {"Creating", "OutOfService", "Deleting", "Failed"}
SECONDS = st.sampled_from([1, 10, 59, 60, 180, 240, 600, 1000, 10_000]) | st.floats(0, 5000)
VARIANTS = st.sampled_from(
    [
        [variant()],
        [variant(InitialInstanceCount=4)],
        [variant(InitialInstanceCount=4, InitialVariantWeight=0.5)],
        [variant(), variant(VariantName="B", InitialVariantWeight=0.0)],
        [serverless()],
    ]
)


class EndpointLifecycle(RuleBasedStateMachine):
    """Random changes of one endpoint and its four configs, each with a model of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.on: set[str] = set()
        self.scaled: set[str] = set()
        self.before: Any = None
        self.was_changed = True

    @initialize(seed=st.integers(0, 99), failures=st.lists(FAILURES, max_size=3), is_emptied=st.booleans())
    def begin(self, seed: int, failures: list[Failure], *, is_emptied: bool) -> None:
        """Make an account with all models."""
        wanted = Settings(failures=tuple(failures), empties_failure_reason=is_emptied, scale_seconds=30)
        self.simulator = Simulator(
            clock=self.clock,
            settings=wanted,
            seed=seed,
            alarm_is_on=self.on.__contains__,
            is_scaled=lambda _, name: name in self.scaled,
        )
        for name in CONFIGS:
            container = {"Image": "registry/m:1"}
            self.call("CreateModel", ModelName=f"of-{name}", PrimaryContainer=container, ExecutionRoleArn=ROLE)
            self.create_config(name, [variant(InitialInstanceCount=4)])
        self.change("CreateEndpoint", EndpointConfigName="c0")
        self.clock.sleep(180)

    def call(self, operation: str, **parameters: Any) -> Any:
        """Call an operation and check its answer; return None if it is rejected, which must be as invalid."""
        try:
            return self.simulator.call(operation, parameters)
        except ServiceError as error:
            assert error.code == "ValidationException"  # noqa: PT017 - a refusal is one of the outcomes
            return None

    @precondition(lambda self: self.before is None)
    @rule(name=st.sampled_from(CONFIGS))
    def create(self, name: str) -> None:
        """Create the endpoint."""
        self.change("CreateEndpoint", EndpointConfigName=name)

    @rule(name=st.sampled_from(CONFIGS), variants=VARIANTS)
    def change_config(self, name: str, variants: list[Document]) -> None:
        """Delete a config, used or not, and create another one of its name."""
        self.call("DeleteEndpointConfig", EndpointConfigName=name)
        self.create_config(name, variants)

    def create_config(self, name: str, variants: list[Document]) -> None:
        """Create a config of the config's own model."""
        own = [{**each, "ModelName": f"of-{name}"} for each in variants]
        self.call("CreateEndpointConfig", EndpointConfigName=name, ProductionVariants=own)

    @rule(name=st.sampled_from(CONFIGS), policy=st.sampled_from(POLICIES), retain=st.booleans())
    def update(self, name: str, policy: Document, *, retain: bool) -> None:
        """Update the endpoint to another config."""
        self.change(
            "UpdateEndpoint", EndpointConfigName=name, DeploymentConfig=policy, RetainAllVariantProperties=retain
        )

    @rule(chance=st.integers(0, 4))
    def delete(self, chance: int) -> None:
        """Delete the endpoint, one time in five."""
        if not chance:
            self.change("DeleteEndpoint")

    @rule(
        desired=st.sampled_from([0.0, 1.0, 2.0]).map(lambda weight: {"DesiredWeight": weight})
        | st.integers(1, 5).map(lambda count: {"DesiredInstanceCount": count})
    )
    def scale(self, desired: Document) -> None:
        """Set the weight or the count."""
        change = [{"VariantName": "A", **desired}]
        self.change("UpdateEndpointWeightsAndCapacities", DesiredWeightsAndCapacities=change)

    @rule(status=st.sampled_from(sorted(SERVING | NOT_SERVING)), chance=st.integers(0, 2))
    def put_into(self, status: str, chance: int) -> None:
        """Put the endpoint into a status, one time in three."""
        if chance:
            return
        self.was_changed = True
        try:
            self.simulator.set_status("e", status)
        except (LookupError, BrokenModelError):
            return
        assert self.call("DescribeEndpoint", EndpointName="e")["EndpointStatus"] == status

    def change(self, operation: str, **parameters: Any) -> None:
        """Change the endpoint."""
        if self.call(operation, EndpointName="e", **parameters) is not None:
            self.was_changed = True

    @rule(name=st.sampled_from(ALARMS), is_on=st.booleans())
    def alarm(self, name: str, *, is_on: bool) -> None:
        """Set an alarm's state."""
        (self.on.add if is_on else self.on.discard)(name)

    @rule(name=st.sampled_from(["A", "B"]), is_scaled=st.booleans())
    def autoscale(self, name: str, *, is_scaled: bool) -> None:
        """Let Application Auto Scaling manage a variant, or not."""
        (self.scaled.add if is_scaled else self.scaled.discard)(name)

    @rule(seconds=SECONDS)
    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.sleep(seconds)

    @rule(stages=st.integers(1, 3))
    def sleep_until_something_is_due(self, stages: int) -> None:
        """Let time pass to the end of the stage that is under way, and of those after it."""
        for _ in range(stages):
            if self.simulator._lifecycle._queue:
                self.clock.seconds = max(self.clock.seconds, self.simulator._lifecycle._queue[0][0])
                self.models_of_its_configs_answer()

    @invariant()
    def models_of_its_configs_answer(self) -> None:
        """In each status that serves, every invocation is answered by a model of the configs that the endpoint has."""
        described = self.call("DescribeEndpoint", EndpointName="e")
        status = described["EndpointStatus"] if described else "Deleting"
        if status not in SERVING:
            self.check_rejection()
        else:
            pending = described.get("PendingDeploymentSummary", {}).get("EndpointConfigName")
            configs = {described["EndpointConfigName"], pending}
            if status == "UpdateRollbackFailed":
                configs |= {*CONFIGS}
            if status in {"InService", "SystemUpdating"}:
                assert pending is None
                assert "VariantStatus" not in str(described["ProductionVariants"])
            for _ in range(3):
                answer = json.loads(self.simulator.invoke({"EndpointName": "e", "Body": b"{}"})["Body"])
                assert answer["Model"].removeprefix("of-") in configs
        self.check_config(described)

    def check_rejection(self) -> None:
        """An endpoint that does not serve rejects an invocation."""
        try:
            self.simulator.invoke({"EndpointName": "e", "Body": b"{}"})
        except ServiceError as error:
            assert error.code == "ValidationError"  # noqa: PT017 - the only outcome
        else:
            raise AssertionError("answered")

    def check_config(self, described: Any) -> None:
        """Without a request an endpoint changes its config only at the end of an update, and never after a rollback."""
        before, self.before = self.before, described
        was_changed, self.was_changed = self.was_changed, False
        if was_changed or before is None or described is None:
            return
        allowed = {before["EndpointConfigName"]}
        if before["EndpointStatus"] == "Updating":
            allowed.add(before.get("PendingDeploymentSummary", before)["EndpointConfigName"])
        assert described["EndpointConfigName"] in allowed
        if before["EndpointStatus"] in {"Failed", "OutOfService", "UpdateRollbackFailed", "InService"}:
            assert described["EndpointStatus"] == before["EndpointStatus"]

    @rule()
    def sleep_until_nothing_changes(self) -> None:
        """After a long time an endpoint is in a status that does not change by itself."""
        self.clock.sleep(1_000_000)
        described = self.call("DescribeEndpoint", EndpointName="e")
        assert described is None or described["EndpointStatus"] in {
            "InService",
            "OutOfService",
            "Failed",
            "UpdateRollbackFailed",
        }
        assert self.simulator._lifecycle._queue == []


TestEndpointLifecycle = EndpointLifecycle.TestCase
TestEndpointLifecycle.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
