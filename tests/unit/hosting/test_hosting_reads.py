"""Describing an endpoint of the hosting simulator does not change it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from deployer.json_document import Document
from local.simulator import Failure, ServiceError, Settings, Simulator
from tests.unit.hosting.account import ROLE, variant
from tests.unit.hosting.hosting_changes import FAILURES, POLICIES
from tests.unit.manual_clock import Clock


@given(
    policy=st.sampled_from(POLICIES),
    failures=st.lists(FAILURES, max_size=2),
    reads=st.lists(st.integers(0, 400), max_size=20),
    end=st.integers(1, 500),
)
def test_describing_an_endpoint_does_not_change_it(
    policy: Document, failures: list[Failure], reads: list[int], end: int
) -> None:
    """The description at a moment is the same, however often the endpoint was described before."""

    def run(moments: list[int]) -> Any:
        clock = Clock()
        simulator = Simulator(clock=clock, settings=Settings(failures=tuple(failures)))
        began = clock.now()
        simulator.call("CreateModel", {"ModelName": "m", "PrimaryContainer": {"Image": "i"}, "ExecutionRoleArn": ROLE})
        for name in ("c0", "c1"):
            variants = [variant(InitialInstanceCount=4)]
            simulator.call("CreateEndpointConfig", {"EndpointConfigName": name, "ProductionVariants": variants})
        simulator.call("CreateEndpoint", {"EndpointName": "e", "EndpointConfigName": "c0"})
        clock.sleep(180)
        try:
            simulator.call(
                "UpdateEndpoint", {"EndpointName": "e", "EndpointConfigName": "c1", "DeploymentConfig": policy}
            )
        except ServiceError as error:
            assert error.code == "ValidationException"  # noqa: PT017 - a refusal is one of the outcomes
        for moment in [*moments, end]:
            clock.seconds = began + 180 + 10 * moment
            described = simulator.call("DescribeEndpoint", {"EndpointName": "e"})
        return described

    assert run(sorted(read for read in reads if read < end)) == run([])
