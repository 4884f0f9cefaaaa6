"""A stored request is read as it was written, and nothing else is taken for one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.errors import InvalidRequestError
from deployer.json_document import Document
from deployer.planning.keys import artifact_key, execution_key, revision_folder
from deployer.planning.revision_store import StoredData, StoredRevision
from tests.unit.stored_samples import EXECUTION, NOON, REQUEST, REVISION

NAMES = st.from_regex(r"[a-zA-Z0-9](-?[a-zA-Z0-9]){0,20}", fullmatch=True)


@given(NAMES, NAMES, NAMES)
def test_execution_keys_lie_in_the_folder_of_their_revision(
    endpoint_name: str, revision: str, execution_name: str
) -> None:
    key = execution_key(endpoint_name, revision, execution_name)

    assert key.startswith(revision_folder(endpoint_name, revision))
    assert key.endswith(f"/executions/{execution_name}")


@given(st.text(), st.text(), st.text(), st.text())
def test_other_uris_and_versions_have_other_keys(uri: str, version: str, other_uri: str, other_version: str) -> None:
    """A copy's key stands for one version of one object."""
    is_same = (uri, version) == (other_uri, other_version)

    assert (artifact_key("e", uri, version) == artifact_key("e", other_uri, other_version)) is is_same


def stored_revision(**changes: Any) -> StoredRevision:
    """Return a stored revision."""
    fields: Document = {
        "revision": REVISION,
        "endpoint_name": "churn",
        "requested_at": NOON,
        "request_id": "run-1",
        "execution": EXECUTION,
        "request": REQUEST,
        "model_names": {"m": "n"},
        "data": [StoredData(path="p", uri="s3://b/k", version='"etag"')],
    }
    return StoredRevision(**(fields | changes))


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists)
    | st.floats(allow_nan=False, allow_infinity=False)
)
def test_stored_request_is_read_unchanged(value: Any) -> None:
    """Every value of a request survives, nulls and all characters too."""
    written = stored_revision(request={"Environment": value})

    assert StoredRevision.parse(written.to_json()) == written


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff", "is not JSON"),
        (b"{", "is not JSON"),
        (b"[]", "has no Format, so this deployer did not write it"),
        (b'{"Revision": "r"}', "has no Format"),
        (b'{"Format": 2}', "has Format 2; this version of the deployer reads 1"),
        (b'{"Format": 1}', "Revision: Field required\nthe stored request: EndpointName: Field required"),
        (stored_revision().to_json().replace(b'"Data"', b'"Date"'), "Date: Extra inputs are not permitted"),
    ],
)
def test_foreign_object_is_not_a_stored_request(content: bytes, message: str) -> None:
    """The message says what is wrong, and nothing of what the object holds."""
    with pytest.raises(InvalidRequestError) as refused:
        StoredRevision.parse(content)

    assert message in str(refused.value)
