"""How a deployment is taken back: the endpoint first, then its config, then the models."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from deployer.errors import (
    DeploymentSupersededError,
    DeploymentTimedOutError,
    EndpointBusyError,
    PermanentError,
    SmokeTestFailedError,
)
from deployer.planning.plan import WAITING_STATUSES
from deployer.planning.revision import EXECUTION_TAG, REVISION_TAG, STACK_TAG
from deployer.request.rules import config_names

if TYPE_CHECKING:
    from deployer.aws.sagemaker import Hosting
    from deployer.cleanup.usage import Usage
    from deployer.planning.plan import Live, Plan

Resource = dict[str, Any]

_PATIENCE = timedelta(hours=2)
"""How long an endpoint may take to go away, and how much older than the run a model may be that ran beside it made."""

_CERTAIN = {error.__name__ for error in PermanentError.__subclasses__()}
"""After any other error, a call that seemed to fail may have had its effect, and that may not be visible yet."""

_TIMED_OUT = DeploymentTimedOutError.__name__
_SUPERSEDED = DeploymentSupersededError.__name__
_UNPROVEN = SmokeTestFailedError.__name__

_VISIBILITY_SECONDS = 120
"""How long what any run has just done may stay invisible; SageMaker publishes no figure."""


@dataclass(frozen=True, slots=True)
class Undoing:
    """What has to be taken back.

    Attributes:
        plan: What the run was going to do.
        sagemaker: The adapter, on behalf of the run.
        usage: What is in use.
        error: What the run failed with; None if it found that there was nothing to do after all.
        has_planned_again: Whether other runs are around, which may rely on what this one created.
        has_models: Whether this run is known to have created, or to have found, its models.
        has_config: The same of its endpoint config.
        has_changed: Whether it is known to have created or changed the endpoint.
    """

    plan: Plan
    sagemaker: Hosting
    usage: Usage
    error: str | None
    has_planned_again: bool
    has_models: bool
    has_config: bool
    has_changed: bool

    def step(self, now: datetime, before: dict[str, Any] | None) -> dict[str, Any]:
        """Take a step towards the account as it was before the run.

        After a timeout the endpoint stays as SageMaker has it, and so does one that another run has changed since: that
        run may go back to this one's revision, which is history, and stays for as long as other revisions do.

        Args:
            now: What time it is.
            before: What this method returned last.

        Returns:
            `Done`, whether that was the last step; `Left`, the names of what stays behind because something uses it;
            `Until`, when patience ends; `PollSeconds`, when to take the next step; `HasWaited`, whether that is for as
            long as anything may be invisible.
        """
        if self.error is None and self.plan.live and self.plan.live.endpoint_config_name == self.plan.revision:
            # Another execution of the same request has deployed this revision.
            return self._report(now, is_done=True)
        before = before or {"Until": (now + _PATIENCE).isoformat(), "HasWaited": False, "Left": []}
        until, has_waited = datetime.fromisoformat(before["Until"]), before["HasWaited"]
        if not (has_waited or self._is_seen_by_now()):
            return self._wait_until_seen(until)
        if self.error == _SUPERSEDED:
            # It may have been live for a moment, and the newer run may go back to it; or it may have failed.
            self.sagemaker.distrust(self.plan.revision)
            return self._report(until, is_done=True)
        if not (self.error in {None, _TIMED_OUT} or now > until or self._settle_endpoint()):
            return self._report(until, has_waited=has_waited)
        return self._step_of_removal(until, has_waited=has_waited, has_left=bool(before["Left"]))

    def _step_of_removal(self, until: datetime, *, has_waited: bool, has_left: bool) -> dict[str, Any]:
        config, models = self._look_up()
        if not (has_waited or self._is_all_seen(config, models)):
            return self._wait_until_seen(until)
        claimants = self._claimants(models)
        # Looked up once: the next replica may not see what this one has.
        missing = {name for name in {*claimants.values()} - {"", self.plan.revision} if self._is_missing(name)}
        claims = {name: claimant for name, claimant in claimants.items() if claimant not in missing}
        if len(claims) < len(claimants) and not has_left:
            # Who has claimed these is about to make the config, or gone.
            return self._wait_until_seen(until, sorted(claimants.keys() - claims.keys()))
        left = self._remove_unused(config, models, claims)
        is_seen_in_use = self.plan.revision in left and self.error != _TIMED_OUT
        if left and (self.has_planned_again or is_seen_in_use) and not has_left:
            # What uses it may be another run's, which is just being undone, too; or a replica still shows the endpoint
            # as it was before this run took it back. Look once more.
            return self._wait_until_seen(until, left)
        return self._report(until, left, is_done=True)

    def _wait_until_seen(self, until: datetime, left: list[str] | None = None) -> dict[str, Any]:
        """Wait for what is invisible; for twice as long where another run waits first, before it uses what is left."""
        seconds = 2 * _VISIBILITY_SECONDS if left else _VISIBILITY_SECONDS
        return {**self._report(until, left, has_waited=True), "PollSeconds": max(seconds, self.plan.poll_seconds)}

    def _report(
        self, until: datetime, left: list[str] | None = None, *, is_done: bool = False, has_waited: bool = False
    ) -> dict[str, Any]:
        return {
            "Done": is_done,
            "Left": left or [],
            "Until": until.isoformat(),
            "PollSeconds": self.plan.poll_seconds,
            "HasWaited": has_waited,
        }

    def _is_seen_by_now(self) -> bool:
        """Tell whether all that this run and others have done to the endpoint can be seen.

        A smoke test that failed has seen the endpoint on the revision; what fails it should not serve for longer.
        """
        if self.has_planned_again or not (self.error is None or self.error in _CERTAIN):
            return False
        return not self.has_changed or self.error == _UNPROVEN

    def _look_up(self) -> tuple[Resource | None, dict[str, Resource | None]]:
        """Return the config and the models, by name, as far as they can be seen; of the models only this deployer's."""
        sagemaker = self.sagemaker
        config = self._tagged(sagemaker.find_endpoint_config(self.plan.revision), "EndpointConfigArn")
        names = [model["ModelName"] for model in self.plan.models]
        models = {name: self._tagged(sagemaker.find_model(name), "ModelArn") for name in names}
        return config, {name: model if model and model["Tags"] else None for name, model in models.items()}

    def _tagged(self, found: Resource | None, arn: str) -> Resource | None:
        """Add a resource's tags; none if the stack's is missing, and so it is not ours, or they cannot be seen yet."""
        tags = self.sagemaker.tags_of(found[arn]) if found else {}
        return {**found, "Tags": tags if STACK_TAG in tags else {}} if found else None

    def _is_all_seen(self, config: Resource | None, models: dict[str, Resource | None]) -> bool:
        """Tell whether everything was found that this run may have created a moment ago."""
        misses_config = self.has_config and not (config and config["Tags"])
        misses_models = (self.has_models or len(models) > 1) and None in models.values()
        return not (misses_config or misses_models)

    def _settle_endpoint(self) -> bool:
        """Let the endpoint serve what it served before, if that was anything; tell whether all is settled."""
        plan, endpoint = self.plan, self.sagemaker.find_endpoint(self.plan.endpoint_name)
        if endpoint is None:
            return True
        if endpoint["EndpointConfigName"] != plan.revision:
            return plan.revision not in config_names(endpoint)
        if self.error != _UNPROVEN and self._is_another_runs():
            return True
        return self._gone(endpoint) if plan.live is None else self._gone_back(endpoint, plan.live)

    def _is_another_runs(self) -> bool:
        """Tell whether another execution of the same request has claimed the revision, and so goes on with it."""
        config = self._tagged(self.sagemaker.find_endpoint_config(self.plan.revision), "EndpointConfigArn")
        return bool(config and config["Tags"] and config["Tags"].get(EXECUTION_TAG) != self.plan.execution)

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

    def _remove_unused(
        self, config: Resource | None, models: dict[str, Resource | None], claims: dict[str, str]
    ) -> list[str]:
        """Delete the config and the models that this run created; return the names of those that something uses."""
        plan, left = self.plan, []
        if config is not None:
            is_own = config["Tags"].get(EXECUTION_TAG) == plan.execution
            if is_own and not self.usage.configs_in_use({plan.revision: config}):
                self.sagemaker.delete_endpoint_config(plan.revision)
            else:
                left.append(plan.revision)
        gone = set() if left else {plan.revision}
        found = {name: model for name, model in models.items() if model}
        # Who has claimed a model and not yet made its config creates it anew on finding it gone.
        free = {name: model for name, model in found.items() if name not in claims or claims[name] in gone}
        unused = free.keys() - self.usage.models_in_use(free, but=gone)
        for name in sorted(unused):
            self.sagemaker.delete_model(name)
        # That an older one stays is as it was before.
        return left + sorted(name for name in found.keys() - unused if self._is_recent(found[name]))

    def _claimants(self, models: dict[str, Resource | None]) -> dict[str, str]:
        """Return the models that other runs rely on, each with the revision that does; it may be this one."""
        tags = {name: model["Tags"] for name, model in models.items() if model}
        others = {name: each for name, each in tags.items() if each.get(EXECUTION_TAG) != self.plan.execution}
        return {name: each.get(REVISION_TAG, "") for name, each in others.items()}

    def _is_missing(self, config_name: str) -> bool:
        return self.sagemaker.find_endpoint_config(config_name) is None

    def _is_recent(self, model: Resource) -> bool:
        """Tell whether a model was created during this deployment, or during one that ran beside it."""
        return bool(model["CreationTime"] >= self.plan.started_at - _PATIENCE)
