"""Whatever goes wrong with step policies and their alarms: the endpoint is on one revision, with its alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ConnectionClosedError

from deployer.json_document import Document
from local.simulator.errors import FunctionKilledError
from tests.machine.factories import serves
from tests.machine.failing_scaling import Case, ScalingRuns, refusal
from tests.machine.scaling_samples import LARGER, registered, scaled
from tests.machine.step_samples import IN, OUT, policy_alarms
from tests.scaling_documents import BUSY, steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World

RUNS = ScalingRuns(
    frozenset({"application-autoscaling", "cloudwatch"}),
    scaled(4, OUT, IN),
    scaled(6, steps("out", 2, {**BUSY, "Threshold": 500})),
)
BEFORE = ({"AllTraffic": (1, 4, "out", "in")}, [("in", 10.0), ("out", 1000.0)])
AFTER = ({"AllTraffic": (1, 6, "out")}, [("out", 500.0)])
NONE: tuple[Document, list[tuple[str, float]]] = ({}, [])
SCENARIOS: dict[str, Case] = {
    "a new endpoint": ("", "b", {}),
    "an update": ("a", "b", {}),
    "other instances": ("a", "b", LARGER),
    "other instances that fail their test": ("a", "bad", LARGER),
}


def check(world: World, old: str, new: str, point: object) -> None:
    """The endpoint serves one revision, with its policies and their alarms."""
    outcome, found = world.bus[-1], (registered(world), policy_alarms(world))
    if outcome["Outcome"] == "Deployed":
        assert (serves(world), *found) == (new, *AFTER), point
    elif old:
        assert (serves(world), *found) == (old, *BEFORE), (point, outcome)
    else:
        # Alarms of policies that are gone do nothing, and are swept.
        assert (world.names["Endpoints"], found[0]) == ([], {}), point
        assert {policy for policy, _ in found[1]} <= {"gone"}, point
    assert "RestoreError" not in outcome, point


TRANSIENT: dict[str, tuple[str, BaseException]] = {
    "throttled": ("before", refusal("ThrottlingException")),
    "connection lost after the effect": ("after", ConnectionClosedError(endpoint_url="https://aws")),
    "function killed before the effect": ("before", FunctionKilledError()),
    "function killed after the effect": ("after", FunctionKilledError()),
}


@pytest.mark.parametrize("fault", TRANSIENT)
@pytest.mark.parametrize("case", SCENARIOS.values(), ids=SCENARIOS)
def test_transient_fault_of_any_call_changes_no_outcome(
    make_world: Callable[..., World], case: Case, fault: str
) -> None:
    """A fault that passes changes nothing of how a run ends, in restoring, too. Each occurs in every other call."""
    (old, new, _), (when, error) = case, TRANSIENT[fault]
    for point in RUNS.points(make_world, case)[[*TRANSIENT].index(fault) % 2 :: 2]:
        world, _ = RUNS.fail(make_world, case, point, error, when)

        check(world, old, new, point)
        assert world.bus[-1]["Outcome"] == ("Failed" if new == "bad" else "Deployed"), point


REFUSALS = {
    "PutMetricAlarm": ["AccessDenied", "LimitExceeded", "ValidationError"],
    "DescribeAlarms": ["AccessDenied"],
    "DeleteAlarms": ["AccessDenied"],
}


@pytest.mark.parametrize("scenario", ["a new endpoint", "an update", "other instances"])
def test_permanent_refusal_of_an_alarm_restores_the_endpoint(make_world: Callable[..., World], scenario: str) -> None:
    """CloudWatch refuses one call of the run permanently; the endpoint is what it was."""
    case = SCENARIOS[scenario]
    for point in RUNS.points(make_world, case):
        for code in REFUSALS.get(point[0], []):
            world, execution = RUNS.fail(make_world, case, point, refusal(code))

            check(world, case[0], case[1], (point, code))
            assert execution.states[-1] in {"Failed", "Rejected"}, (point, code)


def test_update_that_was_stopped_is_made_whole_by_the_next(make_world: Callable[..., World]) -> None:
    """Its policies are gone, and their alarms do nothing until they are replaced."""
    world = RUNS.prepare(make_world, "a")
    world.autoscaling.deregister_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId="endpoint/churn/variant/AllTraffic",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
    )

    world.run(RUNS.wanted("b", {}))

    check(world, "a", "b", "after")
    assert (registered(world), policy_alarms(world)) != NONE
