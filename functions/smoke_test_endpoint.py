"""SmokeTestEndpoint: ask the endpoint what the request wants to see answered, before the deployment counts."""

from __future__ import annotations

import time

from deployer.aws.s3 import parse_uri
from deployer.errors import AccessDeniedError, InvalidRequestError, SmokeTestFailedError
from deployer.request.smoke_test import BODY_BYTES, SmokeTest, disappointments
from deployer.runtime import Document, artifacts, hosting, inference, plan_of, step

_PATIENCE_SECONDS = 220.0
"""For all answers together; with one more that takes all its time, less than the function has."""


@step
def handler(event: Document) -> Document:
    """Note that the revision is proven; raise SmokeTestFailedError if an answer is not as expected."""
    plan = plan_of(event)
    test = SmokeTest.model_validate(plan.smoke_test)
    body = _body(test)
    slowest, began = 0.0, time.monotonic()
    for number in range(1, test.repetitions + 1):
        if time.monotonic() - began > _PATIENCE_SECONDS:
            raise SmokeTestFailedError(f"{number - 1} of {test.repetitions} answers within {_PATIENCE_SECONDS:.0f} s")
        answer = inference().invoke(plan.endpoint_name, test, body)
        slowest = max(slowest, answer.latency_milliseconds)
        if found := "; ".join(disappointments(test.expect, answer)):
            raise SmokeTestFailedError(f"Answer {number} of {test.repetitions}: {found}")
    hosting(plan).prove(plan.revision)
    return {"Answers": test.repetitions, "MaxLatencyMilliseconds": round(slowest, 1)}


def _body(test: SmokeTest) -> bytes:
    if test.body_s3_uri is None:
        return (test.body or "").encode()
    try:
        content = artifacts().read(*parse_uri(test.body_s3_uri), BODY_BYTES)
    except InvalidRequestError as error:
        # It was right when this was planned; by now there is something to undo.
        raise SmokeTestFailedError(str(error)) from error
    except AccessDeniedError as error:
        # The plan has seen it. To whom may not list the bucket, S3 denies an object that is gone (S3 API Reference,
        # GetObject), and this function may not.
        raise SmokeTestFailedError(f"{test.body_s3_uri}, the body to send, is gone or may not be read") from error
    if content is None:
        raise SmokeTestFailedError(f"{test.body_s3_uri}, the body to send, is not there any more")
    return content
