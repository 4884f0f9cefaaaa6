"""How old revisions go: the newest stay, and so does everything that anything uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deployer.planning.history import retired
from deployer.planning.names import Revision
from deployer.planning.revision import REVISION_TAG, STACK_TAG
from deployer.request.rules import config_names, model_names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deployer.aws.sagemaker import Hosting
    from deployer.cleanup.usage import Usage
    from deployer.planning.plan import Plan

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Retiring:
    """What may be retired after a deployment.

    Attributes:
        plan: The deployment that has just succeeded.
        sagemaker: The adapter, on behalf of the run.
        usage: What is in use.
        stack_name: The stack whose resources may go.
        retained: How many revisions of the endpoint stay, the live one counted.
    """

    plan: Plan
    sagemaker: Hosting
    usage: Usage
    stack_name: str
    retained: int

    def retire(self) -> list[str]:
        """Delete what is too old and in no use: models first, so that a run that breaks off leaves none behind.

        Returns:
            The names of the models and endpoint configs that went.
        """
        old = self._too_old()
        attached = self.usage.configs_in_use(old)
        configs = [config for name, config in old.items() if name not in attached]
        names = {config["EndpointConfigName"] for config in configs}
        found = {name: self.sagemaker.find_model(name) for name in _models_of(configs)}
        models = {name: model for name, model in found.items() if model and self._is_ours(model["ModelArn"])}
        used = self.usage.models_in_use(models, but=names)
        claimed = {name for name, model in models.items() if self._is_claimed_by_newer(model["ModelArn"])}
        # A newer run is about to use such a model. It goes with its config, when a later run retires that.
        going = [config for config in configs if not claimed & set(_models_of([config]))]
        gone = [name for name in _models_of(going) if name in models and name not in used | claimed]
        for name in gone:
            self.sagemaker.delete_model(name)
        for config in going:
            self.sagemaker.delete_endpoint_config(config["EndpointConfigName"])
            gone.append(config["EndpointConfigName"])
        return gone

    def _too_old(self) -> dict[str, Document]:
        """Describe the revisions that are beyond retention, by name."""
        plan, sagemaker = self.plan, self.sagemaker
        endpoint = sagemaker.find_endpoint(plan.endpoint_name)
        # A replica may still show what it had before.
        own = {plan.revision, *((plan.live.endpoint_config_name,) if plan.live else ())}
        if endpoint is None or endpoint["EndpointConfigName"] not in own:
            # The endpoint has been changed since. Whoever does so, retires what is old then.
            return {}
        kept = own | config_names(endpoint)
        names = retired(sagemaker.revisions(plan.endpoint_name), plan.wanted, self.retained, kept)
        found = {name: sagemaker.find_endpoint_config(name) for name in names}
        return {name: config for name, config in found.items() if config and self._is_ours(config["EndpointConfigArn"])}

    def _is_ours(self, arn: str) -> bool:
        return self.sagemaker.tags_of(arn).get(STACK_TAG) == self.stack_name

    def _is_claimed_by_newer(self, arn: str) -> bool:
        claimant = self.sagemaker.tags_of(arn).get(REVISION_TAG, "")
        revision = Revision.parse(self.plan.endpoint_name, claimant)
        return revision is not None and revision.order > self.plan.wanted.order


def _models_of(configs: Iterable[Document]) -> list[str]:
    """Return the models of endpoint configs, each once."""
    return list(dict.fromkeys(name for config in configs for name in model_names(config)))
