"""The context that a handler is called with."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from local.virtual_time.functions import Context

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def lambda_context(function_name: str) -> LambdaContext:
    """Build the context of an invocation of a function."""
    return cast("LambdaContext", Context(function_name, "1"))
