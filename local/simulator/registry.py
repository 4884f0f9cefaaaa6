"""API calls of models, endpoint configs and tags.

Sources: API Reference, CreateModel, CreateEndpointConfig, AddTags, ListTags, DeleteTags; the defaults that
descriptions have are from published answers. That a model or a config in use may be deleted: Developer Guide, "Delete
Endpoints and Resources".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.json_document import Document
from local.simulator.config_rules import check_config
from local.simulator.errors import exists, no_such_resource, not_found
from local.simulator.model_rules import check_model
from local.simulator.store import page, tag_list
from local.simulator.variants import all_variants, containers

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.simulator.replicas import Table
    from local.simulator.store import Store

_ARN_KINDS = {"model": "model", "endpoint configuration": "endpoint-config"}


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
        """Record a model, if its role can be assumed and can read its data. Source: API Reference, CreateModel."""
        store, name = self._store, request["ModelName"]
        arn = store.arn("model", name)
        if store.models.current(name):
            raise exists("model", arn)
        check_model(request)
        for container in containers(request):
            if role := request.get("ExecutionRoleArn"):
                self._check_role(role, container.get("ModelDataUrl"))
        record = {member: value for member, value in request.items() if member != "Tags"}
        store.models.write(name, {**record, "ModelArn": arn, "CreationTime": store.moment()}, store.clock.now())
        store.set_tags(arn, request.get("Tags", []))
        return {"ModelArn": arn}

    def describe_model(self, request: Document) -> Document:
        """Describe a model, with what it has though nobody asked for it.

        Assumed: the default shows (trial: "EnableNetworkIsolation of a model that says nothing").
        """
        return {"EnableNetworkIsolation": False, **self._found(self._store.models, "model", request["ModelName"])}

    def delete_model(self, request: Document) -> Document:
        """Delete a model; SageMaker does not ask whether anything uses it. Source: API Reference, DeleteModel."""
        return self._deleted(self._store.models, "model", request["ModelName"])

    def list_models(self, request: Document) -> Document:
        """List models. Source: API Reference, ListModels."""
        listed, token = page(self._store.scan(self._store.models), "ModelName", request)
        members = ("ModelName", "ModelArn", "CreationTime")
        return {"Models": [{member: record[member] for member in members} for record in listed], **token}

    def create_endpoint_config(self, request: Document) -> Document:
        """Record an endpoint config, if its models can be seen.

        Source: API Reference, CreateEndpointConfig; aws/sagemaker-python-sdk, issue 2112.
        """
        store, name = self._store, request["EndpointConfigName"]
        arn = store.arn("endpoint-config", name)
        if store.configs.current(name):
            raise exists("endpoint configuration", arn)
        models: dict[str, Document] = {}
        for variant in all_variants(request):
            if model_name := variant.get("ModelName"):
                model = store.look_up(store.models, model_name)
                if model is None:
                    raise not_found("model", store.arn("model", model_name))
                models[model_name] = model
        check_config(request, models)
        record = {member: value for member, value in request.items() if member != "Tags"}
        record |= {"EndpointConfigArn": arn, "CreationTime": store.moment()}
        store.configs.write(name, record, store.clock.now())
        store.set_tags(arn, request.get("Tags", []))
        return {"EndpointConfigArn": arn}

    def describe_endpoint_config(self, request: Document) -> Document:
        """Describe an endpoint config, with what it has though nobody asked for it.

        Source: API Reference, ProductionVariant (1.0). Assumed: the default shows (trial: "InitialVariantWeight of a
        variant that says nothing").
        """
        found = self._found(self._store.configs, "endpoint configuration", request["EndpointConfigName"])
        for kind in {"ProductionVariants", "ShadowProductionVariants"} & found.keys():
            found[kind] = [{"InitialVariantWeight": 1.0, **variant} for variant in found[kind]]
        return {"EnableNetworkIsolation": False, **found}

    def delete_endpoint_config(self, request: Document) -> Document:
        """Delete an endpoint config; SageMaker lets one go that an endpoint uses.

        Source: API Reference, DeleteEndpointConfig.
        """
        return self._deleted(self._store.configs, "endpoint configuration", request["EndpointConfigName"])

    def list_endpoint_configs(self, request: Document) -> Document:
        """List endpoint configs. Source: API Reference, ListEndpointConfigs."""
        listed, token = page(self._store.scan(self._store.configs), "EndpointConfigName", request)
        members = ("EndpointConfigName", "EndpointConfigArn", "CreationTime")
        return {"EndpointConfigs": [{member: record[member] for member in members} for record in listed], **token}

    def add_tags(self, request: Document) -> Document:
        """Add tags to a resource. Source: API Reference, AddTags."""
        self._check_resource(request)
        self._store.set_tags(request["ResourceArn"], request["Tags"])
        return {"Tags": tag_list(self._store.tags_of(request["ResourceArn"]))}

    def list_tags(self, request: Document) -> Document:
        """List a resource's tags, as some replica sees them.

        Source: API Reference, ListTags. Assumed: tags lag as records do (trial: "seconds until tags can be read").
        """
        self._check_resource(request)
        return {"Tags": tag_list(self._store.tags.read(request["ResourceArn"], self._store.clock.now()) or {})}

    def delete_tags(self, request: Document) -> Document:
        """Remove tags from a resource. Source: API Reference, DeleteTags."""
        self._check_resource(request)
        arn = request["ResourceArn"]
        left = {key: value for key, value in self._store.tags_of(arn).items() if key not in request["TagKeys"]}
        self._store.write_tags(arn, left, self._store.clock.now())
        return {}

    def _check_resource(self, request: Document) -> None:
        if not self._store.has(request["ResourceArn"]):
            raise no_such_resource()

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
        self._store.write_tags(arn, None, self._store.clock.now())
        return {}
