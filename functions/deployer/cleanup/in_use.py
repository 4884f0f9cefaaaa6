"""What is in use in the account: what endpoints have or are changing to, and what endpoint configs name.

SageMaker has no call that tells who uses a config or a model, so the endpoints and configs themselves are described:
each at most once in one invocation of a sweep, and few in a second, because others call SageMaker, too.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from deployer import clock
from deployer.cleanup.ownership import EndpointNames, stem_of
from deployer.endpoint_config import config_names, model_names
from deployer.errors import PermanentError
from deployer.planning.names import revision_stem
from deployer.tags import DEPLOYED, PREVIOUS_TAG, STATE_TAG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from deployer.aws.sagemaker import SageMaker

Document = dict[str, Any]
Key = tuple[str, datetime]

CALLS_PER_SECOND = 4
"""How much of SageMaker's rate, which the whole account shares, a sweep takes."""

_PAGE = 100
"""Entries of a listing that one call returns."""

_VISIBLE_BY = timedelta(minutes=15)
"""How long what was created may stay invisible to some replica; later, what cannot be found is gone."""

_FRESH = timedelta(minutes=1)
"""How long a look at the endpoints counts as the present state."""

CLOCK_SKEW = timedelta(minutes=1)
"""How far apart the clocks of SageMaker's own hosts may be."""


@dataclass(frozen=True, slots=True)
class EndpointUse:
    """What one endpoint uses.

    Attributes:
        name: The endpoint.
        key: Its status and time of modification, as it was described.
        configs: The endpoint configs that it has, is being changed to, or may go back to from a pending revision.
        is_clear: Whether all of them are known and exist. If not, everything of this endpoint's names is protected.
    """

    name: str
    key: Key
    configs: frozenset[str]
    is_clear: bool


@dataclass(frozen=True, slots=True)
class ConfigView:
    """What a look at an endpoint config found.

    Attributes:
        arn: Its ARN; empty if it does not exist.
        models: The models that it names.
    """

    arn: str = ""
    models: frozenset[str] = frozenset()


