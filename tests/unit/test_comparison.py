"""What a client reports is compared with what is true; the client here is played by the test."""

from __future__ import annotations

from dataclasses import replace

import pytest

from local.peers.report import key, tables
from local.peers.scenarios import BEFORE, CREATIONS, ENDPOINT, FAULTS, UPDATES, WANTED, Account, Result, Scenario
from local.peers.server import ManualClock
from local.simulator import Simulator

ROLLED_BACK = FAULTS[0]
DONE = Result(version="client 1", error="", is_served=True, left=0, calls=8, seconds=182.0)


@pytest.fixture
def clock() -> ManualClock:
    """The simulator's clock."""
    return ManualClock()


def prepared(clock: ManualClock, scenario: Scenario) -> Account:
    """Return an account in which a client may begin."""
    account = Account(Simulator(clock=clock), clock)
    if scenario.action == "update":
        account.serve_before()
    account.prepare(scenario)
    return account


def update(account: Account, name: str = "wanted", image: str = WANTED) -> None:
    """Begin to change the endpoint."""
    account.make_config(name, image)
    account.simulator.call("UpdateEndpoint", {"EndpointName": ENDPOINT, "EndpointConfigName": name})


def test_success_is_a_success(clock: ManualClock) -> None:
    account = prepared(clock, UPDATES[0])
    update(account)

    result = account.result("client 1", "", 270.0)

    assert result.is_success
    assert (result.is_misreported, result.left, result.calls) == (False, 0, 3)


def test_success_that_is_reported_of_a_rollback_is_misreported(clock: ManualClock) -> None:
    """The model and the config of the update that failed are left."""
    account = prepared(clock, ROLLED_BACK)
    update(account)

    result = account.result("client 1", "", 300.0)

    assert not result.is_success
    assert (result.is_misreported, result.left) == (True, 2)


def test_failure_that_is_reported_of_a_rollback_is_true(clock: ManualClock) -> None:
    account = prepared(clock, ROLLED_BACK)
    update(account)

    result = account.result("client 1", "rolled back", 300.0)

    assert (result.is_success, result.is_misreported) == (False, False)


def test_endpoint_on_another_config_is_not_a_success(clock: ManualClock) -> None:
    account = prepared(clock, UPDATES[0])
    update(account, "again", BEFORE)

    assert account.result("client 1", "", 270.0).is_misreported


def test_busy_endpoint_is_being_changed_when_the_client_begins(clock: ManualClock) -> None:
    account = prepared(clock, FAULTS[2])

    assert account.simulator.call("DescribeEndpoint", {"EndpointName": ENDPOINT})["EndpointStatus"] == "Updating"


def test_tables_count_successful_runs_and_leftovers() -> None:
    failed = replace(DONE, error="Could not find model", is_served=False, left=1)
    results = {key(scenario): [DONE, failed] for scenario in (*CREATIONS, *UPDATES, *FAULTS)}

    text = tables({"client": results})

    assert "| client 1 | 1 of 2 | 1 of 2 | 1 of 2 | 1 of 2 | 1 of 2 | 0 of 10 | 1.0 |" in text
    assert "| client 1 | cannot | 0 of 2 | 1.0 | 8 | 182 |" in text
    assert "| client 1 | 8 | 2.0 | 8 | -78.0 |" in text
