"""The hosting simulator behaves as SageMaker does, as far as that is known: lives, words, listings, tags, weights."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from deployer.aws.classification import classify
from deployer.json_document import Document
from local.simulator import Settings
from local.simulator.replicas import Table
from tests.unit.hosting_account import ARN, Account, images, refused, variant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


ASYNC = {"OutputConfig": {"S3OutputPath": "s3://b/answers"}}


@pytest.fixture
def account() -> Iterator[Account]:
    """An account without lag."""
    made = Account()
    yield made
    made.simulator.close()


def test_an_endpoint_comes_into_service_by_and_by(account: Account) -> None:
    """Creating takes its time; then the endpoint serves, with a summary of its variants."""
    account.create_model()
    account.create_config("c", variant(InitialInstanceCount=2, InitialVariantWeight=3))
    account.create_endpoint()

    assert account.describe()["EndpointStatus"] == "Creating"
    account.clock.sleep(account.settings.create_seconds)
    described = account.describe()

    assert described["EndpointStatus"] == "InService"
    assert described["EndpointConfigName"] == "c"
    assert described["LastModifiedTime"] > described["CreationTime"]
    assert described["ProductionVariants"][0]["CurrentWeight"] == 3
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 2


def test_an_endpoint_that_is_created_names_what_is_pending(account: Account) -> None:
    """Its only fleet is the one that is coming up."""
    account.create_model()
    account.create_config("c", variant(InitialInstanceCount=2), AsyncInferenceConfig=ASYNC)
    account.create_endpoint()

    described = account.describe()
    pending = described["PendingDeploymentSummary"]

    assert "ProductionVariants" not in described
    assert described["AsyncInferenceConfig"] == ASYNC
    assert pending["EndpointConfigName"] == "c"
    assert pending["ProductionVariants"] == [
        {
            "VariantName": "A",
            "DeployedImages": images("m", pending["StartTime"]),
            "CurrentWeight": 0.0,
            "DesiredWeight": 1.0,
            "CurrentInstanceCount": 0,
            "DesiredInstanceCount": 2,
            "InstanceType": "ml.m5.large",
            "VariantStatus": [{"Status": "Creating", "StartTime": pending["StartTime"]}],
        }
    ]


def test_names_of_endpoints_have_no_case(account: Account) -> None:
    """A name that differs in case only is taken, says the API of CreateEndpoint."""
    account.serve()

    said = refused(account.sagemaker.create_endpoint, EndpointName="E", EndpointConfigName="c")

    assert said == ("ValidationException", f'Cannot create already existing endpoint "{ARN}endpoint/e".')


def test_names_are_taken_and_missing_in_the_services_words(account: Account) -> None:
    """Every refusal reads as SageMaker's, and is classified as what it means."""
    account.serve()
    sagemaker = account.sagemaker
    model, config = f'"{ARN}model/m"', f'"{ARN}endpoint-config/c"'
    refusals_by_error: dict[str, list[tuple[str, str, Callable[..., Any], Document]]] = {
        "AlreadyExistsError": [
            (f"Cannot create already existing model {model}.", "CreateModel", account.create_model, {}),
            (
                f"Cannot create already existing endpoint configuration {config}.",
                "CreateEndpointConfig",
                account.create_config,
                {},
            ),
        ],
        "EndpointExistsError": [
            (
                f'Cannot create already existing endpoint "{ARN}endpoint/e".',
                "CreateEndpoint",
                account.create_endpoint,
                {},
            )
        ],
        "AlreadyAppliedError": [
            (
                'Cannot update endpoint with the currently in use endpoint configuration "c".',
                "UpdateEndpoint",
                sagemaker.update_endpoint,
                {"EndpointName": "e", "EndpointConfigName": "c"},
            )
        ],
        "EndpointMissingError": [
            (
                f'Could not find endpoint "{ARN}endpoint/none".',
                "UpdateEndpoint",
                sagemaker.update_endpoint,
                {"EndpointName": "None", "EndpointConfigName": "c"},
            )
        ],
        "EndpointConfigNotVisibleError": [
            (
                f'Could not find endpoint configuration "{ARN}endpoint-config/x".',
                "CreateEndpoint",
                sagemaker.create_endpoint,
                {"EndpointName": "f", "EndpointConfigName": "x"},
            )
        ],
        "ModelNotVisibleError": [
            (f'Could not find model "{ARN}model/x".', "DescribeModel", sagemaker.describe_model, {"ModelName": "x"})
        ],
    }
    for name, refusals in refusals_by_error.items():
        for message, operation, call, parameters in refusals:
            code, answered = refused(call, **parameters)

            assert answered == message
            assert classify(operation, code, answered).__name__ == name


