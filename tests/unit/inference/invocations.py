"""Invocations of an endpoint, and what the runtime answers."""

from __future__ import annotations

from typing import Any

from deployer.aws.inference import Inference
from deployer.request.smoke_test import SmokeTest

TEST = SmokeTest.model_validate({"ContentType": "text/csv", "Body": "1,2"})


def invoke(client: Any, test: SmokeTest = TEST) -> Any:
    """Invoke the endpoint."""
    return Inference(client).invoke("churn", test, (test.body or "").encode())


NOT_FOUND = "Endpoint churn of account 111122223333 not found."
