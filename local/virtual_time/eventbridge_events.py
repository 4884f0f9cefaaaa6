"""Builds events of EventBridge as S3, Step Functions and applications send them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from local.environment import ACCOUNT_ID, REGION
from local.json_document import Document
from local.states_language.paths import size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from local.virtual_time.execution import Execution

# Larger inputs and outputs are left out of status events (see `status_event`).
_MAX_PAYLOAD = 248 * 1024


def build_event(  # noqa: PLR0913 - what an event is made of
    source: str, detail_type: str, detail: Any, *, name: str, time: str, resources: Sequence[str] = ()
) -> Document:
    """Build an event.

    Args:
        source: The service or application.
        detail_type: What kind of event it is.
        detail: The detail.
        name: Its id.
        time: When it happened, in ISO 8601.
        resources: The ARNs that it is about.
    """
    return {
        "version": "0",
        "id": name,
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT_ID,
        "time": time,
        "region": REGION,
        "resources": list(resources),
        "detail": detail,
    }


def upload_detail(bucket: str, key: str, version: str, etag: str) -> Document:
    """Build the detail of S3's event of an upload.

    Source: Amazon S3 User Guide, "EventBridge event message structure".
    """
    return {
        "version": "0",
        "bucket": {"name": bucket},
        "object": {"key": key, "size": 8, "etag": etag.strip('"'), "version-id": version, "sequencer": "00"},
        "request-id": "R",
        "requester": ACCOUNT_ID,
        "source-ip-address": "192.0.2.1",
        "reason": "PutObject",
    }


def status_event(execution: Execution) -> Document:
    """Build the event that Step Functions sends of an execution that has ended.

    Source: AWS Step Functions Developer Guide, "Automating Step Functions event delivery with EventBridge".
    """
    record, is_well = execution.record, execution.status == "SUCCEEDED"
    included = {name: size(record[name]) <= _MAX_PAYLOAD for name in ("input", "output") if record.get(name)}
    detail = {
        "executionArn": execution.arn,
        "stateMachineArn": record["stateMachineArn"],
        "name": record["name"],
        "status": execution.status,
        "startDate": _milliseconds(record["startDate"]),
        "stopDate": _milliseconds(record["stopDate"]),
        "input": record["input"] if included["input"] else None,
        "inputDetails": {"included": included["input"]},
        "output": record["output"] if is_well and included.get("output") else None,
        "outputDetails": {"included": included["output"]} if is_well else None,
        "error": record.get("error"),
        "cause": record.get("cause"),
    }
    return build_event(
        "aws.states",
        "Step Functions Execution Status Change",
        detail,
        name=f"states-{record['name']}-{execution.redrive_count}",
        time=record["stopDate"],
        resources=[execution.arn],
    )


def _milliseconds(moment: str) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * 1000)
