"""Makes worlds, one at a time, and connects the functions with the newest one."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any
from unittest import mock

import boto3
import moto.s3.urls
from moto import mock_aws
from moto.cloudwatch.models import cloudwatch_backends
from moto.ecr.models import ecr_backends
from moto.moto_api._internal import mock_random
from moto.s3.models import S3Backend, s3_backends

from deployer import runtime
from local.autoscaling.service import ScalingService
from local.json_document import Document
from local.simulator import Settings
from local.states_language.callbacks import Callbacks
from local.virtual_time.account import Account
from local.virtual_time.connections import SCALING, SERVICES, connect, connect_scaling, name_no_versions
from local.virtual_time.eventbridge_events import status_event
from local.virtual_time.machine import Machine
from local.virtual_time.rules import Rules
from local.virtual_time.step_functions_api import StepFunctions
from local.virtual_time.virtual_clock import VirtualClock
from local.virtual_time.world import BUCKET, ENVIRONMENT, SWEEPER, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from local.virtual_time.execution import Execution


def _empty_moto(seed: int) -> None:
    """Delete all that moto holds, and repeat its random numbers by a seed."""
    for backends in (s3_backends, cloudwatch_backends, ecr_backends):
        backends.reset()
    mock_random.seed(seed)


@dataclass
class _WorldMaker:
    """Makes worlds, of which the newest is in use.

    Attributes:
        made: The world in use; empty before the first.
        clients: The clients of S3, CloudWatch and Application Auto Scaling, without injected faults.
    """

    made: list[World]
    clients: tuple[Any, Any, Any]

    def make(self, settings: Settings | None = None, seed: int = 0) -> World:
        """Close the world in use, and make another one."""
        self.close()
        self.made.clear()
        _empty_moto(seed)
        s3, cloudwatch, autoscaling = self.clients
        clock, callbacks = VirtualClock(seed=seed), Callbacks(Random(f"{seed} tokens"))  # noqa: S311
        scaling = ScalingService(clock, self._endpoint)
        account = Account(s3, cloudwatch, scaling)
        simulator = account.make_sagemaker(clock, settings or Settings(), seed, self._deliver)
        options: Document = {"seed": seed, "callbacks": callbacks, "on_end": self._announce_end}
        machine, sweeper = Machine(clock, **options), Machine(clock, SWEEPER, **options)
        world = World(
            clock=clock,
            simulator=simulator,
            machine=machine,
            sweeper=sweeper,
            step_functions=StepFunctions(clock, [machine, sweeper], callbacks),
            rules=Rules(clock, machine.arn, self._arrivals),
            s3=s3,
            cloudwatch=cloudwatch,
            autoscaling=autoscaling,
            account=account,
            scaling=scaling,
        )
        self.made.append(world)
        s3.create_bucket(Bucket=BUCKET)
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        return world

    def close(self) -> None:
        """Close the world in use, if there is one."""
        for world in self.made:
            world.machine.close()

    def _endpoint(self, name: str) -> Document | None:
        return self.made[-1].simulator.resources()["Endpoints"].get(name)

    def _deliver(self, event: Document) -> None:
        self.made[-1].rules.deliver(event)

    def _arrivals(self, event: Document) -> Iterable[float]:
        return self.made[-1].arrivals(event)

    def _announce_end(self, execution: Execution) -> None:
        self._deliver(status_event(execution))


@contextmanager
def worlds() -> Iterator[Callable[..., World]]:
    """Yield a function that makes worlds from `Settings` of the simulator and a seed; the newest one is in use.

    moto is S3 and CloudWatch here, and starts empty with each world; SageMaker is the
    simulator. The functions' own clients are at work, down to the socket. A new world closes the one before it.
    """
    made: list[World] = []

    simulated_by_us = {"core": {"passthrough": {"services": ["sagemaker", "applicationautoscaling"]}}}
    with ExitStack() as stack:
        stack.enter_context(mock.patch.dict(os.environ, ENVIRONMENT))
        stack.enter_context(mock_aws(config=simulated_by_us))
        # moto loads this module again for each call otherwise.
        stack.enter_context(mock.patch.object(S3Backend, "_url_module", moto.s3.urls))
        for cached in (runtime.client, runtime.copy_client):
            stack.callback(cached.cache_clear)
            cached.cache_clear()
        client: Any = boto3.client  # the stubs know services by literal names only
        s3, cloudwatch, autoscaling = (client(service) for service in (*SERVICES, SCALING))
        for each in (s3, cloudwatch, autoscaling):
            name_no_versions(each)
        connect_scaling(autoscaling, made)
        connect(made, stack, s3)
        maker = _WorldMaker(made, (s3, cloudwatch, autoscaling))
        try:
            yield maker.make
        finally:
            maker.close()
