"""The parameters that limit KMS keys and instances, as PlanDeployment reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deployer.planning.settings import Settings

if TYPE_CHECKING:
    from deployer.request.allowances import Allowances

KEYS = ("arn:aws:kms:us-east-1:111122223333:key/a", "arn:aws:kms:us-east-1:111122223333:key/b")


def allowances(**changed: Any) -> Allowances:
    """Read the allowances of a stack."""
    values = {
        "account_id": "111122223333",
        "stack_name": "test",
        "artifact_bucket": "artifacts",
        "artifact_prefix": "models/",
        "execution_role_arn": "arn:aws:iam::111122223333:role/r",
        "default_instance_type": "ml.m5.large",
    }
    return Settings.model_validate({**values, **changed}).allowances


def test_keys_and_instances_are_limited_as_the_parameters_say() -> None:
    """The stack's own default instance type is always allowed."""
    found = allowances(allowed_kms_key_arns=", ".join(KEYS), allowed_instance_types="ml.c5.*", max_instance_count="10")

    assert found.kms_keys == KEYS
    assert (found.instance_patterns, found.most_instances) == (("ml.c5.*", "ml.m5.large"), 10)


def test_stack_without_limits_allows_any_instances_and_no_key() -> None:
    found = allowances(allowed_kms_key_arns="", allowed_instance_types="")

    assert (found.kms_keys, found.instance_patterns, found.most_instances) == ((), (), 0)
