"""An account and a bucket in memory, with what a sweep calls of the adapters, for thousands of resources."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from deployer.aws.s3_objects import ListedObject
from deployer.json_document import Document
from deployer.planning.keys import STORE_PREFIX, request_key
from tests.unit.planning_samples import NOON

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime


def _do_nothing(_method: str, _name: str) -> None:
    """Let a call be what it is."""


def _note_nothing(_names: list[str]) -> None:
    """Let nothing happen before a look."""


@dataclass
class FakeSageMaker:
    """Models, endpoint configs and endpoints by their names, as SageMaker describes them, and tags by ARN.

    Attributes:
        calls: How often each method was called, by method and name.
        before_call: Called with method and name before each call.
    """

    models: dict[str, Document] = field(default_factory=dict)
    configs: dict[str, Document] = field(default_factory=dict)
    endpoints: dict[str, Document] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    before_call: Callable[[str, str], None] = _do_nothing

    def add_model(self, name: str, at: datetime = NOON, **tags: str) -> None:
        """Create a model."""
        self.models[name] = {"ModelName": name, "ModelArn": f"model/{name}", "CreationTime": at}
        self.tags[f"model/{name}"] = tags

    def add_config(self, name: str, *models: str, at: datetime = NOON, **tags: str) -> None:
        """Create an endpoint config."""
        self.configs[name] = {
            "EndpointConfigName": name,
            "EndpointConfigArn": f"config/{name}",
            "CreationTime": at,
            "ProductionVariants": [{"ModelName": model} for model in models],
        }
        self.tags[f"config/{name}"] = tags

    def add_endpoint(self, name: str, config: str, pending: str | None = None) -> None:
        """Create an endpoint, which may be changing to another config."""
        self.endpoints[name] = {
            "EndpointName": name,
            "EndpointConfigName": config,
            "EndpointStatus": "Updating" if pending else "InService",
            "LastModifiedTime": NOON,
            **({"PendingDeploymentSummary": {"EndpointConfigName": pending}} if pending else {}),
        }

    def list_models(self, **_: Any) -> Iterator[Document]:
        """List models."""
        self._count("list_models")
        return iter(list(self.models.values()))

    def list_endpoint_configs(self, **filters: Any) -> Iterator[Document]:
        """List endpoint configs."""
        self._count("list_endpoint_configs")
        after = filters.get("CreationTimeAfter")
        return iter([each for each in self.configs.values() if after is None or each["CreationTime"] >= after])

    def list_endpoints(self, **_: Any) -> Iterator[Document]:
        """List endpoints."""
        self._count("list_endpoints")
        return iter(list(self.endpoints.values()))

    def find_model(self, name: str) -> Document | None:
        """Describe a model."""
        self._count("find_model", name)
        return self.models.get(name)

    def find_endpoint_config(self, name: str) -> Document | None:
        """Describe an endpoint config."""
        self._count("find_endpoint_config", name)
        return self.configs.get(name)

    def find_endpoint(self, name: str) -> Document | None:
        """Describe an endpoint."""
        self._count("find_endpoint", name)
        return self.endpoints.get(name)

    def tags_of(self, arn: str) -> dict[str, str]:
        """List tags."""
        self._count("tags_of", arn)
        return {f"endpoint-deployer:{key.replace('_', '-')}": value for key, value in self.tags.get(arn, {}).items()}

    def delete_endpoint_config(self, name: str) -> None:
        """Delete an endpoint config."""
        self._count("delete_endpoint_config", name)
        self.configs.pop(name, None)

    def delete_model(self, name: str) -> None:
        """Delete a model."""
        self._count("delete_model", name)
        self.models.pop(name, None)

    def _count(self, method: str, name: str = "") -> None:
        self.before_call(method, name)
        self.calls[method, name] += 1


@dataclass
class FakeObjects:
    """A bucket: the content of the objects, and when they were written, by key."""

    bodies: dict[str, bytes] = field(default_factory=dict)
    modified: dict[str, datetime] = field(default_factory=dict)

    def put(self, key: str, body: bytes = b"", at: datetime = NOON) -> None:
        """Write an object."""
        self.bodies[key], self.modified[key] = body, at

    def put_request(self, endpoint: str, revision: str, body: bytes, at: datetime = NOON) -> None:
        """Store a request, as StoreRevision does, with the note on the execution that did so."""
        self.put(request_key(endpoint, revision), body, at)
        self.put(f"{STORE_PREFIX}{endpoint}/{revision}/executions/run-1", at=at)

    def list_folders(self, _bucket: str, prefix: str) -> Iterator[str]:
        """List folders."""
        below = (key.removeprefix(prefix) for key in self.bodies if key.startswith(prefix))
        return iter(sorted({key.partition("/")[0] for key in below if "/" in key}))

    def list_objects(self, _bucket: str, prefix: str) -> Iterator[ListedObject]:
        """List objects."""
        keys = sorted(key for key in self.bodies if key.startswith(prefix))
        return iter([ListedObject(key, len(self.bodies[key]), self.modified[key]) for key in keys])

    def read(self, _bucket: str, key: str) -> bytes | None:
        """Read an object."""
        return self.bodies.get(key)

    def delete_permanently(self, _bucket: str, key: str) -> None:
        """Delete an object."""
        self.bodies.pop(key, None)


@dataclass
class FakeMonitoring:
    """CloudWatch: the alarms by their names.

    Attributes:
        before_look: Called before alarms are described by their names.
    """

    described: dict[str, Document] = field(default_factory=dict)
    before_look: Callable[[list[str]], object] = _note_nothing

    def put(self, name: str, at: datetime = NOON) -> None:
        """Make an alarm."""
        self.described[name] = {"AlarmName": name, "AlarmConfigurationUpdatedTimestamp": at}

    def list_alarms(self, prefix: str) -> Iterator[Document]:
        """Describe alarms by the beginning of their names."""
        return iter([dict(alarm) for name, alarm in self.described.items() if name.startswith(prefix)])

    def alarms(self, names: list[str]) -> dict[str, Document]:
        """Describe alarms."""
        self.before_look(names)
        return {name: dict(self.described[name]) for name in names if name in self.described}

    def delete_alarm(self, name: str) -> None:
        """Delete an alarm."""
        del self.described[name]
