"""Runs a smoke test: invokes the endpoint as often as the test says, and compares each answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer import clock
from deployer.aws.s3_objects import parse_uri
from deployer.errors import AccessDeniedError, InvalidRequestError, SmokeTestFailedError
from deployer.json_document import Document
from deployer.request.expectations import Answer, latency_mismatch, mismatches
from deployer.request.smoke_test import BODY_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployer.aws.inference import Inference
    from deployer.aws.s3 import Objects
    from deployer.request.smoke_test import SmokeTest

TEST_SECONDS = 210.0
"""Seconds for all answers together. With one more, slowest answer, it is less than the function's timeout."""

_LOOK_SECONDS = 1.0
_OK = 200


def run_smoke_test(test: SmokeTest, ask: Callable[[float], Answer]) -> Document:
    """Make all invocations of a smoke test; return how many answers came, and how long the slowest took.

    Where the latency counts, the first answer is not measured: containers load what they need with it.

    Args:
        test: The smoke test.
        ask: Callback: invokes the endpoint once, and waits for the answer until a time of the clock.

    Raises:
        SmokeTestFailedError: An answer is not as expected, or all together take too long.
    """
    deadline, latencies = clock.monotonic() + TEST_SECONDS, list[float]()
    first = 1 if test.expect.max_latency_milliseconds is None else 0
    for number in range(first, test.repetitions + 1):
        if clock.monotonic() > deadline:
            raise SmokeTestFailedError(f"{len(latencies)} of {test.repetitions} answers within {TEST_SECONDS:.0f} s")
        answer = ask(deadline)
        if found := "; ".join(mismatches(test.expect, answer)):
            which = f"Answer {number} of {test.repetitions}" if number else "The first answer, which is not measured"
            raise SmokeTestFailedError(f"{which}: {found}")
        if number:
            latencies.append(answer.latency_milliseconds)
    if late := latency_mismatch(test.expect, latencies):
        raise SmokeTestFailedError(late)
    return {"Answers": len(latencies), "MaxLatencyMilliseconds": round(max(latencies), 1)}


def read_body(test: SmokeTest, objects: Objects) -> bytes:
    """Return the body to send: that of the test, or the content of the object that the test names.

    Raises:
        SmokeTestFailedError: The object is not there any more, or is too large now.
    """
    if test.body_s3_uri is None:
        return (test.body or "").encode()
    try:
        content = objects.read(*parse_uri(test.body_s3_uri), BODY_BYTES)
    except InvalidRequestError as error:
        # Planning has checked the object; it has changed since, and the endpoint has to be restored.
        raise SmokeTestFailedError(str(error)) from error
    except AccessDeniedError as error:
        # Planning has found the object. Without the right to list the bucket, S3 denies access to a missing object
        # (S3 API Reference, GetObject).
        raise SmokeTestFailedError(f"{test.body_s3_uri}, the body to send, is gone or may not be read") from error
    if content is None:
        raise SmokeTestFailedError(f"{test.body_s3_uri}, the body to send, is not there any more")
    return content


def ask_asynchronously(
    test: SmokeTest, endpoint_name: str, inference: Inference, objects: Objects, deadline: float
) -> Answer:
    """Send the body to an asynchronous endpoint, and wait until the answer or the failure is in S3.

    The status of a failure is not known. Without an S3FailurePath in the endpoint config, a failure leaves nothing
    (SageMaker Developer Guide, "Check prediction results"), so the wait ends only when the time is over.

    Raises:
        SmokeTestFailedError: There is no answer in time, or it cannot be read.
    """
    began = clock.monotonic()
    where = inference.invoke_asynchronously(endpoint_name, test)
    while clock.monotonic() < deadline:
        for uri, status in ((where.output, _OK), (where.failure, 0)):
            content = _read_answer(uri, objects) if uri else None
            if content is not None:
                return Answer(status, content, (clock.monotonic() - began) * 1000)
        clock.sleep(_LOOK_SECONDS)
    raise SmokeTestFailedError(f"no answer at {where.output or 'any place'} within {clock.monotonic() - began:.0f} s")


def _read_answer(uri: str, objects: Objects) -> bytes | None:
    try:
        return objects.read(*parse_uri(uri), BODY_BYTES)
    except (AccessDeniedError, InvalidRequestError) as error:
        raise SmokeTestFailedError(f"the answer cannot be read: {error}") from error
