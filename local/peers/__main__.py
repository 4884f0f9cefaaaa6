"""Compare the deployer with other clients of SageMaker, and write docs/comparison.md. `make peers` runs it."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markdown import Markdown

from local.environment import FUNCTIONS_ENVIRONMENT
from local.peers.peer import PROGRAMS, PeerMissingError, peer
from local.peers.report import key, tables, write
from local.peers.runs import OURS, run_deployer, run_peer
from local.peers.scenarios import CREATIONS, FAULTS, UPDATES
from local.peers.server import serving

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.peers.report import Results
    from local.peers.scenarios import Result, Scenario


def main() -> int:
    """Run everything; return 0 only if the deployer succeeds wherever it can, and reports nothing that is not true."""
    options, console = _options(), Console(highlight=False)
    found: dict[str, Results] = {OURS: _ours(options.seeds)}
    console.print(f"[green]✓[/] {OURS}")
    try:
        with serving() as server:
            for name in PROGRAMS:
                with peer(name, server.url) as client:
                    found[name] = _play(options.seeds, lambda scenario, seed: run_peer(client, server, scenario, seed))
                    console.print(f"[green]✓[/] {client.version}")
    except PeerMissingError as error:
        console.print(f"[bold red]There is nothing to compare with[/]: {error}")
        return 1
    console.print(Markdown(tables(found)))
    if options.write:
        write(found)
    return int(any(_is_wrong(scenario, found[OURS][key(scenario)]) for scenario in (*CREATIONS, *UPDATES, *FAULTS)))


def _ours(seeds: int) -> Results:
    os.environ.update(FUNCTIONS_ENVIRONMENT, POWERTOOLS_METRICS_DISABLED="true")
    from local.virtual_time.worlds import worlds  # noqa: PLC0415 - the functions read the environment when imported

    with worlds() as make_world:
        return _play(seeds, lambda scenario, seed: run_deployer(make_world, scenario, seed))


def _play(seeds: int, run: Callable[[Scenario, int], Result]) -> Results:
    scenarios = (*CREATIONS, *UPDATES, *FAULTS)
    return {key(scenario): [run(scenario, seed) for seed in range(seeds)] for scenario in scenarios}


def _is_wrong(scenario: Scenario, results: list[Result]) -> bool:
    """Return whether the deployer failed where it could succeed, or reported what is not true."""
    return any(result.is_misreported or (scenario.succeeds and not result.is_success) for result in results)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make peers", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="runs of each scenario (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="write docs/comparison.md and its plot")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
