"""RecordDeployment: record on the endpoint config that its revision has been deployed.

Rollbacks and retention look at deployed revisions only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.errors import PermanentError
from deployer.json_document import Document
from deployer.planning.plan import plan_of
from deployer.runtime import sagemaker, step
from deployer.tags import DEPLOYED, STATE_TAG

if TYPE_CHECKING:
    from deployer.aws.sagemaker import SageMaker


@step(sagemaker)
def handler(event: Document) -> Document:
    """Set the state of the revision to deployed; if an earlier attempt has done so, its answer was lost."""
    service, config = sagemaker(plan_of(event)), event["Config"]["EndpointConfigArn"]
    if event["RetryCount"] == 0 or not _is_recorded(service, config):
        service.add_tags(config, {STATE_TAG: DEPLOYED})
    return {}


def _is_recorded(service: SageMaker, config: str) -> bool:
    """Return whether the state can be seen to be deployed; where a look is refused, AddTags may be allowed."""
    try:
        return service.tags_of(config).get(STATE_TAG) == DEPLOYED
    except PermanentError:
        return False
