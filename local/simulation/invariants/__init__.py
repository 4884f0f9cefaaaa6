"""The invariants: pure functions over the recording of a scenario.

An invariant yields a line for each thing that it checks: empty if it holds there, or what is wrong. It may import the
recording, the names and tags of resources, and nothing else of how the deployer works.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.simulation.invariants import (
    alarms,
    approvals,
    drift,
    endings,
    error_handling,
    leftovers,
    order,
    outcomes,
    promotions,
    request_checks,
    scaling,
    serving,
    stored_bytes,
    sweeping,
    waiting,
    weights,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.simulation.recording import Recording

    Invariant = Callable[[Recording], Iterator[str]]

INVARIANTS: tuple[Invariant, ...] = (
    request_checks.planning_changes_nothing,
    request_checks.rejected_requests_have_no_effect,
    request_checks.dry_runs_change_nothing,
    request_checks.invalid_requests_are_rejected,
    request_checks.valid_requests_are_not_rejected,
    error_handling.only_known_errors_are_raised,
    error_handling.permanent_errors_are_not_retried,
    error_handling.retries_are_bounded,
    error_handling.failures_have_a_true_reason,
    order.older_requests_never_replace_newer_ones,
    order.endpoints_end_on_the_newest_request,
    order.copies_of_an_event_are_one_revision,
    order.revisions_go_live_once,
    serving.endpoints_keep_answering,
    serving.failed_revisions_do_not_stay_live,
    serving.runs_restore_their_own_changes,
    stored_bytes.answers_come_from_the_deployed_bytes,
    stored_bytes.stored_objects_never_change,
    outcomes.deployed_means_in_service_and_tested,
    outcomes.only_successes_are_marked_as_deployed,
    outcomes.success_means_the_requested_content,
    outcomes.nothing_to_do_means_already_live,
    outcomes.superseded_means_a_newer_request,
    outcomes.rolled_back_updates_are_failures,
    outcomes.final_requests_are_deployed,
    endings.executions_end_in_a_named_outcome,
    endings.outcomes_are_announced,
    endings.executions_are_bounded,
    endings.secrets_are_not_disclosed,
    waiting.events_end_waits,
    waiting.lost_events_cost_one_interval,
    waiting.waits_end_at_the_deadline,
    sweeping.nothing_in_use_is_swept,
    sweeping.only_own_resources_are_deleted,
    leftovers.unused_resources_are_swept,
    alarms.no_alarm_is_missing_while_it_guards,
    alarms.alarms_without_use_are_swept,
    scaling.registered_scaling_is_that_of_the_live_revision,
    weights.endpoints_have_the_weights_of_what_they_serve,
    weights.deployed_weights_took_effect,
    weights.failed_runs_leave_weights_as_they_were,
    weights.only_weights_are_changed_in_place,
    weights.weight_records_have_no_gaps,
    approvals.nothing_goes_live_without_its_approval,
    promotions.promotions_deploy_what_was_deployed,
    drift.drift_is_reported_by_the_next_sweep,
    drift.drift_is_never_false,
    drift.only_named_drift_is_repaired,
    endings.executions_keep_their_settings,
)
"""All of them, in the order of the guarantees in docs/reliability.md."""
