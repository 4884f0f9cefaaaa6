"""The adapter of SageMaker creates configs, and takes responsibility for one of its stack that has equal content."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from deployer import errors
from deployer.tags import (
    EXECUTION_TAG,
    PREVIOUS_TAG,
    STACK_TAG,
    USED_AT_TAG,
)
from tests.unit.sagemaker.answers import (
    CONFIG,
    CONFIG_ARN,
    EXECUTION,
    EXISTING,
    STACK,
    USED_AT,
    add_tags,
    describe_config,
    list_tags,
    refuse,
)

if TYPE_CHECKING:
    from botocore.stub import Stubber

    from deployer.aws.sagemaker import SageMaker


def test_config_is_created_with_its_tags(service: SageMaker, stub: Stubber) -> None:
    stub.add_response("create_endpoint_config", {"EndpointConfigArn": CONFIG_ARN}, CONFIG)

    assert service.create_endpoint_config(CONFIG) == CONFIG_ARN


def test_config_that_exists_with_equal_content_becomes_the_responsibility_of_the_run(
    service: SageMaker, stub: Stubber
) -> None:
    """Its state stays as it is: the revision may have been deployed before."""
    refuse(stub, "create_endpoint_config", EXISTING["create_endpoint_config"])
    describe_config(stub, EnableNetworkIsolation=False)
    list_tags(stub, CONFIG_ARN, **{STACK_TAG: STACK})
    add_tags(stub, CONFIG_ARN, {EXECUTION_TAG: EXECUTION, USED_AT_TAG: USED_AT, PREVIOUS_TAG: "churn-c-0"})

    assert service.create_endpoint_config(CONFIG) == CONFIG_ARN


@pytest.mark.parametrize(
    ("tags", "raised", "why"),
    [
        ({STACK_TAG: "another"}, errors.AlreadyExistsError, "It does not belong to this stack."),
        ({}, errors.EndpointConfigNotVisibleError, "It shows no tags yet."),
    ],
    ids=["another stack's", "whose is not visible yet"],
)
def test_config_of_another_stack_is_a_conflict(
    service: SageMaker, stub: Stubber, tags: dict[str, str], raised: type[errors.DeployerError], why: str
) -> None:
    """A run that takes responsibility for it tags it, and the policy allows tags only on this stack's resources."""
    refuse(stub, "create_endpoint_config", EXISTING["create_endpoint_config"])
    describe_config(stub)
    list_tags(stub, CONFIG_ARN, **tags)

    with pytest.raises(raised, match=rf"{re.escape(why)}$"):
        service.create_endpoint_config(CONFIG)


def test_config_that_exists_with_other_content_is_a_conflict(service: SageMaker, stub: Stubber) -> None:
    refuse(stub, "create_endpoint_config", EXISTING["create_endpoint_config"])
    describe_config(stub, ProductionVariants=[{**CONFIG["ProductionVariants"][0], "InitialVariantWeight": 2.0}])

    with pytest.raises(errors.AlreadyExistsError, match=r"Its content differs from that of this deployment\.$"):
        service.create_endpoint_config(CONFIG)


def test_config_that_exists_and_is_not_visible_is_looked_for_again(service: SageMaker, stub: Stubber) -> None:
    refuse(stub, "create_endpoint_config", EXISTING["create_endpoint_config"])
    refuse(stub, "describe_endpoint_config", f'Could not find endpoint configuration "{CONFIG_ARN}".')

    with pytest.raises(errors.EndpointConfigNotVisibleError):
        service.create_endpoint_config(CONFIG)
