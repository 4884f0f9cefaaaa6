"""After a success the newest revisions stay, and older ones go if nothing uses them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.simulator import Fault, ServiceError, Settings
from tests.machine.factories import deploy, live_revision, request, rollback, serves


def sagemaker(world: Any, operation: str, **parameters: Any) -> dict[str, Any]:
    """Call SageMaker as somebody beside the deployer."""
    answer: dict[str, Any] = world.simulator.call(operation, parameters)
    return answer


def test_the_newest_three_stay(world: Any) -> None:
    """The default of RetainedRevisions; each older config goes with its model."""
    revisions = deploy(world, *"abcde")

    assert world.names["EndpointConfigs"] == revisions[-3:]
    assert len(world.names["Models"]) == 3


def test_the_previous_one_stays_whatever_the_number(world: Any, monkeypatch: Any) -> None:
    """There is always a way back."""
    monkeypatch.setenv("RETAINED_REVISIONS", "1")

    revisions = deploy(world, *"abc")

    assert world.names["EndpointConfigs"] == revisions[-2:]


def test_a_model_that_a_younger_revision_uses_stays(world: Any) -> None:
    """The oldest and the newest revision hold the same model; only the oldest config goes."""
    revisions = deploy(world, *"abca")

    assert world.names["EndpointConfigs"] == revisions[-3:]
    assert len(world.names["Models"]) == 3
    assert serves(world) == "a"


def test_what_another_endpoint_uses_stays(world: Any) -> None:
    """Somebody's endpoint runs on an old revision of ours, and another config names an old model."""
    revisions = deploy(world, *"ab")
    configs = world.simulator.resources()["EndpointConfigs"]
    sagemaker(world, "CreateEndpoint", EndpointName="theirs", EndpointConfigName=revisions[0])
    variant = {**configs[revisions[1]]["ProductionVariants"][0], "VariantName": "v"}
    sagemaker(world, "CreateEndpointConfig", EndpointConfigName="theirs", ProductionVariants=[variant])

    deploy(world, *"cdef")

    resources = world.simulator.resources()
    assert revisions[0] in resources["EndpointConfigs"]
    assert revisions[1] not in resources["EndpointConfigs"]
    assert variant["ModelName"] in resources["Models"]


def test_what_this_deployer_did_not_make_stays(world: Any) -> None:
    """A config of the right name and without the stack's tag is somebody else's."""
    (revision,) = deploy(world, "a")
    variant = world.simulator.resources()["EndpointConfigs"][revision]["ProductionVariants"][0]
    theirs = "churn-20200101T000000-0123456789ab"
    sagemaker(world, "CreateEndpointConfig", EndpointConfigName=theirs, ProductionVariants=[variant])

    deploy(world, *"bcde")

    assert theirs in world.names["EndpointConfigs"]


def test_a_deployment_has_succeeded_whatever_comes_of_retiring(make_world: Any) -> None:
    """Old revisions that cannot be deleted are no failure of the new one; the next deployment takes them along."""
    fault = Fault("DeleteModel", "rejected", times=1, message="not today")
    world = make_world(Settings(faults=(fault,)))

    deploy(world, *"abcd")
    assert len(world.names["EndpointConfigs"]) == 4

    deploy(world, "e")
    assert len(world.names["EndpointConfigs"]) == 3


def test_going_back_keeps_what_it_brings_back(world: Any) -> None:
    """The oldest retained revision is brought back; its model is in use again and stays."""
    revisions = deploy(world, *"abc")
    world.clock.sleep(60)
    world.run(rollback(revisions[0]))

    deploy(world, "d")
    world.clock.sleep(60)
    world.run(rollback())

    assert serves(world) == "a"


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["deploy", "rollback", "attach", "use", "weights"]),
        st.sampled_from("abc"),
        st.integers(0, 600),
    ),
    min_size=3,
    max_size=9,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, seed=st.integers(0, 1000))
def test_nothing_that_is_in_use_is_ever_deleted(make_world: Any, steps: list[tuple[str, str, int]], seed: int) -> None:
    """Two deployments, rollbacks and manual changes beside us, in any interleaving."""
    world = make_world(Settings(broken_models={"c": "broken"}), seed)
    deletions_in_use: list[str] = []
    watch_deletions(world, deletions_in_use)
    moment = world.clock.now()
    for index, (step, content, delay) in enumerate(steps):
        moment += delay
        if step == "deploy":
            test = {"Body": "{}", "Expect": {"Contains": "Model"}}
            world.machine.start(request(content, SmokeTest=test), at=moment)
        elif step == "rollback":
            world.machine.start(rollback(), at=moment)
        else:
            world.clock.spawn(lambda step=step, index=index: beside_us(world, step, index), name=step, at=moment)

    world.machine.run()

    assert not deletions_in_use
    assert all(execution.status in {"SUCCEEDED", "FAILED"} for execution in world.machine.executions)


def beside_us(world: Any, step: str, index: int) -> None:
    """Do something by hand to what the deployer made: attach a revision elsewhere, use a model, shift weights."""
    resources = world.simulator.resources()
    configs = sorted(resources["EndpointConfigs"])
    if not configs:
        return
    name = configs[index % len(configs)]
    variant = resources["EndpointConfigs"][name]["ProductionVariants"][0]
    weights = [{"VariantName": variant["VariantName"], "DesiredWeight": 2.0}]
    actions: dict[str, tuple[str, dict[str, Any]]] = {
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


def watch_deletions(world: Any, found: list[str]) -> None:
    """Note each deletion of a config that an endpoint has or goes to, or of a model that a config names."""
    call = world.simulator.call

    def watched(operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
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
        answer: dict[str, Any] = call(operation, parameters)
        return answer

    world.simulator.call = watched


def test_live_and_pending_revisions_are_known_by_name(world: Any) -> None:
    """The name of the attached config is the revision that the bus was told."""
    (revision,) = deploy(world, "a")

    assert live_revision(world) == revision