class Account:
    """The models, endpoint configs and endpoints of the account, as one invocation of a sweep sees them.

    Args:
        sagemaker: The adapter.
    """

    def __init__(self, sagemaker: SageMaker) -> None:
        self._sagemaker = sagemaker
        self._views: dict[str, ConfigView | None] = {}
        self._uses: dict[str, EndpointUse] = {}
        self._looked_at: datetime | None = None
        self._new_configs: dict[str, Document] = {}
        self._listed_at: datetime | None = None
        self.removed: set[str] = set()
        """Names of the models and endpoint configs that the sweep removed, or would remove."""

    @cached_property
    def configs(self) -> dict[str, Document]:
        """Every endpoint config by its name, as listed at the beginning."""
        listed = self._listed(self._sagemaker.list_endpoint_configs)
        return {each["EndpointConfigName"]: each for each in listed}

    @cached_property
    def models(self) -> dict[str, Document]:
        """Every model by its name, as listed at the beginning."""
        return {each["ModelName"]: each for each in self._listed(self._sagemaker.list_models)}

    @cached_property
    def endpoint_names(self) -> frozenset[str]:
        """The name of every endpoint, as listed at the beginning."""
        return frozenset(each["EndpointName"] for each in self._listed(self._sagemaker.list_endpoints))

    @cached_property
    def stems(self) -> frozenset[str]:
        """What the names of the revisions of every endpoint begin with."""
        return frozenset(map(revision_stem, self.endpoint_names))

    @cached_property
    def revisions(self) -> dict[str, list[str]]:
        """The endpoint configs that are revisions by their names, by stem and from the newest to the oldest."""
        groups = defaultdict(list)
        for name in sorted(self.configs, reverse=True):
            if (stem := stem_of(name)) is not None:
                groups[stem].append(name)
        return dict(groups)

    def revisions_of(self, endpoint_names: Iterable[str]) -> Iterator[str]:
        """Yield the endpoint configs that are revisions of some endpoints by their names, the newest of each first."""
        for stem in sorted({each for name in endpoint_names for each in (name, revision_stem(name))}):
            yield from self.revisions.get(stem, ())

    def new_configs(self, moment: datetime) -> list[str]:
        """Return the endpoint configs that were created since, as listed within the last minute."""
        if self._listed_at is None or clock.now() > self._listed_at + _FRESH:
            self._listed_at = clock.now()
            listed = self._listed(self._sagemaker.list_endpoint_configs, CreationTimeAfter=moment - _VISIBLE_BY)
            self._new_configs = {each["EndpointConfigName"]: each for each in listed}
            self.configs.update(self._new_configs)
        return list(self._new_configs)

    def tags_of(self, arn: str) -> dict[str, str]:
        """Return a resource's tags; none if they may not be read, and so it is not ours."""
        try:
            tags: dict[str, str] = self._paced(self._sagemaker.tags_of, arn)
        except PermanentError:
            return {}
        return tags

    def models_of(self, config_name: str) -> frozenset[str] | None:
        """Return the models that an endpoint config names; None if that cannot be known."""
        view = self._view_of(config_name)
        return view.models if view else None

    def _view_of(self, config_name: str) -> ConfigView | None:
        if config_name in self.removed:
            return ConfigView()
        if config_name not in self._views:
            self._views[config_name] = self._look_at_config(config_name)
        return self._views[config_name]

    def _look_at_config(self, name: str) -> ConfigView | None:
        try:
            config = self._paced(self._sagemaker.find_endpoint_config, name)
        except PermanentError:
            return None
        if config is not None:
            return ConfigView(config["EndpointConfigArn"], frozenset(model_names(config)))
        listed = self.configs.get(name)
        is_new = listed is not None and listed["CreationTime"] > clock.now() - _VISIBLE_BY
        return None if is_new else ConfigView()

    def has_config(self, name: str) -> bool:
        """Tell whether an endpoint config exists, after a look of its own."""
        return name not in self.removed and self._paced(self._sagemaker.find_endpoint_config, name) is not None

    def has_model(self, name: str) -> bool:
        """Tell whether a model exists, after a look of its own."""
        return name not in self.removed and self._paced(self._sagemaker.find_model, name) is not None

    def is_attached(self, config_name: str) -> bool:
        """Tell whether any endpoint has an endpoint config, is being changed to it, or may go back to it."""
        is_used = any(config_name in use.configs for use in self._look_at_endpoints())
        return is_used or self.protected().owns_config(config_name)

    def protected(self) -> EndpointNames:
        """Return the endpoints of which something cannot be known: whatever has their names may be in use."""
        unclear = [use for use in self._look_at_endpoints() if not use.is_clear]
        stems = {stem_of(config) for use in unclear for config in use.configs} - {None}
        return EndpointNames({use.name for use in unclear} | {stem for stem in stems if stem})

    def delete_config(self, name: str) -> bool:
        """Delete an endpoint config; return that it is done."""
        self._paced(self._sagemaker.delete_endpoint_config, name)
        return True

    def delete_model(self, name: str) -> bool:
        """Delete a model; return that it is done."""
        self._paced(self._sagemaker.delete_model, name)
        return True

    def _look_at_endpoints(self) -> list[EndpointUse]:
        """Return what every endpoint uses; those are described that have changed since the last look."""
        if self._looked_at is None or clock.now() > self._looked_at + _FRESH:
            looked_at, before, self._uses = clock.now(), self._uses, {}
            for listed in list(self._listed(self._sagemaker.list_endpoints)):
                use = before.get(listed["EndpointName"])
                if use is None or use.key != (listed["EndpointStatus"], listed["LastModifiedTime"]) or not use.is_clear:
                    use = self._look_at_endpoint(listed["EndpointName"])
                if use is not None:
                    self._uses[use.name] = use
            self._looked_at = looked_at
        return list(self._uses.values())

    def _look_at_endpoint(self, name: str) -> EndpointUse | None:
        endpoint = self._paced(self._sagemaker.find_endpoint, name)
        if endpoint is None:
            return None
        configs = config_names(endpoint)
        # An update that has just begun does not tell its target yet.
        is_clear = endpoint["EndpointStatus"] != "Updating" or "PendingDeploymentSummary" in endpoint
        for config_name in sorted(configs):
            view = self._view_of(config_name)
            is_clear = is_clear and view is not None and view.arn != ""
            if view and stem_of(config_name):
                configs = configs | self._previous_of(view)
        return EndpointUse(
            name, (endpoint["EndpointStatus"], endpoint["LastModifiedTime"]), frozenset(configs), is_clear
        )

    def _previous_of(self, view: ConfigView) -> set[str]:
        """Return the endpoint config that a run goes back to if the one that it has just attached fails its test."""
        tags = self.tags_of(view.arn) if view.arn else {}
        previous = tags.get(PREVIOUS_TAG)
        return {previous} if previous and tags.get(STATE_TAG) != DEPLOYED else set()

    def _paced(self, call: Callable[..., Any], *arguments: Any) -> Any:
        clock.sleep(1 / CALLS_PER_SECOND)
        return call(*arguments)

    def _listed(self, listing: Callable[..., Iterator[Document]], **filters: Any) -> Iterator[Document]:
        clock.sleep(1 / CALLS_PER_SECOND)
        for count, entry in enumerate(listing(**filters)):
            if count and count % _PAGE == 0:
                clock.sleep(1 / CALLS_PER_SECOND)
            yield entry
