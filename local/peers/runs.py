"""Runs of a scenario: by a client in a process of its own, or by the deployer in virtual time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.peers.scenarios import BEFORE, BUCKET, DATA, DATA_KEY, ENDPOINT, WANTED, Account
from local.peers.server import ManualClock
from local.simulator import Settings, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.json_document import Document
    from local.peers.peer import Peer
    from local.peers.scenarios import Result, Scenario
    from local.peers.server import Server

OURS = "this project"


def run_peer(peer: Peer, server: Server, scenario: Scenario, seed: int) -> Result:
    """Let a client play a scenario, with a simulator of its own."""
    clock = ManualClock()
    account = Account(Simulator(clock=clock, seed=seed), clock)
    server.use(clock, account.simulator)
    if scenario.action == "update":
        account.serve_before()
    account.prepare(scenario)
    begun = clock.now()
    error = peer.ask(scenario.action, ENDPOINT, WANTED)
    return account.result(peer.version, error, clock.now() - begun)


def run_deployer(make_world: Callable[..., Any], scenario: Scenario, seed: int) -> Result:
    """Let the deployer play a scenario, with a world of its own."""
    world = make_world(Settings(), seed)
    world.s3.put_object(Bucket=BUCKET, Key=DATA_KEY, Body=b"model")
    account = Account(world.simulator, world.clock)
    if scenario.action == "update":
        world.run(_request(BEFORE))
        world.clock.sleep(3600)
    account.prepare(scenario)
    begun = world.clock.now()
    execution = world.run(_request(WANTED))
    outcome = world.bus[-1]
    error = "" if outcome["Outcome"] == "Deployed" else f"{outcome['Outcome']}: {execution.cause}"
    return account.result(OURS, error, world.clock.now() - begun)


def _request(image: str) -> Document:
    variant = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    return {
        "EndpointName": ENDPOINT,
        "Models": {"m": {"PrimaryContainer": {"Image": image, "ModelDataUrl": DATA}}},
        "EndpointConfig": {"ProductionVariants": [variant]},
    }
