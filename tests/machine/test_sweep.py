"""What nothing has used for a day is swept away, and nothing else."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from deployer.json_document import Document
from local.simulator import Fault, ServiceError, Settings
from tests.machine.factories import (
    DAY,
    HOUR,
    KEY,
    copies,
    deploy,
    live_revision,
    loads,
    put_manifest,
    request,
    rollback,
    serves,
    stored,
    upload,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World


def sagemaker(world: World, operation: str, **parameters: Any) -> Document:
    """Call SageMaker as somebody other than the deployer."""
    answer: Document = world.simulator.call(operation, parameters)
    return answer


def sweep_later(world: World, seconds: float = DAY + 1, **options: Any) -> Document:
    """Sweep after a while; return the detail of the event."""
    world.clock.sleep(seconds)
    execution = world.sweep(**options)
    assert execution.states[-1] == "Swept", execution.cause
    event: Document = world.sweeps[-1]
    return event


def revision_folders(world: World, endpoint: str = "churn") -> set[str]:
    """Return the revisions of which requests are stored."""
    keys = stored(world, f"revisions/{endpoint}/")
    return {key.split("/")[2] for key in keys if key.endswith("/request.json")}


def test_newest_three_deployed_revisions_are_retained(world: World) -> None:
    """The default of RetainedRevisions; each older config goes with its model and its stored request."""
    revisions = deploy(world, *"abcde")

    sweep_later(world)

    assert world.names["EndpointConfigs"] == revisions[-3:]
    assert len(world.names["Models"]) == 3
    assert revision_folders(world) == set(revisions[-3:])


def test_nothing_is_swept_within_the_retention(world: World) -> None:
    """What is younger than UnusedRetentionHours stays, whether it is in use or not."""
    deploy(world, *"abcde")
    before, objects = world.names, stored(world)

    sweep_later(world, 23 * HOUR)

    assert (world.names, stored(world)) == (before, objects)


def test_dry_run_tells_and_deletes_nothing(world: World) -> None:
    """The event names what a sweep would remove."""
    deploy(world, *"abcde")
    before, objects = world.names, stored(world)

    listed = sweep_later(world, DryRun=True)

    assert (world.names, stored(world)) == (before, objects)
    swept = sweep_later(world, 0)
    assert (listed["DryRun"], swept["DryRun"]) == (True, False)
    assert listed["Removed"] == swept["Removed"]
    assert world.names != before


def test_one_revision_is_retained_if_the_stack_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that is served; there is no way back then."""
    monkeypatch.setenv("RETAINED_REVISIONS", "1")
    revisions = deploy(world, *"abc")

    sweep_later(world)

    assert revisions[-1] in world.names["EndpointConfigs"]
    assert revisions[0] not in world.names["EndpointConfigs"]


def test_model_of_a_retained_revision_stays(world: World) -> None:
    """The oldest and the newest revision hold the same model; only the oldest config goes."""
    revisions = deploy(world, *"abca")

    sweep_later(world)

    assert world.names["EndpointConfigs"] == revisions[-3:]
    assert len(world.names["Models"]) == 3
    assert serves(world) == "a"


def test_what_another_endpoint_uses_stays(world: World) -> None:
    """Somebody's endpoint runs on an old revision of ours, and another config names an old model."""
    revisions = deploy(world, *"ab")
    configs = world.simulator.resources()["EndpointConfigs"]
    sagemaker(world, "CreateEndpoint", EndpointName="theirs", EndpointConfigName=revisions[0])
    variant = {**configs[revisions[1]]["ProductionVariants"][0], "VariantName": "v"}
    sagemaker(world, "CreateEndpointConfig", EndpointConfigName="theirs", ProductionVariants=[variant])
    deploy(world, *"cdef")

    sweep_later(world)

    assert revisions[0] in world.names["EndpointConfigs"]
    assert revisions[1] not in world.names["EndpointConfigs"]
    assert variant["ModelName"] in world.names["Models"]


def test_what_this_stack_did_not_make_stays(world: World) -> None:
    """A config of the right name and without the stack's tag is somebody else's."""
    (revision,) = deploy(world, "a")
    variant = world.simulator.resources()["EndpointConfigs"][revision]["ProductionVariants"][0]
    theirs = "churn-20200101T000000-0123456789ab"
    sagemaker(world, "CreateEndpointConfig", EndpointConfigName=theirs, ProductionVariants=[variant])
    deploy(world, *"bcde")

    sweep_later(world)

    assert theirs in world.names["EndpointConfigs"]


