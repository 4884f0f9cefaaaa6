"""Whatever goes wrong and wherever: the endpoint serves the old revision or the new one, and the outcome says which.

The points are not listed by hand: a run without faults shows which calls it makes and which states it enters.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from deployer.json_document import Document
from deployer.outcome import Outcome
from deployer.request.service_model import sagemaker
from local.simulator import Fault, Settings
from tests.machine.factories import ANSWERS, CANARY, DAY, deploy, entered, request, serves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.virtual_time.world import World


SETTINGS = Settings(broken_models={"bad": "cannot predict"}, create_seconds=45, update_seconds=45)
SCENARIOS = {"a new endpoint": ("", "b"), "an update": ("a", "b"), "an update that fails its test": ("a", "bad")}
TRANSIENT = {
    "throttled": Fault("", "throttled"),
    "connection lost before the effect": Fault("", "dropped"),
    "failed after the effect": Fault("", "unavailable", "after"),
    "connection lost after the effect": Fault("", "dropped", "after"),
    "function killed before the effect": Fault("", "killed"),
    "function killed after the effect": Fault("", "killed", "after"),
    "function out of time": Fault("", "slow", seconds=310),
}
GUARDRAILS = {"BlueGreenUpdatePolicy": CANARY["BlueGreenUpdatePolicy"]}


def prepare(make_world: Callable[..., Any], old: str) -> Any:
    """Make a world with an endpoint as it is before the run that things go wrong with."""
    world = make_world(SETTINGS)
    if old:
        deploy(world, old)
    world.clock.sleep(60)
    return world


def wanted(new: str) -> Document:
    """Build the request of that run: guarded and tested."""
    return request(new, SmokeTest=ANSWERS, DeploymentConfig=GUARDRAILS)


def calls_of_the_run(make_world: Callable[..., Any], old: str, new: str) -> Iterator[tuple[str, int]]:
    """Yield each call that the run makes, as its operation and how many of that one went before."""
    world = prepare(make_world, old)
    before = len(world.simulator.calls)
    world.run(wanted(new))
    counts: Counter[str] = Counter()
    for call in world.simulator.calls[before:]:
        yield call.operation, counts[call.operation]
        counts[call.operation] += 1


def check(world: World, old: str, new: str, point: object) -> None:
    """The endpoint serves one revision or the other, and the outcome says which."""
    outcome = world.bus[-1]
    if outcome["Outcome"] in {Outcome.DEPLOYED, Outcome.NOTHING_TO_DO}:
        assert serves(world) == new, point
    else:
        assert outcome["Outcome"] == Outcome.FAILED, (point, outcome)
        assert serves(world) == old, point
        assert old or world.names["Endpoints"] == [], point
    assert "RestoreError" not in outcome, point


def check_sweep(world: World, old: str, point: object) -> None:
    """A sweep a day later leaves what the endpoint serves, and what can be rolled back to."""
    serving, revisions = serves(world), {old, serves(world)} - {""}
    world.clock.sleep(DAY + 1)
    world.sweep()
    assert serves(world) == serving, point
    assert len(world.names["EndpointConfigs"]) == len(world.names["Models"]) == len(revisions), point


@pytest.mark.parametrize("fault", TRANSIENT.values(), ids=TRANSIENT)
@pytest.mark.parametrize(("old", "new"), SCENARIOS.values(), ids=SCENARIOS)
def test_transient_fault_of_any_call_changes_no_outcome(
    make_world: Callable[..., World], old: str, new: str, fault: Fault
) -> None:
    """A fault that passes changes nothing of how a run ends, in whichever call it occurs, and in restoring, too.

    Each fault occurs in every other call, half of them the first and half the second one.
    """
    expected = "b" if new == "b" else "a"
    points = [*calls_of_the_run(make_world, old, new)][[*TRANSIENT.values()].index(fault) % 2 :: 2]
    for operation, number in points:
        world = prepare(make_world, old)
        world.simulator.settings = replace(SETTINGS, faults=(replace(fault, operation=operation, skip=number),))

        world.run(wanted(new))

        check(world, old, new, (operation, number))
        assert serves(world) == expected, (operation, number)


@pytest.mark.parametrize(("old", "new"), [SCENARIOS["a new endpoint"], SCENARIOS["an update"]], ids=[*SCENARIOS][:2])
def test_permanent_refusal_of_any_call_restores_the_endpoint(
    make_world: Callable[..., World], old: str, new: str
) -> None:
    """A permanent refusal of any call ends the run at once; the endpoint is what it was."""
    for operation, number in calls_of_the_run(make_world, old, new):
        world = prepare(make_world, old)
        fault = Fault(operation, "rejected", skip=number, code="AccessDeniedException", message="not authorized")
        world.simulator.settings = replace(SETTINGS, faults=(fault,))

        world.run(wanted(new))

        check(world, old, new, (operation, number))
        check_sweep(world, old, (operation, number))


DENIED = Fault("DescribeEndpoint", "rejected", code="AccessDeniedException", message="not authorized")


@pytest.mark.parametrize("seconds", [0, 60], ids=["without lag", "replicas lag"])
@pytest.mark.parametrize(("old", "operation", "skip"), [("a", "UpdateEndpoint", 2), ("", "CreateEndpoint", 1)])
def test_change_that_was_accepted_is_restored_if_its_repetition_is_refused(
    make_world: Any, old: str, operation: str, skip: int, seconds: float
) -> None:
    """The answer is lost, and then a look at the endpoint is refused: the untested revision does not stay live."""
    world = prepare(make_world, old)
    lost, refused = Fault(operation, "dropped", "after"), replace(DENIED, skip=skip)
    world.simulator.settings = replace(SETTINGS, lag=seconds, faults=(lost, refused))

    world.run(wanted("b"))

    check(world, old, "b", operation)


STATUSES = {
    "SystemUpdating": (Outcome.FAILED, "UpdateRolledBackError"),
    "RollingBack": (Outcome.FAILED, "UpdateRolledBackError"),
    "InService": (Outcome.FAILED, "UpdateRolledBackError"),
    "OutOfService": (Outcome.FAILED, "EndpointFailedError"),
    "Failed": (Outcome.FAILED, "EndpointFailedError"),
    "UpdateRollbackFailed": (Outcome.FAILED, "EndpointFailedError"),
    "Deleting": (Outcome.FAILED, "EndpointFailedError"),
}
"""What the endpoint is found in during an update, and how the run ends then."""


@pytest.mark.parametrize("status", STATUSES)
def test_each_status_during_an_update_has_its_outcome(make_world: Callable[..., World], status: str) -> None:
    """The run ends by name; it deletes nothing, least of all the endpoint."""
    world = prepare(make_world, "a")
    before, began = world.names, world.clock.now()
    execution = world.machine.start(wanted("b"))
    # A status that passes lasts until somebody looks.
    change = partial(world.simulator.set_status, "churn", status, seconds=1000)
    world.clock.spawn(change, name="somebody", at=began + 150)

    world.machine.run()

    assert (world.bus[-1]["Outcome"], execution.error) == STATUSES[status]
    assert world.count("DeleteEndpoint") == 0
    assert all(set(names) - {"churn"} <= set(world.names[kind]) for kind, names in before.items())


def test_endpoint_that_is_deleted_during_an_update_is_not_created_again(make_world: Callable[..., World]) -> None:
    """The run fails by name, and announces it."""
    world = prepare(make_world, "a")
    execution = world.machine.start(wanted("b"))
    delete = partial(world.simulator.set_status, "churn", "Deleting", seconds=1)
    world.clock.spawn(delete, name="somebody", at=world.clock.now() + 50)

    world.machine.run()

    assert world.bus[-1]["Outcome"] == Outcome.FAILED
    assert execution.error in {"EndpointFailedError", "EndpointNotVisibleError"}
    assert world.names["Endpoints"] == []
    assert world.count("CreateEndpoint") == 1


def test_every_status_of_the_api_is_known() -> None:
    """A status that SageMaker adds is noticed here first."""
    waited_for = {"Creating", "Updating"}

    shape: Any = sagemaker().shape_for("EndpointStatus")

    assert set(shape.enum) == STATUSES.keys() | waited_for


@pytest.mark.parametrize(("old", "new"), SCENARIOS.values(), ids=SCENARIOS)
@pytest.mark.parametrize("pause", [1, 1200, 90_000], ids=["at once", "after 20 minutes", "after a day"])
def test_stopped_and_redriven_run_ends_well(make_world: Callable[..., World], old: str, new: str, pause: int) -> None:
    """Stopped in any state, and redriven at once, later, or too late for its deadline."""
    world = prepare(make_world, old)
    began = world.clock.now()
    moments = sorted({moment - began for _, moment in entered(world.run(wanted(new)))})
    for moment in moments:
        world = prepare(make_world, old)
        began = world.clock.now()
        execution = world.machine.start(wanted(new))
        world.machine.stop(execution, at=began + moment + 0.001)
        world.machine.run(began + moment + pause)
        if execution.status == "ABORTED":
            world.machine.redrive(execution)

        world.machine.run()

        outcome = world.bus[-1]["Outcome"]
        if outcome != Outcome.TIMED_OUT:
            check(world, old, new, moment)
        else:
            assert pause == 90_000
            assert serves(world) in {old, new}
            assert not old or world.count("DeleteEndpoint") == 0
