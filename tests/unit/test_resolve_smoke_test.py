"""The body of a request's smoke test has to be in S3, readable, and of a size that an endpoint takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from deployer.aws.s3_objects import Artifact
from deployer.errors import AccessDeniedError, InvalidRequestError
from deployer.planning.resolve import check_smoke_test_body
from deployer.request.smoke_test import BODY_BYTES, SmokeTest
from tests.unit.planning_account import BUCKET
from tests.unit.resolve_samples import upload

if TYPE_CHECKING:
    from tests.unit.planning_account import PlanningAccount


def test_smoke_test_body_has_to_be_there(account: PlanningAccount) -> None:
    test = SmokeTest.model_validate({"BodyS3Uri": f"s3://{BUCKET}/body.json"})

    with pytest.raises(InvalidRequestError) as rejected:
        check_smoke_test_body(test, account.store.objects)
    upload(account, "body.json", b"{}")
    check_smoke_test_body(test, account.store.objects)

    assert str(rejected.value) == f"SmokeTest.BodyS3Uri: s3://{BUCKET}/body.json is not there"


class ObjectOfSize:
    """S3 with one object of a size."""

    def __init__(self, size: int) -> None:
        self.size = size

    def find(self, bucket: str, key: str) -> Artifact:
        """Find the object."""
        return Artifact(bucket, key, "v1", self.size)


class ClosedBucket:
    """S3 whose objects may not be read."""

    def find(self, bucket: str, key: str) -> Artifact:
        """Refuse."""
        raise AccessDeniedError(f"s3://{bucket}/{key}: access is denied")


def test_smoke_test_body_that_may_not_be_read_is_a_problem_of_its_field() -> None:
    """It is rejected before anything is created, and says where the URI stands."""
    test, objects = SmokeTest.model_validate({"BodyS3Uri": "s3://b/k"}), ClosedBucket()

    with pytest.raises(InvalidRequestError) as rejected:
        check_smoke_test_body(test, cast("Any", objects))

    assert str(rejected.value) == "SmokeTest.BodyS3Uri: s3://b/k: access is denied"


def test_smoke_test_body_that_an_endpoint_would_not_take_is_reported() -> None:
    test = SmokeTest.model_validate({"BodyS3Uri": "s3://b/k"})
    largest: Any = ObjectOfSize(BODY_BYTES)
    too_large: Any = ObjectOfSize(BODY_BYTES + 1)

    check_smoke_test_body(test, largest)
    with pytest.raises(InvalidRequestError) as rejected:
        check_smoke_test_body(test, too_large)

    assert str(rejected.value) == (
        f"SmokeTest.BodyS3Uri: s3://b/k has {BODY_BYTES + 1} bytes; an endpoint takes at most {BODY_BYTES}"
    )
