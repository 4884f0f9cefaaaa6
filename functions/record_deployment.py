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
    """Set the state of the revision to deployed; if an earlier attempt has done so, its answer was lost."""
    service, config = sagemaker(plan_of(event)), event["Config"]["EndpointConfigArn"]
    if event["RetryCount"] == 0 or service.tags_of(config).get(STATE_TAG) != DEPLOYED:
        service.add_tags(config, {STATE_TAG: DEPLOYED})
    return {}
