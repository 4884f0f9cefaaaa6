"""AnnounceOutcome: name the outcome of the execution, count it, and put its event on the bus.

The states AnnounceOutcome and AnnounceRejection share it: the former passes what was planned, the latter the input that
became no plan.
"""

from __future__ import annotations

import os

from deployer.announcement import announce
from deployer.json_document import Document
from deployer.outcome import conclude
from deployer.runtime import event_bus, step


@step(event_bus)
def handler(event: Document) -> Document:
    """Return the outcome; raise AnnouncementUnavailableError while the bus takes no event."""
    detail = conclude(event, os.environ["ARTIFACT_PREFIX"])
    announce(detail)
    # The state machine's Fail states read both, whatever the outcome.
    return {"Error": "", "Cause": "", **detail}
