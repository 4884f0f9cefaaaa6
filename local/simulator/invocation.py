"""The runtime: the choice of the container, and its answer or error.

Source: SageMaker Runtime API Reference, InvokeEndpoint and InvokeEndpointWithResponseStream.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from local.json_document import Document
from local.simulator.errors import ModelError, ServiceError, refused
from local.simulator.loading import setting_of
from local.simulator.model_server import BrokenModelError
from local.simulator.targets import check_kind, check_target
from local.simulator.variants import all_variants, containers

if TYPE_CHECKING:
    from local.simulator.components import Components
    from local.simulator.fleet import Fleet
    from local.simulator.lifecycle import Lifecycle
    from local.simulator.loading import Server
    from local.simulator.model_server import Answer
    from local.simulator.store import Store

_ANSWERING = frozenset({"InService", "Updating", "SystemUpdating", "RollingBack", "UpdateRollbackFailed"})


@dataclass(frozen=True, slots=True)
class Invocation:
    """An invocation of a variant of a fleet, which is kept until the answer."""

    request: Document
    fleet: Fleet
    variant: str
    server: Server


class Runtime:
    """Invokes endpoints.

    Args:
        store: The account.
        lifecycle: Knows the endpoints.
        components: The inference components.
    """

    def __init__(self, store: Store, lifecycle: Lifecycle, components: Components) -> None:
        self._store = store
        self._lifecycle = lifecycle
        self._components = components

    def route(self, operation: str, request: Document) -> Invocation:
        """Choose who answers: one of both fleets by the shares of traffic, one of its variants by the weights.

        Source: API Reference, InvokeEndpoint; Developer Guide, "Blue/Green Deployments".
        """
        fleet, random = self.fleet(request["EndpointName"]), self._store.random
        check_kind(operation, request, fleet.variants.config)
        variant = fleet.choose(request.get("TargetVariant"), random, request["EndpointName"])
        server = self._server(request, fleet, variant)
        fleet.hold()
        return Invocation(request, fleet, variant, server)

    def fleet(self, name: str) -> Fleet:
        """Choose a fleet of an endpoint.

        Source: API Reference, DescribeEndpoint (EndpointStatus); aws/amazon-sagemaker-examples, issue 293.
        """
        self._lifecycle.catch_up()
        record = self._store.endpoints.current(name)
        fleet = None
        if record and record["EndpointStatus"] in _ANSWERING:
            fleet = self._lifecycle.endpoints[name].traffic.choose(self._store.random)
        if fleet is None:
            # aws/amazon-sagemaker-examples, issue 293.
            raise refused(f"Endpoint {name} of account {self._store.account_id} not found.")
        return fleet

    def _server(self, request: Document, fleet: Fleet, variant: str) -> Server:
        """Return what answers: an inference component, one model of a container of many, or an instance.

        Source: API Reference, InvokeEndpoint (TargetModel, InferenceComponentName, ServiceUnavailable).
        """
        name = request["EndpointName"]
        if component := request.get("InferenceComponentName"):
            return self._server_of_component(name, component)
        variants = fleet.variants.config["ProductionVariants"]
        model_name = next(each["ModelName"] for each in variants if each["VariantName"] == variant)
        check_target(request, self._store.models.current(model_name) or {})
        server = fleet.server_of(variant, self._store.random)
        if server is None:
            raise ServiceError("ServiceUnavailable", f"Endpoint {name} has no instance of variant {variant}.", 503)
        if target := request.get("TargetModel"):
            try:
                return fleet.server_of_target(variant, target)
            except BrokenModelError as error:
                raise refused(str(error)) from error
        return server

    def _server_of_component(self, endpoint: str, name: str) -> Server:
        """Return what answers for an inference component.

        Assumed: the words (trial: "an inference component that cannot answer").
        """
        record = self._components.current(name)
        if record is None or record["EndpointName"] != endpoint:
            raise refused(f"Inference component {name} of endpoint {endpoint} not found.")
        server = self._lifecycle.endpoints[endpoint].traffic.components.get(name)
        if server is None:
            raise refused(f"Inference component {name} has no capacity to process this request.")
        return server

    def answer(self, invocation: Invocation) -> Document:
        """Ask the container. Call it without a lock, as it takes its time; let the fleet go afterwards.

        Source: API Reference, InvokeEndpoint (ModelError). Assumed: for each status but 200 (trial: "a container that
        answers 201").

        Returns:
            Body, ContentType and InvokedProductionVariant.

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
        return {"Body": answer.body, "ContentType": answer.content_type, "InvokedProductionVariant": variant}

    def stream_failure(self, invocation: Invocation) -> str | None:
        """Return the message with which a stream breaks off; None if it does not.

        Source: API Reference, ModelStreamError.
        """
        config, variant = invocation.fleet.variants.config, invocation.variant
        names = [each.get("ModelName", "") for each in all_variants(config) if each["VariantName"] == variant]
        images = [each.get("Image", "") for each in containers(self._store.models.current(names[0]) or {})]
        failure: str | None = setting_of(self._store.settings.broken_streams, names[0], " ".join(images))
        return failure

    def _error(self, endpoint_name: str, answer: Answer) -> ModelError:
        """Return what the runtime makes of a container's error.

        Source: RamVegiraju/SageMaker-Deployment, issue 3; aws/amazon-sagemaker-examples, issue 1809.
        """
        said = answer.body.decode(errors="replace")
        whose = "client" if HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR else "server"
        region, group = self._store.region, f"/aws/sagemaker/Endpoints/{endpoint_name}"
        message = (
            f'Received {whose} error ({answer.status}) from primary with message "{said}". '
            f"See https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#logEventViewer:group={group} "
            f"in account {self._store.account_id} for more information."
        )
        return ModelError(message, answer.status, said)
