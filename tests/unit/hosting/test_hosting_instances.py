"""What instances load: the bytes that lie under their model's URL at the moment at which they come up."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from local.simulator import Failure, Settings
from local.simulator.archive import pack_script
from tests.unit.hosting.account import (
    Account,
    Storage,
    canary,
    instances,
    model_servers,
    percent,
    rolling,
    variant,
)

URI = "s3://b/model.tar.gz"


def digest(content: bytes) -> str:
    """Return the digest that an instance reports of its data."""
    return hashlib.sha256(content).hexdigest()


def with_artifact(content: bytes = b"tested", settings: Settings | None = None, **changed: Any) -> Account:
    """Make an endpoint in service whose model `m` has data that echo."""
    storage = Storage({URI: content})
    account = Account(settings=settings or Settings(), options={"storage": storage, "runs_models": False})
    account.create_model("m", ModelDataUrl=URI)
    account.create_config("c", variant(**changed))
    account.create_endpoint()
    account.clock.sleep(account.settings.create_seconds)
    account.look()
    return account


def store(account: Account, content: bytes | None) -> None:
    """Overwrite or remove the artifact."""
    objects = account.options["storage"].objects
    if content is None:
        del objects[URI]
    else:
        objects[URI] = content


def loaded(account: Account) -> list[str]:
    """Return what the instances have loaded."""
    return account.simulator.loaded("e")["A"]


def scale(account: Account, count: int) -> None:
    """Bring the variant to a number of instances."""
    account.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="e", DesiredWeightsAndCapacities=[{"VariantName": "A", "DesiredInstanceCount": count}]
    )


def test_an_endpoint_answers_with_the_bytes_that_it_loaded() -> None:
    """The answer names the digest and the beginning of the data, and stays when the object is overwritten."""
    account = with_artifact(b"tested")

    store(account, b"overwritten")
    answer = account.invoke()

    assert (answer["Artifact"], answer["Content"]) == (digest(b"tested"), "tested")


def test_a_model_without_data_has_loaded_nothing() -> None:
    """Its digest is empty."""
    account = Account(options={"storage": Storage()})
    account.serve()

    assert account.invoke()["Artifact"] == ""
    assert loaded(account) == [""]


def test_scale_out_without_copies_loads_the_overwritten_data() -> None:
    """A new instance answers with other bytes than the ones before it, and invocations reach both."""
    account = with_artifact(b"tested")
    store(account, b"overwritten")

    scale(account, 3)

    assert loaded(account) == [digest(b"tested"), digest(b"overwritten"), digest(b"overwritten")]
    assert {account.invoke()["Content"] for _ in range(30)} == {"tested", "overwritten"}


def test_scale_in_ends_the_newest_instances() -> None:
    """The remaining instance answers."""
    account = with_artifact(b"tested")
    store(account, b"overwritten")
    scale(account, 2)

    scale(account, 1)

    assert loaded(account) == [digest(b"tested")]


def test_scale_out_without_data_keeps_the_old_count() -> None:
    """The endpoint is in service with the instances that it has, and says why there are no more."""
    account = with_artifact()
    store(account, None)

    scale(account, 3)

    described = account.describe()
    assert loaded(account) == [digest(b"tested")]
    assert described["EndpointStatus"] == "InService"
    assert described["FailureReason"].startswith('Failed to download model data for container "container_1"')


def test_missing_data_fail_an_endpoint_that_is_created() -> None:
    """They were there when the model was created, and are gone when its first instance comes up."""
    account = Account(options={"storage": Storage()})
    account.create_model("m", ModelDataUrl=URI)
    account.create_config()
    account.create_endpoint()

    account.clock.sleep(account.settings.create_seconds)

    described = account.describe()
    assert described["EndpointStatus"] == "Failed"
    assert f'from URL: "{URI}"' in described["FailureReason"]


def test_missing_data_roll_an_update_back() -> None:
    """The endpoint goes on serving what it served, from the instances that it has."""
    account = with_artifact()
    account.create_model("n", ModelDataUrl="s3://b/missing.tar.gz")
    account.update()

    account.stages()

    assert account.state == ("InService", "c")
    assert account.invoke()["Model"] == "m"


def test_a_blue_green_rollback_loads_nothing() -> None:
    """The old instances were there all the time."""
    failing = Settings(failures=(Failure("d", "Baking", "errors"),))
    account = with_artifact(b"tested", failing)
    store(account, b"overwritten")
    account.create_model("n")
    account.update(canary())

    account.stages()

    assert account.state == ("InService", "c")
    assert loaded(account) == [digest(b"tested")]


@pytest.mark.parametrize("content", [b"overwritten", None])
def test_a_rolling_rollback_loads_again(content: bytes | None) -> None:
    """Instances that had to go come up again with what lies there by now; without data the fleet stays mixed."""
    failing = Settings(failures=(Failure("d", "Baking", "errors", step=2),))
    account = with_artifact(b"tested", failing, InitialInstanceCount=4)
    account.create_model("n")
    store(account, content)
    account.update(rolling(instances(1)), variant(ModelName="n", InitialInstanceCount=4))

    account.stages()

    if content:
        assert account.state == ("InService", "c")
        assert loaded(account) == [digest(b"tested")] * 3 + [digest(b"overwritten")]
    else:
        assert account.state == ("UpdateRollbackFailed", "c")
        assert loaded(account) == [digest(b"tested")] * 3


def test_batches_of_an_update_load_when_they_come_up() -> None:
    """An artifact that is overwritten in the middle of a rolling update is served by the later batches."""
    account = with_artifact(b"tested", InitialInstanceCount=2)
    account.update(rolling(percent(50)), variant(InitialInstanceCount=2))
    account.clock.sleep(account.settings.update_seconds)
    account.look()

    store(account, b"overwritten")
    account.stages()

    assert account.state == ("InService", "d")
    assert loaded(account) == [digest(b"tested"), digest(b"overwritten")]


def test_a_system_update_loads_again() -> None:
    """SageMaker replaces the instances, and the new ones load what lies there."""
    account = with_artifact(b"tested")
    store(account, b"overwritten")

    account.simulator.set_status("e", "SystemUpdating")
    account.clock.sleep(account.settings.system_update_seconds)

    assert loaded(account) == [digest(b"overwritten")]


@pytest.mark.parametrize("content", [b"overwritten", None])
def test_replaced_instances_load_again(content: bytes | None) -> None:
    """After a failure of the hardware; without data the old ones stay, for want of others."""
    account = with_artifact(b"tested")
    store(account, content)

    failure = account.simulator.replace_instances("e")

    assert loaded(account) == [digest(content or b"tested")]
    assert bool(failure) is (content is None)


def test_a_prefix_is_loaded_whole() -> None:
    """The digest covers every object below the prefix, and its key."""
    storage = Storage({"s3://b/llm/a": b"1", "s3://b/llm/b": b"2", "s3://b/other": b"3"})
    account = Account(options={"storage": storage, "runs_models": False})
    source = {"S3Uri": "s3://b/llm/", "S3DataType": "S3Prefix", "CompressionType": "None"}
    account.serve()
    digests: list[str] = []

    for changed in ({}, {"s3://b/other": b"4"}, {"s3://b/llm/b": b"5"}):
        storage.objects |= changed
        name = f"m{len(digests)}"
        account.create_model(name, ModelDataSource={"S3DataSource": source})
        account.create_config(f"c{len(digests)}", variant(ModelName=name))
        account.sagemaker.update_endpoint(EndpointName="e", EndpointConfigName=f"c{len(digests)}")
        account.stages()
        digests.append(loaded(account)[0])

    assert digests[0] == digests[1] != digests[2]


def test_models_that_run_share_a_server_as_long_as_their_bytes_are_alike() -> None:
    """A scale-out with the same artifact starts no process; its end leaves none."""
    content = pack_script("def model_fn(d): return 0\ndef predict_fn(d, m): return [m]")
    account = Account(options={"storage": Storage({URI: content})})
    account.create_model("m", ModelDataUrl=URI)
    account.create_config()
    account.create_endpoint()
    account.clock.sleep(account.settings.create_seconds)
    scale(account, 2)

    servers = model_servers(account)
    answer = account.invoke()
    account.simulator.close()

    assert servers[0] is servers[1]
    assert answer == [0]
    assert servers[0]._process.poll() is not None
