"""API calls of endpoints: they begin transitions or refuse them; `lifecycle` carries transitions out.

Sources: API Reference, CreateEndpoint, UpdateEndpoint, UpdateEndpointWeightsAndCapacities, DeleteEndpoint; messages
from public issues and logs, which `errors` lists. That UpdateEndpoint misses an attached config that was deleted:
hashicorp/terraform-provider-aws, issues 40048 and 48997. That a deleted endpoint's name is taken while it is
Deleting: issue 40080 there.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from local.json_document import Document
from local.simulator.endpoint import Endpoint
from local.simulator.errors import exists, in_progress, invalid, not_found
from local.simulator.images import resolve_images
from local.simulator.rollout import Rollout, update_stages
from local.simulator.stage import Stage
from local.simulator.store import page
from local.simulator.update_rules import check_request, check_status, check_update, is_changing
from local.simulator.variants import Variants, all_variants

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.simulator.lifecycle import Lifecycle
    from local.simulator.store import Store


class Endpoints:
    """CreateEndpoint, UpdateEndpoint and what goes with them.

    Args:
        store: The account.
        lifecycle: Brings endpoints from stage to stage; every call first applies the transitions that are due.
        is_scaled: Callback: returns whether a variant (endpoint's name, variant's name) is autoscaled.
    """

    def __init__(self, store: Store, lifecycle: Lifecycle, is_scaled: Callable[[str, str], bool]) -> None:
        self._store = store
        self._lifecycle = lifecycle
        self._is_scaled = is_scaled

    def create_endpoint(self, request: Document) -> Document:
        """Begin to create an endpoint, if its config and the config's models can be seen.

        Source: API Reference, CreateEndpoint (case of names, stale reads); hashicorp/terraform-provider-aws, issue
        40080.
        """
        self._lifecycle.catch_up()
        store, name = self._store, request["EndpointName"]
        arn = store.arn("endpoint", name)
        # "The name is case-insensitive in CreateEndpoint", says the API.
        if name.lower() in map(str.lower, self._lifecycle.endpoints):
            raise exists("endpoint", arn)
        config = self._config(request["EndpointConfigName"])
        stages, now = [Stage("Creating", store.settings.create_seconds)], store.clock.now()
        images = resolve_images(config, store.models, store.moment(now))
        store.set_tags(arn, request.get("Tags", []))
        endpoint = self._lifecycle.endpoints[name] = Endpoint(name, config)
        self._lifecycle.begin(
            endpoint,
            Rollout("created", stages, now, Variants.of(config, images)),
            EndpointName=name,
            EndpointArn=arn,
            EndpointConfigName=request["EndpointConfigName"],
            EndpointStatus="Creating",
            CreationTime=store.moment(now),
            LastDeploymentConfig=request.get("DeploymentConfig"),
            AsyncInferenceConfig=config.get("AsyncInferenceConfig"),
        )
        return {"EndpointArn": arn}

    def update_endpoint(self, request: Document) -> Document:
        """Begin to change an endpoint to another config, if SageMaker would.

        Source: API Reference, UpdateEndpoint; hashicorp/terraform-provider-aws, issues 40048 and 48997. Assumed: the
        attached config is refused (trial: "UpdateEndpoint to the attached config").
        """
        check_request(request)
        store, record = self._store, self._current(request["EndpointName"])
        endpoint = self._lifecycle.endpoints[record["EndpointName"]]
        check_status(record)
        attached = record["EndpointConfigName"]
        if attached == request["EndpointConfigName"]:
            message = "Cannot update endpoint with the currently in use endpoint configuration"
            raise invalid(f'{message} "{attached}".')
        if store.configs.current(attached) is None:
            raise not_found("endpoint configuration", store.arn("endpoint-config", attached))
        config = self._config(request["EndpointConfigName"])
        deployment = request.get("DeploymentConfig")
        if deployment is None and request.get("RetainDeploymentConfig"):
            deployment = record.get("LastDeploymentConfig")
        target = Variants.of(config, resolve_images(config, store.models, store.moment()))
        if request.get("RetainAllVariantProperties"):
            excluded = request.get("ExcludeRetainedVariantProperties", [])
            target = target.retaining(endpoint.variants, {each["VariantPropertyType"] for each in excluded})
        is_scaled = functools.partial(self._is_scaled, endpoint.name)
        followed = check_update(endpoint.config, target, deployment or {}, store.models, is_scaled)
        stages = update_stages(followed, max(target.counts.values(), default=1), store.settings)
        self._lifecycle.begin(
            endpoint,
            Rollout("updated", stages, store.clock.now(), target, followed),
            EndpointStatus="Updating",
            LastDeploymentConfig=deployment or record.get("LastDeploymentConfig"),
            FailureReason=None,
        )
        return {"EndpointArn": record["EndpointArn"]}

    def update_endpoint_weights_and_capacities(self, request: Document) -> Document:
        """Begin to set the weights of variants, or the instance count of one.

        Source: API Reference, UpdateEndpointWeightsAndCapacities; getmoto/moto, pull request 5082. Assumed: weights of
        nothing are refused (trial: "weights of 0 for a live endpoint"). Assumed: what is there already is accepted
        (trial: "weights that are there already"). Assumed: a count beside a weight or another count is refused (trial:
        "a weight and a count in one call", "counts of two variants in one call").
        """
        store, record = self._store, self._current(request["EndpointName"])
        endpoint = self._lifecycle.endpoints[record["EndpointName"]]
        check_status(record)
        desired = request["DesiredWeightsAndCapacities"]
        unknown = {each["VariantName"] for each in desired} - endpoint.variants.weights.keys()
        if unknown:
            raise invalid(
                f'The variant name(s) "{", ".join(sorted(unknown))}" is/are not present within endpoint configuration '
                f'"{record["EndpointConfigName"]}".'
            )
        counts = sum("DesiredInstanceCount" in each for each in desired)
        if any("DesiredWeight" in each for each in desired) + counts > 1:
            raise invalid("Weights, or the instance count of one variant, can be changed at a time.")
        target = endpoint.variants.scaled(desired)
        if not any(target.weights[each["VariantName"]] for each in endpoint.config["ProductionVariants"]):
            raise invalid("The sum of the variant weights must be greater than 0.")
        stages = [Stage("Updating", store.settings.scale_seconds)]
        self._lifecycle.begin(
            endpoint,
            Rollout("scaled", stages, store.clock.now(), target),
            EndpointStatus="Updating",
            FailureReason=None,
        )
        self._lifecycle.catch_up()
        return {"EndpointArn": record["EndpointArn"]}

    def delete_endpoint(self, request: Document) -> Document:
        """Begin to delete an endpoint that is not changing.

        Source: API Reference, DeleteEndpoint; aws/amazon-sagemaker-operator-for-k8s, `sagemaker_client.go`.
        """
        store, record = self._store, self._current(request["EndpointName"])
        if is_changing(record):
            raise in_progress(record["EndpointArn"])
        stages = [Stage("Deleting", store.settings.delete_seconds)]
        self._lifecycle.begin(
            self._lifecycle.endpoints[record["EndpointName"]],
            Rollout("deleted", stages, store.clock.now()),
            EndpointStatus="Deleting",
        )
        return {}

    def describe_endpoint(self, request: Document) -> Document:
        """Describe an endpoint as the replica that answers sees it. Source: API Reference, DescribeEndpoint."""
        self._lifecycle.catch_up()
        record = self._store.look_up(self._store.endpoints, request["EndpointName"])
        if record is None:
            raise not_found("endpoint", self._store.arn("endpoint", request["EndpointName"]))
        return dict(record)

    def list_endpoints(self, request: Document) -> Document:
        """List endpoints. Source: API Reference, ListEndpoints."""
        self._lifecycle.catch_up()
        listed, token = page(self._store.scan(self._store.endpoints), "EndpointName", request)
        members = ("EndpointName", "EndpointArn", "CreationTime", "LastModifiedTime", "EndpointStatus")
        return {"Endpoints": [{member: record[member] for member in members} for record in listed], **token}

    def _current(self, name: str) -> Document:
        self._lifecycle.catch_up()
        record = self._store.endpoints.current(name)
        if record is None:
            raise not_found("endpoint", self._store.arn("endpoint", name))
        return record

    def _config(self, name: str) -> Document:
        """Look a config and its models up as the service does, with eventually consistent reads.

        Source: API Reference, CreateEndpoint.
        """
        store = self._store
        config = store.look_up(store.configs, name)
        if config is None:
            raise not_found("endpoint configuration", store.arn("endpoint-config", name))
        for variant in all_variants(config):
            model = variant.get("ModelName")
            if model and store.look_up(store.models, model) is None:
                raise not_found("model", store.arn("model", model))
        return config
