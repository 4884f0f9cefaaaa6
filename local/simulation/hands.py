"""What people do in SageMaker beside the deployer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from local.simulation.account import configs_of, models_of
from local.simulation.requests import their_model
from local.simulator import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.simulation.story import Beside, Deed, Document
    from local.simulation.weather import Weather
    from local.virtual_time.world import World

_COUNT = "sagemaker:variant:DesiredInstanceCount"
_DEPLOYERS = "endpoint-deployer:"
_OLD = timedelta(minutes=30)
"""What people tidy up is older than that, so that no run is just about to use it."""


@dataclass(frozen=True)
class _Scene:
    """What somebody finds who is about to do something."""

    step: Beside
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
        """The one that is chosen."""
        names = self.revisions
        return self.configs[names[self.step.choice % len(names)]] if names else None

    @property
    def theirs(self) -> str:
        """A name for what is made."""
        return f"{self.step.name}-of-theirs"


class Hands:
    """What people do in a world.

    Args:
        world: The world.
        weather: Its faults, from which people's own calls are spared: they try until they succeed.

    Attributes:
        done: How often each deed was done.
    """

    def __init__(self, world: World, weather: Weather) -> None:
        self._world, self._weather = world, weather
        self.done: Counter[str] = Counter()
        self._ways: dict[Deed, Callable[[_Scene], object]] = {
            "make model": lambda _: self.call("CreateModel", **their_model()),
            "delete endpoint": self._delete_endpoint,
            "attach config": self._attach_config,
            "use model": self._use_model,
            "take over": self._take_over,
            "tag": self._tag,
            "untag": self._untag,
            "clean up": self._clean_up,
            "shift weights": self._change_variant,
            "scale": self._change_variant,
            "system update": self._put_status,
            "half a rollback": self._put_status,
        }

    def do(self, step: Beside) -> None:
        """Do something, if there is what it takes."""
        with self._weather.calm():
            found = self._world.simulator.resources()
            scene = _Scene(step, found["Models"], found["EndpointConfigs"], found["Endpoints"])
            self.done[step.deed] += bool(self._ways[step.deed](scene))

    def call(self, operation: str, **parameters: Any) -> bool:
        """Call SageMaker as a person does, and tell whether it obeys."""
        try:
            self._world.simulator.call(operation, parameters)
        except ServiceError:
            return False
        return True

    def let_go_of_scaling(self) -> None:
        """Deregister every scalable target."""
        targets = self._world.autoscaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
        for target in targets:
            keys = ("ServiceNamespace", "ResourceId", "ScalableDimension")
            self._world.autoscaling.deregister_scalable_target(**{key: target[key] for key in keys})

    def _delete_endpoint(self, scene: _Scene) -> bool:
        return self.call("DeleteEndpoint", EndpointName=scene.step.endpoint)

    def _attach_config(self, scene: _Scene) -> bool:
        """Make an endpoint of a revision."""
        config = scene.revision
        return config is not None and self.call(
            "CreateEndpoint", EndpointName=scene.theirs, EndpointConfigName=config["EndpointConfigName"]
        )

    def _use_model(self, scene: _Scene) -> bool:
        """Make a config of a revision's models."""
        config = scene.revision
        return config is not None and self.call("CreateEndpointConfig", **_copy(config, scene.theirs))

    def _take_over(self, scene: _Scene) -> bool:
        """Change the endpoint to a config of another name."""
        endpoint = scene.endpoint
        attached = scene.configs.get(endpoint["EndpointConfigName"]) if endpoint else None
        return (
            attached is not None
            and self.call("CreateEndpointConfig", **_copy(attached, scene.theirs))
            and self.call("UpdateEndpoint", EndpointName=scene.step.endpoint, EndpointConfigName=scene.theirs)
        )

    def _tag(self, scene: _Scene) -> bool:
        endpoint, tags = scene.endpoint, [{"Key": "owner", "Value": scene.step.name}]
        return endpoint is not None and self.call("AddTags", ResourceArn=endpoint["EndpointArn"], Tags=tags)

    def _untag(self, scene: _Scene) -> bool:
        """Take the deployer's tags off the endpoint, one of its revisions, or a model of that."""
        arns = [scene.endpoint["EndpointArn"]] if scene.endpoint else []
        if scene.revision:
            models = [scene.models[name]["ModelArn"] for name in models_of(scene.revision) if name in scene.models]
            arns += [scene.revision["EndpointConfigArn"], *models]
        if not arns:
            return False
        arn = arns[scene.step.choice % len(arns)]
        keys = [key for key in self._world.simulator.tags(arn) if key.startswith(_DEPLOYERS)]
        return bool(keys) and self.call("DeleteTags", ResourceArn=arn, TagKeys=keys)

    def _clean_up(self, scene: _Scene) -> bool:
        """Delete an old revision that no endpoint has: its config, its models that no other config has, or both."""
        before = datetime.fromtimestamp(self._world.clock.now(), UTC) - _OLD
        used = {name for endpoint in scene.endpoints.values() for name in configs_of(endpoint)}
        old = [name for name in scene.revisions if scene.configs[name]["CreationTime"] < before and name not in used]
        if not old:
            return False
        chosen = old[scene.step.choice % len(old)]
        others = {model for name, config in scene.configs.items() if name != chosen for model in models_of(config)}
        what = ("both", "both", "config", "models")[scene.step.choice]
        if what != "config":
            for model in sorted(set(models_of(scene.configs[chosen])) - others):
                self.call("DeleteModel", ModelName=model)
        if what != "models":
            self.call("DeleteEndpointConfig", EndpointConfigName=chosen)
        return True

    def _change_variant(self, scene: _Scene) -> bool:
        """Shift weight to the first variant; or let it be scaled, and scale it."""
        step, endpoint = scene.step, scene.endpoint
        if endpoint is None or "ProductionVariants" not in endpoint:
            return False
        variant = endpoint["ProductionVariants"][0]
        name, wanted = variant["VariantName"], {"DesiredWeight": float(1 + step.choice)}
        if step.deed == "scale" and "CurrentInstanceCount" in variant:
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

    def _put_status(self, scene: _Scene) -> bool:
        """Let SageMaker patch the endpoint, or be stuck in a rollback of it."""
        if scene.endpoint is None or scene.endpoint["EndpointStatus"] != "InService":
            return False
        status = "SystemUpdating" if scene.step.deed == "system update" else "UpdateRollbackFailed"
        self._world.simulator.set_status(scene.step.endpoint, status)
        return True


def _copy(config: Document, name: str) -> Document:
    return {"EndpointConfigName": name, "ProductionVariants": config["ProductionVariants"]}
