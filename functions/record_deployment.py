"""RecordDeployment: record on the endpoint config that its revision has been deployed.

Rollbacks and retention look at deployed revisions only.
"""

from __future__ import annotations

from deployer.json_document import Document
from deployer.planning.plan import plan_of
from deployer.runtime import sagemaker, step
from deployer.tags import DEPLOYED, STATE_TAG


@step(sagemaker)
def handler(event: Document) -> Document:
    """Set the state of the revision to deployed."""
    sagemaker(plan_of(event)).add_tags(event["Config"]["EndpointConfigArn"], {STATE_TAG: DEPLOYED})
    return {}
