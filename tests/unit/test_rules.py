"""The rules between fields that are used for more than one field."""

from __future__ import annotations

import pytest

from deployer.json_document import Document
from deployer.request.problem import listed
from deployer.request.rules.guardrails import unguarded
from tests.unit.request_samples import serverless, variant


@pytest.mark.parametrize(
    ("variants", "reason"),
    [
        pytest.param([variant()], "", id="instances"),
        pytest.param([variant(InstanceType="ml.inf2.xlarge")], "", id="Inf2"),
        pytest.param([variant(), variant(InstanceType="ml.inf1.xlarge")], "Inf1 instances", id="one on Inf1"),
        pytest.param([variant(AcceleratorType="ml.eia2.medium")], "Elastic Inference", id="an accelerator"),
        pytest.param([serverless()], "serverless endpoints", id="serverless"),
        pytest.param([{"InstancePools": [{"InstanceType": "ml.m5.large"}]}], "", id="pools"),
    ],
)
def test_config_that_sagemaker_does_not_guard_has_a_reason(variants: list[Document], reason: str) -> None:
    assert unguarded({"ProductionVariants": variants}) == reason


def test_values_are_listed_in_their_order() -> None:
    assert listed({"b", "a", 3}) == "3, a, b"
