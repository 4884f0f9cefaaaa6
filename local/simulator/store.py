"""Tables of the simulated account, with tags and listings.

Sources: API Reference, Tag (50 for each resource), ListModels, ListEndpointConfigs and ListEndpoints (filters, order,
pages). That IAM sees tags late: aws/sagemaker-python-sdk, which retries AccessDenied for minutes after a creation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Any

from local.json_document import Document
from local.simulator.errors import invalid
from local.simulator.replicas import Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.simulator.clock import Clock
    from local.simulator.settings import Settings

_MOST_TAGS = 50


@dataclass
class Store:
    """The tables of one account in one region.

    Attributes:
        moment_of: Makes a time of the clock one that answers have.
        is_stale: While a call has the fault `stale`: its look-ups see nothing of what was written last.
    """

    clock: Clock
    settings: Settings
    account_id: str
    region: str
    seed: int
    moment_of: Callable[[float], datetime] = lambda seconds: datetime.fromtimestamp(seconds, UTC)
    is_stale: bool = False
    random: Random = field(init=False)
    models: Table[Document] = field(init=False)
    configs: Table[Document] = field(init=False)
    endpoints: Table[Document] = field(init=False)
    components: Table[Document] = field(init=False)
    tags: Table[dict[str, str]] = field(init=False)
    _tags_in_iam: Table[dict[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)  # noqa: S311 - repeatable, not secret
        self.models, self.configs, self.endpoints, self.components = (self._table() for _ in range(4))
        self.tags = Table(self.random, self.settings.replicas, self._lag)
        # IAM sees them as one more replica, with a lag of its own.
        self._tags_in_iam = Table[dict[str, str]](Random(self.seed), 1, lambda: (self.settings.tag_lag,) * 2)  # noqa: S311

    def _lag(self) -> tuple[float, float]:
        return self.settings.least_lag, max(self.settings.lag, self.settings.least_lag)

    def _table(self) -> Table[Document]:
        return Table(self.random, self.settings.replicas, self._lag)

    def arn(self, kind: str, name: str) -> str:
        """Return the ARN of a resource; see `build_arn`."""
        return build_arn(kind, name, self.account_id, self.region)

    def has(self, arn: str) -> bool:
        """Return whether there is a resource of an ARN, whatever replicas have seen of it."""
        # Whatever is created gets tags, if none, and loses them when it is deleted.
        return self.tags.current(arn) is not None

    def moment(self, seconds: float | None = None) -> datetime:
        """Return a time of the clock, now or another one, as answers have it."""
        return self.moment_of(self.clock.now() if seconds is None else seconds)

    def look_up(self, table: Table[Document], name: str) -> Document | None:
        """Read a record as the replica that answers sees it.

        Source: API Reference, CreateEndpoint (a read may be stale).
        """
        return table.read_stale(name) if self.is_stale else table.read(name, self.clock.now())

    def scan(self, table: Table[Document]) -> list[Document]:
        """List all records as one replica sees them.

        Assumed: listings lag too (trial: "seconds until a listing shows a new model").
        """
        return [record for _, record in table.scan(self.clock.now())]

    def set_tags(self, arn: str, tags: list[dict[str, str]]) -> None:
        """Add tags to a resource. Source: API Reference, Tag (50 for each resource); the words are the simulator's."""
        all_tags = (self.tags.current(arn) or {}) | {tag["Key"]: tag["Value"] for tag in tags}
        if len(all_tags) > _MOST_TAGS:
            raise invalid(f"Number of tags exceeds the limit of {_MOST_TAGS}.")
        self.write_tags(arn, all_tags, self.clock.now())

    def write_tags(self, arn: str, tags: dict[str, str] | None, moment: float) -> None:
        """Let a resource have these tags and no others; None if it is deleted."""
        self.tags.write(arn, tags, moment)
        self._tags_in_iam.write(arn, tags, moment)

    def tags_in_iam(self, arn: str) -> dict[str, str]:
        """Return a resource's tags as conditions of policies see them by now.

        Source: aws/sagemaker-python-sdk, which retries AccessDenied after a creation.
        """
        return self._tags_in_iam.read(arn, self.clock.now()) or {}

    def tags_of(self, arn: str) -> dict[str, str]:
        """Return a resource's tags as they were written last."""
        return self.tags.current(arn) or {}


def build_arn(kind: str, name: str, account_id: str, region: str) -> str:
    """Return an ARN, in which SageMaker lower-cases the name, whatever the resource.

    Assumed: of models and configs as well (trial: "case of a model's name in its ARN", "case of a config's name in its
    ARN").

    Sources: published answers of DescribeEndpoint and DescribeEndpointConfig, such as `endpoint-config/test-flant5-22`
    of the config `Test-FlanT5-22`; prometheus-community/yet-another-cloudwatch-exporter, pull request 1178;
    aws-solutions/research-service-workbench-on-aws, pull request 1048. Public reports of 2025 show ARNs of tuning jobs
    that keep their case (boto/boto3, issue 4606); none is known for hosting.
    """
    return f"arn:aws:sagemaker:{region}:{account_id}:{kind}/{name.lower()}"


def tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    """Write tags as the API has them. Source: API Reference, Tag."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def page(records: list[Document], name_member: str, request: Document) -> tuple[list[Document], Document]:
    """Filter, sort and page a listing as List* operations do; the newest record comes first.

    Source: API Reference, ListModels, ListEndpointConfigs, ListEndpoints.
    """
    wanted = [
        record
        for record in records
        if request.get("NameContains", "").lower() in record[name_member].lower()
        and record.get("EndpointStatus") == (request.get("StatusEquals") or record.get("EndpointStatus"))
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
