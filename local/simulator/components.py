"""API calls of inference components: models on the instances of an endpoint whose config names none.

Sources: Developer Guide, "Deploy models for real-time inference" with inference components; API Reference,
CreateInferenceComponent and DescribeInferenceComponent. The simulator gives a component its name, its model and one
place to answer from; it shares out no accelerators, memory or copies, and it updates no component.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.json_document import Document
from local.simulator.errors import exists, invalid, not_found, not_simulated
from local.simulator.model_server import BrokenModelError
from local.simulator.store import page

if TYPE_CHECKING:
    from local.simulator.lifecycle import Lifecycle
    from local.simulator.loading import Loader
    from local.simulator.store import Store

_KIND = "inference-component"
_WORDS = "inference component"
_NAME = "InferenceComponentName"
_STATUS = "InferenceComponentStatus"
_LISTED = (
    _NAME, "InferenceComponentArn", "EndpointName", "EndpointArn", "VariantName", _STATUS, "CreationTime",
    "LastModifiedTime",
)  # fmt: skip


class Components:
    """CreateInferenceComponent and what goes with it.

    Args:
        store: The account.
        lifecycle: Knows the endpoints.
        loader: Loads the models.
    """

    def __init__(self, store: Store, lifecycle: Lifecycle, loader: Loader) -> None:
        self._store, self._lifecycle, self._loader = store, lifecycle, loader
        self._ready_at: dict[str, float] = {}

    def create_inference_component(self, request: Document) -> Document:
        """Record a component; it loads its model when the time has passed that the settings say.

        Source: API Reference, CreateInferenceComponent; the words are the simulator's.
        """
        store, name = self._store, request[_NAME]
        arn, endpoint_arn = store.arn(_KIND, name), store.arn("endpoint", request["EndpointName"])
        if self.current(name):
            raise exists(_WORDS, arn)
        specification = request.get("Specification", {})
        if "ModelName" not in specification:
            raise not_simulated("inference components without Specification.ModelName")
        self._lifecycle.catch_up()
        endpoint = self._lifecycle.endpoints.get(request["EndpointName"])
        if endpoint is None:
            raise not_found("endpoint", endpoint_arn)
        variants = [each["VariantName"] for each in endpoint.config["ProductionVariants"] if "ModelName" not in each]
        variant = request.get("VariantName", variants[0] if variants else "")
        if variant not in variants:
            raise invalid(f'Endpoint "{endpoint_arn}" has no variant {variant} for inference components.')
        if store.look_up(store.models, specification["ModelName"]) is None:
            raise not_found("model", store.arn("model", specification["ModelName"]))
        record = {
            _NAME: name,
            "InferenceComponentArn": arn,
            "EndpointName": request["EndpointName"],
            "EndpointArn": endpoint_arn,
            "VariantName": variant,
            "Specification": {"ModelName": specification["ModelName"]},
            _STATUS: "Creating",
            "CreationTime": store.moment(),
            "LastModifiedTime": store.moment(),
        }
        self._ready_at[name] = store.clock.now() + store.settings.component_seconds
        store.components.write(name, record, store.clock.now())
        store.set_tags(arn, request.get("Tags", []))
        return {"InferenceComponentArn": arn}

    def describe_inference_component(self, request: Document) -> Document:
        """Describe a component as the replica that answers sees it.

        Source: API Reference, DescribeInferenceComponent.
        """
        self.current(request[_NAME])
        record = self._store.look_up(self._store.components, request[_NAME])
        if record is None:
            raise not_found(_WORDS, self._store.arn(_KIND, request[_NAME]))
        return dict(record)

    def delete_inference_component(self, request: Document) -> Document:
        """Delete a component. Assumed: it is gone at once (trial: "the end of an inference component")."""
        record = self.current(request[_NAME])
        if record is None:
            raise not_found(_WORDS, self._store.arn(_KIND, request[_NAME]))
        server = self._lifecycle.endpoints[record["EndpointName"]].traffic.components.pop(request[_NAME], None)
        if server:
            server.stop()
        self._remove(record)
        return {}

    def list_inference_components(self, request: Document) -> Document:
        """List components. Source: API Reference, ListInferenceComponents."""
        records = [
            record
            for record in self._store.scan(self._store.components)
            if record["EndpointName"] == request.get("EndpointNameEquals", record["EndpointName"])
            and record["VariantName"] == request.get("VariantNameEquals", record["VariantName"])
            and record[_STATUS] == request.get("StatusEquals", record[_STATUS])
        ]
        listed, token = page(records, _NAME, {**request, "StatusEquals": None})
        return {"InferenceComponents": [{key: record[key] for key in _LISTED} for record in listed], **token}

    def current(self, name: str) -> Document | None:
        """Return a component as it is now; None if there is none, or its endpoint is gone.

        Source: API Reference, DescribeInferenceComponent (InferenceComponentStatus, FailureReason).
        """
        self._lifecycle.catch_up()
        store, record = self._store, self._store.components.current(name)
        if record is None:
            return None
        endpoint = self._lifecycle.endpoints.get(record["EndpointName"])
        if endpoint is None:
            self._remove(record)
            return None
        is_ready = endpoint.traffic.live is not None and store.clock.now() >= self._ready_at[name]
        if record[_STATUS] != "Creating" or not is_ready:
            return record
        changed: Document = {_STATUS: "InService"}
        try:
            loaded = self._loader.load(record["Specification"])
            served = self._loader.serve(loaded, record["EndpointName"], record["VariantName"])
            endpoint.traffic.components[name] = served
        except BrokenModelError as error:
            changed = {_STATUS: "Failed", "FailureReason": str(error)}
        record = {**record, **changed, "LastModifiedTime": store.moment()}
        store.components.write(name, record, store.clock.now())
        return record

    def _remove(self, record: Document) -> None:
        self._store.components.write(record[_NAME], None, self._store.clock.now())
        self._store.write_tags(record["InferenceComponentArn"], None, self._store.clock.now())
