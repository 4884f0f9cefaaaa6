"""AnnounceOutcome: name the outcome of the execution, count it, and put its event on the bus.

The states AnnounceOutcome and AnnounceRejection share it: the former passes the plan, the latter the rejected input.
If the endpoint failed and the stack wants it, the event has the last lines of the container's log.
"""

from __future__ import annotations

import os
from datetime import datetime

from deployer.announcement import announce
from deployer.diagnosis import failing_variant, is_shown_by_log
from deployer.errors import AccessDeniedError, MonitoringUnavailableError
from deployer.json_document import Document
from deployer.outcome import Outcome, conclude
from deployer.planning.keys import request_key
from deployer.runtime import container_logs, event_bus, logger, step


@step(event_bus)
def handler(event: Document) -> Document:
    """Return the outcome; raise AnnouncementUnavailableError while the bus takes no event."""
    detail = conclude(event, os.environ["ARTIFACT_PREFIX"])
    if detail["Outcome"] == Outcome.DEPLOYED:
        # With it, another stack can deploy the same (see the parameter PromoteTo).
        key = request_key(detail["EndpointName"], detail["Revision"])
        detail["StoredRequest"] = f"s3://{os.environ['ARTIFACT_BUCKET']}/{key}"
    announce(detail, _log_of_failure(detail, event.get("ChangedAt")))
    # The state machine's Fail states read both, whatever the outcome.
    return {"Error": "", "Cause": "", **detail}


def _log_of_failure(detail: Document, changed_at: str | None) -> Document:
    """Return the last lines of the failing container's log; nothing if they are not wanted or not available.

    They may hold secrets, so they are not part of the execution's data and of the deployer's own log.
    """
    most = int(os.environ["FAILURE_LOG_LINES"])
    if not (most and changed_at and is_shown_by_log(detail.get("CauseClass", ""))):
        return {}
    name, variant = detail["EndpointName"], failing_variant(detail["Cause"])
    try:
        found = container_logs().last_lines(name, datetime.fromisoformat(changed_at), most, variant)
    except (AccessDeniedError, MonitoringUnavailableError) as error:
        logger.warning("The container's log cannot be read", extra={"cause": str(error)})
        return {}
    return {"LogGroup": found.group, "LogStream": found.stream, "LogLines": list(found.lines)} if found else {}
