"""Who uses what: whatever is young enough to use it is looked at.

SageMaker has no call that tells who uses a config or a model. So it takes one for each endpoint and each config, and of
hundreds it may refuse any. But what a config names never changes, and what a resting endpoint has does so only with its
time of modification: a function that stays warm remembers both, and a step that is tried again goes on where it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from deployer.request.rules import config_names, model_names

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from datetime import datetime

    from deployer.aws.sagemaker import Hosting

Resource = dict[str, Any]
Key = tuple[str, str, str]
"""The ARN of what uses something, its status, and the time as of which it does."""
Memory = dict[Key, frozenset[str]]
"""The names of what is used."""

_CLOCK_SKEW = timedelta(minutes=1)
"""How far apart the clocks of SageMaker's own hosts may be."""

_MOST_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Usage:
    """What the endpoints and the endpoint configs of the account use.

    What existed before something was created cannot use it; so only what is younger is looked at.

    Attributes:
        sagemaker: The adapter, on behalf of the run.
        memory: What earlier looks have found, and this one adds to.
    """

    sagemaker: Hosting
    memory: Memory

    def configs_in_use(self, configs: Mapping[str, Resource]) -> set[str]:
        """Return which of some configs, by name, any endpoint has, or is being changed to."""
        return self._in_use(configs, self.sagemaker.endpoints_changed_since, self._configs_of)

    def models_in_use(self, models: Mapping[str, Resource], but: Collection[str]) -> set[str]:
        """Return which of some models, by name, any config names; all but some configs, which are on their way out."""

        def list_since(moment: datetime) -> Iterator[Resource]:
            listed = self.sagemaker.configs_created_since(moment)
            return (config for config in listed if config["EndpointConfigName"] not in but)

        return self._in_use(models, list_since, self._models_of)

    def _in_use(
        self,
        resources: Mapping[str, Resource],
        list_since: Callable[[datetime], Iterable[Resource]],
        names_of: Callable[[Resource], frozenset[str]],
    ) -> set[str]:
        if not resources:
            return set()
        oldest, used = min(resource["CreationTime"] for resource in resources.values()), set[str]()
        for summary in list_since(oldest - _CLOCK_SKEW):
            used |= names_of(summary) & resources.keys()
            if len(used) == len(resources):
                # The newest come first, and what is in use mostly is by what is live.
                break
        return used

    def _configs_of(self, summary: Resource) -> frozenset[str]:
        """Return the config that a listed endpoint has, and the one that it is being changed to."""
        key = summary["EndpointArn"], summary["EndpointStatus"], str(summary["LastModifiedTime"])
        if key in self.memory:
            return self.memory[key]
        endpoint = self.sagemaker.find_endpoint(summary["EndpointName"]) or {}
        names = frozenset(config_names(endpoint))
        if _is_lasting(endpoint, summary):
            self._remember(key, names)
        return names

    def _models_of(self, summary: Resource) -> frozenset[str]:
        """Return the models that a listed config names."""
        key = summary["EndpointConfigArn"], "", str(summary["CreationTime"])
        if key in self.memory:
            return self.memory[key]
        config = self.sagemaker.find_endpoint_config(summary["EndpointConfigName"])
        if config is None:
            return frozenset()
        names = frozenset(model_names(config))
        self._remember(key, names)
        return names

    def _remember(self, key: Key, names: frozenset[str]) -> None:
        if len(self.memory) >= _MOST_REMEMBERED:
            self.memory.clear()
        self.memory[key] = names


def _is_lasting(endpoint: Resource, summary: Resource) -> bool:
    """Tell whether a listed endpoint has what it was described with as long as it is listed alike.

    A replica may still tell of the endpoint as it was before, and of an update that has just begun not yet whereto.
    """
    is_told = endpoint.get("EndpointStatus") in {"InService", "Creating"} or "PendingDeploymentSummary" in endpoint
    return is_told and all(endpoint[member] == summary[member] for member in ("EndpointStatus", "LastModifiedTime"))
