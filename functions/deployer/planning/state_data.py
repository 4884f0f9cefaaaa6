"""The base class of the parts of an execution's data and of stored requests."""

from __future__ import annotations

from pydantic import AliasGenerator, BaseModel, ConfigDict
from pydantic.alias_generators import to_pascal


class StateData(BaseModel):
    """Part of an execution's data or of a stored request, in PascalCase as the words of SageMaker's API."""

    model_config = ConfigDict(
        alias_generator=AliasGenerator(alias=to_pascal), populate_by_name=True, frozen=True, extra="forbid"
    )
