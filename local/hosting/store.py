"""What the simulated account holds, and the calls that only record: models, endpoint configs and tags."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Any

from local.hosting.errors import exists, invalid, not_found
from local.hosting.replicas import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.clock import Clock
    from local.hosting.settings import Settings

Document = dict[str, Any]

_MOST_TAGS = 50


@dataclass
class Store:
    """The tables of one account in one region.

    Attributes:
        is_stale: While a call is struck by the fault `stale`: its look-ups see nothing of what was written last.
    """

    clock: Clock
    settings: Settings
    account_id: str
    region: str
    seed: int
    is_stale: bool = False
    random: Random = field(init=False)
    models: Table[Document] = field(init=False)
    configs: Table[Document] = field(init=False)
    endpoints: Table[Document] = field(init=False)
    tags: Table[dict[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)  # noqa: S311 - repeatable, not secret
        self.models, self.configs, self.endpoints = (self._table() for _ in range(3))
        self.tags = Table(self.random, self.settings.replicas, lambda: self.settings.lag)

    def _table(self) -> Table[Document]:
        return Table(self.random, self.settings.replicas, lambda: self.settings.lag)

    def arn(self, kind: str, name: str) -> str:
        """Return an ARN; SageMaker lower-cases the names of endpoints in theirs."""
        resource = name.lower() if kind == "endpoint" else name
        return f"arn:aws:sagemaker:{self.region}:{self.account_id}:{kind}/{resource}"

    def moment(self) -> datetime:
        """Return the time as answers have it."""
        return datetime.fromtimestamp(self.clock.now(), UTC)

    def look_up(self, table: Table[Document], name: str) -> Document | None:
        """Read a record as the replica that answers sees it."""
        return table.read_stale(name) if self.is_stale else table.read(name, self.clock.now())

    def scan(self, table: Table[Document]) -> list[Document]:
        """List all records as one replica sees them."""
        return [record for _, record in table.scan(self.clock.now())]

    def set_tags(self, arn: str, tags: list[dict[str, str]]) -> None:
        """Add tags to a resource."""
        all_tags = (self.tags.current(arn) or {}) | {tag["Key"]: tag["Value"] for tag in tags}
        if len(all_tags) > _MOST_TAGS:
            raise invalid(f"Number of tags exceeds the limit of {_MOST_TAGS}.")
        self.tags.write(arn, all_tags, self.clock.now())

    def tags_of(self, arn: str) -> dict[str, str]:
        """Return a resource's tags as they were written last."""
        return self.tags.current(arn) or {}