def test_requests_are_checked_against_the_service_model(account: Account) -> None:
    """Enums and patterns, which botocore leaves to the service, are refused as the service does it."""
    code, message = refused(
        account.sagemaker.create_endpoint_config,
        EndpointConfigName="c",
        ProductionVariants=[variant(InstanceType="ml.x")],
    )

    assert code == "ValidationException"
    assert message.startswith(
        "1 validation error detected: Value 'ml.x' at 'productionVariants.1.member.instanceType' "
        "failed to satisfy constraint: Member must satisfy enum value set: ["
    )


@pytest.mark.parametrize("seed", range(3))
def test_what_is_created_becomes_visible_by_and_by(seed: int) -> None:
    """A look-up may be stale, even after a good one, until the lag has passed; never afterwards."""
    account = Account(settings=Settings(lag=60), options={"seed": seed})
    account.create_model()
    seen = []
    for _ in range(40):
        try:
            account.sagemaker.describe_model(ModelName="m")
            seen.append(True)
        except ClientError:
            seen.append(False)
        account.clock.sleep(1)
    account.clock.sleep(20)

    assert False in seen
    assert False in seen[seen.index(True) :], "a stale read after a good one"
    assert account.sagemaker.describe_model(ModelName="m")


@given(
    writes=st.lists(st.tuples(st.floats(0, 100), st.integers()), min_size=1, max_size=8),
    lag=st.floats(0, 60),
    seed=st.integers(0, 99),
)
def test_replicas_converge_and_never_invent(writes: list[tuple[float, int]], lag: float, seed: int) -> None:
    """A read shows something that was written before it, and once the lag has passed what was written last."""
    table: Table[int] = Table(Random(seed), 3, lambda: (0.0, lag))  # noqa: S311 - repeatable
    now, written = 0.0, set[int | None]({None})
    for pause, value in writes:
        now += pause
        table.write("n", value, now)
        written.add(value)

        assert table.read("n", now) in written
        assert table.current("n") == value
    assert {table.read("n", now + lag) for _ in range(9)} == {writes[-1][1]}


@given(least=st.floats(0.5, 30), more=st.floats(0, 60), seed=st.integers(0, 99))
def test_no_replica_is_ahead_of_the_least_lag(least: float, more: float, seed: int) -> None:
    """Not even the fastest replica sees a write before the least lag has passed; the slowest takes the whole lag."""
    table: Table[int] = Table(Random(seed), 3, lambda: (least, least + more))  # noqa: S311 - repeatable

    table.write("n", 1, 0.0)

    assert {table.read("n", least * 0.99) for _ in range(9)} == {None}
    assert {table.read("n", least + more) for _ in range(9)} == {1}
    assert table.current("n") == 1


def test_a_config_stays_unseen_for_the_least_lag() -> None:
    """With a least lag, no read finds what was written a moment ago, and every one does after the lag."""
    account = Account(settings=Settings(least_lag=5.0))
    account.create_model()

    unseen = refused(account.create_config)
    account.clock.sleep(5)
    account.create_config()

    assert unseen[1].startswith("Could not find model ")


def test_tags_reach_iam_late() -> None:
    """IAM sees tags, and that they are gone, after a lag of its own, while ListTags shows them at once."""
    account = Account(settings=Settings(tag_lag=60.0))
    account.create_model()
    arn = f"{ARN}model/m"
    account.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}])

    at_once = account.simulator.tags_in_iam(arn)
    account.clock.sleep(60)
    later = account.simulator.tags_in_iam(arn)

    assert (at_once, later) == ({}, {"a": "1"})
    assert account.simulator.tags(arn) == {"a": "1"}


