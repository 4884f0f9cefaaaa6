"""The promises, each a pure function over what was recorded of a story.

A promise yields a line for each thing that it looked at: empty if it holds there, or what is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.simulation.promises import ends, errors, order, outcomes, serving, tidiness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.simulation.recording import Recording

    Promise = Callable[[Recording], Iterator[str]]

PROMISES: tuple[Promise, ...] = (
    errors.planning_changes_nothing,
    errors.what_was_rejected_made_nothing,
    errors.wrong_requests_are_rejected,
    errors.good_requests_are_not_rejected,
    errors.every_error_is_known,
    errors.permanent_errors_are_not_tried_again,
    errors.tries_are_bounded,
    errors.failures_have_their_reason,
    order.an_older_request_never_replaces_a_newer_one,
    order.endpoints_end_on_the_newest_request,
    order.one_event_is_one_revision,
    order.a_revision_goes_live_once,
    serving.endpoints_keep_answering,
    serving.what_failed_is_not_live,
    outcomes.deployed_means_in_service_and_tested,
    outcomes.success_means_what_was_asked_for,
    outcomes.nothing_to_do_means_it_is_live,
    outcomes.superseded_means_there_is_something_newer,
    outcomes.the_next_good_request_is_deployed,
    tidiness.nothing_in_use_is_deleted,
    tidiness.only_what_is_ours_is_deleted,
    tidiness.no_object_is_written,
    tidiness.nothing_is_left_behind,
    tidiness.what_is_left_is_told_truly,
    tidiness.old_revisions_go,
    ends.every_execution_ends_in_a_named_outcome,
    ends.the_bus_is_told_the_outcome,
    ends.executions_are_bounded,
    ends.secrets_are_not_told,
)
"""All of them, in the order of the design's promises."""
