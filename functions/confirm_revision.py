"""ConfirmRevision: note on the endpoint that a later request asked for what it serves already.

Without the note, a request between the two that comes late would look like the newest one. One that is just being
served cannot see the note any more; so the state machine waits for as long as anything may be invisible, and plans
again.
"""

from __future__ import annotations

from deployer.runtime import Document, hosting, plan_of, step


@step
def handler(event: Document) -> Document:
    """Tag the endpoint with the plan's revision."""
    plan = plan_of(event)
    sagemaker = hosting(plan)
    endpoint = sagemaker.describe_endpoint(plan.endpoint_name)
    sagemaker.confirm(endpoint["EndpointArn"], plan.revision)
    return {"Confirmed": plan.revision}
