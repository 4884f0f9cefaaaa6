"""Each kind of what a sweep removes is removed, documented, and missed by the campaign if it is not removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deployer.cleanup.sweep import Kind, Sweep
from local.environment import ROOT
from local.simulation import scenario as steps
from local.simulation.checker import check
from local.simulation.runner import run_scenario
from tests.machine.alarm_scenarios import ERRORS, swept_while_guarded
from tests.machine.factories import DAY, KEY, deploy, upload
from tests.machine.scripted_scenarios import scenario

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World

LEFT_OVER = {"unused_resources_are_swept", "alarms_without_use_are_swept"}
"""The invariants of what nothing uses after the last sweep."""


def swept_uploads(seed: int) -> steps.Scenario:
    """Uploads replace each other, and only the last one is retained."""
    bodies = ("one", "two", "three")
    uploads = [
        steps.Upload(name=body, at=5000.0 * number, endpoint="churn", key=KEY, body=body)
        for number, body in enumerate(bodies)
    ]
    return scenario(seed, *uploads, RETAINED_REVISIONS="1")


def test_every_kind_is_swept(world: World) -> None:
    """A kind is missing here while no phase of the sweep removes it, or no deployment of this test makes one."""
    upload(world, b"one")
    deploy(world, "a", "b", **ERRORS)
    world.simulator.call("DeleteEndpoint", {"EndpointName": "churn"})

    for _ in range(3):
        world.clock.sleep(2 * DAY)
        world.sweep()

    removed = {kind for event in world.sweeps for kind, tally in event["Removed"].items() if tally["Count"]}
    assert removed == {*Kind}


@pytest.mark.parametrize("kind", Kind)
def test_campaign_notices_a_kind_that_is_not_swept(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    remove = Sweep.remove
    monkeypatch.setattr(Sweep, "remove", lambda self, of, *given: of != kind and remove(self, of, *given))
    found: set[str] = set()

    for made in (swept_while_guarded(0), swept_uploads(0)):
        violations, _ = check(run_scenario(made, make_world))
        found |= {violation.invariant for violation in violations}

    assert found & LEFT_OVER


def test_every_kind_is_in_the_operations_guide() -> None:
    guide = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")

    assert {kind for kind in Kind if f"`{kind}`" not in guide} == set()
