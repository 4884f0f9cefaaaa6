"""An execution on a shared stack is found by its input, whatever the inputs of others are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.aws.execution_follower import VERSION_POINTER, input_has


@pytest.mark.parametrize(
    ("document", "is_found"),
    [
        pytest.param({"detail": {"object": {"version-id": "v"}}}, True, id="its own"),
        pytest.param({"detail": {"object": {"version-id": "w"}}}, False, id="another version"),
        pytest.param({"detail": {"object": None}}, False, id="null"),
        pytest.param({"detail": "object"}, False, id="text in place of an object"),
        pytest.param({}, False, id="empty"),
        pytest.param([], False, id="list"),
        pytest.param("v", False, id="text"),
        pytest.param(None, False, id="nothing"),
    ],
)
def test_execution_is_found_by_a_value_of_its_input(document: Any, is_found: bool) -> None:  # noqa: FBT001 - a case
    assert input_has(json.dumps(document), VERSION_POINTER, "v") is is_found
