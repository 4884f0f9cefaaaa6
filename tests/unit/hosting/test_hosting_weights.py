"""Weights and instance counts of the hosting simulator share the traffic and change in their time."""

from __future__ import annotations

from typing import Any

import pytest

from deployer.json_document import Document
from local.simulator import Settings
from tests.unit.hosting.account import Account, refused, variant


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


@pytest.mark.parametrize(
    ("desired", "during", "after", "serving"),
    [
        pytest.param({"DesiredWeight": 0.0}, (1.0, 0.0, 1, 1), (0.0, 0.0, 1, 1), {"m"}, id="weight"),
        pytest.param({"DesiredInstanceCount": 3}, (1.0, 1.0, 1, 3), (1.0, 1.0, 3, 3), {"m", "n"}, id="count"),
    ],
)
def test_weights_and_counts_are_set_in_their_time(
    desired: Document, during: tuple[float, ...], after: tuple[float, ...], serving: set[str]
) -> None:
    """Meanwhile the endpoint is Updating, desired and current values differ, and it serves by the old ones."""
    account = Account(settings=Settings(scale_seconds=60))
    account.create_model("n")
    account.serve(variant(), variant(VariantName="B", ModelName="n"))
    change = [{"VariantName": "B", **desired}]
    account.sagemaker.update_endpoint_weights_and_capacities(EndpointName="e", DesiredWeightsAndCapacities=change)

    described, models = account.describe(), account.models()
    account.clock.sleep(60)
    changed = account.describe()

    assert described["EndpointStatus"] == "Updating"
    assert values(described) == [(1.0, 1.0, 1, 1), during]
    assert models.keys() == {"m", "n"}
    assert changed["EndpointStatus"] == "InService"
    assert values(changed) == [(1.0, 1.0, 1, 1), after]
    assert account.models().keys() == serving


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
        (
            {"VariantName": "A", "DesiredWeight": 1, "DesiredInstanceCount": 2},
            "Weights, or the instance count of one variant, can be changed at a time.",
        ),
    ],
    ids=["unknown", "nothing left", "weight and count"],
)
def test_weights_that_cannot_be_are_refused(account: Account, desired: Document, said: str) -> None:
    """A variant has to exist, and one has to answer; a call changes weights or one count."""
    account.serve()
    call = account.sagemaker.update_endpoint_weights_and_capacities

    assert refused(call, EndpointName="e", DesiredWeightsAndCapacities=[desired]) == ("ValidationException", said)
    assert account.state == ("InService", "c")
