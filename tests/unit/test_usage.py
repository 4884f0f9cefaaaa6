"""The search for what is in use: who is looked at, what is found, and what is remembered of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deployer.cleanup.usage import Usage
from deployer.errors import SageMakerThrottledError

BORN = datetime(2026, 11, 24, 12, tzinfo=UTC)
ARN = "arn:aws:sagemaker:us-east-1:111122223333:"


class Account:
    """An adapter whose account has what a test gives it, and that counts what it is asked."""

    def __init__(self, *described: dict[str, Any]) -> None:
        self.described = {each.get("EndpointName") or each["EndpointConfigName"]: each for each in described}
        self.listed = list(described)
        self.asked: list[str] = []
        self.since: list[datetime] = []
        self.refuses_after = 1000

    def endpoints_changed_since(self, moment: datetime) -> list[dict[str, Any]]:
        """List what was changed, as it was when the test began."""
        self.since.append(moment)
        return [each for each in self.listed if each["LastModifiedTime"] > moment]

    def configs_created_since(self, moment: datetime) -> list[dict[str, Any]]:
        """List what was created."""
        self.since.append(moment)
        return [each for each in self.listed if each["CreationTime"] > moment]

    def find_endpoint(self, name: str) -> dict[str, Any] | None:
        """Describe one, unless too much has been asked."""
        if len(self.asked) >= self.refuses_after:
            raise SageMakerThrottledError("Rate exceeded")
        self.asked.append(name)
        return self.described.get(name)

    find_endpoint_config = find_endpoint


def endpoint(name: str, config: str, *, after: float = 60.0, **members: Any) -> dict[str, Any]:
    """Describe an endpoint that was changed some seconds after the moment that tests begin with."""
    return {
        "EndpointName": name,
        "EndpointArn": f"{ARN}endpoint/{name}",
        "EndpointConfigName": config,
        "EndpointStatus": "InService",
        "LastModifiedTime": BORN + timedelta(seconds=after),
        **members,
    }


def config(name: str, *models: str, after: float = 60.0) -> dict[str, Any]:
    """Describe an endpoint config of some models."""
    return {
        "EndpointConfigName": name,
        "EndpointConfigArn": f"{ARN}endpoint-config/{name}",
        "CreationTime": BORN + timedelta(seconds=after),
        "ProductionVariants": [{"ModelName": model} for model in models],
    }


def made(*names: str) -> dict[str, Any]:
    """Return resources that were created at the moment that tests begin with, by name."""
    return {name: {"CreationTime": BORN} for name in names}


def usage(account: Any, memory: Any = None) -> Usage:
    """Make what is tested."""
    return Usage(account, {} if memory is None else memory)


def test_a_config_is_in_use_by_what_has_it_and_by_what_is_changed_to_it() -> None:
    """Either would break without it."""
    account = Account(
        endpoint("a", "attached"),
        endpoint("b", "other", EndpointStatus="Updating", PendingDeploymentSummary={"EndpointConfigName": "pending"}),
    )

    assert usage(account).configs_in_use(made("attached", "pending", "free")) == {"attached", "pending"}


def test_a_model_is_in_use_by_what_names_it() -> None:
    """But for the configs that are on their way out themselves."""
    account = Account(config("c-1", "used", "shared"), config("c-2", "going", "shared"))

    assert usage(account).models_in_use(made("used", "going", "shared", "free"), but={"c-2"}) == {"used", "shared"}


def test_what_was_there_before_is_not_looked_at() -> None:
    """It cannot use what was created after it; a minute is left for clocks that differ."""
    account = Account(endpoint("old", "c", after=-61.0), endpoint("young", "c", after=-59.0))

    usage(account).configs_in_use({"c": {"CreationTime": BORN}, "later": {"CreationTime": BORN + timedelta(hours=1)}})

    assert account.asked == ["young"]


def test_nothing_is_looked_for_where_nothing_may_go() -> None:
    """Not even listed."""
    account = Account(endpoint("a", "c"))

    assert usage(account).configs_in_use({}) == usage(account).models_in_use({}, but=()) == set()
    assert not account.since


def test_a_search_that_was_refused_goes_on_where_it_was() -> None:
    """A step that is tried again asks for nothing twice, as long as its function stays warm."""
    account, memory = Account(*(endpoint(f"e-{number}", "other") for number in range(4))), {}
    account.refuses_after = 2
    with pytest.raises(SageMakerThrottledError):
        usage(account, memory).configs_in_use(made("c"))
    account.refuses_after = 4

    assert usage(account, memory).configs_in_use(made("c")) == set()
    assert account.asked == ["e-0", "e-1", "e-2", "e-3"]


@pytest.mark.parametrize(
    ("listed", "described"),
    [
        pytest.param(endpoint("a", "c"), endpoint("a", "c", after=1.0), id="older than listed"),
        pytest.param(endpoint("a", "c"), endpoint("a", "c", EndpointStatus="Updating"), id="of another status"),
        pytest.param(
            endpoint("a", "c", EndpointStatus="Updating"), endpoint("a", "c", EndpointStatus="Updating"), id="to what?"
        ),
    ],
)
def test_what_may_be_stale_is_not_remembered(listed: dict[str, Any], described: dict[str, Any]) -> None:
    """The next look may find something else."""
    account, memory = Account(described), {}
    account.listed = [listed]

    usage(account, memory).configs_in_use(made("c"))

    assert memory == {}


def test_the_search_ends_when_all_is_in_use() -> None:
    """What uses it is mostly what is live, and among the first."""
    account = Account(config("c-1", "m"), config("c-2", "n"), config("c-3", "other"))

    assert usage(account).models_in_use(made("m", "n"), but=()) == {"m", "n"}
    assert account.asked == ["c-1", "c-2"]


def test_what_has_changed_is_looked_at_again() -> None:
    """What was remembered of it was true of the time before."""
    account, memory = Account(endpoint("a", "other")), {}
    usage(account, memory).configs_in_use(made("c"))
    changed = endpoint("a", "c", after=120.0)
    account.listed, account.described = [changed], {"a": changed}

    assert usage(account, memory).configs_in_use(made("c")) == {"c"}


def test_what_cannot_be_seen_is_not_remembered() -> None:
    """A config that is listed and not found is invisible to one replica, or was just deleted."""
    account, memory = Account(config("c-1", "m")), {}
    account.described = {}

    assert usage(account, memory).models_in_use(made("m"), but=()) == set()
    assert memory == {}


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function may stay warm for days; then it begins anew."""
    monkeypatch.setattr("deployer.cleanup.usage._MOST_REMEMBERED", 3)
    account, memory = Account(*(config(f"c-{number}", "other") for number in range(5))), {}

    usage(account, memory).models_in_use(made("m"), but=())

    assert len(memory) == 2
