"""The record of weights: numbered objects in the store of an endpoint config, of which the last one counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ConnectionClosedError

from deployer.aws.s3 import Objects
from deployer.errors import StorageUnavailableError
from deployer.planning.keys import weights_folder
from deployer.planning.record_weights import record_weights
from deployer.planning.weight_record import WeightRecord
from tests.unit.planning_account import BUCKET
from tests.unit.planning_samples import revision

if TYPE_CHECKING:
    from tests.unit.planning_account import PlanningAccount

BASE, SECOND, THIRD = (revision(content, minutes).name for minutes, content in enumerate("abc"))


def record(account: PlanningAccount) -> WeightRecord:
    """Return the record of an account."""
    return account.store.weights


def give(account: PlanningAccount, name: str, number: int) -> bool:
    """Record that the base is given a revision's weights."""
    return record_weights(record(account), "churn", BASE, name, number)


def keys(account: PlanningAccount) -> list[str]:
    """Return the names of the record's objects, each as often as it has versions."""
    listed = account.s3.list_object_versions(Bucket=BUCKET, Prefix=weights_folder("churn", BASE))
    return sorted(each["Key"].rpartition("/")[2] for each in listed.get("Versions", []))


def endpoint(config_name: str | None) -> dict[str, Any]:
    """Describe an endpoint."""
    attached = {} if config_name is None else {"EndpointConfigName": config_name}
    return {"EndpointName": "churn", **attached}


def test_config_without_a_record_serves_itself(account: PlanningAccount) -> None:
    assert record(account).last("churn", BASE)[:2] == (0, BASE)
    assert record(account).served(endpoint(BASE)) == BASE


def test_last_number_counts(account: PlanningAccount) -> None:
    """Also beyond ten, and where it goes back to an earlier revision."""
    for number in range(1, 12):
        assert give(account, SECOND if number % 2 else THIRD, number)
    assert give(account, BASE, 12)

    assert record(account).last("churn", BASE)[:2] == (12, BASE)


def test_number_is_written_once(account: PlanningAccount) -> None:
    """Of two runs that have read the same last number, one writes the next; the other's weights are not recorded."""
    first, second = give(account, SECOND, 1), give(account, THIRD, 1)

    assert (first, second) == (True, False)
    assert record(account).served(endpoint(BASE)) == SECOND
    assert keys(account) == ["00000001"]


def test_write_whose_answer_is_lost_is_found(account: PlanningAccount) -> None:
    """The run reads its own revision back, and writes no other number."""

    class Losing(Objects):
        def put_if_absent(self, bucket: str, key: str, body: bytes) -> bool:
            super().put_if_absent(bucket, key, body)
            raise StorageUnavailableError(str(ConnectionClosedError(endpoint_url="https://s3")))

    with pytest.raises(StorageUnavailableError):
        record_weights(WeightRecord(Losing(account.s3), BUCKET), "churn", BASE, SECOND, 1)

    assert record(account).last("churn", BASE)[:2] == (1, SECOND)
    assert not give(account, SECOND, 1)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("by-hand", id="made by hand"),
        pytest.param(revision("a", endpoint="fraud").name, id="of another endpoint"),
        pytest.param("churn/../fraud", id="with a path"),
        pytest.param("", id="empty"),
    ],
)
def test_config_that_is_no_revision_of_the_endpoint_has_no_record(account: PlanningAccount, name: str) -> None:
    """Nothing is read for it: the policies of the functions may not allow that."""
    account.s3.put_object(Bucket=BUCKET, Key=f"{weights_folder('churn', name)}00000001", Body=b"not read")

    assert record(account).last("churn", name)[:2] == (0, name)


def test_endpoint_without_a_config_serves_nothing(account: PlanningAccount) -> None:
    assert record(account).served(endpoint(None)) == ""


def test_each_config_has_a_record_of_its_own(account: PlanningAccount) -> None:
    give(account, SECOND, 1)

    assert record(account).last("churn", SECOND)[:2] == (0, SECOND)
    assert record(account).last("churn", THIRD)[:2] == (0, THIRD)


def test_record_that_is_swept_between_listing_and_reading_is_none(account: PlanningAccount) -> None:
    give(account, SECOND, 1)

    class Sweeping(Objects):
        def read(self, bucket: str, key: str, limit: int = 0) -> bytes | None:  # noqa: ARG002
            account.s3.delete_object(Bucket=bucket, Key=key)
            return super().read(bucket, key)

    assert WeightRecord(Sweeping(account.s3), BUCKET).last("churn", BASE)[:2] == (0, BASE)
