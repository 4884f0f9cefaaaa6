"""The actions of operators: changes in SageMaker and S3 that people make besides the deployer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from local.json_document import Document
from local.simulation.account_state import configs_of, models_of
from local.simulation.other_services import OtherServices
from local.simulation.requests import external_model
from local.simulator import ServiceError
from local.virtual_time.world import BUCKET

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.simulation.fault_injector import FaultInjector
    from local.simulation.scenario import OperatorAction, OperatorStep
    from local.virtual_time.world import World

_COUNT = "sagemaker:variant:DesiredInstanceCount"
_TAG_PREFIX = "endpoint-deployer:"
_OLD = timedelta(minutes=30)
"""Operators delete only older resources, so that no run is just about to use them."""


@dataclass(frozen=True)
class _Situation:
    """The state of an endpoint when an operator acts."""

    step: OperatorStep
    models: dict[str, Document]
    configs: dict[str, Document]
    endpoints: dict[str, Document]

    @property
    def endpoint(self) -> Document | None:
        return self.endpoints.get(self.step.endpoint)

    @property
    def revisions(self) -> list[str]:
        return sorted(name for name in self.configs if name.startswith(self.step.endpoint[:12]))

    @property
    def revision(self) -> Document | None:
        """The revision that the step chooses."""
        names = self.revisions
        return self.configs[names[self.step.choice % len(names)]] if names else None

    @property
    def new_name(self) -> str:
        """A name for what the person creates."""
        return f"{self.step.name}-by-operator"


class Operator:
    """A person who acts in a world.

    Args:
        world: The world.
        faults: Its faults, from which the person's own calls are exempt: they are repeated until they succeed.

    Attributes:
        done: How often each action was taken.
        others: What the person does to other services.
    """

    def __init__(self, world: World, faults: FaultInjector) -> None:
        self._world, self._faults = world, faults
        self.done: Counter[str] = Counter()
        self.others = OtherServices(world)
        self._actions: dict[OperatorAction, Callable[[_Situation], object]] = {
            "create model": lambda _: self.call("CreateModel", **external_model()),
            "delete endpoint": self._delete_endpoint,
            "delete live config": self._delete_live_config,
            "attach config": self._attach_config,
            "use model": self._use_model,
            "take over": self._take_over,
            "tag": self._tag,
            "untag": self._untag,
            "clean up": self._clean_up,
            "shift weights": self._change_variant,
            "scale": self._change_variant,
            "replace instances": self._replace_instances,
            "system update": self._put_status,
            "fail rollback": self._put_status,
            "overwrite artifact": self._change_artifact,
            "delete artifact": self._change_artifact,
        }

    def act(self, step: OperatorStep) -> None:
        """Take the action of a step, if it is possible."""
        with self._faults.suspended():
            found = self._world.simulator.resources()
            situation = _Situation(step, found["Models"], found["EndpointConfigs"], found["Endpoints"])
            is_other = step.action in self.others.actions
            is_done = self.others.actions[step.action](step) if is_other else self._actions[step.action](situation)
            self.done[step.action] += bool(is_done)

    def call(self, operation: str, **parameters: Any) -> bool:
        """Call SageMaker as an operator, and return whether the call succeeded."""
        try:
            self._world.simulator.call(operation, parameters)
        except ServiceError:
            return False
        return True

    def deregister_scalable_targets(self) -> None:
        """Deregister every scalable target."""
        targets = self._world.autoscaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
        for target in targets:
            keys = ("ServiceNamespace", "ResourceId", "ScalableDimension")
            self._world.autoscaling.deregister_scalable_target(**{key: target[key] for key in keys})

    def _delete_endpoint(self, situation: _Situation) -> bool:
        return self.call("DeleteEndpoint", EndpointName=situation.step.endpoint)

    def _delete_live_config(self, situation: _Situation) -> bool:
        """Delete the config that the endpoint serves; SageMaker allows it."""
        endpoint = situation.endpoint
        return endpoint is not None and self.call(
            "DeleteEndpointConfig", EndpointConfigName=endpoint["EndpointConfigName"]
        )

    def _attach_config(self, situation: _Situation) -> bool:
        """Create an endpoint of a revision."""
        config = situation.revision
        return config is not None and self.call(
            "CreateEndpoint", EndpointName=situation.new_name, EndpointConfigName=config["EndpointConfigName"]
        )

    def _use_model(self, situation: _Situation) -> bool:
        """Create a config with a revision's models."""
        config = situation.revision
        return config is not None and self.call("CreateEndpointConfig", **_copy(config, situation.new_name))

    def _take_over(self, situation: _Situation) -> bool:
        """Change the endpoint to a config with another name."""
        endpoint = situation.endpoint
        attached = situation.configs.get(endpoint["EndpointConfigName"]) if endpoint else None
        return (
            attached is not None
            and self.call("CreateEndpointConfig", **_copy(attached, situation.new_name))
            and self.call("UpdateEndpoint", EndpointName=situation.step.endpoint, EndpointConfigName=situation.new_name)
        )

    def _tag(self, situation: _Situation) -> bool:
        endpoint, tags = situation.endpoint, [{"Key": "owner", "Value": situation.step.name}]
        return endpoint is not None and self.call("AddTags", ResourceArn=endpoint["EndpointArn"], Tags=tags)

    def _untag(self, situation: _Situation) -> bool:
        """Take the deployer's tags off the endpoint, one of its revisions, or a model of that."""
        arns = [situation.endpoint["EndpointArn"]] if situation.endpoint else []
        if situation.revision:
            names = models_of(situation.revision)
            models = [situation.models[name]["ModelArn"] for name in names if name in situation.models]
            arns += [situation.revision["EndpointConfigArn"], *models]
        if not arns:
            return False
        arn = arns[situation.step.choice % len(arns)]
        keys = [key for key in self._world.simulator.tags(arn) if key.startswith(_TAG_PREFIX)]
        return bool(keys) and self.call("DeleteTags", ResourceArn=arn, TagKeys=keys)

    def _clean_up(self, situation: _Situation) -> bool:
        """Delete an old revision that no endpoint has: its config, its models that no other config has, or both."""
        before = datetime.fromtimestamp(self._world.clock.now(), UTC) - _OLD
        used = {name for endpoint in situation.endpoints.values() for name in configs_of(endpoint)}
        configs = situation.configs
        old = [name for name in situation.revisions if configs[name]["CreationTime"] < before and name not in used]
        if not old:
            return False
        chosen = old[situation.step.choice % len(old)]
        others = {model for name, config in configs.items() if name != chosen for model in models_of(config)}
        part = ("both", "both", "config", "models")[situation.step.choice]
        if part != "config":
            for model in sorted(set(models_of(configs[chosen])) - others):
                self.call("DeleteModel", ModelName=model)
        if part != "models":
            self.call("DeleteEndpointConfig", EndpointConfigName=chosen)
        return True

    def _change_variant(self, situation: _Situation) -> bool:
        """Shift weight to the first variant, or register it as a scalable target and scale it."""
        step, endpoint = situation.step, situation.endpoint
        if endpoint is None or "ProductionVariants" not in endpoint:
            return False
        variant = endpoint["ProductionVariants"][0]
        name, wanted = variant["VariantName"], {"DesiredWeight": float(1 + step.choice)}
        if step.action == "scale" and "CurrentInstanceCount" in variant:
            if endpoint["EndpointStatus"] != "InService":
                return False
            self._world.autoscaling.register_scalable_target(
                ServiceNamespace="sagemaker",
                ResourceId=f"endpoint/{step.endpoint}/variant/{name}",
                ScalableDimension=_COUNT,
                MinCapacity=1,
                MaxCapacity=20,
            )
            wanted = {"DesiredInstanceCount": 2 + step.choice}
        desired = [{"VariantName": name, **wanted}]
        return self.call(
            "UpdateEndpointWeightsAndCapacities", EndpointName=step.endpoint, DesiredWeightsAndCapacities=desired
        )

    def _replace_instances(self, situation: _Situation) -> bool:
        """Replace the endpoint's instances by new ones, as after a hardware failure."""
        if situation.endpoint is None or situation.endpoint["EndpointStatus"] != "InService":
            return False
        return not self._world.simulator.replace_instances(situation.step.endpoint)

    def _put_status(self, situation: _Situation) -> bool:
        """Let SageMaker patch the endpoint, or fail to roll it back."""
        if situation.endpoint is None or situation.endpoint["EndpointStatus"] != "InService":
            return False
        status = "SystemUpdating" if situation.step.action == "system update" else "UpdateRollbackFailed"
        self._world.simulator.set_status(situation.step.endpoint, status)
        return True

    def _change_artifact(self, situation: _Situation) -> bool:
        """Overwrite or delete an object that people uploaded; the deployer gets no event."""
        listed = self._world.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        keys = [each["Key"] for each in listed if each["Key"].endswith("model.tar.gz")]
        own = [key for key in keys if not key.startswith("revisions/")]
        if not own:
            return False
        key, step = own[situation.step.choice % len(own)], situation.step
        if step.action == "overwrite artifact":
            self._world.s3.put_object(Bucket=BUCKET, Key=key, Body=f"overwritten by {step.name}".encode())
        else:
            self._world.s3.delete_object(Bucket=BUCKET, Key=key)
        return True


def _copy(config: Document, name: str) -> Document:
    return {"EndpointConfigName": name, "ProductionVariants": config["ProductionVariants"]}