class Registry:
    """CreateModel, CreateEndpointConfig, and what goes with them.

    Args:
        store: The account.
        check_role: Called with an execution role and the model data that it has to read; raises ServiceError.
    """

    def __init__(self, store: Store, check_role: Callable[[str, str | None], None]) -> None:
        self._store = store
        self._check_role = check_role

    def create_model(self, request: Document) -> Document:
        """Record a model, if its role can be assumed and can read its data."""
        store, name = self._store, request["ModelName"]
        arn = store.arn("model", name)
        if store.models.current(name):
            raise exists("model", arn)
        containers = [request["PrimaryContainer"]] if "PrimaryContainer" in request else request.get("Containers", [])
        for container in containers:
            if not container.keys() & {"Image", "ModelPackageName"}:
                raise invalid(
                    "Specify one of either Image and Model Data URL or ModelPackageName in container definition."
                )
            if role := request.get("ExecutionRoleArn"):
                self._check_role(role, container.get("ModelDataUrl"))
        record = {member: value for member, value in request.items() if member != "Tags"}
        store.models.write(name, {**record, "ModelArn": arn, "CreationTime": store.moment()}, store.clock.now())
        store.set_tags(arn, request.get("Tags", []))
        return {"ModelArn": arn}

    def describe_model(self, request: Document) -> Document:
        """Describe a model."""
        return self._found(self._store.models, "model", request["ModelName"])

    def delete_model(self, request: Document) -> Document:
        """Delete a model; SageMaker does not ask whether anything uses it."""
        return self._deleted(self._store.models, "model", request["ModelName"])

    def list_models(self, request: Document) -> Document:
        """List models."""
        listed, token = page(self._store.scan(self._store.models), "ModelName", request)
        members = ("ModelName", "ModelArn", "CreationTime")
        return {"Models": [{member: record[member] for member in members} for record in listed], **token}

    def create_endpoint_config(self, request: Document) -> Document:
        """Record an endpoint config, if its models can be seen."""
        store, name = self._store, request["EndpointConfigName"]
        arn = store.arn("endpoint-config", name)
        if store.configs.current(name):
            raise exists("endpoint configuration", arn)
        for variant in variants(request):
            model_name = variant.get("ModelName")
            if model_name and store.look_up(store.models, model_name) is None:
                raise not_found("model", store.arn("model", model_name))
        record = {member: value for member, value in request.items() if member != "Tags"}
        record |= {"EndpointConfigArn": arn, "CreationTime": store.moment()}
        store.configs.write(name, record, store.clock.now())
        store.set_tags(arn, request.get("Tags", []))
        return {"EndpointConfigArn": arn}

    def describe_endpoint_config(self, request: Document) -> Document:
        """Describe an endpoint config."""
        return self._found(self._store.configs, "endpoint configuration", request["EndpointConfigName"])

    def delete_endpoint_config(self, request: Document) -> Document:
        """Delete an endpoint config; SageMaker lets one go that an endpoint uses."""
        return self._deleted(self._store.configs, "endpoint configuration", request["EndpointConfigName"])

    def list_endpoint_configs(self, request: Document) -> Document:
        """List endpoint configs."""
        listed, token = page(self._store.scan(self._store.configs), "EndpointConfigName", request)
        members = ("EndpointConfigName", "EndpointConfigArn", "CreationTime")
        return {"EndpointConfigs": [{member: record[member] for member in members} for record in listed], **token}

    def add_tags(self, request: Document) -> Document:
        """Add tags to a resource."""
        self._store.set_tags(request["ResourceArn"], request["Tags"])
        return {"Tags": tag_list(self._store.tags_of(request["ResourceArn"]))}

    def list_tags(self, request: Document) -> Document:
        """List a resource's tags."""
        return {"Tags": tag_list(self._store.tags.read(request["ResourceArn"], self._store.clock.now()) or {})}

    def delete_tags(self, request: Document) -> Document:
        """Remove tags from a resource."""
        arn = request["ResourceArn"]
        left = {key: value for key, value in self._store.tags_of(arn).items() if key not in request["TagKeys"]}
        self._store.tags.write(arn, left, self._store.clock.now())
        return {}

    def _found(self, table: Table[Document], kind: str, name: str) -> Document:
        record = self._store.look_up(table, name)
        if record is None:
            raise not_found(kind, self._store.arn(_ARN_KINDS[kind], name))
        return dict(record)

    def _deleted(self, table: Table[Document], kind: str, name: str) -> Document:
        arn = self._store.arn(_ARN_KINDS[kind], name)
        if table.current(name) is None:
            raise not_found(kind, arn)
        table.write(name, None, self._store.clock.now())
        self._store.tags.write(arn, None, self._store.clock.now())
        return {}


_ARN_KINDS = {"model": "model", "endpoint configuration": "endpoint-config"}


def variants(config: Document) -> Iterator[Document]:
    """Yield the production and the shadow variants of an endpoint config."""
    yield from config.get("ProductionVariants", [])
    yield from config.get("ShadowProductionVariants", [])


def tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    """Write tags as the API has them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def page(records: list[Document], name_member: str, request: Document) -> tuple[list[Document], Document]:
    """Filter, sort and page a listing as List* operations do; the newest record comes first."""
    wanted = [
        record
        for record in records
        if request.get("NameContains", "").lower() in record[name_member].lower()
        and record.get("EndpointStatus") == request.get("StatusEquals", record.get("EndpointStatus"))
        and _between(record["CreationTime"], request.get("CreationTimeAfter"), request.get("CreationTimeBefore"))
        and _between(
            record.get("LastModifiedTime"), request.get("LastModifiedTimeAfter"), request.get("LastModifiedTimeBefore")
        )
    ]
    sort_member = {"Name": name_member, "Status": "EndpointStatus"}.get(request.get("SortBy", ""), "CreationTime")
    is_descending = request.get("SortOrder", "Descending") == "Descending"
    wanted.sort(key=lambda record: (record[sort_member], record[name_member]), reverse=is_descending)
    first = int(request.get("NextToken", 0))
    last = first + request.get("MaxResults", 10)
    return wanted[first:last], ({"NextToken": str(last)} if last < len(wanted) else {})


def _between(moment: datetime | None, after: Any, before: Any) -> bool:
    if moment is None:
        return True
    return (after is None or moment >= _moment(after)) and (before is None or moment <= _moment(before))


def _moment(value: Any) -> datetime:
    return value.astimezone(UTC) if isinstance(value, datetime) else datetime.fromtimestamp(float(value), UTC)
