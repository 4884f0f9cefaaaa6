"""Turns what another stack has deployed into a request: its stored request, without what is that stack's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.aws.s3_objects import parse_uri
from deployer.errors import AccessDeniedError, InvalidRequestError
from deployer.json_document import Document
from deployer.planning.keys import STORE_PREFIX
from deployer.planning.model_data import data_problems
from deployer.planning.revision_store import StoredRevision
from deployer.request.problem import Problem, reject

if TYPE_CHECKING:
    from deployer.aws.s3 import Objects
    from deployer.request.allowances import Allowances

_PATH = "detail.StoredRequest"


def promoted_request(uri: str, objects: Objects, allowances: Allowances, own_bucket: str) -> Document:
    """Read the stored request of another stack's revision, and check that its stored data are what was deployed there.

    Roles that this stack does not allow are left out, so that its own default takes their place. So are rollback alarms
    beside which there are no guardrails, as after a rollback: there they made none. All else stays.

    Args:
        uri: The stored request, below `revisions/` in the other stack's bucket.
        objects: The adapter of S3.
        allowances: What this stack lets requests name.
        own_bucket: This stack's artifact bucket.

    Raises:
        InvalidRequestError: The bucket is not allowed, the request or its data are gone, their size differs, or the
            other stack has them from this one.
    """
    reject(allowances.bucket_problems(_PATH, uri))
    bucket, key = parse_uri(uri)
    try:
        content = objects.read(bucket, key)
    except AccessDeniedError as error:
        raise InvalidRequestError(f"{_PATH}: {error}") from error
    if content is None:
        raise InvalidRequestError(f"{_PATH}: {uri} is not there")
    stored = StoredRevision.parse(content)
    reject(Problem(f"{_PATH}: {each.path}", each.message) for each in data_problems(stored.data, objects, bucket))
    if any(each.copied_from.startswith(f"s3://{own_bucket}/{STORE_PREFIX}") for each in stored.data):
        # A copy of the copy would be another revision, and so on without end.
        message = "this stack has promoted it itself; let only one of the two promote to the other"
        raise InvalidRequestError(str(Problem(_PATH, message)))
    models = {name: _with_own_role(model, allowances) for name, model in stored.request["Models"].items()}
    config = _with_own_role(stored.request["EndpointConfig"], allowances)
    alarms = stored.request.get("RollbackAlarms") if stored.request.get("DeploymentConfig") else None
    return {**stored.request, "Models": models, "EndpointConfig": config, "RollbackAlarms": alarms}


def _with_own_role(document: Document, allowances: Allowances) -> Document:
    """Leave out a role that this stack does not allow."""
    is_allowed = allowances.allows_role(document.get("ExecutionRoleArn", ""))
    return {name: value for name, value in document.items() if name != "ExecutionRoleArn" or is_allowed}
