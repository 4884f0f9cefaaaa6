"""RestoreEndpoint: change the endpoint back to its previous config after a failure, or delete it if this run made it.

The step is repeated until the endpoint rests.
"""

from __future__ import annotations

from datetime import datetime

from deployer.cleanup.restore import Restoration
from deployer.json_document import Document
from deployer.planning.plan import plan_of
from deployer.runtime import sagemaker, step


@step(sagemaker)
def handler(event: Document) -> Document:
    """Return whether the endpoint rests, and the config that was restored."""
    plan = plan_of(event)
    requested_at = event["Endpoint"]["RequestedAt"]
    restoration = Restoration(
        plan, event["Failure"]["Error"], datetime.fromisoformat(requested_at) if requested_at else None
    )
    return restoration.take_step(sagemaker(plan), datetime.fromisoformat(event["Now"]), event["Restore"])
