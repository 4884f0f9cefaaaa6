"""Drives a world through the steps of a scenario, and starts the executions."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

from deployer.execution_history import waiting_task
from local.environment import ACCOUNT_ID, REGION
from local.json_document import Document
from local.simulation import scenario as steps
from local.simulation.environments import Deployment
from local.simulation.operator_actions import Operator
from local.simulation.records import Answered
from local.simulation.requests import ALARM, SHARED_OBJECTS
from local.simulation.runs import Run, SweepRun
from local.simulation.stages import (
    Promotion,
    StagedObject,
    change_first_bucket,
    create_first_bucket,
    forwarded_event,
)
from local.simulator.endpoint_events import STATE_CHANGE
from local.virtual_time import ExecutionDoesNotExistError, ExecutionNotRedrivableError
from local.virtual_time.world import BUCKET

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.simulation.fault_injector import FaultInjector
    from local.simulation.scenario import Scenario
    from local.virtual_time.execution import Execution
    from local.virtual_time.world import World

_ANSWER_TRIES, _ANSWER_SECONDS = 10, 120.0
"""How often, and how many seconds apart, a person looks whether an execution waits for approval."""


class Driver:
    """The steps of a scenario, in a world.

    Args:
        world: The world.
        scenario: The scenario.
        faults: Its faults, from which people's own calls are exempt.

    Attributes:
        deployment: The deployed stack.
        operator: The person who acts beside the deployer.
        runs: The executions that deploy, in the order in which they started.
        sweeps: The executions that sweep, in the same order.
        answers: What people answered to requests for approval.
    """

    def __init__(self, world: World, scenario: Scenario, faults: FaultInjector) -> None:
        self._world = world
        self.deployment = Deployment(scenario.environment)
        self.operator = Operator(world, faults)
        self.runs: list[Run] = []
        self.sweeps: list[SweepRun] = []
        self.answers: list[Answered] = []
        self._by_name: dict[str, Run] = {}
        self._actions: dict[type[steps.Step], Callable[[Any], None]] = {
            steps.Stop: self._stop,
            steps.Redrive: self._redrive,
            steps.Answer: self._answer,
            steps.Alarm: self._change_alarms,
            steps.OperatorStep: self.operator.act,
            steps.Sweep: self.sweep,
            steps.StackUpdate: lambda step: self.deployment.update(step.environment),
            steps.FalseEvent: self._put_false_event,
            StagedObject: functools.partial(change_first_bucket, world),
        }
        create_first_bucket(world, scenario)
        for key, content in SHARED_OBJECTS.items():
            world.s3.put_object(Bucket=BUCKET, Key=key, Body=content)
        began = world.clock.now()
        for step in scenario.steps:
            world.clock.spawn(functools.partial(self.act, step), name=step.name, at=began + step.at)

    def act(self, step: steps.Step) -> None:
        """Take a step."""
        if isinstance(step, steps.RequestStep):
            self._request(step)
        else:
            self._actions[type(step)](step)

    def sweep(self, step: steps.Sweep) -> None:
        """Start a sweep, unless one is running.

        In one process two would block each other: `functools.cached_property` holds a lock before Python 3.12.
        """
        if any(sweep.execution.status == "RUNNING" for sweep in self.sweeps):
            return
        given, settings = {"DryRun": True} if step.is_dry_run else {}, self.deployment.settings

        def start() -> None:
            self.sweeps.append(SweepRun(self._world.sweeper.start(given, name=step.name), settings))

        self.deployment.run_published(start, settings)

    def repairs(self) -> list[Run]:
        """Return the executions that sweeps have started, in the same order."""
        known = {run.arn for run in self.runs}
        started = [each for each in self._world.machine.executions if each.arn not in known]
        return [self._repair(execution) for execution in started]

    def _repair(self, execution: Execution) -> Run:
        document, began = json.loads(execution.record["input"]), execution.record["startDate"]
        sweep = next(each for each in reversed(self.sweeps) if each.execution.record["startDate"] <= began)
        options: Document = {"name": execution.record["name"], "endpoint": document["EndpointName"], "at": 0.0}
        return Run(execution, steps.Manual(**options, document=document, validity="depends"), sweep.environment)

    def _request(self, request: steps.RequestStep) -> None:
        document, now = self._input(request), self._world.clock.now()
        for copy, delay in enumerate(request.deliveries):
            deliver = functools.partial(self._start, request, document, f"{request.name}.{copy}")
            self._world.clock.spawn(deliver, name=request.name, at=now + delay)

    def _start(self, request: steps.RequestStep, document: Any, name: str) -> None:
        settings = self.deployment.settings

        def start() -> None:
            run = Run(self._world.machine.start(document, name=name), request, settings)
            self._by_name[name] = run
            self.runs.append(run)

        self.deployment.run_published(start, settings)

    def _input(self, request: steps.RequestStep) -> Any:
        """Return the input of a request's executions."""
        world = self._world
        match request:
            case steps.Upload():
                put = world.s3.put_object(Bucket=BUCKET, Key=request.key, Body=request.body.encode())
                return world.object_created(request.key, put["VersionId"], put["ETag"])
            case steps.Approval():
                arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT_ID}:model-package/{request.endpoint}/{request.version}"
                detail = {
                    "ModelPackageArn": arn,
                    "ModelPackageGroupName": request.endpoint,
                    "ModelPackageVersion": request.version,
                    "ModelPackageStatus": "Completed",
                    "ModelApprovalStatus": request.status,
                }
                return world.event("aws.sagemaker", "SageMaker Model Package State Change", detail, [arn])
            case steps.Event():
                return {**world.requested(request.detail), **request.altered}
            case steps.Manual():
                return request.document
            case Promotion():
                return forwarded_event(world, request)
        raise TypeError(type(request))

    def _change_alarms(self, step: steps.Alarm) -> None:
        if step.is_own:
            self.operator.done["own alarm"] += self._world.change_own_alarms(step.state)
        else:
            self._world.make_alarm(ALARM, step.state)

    def _stop(self, step: steps.Stop) -> None:
        run = self._by_name.get(step.execution)
        if run is not None:
            was_running = run.execution.status == "RUNNING"
            try:
                self._world.machine.stop(run.execution, error="Stopped", cause="by an operator")
            except ExecutionDoesNotExistError:
                return
            self.operator.done["stop"] += was_running

    def _answer(self, step: steps.Answer, tries: int = _ANSWER_TRIES) -> None:
        """Answer an execution by the token in its history, now or when it waits for approval."""
        run, now = self._by_name.get(step.execution), self._world.clock.now()
        task: Document = {}
        if run is not None:
            asked = {"executionArn": run.arn, "reverseOrder": True, "maxResults": 5}
            task = waiting_task(self._world.step_functions.call("GetExecutionHistory", asked)["events"])
        if task and "LookSeconds" not in task:
            answer = json.dumps({"Decision": step.decision, "By": "an operator", "Comment": step.name})
            self._world.step_functions.call("SendTaskSuccess", {"taskToken": task["TaskToken"], "output": answer})
            self.answers.append(Answered(now, step.execution, step.decision))
            self.operator.done[f"answer: {step.decision}"] += 1
        elif tries:
            again = functools.partial(self._answer, step, tries - 1)
            self._world.clock.spawn(again, name=step.name, at=now + _ANSWER_SECONDS)

    def _redrive(self, step: steps.Redrive) -> None:
        run = self._by_name.get(step.execution)
        if run is None:
            return

        def redrive() -> None:
            try:
                self._world.machine.redrive(run.execution)
            except ExecutionNotRedrivableError:
                return
            self.operator.done["redrive"] += 1

        self.deployment.run_published(redrive, run.environment)

    def _put_false_event(self, step: steps.FalseEvent) -> None:
        """Put an event that says of an endpoint that it is in service, whatever it is."""
        endpoint = self._world.simulator.resources()["Endpoints"].get(step.endpoint)
        if endpoint is not None:
            members = ("EndpointName", "EndpointArn", "EndpointConfigName")
            detail = {"EndpointStatus": "IN_SERVICE", **{member: endpoint[member] for member in members}}
            event = self._world.event("aws.sagemaker", STATE_CHANGE, detail, [endpoint["EndpointArn"]])
            self._world.rules.deliver(event)
