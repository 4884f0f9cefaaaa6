"""The tags that the deployer gives to what it creates."""

from __future__ import annotations

import pytest

from deployer import tags
from deployer.errors import InvalidRequestError
from deployer.request.model import read_request
from deployer.tags import CONFIRMED_TAG, OWN_TAGS, RESERVED_PREFIX, tag_list
from tests.unit.planning_samples import NOON, plan
from tests.unit.request_samples import request

TAG_NAMES = [name for name in vars(tags) if name.endswith("_TAG")]

SAGEMAKER_TAGS = 50
"""How many tags a resource can have (SageMaker API Reference, AddTags)."""


@pytest.mark.parametrize("name", TAG_NAMES)
def test_every_own_tag_is_reserved(name: str) -> None:
    assert getattr(tags, name).startswith(RESERVED_PREFIX)


def test_own_tags_are_different() -> None:
    assert len({getattr(tags, name) for name in TAG_NAMES}) == len(TAG_NAMES)


def test_tags_are_written_as_the_api_has_them() -> None:
    assert tag_list({"a": "1", "b": ""}) == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]


def test_no_resource_bears_more_own_tags_than_are_left_to_the_deployer() -> None:
    made = plan(Tags={"team": "growth"})

    requests = [*made.model_requests(NOON), made.endpoint_config_request(NOON), made.endpoint_request()]

    assert max(len(request["Tags"]) for request in requests) == OWN_TAGS + 1
    assert all(tag["Key"] != CONFIRMED_TAG for request in requests for tag in request["Tags"])


def test_request_can_have_as_many_tags_as_leave_room_for_the_own_ones() -> None:
    most = {f"t{number}": "" for number in range(SAGEMAKER_TAGS - OWN_TAGS - len([CONFIRMED_TAG]))}

    tagged = plan(Tags=read_request(request(Tags=most)).tags)

    assert len(tagged.endpoint_config_request(NOON)["Tags"]) == SAGEMAKER_TAGS - len([CONFIRMED_TAG])
    with pytest.raises(InvalidRequestError, match=r"^Tags: has 44 entries; at most 43 fit"):
        read_request(request(Tags={**most, "one-more": ""}))
