"""SageMaker over HTTP for clients in other processes, as `make peers` uses it."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import boto3
import pytest
from botocore.config import Config

from local.environment import aws_environment
from local.peers.peer import PROGRAMS, PeerMissingError, peer
from local.peers.runs import run_peer
from local.peers.scenarios import CREATIONS, WANTED, Account
from local.peers.server import ManualClock, Server, serving
from local.simulator import Settings, Simulator

pytestmark = pytest.mark.local


@pytest.fixture
def server() -> Any:
    """A server with a new simulator."""
    with serving() as made:
        clock = ManualClock()
        made.use(clock, Simulator(clock=clock, settings=Settings()))
        yield made


def client(server: Server, service: str) -> Any:
    """Return a client of this environment."""
    make: Any = boto3.client  # the stubs know services by literal names only
    return make(
        service,
        endpoint_url=server.url,
        region_name=aws_environment(server.url)["AWS_REGION"],
        config=Config(retries={"total_max_attempts": 1}),
    )


def test_operations_are_answered_and_refused(server: Server) -> None:
    sagemaker = client(server, "sagemaker")
    account = Account(server.simulator, server.clock)

    account.make_config("c", WANTED)

    assert sagemaker.describe_endpoint_config(EndpointConfigName="c")["ProductionVariants"][0]["ModelName"] == "c"
    with pytest.raises(sagemaker.exceptions.ClientError, match="Could not find endpoint configuration"):
        sagemaker.describe_endpoint_config(EndpointConfigName="d")


def test_clock_moves_when_a_client_sleeps(server: Server) -> None:
    urllib.request.urlopen(f"{server.url}/clock", json.dumps(2.5).encode()).close()  # noqa: S310 - our own

    assert server.clock.passed == 2.5


def test_objects_are_taken(server: Server) -> None:
    s3 = client(server, "s3")

    s3.put_object(Bucket="artifacts", Key="model.tar.gz", Body=b"bytes")
    s3.delete_object(Bucket="artifacts", Key="model.tar.gz")


@pytest.mark.parametrize("name", PROGRAMS)
def test_client_creates_an_endpoint(server: Server, name: str) -> None:
    """If its environment has been made, by `make peers`."""
    try:
        with peer(name, server.url) as ready:
            result = run_peer(ready, server, CREATIONS[0], seed=1)
    except PeerMissingError as missing:
        pytest.skip(str(missing))

    assert result.is_success
    assert 180 < result.seconds < 240
