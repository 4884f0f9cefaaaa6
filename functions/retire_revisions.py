"""RetireRevisions: after a success, let the revisions go that are too old and that nothing uses."""

from __future__ import annotations

import os

from deployer.retiring import Retiring
from deployer.runtime import Document, hosting, plan_of, step


@step
def handler(event: Document) -> Document:
    """Return the names of what went."""
    plan, retained = plan_of(event), int(os.environ["RETAINED_REVISIONS"])
    return {"Retired": Retiring(plan, hosting(plan), os.environ["STACK_NAME"], retained).retire()}
