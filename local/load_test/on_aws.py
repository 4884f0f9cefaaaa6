"""A load on the shipped stack on local AWS: real uploads, events, roles and functions."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from statistics import mean
from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.exceptions import ClientError

from local.aws.errors import LocalAwsError
from local.aws.outcome_queue import OutcomeMissingError
from local.environment import STACK_NAME
from local.json_document import Document
from local.load_test.checks import EndState, find_violations, leftovers_of_sweeps
from local.load_test.figures import Figures
from local.load_test.floor import floor_of
from local.load_test.uploads import RETENTION_SECONDS, Run
from local.simulator.archive import pack_script

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from local.aws.stack import Stack
    from local.load_test.uploads import Load

_POLL_SECONDS = 1.0
_OUTCOME_SECONDS = 5.0
_BILLED = re.compile(r"REPORT RequestId: .*\tBilled Duration: (\d+) ms")
_MODEL = """
def model_fn(model_dir):
    return {number}

def predict_fn(data, model):
    return model
"""


class LoadUnfinishedError(LocalAwsError):
    """Some executions of a load have not ended in time."""


def run_on_aws(stack: Stack, load: Load, *, speed: float, timeout: float) -> Figures:
    """Upload, wait until everything has ended, sweep as if two days later, and check what there is.

    Args:
        stack: The stack, up on local AWS, with nothing else going on.
        load: The uploads.
        speed: How many times faster than the wall clock SageMaker and the state machine's waits run there.
        timeout: Seconds on the wall clock after which the load counts as stuck.

    Raises:
        LoadUnfinishedError: It is stuck.
    """
    control = stack.server.control
    before, calls_before = {each["executionArn"] for each in stack.executions()}, len(control.calls())
    began = time.time()
    versions = _upload(stack, load, speed)
    executions, wall_seconds = _ended(stack, load, before, timeout), time.time() - began
    runs = sorted((_run(stack, load, versions, arn) for arn in executions), key=lambda run: run.number)
    answers = Counter(call["error"] for call in control.calls()[calls_before:])
    billed, violations = [*_billed(stack, began)], [*find_violations(runs, control.resources())]
    violations += _wrong_answers(stack, runs)
    calls_before = len(control.calls())
    violations += leftovers_of_sweeps(
        runs,
        lambda: stack.sweep(after=2 * RETENTION_SECONDS),
        lambda: EndState(control.resources(), _stored(stack)),
    )
    return Figures(
        load=load,
        floor=floor_of(load, control.settings),
        runs=runs,
        answers=answers,
        sweep_calls=len(control.calls()) - calls_before,
        speed=speed,
        seconds=wall_seconds * speed,
        wall_seconds=wall_seconds,
        milliseconds=mean(billed),
        wake_ups=len(billed) - sum(run.invocations for run in runs),
        violations=violations,
    )


def _upload(stack: Stack, load: Load, speed: float) -> dict[str, int]:
    """Upload each artifact at its moment; return their numbers by version."""
    began, versions = time.monotonic(), dict[str, int]()
    for number in range(load.uploads):
        time.sleep(max(0.0, began + load.moment(number) / speed - time.monotonic()))
        versions[stack.upload(load.key(number), _artifact(number))] = number
    return versions


def _artifact(number: int) -> bytes:
    """Pack a model that answers with a number."""
    return pack_script(_MODEL.format(number=number))


def _ended(stack: Stack, load: Load, before: set[str], timeout: float) -> list[str]:
    """Wait until there is an execution for each upload and all have ended; return them."""
    deadline, started = time.monotonic() + timeout, list[Document]()
    while time.monotonic() < deadline:
        started = [each for each in stack.executions() if each["executionArn"] not in before]
        if len(started) >= load.uploads and all(each["status"] != "RUNNING" for each in started):
            return [each["executionArn"] for each in started]
        time.sleep(_POLL_SECONDS)
    running = sum(each["status"] == "RUNNING" for each in started)
    raise LoadUnfinishedError(
        f"After {timeout:g} s {len(started)} of {load.uploads} executions have started, and {running} still run"
    )


def _run(stack: Stack, load: Load, versions: dict[str, int], execution: str) -> Run:
    states = stack.server.client("stepfunctions")
    event = json.loads(states.describe_execution(executionArn=execution)["input"])
    number = versions[event["detail"]["object"]["version-id"]]
    pages = states.get_paginator("get_execution_history").paginate(
        executionArn=execution, includeExecutionData=False, PaginationConfig={"PageSize": 1000}
    )
    events = [event for page in pages for event in page["events"]]
    try:
        outcome = stack.outcomes.of(execution, timeout=_OUTCOME_SECONDS)
    except OutcomeMissingError:
        outcome = None
    return Run(number, load.endpoint(number), outcome, events)


def _billed(stack: Stack, began: float) -> Iterator[int]:
    """Yield the milliseconds of each invocation that has ended since, as the functions' logs report them."""
    pages = stack.server.client("logs").get_paginator("filter_log_events")
    for page in pages.paginate(
        logGroupName=f"/aws/lambda/{STACK_NAME}", startTime=int(began * 1000), filterPattern="REPORT"
    ):
        for event in page["events"]:
            if billed := _BILLED.match(event["message"]):
                yield int(billed[1])


def _stored(stack: Stack) -> list[str]:
    """Return the keys of all stored objects."""
    pages = stack.server.client("s3").get_paginator("list_objects_v2")
    found = pages.paginate(Bucket=stack.outputs.artifact_bucket, Prefix="revisions/")
    return [each["Key"] for page in found for each in page.get("Contents", [])]


def _wrong_answers(stack: Stack, runs: Sequence[Run]) -> Iterator[str]:
    """Invoke each endpoint, and yield those that do not answer as their newest artifact does."""
    # These calls may be throttled, too.
    patient = Config(retries={"mode": "standard", "total_max_attempts": 10})
    runtime = stack.server.session().client("sagemaker-runtime", endpoint_url=stack.server.url, config=patient)
    for endpoint, number in {run.endpoint: run.number for run in runs}.items():
        try:
            answer = runtime.invoke_endpoint(EndpointName=endpoint, Body=b"{}")["Body"].read().decode()
        except ClientError as error:
            answer = str(error)
        if answer != str(number):
            yield f"{endpoint} should answer {number}, as its newest artifact, and answers {answer}"
