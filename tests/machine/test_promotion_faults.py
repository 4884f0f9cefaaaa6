"""Whatever goes wrong with a promotion and wherever: the endpoint serves the old or the promoted revision, whole."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from local.simulation.stages import STAGING, STAGING_ACCOUNT
from local.simulator import Fault, Settings
from tests.machine.factories import BUCKET, KEY, live_model, serves, upload
from tests.machine.failure_points import TRANSIENT, inject_once, sagemaker_points, watched_points
from tests.machine.promotions import deployed_elsewhere, promotion
from tests.machine.scaling_samples import POLICY, registered, scaled

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployer.json_document import Document
    from local.virtual_time.world import World

SETTINGS = Settings(create_seconds=45, update_seconds=45)


@pytest.fixture(autouse=True)
def promotes_from_staging(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stack takes what the other account deploys, and may read its bucket."""
    monkeypatch.setenv("PROMOTE_FROM", STAGING_ACCOUNT)
    monkeypatch.setenv("ALLOWED_BUCKET_ARNS", f"arn:aws:s3:::{STAGING}")


def prepare(make_world: Callable[..., World]) -> tuple[World, Document]:
    """Make the world of a second stage, whose endpoint serves something else; return the event that promotes, too."""
    world, detail = deployed_elsewhere(make_world, **scaled(4, POLICY))
    world.simulator.settings = SETTINGS
    upload(world, b"what was before", KEY)
    world.clock.sleep(60)
    return world, promotion(world, detail)


def loaded(world: World) -> bytes:
    """Return the bytes that the endpoint's model loads."""
    key = live_model(world)["PrimaryContainer"]["ModelDataUrl"].removeprefix(f"s3://{BUCKET}/")
    content: bytes = world.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return content


def check(world: World, point: object) -> None:
    """The endpoint serves one of the two revisions, with its bytes and its scaling; the outcome says which."""
    outcome = world.bus[-1]
    is_promoted = outcome["Outcome"] in {"Deployed", "NothingToDo"}
    assert is_promoted or outcome["Outcome"] in {"Failed", "Rejected"}, (point, outcome)
    assert loaded(world) == (b"weights" if is_promoted else b"what was before"), (point, outcome)
    assert bool(registered(world)) == is_promoted, (point, outcome)
    assert serves(world), point
    assert "RestoreError" not in outcome, point


@pytest.mark.parametrize("fault", TRANSIENT)
def test_transient_fault_of_any_call_promotes_all_the_same(make_world: Callable[..., World], fault: str) -> None:
    """Of S3 in both accounts, Application Auto Scaling and EventBridge. Each fault occurs in every other call."""
    when, error = TRANSIENT[fault]
    world, event = prepare(make_world)
    points = watched_points(world)
    world.run(event)
    assert {service for service, _ in points} >= {"s3", "application-autoscaling", "events"}

    for number in range([*TRANSIENT].index(fault) % 2, len(points), 2):
        world, event = prepare(make_world)
        inject_once(world, number, when, error)

        world.run(event)

        check(world, points[number])
        assert loaded(world) == b"weights", points[number]


@pytest.mark.parametrize("kind", ["rejected", "dropped"])
def test_fault_of_sagemaker_leaves_one_revision(make_world: Callable[..., World], kind: str) -> None:
    """It refuses any call for good, or loses its answer."""
    world, event = prepare(make_world)
    begin = len(world.simulator.calls)
    world.run(event)

    for operation, number in sagemaker_points(world, begin):
        world, event = prepare(make_world)
        refusal = Fault(operation, "rejected", skip=number, code="AccessDeniedException", message="not authorized")
        fault = refusal if kind == "rejected" else Fault(operation, "dropped", "after", skip=number)
        world.simulator.settings = replace(SETTINGS, faults=(fault,))

        world.run(event)

        check(world, (operation, number))
