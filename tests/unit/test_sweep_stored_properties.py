"""Stored objects stay as long as anything needs them, whatever is stored."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.stored_sweeps import (
    ARTIFACTS,
    ENDPOINTS,
    REVISIONS,
    artifacts_in,
    hours,
    hours_ago,
    put_artifact,
    request,
    requests_in,
    sweep,
)
from tests.unit.sweep_factories import names
from tests.unit.sweep_fakes import FakeObjects, FakeSageMaker

MODELS = {endpoint: [f"{endpoint}-m-{number:012x}" for number in range(2)] for endpoint in ENDPOINTS}


@dataclass(frozen=True)
class Stored:
    """A stored request: how old it is, and the numbers of the models and artifacts that it names."""

    age: int
    models: list[int]
    artifacts: list[int]
    has_config: bool


stored_requests = st.dictionaries(
    st.sampled_from(list(REVISIONS)),
    st.builds(
        Stored,
        hours,
        st.lists(st.integers(0, 1), max_size=2, unique=True),
        st.lists(st.integers(0, 2), max_size=2, unique=True),
        st.booleans(),
    ),
)
stored_artifacts = st.dictionaries(st.tuples(st.sampled_from(ENDPOINTS), st.sampled_from(ARTIFACTS)), hours)
foreign_models = st.sets(st.sampled_from([name for each in MODELS.values() for name in each]))


@given(requests=stored_requests, artifacts=stored_artifacts, theirs=foreign_models)
def test_stored_objects_stay_while_they_are_in_use(
    requests: dict[str, Stored], artifacts: dict[tuple[str, str], int], theirs: set[str]
) -> None:
    """They are deleted afterwards; the models stay, because they are not the stack's own."""
    account, objects = FakeSageMaker(), FakeObjects()
    named: dict[str, set[str]] = {}
    for name, each in requests.items():
        endpoint = REVISIONS[name]
        named[name] = {MODELS[endpoint][number] for number in each.models}
        body = request(endpoint, sorted(named[name]), [ARTIFACTS[number] for number in each.artifacts])
        objects.put_request(endpoint, name, body, hours_ago(each.age))
        if each.has_config:
            account.add_config(name, at=hours_ago(each.age), stack="another")
    for (endpoint, artifact), age in artifacts.items():
        put_artifact(objects, endpoint, artifact, hours_ago(age))
    for model in theirs:
        account.add_model(model, hours_ago(48), stack="another")

    sweep(account, objects)
    left, kept = artifacts_in(objects), requests_in(objects)
    again = sweep(account, objects)

    needed = {name for name, each in requests.items() if each.has_config or each.age < 24}
    models_named = {name: named[name] & theirs for name in requests}
    assert needed <= kept
    assert set().union(*models_named.values()) == set().union(*(models_named[name] for name in kept))
    for name in kept - needed:
        newer = {other for other in kept if other > name or requests[other].has_config}
        assert models_named[name] - set().union(*(models_named[other] for other in newer))
    mentioned = {(REVISIONS[name], ARTIFACTS[number]) for name in kept for number in requests[name].artifacts}
    assert left == {each for each, age in artifacts.items() if each in mentioned or age < 24}
    assert names(again) == {}
