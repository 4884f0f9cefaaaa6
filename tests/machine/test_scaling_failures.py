"""Whatever goes wrong with scaling: the endpoint is on one revision, whole, with the scaling of that one."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ConnectionClosedError

from deployer.json_document import Document
from local.simulator import Fault
from local.simulator.errors import FunctionKilledError
from tests.machine.factories import serves
from tests.machine.failing_scaling import SETTINGS, Case, ScalingRuns, refusal
from tests.machine.scaling_samples import LARGER, NIGHT, POLICY, registered, scaled
from tests.scaling_documents import tracking

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World

RUNS = ScalingRuns(
    frozenset({"application-autoscaling"}),
    scaled(4, POLICY, ScheduledActions=[NIGHT]),
    scaled(6, tracking("other")),
)
BEFORE: Document = {"AllTraffic": (1, 4, "invocations", "night")}
AFTER: Document = {"AllTraffic": (1, 6, "other")}
SCENARIOS: dict[str, Case] = {
    "a new endpoint": ("", "b", {}),
    "an update": ("a", "b", {}),
    "other instances": ("a", "b", LARGER),
    "an update that fails its test": ("a", "bad", {}),
    "other instances that fail their test": ("a", "bad", LARGER),
}


def check(world: World, old: str, new: str, point: object) -> None:
    """The endpoint serves one revision, with its scaling, and the outcome says which."""
    outcome = world.bus[-1]
    if outcome["Outcome"] == "Deployed":
        assert (serves(world), registered(world)) == (new, AFTER), point
    elif old:
        assert outcome["Outcome"] in {"Failed", "Rejected"}, (point, outcome)
        assert (serves(world), registered(world)) == (old, BEFORE), (point, outcome)
    else:
        assert world.names["Endpoints"] == [], point
        assert registered(world) == {}, point
    assert "RestoreError" not in outcome, point


TRANSIENT: dict[str, tuple[str, BaseException]] = {
    "throttled": ("before", refusal("ThrottlingException")),
    "busy": ("before", refusal("ConcurrentUpdateException")),
    "connection lost before the effect": ("before", ConnectionClosedError(endpoint_url="https://aws")),
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


@pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationException", "LimitExceededException"])
@pytest.mark.parametrize("scenario", ["a new endpoint", "an update", "other instances"])
def test_permanent_refusal_of_any_call_restores_the_endpoint(
    make_world: Callable[..., World], scenario: str, code: str
) -> None:
    """A refusal ends the run, unless IAM may not know the target's tags yet; the endpoint is what it was."""
    case = SCENARIOS[scenario]
    for point in RUNS.points(make_world, case):
        world, _ = RUNS.fail(make_world, case, point, refusal(code))

        check(world, case[0], case[1], (point, code))


@pytest.mark.parametrize("kind", ["rejected", "dropped"])
@pytest.mark.parametrize("change", [{}, LARGER], ids=["same instances", "other instances"])
def test_fault_of_sagemaker_leaves_the_scaling(make_world: Callable[..., World], change: Document, kind: str) -> None:
    """SageMaker refuses any call of the run, or loses its answer."""
    world = RUNS.prepare(make_world, "a")
    before = len(world.simulator.calls)
    world.run(RUNS.wanted("b", change))
    operations = Counter(call.operation for call in world.simulator.calls[before:])
    for operation, times in operations.items():
        for number in range(times):
            world = RUNS.prepare(make_world, "a")
            fault = Fault(operation, "rejected", skip=number, code="AccessDeniedException", message="not authorized")
            fault = fault if kind == "rejected" else Fault(operation, "dropped", "after", skip=number)
            world.simulator.settings = replace(SETTINGS, faults=(fault,))

            world.run(RUNS.wanted("b", change))

            check(world, "a", "b", (operation, number))
