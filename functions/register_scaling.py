"""RegisterScaling: make what Application Auto Scaling has of the endpoint equal to the scaling of the plan's revision.

It follows the smoke test, so that no untested revision is scaled. The step can be repeated.
"""

from __future__ import annotations

from deployer.endpoint_config import variants_of
from deployer.json_document import Document
from deployer.planning.plan import plan_of
from deployer.planning.scaling import scaled_variants
from deployer.runtime import logger, scaling, step


@step(scaling)
def handler(event: Document) -> Document:
    """Register scalable targets with their policies and scheduled actions; delete what the revision lacks."""
    plan = plan_of(event)
    names = [variant["VariantName"] for variant in variants_of(plan.request["EndpointConfig"])]
    changed = scaling().apply(plan.endpoint_name, scaled_variants(plan.request, plan.stack), names)
    logger.info("Scaling registered", extra={"changed": changed})
    return {}
