"""A person's answer counts, however long their comment is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.machine.approvals import APPROVAL, answer, start
from tests.machine.factories import deploy, request, serves

if TYPE_CHECKING:
    from local.virtual_time.world import World


@pytest.mark.parametrize("length", [1024, 1025, 20_000])
def test_approval_with_a_long_comment_is_an_approval(world: World, length: int) -> None:
    """The comment is cut, because it becomes part of an event."""
    deploy(world, "a")
    execution = start(world, request("b", **APPROVAL))

    answer(world, execution, "Approve", "x" * length)

    kept = world.bus[-1]["Approval"]["Comment"]
    assert (execution.states[-1], serves(world)) == ("Deployed", "b")
    assert kept == ("x" * 1024 if length == 1024 else "x" * 1023 + "…")
