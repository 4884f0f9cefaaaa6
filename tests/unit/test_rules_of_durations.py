"""The waits of an update are compared with the time that the stack waits."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.json_document import Document
from deployer.request.rules.guardrails import instance_size_problems
from deployer.request.rules.waits import limit_problems, timeout_problems, waiting_seconds
from tests.unit.request_samples import percent, routing, variant


def linear(value: int, wait: int, **more: Any) -> Document:
    """Build guardrails of linear steps."""
    steps = {"Type": "LINEAR", "WaitIntervalInSeconds": wait, "LinearStepSize": percent(value)}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": steps, **more}}


def of_instances(count: int) -> Document:
    """Build an endpoint config with a variant of so many instances."""
    return {"ProductionVariants": [variant(VariantName="A", InitialInstanceCount=count)]}


@pytest.mark.parametrize(
    ("deployment", "count", "seconds"),
    [
        pytest.param({}, 1, 0, id="no policy"),
        pytest.param({"AutoRollbackConfiguration": {}}, 1, 0, id="alarms only"),
        pytest.param({"BlueGreenUpdatePolicy": routing("ALL_AT_ONCE")}, 4, 0, id="all at once"),
        pytest.param({"BlueGreenUpdatePolicy": routing("CANARY", CanarySize=percent(10))}, 4, 600, id="a canary"),
        pytest.param(linear(25, 600, TerminationWaitInSeconds=60), 8, 3 * 600 + 60, id="four steps"),
        pytest.param(linear(10, 600), 2, 600, id="two steps, of an instance each"),
        pytest.param({"RollingUpdatePolicy": {"MaximumBatchSize": percent(5), "WaitIntervalInSeconds": 60}}, 40, 1200),
        pytest.param(
            {
                "RollingUpdatePolicy": {
                    "MaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": 3},
                    "WaitIntervalInSeconds": 60,
                }
            },
            10,
            240,
            id="batches of three instances",
        ),
    ],
)
def test_waits_of_an_update_add_up(deployment: Document, count: int, seconds: int) -> None:
    assert waiting_seconds(deployment, of_instances(count)) == seconds


sizes = st.sampled_from([1, 10, 20, 50]).map(percent) | st.integers(1, 9).map(
    lambda value: {"Type": "INSTANCE_COUNT", "Value": value}
)
deployments = st.one_of(
    st.builds(lambda size: {"BlueGreenUpdatePolicy": routing("CANARY", CanarySize=size)}, sizes),
    st.builds(linear, st.integers(10, 50), st.integers(0, 3600)),
    st.builds(
        lambda size, wait: {"RollingUpdatePolicy": {"MaximumBatchSize": size, "WaitIntervalInSeconds": wait}},
        sizes,
        st.integers(0, 3600),
    ),
)


@given(deployment=deployments, count=st.integers(1, 50), timeout=st.integers(60, 43_200))
def test_update_whose_waits_take_longer_than_the_stack_waits_is_reported(
    deployment: Document, count: int, timeout: int
) -> None:
    config = of_instances(count)
    seconds = waiting_seconds(deployment, config)

    assert bool(list(timeout_problems(deployment, config, timeout))) == (seconds >= timeout)
    for policy in deployment.values():
        policy["MaximumExecutionTimeoutInSeconds"] = timeout
    assert bool(list(limit_problems(deployment, config))) == (seconds >= timeout)


@given(value=st.integers(1, 60), count=st.integers(1, 50))
def test_canary_in_instances_may_be_half_of_the_fleet(value: int, count: int) -> None:
    size = {"Type": "INSTANCE_COUNT", "Value": value}
    deployment = {"BlueGreenUpdatePolicy": routing("CANARY", CanarySize=size)}

    problems = list(instance_size_problems(deployment, of_instances(count)))

    assert bool(problems) == (2 * value > count)
