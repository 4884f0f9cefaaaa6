"""Limits hold to the entry, to the byte and to the second."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from deployer.aws.monitoring import Monitoring
from deployer.aws.s3_copy import PART_BYTES, SINGLE_BYTES, Copier
from deployer.cleanup.restore import Restoration
from deployer.cleanup.sweep import Tally
from deployer.drift.find import VISIBLE_BY, Kind, View, find_drift
from deployer.errors import DeploymentTimedOutError, InvalidRequestError
from deployer.planning.decisions import first_look_seconds, wait_seconds
from deployer.request.containers import sources
from deployer.request.manifest import read_manifest
from deployer.request.rules.guardrails import instance_size_problems
from deployer.request.rules.models import is_marketplace
from tests.unit.manual_clock import Clock
from tests.unit.planning_samples import NOON, live, plan, revision
from tests.unit.request_samples import variant
from tests.unit.sweep_factories import Sweeper
from tests.unit.sweep_fakes import FakeObjects, FakeSageMaker

MIB = 1024**2


def test_sweep_names_at_most_fifty_resources() -> None:
    tally = Tally()

    for number in range(60):
        tally.add(str(number))

    assert (tally.count, len(tally.names), tally.names[-1]) == (60, 50, "49")


@pytest.mark.parametrize(("seconds", "left"), [(0, 1), (1, 0)], ids=["a day old", "older"])
def test_sweep_removes_unused_resources_older_than_a_day(seconds: int, left: int) -> None:
    artifact = "revisions/churn/artifacts/a00000000000/model.tar.gz"
    objects = FakeObjects()
    objects.put(artifact, at=NOON - timedelta(hours=24, seconds=seconds))

    Sweeper(FakeSageMaker(), objects, Clock(NOON.timestamp())).sweep()

    assert len(objects.bodies) == left


def test_sweep_keeps_an_artifact_of_an_endpoint_without_stored_request() -> None:
    """The endpoint's config may have been deleted; nobody knows what it loads."""
    account, objects = FakeSageMaker(), FakeObjects()
    account.add_endpoint("churn", revision().name)
    objects.put("revisions/churn/artifacts/a00000000000/model.tar.gz", at=NOON - timedelta(days=2))

    Sweeper(account, objects, Clock(NOON.timestamp())).sweep()

    assert len(objects.bodies) == 1


def test_change_is_visible_to_the_second() -> None:
    """Later differences are drift."""
    failed = View(endpoint_name="churn", live=live(revision(), EndpointStatus="Failed"), deployed=revision())

    before = find_drift(failed, NOON + VISIBLE_BY - timedelta(seconds=1), timedelta(hours=2))
    after = find_drift(failed, NOON + VISIBLE_BY, timedelta(hours=2))

    assert (before, [each.kind for each in after]) == ([], [Kind.ENDPOINT_FAILED])


@pytest.mark.parametrize(("left", "first"), [(10, 10), (900, 900), (903, 301)])
def test_only_look_comes_at_the_deadline_if_that_is_soon(left: int, first: int) -> None:
    """Two looks take three times the first, so that the second one falls on the deadline."""
    assert first_look_seconds(NOON + timedelta(seconds=left), NOON) == first


def test_wait_for_a_turn_is_five_minutes_at_most() -> None:
    assert wait_seconds(60, timedelta(days=1)) == 300


def test_call_that_may_have_had_an_effect_is_looked_for_after_two_minutes() -> None:
    found = Restoration(plan(), "SageMakerUnavailableError", NOON).take_step(Any, Any, NOON, None)  # type: ignore[arg-type]

    assert (found["Done"], found["PollSeconds"]) == (False, 120)


@pytest.mark.parametrize(("seconds", "is_over"), [(-1, False), (0, True)], ids=["in time", "two hours"])
def test_restoration_takes_two_hours_at_most(seconds: int, *, is_over: bool) -> None:
    changing = {
        "EndpointName": "churn",
        "EndpointArn": "arn:aws:sagemaker:us-east-1:111122223333:endpoint/churn",
        "EndpointConfigName": "old",
        "EndpointStatus": "Updating",
        "CreationTime": NOON,
        "LastModifiedTime": NOON,
    }
    sagemaker: Any = SimpleNamespace(find_endpoint=lambda _: changing)
    record: Any = SimpleNamespace(served=lambda _: "old")
    now = NOON + timedelta(hours=2, seconds=seconds)
    expected = pytest.raises(DeploymentTimedOutError) if is_over else nullcontext()

    with expected:
        Restoration(plan(), "SmokeTestFailedError", NOON).take_step(sagemaker, record, now, {"Since": NOON.isoformat()})


