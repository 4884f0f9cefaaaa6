"""Any JSON is a request or is rejected, up to a limit of nesting."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic.alias_generators import to_pascal

from deployer.errors import InvalidRequestError
from deployer.request.model import DEPTH_LIMIT, DeploymentRequest, read_request
from tests.unit.request_samples import (
    TWO_MODELS,
    with_smoke_test,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from([*map(to_pascal, DeploymentRequest.model_fields), "x"])
NEARLY = st.dictionaries(FIELDS, JSON | st.just(TWO_MODELS["EndpointConfig"]) | st.just("churn"), max_size=6)
DEEPER = st.fixed_dictionaries(
    {"EndpointName": st.just("churn")},
    optional={
        "Models": st.dictionaries(
            st.text(max_size=6), st.fixed_dictionaries({"PrimaryContainer": JSON}) | JSON, max_size=3
        ),
        "EndpointConfig": st.fixed_dictionaries({"ProductionVariants": st.lists(JSON, max_size=3) | JSON}),
        "DeploymentConfig": st.fixed_dictionaries({"BlueGreenUpdatePolicy": JSON, "RollingUpdatePolicy": JSON}),
        "SmokeTest": st.fixed_dictionaries(
            {"Body": st.text(max_size=5)},
            optional={
                "TargetVariant": JSON,
                "Expect": st.fixed_dictionaries(
                    {}, optional={"JsonSchema": JSON, "JsonValues": st.dictionaries(st.text(max_size=6), JSON)}
                ),
            },
        ),
    },
)


def nested(levels: int) -> object:
    """Build a value that is nested so deeply."""
    value: object = "x"
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


AROUND = ("request", "SmokeTest", "Expect", "JsonValues")


@pytest.mark.parametrize("levels", [DEPTH_LIMIT - len(AROUND) + 1, 100_000], ids=["a little", "beyond any stack"])
def test_request_with_too_many_levels_is_rejected(levels: int) -> None:
    """Every later step follows a request down, and none is to run out of stack."""
    with pytest.raises(InvalidRequestError, match="request: is nested more than 50 levels deep"):
        read_request(with_smoke_test(Expect={"JsonValues": {"/a": nested(levels)}}))


def test_a_request_may_be_nested_up_to_the_limit() -> None:
    """The limit counts the request itself."""
    assert read_request(with_smoke_test(Expect={"JsonValues": {"/a": nested(DEPTH_LIMIT - len(AROUND))}}))


@settings(max_examples=1000, suppress_health_check=[HealthCheck.too_slow])
@given(document=JSON | NEARLY | DEEPER)
def test_any_json_is_a_request_or_is_rejected(document: object) -> None:
    """There is no third way: every other document names at least one field."""
    try:
        assert isinstance(read_request(document), DeploymentRequest)
    except InvalidRequestError as rejected:
        assert all(": " in line for line in str(rejected).splitlines())  # noqa: PT017 - either is right
