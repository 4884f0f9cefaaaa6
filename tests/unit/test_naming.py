"""Names made from content."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.planning.names import NAME_LENGTH, Revision, digest, model_name, revision_stem

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SAGEMAKER_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")

endpoint_names = st.from_regex(SAGEMAKER_NAME, fullmatch=True).filter(lambda name: len(name) <= NAME_LENGTH)
model_keys = st.from_regex(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,23}", fullmatch=True).filter(lambda key: len(key) <= 24)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the time zone


def test_a_digest_does_not_depend_on_the_order_of_members() -> None:
    """The same JSON document has the same digest however it was written down."""
    assert digest({"a": 1, "b": [1, 2]}) == digest({"b": [1, 2], "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})


@given(endpoint_name=endpoint_names, key=model_keys, requested_at=moments, content=st.integers())
def test_names_fit_what_sagemaker_allows(endpoint_name: str, key: str, requested_at: datetime, content: int) -> None:
    """However long the endpoint's name is, the names made from it are valid."""
    for name in (model_name(endpoint_name, key, content), Revision.of(endpoint_name, requested_at, content).name):
        assert SAGEMAKER_NAME.fullmatch(name)
        assert len(name) <= NAME_LENGTH


@given(endpoint_name=endpoint_names, requested_at=moments, content=st.integers())
def test_a_revision_survives_its_name(endpoint_name: str, requested_at: datetime, content: int) -> None:
    """A config's name tells which revision of which endpoint it is."""
    revision = Revision.of(endpoint_name, requested_at, content)

    assert Revision.parse(endpoint_name, revision.name) == revision


@given(names=st.lists(endpoint_names, min_size=2, max_size=2, unique=True))
def test_long_names_that_differ_stay_different(names: list[str]) -> None:
    """Two endpoints never share a revision's name, even where their names are cut."""
    one, other = (Revision.of(name, NOON, None).name for name in names)

    assert one != other


@given(endpoint_name=endpoint_names, requested_at=moments, again=moments)
def test_a_revision_that_is_requested_again_is_another_of_equal_content(
    endpoint_name: str, requested_at: datetime, again: datetime
) -> None:
    """Going back gives the content a new time, and so a new place in the history; to the second, as names have it."""
    revision = Revision.of(endpoint_name, requested_at, "content")

    later = revision.requested_again(again)

    assert later == Revision.of(endpoint_name, again, "content") == Revision.parse(endpoint_name, later.name)
    assert (later.order > revision.order) == (again.replace(microsecond=0) > requested_at.replace(microsecond=0))


@given(endpoint_name=endpoint_names, requested_at=moments)
def test_a_listing_by_its_stem_finds_every_revision(endpoint_name: str, requested_at: datetime) -> None:
    """Even of an endpoint whose name is cut."""
    assert Revision.of(endpoint_name, requested_at, None).name.startswith(f"{revision_stem(endpoint_name)}-")


@pytest.mark.parametrize(
    "config_name",
    [
        "hand-made",
        "other-20261124T120000-0123456789ab",
        "churn-20261399T120000-0123456789ab",
        "churn-20261124T120000-xyz",
    ],
)
def test_what_is_no_revision_of_the_endpoint_is_not_taken_for_one(config_name: str) -> None:
    """Configs made by hand, or for another endpoint, are no revisions."""
    assert Revision.parse("churn", config_name) is None


def test_a_listing_by_name_is_the_history() -> None:
    """Revisions sort by name as they sort by age, whatever time zone they were requested in."""
    moments_in_order = [
        NOON,
        NOON + timedelta(seconds=1),
        (NOON + timedelta(hours=1)).astimezone(timezone(timedelta(hours=-9))),
    ]

    revisions = [Revision.of("churn", moment, {"at": index}) for index, moment in enumerate(moments_in_order)]

    assert sorted(revisions, key=lambda revision: revision.name) == revisions
    assert sorted(revisions, key=lambda revision: revision.order) == revisions
