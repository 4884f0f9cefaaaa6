"""The record of a request's tags, and what a change of them means for one resource."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.planning.tag_record import TagRecord, tag_changes
from deployer.tags import RESERVED_PREFIX, STACK_TAG
from tests.unit.planning_samples import NOON, STACK, complete_request

OWN = {STACK_TAG: STACK, "endpoint-deployer:execution": "run-1"}
LISTED = [{"Key": "a", "Value": "1"}]
KEYS = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=8)


def record(minutes: float = 0, tags: dict[str, str] | None = None, **changed: Any) -> TagRecord:
    """Make the record of a request."""
    return TagRecord.of(complete_request(Tags=tags or {}, **changed), NOON + timedelta(minutes=minutes))


@given(tags=st.dictionaries(KEYS, KEYS, max_size=43))
def test_record_is_read_unchanged(tags: dict[str, str]) -> None:
    """The record of the most tags of a request fits the value of a tag."""
    made = record(tags=tags)

    assert TagRecord.parse(made.text) == made
    assert len(made.text) <= 256


def test_nothing_is_known_of_an_endpoint_config_without_a_record() -> None:
    assert TagRecord.parse("") == TagRecord("", "", frozenset())
    assert not record().replaces(TagRecord.parse(""))


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"Models": {"m": {"PrimaryContainer": {"Image": "i"}, "Tags": LISTED}}}, id="of a model"),
        pytest.param({"EndpointConfig": {"ProductionVariants": [], "Tags": LISTED}}, id="of the config"),
        pytest.param({"tags": {"a": "1"}}, id="of all"),
    ],
)
def test_any_tag_of_a_request_is_noticed(changed: dict[str, Any]) -> None:
    assert record(1, **changed).replaces(record())


def test_later_tags_replace_earlier_ones_only() -> None:
    earlier, later = record(0, {"team": "growth"}), record(1, {"team": "risk"})

    assert later.replaces(earlier)
    assert not earlier.replaces(later)


def test_equal_tags_need_no_change_whenever_they_were_requested() -> None:
    assert not record(1, {"team": "growth"}).replaces(record(0, {"team": "growth"}))


def test_digest_orders_the_tags_of_one_second() -> None:
    """Two executions never undo each other."""
    one, other = record(0, {"team": "growth"}), record(0, {"team": "risk"})

    assert one.replaces(other) is not other.replaces(one)


def test_changed_tags_are_set_and_those_of_the_request_before_are_taken_off() -> None:
    present = {**OWN, "team": "growth", "cost": "7", "owner": "somebody", "aws:cloudformation:stack-name": "s"}
    recorded = record(tags={"team": "growth", "cost": "7"})

    changes = tag_changes(present, {"team": "risk", "tier": "1"}, recorded, STACK)

    assert changes == ({"team": "risk", "tier": "1"}, ["cost"])


@pytest.mark.parametrize("present", [{}, {STACK_TAG: "another", "team": "growth"}], ids=["nobody's", "another stack's"])
def test_foreign_tags_are_not_changed(present: dict[str, str]) -> None:
    assert tag_changes(present, {"team": "risk"}, record(tags={"team": "growth"}), STACK) == ({}, [])


@given(keys=st.sets(KEYS, max_size=20), kept=st.sets(KEYS, max_size=20))
def test_no_reserved_tag_is_taken_off(keys: set[str], kept: set[str]) -> None:
    reserved = {f"{prefix}{key}": "v" for key in keys for prefix in (RESERVED_PREFIX, "aws:")}

    _, gone = tag_changes(
        {**OWN, **reserved, **dict.fromkeys(keys, "v")},
        dict.fromkeys(kept, "v"),
        record(tags=dict.fromkeys([*keys, *reserved], "v")),
        STACK,
    )

    assert set(gone) == keys - kept
