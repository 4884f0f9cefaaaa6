"""The deployer broken on purpose: the scaling of revisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import register_scaling
import restore_endpoint
from deployer.aws.scaling import Scaling
from tests.machine.factories import REFUSES, config, variant
from tests.machine.mutations import breaks
from tests.machine.scaling_samples import POLICY, scaled
from tests.machine.scripted_scenarios import manual, scenario
from tests.machine.step_samples import OUT

if TYPE_CHECKING:
    import pytest

    from local.simulation.scenario import Scenario


def failed_under_scaling(seed: int) -> Scenario:
    """A scaled endpoint gets other instances, and the update fails its smoke test."""
    larger = config(variant(InstanceType="ml.m5.xlarge"))
    return scenario(
        seed,
        manual("first", 0.0, "a", **scaled(4, POLICY)),
        manual("second", 2000.0, "b", SmokeTest=REFUSES, **scaled(6), **larger),
    )


def stepped(seed: int) -> Scenario:
    """An endpoint has a step policy."""
    return scenario(seed, manual("first", 0.0, "a", **scaled(4, OUT)))


@breaks("registered_scaling_is_that_of_the_live_revision", seed=0, make=failed_under_scaling)
def register_nothing(patch: pytest.MonkeyPatch) -> None:
    """Registers no scaling."""
    patch.setattr(register_scaling, "scaled_variants", lambda *_: [])


@breaks("registered_scaling_is_that_of_the_live_revision", seed=0, make=failed_under_scaling)
def put_nothing_back(patch: pytest.MonkeyPatch) -> None:
    """Puts no scaling back after a failure."""
    patch.setattr(restore_endpoint, "put_back_scaling", lambda *_: True)


@breaks("registered_scaling_is_that_of_the_live_revision", seed=0, make=stepped)
def make_no_step_alarms(patch: pytest.MonkeyPatch) -> None:
    """Makes no alarms that start step policies."""
    patch.setattr(Scaling, "_equalize_alarms", lambda *_: [])
