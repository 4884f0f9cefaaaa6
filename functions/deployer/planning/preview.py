"""The preview of a dry run: what a plan would create, change and copy, and the way back. It only reads."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from deployer.endpoint_config import all_variants, model_names, with_model_names
from deployer.planning.diff import differences
from deployer.planning.plan import Action, Plan
from deployer.planning.rollback import is_deployed, stored_revisions
from deployer.planning.scaling import requested_scaling, scaled_variants
from deployer.planning.stored_requests import find_readable
from deployer.request.containers import containers, without_empty_data
from deployer.tags import RESERVED_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from deployer.aws.sagemaker import SageMaker
    from deployer.json_document import Document
    from deployer.planning.revision import Store
    from deployer.planning.revision_store import Copy

_DEPLOYING = frozenset({Action.CREATE, Action.UPDATE, Action.UPDATE_WEIGHTS, Action.RESUME})
_CHANGES_BYTES = 40 * 1024
_MOST_REVISIONS = 20
"""How many stored revisions are looked at for those that the sweep would no longer retain."""

_OWN_MODEL = re.compile(r"(?P<stem>.+)-[0-9a-f]{12}")
_NOT_REQUESTED = frozenset(
    {
        "CreationTime",
        "DeploymentRecommendation",
        "EndpointConfigArn",
        "EndpointConfigName",
        "ModelArn",
        "ModelName",
        "ResponseMetadata",
        "Tags",
    }
)
"""Members of a description, and of a request, that are compared elsewhere or not at all."""


@dataclass(frozen=True, slots=True)
class Served:
    """The content that an endpoint serves, as SageMaker describes it.

    Attributes:
        endpoint: By DescribeEndpoint; empty if there is none.
        config: Its endpoint config, by DescribeEndpointConfig; empty if that is gone.
        models: The models of that, by DescribeModel, under their names; those that are gone are left out.
        tags: The tags of the endpoint config.
        scaling: The field `Scaling` of the request that it was made of.
    """

    endpoint: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    models: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    scaling: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Previewing:
    """The adapters and settings for a preview.

    Attributes:
        sagemaker: The adapter of SageMaker.
        store: Where model data are stored.
        retained: How many deployed revisions of an endpoint the sweep keeps.
    """

    sagemaker: SageMaker
    store: Store
    retained: int

    def preview(self, plan: Plan) -> Document:
        """Return what a plan would do; see `docs/operations.md` for the members."""
        served, is_deploying = self._served(plan.endpoint_name), plan.change in _DEPLOYING
        pending = served.endpoint.get("PendingDeploymentSummary", {}).get("EndpointConfigName")
        status = served.endpoint.get("EndpointStatus")
        return {
            "Action": plan.change.value,
            "Endpoint": {"Status": status, "Config": served.config.get("EndpointConfigName"), "PendingConfig": pending},
            "Creates": self._created(plan) if is_deploying else {},
            "Copies": [*self._copied(plan)] if is_deploying else [],
            **_bounded_changes(plan, served),
            "Instances": [*_instances(plan, served)] if plan.revision else [],
            "Guardrails": plan.deployment_config if plan.change is Action.UPDATE else None,
            "RollbackAlarms": [*_alarms(plan.rollback_alarms.values())] if plan.change is Action.UPDATE else [],
            "ScalingAlarms": [*_scaling_alarms(plan)] if is_deploying else [],
            "Retention": plan.retention,
            "SmokeTest": plan.smoke_test is not None,
            "Approval": plan.approval is not None,
            "WayBack": (plan.previous or "deleted") if is_deploying else None,
            "Sweepable": [*self._sweepable(plan)] if is_deploying else [],
            "Warnings": [*filter(None, [plan.reason]), *plan.warnings],
        }

    def _served(self, endpoint_name: str) -> Served:
        endpoint = self.sagemaker.find_endpoint(endpoint_name)
        served = self.store.weights.served(endpoint) if endpoint else ""
        config = self.sagemaker.find_endpoint_config(served) if served else None
        if endpoint is None or config is None:
            return Served(endpoint or {})
        described = {name: self.sagemaker.find_model(name) for name in model_names(config)}
        models = {name: model for name, model in described.items() if model}
        tags, store = self.sagemaker.tags_of(config["EndpointConfigArn"]), self.store
        stored = find_readable(store.objects, store.bucket, endpoint_name, config["EndpointConfigName"])
        return Served(endpoint, config, models, tags, requested_scaling(stored.request) if stored else {})

    def _created(self, plan: Plan) -> Document:
        """Name what does not exist yet."""
        models = [name for name in plan.model_names.values() if self.sagemaker.find_model(name) is None]
        is_new = self.sagemaker.find_endpoint_config(plan.revision or "") is None
        return {
            "Models": models,
            "EndpointConfig": plan.revision if is_new else None,
            "Endpoint": plan.endpoint_name if plan.change is Action.CREATE else None,
        }

    def _copied(self, plan: Plan) -> Iterator[Document]:
        for copy in plan.copies:
            if not self._is_stored(copy):
                target = f"s3://{self.store.bucket}/{copy.target}"
                yield {"From": f"s3://{copy.bucket}/{copy.key}", "To": target, "Bytes": copy.size}

    def _is_stored(self, copy: Copy) -> bool:
        return not copy.is_folder and self.store.objects.find(self.store.bucket, copy.target) is not None

    def _sweepable(self, plan: Plan) -> Iterator[str]:
        """Yield the deployed revisions that are retained no more once this one is deployed."""
        names = [name for name in stored_revisions(self.store, plan.endpoint_name) if name != plan.revision]
        deployed = [name for name in names[:_MOST_REVISIONS] if is_deployed(name, self.sagemaker, plan.stack)]
        yield from deployed[max(0, self.retained - 1) :]


def _alarms(alarms: Iterable[Document]) -> Iterator[Document]:
    """Yield what names alarms that are made."""
    for alarm in alarms:
        yield {"AlarmName": alarm["AlarmName"], "AlarmDescription": alarm.get("AlarmDescription")}


def _scaling_alarms(plan: Plan) -> Iterator[Document]:
    """Yield the alarms that are made for step policies."""
    for variant in scaled_variants(plan.request, plan.stack):
        yield from _alarms(variant["Alarms"])


def _bounded_changes(plan: Plan, served: Served) -> Document:
    """Return the changes that fit the execution's data, and how many more there are."""
    changes, room = [*changes_of(plan, served)], _CHANGES_BYTES
    kept: list[Document] = []
    for change in changes:
        room -= len(json.dumps(change))
        if room < 0:
            break
        kept.append(change)
    return {"Changes": kept, "ChangesLeftOut": len(changes) - len(kept)}


