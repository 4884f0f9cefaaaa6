"""Models and configs that a sweep deletes while a run finds them: the run creates them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deployer.aws.sagemaker import SageMaker
from deployer.errors import (
    EndpointConfigNotVisibleError,
    ModelNotVisibleError,
    SageMakerRejectedError,
)
from local.simulator import Fault, Settings

if TYPE_CHECKING:
    from deployer.json_document import Document
    from tests.unit.planning_account import PlanningAccount

DENIED = Fault("AddTags", "rejected", code="AccessDeniedException", message="not authorized")


def existing(account: PlanningAccount) -> tuple[Document, Document]:
    """Create the model and the config of a revision; return the requests that did it."""
    made = account.serve(is_deployed=False)
    account.sagemaker.delete_endpoint("churn")
    account.sleep(10)
    model = next(iter(made.model_requests(account.now)))
    return model, made.endpoint_config_request(account.now)


def sweep_after_reading_tags(
    account: PlanningAccount, monkeypatch: pytest.MonkeyPatch, operation: str, **parameters: str
) -> None:
    """Let a sweep delete a model or a config as soon as its tags have been read."""
    read = SageMaker.tags_of

    def read_and_sweep(service: SageMaker, arn: str) -> dict[str, str]:
        tags = read(service, arn)
        monkeypatch.setattr(SageMaker, "tags_of", read)
        account.simulator.call(operation, parameters)
        return tags

    monkeypatch.setattr(SageMaker, "tags_of", read_and_sweep)


@pytest.mark.parametrize("faults", [(), (DENIED,)], ids=["SageMaker refuses the tags", "IAM denies them"])
def test_model_that_is_deleted_while_it_is_found_is_created_by_the_next_try(
    account: PlanningAccount, monkeypatch: pytest.MonkeyPatch, faults: tuple[Fault, ...]
) -> None:
    model, _ = existing(account)
    account.simulator.settings = Settings(faults=faults)
    sweep_after_reading_tags(account, monkeypatch, "DeleteModel", ModelName=model["ModelName"])

    with pytest.raises(ModelNotVisibleError, match=r"It has been deleted meanwhile\.$"):
        account.sagemaker.create_model(model)
    account.sagemaker.create_model(model)

    assert account.sagemaker.find_model(model["ModelName"])


@pytest.mark.parametrize("faults", [(), (DENIED,)], ids=["SageMaker refuses the tags", "IAM denies them"])
def test_config_that_is_deleted_while_it_is_found_is_created_by_the_next_try(
    account: PlanningAccount, monkeypatch: pytest.MonkeyPatch, faults: tuple[Fault, ...]
) -> None:
    _, config = existing(account)
    name = config["EndpointConfigName"]
    account.simulator.settings = Settings(faults=faults)
    sweep_after_reading_tags(account, monkeypatch, "DeleteEndpointConfig", EndpointConfigName=name)

    with pytest.raises(EndpointConfigNotVisibleError, match=r"It has been deleted meanwhile\.$"):
        account.sagemaker.create_endpoint_config(config)
    account.sagemaker.create_endpoint_config(config)

    assert account.sagemaker.find_endpoint_config(name)


def test_refusal_to_tag_an_existing_resource_ends_the_run(account: PlanningAccount) -> None:
    model, _ = existing(account)
    account.simulator.settings = Settings(faults=(Fault("AddTags", "rejected", message="No such tag."),))

    with pytest.raises(SageMakerRejectedError, match=r": No such tag\.$"):
        account.sagemaker.create_model(model)
