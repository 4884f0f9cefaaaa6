"""The approval that a request asks for: a person has to agree before anything is deployed."""

from __future__ import annotations

from typing import Annotated

from pydantic import AliasGenerator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_pascal

MOST_HOURS = 24
"""For how long a person may be waited for; the state machine's own time limit leaves room for that."""


class ApprovalRule(BaseModel):
    """Whether a person has to approve the deployment, and how long that may take."""

    model_config = ConfigDict(alias_generator=AliasGenerator(alias=to_pascal), extra="forbid", frozen=True, strict=True)

    required: bool = True
    """Whether it is required; `false` does not lift what the stack's parameter ApprovalEndpoints requires."""
    timeout_hours: Annotated[int, Field(ge=1, le=MOST_HOURS)] = MOST_HOURS
    """Hours after which the execution ends as TimedOut, counted from its start."""
