"""Where a story is played: its steps act on a world, and start the executions."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from local.settings import ACCOUNT_ID, REGION
from local.simulation import story as told
from local.simulation.hands import Hands
from local.simulation.requests import ALARM
from local.virtual_time import ExecutionDoesNotExistError, ExecutionNotRedrivableError
from local.virtual_time.world import BUCKET

if TYPE_CHECKING:
    from local.simulation.story import Story
    from local.simulation.weather import Weather
    from local.virtual_time import Execution
    from local.virtual_time.world import World


class Stage:
    """The steps of a story, as they act on a world.

    Args:
        world: The world.
        story: The story.
        weather: Its faults, from which people's own calls are spared.

    Attributes:
        hands: What people do beside the deployer.
        asked: The executions with the requests that started them, in that order.
    """

    def __init__(self, world: World, story: Story, weather: Weather) -> None:
        self._world = world
        self.hands = Hands(world, weather)
        self.asked: list[tuple[Execution, told.Ask]] = []
        self._executions: dict[str, Execution] = {}
        began = world.clock.now()
        for step in story.steps:
            world.clock.spawn(functools.partial(self.act, step), name=step.name, at=began + step.at)

    def act(self, step: told.Step) -> None:
        """Do what a step is."""
        match step:
            case told.Ask():
                self._ask(step)
            case told.Stop():
                self._stop(step)
            case told.Redrive():
                self._redrive(step)
            case told.Alarm():
                self._world.make_alarm(ALARM, step.state)
                self._world.simulator.resources()  # SageMaker looks at it, too
            case told.Beside():
                self.hands.do(step)

    def _ask(self, ask: told.Ask) -> None:
        world, document = self._world, self._input(ask)
        for copy, delay in enumerate(ask.deliveries):
            name = f"{ask.name}.{copy}"
            execution = world.machine.start(document, name=name, at=world.clock.now() + delay)
            self._executions[name] = execution
            self.asked.append((execution, ask))

    def _input(self, ask: told.Ask) -> Any:
        """Return what the executions of a request get as their input."""
        world = self._world
        match ask:
            case told.Upload():
                put = world.s3.put_object(Bucket=BUCKET, Key=ask.key, Body=ask.body.encode())
                return world.object_created(ask.key, put["VersionId"], put["ETag"])
            case told.Approval():
                arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT_ID}:model-package/{ask.endpoint}/{ask.version}"
                detail = {
                    "ModelPackageArn": arn,
                    "ModelPackageGroupName": ask.endpoint,
                    "ModelPackageVersion": ask.version,
                    "ModelApprovalStatus": ask.status,
                }
                return world.event("aws.sagemaker", "SageMaker Model Package State Change", detail, [arn])
            case told.Event():
                return {**world.requested(ask.detail), **ask.altered}
            case told.Manual():
                return ask.document
        raise TypeError(type(ask))

    def _stop(self, step: told.Stop) -> None:
        execution = self._executions.get(step.execution)
        if execution is not None:
            was_running = execution.status == "RUNNING"
            try:
                self._world.machine.stop(execution, error="Stopped", cause="by hand")
            except ExecutionDoesNotExistError:
                return
            self.hands.done["stop"] += was_running

    def _redrive(self, step: told.Redrive) -> None:
        execution = self._executions.get(step.execution)
        if execution is not None:
            try:
                self._world.machine.redrive(execution)
            except ExecutionNotRedrivableError:
                return
            self.hands.done["redrive"] += 1
