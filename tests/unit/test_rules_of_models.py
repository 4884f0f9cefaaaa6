"""Rules of models and instances: misspelt names, guarded models of others, families of instances."""

from __future__ import annotations

from typing import Any

from deployer.request.rules.guardrails import unguarded
from deployer.request.rules.variants import LOCAL_STORAGE_FAMILIES, family
from deployer.request.service_model import sagemaker
from tests.unit.request_samples import request, variant
from tests.unit.rule_samples import VARIANT, said_of


def test_every_family_of_instances_is_known_to_have_volumes_or_storage_of_its_own() -> None:
    """A family that botocore adds has to be looked up (Amazon EC2 User Guide, "Instance store")."""
    shape: Any = sagemaker().shape_for("ProductionVariantInstanceType")
    with_volumes = {
        *(
            "c4",
            "c5",
            "c6g",
            "c6gn",
            "c6i",
            "c6in",
            "c7g",
            "c7i",
            "c8g",
            "inf1",
            "inf2",
            "m4",
            "m5",
            "m6g",
            "m6i",
            "m7i",
        ),
        *("m8g", "p2", "p3", "r5", "r6g", "r6i", "r7i", "r8g", "t2"),
    }

    assert {family(each) for each in shape.enum} - LOCAL_STORAGE_FAMILIES == with_volumes


def test_live_models_of_others_are_guarded_as_far_as_is_known() -> None:
    config = {"ProductionVariants": [variant(ModelName="theirs")]}

    assert unguarded(config) == ""


def test_misspelt_model_is_reported_where_it_is_named() -> None:
    named = request(variant(ModelName="modle"), Models={"model": {"PrimaryContainer": {}}})

    assert said_of(named) == [f"{VARIANT}.ModelName: 'modle' is not a key of Models; did you mean 'model'?"]


def test_unused_model_is_reported_by_its_key() -> None:
    named = request(
        variant(ModelName="champion"), variant(ModelName="theirs"),
        Models={"champion": {"PrimaryContainer": {}}, "challenger": {"PrimaryContainer": {}}},
    )  # fmt: skip

    assert said_of(named) == ["Models.challenger: is used by no variant; make it the ModelName of one, or leave it out"]
