"""Whose a resource is: by its tags, by its name, and by when it was used last."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.cleanup.in_use import OWN_MODEL, beginning_of, is_unused_since, stem_of
from deployer.planning.names import Revision, model_name
from deployer.request.shapes import MODEL_KEY_LENGTH
from deployer.tags import STACK_TAG, USED_AT_TAG
from tests.unit.planning_samples import NOON

sagemaker_names = st.from_regex(r"[a-zA-Z0-9](-{0,2}[a-zA-Z0-9]){0,62}", fullmatch=True).filter(
    lambda name: len(name) < 64
)
model_keys = st.from_regex(r"[a-zA-Z0-9](-?[a-zA-Z0-9])*", fullmatch=True).filter(
    lambda key: len(key) <= MODEL_KEY_LENGTH
)


@given(name=sagemaker_names, key=model_keys | st.just("k" * MODEL_KEY_LENGTH), content=st.integers())
def test_names_of_the_models_of_an_endpoint_begin_alike(name: str, key: str, content: int) -> None:
    """The name of an endpoint that is too long is cut."""
    made = model_name(name, key, content)

    assert made.startswith(beginning_of(name))
    assert made.startswith(beginning_of(Revision.of(name, NOON, content).stem))
    assert OWN_MODEL.fullmatch(made)


@given(name=sagemaker_names, content=st.integers(), seconds=st.integers(0, 10**9))
def test_names_of_the_revisions_of_an_endpoint_begin_alike(name: str, content: int, seconds: int) -> None:
    revision = Revision.of(name, datetime.fromtimestamp(seconds, UTC), content)

    assert stem_of(revision.name) == revision.stem
    assert revision.name.startswith(beginning_of(name))
    assert revision.name.startswith(beginning_of(revision.stem))


@pytest.mark.parametrize("other", ["churned-m-0123456789ab", "chur-m-0123456789ab", "other-m-0123456789ab"])
def test_names_of_other_endpoints_begin_otherwise(other: str) -> None:
    assert not other.startswith(beginning_of("churn"))


@pytest.mark.parametrize(
    "name",
    ["", "churn", "churn-20261124T120000", "churn-20261324T120000-0123456789ab", "-20261124T120000-0123456789ab"],
)
def test_other_names_have_no_stem(name: str) -> None:
    assert stem_of(name) == ""


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
