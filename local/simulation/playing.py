"""A story is played: from its first step until everything has ended, and then somebody asks once more."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING
from unittest import mock

from local.simulation.recorder import Recorder
from local.simulation.recording import Recording
from local.simulation.requests import ALARM, SECRETS, last_request
from local.simulation.runs import Run
from local.simulation.stage import Stage
from local.simulation.story import Manual
from local.simulation.weather import Weather

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.simulation.story import Story
    from local.virtual_time.world import World

EPILOGUE = "epilogue"
"""The name of the last requests begins with it: whatever has happened, they have to be fulfilled."""

_AFTERWARDS = 3600.0
_STUCK = frozenset({"Failed", "OutOfService", "UpdateRollbackFailed"})


def play(story: Story, make_world: Callable[..., World]) -> Recording:
    """Play a story in a world of its own, and return what happened."""
    world = make_world(story.settings, story.seed)
    with mock.patch.dict(os.environ, story.environment), world.machine:
        world.make_alarm(ALARM)
        weather = Weather(world, story)
        recorder = Recorder(world, weather)
        stage = Stage(world, story, weather)
        began = world.clock.now()
        world.machine.run()
        world.clock.sleep(1.0)
        calmed = world.clock.now()
        _ask_once_more(world, story, stage)
        recorder.probe()
        return Recording(
            story=story,
            began=began,
            calmed=calmed,
            runs=[Run(execution, ask) for execution, ask in stage.asked],
            writes=recorder.writes,
            calls=recorder.calls,
            probes=recorder.probes,
            bus=list(world.bus),
            log=world.log.getvalue(),
            objects_written=weather.objects_written,
            struck=recorder.struck + weather.struck + _deeds(stage),
            denied=frozenset(weather.denied),
            secrets=SECRETS,
        )


def _deeds(stage: Stage) -> Counter[str]:
    return +Counter({f"by hand: {deed}": times for deed, times in stage.hands.done.items()})


def _ask_once_more(world: World, story: Story, stage: Stage) -> None:
    """Let a person delete what only a person can, and ask for a deployment of every endpoint."""
    world.clock.sleep(_AFTERWARDS)
    world.make_alarm(ALARM)
    for name, endpoint in world.simulator.resources()["Endpoints"].items():
        if endpoint["EndpointStatus"] in _STUCK:
            stage.hands.call("DeleteEndpoint", EndpointName=name)
    stage.hands.let_go_of_scaling()
    world.clock.sleep(_AFTERWARDS)
    world.simulator.resources()
    for endpoint_name in story.endpoints:
        request = last_request(endpoint_name)
        stage.act(Manual(name=f"{EPILOGUE}-{endpoint_name}", at=0.0, endpoint=endpoint_name, document=request))
    world.machine.run()
