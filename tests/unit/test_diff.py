"""What differs between what is live and what is wanted, field by field."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.planning.diff import HIDDEN, differences

SECRET = "hunter2-of-nobody-else"  # noqa: S105 - it opens nothing


def container(**members: Any) -> dict[str, Any]:
    """Build models of one container."""
    return {"Models": {"m": {"PrimaryContainer": members}}}


@pytest.mark.parametrize(
    ("live", "wanted", "expected"),
    [
        pytest.param({"A": 1}, {"A": 2}, [{"Path": "A", "Before": 1, "After": 2}], id="changed"),
        pytest.param({}, {"A": {"B": 2}}, [{"Path": "A.B", "After": 2}], id="added, leaf by leaf"),
        pytest.param({"A": [1]}, {}, [{"Path": "A[0]", "Before": 1}], id="removed"),
        pytest.param({"A": 1.0}, {"A": 1}, [], id="equal numbers"),
        pytest.param({"A": None}, {}, [], id="null is nothing"),
        pytest.param({"Mode": "SingleModel"}, {}, [], id="described by itself"),
        pytest.param(
            {"Mode": "SingleModel"},
            {"Mode": "MultiModel"},
            [{"Path": "Mode", "Before": "SingleModel", "After": "MultiModel"}],
            id="changed from what is taken for granted",
        ),
        pytest.param(
            {"V": [{"VariantName": "A", "N": 1}, {"VariantName": "B", "N": 1}]},
            {"V": [{"VariantName": "B", "N": 2}, {"VariantName": "A", "N": 1}]},
            [{"Path": "V[B].N", "Before": 1, "After": 2}],
            id="elements are known by their names",
        ),
        pytest.param(
            {"A": {"B": 1}},
            {"A": "text"},
            [{"Path": "A.B", "Before": 1}, {"Path": "A", "After": "text"}],
            id="another kind of value",
        ),
        pytest.param({"A": "x" * 400}, {}, [{"Path": "A", "Before": "x" * 300 + "…"}], id="long"),
    ],
)
def test_difference_names_the_field_and_both_values(live: Any, wanted: Any, expected: list[Any]) -> None:
    assert [*differences(live, wanted)] == expected


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(container(Environment={"LEVEL": SECRET}), id="environment"),
        pytest.param({"Tags": {"api_token": SECRET}}, id="name of a secret"),
        pytest.param(container(Image=f"https://user:{SECRET}@registry/churn"), id="URL with a password"),
        pytest.param(container(ModelDataUrl=f"hf_{SECRET.replace('-', '')}"), id="token"),
        pytest.param(container(Image=f"AKIA{'A' * 16}{SECRET}"), id="access key"),
        pytest.param(container(Image=f"eyJhbGciOiJub25lIn0.eyJ.{SECRET}"), id="JSON web token"),
    ],
)
def test_secrets_are_hidden_and_their_change_is_not(wanted: dict[str, Any]) -> None:
    (change,) = differences({}, wanted)

    assert change["After"] == HIDDEN
    assert SECRET not in json.dumps(change)


def test_model_key_that_sounds_secret_hides_nothing() -> None:
    (change,) = differences({}, {"Models": {"token-classifier": {"Image": "churn:1"}}})

    assert change == {"Path": "Models.token-classifier.Image", "After": "churn:1"}


LEAVES = st.integers(0, 3) | st.text("ab", min_size=1, max_size=2)
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: st.dictionaries(st.sampled_from("ABC"), inner, min_size=1) | st.lists(inner, min_size=1, max_size=3),
)


@given(DOCUMENTS, DOCUMENTS)
def test_documents_differ_exactly_if_there_is_a_difference(live: Any, wanted: Any) -> None:
    assert bool([*differences(live, wanted)]) == (live != wanted)
    assert [*differences(wanted, wanted)] == []
