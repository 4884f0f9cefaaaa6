"""The adapter of SageMaker creates models, and uses one that exists only if its content is equal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deployer import errors
from deployer.aws.sagemaker import SageMaker, holds
from deployer.json_document import Document
from deployer.tags import (
    EXECUTION_TAG,
    STACK_TAG,
    USED_AT_TAG,
)
from tests.unit.sagemaker.answers import (
    EXECUTION,
    EXISTING,
    MODEL,
    MODEL_ARN,
    ROLE,
    STACK,
    USED_AT,
    add_tags,
    deny,
    describe_model,
    list_tags,
    refuse,
)

if TYPE_CHECKING:
    from botocore.stub import Stubber


def test_model_is_created_with_its_tags(service: SageMaker, stub: Stubber) -> None:
    stub.add_response("create_model", {"ModelArn": MODEL_ARN}, MODEL)

    service.create_model(MODEL)


def test_model_that_exists_with_equal_content_is_noted_as_used(service: SageMaker, stub: Stubber) -> None:
    """The sweep spares it then. Members that SageMaker adds, and other tags, are not content."""
    refuse(stub, "create_model", EXISTING["create_model"])
    describe_model(stub, EnableNetworkIsolation=False)
    list_tags(stub, MODEL_ARN, **{STACK_TAG: STACK})
    add_tags(stub, MODEL_ARN, {EXECUTION_TAG: EXECUTION, USED_AT_TAG: USED_AT})

    service.create_model(MODEL)


@pytest.mark.parametrize("tags", [{STACK_TAG: "another"}, {}], ids=["another stack's", "nobody's, or not visible yet"])
def test_foreign_model_is_used_and_not_changed(service: SageMaker, stub: Stubber, tags: dict[str, str]) -> None:
    """The policy lets only this stack's be tagged. If it is deleted before a config names it, it is created again."""
    refuse(stub, "create_model", EXISTING["create_model"])
    describe_model(stub)
    list_tags(stub, MODEL_ARN, **tags)

    service.create_model(MODEL)


def test_young_model_of_this_run_needs_no_tags(service: SageMaker, stub: Stubber) -> None:
    """Its creation was answered too late, and IAM does not know its tags yet."""
    own = {STACK_TAG: STACK, EXECUTION_TAG: EXECUTION, USED_AT_TAG: "2026-11-24T11:59:00+00:00"}
    refuse(stub, "create_model", EXISTING["create_model"])
    describe_model(stub)
    list_tags(stub, MODEL_ARN, **own)
    deny(stub, "add_tags")
    list_tags(stub, MODEL_ARN, **own)

    service.create_model(MODEL)


def test_young_model_of_another_run_is_tagged_once_its_tags_reach_iam(service: SageMaker, stub: Stubber) -> None:
    own = {STACK_TAG: STACK, EXECUTION_TAG: "another execution", USED_AT_TAG: USED_AT}
    refuse(stub, "create_model", EXISTING["create_model"])
    describe_model(stub)
    list_tags(stub, MODEL_ARN, **own)
    deny(stub, "add_tags")
    list_tags(stub, MODEL_ARN, **own)

    with pytest.raises(errors.PermissionNotReadyError):
        service.create_model(MODEL)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"PrimaryContainer": {"Image": "registry/other:1"}}, id="another image"),
        pytest.param({"ExecutionRoleArn": f"{ROLE}-2"}, id="another role"),
        pytest.param({"PrimaryContainer": {}}, id="less"),
    ],
)
def test_model_that_exists_with_other_content_is_a_conflict(
    service: SageMaker, stub: Stubber, changed: Document
) -> None:
    """A model that somebody made under its name is not taken for the deployer's, and not tagged."""
    refuse(stub, "create_model", EXISTING["create_model"])
    describe_model(stub, **changed)

    with pytest.raises(errors.AlreadyExistsError) as conflict:
        service.create_model(MODEL)

    assert str(conflict.value) == (
        f"CreateModel: {EXISTING['create_model']} Its content differs from that of this deployment."
    )


def test_model_that_exists_and_is_not_visible_is_looked_for_again(service: SageMaker, stub: Stubber) -> None:
    refuse(stub, "create_model", EXISTING["create_model"])
    refuse(stub, "describe_model", f'Could not find model "{MODEL_ARN}".')

    with pytest.raises(errors.ModelNotVisibleError):
        service.create_model(MODEL)


@pytest.mark.parametrize(
    ("described", "requested", "expected"),
    [
        pytest.param({"a": 1, "b": 2}, {"a": 1}, True, id="more is described"),
        pytest.param({"a": 1}, {"a": 1, "b": 2}, False, id="less is described"),
        pytest.param({"a": [{"b": 1, "c": 2}]}, {"a": [{"b": 1}]}, True, id="nested"),
        pytest.param({"a": [1, 2]}, {"a": [1]}, False, id="longer list"),
        pytest.param({"a": 1}, {"a": 1.0}, True, id="whole number as float"),
        pytest.param({"a": "1"}, {"a": 1}, False, id="text is not a number"),
        pytest.param({"a": "1"}, {"a": {}}, False, id="text is not a mapping"),
        pytest.param({"a": {"b": 1}}, {"a": []}, False, id="a mapping is not a list"),
    ],
)
def test_content_is_compared_by_the_requested_members(described: object, requested: object, *, expected: bool) -> None:
    """Members that SageMaker adds do not count; all requested ones do."""
    assert holds(described, requested) is expected
