"""InvokeEndpoint: the choice of the container, and the runtime's answer or error."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from local.json_document import Document
from local.simulator.errors import ModelError, ServiceError
from local.simulator.validation import check_answer
from local.simulator.variants import all_variants

if TYPE_CHECKING:
    from local.simulator.fleet import Fleet
    from local.simulator.lifecycle import Lifecycle
    from local.simulator.loading import Server
    from local.simulator.model_server import Answer
    from local.simulator.store import Store

_ANSWERING = frozenset({"InService", "Updating", "SystemUpdating", "RollingBack", "UpdateRollbackFailed"})


@dataclass(frozen=True, slots=True)
class Invocation:
    """An invocation on its way to a variant of a fleet, which is held until it is answered."""

    request: Document
    fleet: Fleet
    variant: str
    server: Server


class Runtime:
    """Invokes endpoints.

    Args:
        store: The account.
        lifecycle: Knows the endpoints.
    """

    def __init__(self, store: Store, lifecycle: Lifecycle) -> None:
        self._store = store
        self._lifecycle = lifecycle

    def route(self, request: Document) -> Invocation:
        """Choose who answers: one of both fleets by the shares of traffic, one of its variants by the weights."""
        self._lifecycle.catch_up()
        name, random = request["EndpointName"], self._store.random
        record = self._store.endpoints.current(name)
        fleet = None
        if record and record["EndpointStatus"] in _ANSWERING:
            fleet = self._lifecycle.endpoints[name].traffic.choose(random)
        if fleet is None:
            message = f"Endpoint {name} of account {self._store.account_id} not found."
            raise ServiceError("ValidationError", message)
        variant = fleet.choose(request.get("TargetVariant"), random, name)
        self._check_target(request, fleet, variant)
        server = fleet.server_of(variant, random)
        if server is None:
            raise ServiceError("ServiceUnavailable", f"Endpoint {name} has no instance of variant {variant}.", 503)
        fleet.hold()
        return Invocation(request, fleet, variant, server)

    def _check_target(self, request: Document, fleet: Fleet, variant: str) -> None:
        """Raise what the runtime answers to an invocation that does not say what the endpoint has to know.

        Source: SageMaker Runtime API Reference, InvokeEndpoint, and messages that people quote in public issues.
        """
        config = fleet.variants.config
        if "AsyncInferenceConfig" in config:
            message = f"Endpoint {request['EndpointName']} is asynchronous. Invoke it by InvokeEndpointAsync."
            raise ServiceError("ValidationError", message)
        name = next((each.get("ModelName") for each in all_variants(config) if each["VariantName"] == variant), None)
        model = self._store.models.current(name or "") or {}
        mode = model.get("InferenceExecutionConfig", {}).get("Mode")
        if model.get("PrimaryContainer", {}).get("Mode") == "MultiModel" and "TargetModel" not in request:
            raise ServiceError("ValidationError", "Invocation request is missing a target model header.")
        if mode == "Direct" and "TargetContainerHostname" not in request:
            raise ServiceError("ValidationError", "Invocation request is missing a target container hostname header.")

    def answer(self, invocation: Invocation) -> Document:
        """Ask the container. Call it without a lock, as it takes its time; let the fleet go afterwards.

        Raises:
            ModelError: The container answers with an error, or not in time.
        """
        request, variant = invocation.request, invocation.variant
        answer = invocation.server.answer(
            request.get("Body", b""),
            request.get("ContentType", "application/json"),
            request.get("Accept") or "application/json",
        )
        if answer.status != HTTPStatus.OK:
            raise self._error(request["EndpointName"], answer)
        answered = {"Body": answer.body, "ContentType": answer.content_type, "InvokedProductionVariant": variant}
        check_answer("InvokeEndpoint", answered, "sagemaker-runtime")
        return answered

    def _error(self, endpoint_name: str, answer: Answer) -> ModelError:
        said = answer.body.decode(errors="replace")
        whose = "client" if HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR else "server"
        region, group = self._store.region, f"/aws/sagemaker/Endpoints/{endpoint_name}"
        message = (
            f'Received {whose} error ({answer.status}) from primary with message "{said}". '
            f"See https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#logEventViewer:group={group} "
            f"in account {self._store.account_id} for more information."
        )
        return ModelError(message, answer.status, said)
