"""The owner and the users of each resource of the account, for the sweep.

SageMaker has no call that lists the users of a config or a model, so endpoints and configs are described: each at most
once in one invocation of a sweep, and few in a second, because others call SageMaker, too.
"""

from __future__ import annotations

import functools
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from deployer import clock
from deployer.endpoint_config import config_names, model_names
from deployer.errors import PermanentError
from deployer.json_document import Document
from deployer.planning.names import Revision
from deployer.tags import DEPLOYED, PREVIOUS_TAG, STACK_TAG, STATE_TAG, USED_AT_TAG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from deployer.aws.sagemaker import SageMaker
    from deployer.planning.weight_record import WeightRecord

CALLS_PER_SECOND = 4
"""Calls a second that a sweep makes of SageMaker; the whole account shares the rate limit."""

VISIBLE_BY = timedelta(minutes=15)
"""How long a listing may lack a new resource, plus the difference between the clocks of SageMaker's hosts."""

_FRESH = timedelta(minutes=2)
"""How long the list of used configs counts as current."""

_PAGE = 100
"""Entries of a listing that one call returns."""

OWN_MODEL = re.compile(r".+-.+-[0-9a-f]{12}")
"""Form of the names that this deployer gives to models: `<EndpointName>-<ModelKey>-<digest>`."""

_REVISION_SUFFIX = len("-20000101T000000-0123456789ab")
_BEGINNING = 18
"""Characters of an endpoint's name that are kept in the names of its models; a model's key has at most 24."""


class TimeIsUpError(Exception):
    """The time of one invocation of a sweep is over; the next one continues."""


class Listed(NamedTuple):
    """A model or an endpoint config in a listing."""

    arn: str
    created_at: datetime


def is_unused_since(moment: datetime, created_at: datetime, tags: Mapping[str, str], stack: str) -> bool:
    """Return whether a stack's own resource was created, and noted as used for the last time, before a moment."""
    try:
        used_at = datetime.fromisoformat(tags.get(USED_AT_TAG, created_at.isoformat()))
    except ValueError:
        return False
    return tags.get(STACK_TAG) == stack and max(created_at, used_at.replace(tzinfo=used_at.tzinfo or UTC)) < moment


@functools.cache
def stem_of(config_name: str) -> str:
    """Return the stem of the revision in an endpoint config's name; empty if the name is not that of a revision."""
    stem = config_name[:-_REVISION_SUFFIX]
    return stem if stem and Revision.parse(stem, config_name) else ""


def beginning_of(name: str) -> str:
    """Return the beginning of the names of an endpoint's models and revisions, given its name or its stem."""
    return f"{name}-"[:_BEGINNING]


