"""SmokeTestEndpoint: invoke the endpoint as the request's smoke test says, and check the answers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from deployer.json_document import Document
from deployer.planning.plan import plan_of
from deployer.request.smoke_test import SmokeTest
from deployer.runtime import inference, objects, step
from deployer.smoke_test_run import ask_asynchronously, read_body, run_smoke_test

if TYPE_CHECKING:
    from deployer.request.expectations import Answer


@step(inference)
def handler(event: Document) -> Document:
    """Return how many answers came; raise SmokeTestFailedError if one is not as expected."""
    plan = plan_of(event)
    test = SmokeTest.model_validate(plan.smoke_test)
    if "AsyncInferenceConfig" in plan.request["EndpointConfig"]:
        return run_smoke_test(test, partial(ask_asynchronously, test, plan.endpoint_name, inference(), objects()))
    body = read_body(test, objects())

    def ask(_deadline: float) -> Answer:
        return inference().invoke(plan.endpoint_name, test, body)

    return run_smoke_test(test, ask)
