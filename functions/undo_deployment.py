"""UndoDeployment: take back what this run did, as far as nothing else uses it.

The step can be repeated, and is: an endpoint that goes back or goes away takes its time.
"""

from __future__ import annotations

from datetime import datetime

from deployer.runtime import Document, hosting, plan_of, step
from deployer.undoing import undo, wait_for_others


@step
def handler(event: Document) -> Document:
    """Return whether all is taken back, and what is left because something uses it."""
    data = event["Data"]
    plan, now = plan_of(data), datetime.fromisoformat(event["Now"])
    error = data.get("Failure", {}).get("Error", "")
    before = data.get("Undo")
    if before is None and "Replan" in data:
        return wait_for_others(plan, now)
    return undo(plan, hosting(plan), now, before or {}, error)