def changes_of(plan: Plan, served: Served) -> Iterator[Document]:
    """Yield the fields in which a plan differs from what is served; none while its revision is not known."""
    if plan.revision is None:
        return
    request = plan.request
    keys = _keys_of_models(plan, served)
    live = {
        "Models": {key: _requested(served.models[name]) for name, key in keys.items() if name in served.models},
        "EndpointConfig": _requested(with_model_names(served.config, keys)),
        "Scaling": served.scaling,
        "Tags": {key: value for key, value in served.tags.items() if not key.startswith(RESERVED_PREFIX)},
    }
    wanted = {
        "Models": {key: _requested(without_empty_data(model)) for key, model in request["Models"].items()},
        "EndpointConfig": _requested(request["EndpointConfig"]),
        "Scaling": requested_scaling(request),
        "Tags": {**request["Tags"], **{tag["Key"]: tag["Value"] for tag in request["EndpointConfig"].get("Tags", [])}},
    }
    yield from differences(live, wanted)


def _keys_of_models(plan: Plan, served: Served) -> dict[str, str]:
    """Return the key in the request of each live model: the one in its name, or else the one of its variant."""
    wanted = {each["VariantName"]: each.get("ModelName", "") for each in all_variants(plan.request["EndpointConfig"])}
    keys: dict[str, str] = {}
    for variant in all_variants(served.config):
        name, key = variant.get("ModelName", ""), wanted.get(variant["VariantName"], "")
        if key in plan.model_names:
            keys[name] = key
    stems = {_stem(name): key for key, name in plan.model_names.items()}
    return keys | {name: stems[_stem(name)] for name in served.models if _stem(name) in stems}


def _stem(model_name: str) -> str:
    """Return the name of a model without the digest of its content."""
    match = _OWN_MODEL.fullmatch(model_name)
    return match["stem"] if match else model_name


def _requested(described: Mapping[str, Any]) -> Document:
    """Return what of a description can have been requested."""
    result = {member: value for member, value in described.items() if member not in _NOT_REQUESTED}
    for _, container in containers(result, ""):
        # A model that was created with a URL is described with the same place as a source, too.
        source = container.get("ModelDataSource", {}).get("S3DataSource", {})
        if "ModelDataUrl" in container and source.get("S3Uri") == container["ModelDataUrl"]:
            container.pop("ModelDataSource")
    return result


def _instances(plan: Plan, served: Served) -> Iterator[Document]:
    """Yield the instances of each variant, as they are and as they would be."""
    counts = {
        each["VariantName"]: each.get("DesiredInstanceCount", each.get("CurrentInstanceCount"))
        for each in all_variants(served.endpoint)
    }
    before = {each["VariantName"]: each for each in all_variants(served.config)}
    after = {each["VariantName"]: each for each in all_variants(plan.request["EndpointConfig"])}
    for name in dict.fromkeys([*after, *before]):
        kept = counts.get(name) if plan.keeps_counts else None
        yield {
            "VariantName": name,
            "Before": _fleet(before[name], counts.get(name)) if name in before else None,
            "After": _fleet(after[name], kept) if name in after else None,
        }


def _fleet(variant: Mapping[str, Any], count: int | None) -> Document:
    if "ServerlessConfig" in variant:
        return {"InstanceType": "serverless", "Count": 0}
    pools = ", ".join(pool["InstanceType"] for pool in variant.get("InstancePools", []))
    counted = variant.get("InitialInstanceCount") if count is None else count
    return {"InstanceType": variant.get("InstanceType", pools), "Count": counted}
