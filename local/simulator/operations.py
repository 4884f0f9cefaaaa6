"""Calls of SageMaker's API, each brought to the part of the simulator that does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.json_document import Document
from local.simulator.errors import not_simulated, role_not_ready
from local.simulator.validation import check_answer, check_request, method_name

if TYPE_CHECKING:
    from local.simulator.components import Components
    from local.simulator.endpoints import Endpoints
    from local.simulator.registry import Registry
    from local.simulator.store import Store

OPERATIONS = (
    "CreateModel", "DescribeModel", "DeleteModel", "ListModels",
    "CreateEndpointConfig", "DescribeEndpointConfig", "DeleteEndpointConfig", "ListEndpointConfigs",
    "CreateEndpoint", "DescribeEndpoint", "UpdateEndpoint", "DeleteEndpoint", "ListEndpoints",
    "UpdateEndpointWeightsAndCapacities", "AddTags", "ListTags", "DeleteTags",
    "CreateInferenceComponent", "DescribeInferenceComponent", "DeleteInferenceComponent", "ListInferenceComponents",
)  # fmt: skip
"""The operations of SageMaker's API that the simulator has; those of the runtime are separate."""


class Operations:
    """SageMaker's API.

    Args:
        store: The account.
        endpoints: The operations of endpoints.
        registry: The operations of models, endpoint configs and tags.
        components: The operations of inference components.
    """

    def __init__(self, store: Store, endpoints: Endpoints, registry: Registry, components: Components) -> None:
        self._store, self._parts = store, (endpoints, registry, components)
        self._born = store.clock.now()

    def call(self, operation: str, parameters: Document) -> Document:
        """Do an operation.

        Raises:
            ServiceError: The service refuses, or the simulator does not do it.
        """
        if operation not in OPERATIONS:
            raise not_simulated(operation or "calls without an X-Amz-Target")
        check_request(operation, parameters)
        if operation == "CreateModel":
            self._check_role_is_ready(parameters)
        method = method_name(operation)
        part = next(part for part in self._parts if hasattr(part, method))
        answer: Document = getattr(part, method)(parameters)
        check_answer(operation, answer)
        return answer

    def _check_role_is_ready(self, parameters: Document) -> None:
        role = parameters.get("ExecutionRoleArn")
        if role and self._store.clock.now() < self._born + self._store.settings.role_delay:
            raise role_not_ready(role)