def test_listings_are_filtered_sorted_and_paged(account: Account) -> None:
    """The newest comes first; names are found by a part; pages follow one another."""
    for name in ("churn-1", "fraud-1", "churn-2"):
        account.create_model(name)
        account.clock.sleep(1)

    pages = account.sagemaker.get_paginator("list_models").paginate(
        NameContains="churn", PaginationConfig={"PageSize": 1}
    )

    assert [[model["ModelName"] for model in page["Models"]] for page in pages] == [["churn-2"], ["churn-1"]]


def test_descriptions_tell_of_defaults(account: Account) -> None:
    """A description has members that nobody asked for: network isolation, and the weights of variants."""
    account.create_model()
    account.create_config()

    model = account.sagemaker.describe_model(ModelName="m")
    config = account.sagemaker.describe_endpoint_config(EndpointConfigName="c")

    assert model["EnableNetworkIsolation"] is False
    assert config["EnableNetworkIsolation"] is False
    assert config["ProductionVariants"] == [{**variant(), "InitialVariantWeight": 1.0}]


def test_tags_are_set_listed_and_removed(account: Account) -> None:
    """Tags belong to an ARN; the same key is overwritten."""
    account.create_model()
    arn = f"{ARN}model/m"
    account.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    account.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "3"}])
    account.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["b"])

    assert account.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "3"}]


def test_weights_share_the_traffic(account: Account) -> None:
    """Two variants with the weights 2 and 1 answer two thirds and one third; a target is honoured."""
    account.create_model()
    account.create_config("c", variant(InitialVariantWeight=2), variant(VariantName="B", InitialVariantWeight=1))
    account.create_endpoint()
    account.clock.sleep(account.settings.create_seconds)

    answers = [account.simulator.invoke({"EndpointName": "e", "Body": b""}) for _ in range(300)]
    share = sum(answer["InvokedProductionVariant"] == "A" for answer in answers) / len(answers)
    target = account.runtime.invoke_endpoint(EndpointName="e", Body=b"", TargetVariant="B")

    assert abs(share - 2 / 3) < 0.1
    assert target["InvokedProductionVariant"] == "B"


def test_weights_and_counts_are_set_in_their_time() -> None:
    """Meanwhile the endpoint is Updating, desired and current values differ, and it serves by the old ones."""
    account = Account(settings=Settings(scale_seconds=60))
    account.create_model("n")
    account.serve(variant(), variant(VariantName="B", ModelName="n"))
    desired = [{"VariantName": "B", "DesiredWeight": 0.0, "DesiredInstanceCount": 3}]
    account.sagemaker.update_endpoint_weights_and_capacities(EndpointName="e", DesiredWeightsAndCapacities=desired)

    during, models = account.describe(), account.models()
    account.clock.sleep(60)
    after = account.describe()

    assert during["EndpointStatus"] == "Updating"
    assert values(during) == [(1.0, 1.0, 1, 1), (1.0, 0.0, 1, 3)]
    assert models.keys() == {"m", "n"}
    assert after["EndpointStatus"] == "InService"
    assert values(after) == [(1.0, 1.0, 1, 1), (0.0, 0.0, 3, 3)]
    assert account.models().keys() == {"m"}


def values(described: Any) -> list[tuple[float, float, int, int]]:
    """Return weights and counts, the current ones and the desired ones."""
    members = ("CurrentWeight", "DesiredWeight", "CurrentInstanceCount", "DesiredInstanceCount")
    return [tuple(each[member] for member in members) for each in described["ProductionVariants"]]


@pytest.mark.parametrize(
    ("desired", "said"),
    [
        (
            {"VariantName": "X", "DesiredWeight": 1},
            'The variant name(s) "X" is/are not present within endpoint configuration "c".',
        ),
        ({"VariantName": "A", "DesiredWeight": 0}, "The sum of the variant weights must be greater than 0."),
    ],
    ids=["unknown", "nothing left"],
)
def test_weights_that_cannot_be_are_refused(account: Account, desired: Document, said: str) -> None:
    """A variant has to exist, and one has to answer."""
    account.serve()
    call = account.sagemaker.update_endpoint_weights_and_capacities

    assert refused(call, EndpointName="e", DesiredWeightsAndCapacities=[desired]) == ("ValidationException", said)
    assert account.state == ("InService", "c")
