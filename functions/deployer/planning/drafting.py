"""How a request becomes a plan: its content is settled once, and then compared with the endpoint as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployer.errors import InvalidRequestError
from deployer.planning.history import content_again, older, own_tags
from deployer.planning.live_checks import (
    alarm_names,
    alarm_problems,
    live_problems,
    retention,
    scaling_problems,
)
from deployer.planning.names import Revision
from deployer.planning.plan import WAITING_STATUSES, Action, decide
from deployer.planning.revision import EXECUTION_TAG, REVISION_TAG, STACK_TAG, UNPROVEN_TAG, compose, existing_models
from deployer.request.rules import is_serverless, model_names, variants_of
from deployer.request.service_model import Problem, reject
from deployer.request.smoke_test import problems_of

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from deployer.aws.monitoring import Monitoring
    from deployer.aws.sagemaker import Hosting
    from deployer.planning.plan import Live, Plan
    from deployer.planning.revision import Content, Defaults
    from deployer.planning.triggers import Received
    from deployer.request.allowances import Allowances
    from deployer.request.model import DeploymentRequest


@dataclass(frozen=True, slots=True)
class Drafting:
    """What plans are made with.

    Attributes:
        sagemaker: The adapter of SageMaker.
        monitoring: The adapter of what watches and scales endpoints.
        defaults: What the stack fills in.
        allowances: What requests may name.
        stack_name: The stack, for the tags.
    """

    sagemaker: Hosting
    monitoring: Monitoring
    defaults: Defaults
    allowances: Allowances
    stack_name: str

    def settled(self, plan: Plan, received: Received, now: datetime) -> Plan:
        """Settle what the plan's revision is made of.

        Raises:
            InvalidRequestError: The request asks for what cannot be had.
        """
        request = received.request
        plan = plan.model_copy(
            update={
                "deployment_config": request.deployment_config,
                "is_retention_asked_for": request.retain_all_variant_properties,
                "excluded_from_retention": request.exclude_retained_variant_properties,
                "smoke_test": request.smoke_test and request.smoke_test.model_dump(mode="json", by_alias=True),
            }
        )
        if request.rollback:
            return self._rolled_back(plan, request, now)
        self._check_existing_models(request)
        tags = {EXECUTION_TAG: plan.execution, STACK_TAG: self.stack_name}
        content = compose(request, plan.requested_at, self.defaults, received.sources, tags)
        return self._with_content(plan, request, content)

    def decided(self, plan: Plan, now: datetime) -> Plan:
        """Look at the endpoint, and decide what the plan's revision means for it.

        Raises:
            InvalidRequestError: The endpoint cannot be changed in this way.
            EndpointFailedError: The endpoint cannot be changed at all.
        """
        live = self.sagemaker.find_live(plan.endpoint_name)
        if live and live.is_unproven and not live.is_being_proven(now) and plan.is_carried_out_by(live):
            # Whoever attached this revision, this run without learning of it or one that was stopped, left the proof.
            return plan.model_copy(update={"action": Action.RESUME})
        plan = plan.model_copy(update={"action": decide(plan.wanted, plan.endpoint_name, live, now), "live": live})
        attached = None
        if live and plan.action is Action.UPDATE:
            attached = self.sagemaker.find_endpoint_config(live.endpoint_config_name)
        return self._checked_against(plan, attached) if attached else plan

    def _with_content(self, plan: Plan, request: DeploymentRequest, content: Content) -> Plan:
        config = content.endpoint_config
        if request.smoke_test:
            reject(problems_of(request.smoke_test, config))
            config = {**config, "Tags": [*config["Tags"], {"Key": UNPROVEN_TAG, "Value": "true"}]}
        return plan.model_copy(
            update={
                "revision": content.revision.name,
                "models": content.models,
                "endpoint_config": config,
                "tags": content.tags,
            }
        )

    def _check_existing_models(self, request: DeploymentRequest) -> None:
        reject(
            Problem(path, f"'{name}' is neither a key of Models nor a model in SageMaker")
            for path, name in existing_models(request)
            if self.sagemaker.find_model(name) is None
        )

    def _checked_against(self, plan: Plan, attached: dict[str, Any]) -> Plan:
        """Check a plan against the config that the endpoint has, and what is watching and scaling it."""
        names = [variant["VariantName"] for variant in variants_of(attached)]
        scaled = set() if is_serverless(attached) else self.monitoring.scaled_variants(plan.endpoint_name, names)
        alarms = self.monitoring.alarm_states(alarm_names(plan.deployment_config))
        counts_stay = plan.is_retention_asked_for is None
        reject(
            [
                *live_problems(plan.endpoint_config, attached, plan.deployment_config),
                *alarm_problems(plan.deployment_config, alarms),
                *scaling_problems(plan.endpoint_config, attached, scaled, counts_stay=counts_stay),
            ]
        )
        kept = retention(plan.is_retention_asked_for, plan.excluded_from_retention, scaled)
        return plan.model_copy(update={"retention": kept})

    def _rolled_back(self, plan: Plan, request: DeploymentRequest, now: datetime) -> Plan:
        """Settle on what an earlier revision held; which one that is can only be told while the endpoint rests."""
        live = self.sagemaker.find_live(plan.endpoint_name)
        if live is None:
            raise InvalidRequestError(f"Rollback: there is no endpoint {plan.endpoint_name}")
        if live.endpoint_status in WAITING_STATUSES or live.is_being_proven(now):
            return plan.model_copy(update={"action": Action.WAIT, "live": live})
        if request.rollback is True and live.endpoint_status == "InService":
            newest, moment = live.revision(plan.endpoint_name), plan.requested_at.replace(microsecond=0)
            if newest and newest.requested_at >= moment:
                action = Action.NOTHING_TO_DO if self._is_rolled_back(plan, newest, moment) else Action.SUPERSEDED
                return plan.model_copy(update={"action": action, "live": live})
        config = self._earlier_config(plan, request.rollback, live)
        tags = self.sagemaker.tags_of(config["EndpointConfigArn"])
        earlier = Revision.parse(plan.endpoint_name, config["EndpointConfigName"])
        if earlier is None:
            raise ValueError(f"{config['EndpointConfigName']} is no revision of {plan.endpoint_name}")
        revision = earlier.requested_again(plan.requested_at)
        ours = {EXECUTION_TAG: plan.execution, STACK_TAG: self.stack_name, REVISION_TAG: revision.name}
        content = content_again(revision, config, self._own_models(config), {**own_tags(tags), **ours})
        # What the stack allowed then it may not allow any more.
        models = {model["ModelName"]: model for model in content.models}
        reject(self.allowances.broken({"Models": models, "EndpointConfig": content.endpoint_config}))
        plan = plan.model_copy(update={"source": earlier.name} if request.rollback is True else {})
        return self._with_content(plan, request, content)

    def _is_rolled_back(self, plan: Plan, newest: Revision, moment: datetime) -> bool:
        """Tell whether the newest revision is what this request has brought back: old content, as of its moment."""
        revisions = self.sagemaker.revisions(plan.endpoint_name).values()
        is_old = any(each.digest == newest.digest and each.order < newest.order for each in revisions)
        return newest.requested_at == moment and is_old

    def _earlier_config(self, plan: Plan, rollback: bool | str, live: Live) -> dict[str, Any]:  # noqa: FBT001
        """Find the revision to go back to: the named one, or the newest proven one from before the live one."""
        revisions = self.sagemaker.revisions(plan.endpoint_name)
        if isinstance(rollback, str):
            config = self.sagemaker.find_endpoint_config(rollback) if rollback in revisions else None
            if config is None or not self._is_ours(config["EndpointConfigArn"]):
                there_are = ", ".join(revisions) or "none"
                raise InvalidRequestError(f"Rollback: there is no revision {rollback}; there are: {there_are}")
            return config
        attached = Revision.parse(plan.endpoint_name, live.endpoint_config_name)
        if attached is None:
            raise InvalidRequestError(
                f"Rollback: the endpoint has {live.endpoint_config_name}, which this deployer did not make; "
                "name the revision to go back to"
            )
        for name in older(revisions, attached):
            config = self.sagemaker.find_endpoint_config(name)
            tags = self.sagemaker.tags_of(config["EndpointConfigArn"]) if config else {}
            if config and tags.get(STACK_TAG) == self.stack_name and UNPROVEN_TAG not in tags:
                return config
        raise InvalidRequestError(f"Rollback: there is no revision before {attached.name}")

    def _own_models(self, config: dict[str, Any]) -> list[dict[str, Any]]:
        """Describe the models of a config that this deployer made."""
        models = []
        for name in model_names(config):
            model = self.sagemaker.find_model(name)
            if model is None:
                raise InvalidRequestError(f"Rollback: {name}, a model of {config['EndpointConfigName']}, is gone")
            if self._is_ours(model["ModelArn"]):
                models.append(model)
        return models

    def _is_ours(self, arn: str) -> bool:
        return self.sagemaker.tags_of(arn).get(STACK_TAG) == self.stack_name
