"""Whatever happens to an endpoint of the hosting simulator, in whatever order: it serves what it says."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from deployer.json_document import Document
from local.simulator import Failure, ServiceError, Settings, Simulator
from local.simulator.model_server import BrokenModelError
from tests.unit.hosting_account import (
    ROLE,
    Clock,
    blue_green,
    canary,
    instances,
    percent,
    rolling,
    serverless,
    variant,
)

ALARMS = ["one", "two"]
CONFIGS = [f"c{number}" for number in range(4)]
SERVING = {"InService", "Updating", "SystemUpdating", "RollingBack", "UpdateRollbackFailed"}
NOT_SERVING = {"Creating", "OutOfService", "Deleting", "Failed"}
POLICIES: list[Document] = [
    {},
    blue_green("ALL_AT_ONCE", "one"),
    canary("two"),
    canary("one", "two", size=50, TerminationWaitInSeconds=600),
    canary(size=20, MaximumExecutionTimeoutInSeconds=900),
    canary(size=90),
    blue_green("LINEAR", "one", LinearStepSize=percent(30)),
    rolling(percent(30), "one"),
    rolling(instances(1), "two", RollbackMaximumBatchSize=percent(50), MaximumExecutionTimeoutInSeconds=1800),
]
FAILURES = st.builds(
    Failure,
    config=st.sampled_from([*CONFIGS, "*"]),
    stage=st.sampled_from(["Creating", "Baking", "RollingBack"]),
    reason=st.sampled_from(["", "No capacity."]),
    step=st.integers(1, 3),
    times=st.sampled_from([None, 1]),
)
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


class Lives(RuleBasedStateMachine):
    """One endpoint, four configs, each with a model of its own, and everybody who may change them."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.on: set[str] = set()
        self.scaled: set[str] = set()
        self.before: Any = None
        self.was_touched = True

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
        self.touch("CreateEndpoint", EndpointConfigName="c0")
        self.clock.sleep(180)

    def call(self, operation: str, **parameters: Any) -> Any:
        """Call; what is refused is refused as invalid. An answer that SageMaker's model lacks is an AssertionError."""
        try:
            return self.simulator.call(operation, parameters)
        except ServiceError as error:
            assert error.code == "ValidationException"  # noqa: PT017 - a refusal is one of the outcomes
            return None

    @precondition(lambda self: self.before is None)
    @rule(name=st.sampled_from(CONFIGS))
    def create(self, name: str) -> None:
        """Create the endpoint."""
        self.touch("CreateEndpoint", EndpointConfigName=name)

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
        """Change it to another config."""
        self.touch(
            "UpdateEndpoint", EndpointConfigName=name, DeploymentConfig=policy, RetainAllVariantProperties=retain
        )

    @rule(chance=st.integers(0, 4))
    def delete(self, chance: int) -> None:
        """Delete it, now and then."""
        if not chance:
            self.touch("DeleteEndpoint")

    @rule(weight=st.sampled_from([0.0, 1.0, 2.0]), count=st.integers(1, 5))
    def scale(self, weight: float, count: int) -> None:
        """Set weight and count."""
        desired = [{"VariantName": "A", "DesiredWeight": weight, "DesiredInstanceCount": count}]
        self.touch("UpdateEndpointWeightsAndCapacities", DesiredWeightsAndCapacities=desired)

    @rule(status=st.sampled_from(sorted(SERVING | NOT_SERVING)), chance=st.integers(0, 2))
    def put_into(self, status: str, chance: int) -> None:
        """Put it into a status, now and then."""
        if chance:
            return
        self.was_touched = True
        try:
            self.simulator.set_status("e", status)
        except (LookupError, BrokenModelError):
            return
        assert self.call("DescribeEndpoint", EndpointName="e")["EndpointStatus"] == status

    def touch(self, operation: str, **parameters: Any) -> None:
        """Change the endpoint."""
        if self.call(operation, EndpointName="e", **parameters) is not None:
            self.was_touched = True

    @rule(name=st.sampled_from(ALARMS), is_on=st.booleans())
    def alarm(self, name: str, *, is_on: bool) -> None:
        """Let an alarm go on or off."""
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
                self.it_serves_what_it_says()

    @invariant()
    def it_serves_what_it_says(self) -> None:
        """In each status that serves, every invocation is answered by a model of the configs that the endpoint has."""
        described = self.call("DescribeEndpoint", EndpointName="e")
        status = described["EndpointStatus"] if described else "Deleting"
        if status not in SERVING:
            self.is_refused()
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
        self.it_ends_on_the_config_that_it_should(described)

    def is_refused(self) -> None:
        """An endpoint that does not serve answers nobody."""
        try:
            self.simulator.invoke({"EndpointName": "e", "Body": b"{}"})
        except ServiceError as error:
            assert error.code == "ValidationError"  # noqa: PT017 - the only outcome
        else:
            raise AssertionError("answered")

    def it_ends_on_the_config_that_it_should(self, described: Any) -> None:
        """By itself an endpoint changes its config at the end of an update only, and never after a rollback."""
        before, self.before = self.before, described
        was_touched, self.was_touched = self.was_touched, False
        if was_touched or before is None or described is None:
            return
        allowed = {before["EndpointConfigName"]}
        if before["EndpointStatus"] == "Updating":
            allowed.add(before.get("PendingDeploymentSummary", before)["EndpointConfigName"])
        assert described["EndpointConfigName"] in allowed
        if before["EndpointStatus"] in {"Failed", "OutOfService", "UpdateRollbackFailed", "InService"}:
            assert described["EndpointStatus"] == before["EndpointStatus"]

    @rule()
    def everything_passes(self) -> None:
        """After a long time an endpoint is in a status that does not pass by itself."""
        self.clock.sleep(1_000_000)
        described = self.call("DescribeEndpoint", EndpointName="e")
        assert described is None or described["EndpointStatus"] in {
            "InService",
            "OutOfService",
            "Failed",
            "UpdateRollbackFailed",
        }
        assert self.simulator._lifecycle._queue == []


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


@given(
    policy=st.sampled_from(POLICIES),
    failures=st.lists(FAILURES, max_size=2),
    looks=st.lists(st.integers(0, 400), max_size=20),
    end=st.integers(1, 500),
)
def test_looking_changes_nothing(policy: Document, failures: list[Failure], looks: list[int], end: int) -> None:
    """However often somebody looked before, an endpoint is the same at the same moment."""

    def run(moments: list[int]) -> Any:
        clock = Clock()
        simulator = Simulator(clock=clock, settings=Settings(failures=tuple(failures)))
        began = clock.now()
        simulator.call("CreateModel", {"ModelName": "m", "PrimaryContainer": {"Image": "i"}, "ExecutionRoleArn": ROLE})
        for name in ("c0", "c1"):
            variants = [variant(InitialInstanceCount=4)]
            simulator.call("CreateEndpointConfig", {"EndpointConfigName": name, "ProductionVariants": variants})
        simulator.call("CreateEndpoint", {"EndpointName": "e", "EndpointConfigName": "c0"})
        clock.sleep(180)
        try:
            simulator.call(
                "UpdateEndpoint", {"EndpointName": "e", "EndpointConfigName": "c1", "DeploymentConfig": policy}
            )
        except ServiceError as error:
            assert error.code == "ValidationException"  # noqa: PT017 - a refusal is one of the outcomes
        for moment in [*moments, end]:
            clock.seconds = began + 180 + 10 * moment
            described = simulator.call("DescribeEndpoint", {"EndpointName": "e"})
        return described

    assert run(sorted(look for look in looks if look < end)) == run([])
