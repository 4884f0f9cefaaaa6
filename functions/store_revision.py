"""StoreRevision: store the request and the model data of a revision as immutable objects."""

from __future__ import annotations

import os

from deployer import clock
from deployer.json_document import Document
from deployer.planning.keys import approval_key, execution_key, request_key
from deployer.planning.model_data import objects_to_copy
from deployer.planning.plan import plan_of
from deployer.planning.revision_store import StoredRevision
from deployer.runtime import copier, objects, step

_SECONDS = 780.0
"""Time in which calls are begun. With one more call that takes its longest, it is less than the function's timeout."""


@step(objects, copier)
def handler(event: Document) -> Document:
    """Return how many objects were copied, and raise CopyUnfinishedError if the time is over before all are copied."""
    deadline = clock.monotonic() + _SECONDS
    plan, bucket, store = plan_of(event), os.environ["ARTIFACT_BUCKET"], objects()
    revision = plan.wanted.name
    stored = StoredRevision(
        revision=revision,
        endpoint_name=plan.endpoint_name,
        requested_at=plan.requested_at,
        request_id=plan.request_id,
        execution=plan.execution,
        request=plan.request,
        model_names=plan.model_names,
        data=plan.data,
    )
    execution_name = plan.execution.rpartition(":")[2]
    # Before the copies, because the sweep keeps the artifacts that a stored request names.
    store.put_if_absent(bucket, request_key(plan.endpoint_name, revision), stored.to_json())
    store.put_if_absent(bucket, execution_key(plan.endpoint_name, revision, execution_name), b"")
    if plan.approval and plan.approval.answer:
        key = approval_key(plan.endpoint_name, revision, execution_name)
        store.put_if_absent(bucket, key, plan.approval.to_json())
    pairs = [pair for planned in plan.copies for pair in objects_to_copy(planned, store)]
    copied = copier().copy_all(pairs, deadline)
    return {"Copied": len(copied), "Bytes": sum(source.size for source in copied)}