def test_uploads_are_never_swept(world: World) -> None:
    """Below models/ nothing is deleted, and no version of it."""
    for body in (b"1", b"2", b"3", b"4", b"5"):
        upload(world, body)
    before = stored(world, "models/")

    sweep_later(world)

    assert stored(world, "models/") == before
    assert len(copies(world)) == 3


def test_failed_deployment_is_swept_and_the_live_one_stays(world: World) -> None:
    """Deploy, overwrite the key, fail the smoke test, sweep past the retention: the endpoint loads the first bytes."""
    upload(world, b"one")
    before, objects = world.names, copies(world)
    put_manifest(world, 'SmokeTest: {Body: "1", Expect: {Contains: nothing of the kind}}')
    failed = upload(world, b"broken")
    assert failed.error == "SmokeTestFailedError"
    assert len(copies(world)) == 2

    sweep_later(world)

    assert (world.names, copies(world)) == (before, objects)
    assert loads(world) == b"one"
    assert revision_folders(world) == {live_revision(world)}


def test_everything_is_swept_after_the_endpoint_was_deleted(world: World) -> None:
    """Revisions are retained for an existing endpoint only."""
    for body in (b"1", b"2"):
        upload(world, body)
    sagemaker(world, "DeleteEndpoint", EndpointName="churn")
    world.clock.sleep(HOUR)

    sweep_later(world)
    sweep_later(world, HOUR)

    assert world.names == {"Models": [], "EndpointConfigs": [], "Endpoints": []}
    assert stored(world) == []


def test_what_a_running_deployment_uses_is_not_swept(make_world: Callable[..., World]) -> None:
    """A run finds a model there that is a day old, and a sweep begins before its config exists."""
    world = make_world(Settings())
    deploy(world, *"abcde")
    world.clock.sleep(DAY + 1)
    fault = Fault("CreateEndpointConfig", "unavailable", times=12)
    world.simulator.settings = Settings(faults=(fault,))
    began = world.clock.now()
    execution = world.machine.start(request("a"))
    world.clock.spawn(lambda: world.sweeper.start({}), name="sweep", at=began + 5)

    world.machine.run()

    assert execution.states[-1] == "Deployed"
    assert serves(world) == "a"
    assert ("CreateEndpointConfig", "ModelNotVisibleError") not in execution.failures


def test_model_that_was_deleted_meanwhile_is_created_again(make_world: Callable[..., World]) -> None:
    """Somebody deletes the run's model just before its config is created: the run goes back to CreateModels."""
    world = make_world(Settings(faults=(Fault("CreateEndpointConfig", "unavailable", times=3),)))
    execution = world.machine.start(request("a"))

    def delete() -> None:
        (name,) = world.names["Models"]
        sagemaker(world, "DeleteModel", ModelName=name)

    world.clock.spawn(delete, name="somebody", at=world.clock.now() + 1)
    world.machine.run()

    assert execution.states[-1] == "Deployed"
    assert execution.states.count("CreateModels") == 2
    assert serves(world) == "a"


@pytest.mark.parametrize("operation", ["DeleteModel", "DeleteEndpointConfig", "ListEndpointConfigs", "ListTags"])
def test_next_sweep_takes_what_one_could_not(make_world: Callable[..., World], operation: str) -> None:
    """A sweep that is refused a call loses nothing; the next one removes what is left."""
    world = make_world(Settings())
    revisions = deploy(world, *"abcde")
    world.simulator.settings = Settings(faults=(Fault(operation, "rejected", message="not today"),))
    world.clock.sleep(DAY + 1)
    world.sweep()
    assert set(revisions[-3:]) <= set(world.names["EndpointConfigs"])

    sweep_later(world, HOUR)
    sweep_later(world, HOUR)

    assert world.names["EndpointConfigs"] == revisions[-3:]
    assert len(world.names["Models"]) == 3


def test_rollback_keeps_what_it_brings_back(world: World) -> None:
    """The oldest retained revision is deployed again; its model is in use again and stays."""
    revisions = deploy(world, *"abc")
    world.clock.sleep(60)
    world.run(rollback(revisions[0]))
    deploy(world, "d")

    sweep_later(world)
    world.clock.sleep(60)
    execution = world.run(rollback())

    assert execution.states[-1] == "Deployed"
    assert serves(world) == "a"


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["deploy", "upload", "rollback", "attach", "use", "weights", "sweep", "sweep"]),
        st.sampled_from("abc"),
        st.integers(0, 600) | st.integers(80_000, 90_000),
    ),
    min_size=3,
    max_size=9,
)


