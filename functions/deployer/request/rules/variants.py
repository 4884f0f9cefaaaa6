"""Rules for the variants of an endpoint config, and for the instances that they run on. Pure.

The sources are the SageMaker API Reference (CreateEndpointConfig, ProductionVariant) and the Amazon EC2 User Guide,
"Instance store". Public reports say that the service refuses a volume on instances with storage of their own
(aws/sagemaker-python-sdk, pull request 4828), and managed scaling of variants that have a model
(DIAGNijmegen/rse-grand-challenge, pull request 4659).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.endpoint_config import VARIANT_KINDS, all_variants, variants_of
from deployer.json_document import Document
from deployer.request.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator


_CONFIG = "EndpointConfig"

LOCAL_STORAGE_FAMILIES = frozenset(
    {
        "c5d", "c6gd", "dl1", "g4dn", "g5", "g6", "g6e", "g7", "g7e",
        "m5d", "m6gd", "p4d", "p4de", "p5", "p5e", "p5en", "p6-b200", "p6-b300",
        "p6e-gb200", "r5d", "r6gd", "r7gd", "trn1", "trn1n", "trn2",
    }
)  # fmt: skip
"""Families of instances whose storage is built in, so that they take no volume."""


def family(instance_type: str) -> str:
    """Return the family of an instance type: `g5` of `ml.g5.2xlarge`."""
    return instance_type.removeprefix("ml.").partition(".")[0]


def instance_types(variant: Document) -> Iterator[tuple[str, str]]:
    """Yield the instance types that a variant may run on, each with the path within the variant."""
    if "InstanceType" in variant:
        yield "InstanceType", variant["InstanceType"]
    for index, pool in enumerate(variant.get("InstancePools", [])):
        yield f"InstancePools[{index}].InstanceType", pool["InstanceType"]


def variant_problems(config: Document) -> Iterator[Problem]:
    """Yield what is wrong between the variants of an endpoint config, and within each."""
    for kind in VARIANT_KINDS:
        variants = variants_of(config, kind)
        for index, variant in enumerate(variants):
            path = f"{_CONFIG}.{kind}[{index}]"
            yield from _instance_problems(path, variant)
            yield from _storage_problems(path, variant, config)
            yield from _scaling_problems(path, variant)
    names = [variant["VariantName"] for variant in all_variants(config)]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Problem(f"{_CONFIG}.ProductionVariants", f"has several variants of the name '{name}'")
    variants = variants_of(config)
    if variants and sum(variant.get("InitialVariantWeight", 1) for variant in variants) <= 0:
        yield Problem(f"{_CONFIG}.ProductionVariants", "has weights whose sum is 0, so nobody would answer")


def _instance_problems(path: str, variant: Document) -> Iterator[Problem]:
    if "ServerlessConfig" in variant:
        not_for_serverless = {
            "AcceleratorType",
            "InitialInstanceCount",
            "InstancePools",
            "InstanceType",
            "ManagedInstanceScaling",
            "VolumeSizeInGB",
        }
        for beside in sorted(variant.keys() & not_for_serverless):
            yield Problem(f"{path}.{beside}", "cannot be used with ServerlessConfig")
    elif "InstancePools" not in variant:
        for needed in ("InstanceType", "InitialInstanceCount"):
            if needed not in variant:
                yield Problem(f"{path}.{needed}", "is missing; a variant has either instances or a ServerlessConfig")


def _storage_problems(path: str, variant: Document, config: Document) -> Iterator[Problem]:
    for where, instance_type in instance_types(variant):
        if family(instance_type) not in LOCAL_STORAGE_FAMILIES:
            continue
        if "VolumeSizeInGB" in variant:
            yield Problem(
                f"{path}.VolumeSizeInGB",
                f"is not for {instance_type}, which has storage of its own and takes no volume; leave it out",
            )
        if config.get("KmsKeyId"):
            yield Problem(
                f"{_CONFIG}.KmsKeyId",
                f"does not encrypt the storage of {instance_type} ({path}.{where}), which hardware encrypts; "
                "leave it out, or use instances with volumes",
            )


def _scaling_problems(path: str, variant: Document) -> Iterator[Problem]:
    scaling = variant.get("ManagedInstanceScaling", {})
    if "ServerlessConfig" in variant or scaling.get("Status", "ENABLED" if scaling else "") != "ENABLED":
        return
    if "ModelName" in variant:
        yield Problem(
            f"{path}.ManagedInstanceScaling",
            "is for endpoints of inference components; scale this variant by Application Auto Scaling",
        )
