"""A plan with everything that a plan can have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.planning.live_checks import COUNTS_STAY
from deployer.planning.revision_store import Copy, StoredData
from tests.unit.planning_samples import plan
from tests.unit.request_samples import percent, routing

if TYPE_CHECKING:
    from deployer.planning.plan import Plan

GUARDRAILS = {"BlueGreenUpdatePolicy": routing("CANARY", CanarySize=percent(10))}


def full_plan() -> Plan:
    """Build a plan that has all that a plan can have."""
    return plan(
        DeploymentConfig=GUARDRAILS,
        upload={"bucket": "artifacts", "key": "models/churn/model.tar.gz", "version": "v1"},
        previous_arn="arn:aws:sagemaker:us-east-1:111122223333:endpoint-config/old",
        retention=COUNTS_STAY,
    ).model_copy(
        update={
            "data": [StoredData(path="Models.m.PrimaryContainer.ModelDataUrl", uri="s3://b/k", version="v1", size=3)],
            "copies": [Copy(bucket="b", key="k", version="v1", size=3, target="revisions/churn/artifacts/1/k")],
        }
    )
