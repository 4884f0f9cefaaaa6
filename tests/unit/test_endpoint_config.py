"""What is in an endpoint config."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from deployer.endpoint_config import (
    all_variants,
    config_names,
    is_serverless,
    model_names,
    model_references,
    variants_of,
    with_model_names,
)
from deployer.json_document import Document
from tests.unit.request_samples import serverless, variant


def config(*variants: Document, **more: Any) -> Document:
    """Build an endpoint config."""
    return {"ProductionVariants": list(variants), **more}


def pooled(*overrides: str | None, **changed: Any) -> Document:
    """Build a variant of pools of instances, some of which have a model of their own."""
    pools = [{"InstanceType": "ml.m5.large", **({"ModelNameOverride": name} if name else {})} for name in overrides]
    return {"VariantName": "B", "InstancePools": pools, **changed}


USED = config(
    variant(ModelName="a"),
    pooled(None, "for-gpu", ModelName="b"),
    variant(ModelName="a"),
    ShadowProductionVariants=[variant(ModelName="shadow"), pooled("pool-only")],
)


def test_every_model_of_a_config_is_listed_once() -> None:
    assert model_names(USED) == ["a", "b", "for-gpu", "shadow", "pool-only"]


def test_every_reference_to_a_model_has_its_path() -> None:
    assert list(model_references(USED)) == [
        ("EndpointConfig.ProductionVariants[0].ModelName", "a"),
        ("EndpointConfig.ProductionVariants[1].ModelName", "b"),
        ("EndpointConfig.ProductionVariants[1].InstancePools[1].ModelNameOverride", "for-gpu"),
        ("EndpointConfig.ProductionVariants[2].ModelName", "a"),
        ("EndpointConfig.ShadowProductionVariants[0].ModelName", "shadow"),
        ("EndpointConfig.ShadowProductionVariants[1].InstancePools[0].ModelNameOverride", "pool-only"),
    ]


@pytest.mark.parametrize("empty", [{}, config(), config(variant())], ids=["nothing", "no variants", "no model"])
def test_config_without_models_lists_none(empty: Document) -> None:
    """Variants of inference components have none."""
    assert model_names(empty) == []


def test_production_variants_come_before_shadows() -> None:
    both = config(variant(VariantName="A"), ShadowProductionVariants=[variant(VariantName="S")])

    assert [each["VariantName"] for each in all_variants(both)] == ["A", "S"]
    assert [each["VariantName"] for each in variants_of(both)] == ["A"]
    assert [each["VariantName"] for each in variants_of(both, "ShadowProductionVariants")] == ["S"]


def test_keys_of_a_request_are_replaced_by_the_names_of_its_models() -> None:
    before = deepcopy(USED)

    named = with_model_names(USED, {"a": "churn-a-1", "for-gpu": "churn-gpu-1", "shadow": "churn-s-1"})

    assert model_names(named) == ["churn-a-1", "b", "churn-gpu-1", "churn-s-1", "pool-only"]
    assert before == USED


@pytest.mark.parametrize(
    "unnamed",
    [{}, config(), config(variant(), Tags=[]), config(pooled(None)), USED],
    ids=["nothing", "no variants", "no model", "a pool without a model", "models that are not keys"],
)
def test_config_without_keys_is_not_changed(unnamed: Document) -> None:
    assert with_model_names(unnamed, {"m": "churn-m-1"}) == unnamed


@pytest.mark.parametrize(
    ("variants", "expected"),
    [
        pytest.param([variant()], False, id="instances"),
        pytest.param([variant(), serverless()], True, id="one is serverless"),
        pytest.param([], False, id="no variants"),
    ],
)
def test_serverless_variant_makes_a_config_serverless(variants: list[Document], *, expected: bool) -> None:
    assert is_serverless(config(*variants)) is expected


@pytest.mark.parametrize(
    ("endpoint", "names"),
    [
        pytest.param({}, set(), id="no config is described"),
        pytest.param({"EndpointConfigName": "a"}, {"a"}, id="at rest"),
        pytest.param(
            {"EndpointConfigName": "a", "PendingDeploymentSummary": {"EndpointConfigName": "b"}},
            {"a", "b"},
            id="changing",
        ),
        pytest.param(
            {"EndpointConfigName": "a", "PendingDeploymentSummary": {}}, {"a"}, id="changing, not yet visible to what"
        ),
    ],
)
def test_endpoint_names_its_config_and_the_pending_one(endpoint: Document, names: set[str]) -> None:
    assert config_names(endpoint) == names
