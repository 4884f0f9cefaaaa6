"""The tags that the deployer gives to models, endpoint configs and endpoints; there is no other record of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.json_document import Document

if TYPE_CHECKING:
    from collections.abc import Mapping


RESERVED_PREFIX = "endpoint-deployer:"
"""What all of them begin with; requests may use no such key."""

STACK_TAG = "endpoint-deployer:stack"
"""The stack that created a resource: the functions' policies let nothing else be changed or deleted."""

EXECUTION_TAG = "endpoint-deployer:execution"
"""The execution that is responsible for a resource: the last one that created it, or found it there."""

USED_AT_TAG = "endpoint-deployer:used-at"
"""When a run last created a model or an endpoint config, or found it there; the sweep spares what was used lately."""

STATE_TAG = "endpoint-deployer:state"
"""Whether the revision of an endpoint config has been deployed: `pending`, and `deployed` after a success."""

PENDING = "pending"
DEPLOYED = "deployed"

PREVIOUS_TAG = "endpoint-deployer:previous"
"""The endpoint config that the endpoint served before this one; empty if the endpoint was created for this one."""

CONFIRMED_TAG = "endpoint-deployer:confirmed"
"""The newest revision that asked for what an endpoint config holds already."""

OWN_TAGS = 5
"""How many of them one resource bears at the most, without `CONFIRMED_TAG`, which is set when there is room."""


def tag_list(tags: Mapping[str, str]) -> list[Document]:
    """Write tags as SageMaker's API does."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
