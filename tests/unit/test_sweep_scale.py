"""SweepUnused in a large account: how many calls it makes, and how it goes on from one invocation to the next."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from deployer.cleanup.in_use import CALLS_PER_SECOND
from deployer.tags import DEPLOYED
from tests.unit.manual_clock import Clock
from tests.unit.planning_samples import NOON, STACK, revision
from tests.unit.sweep_factories import Sweeper, names
from tests.unit.sweep_fakes import FakeObjects, FakeSageMaker

MODEL = "churn-m-0123456789ab"
LAMBDA = timedelta(minutes=15)


def sweeper(account: FakeSageMaker) -> Sweeper:
    """Build what sweeps an account at noon."""
    return Sweeper(account, FakeObjects(), Clock(NOON.timestamp()))


def with_foreign_configs(number: int, days: float = 100) -> FakeSageMaker:
    """Build an account with configs of others, evenly spread over the last days."""
    account = FakeSageMaker()
    for each in range(number):
        account.add_config(f"html-{each:05}", "theirs", at=NOON - timedelta(days=days) * (each / number))
    return account


def described(account: FakeSageMaker) -> Counter[str]:
    """Return how often each config was described."""
    return Counter({name: times for (method, name), times in account.calls.items() if method == "find_endpoint_config"})


def test_young_model_needs_a_look_at_young_configs_only() -> None:
    """A config that is older than a model cannot name it."""
    account = with_foreign_configs(10_000)
    account.add_model(MODEL, NOON - timedelta(days=2), stack=STACK)
    run = sweeper(account)

    cursor = run.sweep()

    assert cursor.removed["Models"].count == 1
    assert run.invocations == 1
    assert len(described(account)) == pytest.approx(200, abs=5)
    assert max(described(account).values()) == 1


def test_own_revisions_are_looked_at_before_all_others() -> None:
    """A model that its own endpoint uses costs one look, however many configs there are."""
    account, live = with_foreign_configs(10_000), revision("live").name
    account.add_model(MODEL, NOON - timedelta(days=200), stack=STACK)
    account.add_config(live, MODEL, at=NOON - timedelta(days=150), stack=STACK, state=DEPLOYED)
    account.add_endpoint("churn", live)

    cursor = sweeper(account).sweep()

    assert names(cursor) == {}
    assert described(account) == {live: 1}


def test_old_models_are_found_in_several_invocations() -> None:
    """Each ends before the function's time is over, and what is handed on stays small."""
    account = with_foreign_configs(10_000)
    for number in range(300):
        account.add_model(f"churn-m-{number:012x}", NOON - timedelta(days=200), stack=STACK)
    account.add_config("a-person-s", f"churn-m-{7:012x}")
    run = sweeper(account)
    began, ends = run.clock.now(), []
    run_once = run.invoke

    def invoke(*arguments: Any, **options: Any) -> bool:
        began = run.clock.now()
        is_done = run_once(*arguments, **options)
        ends.append(run.clock.now() - began)
        return is_done

    run.invoke = invoke  # type: ignore[method-assign]
    cursor = run.sweep()

    assert cursor.removed["Models"].count == 299
    assert account.models.keys() == {f"churn-m-{7:012x}"}
    assert len(ends) > 5
    assert max(ends) < LAMBDA.total_seconds()
    assert run.largest < 40_000
    assert account.calls.total() <= 1.05 * CALLS_PER_SECOND * (run.clock.now() - began)


def test_account_full_of_own_revisions_is_swept() -> None:
    """Two revisions of each of 500 endpoints with ten revisions stay."""
    account = FakeSageMaker()
    for number in range(500):
        endpoint = f"churn-{number:03}"
        for age in range(10):
            name, model = revision(age, age, endpoint).name, f"{endpoint}-m-{age:012x}"
            account.add_model(model, NOON - timedelta(days=20 - age), stack=STACK)
            account.add_config(name, model, at=NOON - timedelta(days=20 - age), stack=STACK, state=DEPLOYED)
        account.add_endpoint(endpoint, name)

    cursor = sweeper(account).sweep()

    assert cursor.removed["EndpointConfigs"].count == cursor.removed["Models"].count == 4_000
    assert len(account.configs) == len(account.models) == 1_000
    assert len(cursor.removed["Models"].names) == 50
