"""What holds of a sweep whatever the account holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from deployer.cleanup.in_use import stem_of
from deployer.json_document import Document
from deployer.tags import DEPLOYED, PENDING
from tests.unit.manual_clock import Clock
from tests.unit.planning_samples import NOON, STACK, revision
from tests.unit.sweep_factories import Sweeper, names
from tests.unit.sweep_fakes import FakeObjects, FakeSageMaker

if TYPE_CHECKING:
    from collections.abc import Iterable


ENDPOINTS = ["churn", "churn-eu", "html", "by-hand"]
MODELS = [f"{endpoint}-m-{number:012x}" for endpoint in ENDPOINTS[:3] for number in range(3)] + ["model-by-hand"]
REVISIONS = [revision(number, number, endpoint).name for endpoint in ENDPOINTS[:3] for number in range(4)]
CONFIGS = [*REVISIONS, "config-by-hand", "another-by-hand"]
ARTIFACTS = [f"{number:012x}" for number in range(3)]

hours = st.sampled_from([1, 23, 25, 48])
stacks = st.sampled_from([STACK, STACK, STACK, "another", ""])


@dataclass(frozen=True)
class Made:
    """How a model or an endpoint config was made.

    Attributes:
        age: Hours.
        stack: The stack's tag; empty if it has none.
        models: The models that a config names.
        state: The state of a revision.
        previous: What its endpoint served before.
    """

    age: int
    stack: str
    models: tuple[str, ...] = ()
    state: str = PENDING
    previous: str = ""


models = st.dictionaries(st.sampled_from(MODELS), st.builds(Made, hours, stacks))
configs = st.dictionaries(
    st.sampled_from(CONFIGS),
    st.builds(
        Made,
        hours,
        stacks,
        st.lists(st.sampled_from(MODELS), max_size=2).map(tuple),
        st.sampled_from([PENDING, DEPLOYED, DEPLOYED]),
        st.sampled_from(["", *CONFIGS]),
    ),
)
endpoints = st.dictionaries(
    st.sampled_from(ENDPOINTS), st.tuples(st.sampled_from(CONFIGS), st.sampled_from([None, *CONFIGS]))
)


def own_tags(made: Made) -> dict[str, str]:
    """Return tags by the last part of their keys."""
    return {"stack": made.stack} if made.stack else {}


def build(models: dict[str, Made], configs: dict[str, Made], endpoints: Document) -> FakeSageMaker:
    """Build an account at noon; a config is younger than the models that it names."""
    account = FakeSageMaker()
    for name, made in models.items():
        oldest = max([made.age, *(each.age for each in configs.values() if name in each.models)])
        account.add_model(name, NOON - timedelta(hours=oldest, minutes=5), **own_tags(made))
    for name, made in configs.items():
        tags = {**own_tags(made), "state": made.state, "previous": made.previous}
        account.add_config(name, *made.models, at=NOON - timedelta(hours=made.age), **tags)
    for name, (config, pending) in endpoints.items():
        account.add_endpoint(name, config, pending)
    return account


def sweeper(account: FakeSageMaker, objects: FakeObjects | None = None) -> Sweeper:
    """Build what sweeps an account at noon; two deployed revisions of an endpoint stay."""
    return Sweeper(account, objects or FakeObjects(), Clock(NOON.timestamp()))


def used_configs(account: FakeSageMaker) -> set[str]:
    """Return the configs that an endpoint has or is changing to."""
    parts = [part for each in account.endpoints.values() for part in (each, each.get("PendingDeploymentSummary", {}))]
    return {part["EndpointConfigName"] for part in parts if part}


def used_models(account: FakeSageMaker) -> set[str]:
    """Return the models that a config names."""
    return {each["ModelName"] for config in account.configs.values() for each in config["ProductionVariants"]}


def stems(names: Iterable[str]) -> set[str]:
    """Return the endpoints of revisions."""
    return {stem for stem in map(stem_of, names) if stem}


@given(models=models, configs=configs, endpoints=endpoints)
def test_nothing_in_use_and_nothing_of_others_is_removed(
    models: dict[str, Made], configs: dict[str, Made], endpoints: Document
) -> None:
    account = build(models, configs, endpoints)
    used = used_configs(account) & configs.keys()
    resources = {**account.models, **account.configs}
    young = {name for name, each in resources.items() if each["CreationTime"] > NOON - timedelta(hours=24)}

    sweeper(account).sweep()

    assert used <= account.configs.keys()
    for name in account.configs:
        assert set(configs[name].models) & models.keys() <= account.models.keys()
    left = account.models.keys() | account.configs.keys()
    assert young | {name for name, each in {**models, **configs}.items() if each.stack != STACK} <= left


@given(models=models, configs=configs, endpoints=endpoints)
def test_unused_resources_are_deleted_by_one_sweep(
    models: dict[str, Made], configs: dict[str, Made], endpoints: Document
) -> None:
    """Unless it is one of the two newest deployed revisions, or an endpoint of its name has a config that is gone."""
    account = build(models, configs, endpoints)

    sweeper(account).sweep()

    attached = used_configs(account)
    unclear = unclear_names(account)
    kept_back = {configs[name].previous for name in attached & configs.keys() if configs[name].state == PENDING}
    protected = tuple(f"{each}-" for each in unclear | stems(kept_back))
    for name in account.configs.keys() & set(REVISIONS):
        made = configs[name]
        newer = [
            each
            for each in REVISIONS
            if stem_of(each) == stem_of(name) and each > name and each in configs and is_deployed(configs[each])
        ]
        is_retained = stem_of(name) in account.endpoints and is_deployed(made) and len(newer) < 2
        is_protected = name.startswith(protected)
        assert made.stack != STACK or made.age < 24 or name in attached or is_retained or is_protected
    for name in account.models.keys() - {"model-by-hand"}:
        made, is_protected = models[name], name.startswith(protected)
        oldest = max([made.age, *(each.age for each in configs.values() if name in each.models)])
        assert made.stack != STACK or oldest < 24 or name in used_models(account) or is_protected


def unclear_names(account: FakeSageMaker) -> set[str]:
    """Return the names of endpoints that have a config which was deleted, also by the names of their configs."""
    unclear = [each for each in account.endpoints.values() if not used_by(each) <= account.configs.keys()]
    return {each["EndpointName"] for each in unclear} | stems(name for each in unclear for name in used_by(each))


def is_deployed(made: Made) -> bool:
    """Return whether a revision is ours and was deployed."""
    return made.stack == STACK and made.state == DEPLOYED


def used_by(endpoint: Document) -> set[str]:
    """Return the configs that one endpoint has or is changing to."""
    pending = endpoint.get("PendingDeploymentSummary", {}).get("EndpointConfigName")
    return {endpoint["EndpointConfigName"], pending} - {None}


@given(models=models, configs=configs, endpoints=endpoints, seconds=st.integers(8, 30))
def test_second_sweep_and_a_sweep_in_parts_remove_nothing_more(
    models: dict[str, Made], configs: dict[str, Made], endpoints: Document, seconds: int
) -> None:
    account, in_parts = build(models, configs, endpoints), build(models, configs, endpoints)

    sweeper(account).sweep()
    parts = sweeper(in_parts)
    parts.invocation = timedelta(seconds=seconds)
    parts.sweep()
    again = sweeper(account).sweep()

    assert names(again) == {}
    assert (in_parts.configs.keys(), in_parts.models.keys()) == (account.configs.keys(), account.models.keys())