class Account:
    """The models, endpoint configs and endpoints of the account, as one invocation of a sweep sees them.

    Methods that call SageMaker raise TimeIsUpError once the invocation's time is over.

    Args:
        sagemaker: The adapter.
        deadline: When the time is over.
        weights: The record of the weights that endpoint configs have been given.
    """

    def __init__(self, sagemaker: SageMaker, deadline: datetime, weights: WeightRecord) -> None:
        self._sagemaker = sagemaker
        self._weights = weights
        self._deadline = deadline
        self._models: dict[str, Listed] | None = None
        self._configs: dict[str, Listed] | None = None
        self._attached: tuple[set[str], tuple[str, ...]] | None = None
        self._models_of: dict[str, frozenset[str] | None] = {}
        self._deployed_tags: dict[str, dict[str, str]] = {}
        self.delete_config = functools.partial(self._call, sagemaker.delete_endpoint_config)
        self.delete_model = functools.partial(self._call, sagemaker.delete_model)
        self.find_endpoint = functools.partial(self._call, sagemaker.find_endpoint)

    @property
    def models(self) -> dict[str, Listed]:
        """Every model by its name, as listed at the beginning, without those that were removed since."""
        if self._models is None:
            listing = self._list(self._sagemaker.list_models)
            self._models = {each["ModelName"]: Listed(each["ModelArn"], each["CreationTime"]) for each in listing}
        return self._models

    @property
    def configs(self) -> dict[str, Listed]:
        """Every endpoint config by its name, likewise."""
        if self._configs is None:
            self._configs = self.list_configs()
        return self._configs

    def list_configs(self, **filters: Any) -> dict[str, Listed]:
        """List endpoint configs, by the filters of the API's own ListEndpointConfigs."""
        listing = self._list(self._sagemaker.list_endpoint_configs, **filters)
        return {each["EndpointConfigName"]: Listed(each["EndpointConfigArn"], each["CreationTime"]) for each in listing}

    def list_endpoints(self) -> list[str]:
        """Return the name of every endpoint."""
        return [each["EndpointName"] for each in self._list(self._sagemaker.list_endpoints)]

    def models_of(self, config_name: str) -> frozenset[str] | None:
        """Return the models that an endpoint config names; None if it cannot be described."""
        if config_name not in self._models_of:
            config = self._try(self._sagemaker.find_endpoint_config, config_name)
            self._models_of[config_name] = frozenset(model_names(config)) if config else None
        return self._models_of[config_name]

    def tags_of(self, listed: Listed) -> dict[str, str]:
        """Return a resource's tags; none if IAM denies it, because the resource is not the stack's."""
        return self._try(self._sagemaker.tags_of, listed.arn) or {}

    def config_tags(self, name: str) -> dict[str, str]:
        """Return the tags of an endpoint config; those of a deployed one are read once, because it stays deployed."""
        if name in self._deployed_tags:
            return self._deployed_tags[name]
        tags = self.tags_of(self.configs[name])
        if tags.get(STATE_TAG) == DEPLOYED:
            self._deployed_tags[name] = tags
        return tags

    @property
    def has_looked_at_endpoints(self) -> bool:
        """Whether it is known which configs are attached: `is_attached` makes no call then."""
        return self._attached is not None

    def is_attached(self, name: str) -> bool:
        """Return whether any endpoint has an endpoint config, is changing to it, or may go back to it.

        If the config of an endpoint is not known, all models and revisions under its name count as used.
        """
        if self._attached is None:
            self._attached = self._look_at_endpoints()
        configs, beginnings = self._attached
        return name in configs or name.startswith(beginnings)

    def _look_at_endpoints(self) -> tuple[set[str], tuple[str, ...]]:
        """Return the names of used endpoint configs, and beginnings of used names."""
        attached, beginnings = set[str](), set[str]()
        for name in self.list_endpoints():
            endpoint = self.find_endpoint(name) or {}
            configs = config_names(endpoint) | ({self._weights.served(endpoint)} if endpoint else set())
            # The target config of an update that has just begun is not visible yet.
            is_clear = endpoint.get("EndpointStatus") != "Updating" or "PendingDeploymentSummary" in endpoint
            if not (is_clear and configs <= self.configs.keys()):
                beginnings |= {beginning_of(each) for each in (name, *map(stem_of, configs)) if each}
            attached |= configs.union(*map(self._previous_of, filter(stem_of, configs & self.configs.keys())))
        self._deadline = min(self._deadline, clock.now() + _FRESH)
        return attached, tuple(beginnings)

    def _previous_of(self, revision: str) -> set[str]:
        """Return the config that a run restores if the smoke test of its new revision fails."""
        tags = self.config_tags(revision)
        return set() if tags.get(STATE_TAG) == DEPLOYED else {tags.get(PREVIOUS_TAG, "")}

    def check_time(self) -> None:
        """Raise TimeIsUpError if the time of the invocation is over."""
        if clock.now() >= self._deadline:
            raise TimeIsUpError

    def wait(self) -> None:
        """Wait until the next call may be made; raise TimeIsUpError if the time of the invocation is over."""
        self.check_time()
        clock.sleep(1 / CALLS_PER_SECOND)

    def _call(self, call: Callable[[str], Any], name: str) -> Any:
        self.wait()
        return call(name)

    def _try(self, call: Callable[[str], Any], name: str) -> Any:
        try:
            return self._call(call, name)
        except PermanentError:
            return None

    def _list(self, listing: Callable[..., Iterator[Document]], **filters: Any) -> Iterator[Document]:
        self.wait()
        for count, entry in enumerate(listing(**filters), 1):
            yield entry
            if count % _PAGE == 0:
                self.wait()
