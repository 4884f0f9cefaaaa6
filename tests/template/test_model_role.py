"""The role that models run as reads model data, and no request of another endpoint."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import pytest

from deployer.planning.keys import artifact_key, request_key
from deployer.planning.names import Revision
from tests.unit.planning_samples import NOON

if TYPE_CHECKING:
    from deployer.json_document import Document

FOLDER = artifact_key("churn", "s3://data/llm/", "digest", "")


@pytest.mark.parametrize(
    ("key", "is_denied"),
    [
        (request_key("churn", Revision.of("churn", NOON, "a").name), True),
        (request_key("c" * 63, Revision.of("c" * 63, NOON, "a").name), True),
        (artifact_key("churn", "s3://artifacts/models/churn/model.tar.gz", "v"), False),
        (f"{FOLDER}request.json", False),
        (f"{FOLDER}tokenizer/request.json", False),
        ("models/churn/model.tar.gz", False),
    ],
)
def test_models_cannot_read_stored_requests(resources: Document, key: str, *, is_denied: bool) -> None:
    """The environments of containers may hold secrets; a model's own folder may hold a file of any name."""
    statements = resources["ExecutionRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]

    denied = [each for each in statements if each["Effect"] == "Deny"]

    assert [each["Action"] for each in denied] == ["s3:GetObject"]
    pattern = denied[0]["Resource"]["Fn::Sub"].removeprefix("${ArtifactBucket.Arn}/")
    assert fnmatchcase(key, pattern) == is_denied
