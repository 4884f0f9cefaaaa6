"""The tags of the models, endpoint configs and endpoints that the deployer creates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.json_document import Document

if TYPE_CHECKING:
    from collections.abc import Mapping


RESERVED_PREFIX = "endpoint-deployer:"
"""The prefix of all of them; requests may not use it."""

STACK_TAG = "endpoint-deployer:stack"
"""The stack that created a resource: the functions' policies allow changes and deletions of no other."""

EXECUTION_TAG = "endpoint-deployer:execution"
"""The execution that is responsible for a resource: the last one that created or found it."""

USED_AT_TAG = "endpoint-deployer:used-at"
"""When a run last created or found a model or an endpoint config; the sweep keeps what was used lately."""

STATE_TAG = "endpoint-deployer:state"
"""Whether the revision of an endpoint config has been deployed: `pending`, and `deployed` after a success."""

PENDING = "pending"
DEPLOYED = "deployed"

PREVIOUS_TAG = "endpoint-deployer:previous"
"""The endpoint config that the endpoint served before this one; empty if the endpoint was created for this one."""

CONFIRMED_TAG = "endpoint-deployer:confirmed"
"""The newest revision that asked for the same content as an endpoint config."""

TAGS_TAG = "endpoint-deployer:tags"
"""The record of the request's tags, on an endpoint config; see `deployer.planning.tag_record`."""

OWN_TAGS = 6
"""The most of them that one resource has, without `CONFIRMED_TAG`, which is set when there is room."""


def tag_list(tags: Mapping[str, str]) -> list[Document]:
    """Return tags in the form of SageMaker's API."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
