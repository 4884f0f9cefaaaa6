"""The sweep of alarms: what guards nothing any more goes, and what a run may be about to use stays."""

from __future__ import annotations

from datetime import timedelta

import pytest

from deployer.planning.abort import abort_alarm
from deployer.planning.keys import request_key
from deployer.planning.revision_store import StoredRevision
from deployer.planning.rollback_alarms import rollback_alarms
from tests.unit.manual_clock import Clock
from tests.unit.planning_samples import EXECUTION, NOON, STACK, complete_request, revision
from tests.unit.request_samples import percent, routing
from tests.unit.sweep_factories import Sweeper, names
from tests.unit.sweep_fakes import FakeObjects, FakeSageMaker

CANARY = {"BlueGreenUpdatePolicy": routing("CANARY", CanarySize=percent(10))}
REQUEST = complete_request(DeploymentConfig=CANARY, RollbackAlarms={"Errors": {"Percent": 1}})
(ALARM,) = rollback_alarms(REQUEST, STACK)
ABORT = abort_alarm(STACK, "churn")
REVISION = revision().name
STORED = StoredRevision(
    revision=REVISION,
    endpoint_name="churn",
    requested_at=NOON,
    request_id="event-1",
    execution=EXECUTION,
    request=REQUEST,
    model_names={},
).to_json()


@pytest.fixture
def sweeper() -> Sweeper:
    """An account, two days after both alarms were made; nothing else is there."""
    made = Sweeper(FakeSageMaker(), FakeObjects(), Clock((NOON + timedelta(days=2)).timestamp()))
    for name in (ALARM, ABORT):
        made.monitoring.put(name)
    return made


def serve(sweeper: Sweeper, status: str = "InService") -> None:
    """Let there be the endpoint, with a config of its revision."""
    sweeper.sagemaker.add_config(REVISION, at=NOON, stack=STACK, state="deployed")
    sweeper.sagemaker.endpoints["churn"] = {
        "EndpointName": "churn",
        "EndpointConfigName": REVISION,
        "EndpointStatus": status,
        "EndpointArn": "arn:churn",
        "CreationTime": NOON,
        "LastModifiedTime": NOON,
    }


def test_alarms_of_a_deleted_endpoint_are_removed(sweeper: Sweeper) -> None:
    cursor = sweeper.sweep()

    assert names(cursor) == {"Alarms": sorted([ALARM, ABORT])}
    assert not sweeper.monitoring.described


def test_dry_run_names_them_only(sweeper: Sweeper) -> None:
    cursor = sweeper.sweep(is_dry_run=True)

    assert names(cursor) == {"Alarms": sorted([ALARM, ABORT])}
    assert len(sweeper.monitoring.described) == 2


def test_alarms_of_a_stored_request_stay(sweeper: Sweeper) -> None:
    serve(sweeper)
    sweeper.objects.put_request("churn", REVISION, STORED)

    assert names(sweeper.sweep()) == {}


def test_alarm_that_no_stored_request_names_is_removed(sweeper: Sweeper) -> None:
    """The alarm that ends updates stays with the endpoint."""
    serve(sweeper)
    other = STORED.replace(b'"Percent": 1', b'"Percent": 2')
    sweeper.objects.put_request("churn", REVISION, other)

    assert names(sweeper.sweep()) == {"Alarms": [ALARM]}


def test_request_that_cannot_be_read_protects_all_alarms(sweeper: Sweeper) -> None:
    serve(sweeper)
    sweeper.objects.put_request("churn", REVISION, b"no JSON")

    assert names(sweeper.sweep()) == {}


def test_alarms_stay_while_the_endpoint_changes(sweeper: Sweeper) -> None:
    """The update may name alarms that no stored request names."""
    serve(sweeper, "Updating")

    assert names(sweeper.sweep()) == {}


def test_young_alarms_stay(sweeper: Sweeper) -> None:
    """A run that finds an alarm there notes the time on it, by making it again."""
    for name in (ALARM, ABORT):
        sweeper.monitoring.put(name, NOON + timedelta(days=1, hours=1))

    assert names(sweeper.sweep()) == {}


def test_alarm_that_is_made_again_just_before_its_deletion_stays(sweeper: Sweeper) -> None:
    sweeper.monitoring.before_look = lambda found: [sweeper.monitoring.put(name, sweeper.now) for name in found]

    assert names(sweeper.sweep()) == {}


def test_request_that_is_stored_during_the_sweep_protects_its_alarms(sweeper: Sweeper) -> None:
    """The store is read for each alarm, after all alarms were listed."""
    inner = sweeper.monitoring.list_alarms

    def list_alarms(prefix: str) -> object:
        sweeper.objects.bodies[request_key("churn", REVISION)] = STORED
        sweeper.objects.modified[request_key("churn", REVISION)] = sweeper.now
        return inner(prefix)

    sweeper.monitoring.list_alarms = list_alarms

    assert names(sweeper.sweep()) == {"Alarms": [ABORT]}


def test_alarms_of_other_stacks_stay(sweeper: Sweeper) -> None:
    """The name of the other stack begins with the name of this one."""
    others = [f"{STACK}-2/rollback/churn-0123456789ab", f"{STACK}-2/abort/churn", f"{STACK}-abort-churn", "churn-5xx"]
    for name in others:
        sweeper.monitoring.put(name)

    sweeper.sweep()

    assert sorted(sweeper.monitoring.described) == sorted(others)
