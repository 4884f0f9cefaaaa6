"""What others have put below `revisions/` is not swept."""

from __future__ import annotations

import pytest

from tests.unit.stored_sweeps import ARTIFACTS, FIRST, hours_ago, put_artifact, request, sweep
from tests.unit.sweep_fakes import FakeObjects, FakeSageMaker


@pytest.mark.parametrize(
    "key",
    [
        "revisions/churn/backup/weights.bin",
        "revisions/churn/churn-20261124/notes.txt",
        "revisions/churn/artifacts/by-hand/model.tar.gz",
        "revisions/notes/2026/plan.txt",
        "revisions/readme.txt",
    ],
)
def test_foreign_objects_stay_and_keep_nothing(key: str) -> None:
    """A deletion of all versions cannot be undone; the stack's own objects beside them are swept as ever."""
    objects = FakeObjects()
    objects.put_request("churn", FIRST, request("churn", [], [ARTIFACTS[0]]), hours_ago(48))
    put_artifact(objects, "churn", ARTIFACTS[0], hours_ago(48))
    objects.put(key, b"theirs", hours_ago(48))

    sweep(FakeSageMaker(), objects)

    assert [*objects.bodies] == [key]
