"""RetireRevisions: after a success, let the revisions go that are too old and that nothing uses."""

from __future__ import annotations

import os

from deployer.cleanup.retiring import Retiring
from deployer.runtime import Document, hosting, plan_of, step, usage


@step
def handler(event: Document) -> Document:
    """Return the names of what went."""
    plan, retained = plan_of(event), int(os.environ["RETAINED_REVISIONS"])
    sagemaker = hosting(plan)
    return {"Retired": Retiring(plan, sagemaker, usage(sagemaker), os.environ["STACK_NAME"], retained).retire()}