def test_copies_of_256_mib_are_made_at_once_and_larger_ones_in_parts_of_64() -> None:
    copier: Any = Copier(Any, "artifacts")  # type: ignore[arg-type]

    assert (SINGLE_BYTES, PART_BYTES) == (256 * MIB, 64 * MIB)
    assert (copier.single_bytes, copier.part_bytes) == (SINGLE_BYTES, PART_BYTES)


@pytest.mark.parametrize(
    ("kind", "field", "fits", "refused"),
    [
        ("CANARY", "CanarySize", [1, 10], [11]),
        ("LINEAR", "LinearStepSize", [2, 10], [1, 11]),
        ("", "MaximumBatchSize", [1, 10], [11]),
        ("", "RollbackMaximumBatchSize", [1, 20], [21]),
    ],
    ids=["canary", "linear", "rolling", "rolling back"],
)
def test_size_in_instances_may_be_the_least_and_the_largest_part(
    kind: str, field: str, fits: list[int], refused: list[int]
) -> None:
    """The sizes are 1 to 50, 10 to 50, 5 to 50 and 5 to 100 percent of twenty instances."""

    def is_refused(value: int) -> bool:
        size = {"Type": kind, field: {"Type": "INSTANCE_COUNT", "Value": value}}
        blue_green = {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": size}}
        deployment = blue_green if kind else {"RollingUpdatePolicy": size}
        config = {"ProductionVariants": [variant(VariantName="A", InitialInstanceCount=20)]}
        return any(instance_size_problems(deployment, config))

    assert [value for value in [*fits, *refused] if is_refused(value)] == refused


def test_manifest_holds_twenty_thousand_values() -> None:
    """The list itself is one of them."""
    assert read_manifest(("[" + "1," * 19_999 + "]").encode())
    with pytest.raises(InvalidRequestError, match="too many or too deeply nested values"):
        read_manifest(("[" + "1," * 20_000 + "]").encode())


def test_manifest_holds_a_quarter_of_a_mebibyte() -> None:
    assert read_manifest(b"a: 1\n#".ljust(256 * 1024, b"x"))
    with pytest.raises(InvalidRequestError, match="has 262145 bytes"):
        read_manifest(b"a: 1\n#".ljust(256 * 1024 + 1, b"x"))


@pytest.mark.parametrize("name", ["a:b:c:d", "mine", ""])
def test_package_without_an_account_is_of_no_marketplace(name: str) -> None:
    assert not is_marketplace({"PrimaryContainer": {"ModelPackageName": name}})


def test_manifest_of_a_prefix_is_an_object() -> None:
    data = {"S3Uri": "s3://b/p/", "S3DataType": "S3Prefix", "ManifestS3Uri": "s3://b/m.json", "CompressionType": "None"}
    container = {"Image": "i", "ModelDataSource": {"S3DataSource": data}}

    assert [(each.field, each.is_folder) for each in sources(container, "m")] == [
        ("S3Uri", True),
        ("ManifestS3Uri", False),
    ]


def test_alarm_that_ends_updates_goes_into_alarm_at_once() -> None:
    """One value above 0 in one minute is enough; missing data keep the state."""
    asked: dict[str, Any] = {}

    class CloudWatch:
        """A client that keeps what it is called with."""

        def put_metric_alarm(self, **parameters: Any) -> dict[str, Any]:
            """Make an alarm."""
            asked.update(parameters)
            return {}

        def set_alarm_state(self, **parameters: Any) -> dict[str, Any]:
            """Set its state."""
            asked.update(parameters)
            return {}

    client: Any = CloudWatch()
    Monitoring(lambda _: client).make_abort_alarm("abort", "churn", [])

    expected = {"Period": 60, "EvaluationPeriods": 1, "Threshold": 0, "TreatMissingData": "ignore", "StateValue": "OK"}
    assert expected.items() <= asked.items()
