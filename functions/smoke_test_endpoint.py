"""SmokeTestEndpoint: invoke the endpoint as the request's smoke test says, and check the answers.

Where calls fail, the test is repeated for minutes, and others may change the endpoint meanwhile: so it is described
after the last answer.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from deployer import clock
from deployer.errors import EndpointBusyError
from deployer.json_document import Document
from deployer.planning.decisions import check_deadline
from deployer.planning.plan import plan_of
from deployer.planning.seen import seen_live
from deployer.request.smoke_test import SmokeTest
from deployer.runtime import inference, objects, sagemaker, step, weight_record
from deployer.smoke_test_run import ask_asynchronously, read_body, run_smoke_test

if TYPE_CHECKING:
    from deployer.planning.plan import Plan
    from deployer.request.expectations import Answer


_PAUSES = (0.0, 3.0, 3.0)
"""Seconds before each look at the endpoint: a replica that lags may show it as it was before."""


@step(inference, sagemaker, objects)
def handler(event: Document) -> Document:
    """Return how many answers came.

    Raises:
        SmokeTestFailedError: One is not as expected.
        EndpointBusyError: It may not have come from the plan's revision.
    """
    plan = plan_of(event)
    answers = _run(plan, SmokeTest.model_validate(plan.smoke_test))
    for pause in _PAUSES:
        clock.sleep(pause)
        live = seen_live(plan, sagemaker(plan).describe_endpoint(plan.endpoint_name), weight_record())
        if (live.status, live.config_name) == ("InService", plan.revision):
            return answers
    state = f"Endpoint {live.name} is {live.status} on {live.config_name} after its smoke test"
    check_deadline(plan.deadline, datetime.fromisoformat(event["Now"]), state)
    raise EndpointBusyError(f"{state}.")


def _run(plan: Plan, test: SmokeTest) -> Document:
    if "AsyncInferenceConfig" in plan.request["EndpointConfig"]:
        return run_smoke_test(test, partial(ask_asynchronously, test, plan.endpoint_name, inference(), objects()))
    body = read_body(test, objects())

    def ask(_deadline: float) -> Answer:
        return inference().invoke(plan.endpoint_name, test, body)

    return run_smoke_test(test, ask)
