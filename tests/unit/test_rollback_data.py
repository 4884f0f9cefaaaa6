"""A rollback deploys the model data of its revision, or is rejected by the data's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployer.planning.keys import artifact_key
from deployer.planning.revision_store import StoredData
from tests.unit.planning_account import BUCKET, KEY
from tests.unit.planning_samples import draft
from tests.unit.request_samples import variant
from tests.unit.rollback_samples import rejection, resolve, rollback, serve

if TYPE_CHECKING:
    from deployer.planning.plan import Plan
    from tests.unit.planning_account import PlanningAccount


PATH = "Models.m.PrimaryContainer.ModelDataUrl"


def serve_with_data(account: PlanningAccount, data: StoredData) -> Plan:
    """Deploy a revision whose model names data, and another one after it."""
    base = draft("a").request
    container = {**base["Models"]["m"]["PrimaryContainer"], "ModelDataUrl": data.uri}
    models = {"m": {**base["Models"]["m"], "PrimaryContainer": container}}
    made = account.serve("a", Models=models, is_stored=False)
    account.store_request(made, data=[data])
    account.serve("b", 10)
    return made


def test_data_that_were_overwritten_since_are_rejected_by_name(account: PlanningAccount) -> None:
    upload = account.put()
    uri = f"s3://{BUCKET}/{KEY}"
    serve_with_data(account, StoredData(path=PATH, uri=uri, version=upload.version, size=5))
    newer = account.put()

    assert rejection(account, rollback()) == (
        f"Rollback: {PATH}: {uri} has been overwritten: it had the version {upload.version}, "
        f"and has {newer.version} now"
    )


def test_missing_data_are_rejected_by_name(account: PlanningAccount) -> None:
    uri = f"s3://{BUCKET}/{KEY}"
    serve_with_data(account, StoredData(path=PATH, uri=uri, version="v1", size=5))

    assert rejection(account, rollback()) == f"Rollback: {PATH}: {uri} is gone"


def test_missing_stored_copy_is_rejected_with_its_source(account: PlanningAccount) -> None:
    source = f"s3://{BUCKET}/{KEY}"
    uri = f"s3://{BUCKET}/{artifact_key('churn', source, 'v1')}"
    serve_with_data(account, StoredData(path=PATH, uri=uri, version="v1", size=5, copied_from=source))

    message = rejection(account, rollback())

    assert message == f"Rollback: {PATH}: {uri} is gone, which was copied from {source}"


def test_stored_copy_is_deployed_again_after_its_source_was_overwritten(account: PlanningAccount) -> None:
    source, key = f"s3://{BUCKET}/{KEY}", artifact_key("churn", f"s3://{BUCKET}/{KEY}", "v1")
    account.put(key, b"model")
    stored = StoredData(path=PATH, uri=f"s3://{BUCKET}/{key}", version="v1", size=5, copied_from=source)
    made = serve_with_data(account, stored)
    account.put(KEY, b"overwritten")

    found = resolve(account, rollback())

    assert (found.model_names, found.data) == (made.model_names, [stored])


def test_model_that_the_revision_expects_in_sagemaker_is_looked_up(account: PlanningAccount) -> None:
    account.sagemaker.create_model(
        {
            "ModelName": "theirs",
            "PrimaryContainer": {"Image": "registry/a:1"},
            "ExecutionRoleArn": "arn:aws:iam::111122223333:role/r",
        }
    )
    theirs = {"ProductionVariants": [variant(VariantName="AllTraffic", ModelName="theirs")]}
    account.serve("a", Models={}, EndpointConfig=theirs)
    account.serve("b", 10)
    assert resolve(account, rollback())

    account.sagemaker.delete_model("theirs")

    assert rejection(account, rollback()) == (
        "Rollback: EndpointConfig.ProductionVariants[0].ModelName: 'theirs' is neither a key of Models nor a model in "
        "SageMaker"
    )


def test_own_models_that_were_deleted_are_created_again(account: PlanningAccount) -> None:
    first, _ = serve(account, "a", "b")
    account.sagemaker.delete_model(first.model_names["m"])

    found = resolve(account, rollback())

    assert found.request["Models"].keys() == {"m"}
    assert found.model_names == first.model_names
