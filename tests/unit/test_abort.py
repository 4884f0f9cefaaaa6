"""Which updates can be ended by hand, and by which alarm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from deployer.planning.abort import abort_alarm, is_abortable
from deployer.planning.rollback_alarms import with_alarms
from tests.unit.planning_samples import complete_request
from tests.unit.request_samples import ROLE, percent, routing

if TYPE_CHECKING:
    from deployer.json_document import Document

CANARY = {"BlueGreenUpdatePolicy": routing("CANARY", CanarySize=percent(10))}
OTHER_ROLE = "arn:aws:iam::111122223333:role/other"


def alarms(count: int) -> Document:
    """Build guardrails with so many alarms."""
    named = [{"AlarmName": f"alarm-{number}"} for number in range(count)]
    return {**CANARY, "AutoRollbackConfiguration": {"Alarms": named}}


@pytest.mark.parametrize(
    ("deployment", "policy", "role", "expected"),
    [
        pytest.param(CANARY, "stack-role", ROLE, True, id="the stack's role"),
        pytest.param(CANARY, "stack-role", OTHER_ROLE, False, id="another role"),
        pytest.param(CANARY, "stack-role", "", False, id="the stack made none"),
        pytest.param(CANARY, "all", OTHER_ROLE, True, id="any role"),
        pytest.param(CANARY, "none", ROLE, False, id="turned off"),
        pytest.param(None, "all", ROLE, False, id="no guardrails"),
        pytest.param(alarms(9), "stack-role", ROLE, True, id="room for one alarm"),
        pytest.param(alarms(10), "all", ROLE, False, id="all alarms are the request's own"),
    ],
)
def test_update_can_be_ended_if_its_role_may_see_the_alarm(
    deployment: Any, policy: str, role: str, *, expected: bool
) -> None:
    assert is_abortable(complete_request(DeploymentConfig=deployment), policy, role) is expected


def test_alarm_comes_after_those_of_the_request() -> None:
    config = with_alarms(alarms(1), [abort_alarm("stack", "churn")])

    names = [alarm["AlarmName"] for alarm in config["AutoRollbackConfiguration"]["Alarms"]]
    assert names == ["alarm-0", "stack/abort/churn"]
    assert config["BlueGreenUpdatePolicy"] == CANARY["BlueGreenUpdatePolicy"]
