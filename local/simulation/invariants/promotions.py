"""Invariants of stages: a stack deploys of another one what that has deployed, byte for byte, and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from local.simulation.stages import STAGING, STAGING_ACCOUNT, Promotion
from local.virtual_time.world import BUCKET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.json_document import Document
    from local.simulation.recording import Recording
    from local.simulation.runs import Run

_STORE = "revisions/"
_PARTS = ("Models", "EndpointConfig", "Scaling", "SmokeTest", "Tags")
_OWN = frozenset({"ExecutionRoleArn", "ModelDataUrl", "S3Uri"})
"""Fields that differ from stack to stack: roles that it may not pass, and where its own copies are."""


def promotions_deploy_what_was_deployed(recording: Recording) -> Iterator[str]:
    """A promotion that succeeds deploys the request and the bytes that the first stage has deployed, from own copies.

    Data that the first stage has not stored itself are not copied either, unless the stack says so.
    """
    for run in recording.runs:
        promotion = run.request
        if not isinstance(promotion, Promotion) or not run.has_succeeded:
            continue
        is_allowed = (promotion.detail["Outcome"], promotion.account) == ("Deployed", STAGING_ACCOUNT)
        yield "" if is_allowed else f"{run.name} deployed what {promotion.account} has not deployed, or not for it"
        if not promotion.stored:
            continue
        wanted, found = _parts(json.loads(promotion.stored)), _parts(run.plan["Request"])
        yield "" if found == wanted else f"{run.name} deployed {found}, and promoted was {wanted}"
        if run.outcome == "Deployed":
            yield from _problems_with_bytes(recording, run, promotion)


def _problems_with_bytes(recording: Recording, run: Run, promotion: Promotion) -> Iterator[str]:
    foreign = [data["Uri"] for data in run.plan["Data"] if data["Uri"].startswith(f"s3://{STAGING}/{_STORE}")]
    yield f"{run.name} deployed {', '.join(foreign)}, which the first stage may sweep" if foreign else ""
    if promotion.digests:
        probes = [each for each in recording.probes if recording.is_answer_of(each, run.revision)]
        others = {each.digest for each in probes} - promotion.digests
        yield f"{run.endpoint} loaded other bytes than the first stage for {run.name}: {others}" if others else ""


def _parts(request: Document) -> Document:
    """Return what of a request is the same in all stages."""
    return {part: _without_own(request.get(part) or None) for part in _PARTS}


def _without_own(value: Any) -> Any:
    """Return a value without the fields that differ from stack to stack, and with one name for both buckets."""
    if isinstance(value, dict):
        return {name: _without_own(each) for name, each in value.items() if name not in _OWN}
    if isinstance(value, list):
        return [_without_own(each) for each in value]
    return value.replace(f"s3://{BUCKET}/", f"s3://{STAGING}/") if isinstance(value, str) else value
