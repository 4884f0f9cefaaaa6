"""How a deployment is taken back: the endpoint first, then its config, then the models."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from deployer.errors import DeploymentSupersededError, DeploymentTimedOutError, EndpointBusyError, PermanentError
from deployer.planning import WAITING_STATUSES
from deployer.rules import model_names

if TYPE_CHECKING:
    from deployer.hosting import Hosting
    from deployer.planning import Live, Plan

_PATIENCE = timedelta(hours=2)
"""How long an endpoint may take to go away, and how much older than the run a model may be that it has to undo."""

_CLOCK_SKEW = timedelta(minutes=5)

_CERTAIN = {error.__name__ for error in PermanentError.__subclasses__()}
"""After any other error, a call that seemed to fail may have had its effect, and that may not be visible yet."""

_TIMED_OUT = DeploymentTimedOutError.__name__
_SUPERSEDED = DeploymentSupersededError.__name__

_VISIBILITY_SECONDS = 120
"""How long what another run has just done may stay invisible; SageMaker publishes no figure."""


@dataclass(frozen=True, slots=True)
class Undoing:
    """What has to be taken back.

    Attributes:
        plan: What the run was going to do.
        sagemaker: The adapter, on behalf of the run.
        error: What the run failed with; None if it found that there was nothing to do after all.
        has_planned_again: Whether other runs are around, which may rely on what this one created.
        has_changed: Whether this run is known to have created or changed the endpoint.
    """

    plan: Plan
    sagemaker: Hosting
    error: str | None
    has_planned_again: bool
    has_changed: bool

    def step(self, now: datetime, before: dict[str, Any] | None) -> dict[str, Any]:
        """Take a step towards the account as it was before the run.

        After a timeout the endpoint stays as SageMaker has it. A revision that was live until a newer one came is
        history, and stays for as long as other revisions do.

        Args:
            now: What time it is.
            before: What this method returned last.

        Returns:
            `Done`, whether that was the last step; `Left`, the names of what stays behind because something uses it;
            `Until`, when patience ends; `PollSeconds`, when to take the next step.
        """
        if self.error is None and self.plan.live and self.plan.live.endpoint_config_name == self.plan.revision:
            # Another execution of the same request has deployed this revision.
            return self._report(now, is_done=True)
        is_certain = self.error is None or self.error in _CERTAIN
        if before is None and (self.has_planned_again or not is_certain):
            # What another run has just begun to rely on, or this one has just done, may not be visible yet.
            return self._report(now + _PATIENCE, is_done=False, seconds=_VISIBILITY_SECONDS)
        until = datetime.fromisoformat(before["Until"]) if before else now + _PATIENCE
        if not (self.error in {None, _TIMED_OUT} or now > until or self._settle_endpoint()):
            return self._report(until, is_done=False)
        left = [] if self.error == _SUPERSEDED else self._remove_unused()
        if left and self.has_planned_again and not (before and before["Left"]):
            # What uses it may be another run's, which is just being undone, too: look once more.
            return self._report(until, left, is_done=False, seconds=_VISIBILITY_SECONDS)
        return self._report(until, left, is_done=True)

    def _report(
        self, until: datetime, left: list[str] | None = None, *, is_done: bool, seconds: int = 0
    ) -> dict[str, Any]:
        pause = max(seconds, self.plan.poll_seconds)
        return {"Done": is_done, "Left": left or [], "Until": until.isoformat(), "PollSeconds": pause}

    def _settle_endpoint(self) -> bool:
        """Let the endpoint serve what it served before, if that was anything; tell whether all is settled."""
        plan, endpoint = self.plan, self.sagemaker.find_endpoint(self.plan.endpoint_name)
        if endpoint is None:
            return True
        if endpoint["EndpointConfigName"] != plan.revision:
            return bool(endpoint.get("PendingDeploymentSummary", {}).get("EndpointConfigName") != plan.revision)
        return self._gone(endpoint) if plan.live is None else self._gone_back(endpoint, plan.live)

    def _gone(self, endpoint: dict[str, Any]) -> bool:
        """Delete an endpoint that this run made, on the revision that it was made with."""
        if not self.sagemaker.made_by_this_execution(endpoint["EndpointArn"]):
            return True
        if endpoint["EndpointStatus"] not in WAITING_STATUSES:
            with suppress(EndpointBusyError):
                self.sagemaker.delete_endpoint(self.plan.endpoint_name)
        return False

    def _gone_back(self, endpoint: dict[str, Any], before: Live) -> bool:
        """Change an endpoint that serves this run's revision back to what it served before."""
        plan = self.plan
        if before.endpoint_config_name == plan.revision or not self._may_have_changed():
            return True
        if endpoint["EndpointStatus"] == "InService":
            with suppress(EndpointBusyError):
                self.sagemaker.go_back(plan.endpoint_name, before.endpoint_config_name, plan.retention)
            return False
        # Any other status than a passing one is for a person to get out of; the endpoint may still serve.
        return endpoint["EndpointStatus"] not in WAITING_STATUSES

    def _may_have_changed(self) -> bool:
        """Tell whether it was this run that changed the endpoint, and not another one of the same request."""
        return self.has_changed or (self.error not in _CERTAIN and self.sagemaker.made_revision(self.plan.revision))

    def _remove_unused(self) -> list[str]:
        """Delete the config and the models that this run created; return the names of those that something uses.

        What this run created can only be used by something that was made or changed after it, so that is all that has
        to be looked at.
        """
        plan, since = self.plan, self.plan.started_at - _CLOCK_SKEW
        left = [plan.revision] if self._may_be_there(self.sagemaker.find_endpoint_config(plan.revision)) else []
        if left and not self._is_attached(since):
            # It may have been created a moment ago, or not at all; deleting it by its name settles both.
            self.sagemaker.delete_endpoint_config(plan.revision)
            left = []
        return left + self._remove_unused_models(since, None if left else plan.revision)

    def _remove_unused_models(self, since: datetime, deleted_config: str | None) -> list[str]:
        sagemaker = self.sagemaker
        found = {model["ModelName"]: sagemaker.find_model(model["ModelName"]) for model in self.plan.models}
        models = {
            name: model
            for name, model in found.items()
            if self._may_be_there(model) and (model is None or _is_recent(model, since))
        }
        left = {name for name, model in models.items() if model and not self._is_unclaimed(model["ModelArn"])}
        if models.keys() - left:
            recent = [model["CreationTime"] for model in models.values() if model]
            left |= models.keys() & self._models_in_use(min([since, *recent]), deleted_config)
        for name in models.keys() - left:
            sagemaker.delete_model(name)
        return sorted(left)

    def _may_be_there(self, found: dict[str, Any] | None) -> bool:
        """Tell whether a resource that was looked up may exist: what was created just now may not be visible yet.

        A run that has planned again has waited since for everything to be visible.
        """
        return found is not None or not self.has_planned_again

    def _is_unclaimed(self, model_arn: str) -> bool:
        """Tell whether no other revision, older or newer, still relies on a model.

        One that has claimed the model and not yet made its config creates the model anew if it finds it gone.
        """
        claimant = self.sagemaker.revision_of(model_arn)
        return claimant == self.plan.revision or (
            claimant is not None and self.sagemaker.find_endpoint_config(claimant) is None
        )

    def _is_attached(self, since: datetime) -> bool:
        for endpoint in self.sagemaker.endpoints_changed_since(since):
            pending = endpoint.get("PendingDeploymentSummary", {}).get("EndpointConfigName")
            if self.plan.revision in {endpoint["EndpointConfigName"], pending}:
                return True
        return False

    def _models_in_use(self, since: datetime, deleted_config: str | None) -> set[str]:
        """Return the models of every config that was created since, but for the one that was just deleted."""
        return {
            name
            for config in self.sagemaker.configs_created_since(since)
            if config["EndpointConfigName"] != deleted_config
            for name in model_names(config)
        }


def _is_recent(model: dict[str, Any], since: datetime) -> bool:
    """Tell whether a model was created during this deployment, or during one that ran beside it."""
    return bool(model["CreationTime"] >= since - _PATIENCE)
