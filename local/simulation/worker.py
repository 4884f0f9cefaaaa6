"""One process of a campaign: it runs and checks the scenarios of seeds, one after the other."""

from __future__ import annotations

import atexit
import functools
import hashlib
import io
import time
import traceback
from contextlib import ExitStack, redirect_stdout
from typing import TYPE_CHECKING

from local.environment import FUNCTIONS_ENVIRONMENT, ROOT
from local.simulation.checker import check
from local.simulation.generator import make_scenario
from local.simulation.runner import run_scenario
from local.simulation.second_stage import make_second_stage
from local.simulation.shrinking import shrink
from local.simulation.timeline import describe_recording, describe_scenario, summarize_scenario
from local.simulation.totals import Totals, ViolatedInvariant
from local.virtual_time.worlds import worlds

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.simulation.recording import Recording
    from local.simulation.scenario import Scenario
    from local.virtual_time.world import World

ENVIRONMENT = {
    **FUNCTIONS_ENVIRONMENT,
    # The order of sets must not decide how a scenario goes.
    "PYTHONHASHSEED": "0",
}
"""Environment variables that have to be set before a worker starts."""

SCENARIOS_RUN_TO_THEIR_END = "scenarios_run_to_their_end"
"""The invariant that stands for a scenario that ends in an exception."""

_WORLDS: list[Callable[..., World]] = []
_STACK = ExitStack()


@functools.cache
def code() -> str:
    """Identify what is tested: the functions and the state machines, and what they are tested with."""
    digest = hashlib.sha256()
    folders = ("functions", "local/simulator", "local/states_language", "local/virtual_time", "local/simulation")
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    for path in sorted((ROOT / "statemachine").glob("*.asl.json")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def run_seed(seed: int) -> Totals:
    """Run and check the scenario of a seed, in a world of this process."""
    if not _WORLDS:
        atexit.register(_STACK.close)
        _WORLDS.append(_STACK.enter_context(worlds()))
    with redirect_stdout(io.StringIO()):  # metrics go to standard output
        return run_and_check(make_scenario(seed), _WORLDS[0])


def run_and_check(scenario: Scenario, make_world: Callable[..., World]) -> Totals:
    """Run and check the stages of a scenario; for each violated invariant, look for the smallest scenario that does."""
    began, totals = time.monotonic(), Totals(code(), scenario.seed, scenario.seed + 1)
    following: Scenario | None = scenario
    while following is not None:
        recording, problems = _run_and_check(following, make_world, totals)
        for invariant in sorted(problems):
            totals.violated.append(_explained(following, invariant, problems[invariant], make_world))
        following = make_second_stage(recording) if recording is not None else None
    totals.seconds = time.monotonic() - began
    return totals


def _run_and_check(
    scenario: Scenario, make_world: Callable[..., World], totals: Totals | None = None
) -> tuple[Recording | None, dict[str, list[str]]]:
    """Run one stage; return its recording, None if it came to no end, and the problems by invariant."""
    try:
        recording = run_scenario(scenario, make_world)
        violations, checks = check(recording)
    except Exception:  # noqa: BLE001 - whatever ends a scenario early is reported, and does not end the campaign
        return None, {SCENARIOS_RUN_TO_THEIR_END: [traceback.format_exc(limit=-8)]}
    if totals is not None:
        totals.count(recording)
        totals.checks.update(checks)
    problems: dict[str, list[str]] = {}
    for violation in violations:
        problems.setdefault(violation.invariant, []).append(violation.problem)
    return recording, problems


def _explained(
    scenario: Scenario, invariant: str, problems: list[str], make_world: Callable[..., World]
) -> ViolatedInvariant:
    smallest = shrink(scenario, lambda smaller: invariant in _run_and_check(smaller, make_world)[1])
    timeline = ""
    if invariant != SCENARIOS_RUN_TO_THEIR_END:
        timeline = describe_recording(run_scenario(smallest, make_world))
    summary = summarize_scenario(smallest)
    return ViolatedInvariant(scenario.seed, invariant, problems, describe_scenario(smallest), timeline, summary)
