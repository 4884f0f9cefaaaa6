"""Restores an endpoint after a failed deployment: changes it back to its previous revision, or deletes it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING

from deployer import clock
from deployer.cleanup.put_back_weights import put_back_weights
from deployer.cleanup.restore_view import View, is_under_way, look
from deployer.errors import (
    ChangeUncertainError,
    DeploymentSupersededError,
    DeploymentTimedOutError,
    EndpointBusyError,
    PermanentError,
)
from deployer.json_document import Document
from deployer.planning.plan import Action
from deployer.tags import DEPLOYED, EXECUTION_TAG, STACK_TAG, STATE_TAG

if TYPE_CHECKING:
    from collections.abc import Callable

    from deployer.aws.sagemaker import SageMaker
    from deployer.planning.plan import Plan
    from deployer.planning.weight_record import WeightRecord

VISIBILITY_LAG = timedelta(seconds=120)
"""The longest replica lag that is expected; SageMaker publishes no figure."""

DELETED = "deleted"
"""Reported in place of the restored config if the endpoint was deleted."""

_TIME_LIMIT = timedelta(hours=2)
_CREATION_MARGIN = timedelta(minutes=1)
_SHORTEST_POLL, _LONGEST_POLL = timedelta(seconds=15), timedelta(seconds=60)

_CONCLUSIVE_ERRORS = frozenset(
    error.__name__ for error in PermanentError.__subclasses__() if error is not ChangeUncertainError
)
"""Errors after which the failed call certainly had no effect; after any other error it may have had one."""


class Step(Enum):
    """The next step of a restoration."""

    DONE = auto()
    LOOK_AGAIN = auto()
    REVERT = auto()
    DELETE = auto()


@dataclass(frozen=True, slots=True)
class Restoration:
    """The endpoint of a run that failed, and what the run did to it.

    Attributes:
        plan: The plan of the run.
        error: The name of the error of the run.
        requested_at: When SageMaker had accepted this run's change; None if it is not known to have accepted any.
    """

    plan: Plan
    error: str
    requested_at: datetime | None

    @property
    def is_conclusive(self) -> bool:
        """Whether the error shows that the failed call had no effect."""
        return self.error in _CONCLUSIVE_ERRORS

    @property
    def is_needless(self) -> bool:
        """Whether this run did not change the endpoint, or somebody else has changed it since."""
        # A change of weights is recorded before it is asked for.
        is_begun = self.requested_at is not None or self.plan.action is Action.UPDATE_WEIGHTS
        is_unchanged = self.is_conclusive and not is_begun
        return is_unchanged or self.error == DeploymentSupersededError.__name__

    def choose_step(self, view: View, *, is_lag_over: bool, acted_at: datetime | None) -> Step:
        """Decide what to do about an endpoint.

        Args:
            view: What SageMaker shows of it.
            is_lag_over: Whether every replica shows the run's changes by now.
            acted_at: When an earlier step began to change the endpoint back or to delete it, or first saw it being
                changed back; None if none has.
        """
        live = view.live
        if view.endpoint is None or live is None:
            return Step.DONE if acted_at or is_lag_over else Step.LOOK_AGAIN
        if view.lacks_weights:
            return Step.REVERT
        if not self.plan.is_attached_to(live):
            has_changed = self.requested_at is None or live.modified_at > self.requested_at
            is_as_before = live.config_name == self.plan.previous and not has_changed
            has_unknown_target = live.is_waiting and not live.pending_config_name
            is_final = (is_lag_over or not is_as_before) and not has_unknown_target
            return Step.DONE if is_final else Step.LOOK_AGAIN
        if is_under_way(self.plan, live) or not (view.tags or is_lag_over):
            return Step.LOOK_AGAIN
        is_tagged = view.tags.get(EXECUTION_TAG) == self.plan.execution
        # After a change back another run of the same request may deploy the revision again. What has not changed since
        # is what a lagging replica shows.
        is_new = acted_at is not None and live.modified_at > acted_at
        is_own = is_tagged or (self.requested_at is not None and not is_new)
        if view.tags.get(STATE_TAG) == DEPLOYED or not is_own:
            return Step.DONE
        return Step.LOOK_AGAIN if live.is_waiting else self._choose_change(view.endpoint, view, is_lag_over=is_lag_over)

    def _choose_change(self, endpoint: Document, view: View, *, is_lag_over: bool) -> Step:
        """Decide what to do about an endpoint that rests on the plan's undeployed revision, or has failed on it."""
        status = endpoint["EndpointStatus"]
        if self.plan.previous:
            # Any other status is for a person to resolve: the endpoint may still serve.
            return Step.REVERT if status == "InService" else Step.DONE
        is_created = self.plan.action is Action.CREATE and self.requested_at is not None
        # An endpoint that is older than the config by minutes has served something else.
        is_young = view.config and endpoint["CreationTime"] >= view.config["CreationTime"] - _CREATION_MARGIN
        if status not in {"InService", "Failed"} or not (is_created or is_young):
            return Step.DONE
        if not (view.endpoint_tags or is_lag_over):
            return Step.LOOK_AGAIN
        return Step.DELETE if view.endpoint_tags.get(STACK_TAG) == self.plan.stack else Step.DONE

    def _is_going_back(self, view: View) -> bool:
        """Return whether the endpoint is being changed from the plan's revision back to the config it had before."""
        live = view.live
        return (
            live is not None
            and live.config_name == self.plan.revision
            and live.pending_config_name == self.plan.previous != ""
        )

    def take_step(
        self,
        sagemaker: SageMaker,
        record: WeightRecord,
        now: datetime,
        before: Document | None,
        prepare_change: Callable[[], object] = lambda: None,
    ) -> Document:
        """Take one step towards the endpoint's state before the run, given what time it is.

        Args:
            sagemaker: The adapter of SageMaker.
            record: The record of weights.
            now: The current time.
            before: The result of the last step; None for the first one.
            prepare_change: Called before the endpoint is changed back to its previous config.

        Returns:
            `Done`; `PollSeconds`, when to take the next step; `Restored`, what the endpoint went back to: a revision,
            `deleted`, or None if this run left it as it is; and what the next step needs.

        Raises:
            DeploymentTimedOutError: The endpoint does not rest within two hours.
        """
        report = {"Since": now.isoformat(), "ActedAt": None, **(before or {}), "Done": False, "Restored": None}
        elapsed = now - datetime.fromisoformat(report["Since"])
        acted_at = datetime.fromisoformat(report["ActedAt"]) if report["ActedAt"] else None
        is_first_wait = before is None and not self.is_conclusive
        report["PollSeconds"] = VISIBILITY_LAG // timedelta(seconds=1) if is_first_wait else _poll_seconds(elapsed)
        if self.is_needless or is_first_wait:
            return {**report, "Done": self.is_needless}
        view = look(self.plan, sagemaker, record)
        step = self.choose_step(view, is_lag_over=elapsed >= VISIBILITY_LAG, acted_at=acted_at)
        if step is Step.DONE:
            return {**report, "Done": True, "Restored": self._restored_to(view) if acted_at else None}
        self._check_time(elapsed, view)
        with suppress(EndpointBusyError):
            self._begin(step, view, sagemaker, record, prepare_change)
        is_begun = acted_at is None and (step is not Step.LOOK_AGAIN or self._is_going_back(view))
        return {**report, "ActedAt": clock.now().isoformat()} if is_begun else report

    def _begin(
        self,
        step: Step,
        view: View,
        sagemaker: SageMaker,
        record: WeightRecord,
        prepare_change: Callable[[], object],
    ) -> None:
        """Begin to delete the endpoint, or to change it back: to its previous config, or only to its weights."""
        if step is Step.DELETE:
            sagemaker.delete_endpoint(self.plan.endpoint_name)
        elif step is Step.REVERT and self.plan.has_shared_base and view.is_on(self.plan.base):
            put_back_weights(self.plan, sagemaker, record)
        elif step is Step.REVERT:
            prepare_change()
            sagemaker.revert(self.plan.endpoint_name, self.plan.previous, self.plan.retention)

    def _restored_to(self, view: View) -> str | None:
        """Return the endpoint config that the endpoint is back on, or `deleted`; None if it is on another one."""
        target = self.plan.previous or DELETED
        rests_at = view.live.config_name if view.live else DELETED
        return target if rests_at == target else None

    def _check_time(self, elapsed: timedelta, view: View) -> None:
        if elapsed >= _TIME_LIMIT:
            state = view.endpoint["EndpointStatus"] if view.endpoint else "not to be seen"
            message = f"Endpoint {self.plan.endpoint_name} is {state} two hours after {self.error}."
            raise DeploymentTimedOutError(message)


def _poll_seconds(elapsed: timedelta) -> int:
    """Return the seconds until the next look: a quarter of the time since the start, within bounds."""
    return max(_SHORTEST_POLL, min(_LONGEST_POLL, elapsed / 4)) // timedelta(seconds=1)
