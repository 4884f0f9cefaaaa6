"""Messages that people did not understand say what to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deployer.json_document import Document
from tests.unit.reported_samples import IMAGE, lines_of
from tests.unit.request_samples import request, variant, with_config

if TYPE_CHECKING:
    from tests.unit.planning_account import PlanningAccount


def test_missing_model_is_reported_with_the_nearest_name(account: PlanningAccount) -> None:
    named = request(variant(ModelName="model"), variant(ModelName="theirs"), Models={"model": IMAGE})

    (line,) = lines_of(account, named)

    assert line == (
        "EndpointConfig.ProductionVariants[1].ModelName: 'theirs' is neither a key of Models nor a model in SageMaker"
    )


MODELS = {"a": {"PrimaryContainer": {"Image": "i"}}, "b": {"PrimaryContainer": {"Image": "i"}}}
VARIANT = "EndpointConfig.ProductionVariants"
KEY_WITH_UNDERSCORE = (
    "Models.paint_shop: 'paint_shop' cannot be a part of a model's name; use letters, digits, and hyphens between them"
)
PASTED = (
    "EndpointConfig.EndpointConfigArn: is in what DescribeEndpointConfig answers, and CreateEndpointConfig does not "
    "take it; leave it out"
)
UNCLEAR = {
    "a model key with an underscore": (
        request(variant(VariantName="v"), Models={"paint_shop": IMAGE}),
        [KEY_WITH_UNDERSCORE],
    ),
    "two models, variants without ModelName": (
        request(variant(), variant(), Models=MODELS),
        [f"{VARIANT}[{index}].ModelName: is missing; name one of Models, a, b" for index in (0, 1)],
    ),
    "two models, variants with names": (
        request(variant(VariantName="x"), variant(VariantName="y"), Models=MODELS),
        [f"{VARIANT}[{index}].ModelName: is missing; name one of Models, a, b" for index in (0, 1)],
    ),
    "what DescribeEndpointConfig says, pasted": (
        with_config(
            variant(VariantName="v", ModelName="m"),
            EndpointConfigArn="arn:aws:sagemaker:us-east-1:111122223333:endpoint-config/old",
        ),
        [PASTED],
    ),
    "RetainDeploymentConfig": (
        request(RetainDeploymentConfig=True),
        ["RetainDeploymentConfig: is not supported; each request has its own DeploymentConfig, or none"],
    ),
    "a field at the wrong place": (
        request(ProductionVariants=[variant()], PrimaryContainer={}),
        [
            "PrimaryContainer: is a field of Models.<key>; write it there",
            "ProductionVariants: is a field of EndpointConfig; write it there",
        ],
    ),
    "a name of the deployer's": (
        request(EndpointConfigName="c"),
        ["EndpointConfigName: is named by the deployer; leave it out"],
    ),
    "a far-fetched field": (request(Replicas=2), ["Replicas: is not a field of a request"]),
}


@pytest.mark.parametrize(("document", "lines"), UNCLEAR.values(), ids=UNCLEAR)
def test_message_has_the_text_to_write(account: PlanningAccount, document: Document, lines: list[str]) -> None:
    assert lines_of(account, document) == lines
