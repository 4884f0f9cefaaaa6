"""Nothing that is in use is ever deleted, whatever happens beside the sweep."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from deployer.json_document import Document
from local.simulator import ServiceError, Settings
from tests.machine.factories import (
    KEY,
    request,
    rollback,
)
from tests.machine.sweeps import sagemaker

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World


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
