"""The approval of a deployment, as the execution's data hold it."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - pydantic reads the annotations
from typing import Annotated, Literal

from pydantic import AfterValidator

from deployer.planning.state_data import StateData


def _cut(length: int) -> AfterValidator:
    """Cut a text to a number of characters: a long one must not turn an approval into a rejection."""
    return AfterValidator(lambda text: text if len(text) <= length else f"{text[: length - 1]}…")


class Answer(StateData):
    """The answer to a request for approval."""

    decision: Literal["Approve", "Reject", "Supersede"]
    """`Supersede` is no person's answer: a newer request of the endpoint waits for approval, too."""
    by: Annotated[str, _cut(2048)] = ""
    """The person who answered, by their own statement, such as their ARN."""
    comment: Annotated[str, _cut(1024)] = ""
    """Why."""


class Approval(StateData):
    """The approval that a deployment needs, and the person's answer."""

    expires_at: datetime
    """When an answer has to be there."""
    previous: str | None = None
    """The endpoint config that the endpoint served when the approval was requested; None before that."""
    action: str = ""
    """The action that is to be approved."""
    is_announced: bool = False
    """Whether an event has requested the approval of this very change."""
    answer: Answer | None = None
    answered_at: datetime | None = None

    def to_json(self) -> bytes:
        """Write what is stored of it."""
        return self.model_dump_json(by_alias=True).encode()

    @property
    def begins_at(self) -> datetime:
        """When the time to deploy begins: with the answer, or at the latest when that has to be there."""
        return self.answered_at or self.expires_at
