"""DetectDrift: compare every endpoint that this stack has deployed to with its deployed revision.

It runs after each sweep, and repeats until it is done. Each run announces every difference by an event. It changes
nothing, but starts an execution for each difference of a kind that the stack repairs.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aws_lambda_powertools.metrics import MetricUnit

from deployer import clock
from deployer.aws.event_bus import DRIFT_DETECTED
from deployer.aws.step_functions import UNKNOWN_END, execution_arn
from deployer.drift.find import find_drift
from deployer.drift.look import Observer
from deployer.drift.repair import choose_repair
from deployer.errors import PermanentError, TransientError
from deployer.json_document import Document
from deployer.runtime import (
    event_bus,
    executions,
    logger,
    measure,
    monitoring,
    objects,
    registry,
    sagemaker,
    scaling,
    step,
)

if TYPE_CHECKING:
    from deployer.drift.find import Finding, View
    from deployer.drift.repair import Repair

_TIME = timedelta(minutes=13)
"""How long one invocation works; the function has 15 minutes."""

_PAUSE_SECONDS = 1.0
"""Before each endpoint, of which about five calls of SageMaker are made: its rate is shared by the whole account."""

_MOST_ENDPOINTS = 200
"""How many endpoints the result names, and how many repairs; it is part of the execution's data."""
_START: Document = {"After": "", "Findings": 0, "Found": {}, "Repairs": {}}


@step(sagemaker, objects, executions, monitoring, event_bus)
def handler(event: Document) -> Document:
    """Return whether all endpoints have been compared, which differences there are, and where to go on."""
    before: Document = event["Drift"] or _START
    progress = {member: before[member] for member in _START}
    observer, deadline = _observer(datetime.fromisoformat(event["Now"])), clock.now() + _TIME
    for name in observer.endpoint_names():
        if name <= progress["After"]:
            continue
        if clock.now() >= deadline:
            return {**progress, "Done": False}
        try:
            kinds, repair = _compare(observer, name)
        except TransientError:
            # A retry from the start would repeat the events of the endpoints that are done.
            if progress["After"] == before["After"]:
                raise
            return {**progress, "Done": False}
        progress = _with_findings(progress, name, kinds, repair)
    measure("DriftFindings", progress["Findings"], MetricUnit.Count)
    return {**progress, "Done": True}


def _with_findings(progress: Document, endpoint_name: str, kinds: list[str], repair: str | None) -> Document:
    """Return the progress after an endpoint; it names the differences of a bounded number of endpoints."""
    found, repairs = progress["Found"], progress["Repairs"]
    if kinds and len(found) < _MOST_ENDPOINTS:
        found = {**found, endpoint_name: sorted(set(kinds))}
        repairs = {**repairs, **({endpoint_name: repair} if repair else {})}
    findings = progress["Findings"] + len(kinds)
    return {"After": endpoint_name, "Findings": findings, "Found": found, "Repairs": repairs}


def _compare(observer: Observer, endpoint_name: str) -> tuple[list[str], str | None]:
    """Announce how an endpoint differs from its deployed revision.

    Returns:
        The kind of each difference, and the ARN of the execution that repairs it if one does.
    """
    clock.sleep(_PAUSE_SECONDS)
    timeout = timedelta(seconds=float(os.environ["DEPLOYMENT_TIMEOUT_SECONDS"]))
    try:
        view = observer.look_at(endpoint_name)
    except PermanentError as error:
        logger.warning("Endpoint not compared", extra={"endpoint": endpoint_name, "error": type(error).__name__})
        return [], None
    findings = find_drift(view, observer.now, timeout)
    repairs = [_wanted_repair(observer, view, finding) for finding in findings]
    arns = [execution_arn(observer.state_machine, each.execution_name) if each else None for each in repairs]
    for finding, arn in zip(findings, arns, strict=True):
        _announce(view, finding, arn)
    # A repair that runs explains the difference: if this function ended before its event, nobody would ever send one.
    for repair in filter(None, repairs):
        observer.executions.start(observer.state_machine, repair.execution_name, repair.request)
    return [finding.kind.value for finding in findings], next(filter(None, arns), None)


def _wanted_repair(observer: Observer, view: View, finding: Finding) -> Repair | None:
    """Return what repairs a difference, unless that has ended, or a request is stored that it would supersede."""
    repair = choose_repair(view, finding, os.environ["REPAIR_DRIFT"].split(","))
    if repair is None or observer.is_requested(view):
        return None
    ended_at = observer.executions.ended_at(execution_arn(observer.state_machine, repair.execution_name))
    return repair if ended_at in {None, UNKNOWN_END} else None


def _announce(view: View, finding: Finding, repair: str | None) -> None:
    """Announce a difference by an event, in the log and in the metrics."""
    detail = {
        "EndpointName": view.endpoint_name,
        "Kind": finding.kind,
        "Message": finding.message,
        "Deployed": view.deployed.name if view.deployed else None,
        "Attached": view.live.config_name if view.live else None,
        "Repair": repair,
        "DetectedAt": clock.now().isoformat(),
    }
    event_bus().put(DRIFT_DETECTED, {member: value for member, value in detail.items() if value is not None})
    logger.warning("Drift detected", extra={"endpoint": view.endpoint_name, "kind": finding.kind})
    measure("Drift", 1, MetricUnit.Count, Kind=finding.kind)


def _observer(now: datetime) -> Observer:
    return Observer(
        sagemaker=sagemaker(),
        objects=objects(),
        executions=executions(),
        monitoring=monitoring(),
        scaling=scaling(),
        registry=registry(),
        bucket=os.environ["ARTIFACT_BUCKET"],
        prefix=os.environ["ARTIFACT_PREFIX"],
        stack=os.environ["STACK_NAME"],
        state_machine=os.environ["STATE_MACHINE_ARN"],
        idle_days=int(os.environ["IDLE_ENDPOINT_DAYS"]),
        now=now,
    )
