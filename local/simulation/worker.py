"""One process of a campaign: it plays the stories of seeds, one after the other, and judges them."""

from __future__ import annotations

import atexit
import functools
import hashlib
import io
import time
import traceback
from contextlib import ExitStack, redirect_stdout
from typing import TYPE_CHECKING

from local.settings import ROOT
from local.simulation.generator import make_story
from local.simulation.judging import judge
from local.simulation.playing import play
from local.simulation.shrinking import shrink
from local.simulation.timeline import tell_briefly, tell_recording, tell_story
from local.simulation.totals import Broken, Totals
from local.virtual_time.machine import DEFINITION
from local.virtual_time.world import World, worlds

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.simulation.story import Story

ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "POWERTOOLS_TRACE_DISABLED": "true",
    "POWERTOOLS_METRICS_NAMESPACE": "EndpointDeployer",
    # The order of sets must not decide how a story goes.
    "PYTHONHASHSEED": "0",
}
"""What has to be set before the process of a worker starts."""

UNPLAYABLE = "every_story_can_be_played"

_WORLDS: list[Callable[..., World]] = []
_STACK = ExitStack()


@functools.cache
def code() -> str:
    """Identify what is tried: the functions, the state machine, and what they are tried with."""
    digest = hashlib.sha256()
    for folder in ("functions", "local/simulator", "local/virtual_time", "local/simulation"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    digest.update(DEFINITION.read_bytes())
    return digest.hexdigest()[:12]


def try_seed(seed: int) -> Totals:
    """Play and judge the story of a seed, in a world of this process."""
    if not _WORLDS:
        atexit.register(_STACK.close)
        _WORLDS.append(_STACK.enter_context(worlds()))
    with redirect_stdout(io.StringIO()):  # metrics go to standard output
        return try_story(make_story(seed), _WORLDS[0])


def try_story(story: Story, make_world: Callable[..., World]) -> Totals:
    """Play and judge a story; for each promise that it breaks, look for the smallest story that does."""
    began, totals = time.monotonic(), Totals(code(), story.seed, story.seed + 1)
    problems = _problems(story, make_world, totals)
    for promise in sorted(problems):
        totals.broken.append(_explained(story, promise, problems[promise], make_world))
    totals.seconds = time.monotonic() - began
    return totals


def _problems(story: Story, make_world: Callable[..., World], totals: Totals | None = None) -> dict[str, list[str]]:
    """Play a story, and return what is wrong by promise."""
    try:
        recording = play(story, make_world)
        violations, looks = judge(recording)
    except Exception:  # noqa: BLE001 - whatever ends a story early is to be seen, and is no reason to end the campaign
        return {UNPLAYABLE: [traceback.format_exc(limit=-8)]}
    if totals is not None:
        totals.count(recording)
        totals.looks.update(looks)
    problems: dict[str, list[str]] = {}
    for violation in violations:
        problems.setdefault(violation.promise, []).append(violation.problem)
    return problems


def _explained(story: Story, promise: str, problems: list[str], make_world: Callable[..., World]) -> Broken:
    smallest = shrink(story, lambda smaller: promise in _problems(smaller, make_world))
    timeline = ""
    if promise != UNPLAYABLE:
        timeline = tell_recording(play(smallest, make_world))
    return Broken(story.seed, promise, problems, tell_story(smallest), timeline, tell_briefly(smallest))
