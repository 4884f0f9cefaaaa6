"""The revisions of an endpoint in the order of their requests: which was before, which may go. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deployer.planning.revision import Content, tag_list
from deployer.request.service_model import members_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from deployer.planning.names import Revision

Document = dict[str, Any]

_RESERVED = ("endpoint-deployer:", "aws:")

_TOLD_TWICE = {
    "ModelPackageName": frozenset({"Image", "ModelDataUrl", "ModelDataSource"}),
    "ModelDataUrl": frozenset({"ModelDataSource"}),
}
"""What DescribeModel adds to a container beside what was asked for, and CreateModel takes only one of."""


def older(revisions: Mapping[str, Revision], live: Revision) -> Iterator[str]:
    """Yield the names of the revisions from before the live one, the newest first."""
    newest_first = sorted(revisions.items(), key=lambda entry: entry[1].order, reverse=True)
    return (name for name, revision in newest_first if revision.order < live.order)


def retired(revisions: Mapping[str, Revision], live: Revision, retained: int, kept: Collection[str]) -> list[str]:
    """Name the revisions that may go: older than the live one, not kept, and not among the newest.

    Args:
        revisions: All revisions of the endpoint.
        live: The one that it serves.
        retained: How many stay, the live one counted.
        kept: Names of some that stay in any case.
    """
    return [name for name in list(older(revisions, live))[max(retained - 1, 0) :] if name not in kept]


def content_again(
    revision: Revision, config: Document, models: Collection[Document], tags: Mapping[str, str]
) -> Content:
    """Turn what SageMaker describes of an earlier revision into the requests that make it anew.

    Args:
        revision: The new revision, which bears the earlier one's digest.
        config: The earlier one's endpoint config, as DescribeEndpointConfig has it.
        models: The models that this deployer made for it, as DescribeModel has them. They are found there with equal
            content, so that the new revision lays claim to them.
        tags: The tags of what is created.
    """
    listed = tag_list(tags)
    wanted = _request("CreateEndpointConfig", config)
    if not wanted.get("EnableNetworkIsolation"):
        # It is described of configs that were made without it, too.
        wanted.pop("EnableNetworkIsolation", None)
    return Content(
        revision,
        [{**_model_request(model), "Tags": listed} for model in models],
        {**wanted, "EndpointConfigName": revision.name, "Tags": listed},
        listed,
    )


def own_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags that a request gave a resource."""
    return {key: value for key, value in tags.items() if not key.startswith(_RESERVED)}


def _model_request(described: Document) -> Document:
    request = _request("CreateModel", described)
    if "PrimaryContainer" in request:
        request["PrimaryContainer"] = _container(request["PrimaryContainer"])
    if "Containers" in request:
        request["Containers"] = [_container(container) for container in request["Containers"]]
    return request


def _container(described: Document) -> Document:
    twice = frozenset[str]().union(*(others for member, others in _TOLD_TWICE.items() if member in described))
    return {member: value for member, value in described.items() if member not in twice}


def _request(operation: str, described: Document) -> Document:
    return {member: value for member, value in described.items() if member in members_of(operation)}
