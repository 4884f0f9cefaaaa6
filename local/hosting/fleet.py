"""Fleets: what answers the invocations of endpoints, the live one and during an update the new one beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from local.hosting.errors import ServiceError
from local.hosting.model_server import Answer, BrokenModelError, ModelServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.hosting.store import Document, Store

_ERROR_STATUS = 400
_MODEL_DATA = "ModelDataUrl"


class Server(Protocol):
    """Whatever answers for one variant."""

    def answer(self, body: bytes, content_type: str, accept: str) -> Answer:
        """Return what the container answers."""
        ...

    def stop(self) -> None:
        """End it."""
        ...


@dataclass(frozen=True, slots=True)
class Echo:
    """Answers for a model whose data cannot be had: it tells which model and variant it is, in JSON."""

    model_name: str
    variant: str

    def answer(self, body: bytes, content_type: str, accept: str) -> Answer:
        """Return the model's and the variant's name, and how much was sent."""
        told = {"Model": self.model_name, "Variant": self.variant, "Bytes": len(body), "Accept": accept or content_type}
        return Answer(200, "application/json", json.dumps(told).encode())

    def stop(self) -> None:
        """There is nothing to end."""


class Fleets:
    """The fleets of all endpoints.

    Args:
        store: The account.
        objects: Reads an S3 object on behalf of an execution role; without it models only echo.
    """

    def __init__(self, store: Store, objects: Callable[[str, str, str], bytes] | None) -> None:
        self._store = store
        self._objects = objects
        self._live: dict[str, dict[str, Server]] = {}
        self._new: dict[str, dict[str, Server]] = {}

    def start(self, endpoint: str, config: Document) -> str:
        """Start the new fleet of an endpoint; return why it cannot run, or nothing."""
        fleet: dict[str, Server] = {}
        self._new[endpoint] = fleet
        try:
            for variant in config.get("ProductionVariants", []):
                fleet[variant["VariantName"]] = self._server(variant)
        except BrokenModelError as error:
            self.discard(endpoint)
            return str(error)
        return ""

    def shift(self, endpoint: str) -> None:
        """Let the new fleet answer, and end the old one."""
        old, self._live[endpoint] = self._live.get(endpoint, {}), self._new.pop(endpoint, {})
        _stop(old)

    def discard(self, endpoint: str) -> None:
        """End the new fleet, and let the old one go on."""
        _stop(self._new.pop(endpoint, {}))

    def stop(self, endpoint: str) -> None:
        """End all fleets of an endpoint."""
        self.discard(endpoint)
        _stop(self._live.pop(endpoint, {}))

    def stop_all(self) -> None:
        """End everything."""
        for endpoint in [*self._live, *self._new]:
            self.stop(endpoint)

    def invoke(self, endpoint: Document, request: Document) -> Document:
        """Answer an invocation by one of the live variants: the asked-for one, or by their weights."""
        fleet = self._live.get(endpoint["EndpointName"], {})
        weights = {summary["VariantName"]: summary["CurrentWeight"] for summary in endpoint["ProductionVariants"]}
        target = request.get("TargetVariant") or self._store.random.choices([*weights], [*weights.values()])[0]
        if target not in fleet:
            raise ServiceError(
                "ValidationError", f"Variant {target} was not found for endpoint {endpoint['EndpointName']}"
            )
        content_type = request.get("ContentType", "application/json")
        answer = fleet[target].answer(
            request.get("Body", b""), content_type, request.get("Accept") or "application/json"
        )
        if answer.status >= _ERROR_STATUS:
            message = (
                f"Received server error ({answer.status}) from primary container with message "
                f'"{answer.body.decode(errors="replace")}". See the CloudWatch logs of /aws/sagemaker/Endpoints/'
                f"{endpoint['EndpointName']} in account {self._store.account_id} for more information."
            )
            raise ServiceError("ModelError", message, 424)
        return {"Body": answer.body, "ContentType": answer.content_type, "InvokedProductionVariant": target}

    def _server(self, variant: Document) -> Server:
        name = variant.get("ModelName", "")
        model = self._store.models.current(name)
        if model is None:
            raise BrokenModelError(f"Could not find model {name}.")
        container = model.get("PrimaryContainer") or (model.get("Containers") or [{}])[0]
        uri = container.get(_MODEL_DATA, "")
        if self._objects is None or not uri.startswith("s3://"):
            return Echo(name, variant["VariantName"])
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        try:
            archive = self._objects(bucket, key, model["ExecutionRoleArn"])
        except ServiceError as error:
            raise BrokenModelError(error.message) from error
        return ModelServer(archive, uri, variant["VariantName"])


def _stop(fleet: dict[str, Server]) -> None:
    for server in fleet.values():
        server.stop()


def not_serving(endpoint_name: str, account_id: str) -> ServiceError:
    """Return what the runtime says of an endpoint that does not answer."""
    return ServiceError("ValidationError", f"Endpoint {endpoint_name} of account {account_id} not found.")
