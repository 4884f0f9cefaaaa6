"""A run whose endpoint config a later run has given other weights takes nothing of that for its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from local.simulation.account_state import at
from local.simulation.runner import run_scenario
from local.simulation.served_revisions import weight_entry
from tests.machine.weight_scenarios import (
    broken_below_other_weights,
    created_again_on_its_base,
    redriven_after_other_weights,
    updated_back_to_its_base,
    weights_beside_an_update,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.simulation.scenario import Scenario
    from local.virtual_time.world import World


def test_redriven_run_is_superseded_by_other_weights(make_world: Callable[..., World]) -> None:
    """Its config is in service, with the weights of a later request."""
    recording = run_scenario(redriven_after_other_weights(0), make_world)

    first, second = recording.runs[:2]
    assert [first.outcome, second.outcome] == ["Superseded", "Deployed"]


def test_smoke_test_under_other_weights_is_not_the_runs_own(make_world: Callable[..., World]) -> None:
    """The answers come from what a later request deployed."""
    recording = run_scenario(redriven_after_other_weights(1), make_world)

    first, second = recording.runs[:2]
    assert [first.outcome, second.outcome] == ["TimedOut", "Deployed"]


def test_failed_run_does_not_delete_an_endpoint_with_other_weights(make_world: Callable[..., World]) -> None:
    """It created the endpoint, and a later request was deployed on it since."""
    recording = run_scenario(broken_below_other_weights(0), make_world)

    first, second = recording.runs[:2]
    assert (first.error, second.outcome) == ("SmokeTestFailedError", "Deployed")
    assert at(recording.served_writes, recording.settled).endpoints_on(second.revision) == ["churn"]


@pytest.mark.parametrize(
    "make", [created_again_on_its_base, updated_back_to_its_base], ids=["deleted by a person", "replaced by a person"]
)
def test_late_copy_of_a_request_whose_config_has_other_weights_is_superseded(
    make_world: Callable[..., World], make: Callable[[int], Scenario]
) -> None:
    """The record would say that its config has the later weights, and the endpoint would have the earlier ones."""
    recording = run_scenario(make(0), make_world)

    outcomes = {run.name: run.outcome for run in recording.runs}
    assert outcomes["first.1"] == "Superseded"
    assert outcomes["again.0"] == "Deployed"


def test_change_of_weights_that_another_update_refuses_is_taken_out_of_the_record(
    make_world: Callable[..., World],
) -> None:
    """The update goes back to the config whose weights were to be changed, and that has those of before."""
    recording = run_scenario(weights_beside_an_update(4), make_world)

    first, update, weights = recording.runs[:3]
    entries = [json.loads(each.content or b"") for each in recording.object_writes if weight_entry(each)]
    assert [first.outcome, update.outcome, weights.outcome] == ["Deployed", "Failed", "Deployed"]
    assert [each["Revision"] for each in entries] == [weights.revision, first.revision, weights.revision]
