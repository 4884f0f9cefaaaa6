"""The account at any moment of a scenario, replayed from the recorded writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from local.json_document import Document

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from local.simulation.records import Write

STUCK = frozenset({"OutOfService", "UpdateRollbackFailed"})
"""Statuses of an endpoint that has been in service, which only a person can resolve."""

_ARNS = {"models": "ModelArn", "configs": "EndpointConfigArn", "endpoints": "EndpointArn"}


@dataclass
class Account:
    """Models, endpoint configs, endpoints and tags at one moment, without any replica's lag."""

    models: dict[str, Document] = field(default_factory=dict)
    configs: dict[str, Document] = field(default_factory=dict)
    endpoints: dict[str, Document] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)

    def apply(self, write: Write) -> None:
        """Apply a write."""
        table = getattr(self, write.table)
        if write.value is None:
            table.pop(write.name, None)
        else:
            table[write.name] = write.value

    def tags_of(self, table: str, name: str) -> dict[str, str]:
        """Return the tags of a resource."""
        return self.tags.get(self.arn_of(table, name), {})

    def arn_of(self, table: str, name: str) -> str:
        """Return the ARN of a model, an endpoint config or an endpoint; empty if it does not exist."""
        return str(getattr(self, table).get(name, {}).get(_ARNS.get(table, ""), ""))

    def endpoints_on(self, config: str) -> list[str]:
        """Name the endpoints that have a config, or are being changed to it."""
        return [name for name, endpoint in self.endpoints.items() if config in configs_of(endpoint)]

    def configs_with(self, model: str) -> list[str]:
        """Name the configs that use a model."""
        return [name for name, config in self.configs.items() if model in models_of(config)]


def configs_of(endpoint: Document | None) -> tuple[str, ...]:
    """Return the config that an endpoint has, and the one that it is being changed to."""
    if endpoint is None or "EndpointStatus" not in endpoint:
        return ()
    attached = endpoint["EndpointConfigName"]
    pending = endpoint.get("PendingDeploymentSummary", {}).get("EndpointConfigName", attached)
    return (attached,) if pending == attached else (attached, pending)


def models_of(config: Document) -> list[str]:
    """Return the models of a config."""
    kinds = ("ProductionVariants", "ShadowProductionVariants")
    return [variant["ModelName"] for kind in kinds for variant in config.get(kind, []) if "ModelName" in variant]


def data_urls(model: Document) -> list[str]:
    """Return the URLs of a model's data."""
    containers = [model["PrimaryContainer"]] if "PrimaryContainer" in model else model.get("Containers", [])
    sources = [container.get("ModelDataSource", {}).get("S3DataSource", {}) for container in containers]
    urls = [container.get("ModelDataUrl") for container in containers] + [source.get("S3Uri") for source in sources]
    return [url for url in urls if url]


def replay(writes: Iterable[Write]) -> Iterator[tuple[Write, Account]]:
    """Yield each write with the account just before it."""
    account = Account()
    for write in writes:
        yield write, account
        account.apply(write)


def at(writes: Iterable[Write], moment: float) -> Account:
    """Return the account at a moment, in seconds since the epoch, that moment's writes included."""
    account = Account()
    for write in writes:
        if write.time <= moment:
            account.apply(write)
    return account


def spans(writes: Iterable[Write], endpoint: str) -> Iterator[tuple[float, float, Document | None]]:
    """Yield the states of an endpoint, each with its start and its end; None where it did not exist."""
    began, record = float("-inf"), None
    for write in writes:
        if write.table == "endpoints" and write.name == endpoint:
            yield began, write.time, record
            began, record = write.time, write.value
    yield began, float("inf"), record
