"""A call goes wrong during a change of weights: the endpoint has those of one revision, and the outcome says whose."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from deployer.outcome import Outcome
from local.simulator import Fault, Settings
from tests.machine.factories import ANSWERS, REFUSES, deploy_one
from tests.machine.failing_scaling import refusal
from tests.machine.failure_points import TRANSIENT, inject_once, sagemaker_points, watched_points
from tests.machine.weight_samples import CHANGE, split
from tests.machine.weighted_endpoints import check_deployed, check_next, requested_weights, weights

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployer.json_document import Document
    from local.virtual_time.world import World

SETTINGS = Settings(create_seconds=45, update_seconds=45, scale_seconds=60)
OLD = split(9, 1)
RUNS: dict[str, tuple[bool, Document]] = {
    "a change of weights": (False, split(5, 5, SmokeTest=ANSWERS)),
    "a change of a count": (False, split(9, 1, count=2, SmokeTest=ANSWERS)),
    "a change of weights that fails its test": (False, split(5, 5, SmokeTest=REFUSES)),
    "a second change of weights": (True, split(5, 5, SmokeTest=ANSWERS)),
    "a second change of weights that fails its test": (True, split(5, 5, SmokeTest=REFUSES)),
    "an update after a change of weights": (True, split(5, 5, image="new", SmokeTest=ANSWERS)),
    "an update after a change of weights that fails its test": (True, split(5, 5, image="new", SmokeTest=REFUSES)),
}
"""Whether the endpoint was given other weights before, and what the run wants."""

SUCCEEDING = [name for name, (_, wanted) in RUNS.items() if wanted["SmokeTest"] == ANSWERS]

FAULTS = {
    "throttled": Fault("", "throttled", times=3),
    "connection lost before the effect": Fault("", "dropped"),
    "failed after the effect": Fault("", "unavailable", "after"),
    "connection lost after the effect": Fault("", "dropped", "after"),
    "function killed before the effect": Fault("", "killed"),
    "function killed after the effect": Fault("", "killed", "after"),
}


def prepare(make_world: Callable[..., Any], run: str, settings: Settings = SETTINGS) -> tuple[Any, str, Document]:
    """Make a world with an endpoint as it is before the run; return the revision and the request that it serves."""
    world, before = make_world(settings), OLD
    old = deploy_one(world, OLD)
    if RUNS[run][0]:
        before = split(7, 3)
        old = deploy_one(world, before)
    world.clock.sleep(60)
    return world, old, before


def check(world: World, old: str, before: Document, run: str, point: object) -> None:
    """The endpoint serves one revision or the other, with its weights, and the outcome says which."""
    outcome = world.bus[-1]
    if outcome["Outcome"] == Outcome.DEPLOYED:
        check_deployed(world, outcome["Revision"], point)
        assert weights(world) == requested_weights(RUNS[run][1]), point
    else:
        assert outcome["Outcome"] == Outcome.FAILED, (point, outcome)
        check_deployed(world, old, point)
        assert weights(world) == requested_weights(before), point
    assert "RestoreError" not in outcome, (point, outcome)


def points_of(make_world: Callable[..., Any], run: str) -> list[tuple[str, int]]:
    """Return each call of SageMaker that the run makes."""
    world, *_ = prepare(make_world, run)
    begin = len(world.simulator.calls)
    world.run(RUNS[run][1])
    return sagemaker_points(world, begin)


def changes(points: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return the calls among others that change an endpoint which is there."""
    found = [point for point in points if point[0] in {CHANGE, "UpdateEndpoint"}]
    assert found
    return found


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("run", RUNS)
def test_transient_fault_of_any_call_changes_no_outcome(
    make_world: Callable[..., World], run: str, fault: Fault
) -> None:
    """A fault that passes changes nothing of how a run ends, in whichever call it occurs, and in restoring, too.

    Each fault occurs in every twelfth call, each in other ones, and in each change of weights.
    """
    points, first = points_of(make_world, run), [*FAULTS.values()].index(fault)
    for operation, number in dict.fromkeys([*points[first :: 2 * len(FAULTS)], *changes(points)]):
        world, old, before = prepare(make_world, run)
        world.simulator.settings = replace(SETTINGS, faults=(replace(fault, operation=operation, skip=number),))

        world.run(RUNS[run][1])

        expected = Outcome.DEPLOYED if run in SUCCEEDING else Outcome.FAILED
        check(world, old, before, run, (operation, number))
        assert world.outcomes[-1] == expected, (operation, number)


@pytest.mark.parametrize("run", SUCCEEDING)
def test_permanent_refusal_of_any_call_restores_the_weights(make_world: Callable[..., World], run: str) -> None:
    """The run ends at once; the endpoint has the weights of before, and the next deployment works.

    Every third call is refused, in each run other ones, and each change of weights.
    """
    points = points_of(make_world, run)
    for operation, number in dict.fromkeys([*points[SUCCEEDING.index(run) :: 3], *changes(points)]):
        world, old, before = prepare(make_world, run)
        denied = Fault(operation, "rejected", skip=number, code="AccessDeniedException", message="not authorized")
        world.simulator.settings = replace(SETTINGS, faults=(denied,))

        world.run(RUNS[run][1])

        check(world, old, before, run, (operation, number))
        check_next(world, (operation, number))


def storage_points(make_world: Callable[..., Any], run: str) -> list[tuple[int, str]]:
    """Return each call of S3, CloudWatch, EventBridge and Step Functions that the run makes: number and service."""
    world, *_ = prepare(make_world, run)
    points = watched_points(world)
    world.run(RUNS[run][1])
    return [(number, f"{service} {operation}") for number, (service, operation) in enumerate(points)]


@pytest.mark.parametrize(("when", "error"), TRANSIENT.values(), ids=TRANSIENT)
@pytest.mark.parametrize("run", RUNS)
def test_transient_fault_of_another_service_changes_no_outcome(
    make_world: Callable[..., World], run: str, when: str, error: Callable[[], BaseException]
) -> None:
    """Also while the weights are recorded: the write may have taken effect or not. Each occurs in every eighth call."""
    first, step = [*TRANSIENT.values()].index((when, error)), 2 * len(TRANSIENT)
    for number, name in storage_points(make_world, run)[first::step]:
        world, old, before = prepare(make_world, run)
        inject_once(world, number, when, error)

        world.run(RUNS[run][1])

        check(world, old, before, run, (number, name))
        assert world.outcomes[-1] == (Outcome.DEPLOYED if run in SUCCEEDING else Outcome.FAILED), (number, name)


@pytest.mark.parametrize("run", SUCCEEDING)
def test_permanent_refusal_of_storage_restores_the_weights(make_world: Callable[..., World], run: str) -> None:
    for number, name in storage_points(make_world, run):
        if not name.startswith("s3"):
            continue
        world, old, before = prepare(make_world, run)
        inject_once(world, number, "before", lambda: refusal("AccessDenied"))

        world.run(RUNS[run][1])

        check(world, old, before, run, (number, name))
        check_next(world, (number, name))


def test_change_that_is_never_allowed_leaves_the_weights(make_world: Callable[..., World]) -> None:
    """It is tried for minutes, because the tags of the endpoint allow it."""
    world, old, before = prepare(make_world, "a change of weights")
    denied = Fault(CHANGE, "rejected", times=None, code="AccessDeniedException", message="not authorized")
    world.simulator.settings = replace(SETTINGS, faults=(denied,))

    execution = world.run(split(5, 5))

    assert execution.error == "PermissionNotReadyError"
    check(world, old, before, "a change of weights", CHANGE)
    world.simulator.settings = SETTINGS
    check_next(world)
