"""Whose a resource is: by its tags, by its name, and by when it was used last."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.cleanup.ownership import EndpointNames, is_unused_since, may_be_own_model, stem_of
from deployer.planning.names import Revision, model_name
from deployer.tags import STACK_TAG, USED_AT_TAG
from tests.unit.planning_samples import NOON

sagemaker_names = st.from_regex(r"[a-zA-Z0-9](-{0,2}[a-zA-Z0-9]){0,62}", fullmatch=True).filter(
    lambda name: len(name) < 64
)
model_keys = st.from_regex(r"[a-zA-Z0-9](-?[a-zA-Z0-9]){0,19}", fullmatch=True)


@given(name=sagemaker_names, others=st.lists(sagemaker_names, max_size=3), key=model_keys, content=st.integers())
def test_owner_of_a_model_is_found_by_its_name(name: str, others: list[str], key: str, content: int) -> None:
    """Also if the endpoint's name was cut, and whatever its parts look like."""
    made = model_name(name, key, content)

    assert name in EndpointNames([name, *others]).owners_of(made)
    assert may_be_own_model(made)


@given(name=sagemaker_names, content=st.integers(), seconds=st.integers(0, 10**9))
def test_stem_of_a_revision_is_found_by_its_name(name: str, content: int, seconds: int) -> None:
    revision = Revision.of(name, datetime.fromtimestamp(seconds, UTC), content)

    assert stem_of(revision.name) == revision.stem
    assert EndpointNames([name]).owns_config(revision.name)
    assert EndpointNames([revision.stem]).owns_config(revision.name)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        pytest.param("churn-m-0123456789ab", {"churn"}, id="own"),
        pytest.param("churn-eu-m-0123456789ab", {"churn", "churn-eu"}, id="of either, by its name"),
        pytest.param("other-m-0123456789ab", set(), id="another endpoint's"),
        pytest.param("churn-0123456789ab", set(), id="without a key"),
    ],
)
def test_models_are_told_apart_by_the_endpoint_in_their_names(model: str, expected: set[str]) -> None:
    assert EndpointNames(["churn", "churn-eu"]).owners_of(model) == expected


@pytest.mark.parametrize(
    "name",
    ["", "churn", "churn-20261124T120000", "churn-20261324T120000-0123456789ab", "-20261124T120000-0123456789ab"],
)
def test_other_names_have_no_stem(name: str) -> None:
    assert stem_of(name) is None


@pytest.mark.parametrize(
    ("tags", "age", "expected"),
    [
        pytest.param({STACK_TAG: "s"}, 25, True, id="old"),
        pytest.param({STACK_TAG: "s"}, 23, False, id="young"),
        pytest.param({STACK_TAG: "t"}, 25, False, id="another stack's"),
        pytest.param({}, 25, False, id="untagged"),
        pytest.param({STACK_TAG: "s", USED_AT_TAG: "2026-11-24T11:00:00+00:00"}, 25, False, id="used lately"),
        pytest.param({STACK_TAG: "s", USED_AT_TAG: "2026-11-23T11:00:00+00:00"}, 48, True, id="not used lately"),
        pytest.param({STACK_TAG: "s", USED_AT_TAG: "2026-11-23T11:00:00"}, 48, True, id="time without a zone"),
        pytest.param({STACK_TAG: "s", USED_AT_TAG: "yesterday"}, 48, False, id="unreadable time"),
    ],
)
def test_only_own_old_resources_are_unused(tags: dict[str, str], age: int, *, expected: bool) -> None:
    cutoff = NOON - timedelta(hours=24)

    assert is_unused_since(cutoff, NOON - timedelta(hours=age), tags, "s") is expected
