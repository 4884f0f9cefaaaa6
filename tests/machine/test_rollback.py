"""A rollback on request makes a new revision of an earlier one's stored request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.simulator import Settings
from tests.machine.factories import (
    ANSWERS,
    BUCKET,
    DAY,
    KEY,
    REFUSES,
    copies,
    deploy,
    live_revision,
    loads,
    put_manifest,
    request,
    rollback,
    serves,
    upload,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World


def roll_back(world: World, to: bool | str = True, **more: Any) -> Any:  # noqa: FBT001, FBT002 - as in JSON
    """Run a rollback a minute later."""
    world.clock.sleep(60)
    return world.run(rollback(to, **more))


def test_rollback_deploys_the_revision_before(world: World) -> None:
    """The content is the old one, model included; the revision is new, and so the newest of all."""
    deploy(world, "a", "b")
    models = world.names["Models"]

    execution = roll_back(world)

    assert execution.states[-1] == "Deployed"
    assert serves(world) == "a"
    assert world.names["Models"] == models
    assert live_revision(world) == max(world.names["EndpointConfigs"])


def test_two_rollbacks_return_to_the_start(world: World) -> None:
    """A rollback is a deployment like any other, so the revision before it is the one that was left."""
    deploy(world, "a", "b")

    roll_back(world)
    roll_back(world)

    assert serves(world) == "b"


def test_rollback_to_a_named_revision_deploys_that_one(world: World) -> None:
    """Its content goes live."""
    revisions = deploy(world, "a", "b", "c")

    execution = roll_back(world, revisions[0])

    assert execution.states[-1] == "Deployed"
    assert serves(world) == "a"


def test_one_rollback_request_many_times_goes_back_once(world: World) -> None:
    """The same event twice, at the same time or later, is one step back and not two."""
    deploy(world, "a", "b", "c")
    world.clock.sleep(60)
    event = world.requested(rollback())

    executions = [world.machine.start(event) for _ in range(3)]
    world.machine.run()
    world.clock.sleep(3600)
    executions.append(world.run(event))

    assert serves(world) == "b"
    assert sorted(execution.states[-1] for execution in executions) == ["Deployed"] + ["NothingToDo"] * 3


def test_rollback_passes_over_a_revision_that_failed_its_smoke_test(make_world: Callable[..., World]) -> None:
    """A revision that was restored away from was never deployed."""
    world = make_world(Settings(broken_models={"bad": "cannot predict"}))
    deploy(world, "a")
    world.clock.sleep(60)
    world.run(request("bad", SmokeTest=ANSWERS))
    deploy(world, "c")

    roll_back(world)

    assert serves(world) == "a"


def test_rollback_passes_over_a_revision_that_sagemaker_rolled_back(make_world: Callable[..., World]) -> None:
    """A revision without a smoke test whose fleet did not come up was never deployed either."""
    world = make_world(Settings())
    deploy(world, "a")
    world.simulator.settings = Settings(failure_reasons={"*": "No capacity."})
    world.clock.sleep(60)
    world.run(request("bad"))
    world.simulator.settings = Settings()
    deploy(world, "c")

    roll_back(world)

    assert serves(world) == "a"


@pytest.mark.parametrize(
    ("contents", "to", "message"),
    [
        pytest.param([], True, "Rollback: there is no endpoint churn", id="no endpoint"),
        pytest.param(["a"], True, "Rollback: there is no deployed revision before churn-", id="nothing before"),
        pytest.param(["a"], "churn-20200101T000000-0123456789ab", "no deployed revision churn-2020", id="no such"),
    ],
)
def test_rollback_to_nothing_is_rejected(world: World, contents: list[str], to: Any, message: str) -> None:
    """The request is rejected, and nothing changes."""
    deploy(world, *contents)
    before = world.names

    execution = roll_back(world, to)

    assert execution.states[-1] == "Rejected"
    assert message in execution.cause
    assert world.names == before


def test_rollback_may_have_a_smoke_test_of_its_own(world: World) -> None:
    """The endpoint keeps its content if that test fails."""
    deploy(world, "a", "b")

    execution = roll_back(world, SmokeTest=REFUSES)

    assert execution.error == "SmokeTestFailedError"
    assert serves(world) == "b"


def test_rollback_runs_the_smoke_test_of_the_earlier_revision(make_world: Callable[..., World]) -> None:
    """A model that works no longer is not deployed again."""
    world = make_world(Settings())
    deploy(world, "a", SmokeTest=ANSWERS)
    deploy(world, "b")
    world.simulator.settings = Settings(broken_models={"a": "cannot predict"})

    execution = roll_back(world)

    assert execution.error == "SmokeTestFailedError"
    assert serves(world) == "b"


def test_older_rollback_request_is_superseded(world: World) -> None:
    """A deployment that was requested after it wins."""
    deploy(world, "a", "b")
    world.clock.sleep(60)
    event = world.requested(rollback())
    deploy(world, "c")

    execution = world.run(event)

    assert execution.states[-1] == "Superseded"
    assert serves(world) == "c"


def test_rollback_loads_the_first_bytes_of_an_overwritten_key(world: World) -> None:
    """The key has been overwritten, and the old version deleted: the stored copy is what a rollback deploys."""
    put_manifest(world, "{}")
    first = upload(world, b"one")
    upload(world, b"two")
    versions = world.s3.list_object_versions(Bucket=BUCKET, Prefix=KEY)["Versions"]
    for version in versions:
        world.s3.delete_object(Bucket=BUCKET, Key=KEY, VersionId=version["VersionId"])
    before = copies(world)

    execution = roll_back(world)

    assert (first.states[-1], execution.states[-1]) == ("Deployed", "Deployed")
    assert loads(world) == b"one"
    assert copies(world) == before


def test_rollback_to_overwritten_data_that_were_not_copied_is_rejected(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no copy with CopyArtifacts none: the rollback names the overwritten data."""
    monkeypatch.setenv("COPY_ARTIFACTS", "none")
    for body in (b"one", b"two"):
        assert upload(world, body).states[-1] == "Deployed"
    before = world.names

    execution = roll_back(world)

    assert execution.states[-1] == "Rejected"
    assert "Rollback: Models.model.PrimaryContainer.ModelDataUrl: " in execution.cause
    assert (copies(world), world.names) == ([], before)


def test_rollback_creates_a_deleted_model_again(world: World) -> None:
    """The stored request says what it was made of; nothing is reconstructed from what SageMaker describes."""
    deploy(world, "a", "b")
    (name,) = (name for name, model in world.simulator.resources()["Models"].items() if "/a:1" in str(model))
    world.simulator.call("DeleteModel", {"ModelName": name})

    execution = roll_back(world)

    assert execution.states[-1] == "Deployed"
    assert serves(world) == "a"
    assert name in world.names["Models"]


def test_rollback_after_a_sweep_reaches_the_retained_revisions(world: World) -> None:
    """A day of sweeping leaves the newest three deployed revisions, so two steps back are possible."""
    revisions = deploy(world, *"abcde")
    world.clock.sleep(DAY + 1)
    world.sweep()

    outcomes = [roll_back(world, to).states[-1] for to in (revisions[2], revisions[1])]

    assert outcomes == ["Deployed", "Rejected"]
    assert serves(world) == "c"
