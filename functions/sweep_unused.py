"""SweepUnused: remove models, endpoint configs, stored objects and alarms of this stack that nothing uses.

A state machine of its own repeats it until it is done. It is the only function that may delete them.
"""

from __future__ import annotations

import os
from datetime import timedelta

from aws_lambda_powertools.metrics import MetricUnit

from deployer import clock
from deployer.aws.event_bus import SWEEP_ENDED
from deployer.cleanup.in_use import Account
from deployer.cleanup.run_sweep import run_sweep
from deployer.cleanup.sweep import Cursor, Sweep
from deployer.json_document import Document
from deployer.runtime import event_bus, logger, measure, monitoring, objects, sagemaker, step, weight_record

_TIME = timedelta(minutes=13)
"""How long one invocation works; the function has 15 minutes."""


@step(sagemaker, objects, monitoring, event_bus)
def handler(event: Document) -> Document:
    """Return whether the sweep has ended, where the next invocation goes on if not, and what was removed if so."""
    request, before = event["Input"], event["Sweep"] or {"Cursor": {"StartedAt": event["Now"]}}
    cursor = Cursor.model_validate(before["Cursor"])
    sweep = Sweep(
        account=Account(sagemaker(), clock.now() + _TIME, weight_record()),
        objects=objects(),
        monitoring=monitoring(),
        bucket=os.environ["ARTIFACT_BUCKET"],
        stack=os.environ["STACK_NAME"],
        cutoff=cursor.started_at - timedelta(hours=float(os.environ["UNUSED_RETENTION_HOURS"])),
        retained=int(os.environ["RETAINED_REVISIONS"]),
        is_dry_run=isinstance(request, dict) and request.get("DryRun") is True,
        cursor=cursor,
    )
    is_done = run_sweep(sweep, lambda: _announce(sweep))
    document = cursor.model_dump(mode="json", by_alias=True)
    if not is_done:
        return {"Done": False, "Cursor": document}
    return {"Done": True, "Cursor": None, "Removed": document["Removed"], "Refused": document["Refused"]}


def _announce(sweep: Sweep) -> None:
    """Send what was removed, or would be, to the event bus, the log and the metrics."""
    detail = {
        "DryRun": sweep.is_dry_run,
        "StartedAt": sweep.cursor.started_at.isoformat(),
        "EndedAt": clock.now().isoformat(),
        **sweep.cursor.model_dump(by_alias=True, include={"removed", "refused"}),
    }
    event_bus().put(SWEEP_ENDED, detail)
    logger.info("Sweep ended", extra=detail)
    if not sweep.is_dry_run:
        for kind, tally in detail["Removed"].items():
            measure("SweptResources", tally["Count"], MetricUnit.Count, Kind=kind)
        measure("SweepRefusals", detail["Refused"]["Count"], MetricUnit.Count)