@example(steps=[("deploy", "a", 0), *[("sweep", "a", 90_000), ("sweep", "a", 0), ("deploy", "b", 1)] * 2], seed=51)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, seed=st.integers(0, 1000))
def test_nothing_that_is_in_use_is_ever_deleted(
    make_world: Callable[..., World], steps: list[tuple[str, str, int]], seed: int
) -> None:
    """Deployments, rollbacks, sweeps and manual changes, in any interleaving."""
    world = make_world(Settings(broken_models={"c": "broken"}), seed)
    deleted_in_use: list[str] = []
    watch_deletions(world, deleted_in_use)
    moment = world.clock.now()
    for index, (step, content, delay) in enumerate(steps):
        moment += delay
        if step == "deploy":
            test = {"Body": "{}", "Expect": {"Contains": "Model"}}
            world.machine.start(request(content, SmokeTest=test), at=moment)
        elif step == "upload":
            upload_at = partial(world.upload, KEY, f"{content} {index}".encode())
            world.clock.spawn(upload_at, name="upload", at=moment)
        elif step == "rollback":
            world.machine.start(rollback(), at=moment)
        elif step == "sweep":
            world.clock.spawn(lambda: world.sweeper.start({}), name="sweep", at=moment)
        else:
            world.clock.spawn(partial(act, world, step, index), name=step, at=moment)

    world.machine.run()

    assert not deleted_in_use
    assert all(world.simulator.replace_instances(name) == "" for name in in_service(world))
    assert all(execution.status in {"SUCCEEDED", "FAILED"} for execution in world.machine.executions)
    assert all(execution.states[-1] == "Swept" for execution in world.sweeper.executions)


def in_service(world: World) -> list[str]:
    """Name the endpoints in service."""
    endpoints = world.simulator.resources()["Endpoints"]
    return [name for name, endpoint in endpoints.items() if endpoint["EndpointStatus"] == "InService"]


def act(world: World, step: str, index: int) -> None:
    """Do something by hand to what the deployer made: attach a revision elsewhere, use a model, shift weights."""
    resources = world.simulator.resources()
    configs = sorted(resources["EndpointConfigs"])
    if not configs:
        return
    name = configs[index % len(configs)]
    variant = resources["EndpointConfigs"][name]["ProductionVariants"][0]
    weights = [{"VariantName": variant["VariantName"], "DesiredWeight": 2.0}]
    actions: dict[str, tuple[str, Document]] = {
        "attach": ("CreateEndpoint", {"EndpointName": f"theirs-{index}", "EndpointConfigName": name}),
        "use": ("CreateEndpointConfig", {"EndpointConfigName": f"theirs-{index}", "ProductionVariants": [variant]}),
        "weights": (
            "UpdateEndpointWeightsAndCapacities",
            {"EndpointName": "churn", "DesiredWeightsAndCapacities": weights},
        ),
    }
    operation, parameters = actions[step]
    with suppress(ServiceError):  # whatever the service refuses by then is as good
        sagemaker(world, operation, **parameters)


def watch_deletions(world: World, found: list[str]) -> None:
    """Note each deletion of a config that an endpoint has or goes to, or of a model that a config names."""
    call = world.simulator.call

    def watched(operation: str, parameters: Document) -> Document:
        resources = world.simulator.resources()
        endpoints = resources["Endpoints"].values()
        fleets = [part for endpoint in endpoints for part in (endpoint, endpoint.get("PendingDeploymentSummary", {}))]
        attached = {fleet.get("EndpointConfigName") for fleet in fleets}
        used = {
            variant["ModelName"]
            for config in resources["EndpointConfigs"].values()
            for variant in config["ProductionVariants"]
        }
        if operation == "DeleteEndpointConfig" and parameters["EndpointConfigName"] in attached:
            found.append(parameters["EndpointConfigName"])
        if operation == "DeleteModel" and parameters["ModelName"] in used:
            found.append(parameters["ModelName"])
        answer: Document = call(operation, parameters)
        return answer

    simulator: Any = world.simulator
    simulator.call = watched
