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


def test_digest_does_not_depend_on_the_order_of_members() -> None:
    assert digest({"a": 1, "b": [1, 2]}) == digest({"b": [1, 2], "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})


@given(endpoint_name=endpoint_names, key=model_keys, requested_at=moments, content=st.integers())
def test_names_fit_the_limits_of_sagemaker(endpoint_name: str, key: str, requested_at: datetime, content: int) -> None:
    for name in (model_name(endpoint_name, key, content), Revision.of(endpoint_name, requested_at, content).name):
        assert SAGEMAKER_NAME.fullmatch(name)
        assert len(name) <= NAME_LENGTH


@given(endpoint_name=endpoint_names, requested_at=moments, content=st.integers())
def test_revision_is_read_back_from_its_name(endpoint_name: str, requested_at: datetime, content: int) -> None:
    revision = Revision.of(endpoint_name, requested_at, content)

    assert Revision.parse(endpoint_name, revision.name) == revision


@given(names=st.lists(endpoint_names, min_size=2, max_size=2, unique=True))
def test_different_long_names_stay_different(names: list[str]) -> None:
    one, other = (Revision.of(name, NOON, None).name for name in names)

    assert one != other


@given(endpoint_name=endpoint_names, requested_at=moments, again=moments)
def test_content_that_is_requested_again_has_the_same_digest_and_its_own_age(
    endpoint_name: str, requested_at: datetime, again: datetime
) -> None:
    first, second = (Revision.of(endpoint_name, moment, "content") for moment in (requested_at, again))

    is_later = again.replace(microsecond=0) > requested_at.replace(microsecond=0)
    assert second.digest == first.digest
    assert (second.order > first.order) == is_later
    assert first.is_confirmed_by(second) == is_later


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        pytest.param(Revision.of("churn", NOON + timedelta(seconds=1), "a"), True, id="later"),
        pytest.param(Revision.of("churn", NOON, "a"), False, id="at the same time"),
        pytest.param(Revision.of("churn", NOON - timedelta(seconds=1), "a"), False, id="earlier"),
        pytest.param(Revision.of("churn", NOON + timedelta(seconds=1), "b"), False, id="later, other content"),
        pytest.param(None, False, id="none"),
    ],
)
def test_only_a_later_revision_of_the_same_content_confirms(other: Revision | None, *, expected: bool) -> None:
    assert Revision.of("churn", NOON, "a").is_confirmed_by(other) is expected


@given(endpoint_name=endpoint_names, requested_at=moments)
def test_name_of_every_revision_begins_with_the_stem(endpoint_name: str, requested_at: datetime) -> None:
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
def test_name_of_no_revision_of_the_endpoint_is_not_parsed(config_name: str) -> None:
    assert Revision.parse("churn", config_name) is None


def test_revisions_sort_by_name_as_they_sort_by_age() -> None:
    """The time zone of the request does not matter."""
    moments_in_order = [
        NOON,
        NOON + timedelta(seconds=1),
        (NOON + timedelta(hours=1)).astimezone(timezone(timedelta(hours=-9))),
    ]

    revisions = [Revision.of("churn", moment, {"at": index}) for index, moment in enumerate(moments_in_order)]

    assert sorted(revisions, key=lambda revision: revision.name) == revisions
    assert sorted(revisions, key=lambda revision: revision.order) == revisions
