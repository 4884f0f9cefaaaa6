"""The hosting simulator shows changes and tags late, and its replicas converge."""

from __future__ import annotations

from random import Random

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from local.simulator import Settings
from local.simulator.replicas import Table
from tests.unit.hosting.account import ARN, Account, refused


@pytest.mark.parametrize("seed", range(3))
def test_created_resource_is_visible_at_the_latest_after_the_lag(seed: int) -> None:
    """A look-up may be stale, even after a good one, until the lag has passed; never afterwards."""
    account = Account(settings=Settings(lag=60), options={"seed": seed})
    account.create_model()
    seen = []
    for _ in range(40):
        try:
            account.sagemaker.describe_model(ModelName="m")
            seen.append(True)
        except ClientError:
            seen.append(False)
        account.clock.sleep(1)
    account.clock.sleep(20)

    assert False in seen
    assert False in seen[seen.index(True) :], "a stale read after a good one"
    assert account.sagemaker.describe_model(ModelName="m")


@given(
    writes=st.lists(st.tuples(st.floats(0, 100), st.integers()), min_size=1, max_size=8),
    lag=st.floats(0, 60),
    seed=st.integers(0, 99),
)
def test_replicas_converge_and_never_invent(writes: list[tuple[float, int]], lag: float, seed: int) -> None:
    """A read shows something that was written before it, and once the lag has passed what was written last."""
    table: Table[int] = Table(Random(seed), 3, lambda: (0.0, lag))  # noqa: S311 - repeatable
    now, written = 0.0, set[int | None]({None})
    for pause, value in writes:
        now += pause
        table.write("n", value, now)
        written.add(value)

        assert table.read("n", now) in written
        assert table.current("n") == value
    assert {table.read("n", now + lag) for _ in range(9)} == {writes[-1][1]}


@given(least=st.floats(0.5, 30), more=st.floats(0, 60), seed=st.integers(0, 99))
def test_no_replica_is_ahead_of_the_least_lag(least: float, more: float, seed: int) -> None:
    """The fastest replica sees a write after the least lag; the slowest takes the whole lag."""
    table: Table[int] = Table(Random(seed), 3, lambda: (least, least + more))  # noqa: S311 - repeatable

    table.write("n", 1, 0.0)

    assert {table.read("n", least * 0.99) for _ in range(9)} == {None}
    assert {table.read("n", least + more) for _ in range(9)} == {1}
    assert table.current("n") == 1


def test_a_config_stays_unseen_for_the_least_lag() -> None:
    """With a least lag, no read finds what was written a moment ago, and every one does after the lag."""
    account = Account(settings=Settings(least_lag=5.0))
    account.create_model()

    unseen = refused(account.create_config)
    account.clock.sleep(5)
    account.create_config()

    assert unseen[1].startswith("Could not find model ")


def test_tags_reach_iam_late() -> None:
    """IAM sees tags, and that they are gone, after a lag of its own, while ListTags shows them at once."""
    account = Account(settings=Settings(tag_lag=60.0))
    account.create_model()
    arn = f"{ARN}model/m"
    account.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}])

    at_once = account.simulator.tags_in_iam(arn)
    account.clock.sleep(60)
    later = account.simulator.tags_in_iam(arn)

    assert (at_once, later) == ({}, {"a": "1"})
    assert account.simulator.tags(arn) == {"a": "1"}
