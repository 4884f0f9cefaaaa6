"""The keys of stored objects below `revisions/` in the artifact bucket. Pure."""

from __future__ import annotations

from deployer.aws.s3 import ARTIFACT_NAME
from deployer.planning.names import digest

STORE_PREFIX = "revisions/"
"""The prefix of all objects that the deployer itself writes to the artifact bucket."""


def artifact_key(endpoint_name: str, uri: str, version: str, name: str = ARTIFACT_NAME) -> str:
    """Return the key of the stored copy of one version of an object.

    With an empty name it is the folder of the copies of a folder's objects; it ends in a slash.
    """
    return f"{STORE_PREFIX}{endpoint_name}/artifacts/{digest({'Uri': uri, 'Version': version})}/{name}"


def revision_folder(endpoint_name: str, revision: str) -> str:
    """Return the folder of a revision; it ends in a slash."""
    return f"{STORE_PREFIX}{endpoint_name}/{revision}/"


def request_key(endpoint_name: str, revision: str) -> str:
    """Return the key of the request that a revision was made of."""
    return f"{revision_folder(endpoint_name, revision)}request.json"


def approval_key(endpoint_name: str, revision: str, execution_name: str) -> str:
    """Return the key of the object that says who approved a revision on behalf of an execution, and why."""
    return f"{revision_folder(endpoint_name, revision)}approvals/{execution_name}.json"


def weights_folder(endpoint_name: str, config_name: str) -> str:
    """Return the folder of the record of an endpoint config's weights; it ends in a slash."""
    return f"{revision_folder(endpoint_name, config_name)}weights/"


def execution_key(endpoint_name: str, revision: str, execution_name: str) -> str:
    """Return the key of the empty object that says that an execution works on a revision."""
    return f"{revision_folder(endpoint_name, revision)}executions/{execution_name}"
