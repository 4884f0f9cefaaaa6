"""Scheduled actions in time: what is over, what is left of the others, and what is said of times that have passed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from deployer.errors import InvalidRequestError
from deployer.json_document import Document
from deployer.planning.plan import Action
from deployer.planning.plan_warnings import plan_warnings
from deployer.request.model import read_request
from deployer.request.scheduled_actions import is_over, left_of, past_problems
from tests.unit.scaling.scaling_samples import NIGHT, scaled, scaling

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
FIRST = "Scaling.AllTraffic.ScheduledActions[0]"


def action(schedule: str = "rate(1 day)", **more: Any) -> Document:
    """Build a scheduled action."""
    named = {"ScheduledActionName": "night", "ScalableTargetAction": {"MinCapacity": 1}}
    return {**named, "Schedule": schedule, **more}


@pytest.mark.parametrize(
    ("given", "over"),
    [
        pytest.param(action(), False, id="for ever"),
        pytest.param(action("at(2026-07-01T12:00:00)"), True, id="now"),
        pytest.param(action("at(2026-07-01T12:00:01)"), False, id="in a second"),
        pytest.param(action("at(2026-07-01T13:00:00)", Timezone="Europe/Berlin"), True, id="an hour ago in Berlin"),
        pytest.param(action("at(2026-07-01T09:00:00)", Timezone="America/New_York"), False, id="soon in New York"),
        pytest.param(action("at(2026-07-01T01:00:00)", Timezone="Etc/Unknown"), False, id="perhaps, somewhere"),
        pytest.param(action("at(2026-06-30T23:00:00)", Timezone="Etc/Unknown"), True, id="everywhere"),
        pytest.param(action(EndTime="2026-07-01T12:00:00Z"), True, id="ended"),
        pytest.param(action(EndTime=datetime(2026, 7, 1, 11, tzinfo=UTC)), True, id="described as ended"),
        pytest.param(action(EndTime="2026-07-01T12:00:00-01:00"), False, id="ends in an hour"),
        pytest.param(action("at(tomorrow)"), False, id="no moment"),
    ],
)
def test_action_is_over_when_it_does_nothing_any_more(given: Document, over: bool) -> None:  # noqa: FBT001 - a parameter
    assert is_over(given, NOW) is over


def test_start_that_has_passed_is_left_out() -> None:
    """It bounds nothing any more, and the rest stays."""
    begun, later = (action(StartTime=time) for time in ("2026-07-01T12:00:00Z", "2026-07-02T00:00:00Z"))

    assert left_of(begun, NOW) == action()
    assert left_of(later, NOW) == later


def test_each_time_that_has_passed_is_named() -> None:
    """Its field is named; future times are not."""
    actions = [action("at(2026-06-01T00:00:00)"), action(), action(EndTime="2026-06-01T00:00:00Z")]
    found = [str(each) for each in past_problems(scaled(scaling(actions=actions))["Scaling"], NOW)]

    assert [line.partition(": ")[0] for line in found] == [
        f"{FIRST}.Schedule",
        "Scaling.AllTraffic.ScheduledActions[2].EndTime",
    ]
    assert "'at(2026-06-01T00:00:00)' has passed; leave the action out, or give it a later time" in found[0]


WRONG = {
    "no moment": (action("at(tomorrow)"), f"{FIRST}.Schedule: 'at(tomorrow)' is no moment; write at(yyyy-mm-ddThh"),
    "an end before the start": (
        {**NIGHT, "EndTime": "2029-01-01T00:00:00Z"},
        f"{FIRST}.EndTime: '2029-01-01T00:00:00Z' is not after StartTime, 2030-01-01T00:00:00Z",
    ),
}


@pytest.mark.parametrize(("given", "said"), WRONG.values(), ids=WRONG)
def test_times_that_are_wrong_at_any_time_are_rejected(given: Document, said: str) -> None:
    with pytest.raises(InvalidRequestError) as rejected:
        read_request(scaled(scaling(actions=[given])))

    assert said in str(rejected.value)


def test_past_action_that_is_left_out_is_a_warning() -> None:
    """The warning has the path, so that a person can remove the action from the request."""
    request = scaled(scaling(actions=[action("at(2026-06-01T00:00:00)")]))

    assert plan_warnings(request, Action.UPDATE, "role", NOW) == [f"{FIRST}: is in the past, and is left out"]
