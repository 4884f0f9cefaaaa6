"""Answers to smoke tests, and what is expected of them."""

from __future__ import annotations

import json
from typing import Any

from deployer.request.expectations import Answer
from deployer.request.smoke_test import Expect


def expect(**fields: Any) -> Expect:
    """Read an expectation as a request has it."""
    return Expect.model_validate(fields)


def answer(body: object, status_code: int = 200, latency_milliseconds: float = 1.0) -> Answer:
    """Build an answer; what is not text is JSON."""
    content = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Answer(status_code, content, latency_milliseconds)
