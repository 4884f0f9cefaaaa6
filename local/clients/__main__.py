"""Lets each client create, ask, update and delete an endpoint. `python -m local.clients`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from local.environment import ACCOUNT_ID, REGION
from local.peers.peer import peer
from local.peers.server import ManualClock, serving
from local.simulator import Settings, Simulator

if TYPE_CHECKING:
    from local.peers.server import Server

CLIENTS = ("aws-cli", "mlflow", "sagemaker-2", "sagemaker-3")
"""The environments of the clients."""

_ENDPOINT = "Churn-Model"
_IMAGES = (f"{ACCOUNT_ID}.dkr.ecr.{REGION}.amazonaws.com/churn:{tag}" for tag in ("one", "two"))
_FIRST, _SECOND = _IMAGES
STEPS = (("create", _FIRST), ("invoke", _FIRST), ("update", _SECOND), ("invoke", _SECOND), ("delete", _SECOND))
"""The steps of each client in order, with their images."""


def problems_of(client: str, server: Server) -> tuple[str, list[str]]:
    """Let a client take all steps on a simulator of its own.

    Returns:
        The client's version, and what it reported or what was not there afterwards.
    """
    clock = ManualClock()
    simulator = Simulator(clock=clock, account_id=ACCOUNT_ID, region=REGION, settings=Settings())
    server.use(clock, simulator)
    problems = []
    with peer(client, server.url) as driven:
        for action, image in STEPS:
            error = driven.ask(action, _ENDPOINT, image)
            endpoints = simulator.resources()["Endpoints"]
            if error:
                problems.append(f"{action}: {error}")
            elif (_ENDPOINT in endpoints) is (action == "delete"):
                problems.append(
                    f"{action} was reported as done, and the endpoints are {', '.join(endpoints) or 'none'}"
                )
        return driven.version, problems


def main() -> int:
    """Try each client, print a table, and return 1 if one of them had a problem."""
    table, failed = Table("client", "problems"), False
    with serving() as server:
        for client in CLIENTS:
            version, problems = problems_of(client, server)
            failed = failed or bool(problems)
            table.add_row(version, "\n".join(problems) or "none")
    Console().print(table)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
