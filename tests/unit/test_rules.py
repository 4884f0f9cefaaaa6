"""What the rules between fields ask of an endpoint config."""

from __future__ import annotations

from typing import Any

import pytest

from deployer.request.rules import all_variants, is_serverless, model_names, unguarded
from tests.unit.request_samples import serverless, variant


def config(*variants: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Build an endpoint config."""
    return {"ProductionVariants": list(variants), **more}


def test_every_model_that_a_config_uses_is_listed_once() -> None:
    """Of production variants, of shadows and of pools of instances: what is used is not deleted."""
    pools = [{"InstanceType": "ml.m5.large"}, {"InstanceType": "ml.g5.xlarge", "ModelNameOverride": "for-gpu"}]
    used = config(
        variant(ModelName="a"),
        {"VariantName": "B", "ModelName": "b", "InstancePools": pools},
        variant(ModelName="a"),
        ShadowProductionVariants=[variant(ModelName="shadow")],
    )

    assert model_names(used) == ["a", "b", "for-gpu", "shadow"]


@pytest.mark.parametrize("empty", [{}, config(), config(variant())], ids=["nothing", "no variants", "no model"])
def test_a_config_may_use_no_model(empty: dict[str, Any]) -> None:
    """Variants of inference components have none."""
    assert model_names(empty) == []


def test_shadows_are_variants() -> None:
    """Production variants come first."""
    both = config(variant(VariantName="A"), ShadowProductionVariants=[variant(VariantName="S")])

    assert [each["VariantName"] for each in all_variants(both)] == ["A", "S"]


@pytest.mark.parametrize(
    ("variants", "why"),
    [
        pytest.param([variant()], "", id="instances"),
        pytest.param([variant(InstanceType="ml.inf2.xlarge")], "", id="Inf2"),
        pytest.param([variant(), variant(InstanceType="ml.inf1.xlarge")], "Inf1 instances", id="one on Inf1"),
        pytest.param([variant(AcceleratorType="ml.eia2.medium")], "Elastic Inference", id="an accelerator"),
        pytest.param([serverless()], "serverless endpoints", id="serverless"),
        pytest.param([{"InstancePools": [{"InstanceType": "ml.m5.large"}]}], "", id="pools"),
    ],
)
def test_guardrails_are_for_most_endpoints(variants: list[dict[str, Any]], why: str) -> None:
    """For the others SageMaker takes them, and passes over them."""
    assert unguarded(config(*variants)) == why
    assert is_serverless(config(*variants)) is (why == "serverless endpoints")
