"""The adapter of SageMaker reads all pages of a listing, up to a bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deployer.json_document import Document
from deployer.tags import STACK_TAG
from tests.unit.sagemaker.answers import ARN, CONFIG_ARN, MOMENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.stub import Stubber

    from deployer.aws.sagemaker import SageMaker


LISTINGS: dict[str, tuple[str, str, Callable[[SageMaker], Iterator[Document]]]] = {
    "endpoints": ("list_endpoints", "Endpoints", lambda service: service.list_endpoints(NameContains="churn")),
    "configs": (
        "list_endpoint_configs",
        "EndpointConfigs",
        lambda service: service.list_endpoint_configs(NameContains="churn"),
    ),
    "models": ("list_models", "Models", lambda service: service.list_models(NameContains="churn")),
}
MEMBERS = {"Endpoints": "Endpoint", "EndpointConfigs": "EndpointConfig", "Models": "Model"}


def summary(member: str, name: str) -> Document:
    """Build an entry of a listing."""
    kind = MEMBERS[member]
    more = {"EndpointStatus": "InService", "LastModifiedTime": MOMENT} if kind == "Endpoint" else {}
    return {f"{kind}Name": name, f"{kind}Arn": f"{ARN}{kind.lower()}/{name}", "CreationTime": MOMENT, **more}


@pytest.mark.parametrize(("operation", "member", "list_all"), LISTINGS.values(), ids=LISTINGS)
def test_listing_goes_through_all_pages(
    service: SageMaker,
    stub: Stubber,
    operation: str,
    member: str,
    list_all: Callable[[SageMaker], Iterator[Document]],
) -> None:
    """A filtered listing may have empty pages between."""
    pages: list[tuple[list[str], dict[str, str], dict[str, str]]] = [
        (["a", "b"], {"NextToken": "1"}, {}),
        ([], {"NextToken": "2"}, {"NextToken": "1"}),
        (["c"], {}, {"NextToken": "2"}),
    ]
    for names, more, token in pages:
        answer = {member: [summary(member, name) for name in names], **more}
        stub.add_response(operation, answer, {"MaxResults": 100, "NameContains": "churn", **token})

    found = [entry[f"{MEMBERS[member]}Name"] for entry in list_all(service)]

    assert found == ["a", "b", "c"]


def test_tags_of_all_pages_are_read(service: SageMaker, stub: Stubber) -> None:
    """AWS's own tags count beside the fifty of a user, and a cut listing could lack the stack's."""
    first = {"Tags": [{"Key": "aws:a", "Value": "1"}], "NextToken": "more"}
    stub.add_response("list_tags", first, {"ResourceArn": CONFIG_ARN})
    last = {"Tags": [{"Key": STACK_TAG, "Value": "mine"}]}
    stub.add_response("list_tags", last, {"ResourceArn": CONFIG_ARN, "NextToken": "more"})

    assert service.tags_of(CONFIG_ARN) == {"aws:a": "1", STACK_TAG: "mine"}
