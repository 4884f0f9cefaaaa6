"""How an endpoint is restored after a deployment failed: it goes back to the config it had, or is deleted."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from deployer.errors import DeploymentSupersededError, DeploymentTimedOutError, EndpointBusyError, PermanentError
from deployer.planning.live import Live
from deployer.planning.plan import Action
from deployer.tags import DEPLOYED, EXECUTION_TAG, STACK_TAG, STATE_TAG

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deployer.aws.sagemaker import SageMaker
    from deployer.planning.plan import Plan

Document = dict[str, Any]

VISIBILITY_LAG = timedelta(seconds=120)
"""How long a replica may not show what was just done; SageMaker publishes no figure."""

DELETED = "deleted"
"""What is reported as restored if the endpoint was deleted."""

_TIME_LIMIT = timedelta(hours=2)
"""How long an endpoint may take to go back, or to go away."""

_SHORTEST_POLL_SECONDS, _LONGEST_POLL_SECONDS = 15, 60
_POLLS_PER_ELAPSED = 4

_CREATION_MARGIN = timedelta(minutes=1)
"""How much older than its config an endpoint may look that was created for it; any other one is older by minutes."""

_CONCLUSIVE_ERRORS = frozenset(error.__name__ for error in PermanentError.__subclasses__())
"""After any other error, a call that seemed to fail may have had its effect."""


class Step(Enum):
    """What is to be done next."""

    DONE = auto()
    LOOK_AGAIN = auto()
    REVERT = auto()
    DELETE = auto()


@dataclass(frozen=True, slots=True)
class View:
    """What one look at SageMaker shows, each part as the replica that answered sees it.

    Attributes:
        endpoint: The endpoint, as DescribeEndpoint has it; None if it cannot be found.
        config: The plan's endpoint config, where the endpoint has it; None if it cannot be found.
        tags: The tags of that endpoint config; empty if they cannot be seen.
        endpoint_tags: The endpoint's own tags, if deleting it comes into question.
    """

    endpoint: Document | None
    config: Document | None
    tags: Mapping[str, str]
    endpoint_tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Restoration:
    """The endpoint of a run that failed, and what the run did to it.

    Attributes:
        plan: What the run was going to do.
        error: The name of the error that it failed with.
        requested_at: When the endpoint had been changed last before SageMaker accepted this run's change; None if it
            is not known to have accepted any.
    """

    plan: Plan
    error: str
    requested_at: datetime | None

    @property
    def is_requested(self) -> bool:
        """Whether SageMaker is known to have accepted the run's CreateEndpoint or UpdateEndpoint."""
        return self.requested_at is not None

    @property
    def is_conclusive(self) -> bool:
        """Whether the error says for certain that the call that failed had no effect."""
        return self.error in _CONCLUSIVE_ERRORS

    @property
    def is_needless(self) -> bool:
        """Whether this run did not change the endpoint, or somebody else has changed it since."""
        return (self.is_conclusive and not self.is_requested) or self.error == DeploymentSupersededError.__name__

    def choose_step(self, view: View, *, is_lag_over: bool, has_acted: bool) -> Step:
        """Decide what to do about an endpoint.

        Args:
            view: What SageMaker shows of it.
            is_lag_over: Whether every replica shows by now what the run has done.
            has_acted: Whether an earlier step has begun to change or delete the endpoint.
        """
        live = Live.of(view.endpoint) if view.endpoint else None
        if live is None or not self.plan.is_attached_to(live):
            is_final = has_acted if live is None else self._is_after_change(live)
            is_unclear = live is not None and live.is_waiting and not live.pending_config_name
            return Step.DONE if (is_final or is_lag_over) and not is_unclear else Step.LOOK_AGAIN
        if self._is_under_way(live) or not (view.tags or is_lag_over):
            return Step.LOOK_AGAIN
        is_own = self.is_requested or view.tags.get(EXECUTION_TAG) == self.plan.execution
        if view.tags.get(STATE_TAG) == DEPLOYED or not is_own:
            return Step.DONE
        if live.is_waiting:
            return Step.LOOK_AGAIN
        if self.plan.previous:
            # Any other status is for a person to resolve: the endpoint may still serve.
            return Step.REVERT if live.status == "InService" else Step.DONE
        return self._choose_deletion(view, live, is_lag_over=is_lag_over)

    def _is_under_way(self, live: Live) -> bool:
        """Tell whether a change of an endpoint with the plan's revision is under way that is not somebody else's."""
        return live.is_waiting and live.pending_config_name in {"", self.plan.revision, self.plan.previous}

    def _is_after_change(self, live: Live) -> bool:
        """Tell whether an endpoint without the plan's revision is seen as of after the run changed it."""
        plan = self.plan
        if not plan.previous or live.config_name != plan.previous:
            return True
        return self.requested_at is None or live.modified_at > self.requested_at

    def _choose_deletion(self, view: View, live: Live, *, is_lag_over: bool) -> Step:
        if live.status not in {"InService", "Failed"} or not self._was_created_for_plan(view):
            return Step.DONE
        if not (view.endpoint_tags or is_lag_over):
            return Step.LOOK_AGAIN
        return Step.DELETE if view.endpoint_tags.get(STACK_TAG) == self.plan.stack else Step.DONE

    def _was_created_for_plan(self, view: View) -> bool:
        """Tell whether an endpoint has served nothing but the plan's revision.

        This run has created it, or it is younger than the endpoint config of the revision.
        """
        if self.is_requested and self.plan.action is Action.CREATE:
            return True
        if view.endpoint is None or view.config is None:
            return False
        return bool(view.endpoint["CreationTime"] >= view.config["CreationTime"] - _CREATION_MARGIN)

    def take_step(self, sagemaker: SageMaker, now: datetime, before: Document | None) -> Document:
        """Take one step towards an endpoint that rests as it was before the run.

        Args:
            sagemaker: The adapter, on behalf of the run.
            now: What time it is.
            before: What this method returned last; None the first time.

        Returns:
            `Done`; `PollSeconds`, when to take the next step; `Restored`, the endpoint config that the endpoint went
            back to, or `deleted`, or None if this run left it as it is; and what the next step needs.

        Raises:
            DeploymentTimedOutError: The endpoint does not rest within two hours.
        """
        since = datetime.fromisoformat(before["Since"]) if before else now
        target = before["Target"] if before else None
        report: Document = {"Done": False, "PollSeconds": _poll_seconds(now - since), "Restored": None}
        report |= {"Since": since.isoformat(), "Target": target}
        if self.is_needless:
            return {**report, "Done": True}
        if before is None and not self.is_conclusive:
            return {**report, "PollSeconds": int(VISIBILITY_LAG.total_seconds())}
        view = self._look(sagemaker)
        step = self.choose_step(view, is_lag_over=now - since >= VISIBILITY_LAG, has_acted=target is not None)
        if step is Step.DONE:
            return {**report, "Done": True, "Restored": target if target == _rests_at(view) else None}
        if now - since >= _TIME_LIMIT:
            status = view.endpoint["EndpointStatus"] if view.endpoint else "not to be seen"
            name = self.plan.endpoint_name
            raise DeploymentTimedOutError(f"Endpoint {name} is {status} two hours after {self.error}.")
        return {**report, "Target": self._act(sagemaker, step) or target}

    def _look(self, sagemaker: SageMaker) -> View:
        """Look at the endpoint, and at its config and tags only where the decision depends on them."""
        endpoint = sagemaker.find_endpoint(self.plan.endpoint_name)
        live = Live.of(endpoint) if endpoint else None
        if endpoint is None or live is None or not self.plan.is_attached_to(live) or self._is_under_way(live):
            return View(endpoint, None, {}, {})
        config = sagemaker.find_endpoint_config(self.plan.revision or "")
        tags = sagemaker.tags_of(config["EndpointConfigArn"]) if config else {}
        may_be_deleted = not self.plan.previous and not live.is_waiting
        return View(endpoint, config, tags, sagemaker.tags_of(endpoint["EndpointArn"]) if may_be_deleted else {})

    def _act(self, sagemaker: SageMaker, step: Step) -> str | None:
        """Begin what was decided; return what the endpoint will be when it is done."""
        plan = self.plan
        if step is Step.LOOK_AGAIN:
            return None
        with suppress(EndpointBusyError):
            if step is Step.REVERT:
                sagemaker.revert(plan.endpoint_name, plan.previous, plan.retention)
            else:
                sagemaker.delete_endpoint(plan.endpoint_name)
        return plan.previous or DELETED


def _rests_at(view: View) -> str:
    return Live.of(view.endpoint).config_name if view.endpoint else DELETED


def _poll_seconds(elapsed: timedelta) -> int:
    """Return the seconds until the next look: a quarter of the time gone by, within bounds."""
    seconds = int(elapsed.total_seconds()) // _POLLS_PER_ELAPSED
    return max(_SHORTEST_POLL_SECONDS, min(_LONGEST_POLL_SECONDS, seconds))
