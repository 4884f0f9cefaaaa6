"""The adapter of SageMaker deletes what bears the tag of its stack, and takes what is gone for deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from deployer import errors
from deployer.tags import (
    STACK_TAG,
)
from tests.unit.sagemaker.answers import (
    CONFIG_ARN,
    ENDPOINT_ARN,
    MODEL_ARN,
    STACK,
    deny,
    describe_config,
    describe_endpoint,
    describe_model,
    list_tags,
    refuse,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.stub import Stubber

    from deployer.aws.sagemaker import SageMaker


@dataclass(frozen=True)
class Deletion:
    """How one kind of resource is deleted, and how SageMaker answers."""

    operation: str
    arn: str
    delete: Callable[[SageMaker], None]
    describe: Callable[[Stubber], None]
    missing: str

    def miss(self, stub: Stubber, operation: str) -> None:
        """Let the next call not find the resource."""
        refuse(stub, operation, f'Could not find {self.missing} "{self.arn}".')

    @property
    def lookup(self) -> str:
        """The call that describes the resource."""
        return self.operation.replace("delete", "describe")


DELETIONS = {
    "endpoint": Deletion(
        "delete_endpoint", ENDPOINT_ARN, lambda service: service.delete_endpoint("churn"), describe_endpoint, "endpoint"
    ),
    "config": Deletion(
        "delete_endpoint_config",
        CONFIG_ARN,
        lambda service: service.delete_endpoint_config("churn-c-1"),
        describe_config,
        "endpoint configuration",
    ),
    "model": Deletion(
        "delete_model", MODEL_ARN, lambda service: service.delete_model("churn-m-1"), describe_model, "model"
    ),
}


@pytest.mark.parametrize("kind", DELETIONS.values(), ids=DELETIONS)
def test_resource_is_deleted_with_one_call(service: SageMaker, stub: Stubber, kind: Deletion) -> None:
    stub.add_response(kind.operation, {})

    kind.delete(service)


@pytest.mark.parametrize("kind", DELETIONS.values(), ids=DELETIONS)
def test_missing_resource_counts_as_deleted(service: SageMaker, stub: Stubber, kind: Deletion) -> None:
    kind.miss(stub, kind.operation)

    kind.delete(service)


@pytest.mark.parametrize("kind", DELETIONS.values(), ids=DELETIONS)
def test_denied_deletion_of_a_missing_resource_is_success(service: SageMaker, stub: Stubber, kind: Deletion) -> None:
    """The policy allows deletions by tag, and what is not there has none."""
    deny(stub, kind.operation)
    kind.miss(stub, kind.lookup)

    kind.delete(service)


@pytest.mark.parametrize("kind", DELETIONS.values(), ids=DELETIONS)
def test_denied_deletion_of_a_tagged_resource_is_retried(service: SageMaker, stub: Stubber, kind: Deletion) -> None:
    """The tag has not reached IAM yet."""
    deny(stub, kind.operation)
    kind.describe(stub)
    list_tags(stub, kind.arn, **{STACK_TAG: STACK})

    with pytest.raises(errors.PermissionNotReadyError, match="not authorized"):
        kind.delete(service)


@pytest.mark.parametrize("kind", DELETIONS.values(), ids=DELETIONS)
@pytest.mark.parametrize("tags", [{}, {STACK_TAG: "another"}], ids=["no tag", "another stack"])
def test_denied_deletion_of_a_foreign_resource_is_denied(
    service: SageMaker, stub: Stubber, kind: Deletion, tags: dict[str, str]
) -> None:
    deny(stub, kind.operation)
    kind.describe(stub)
    list_tags(stub, kind.arn, **tags)

    with pytest.raises(errors.AccessDeniedError, match="not authorized"):
        kind.delete(service)


def test_changing_endpoint_is_not_deleted(service: SageMaker, stub: Stubber) -> None:
    refuse(stub, "delete_endpoint", f'Cannot update in-progress endpoint "{ENDPOINT_ARN}".')

    with pytest.raises(errors.EndpointBusyError):
        service.delete_endpoint("churn")
