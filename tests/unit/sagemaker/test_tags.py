"""The adapter of SageMaker reads and sets tags, and waits until IAM knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deployer import errors
from deployer.tags import (
    CONFIRMED_TAG,
    DEPLOYED,
    STACK_TAG,
    STATE_TAG,
)
from tests.unit.sagemaker.answers import CONFIG_ARN, ENDPOINT_ARN, STACK, add_tags, deny, list_tags, refuse

if TYPE_CHECKING:
    from botocore.stub import Stubber

    from deployer.aws.sagemaker import SageMaker


def test_revision_is_confirmed_by_a_tag_of_the_config(service: SageMaker, stub: Stubber) -> None:
    add_tags(stub, CONFIG_ARN, {CONFIRMED_TAG: "churn-c-2"})

    service.confirm(CONFIG_ARN, "churn-c-2")


def test_tags_are_set_one_by_one(service: SageMaker, stub: Stubber) -> None:
    add_tags(stub, CONFIG_ARN, {STATE_TAG: DEPLOYED, "team": "growth"})

    service.add_tags(CONFIG_ARN, {STATE_TAG: DEPLOYED, "team": "growth"})


@pytest.mark.parametrize(
    ("stack", "raised"),
    [
        pytest.param({STACK_TAG: STACK}, errors.PermissionNotReadyError, id="own"),
        pytest.param({STACK_TAG: "another"}, errors.AccessDeniedError, id="another stack"),
        pytest.param({}, errors.AccessDeniedError, id="nobody"),
    ],
)
def test_denied_tags_are_set_again_if_the_resource_bears_the_tag_of_the_stack(
    service: SageMaker, stub: Stubber, stack: dict[str, str], raised: type[errors.DeployerError]
) -> None:
    """The tag has not reached IAM yet."""
    deny(stub, "add_tags")
    list_tags(stub, CONFIG_ARN, **stack)

    with pytest.raises(raised, match="not authorized"):
        service.add_tags(CONFIG_ARN, {STATE_TAG: DEPLOYED})


def test_tags_are_read_by_their_keys(service: SageMaker, stub: Stubber) -> None:
    list_tags(stub, CONFIG_ARN, team="growth", cost="7")

    assert service.tags_of(CONFIG_ARN) == {"team": "growth", "cost": "7"}


def test_missing_resource_has_no_tags(service: SageMaker, stub: Stubber) -> None:
    """A replica that lags describes an endpoint that was deleted, and ListTags does not know it any more."""
    refuse(stub, "list_tags", "Resource does not exist.")

    assert service.tags_of(ENDPOINT_ARN) == {}


def test_refused_list_of_tags_is_not_an_empty_list(service: SageMaker, stub: Stubber) -> None:
    """Any other refusal of ListTags is an error."""
    refuse(stub, "list_tags", "1 validation error detected")

    with pytest.raises(errors.SageMakerRejectedError, match="1 validation error"):
        service.tags_of(ENDPOINT_ARN)
