"""The adapter of SageMaker creates endpoints, and takes only one of its own execution for its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deployer import errors
from deployer.tags import (
    EXECUTION_TAG,
)
from tests.unit.sagemaker.answers import (
    ENDPOINT_ARN,
    EXECUTION,
    EXISTING,
    MOMENT,
    UPDATE,
    describe_endpoint,
    list_tags,
    refuse,
)

if TYPE_CHECKING:
    from botocore.stub import Stubber

    from deployer.aws.sagemaker import SageMaker


def test_endpoint_of_this_execution_that_exists_is_success(service: SageMaker, stub: Stubber) -> None:
    """The answer to an earlier call was lost; the tag names the owner of the endpoint."""
    refuse(stub, "create_endpoint", EXISTING["create_endpoint"])
    describe_endpoint(stub, EndpointStatus="Creating")
    list_tags(stub, ENDPOINT_ARN, **{EXECUTION_TAG: EXECUTION})

    service.create_endpoint(UPDATE)


@pytest.mark.parametrize("tags", [{EXECUTION_TAG: "another execution"}, {}], ids=["another execution", "nobody"])
def test_foreign_endpoint_that_exists_is_planned_again(service: SageMaker, stub: Stubber, tags: dict[str, str]) -> None:
    """Even with the config of this run."""
    refuse(stub, "create_endpoint", EXISTING["create_endpoint"])
    describe_endpoint(stub, EndpointStatus="Creating")
    list_tags(stub, ENDPOINT_ARN, **tags)

    with pytest.raises(errors.EndpointExistsError):
        service.create_endpoint(UPDATE)


def list_endpoints(stub: Stubber, *names: str) -> None:
    """Let the next call list endpoints."""
    moments = {"CreationTime": MOMENT, "LastModifiedTime": MOMENT, "EndpointStatus": "InService"}
    listed = [{"EndpointName": name, "EndpointArn": ENDPOINT_ARN, **moments} for name in names]
    stub.add_response("list_endpoints", {"Endpoints": listed}, {"MaxResults": 100, "NameContains": "churn"})


@pytest.mark.parametrize(
    ("names", "raised", "message"),
    [
        (("churn-2", "Churn"), errors.SageMakerRejectedError, "differs from that of the endpoint Churn by case only"),
        (("churn-2",), errors.EndpointNotVisibleError, "cannot be seen yet"),
    ],
    ids=["another case", "not visible yet"],
)
def test_name_that_is_taken_by_no_visible_endpoint_may_differ_by_case(
    service: SageMaker, stub: Stubber, names: tuple[str, ...], raised: type[errors.DeployerError], message: str
) -> None:
    """CreateEndpoint compares names without their case."""
    refuse(stub, "create_endpoint", EXISTING["create_endpoint"])
    refuse(stub, "describe_endpoint", f'Could not find endpoint "{ENDPOINT_ARN}".')
    list_endpoints(stub, *names)

    with pytest.raises(raised, match=message):
        service.create_endpoint(UPDATE)
